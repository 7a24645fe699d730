//! How the losses make the objective, on the host.

use crate::SearchConfig;
use crate::objective::Evaluation;

impl SearchConfig {
    /// The objective of a row with these losses at z.
    pub(crate) fn objective_of(&self, context: f32, prior: f32, z: &[f32]) -> f64 {
        let judged = f64::from(context) + self.prior_weight * f64::from(prior);
        if self.latent_weight == 0.0 {
            return judged;
        }
        let squares: f64 = z.iter().map(|&z| f64::from(z) * f64::from(z)).sum();
        judged + self.latent_scale(z.len()) * squares
    }

    /// Adds the latent loss to the gradient of rows at z, `[rows, Z]` row by row.
    pub(crate) fn add_latent_slope(&self, z: &[f32], evaluation: &mut Evaluation) {
        if self.latent_weight == 0.0 {
            return;
        }
        let latent_len = z.len() / evaluation.context.len();
        let slope = (2.0 * self.latent_scale(latent_len)) as f32;
        for (gradient, z) in evaluation.gradient.iter_mut().zip(z) {
            *gradient += slope * z;
        }
    }

    /// What the squared length of a latent of this length is multiplied by.
    pub(crate) fn latent_scale(&self, latent_len: usize) -> f64 {
        self.latent_weight / (2.0 * latent_len as f64)
    }
}
