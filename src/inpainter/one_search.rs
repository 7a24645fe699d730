use semantic_inpaint_latent_search::{SearchResult, TracePoint};
use semantic_inpaint_tensor::Latent;

use crate::Result;

/// The part of a batch's search that belongs to one image.
pub(super) fn one_of(search: &SearchResult, index: usize) -> Result<SearchResult> {
    let latent = search.latent.tensor().narrow(0, index, 1);
    let latent = latent.map_err(semantic_inpaint_tensor::Error::from)?;
    let converged = search.converged[index];
    let iterations = converged.unwrap_or(search.iterations);
    let trace = search.trace.iter().map(|point| TracePoint {
        iteration: point.iteration,
        objective: vec![point.objective[index]],
    });
    let trace = trace.take_while(|point| point.iteration <= iterations);
    Ok(SearchResult {
        latent: Latent::new(latent)?,
        orientation: vec![search.orientation[index]],
        generated: search.generated.narrow(index, 1)?,
        context_loss: vec![search.context_loss[index]],
        prior_loss: vec![search.prior_loss[index]],
        objective: vec![search.objective[index]],
        evidence: search.evidence.get(index).copied().into_iter().collect(),
        restart: vec![search.restart[index]],
        trace: trace.collect(),
        iterations,
        converged: vec![converged],
        precision: search.precision,
        stopped: search.stopped && converged.is_none(),
    })
}
