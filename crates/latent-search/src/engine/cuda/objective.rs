use semantic_inpaint_nn::frozen::CudaWorkspace;
use semantic_inpaint_tensor::Tensor;
use semantic_inpaint_tensor::passes::MapShape;
use semantic_inpaint_tensor::passes::cuda::{
    ContextTerms, Distance, Judge, JudgeMemory, LatentStep, Launch, Logits, Memory, Moments,
    PriorTerm, Recording, Runtime, from_stored, image_gradient, stored, to_stored,
};

use super::{CudaNetworks, CudaPair, Spaces, Walk};
use crate::objective::{Evaluation, Objective};
use crate::{ContextDistance, Error, PriorLoss, Result};

/// The objective of a group of rows on a CUDA device, with their latents and what moves them.
///
/// An iteration is one graph: both networks forward, the losses, both networks backward, the move of
/// the latents. Nothing of it is read back unless it is asked for.
#[derive(Debug)]
pub(crate) struct CudaObjective {
    runtime: Runtime,
    /// The shared memory, but for the input.
    generator: CudaWorkspace,
    memory: RowMemory,
    rows: usize,
    latent_len: usize,
    /// Losses and gradient.
    evaluate: Recording,
    /// The same and the move that follows; nothing where the host moves the latents.
    advance: Option<Recording>,
    /// Updates made since the beginning of the search, where the device's rows are ahead of the host's.
    updates: Option<usize>,
}

/// What the objective is made of, and each row's walk and best.
#[derive(Debug)]
struct RowMemory {
    target: Memory,
    pixel_weights: Memory,
    scales: Memory,
    z: Memory,
    first: Memory,
    second: Memory,
    losses: Memory,
    best: Memory,
    best_losses: Memory,
    best_z: Memory,
    /// Updates, and whether an objective was not finite.
    state: Memory,
}

/// All rows of a group: latents and moments are `[rows, Z]`, row by row.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    pub(crate) z: Vec<f32>,
    pub(crate) first: Vec<f32>,
    pub(crate) second: Vec<f32>,
    pub(crate) best_z: Vec<f32>,
    /// The lowest objective of each row.
    pub(crate) best: Vec<f64>,
    /// Its context and prior loss, one after the other.
    pub(crate) best_losses: Vec<f32>,
}

impl RowMemory {
    fn new(
        runtime: &Runtime,
        objective: &Objective,
        image: MapShape,
        latent_len: usize,
    ) -> Result<Self> {
        let values = |tensor: &Tensor| -> Result<Vec<f32>> {
            let values = tensor.flatten_all().and_then(|tensor| tensor.to_vec1());
            Ok(values.map_err(semantic_inpaint_tensor::Error::from)?)
        };
        let rows = objective.rows();
        let target = values(&objective.target)?;
        let target = to_stored(&target, image.channels(), image.side() * image.side());
        let latents = || runtime.upload_floats(&vec![0.0; rows * stored(latent_len)]);
        Ok(Self {
            target: runtime.upload_floats(&target)?,
            pixel_weights: runtime.upload_floats(&values(&objective.weights)?)?,
            scales: runtime.upload_floats(&values(&objective.scales)?)?,
            z: latents()?,
            first: latents()?,
            second: latents()?,
            losses: runtime.allocate(rows * 8)?,
            best: runtime.upload(&f64::INFINITY.to_le_bytes().repeat(rows))?,
            best_losses: runtime.upload_floats(&vec![0.0; rows * 2])?,
            best_z: latents()?,
            state: runtime.upload(&[0; 8])?,
        })
    }
}

/// What the launches of an iteration are made from.
struct Plan<'a> {
    pair: &'a CudaPair,
    spaces: &'a Spaces,
    generator: &'a CudaWorkspace,
    memory: &'a RowMemory,
    objective: &'a Objective,
}

impl Plan<'_> {
    fn terms(&self) -> ContextTerms<'_> {
        ContextTerms {
            images: self.generator.output(),
            target: &self.memory.target,
            pixel_weights: &self.memory.pixel_weights,
            scales: &self.memory.scales,
            distance: match self.objective.distance {
                ContextDistance::Absolute => Distance::Absolute,
                ContextDistance::Squared => Distance::Squared,
            },
        }
    }

    fn prior(&self) -> PriorTerm<'_> {
        let Some(space) = &self.spaces.discriminator else {
            return PriorTerm::Absent;
        };
        let logits = Logits {
            values: space.output(),
            gradient: space.output_gradient(),
            weight: self.objective.prior_weight,
        };
        match self.objective.prior_loss {
            PriorLoss::LogOneMinusD => PriorTerm::LogOneMinusD(logits),
            PriorLoss::MinusLogD => PriorTerm::MinusLogD(logits),
        }
    }

    /// What the squared length of a latent is multiplied by.
    fn latent_scale(&self) -> f64 {
        let latent_len = self.pair.generator.input().channels();
        self.objective.latent_weight / (2.0 * latent_len as f64)
    }

    fn judge(&self) -> Result<Launch> {
        let judge = Judge {
            precision: self.spaces.precision,
            rows: self.objective.rows(),
            image: self.pair.generator.output(),
            latent_len: self.pair.generator.input().channels(),
            context: self.terms(),
            prior: self.prior(),
            latent_scale: self.latent_scale(),
            memory: JudgeMemory {
                z: &self.memory.z,
                losses: &self.memory.losses,
                best: &self.memory.best,
                best_losses: &self.memory.best_losses,
                best_z: &self.memory.best_z,
                state: &self.memory.state,
            },
        };
        Ok(judge.launch()?)
    }

    /// From latents to losses and the gradient with respect to the latents.
    fn evaluation(&self) -> Result<Vec<Launch>> {
        let (rows, spaces, mut launches) = (self.objective.rows(), self.spaces, Vec::new());
        let judged = self
            .pair
            .discriminator
            .as_ref()
            .zip(spaces.discriminator.as_ref());
        let generator = &self.pair.generator;
        generator.forward(rows, self.generator, &mut launches)?;
        if let Some((network, space)) = judged {
            network.forward(rows, space, &mut launches)?;
        }
        launches.push(self.judge()?);
        let terms = self.terms();
        match judged {
            Some((network, space)) => {
                network.backward(rows, space, Some(terms), &mut launches)?;
            }
            None => {
                let (image, precision) = (generator.output(), spaces.precision);
                let gradient = self.generator.output_gradient();
                launches.push(image_gradient(rows, image, precision, gradient, terms)?);
            }
        }
        generator.backward(rows, self.generator, None, &mut launches)?;
        Ok(launches)
    }

    fn step(&self, walk: &Walk) -> Result<Launch> {
        let step = LatentStep {
            precision: self.spaces.precision,
            rows: self.objective.rows(),
            latent_len: self.pair.generator.input().channels(),
            rule: walk.rule,
            constraint: walk.constraint,
            latent_slope: (2.0 * self.latent_scale()) as f32,
            gradient: self.generator.input_gradient(),
            z: &self.memory.z,
            moments: Moments {
                first: &self.memory.first,
                second: &self.memory.second,
            },
            input: self.generator.input(),
            rates: &walk.rates,
            updates: walk.updates,
            state: &self.memory.state,
        };
        Ok(step.launch()?)
    }
}

impl CudaObjective {
    /// The objective of these rows by networks of the memory's precision.
    pub(crate) fn new(
        networks: &CudaNetworks,
        spaces: &Spaces,
        objective: &Objective,
    ) -> Result<Self> {
        let runtime = &networks.runtime;
        let pair = networks.pair(spaces.precision);
        let latent_len = pair.generator.input().channels();
        let memory = RowMemory::new(runtime, objective, pair.generator.output(), latent_len)?;
        let generator = spaces.generator.with_own_input()?;
        let plan = Plan {
            pair,
            spaces,
            generator: &generator,
            memory: &memory,
            objective,
        };
        let mut launches = plan.evaluation()?;
        let evaluate = runtime.record(&launches)?;
        let advance = match &networks.walk {
            Some(walk) => {
                launches.push(plan.step(walk)?);
                Some(runtime.record(&launches)?)
            }
            None => None,
        };
        Ok(Self {
            runtime: runtime.clone(),
            generator,
            rows: objective.rows(),
            latent_len,
            memory,
            evaluate,
            advance,
            updates: None,
        })
    }

    /// Losses and gradient at `z`, `[rows, Z]` row by row. The rows' walks are forgotten.
    pub(crate) fn evaluate(&mut self, z: &[f32], evaluation: &mut Evaluation) -> Result<()> {
        self.updates = None;
        self.generator.set_input(z)?;
        self.evaluate.replay()?;
        let losses = self.runtime.read_floats(&self.memory.losses)?;
        let (losses, _) = losses.as_chunks::<2>();
        let pairs = evaluation.context.iter_mut().zip(&mut evaluation.prior);
        for ((context, prior), loss) in pairs.zip(losses) {
            [*context, *prior] = *loss;
        }
        evaluation.gradient = self.generator.read_input_gradient(self.rows)?;
        Ok(())
    }

    /// Launches of an iteration.
    #[cfg(test)]
    pub(crate) fn num_launches(&self) -> usize {
        let whole = self.advance.as_ref().unwrap_or(&self.evaluate);
        whole.num_launches()
    }

    /// Whether the device moves the latents.
    pub(crate) fn walks(&self) -> bool {
        self.advance.is_some()
    }

    /// Whether the device's rows are ahead of the host's.
    pub(crate) fn is_ahead(&self) -> bool {
        self.updates.is_some()
    }

    /// Updates that the device's rows have made.
    pub(crate) fn updates(&self) -> usize {
        self.updates.unwrap_or(0)
    }

    /// Takes the rows over from the host, after so many updates.
    pub(crate) fn load(&mut self, rows: &Rows, updates: usize) -> Result<()> {
        let (runtime, memory) = (&self.runtime, &self.memory);
        for (values, place) in [
            (&rows.z, &memory.z),
            (&rows.first, &memory.first),
            (&rows.second, &memory.second),
            (&rows.best_z, &memory.best_z),
        ] {
            runtime.write_floats(place, &to_stored(values, self.latent_len, 1))?;
        }
        let best: Vec<u8> = (rows.best.iter())
            .flat_map(|best| best.to_le_bytes())
            .collect();
        runtime.write(&memory.best, &best)?;
        runtime.write_floats(&memory.best_losses, &rows.best_losses)?;
        runtime.write(&memory.state, &(updates as u64).to_le_bytes())?;
        self.updates = Some(updates);
        Ok(self.generator.set_input(&rows.z)?)
    }

    /// Losses at the rows' latents, noting every new best, and the update that follows; no update where
    /// it is the `last`. Does not wait.
    pub(crate) fn advance(&mut self, last: Last) -> Result<()> {
        match (&self.advance, last) {
            (Some(advance), Last::No) => {
                advance.replay()?;
                self.updates = self.updates.map(|updates| updates + 1);
            }
            _ => self.evaluate.replay()?,
        }
        Ok(())
    }

    /// The lowest objective of each row so far.
    ///
    /// # Errors
    ///
    /// [`Error::NotFinite`] when an objective was not.
    pub(crate) fn best(&self, iteration: usize) -> Result<Vec<f64>> {
        let state = self.runtime.read(&self.memory.state)?;
        if state[4..8] != [0; 4] {
            return Err(Error::NotFinite { iteration });
        }
        let best = self.runtime.read(&self.memory.best)?;
        let (words, _) = best.as_chunks::<8>();
        Ok(words.iter().copied().map(f64::from_le_bytes).collect())
    }

    /// The rows as they are on the device.
    ///
    /// # Errors
    ///
    /// As [`CudaObjective::best`].
    pub(crate) fn fetch(&self, iteration: usize) -> Result<Rows> {
        let latents = |memory: &Memory| -> Result<Vec<f32>> {
            let values = self.runtime.read_floats(memory)?;
            Ok(from_stored(&values, self.latent_len, 1))
        };
        Ok(Rows {
            z: latents(&self.memory.z)?,
            first: latents(&self.memory.first)?,
            second: latents(&self.memory.second)?,
            best_z: latents(&self.memory.best_z)?,
            best: self.best(iteration)?,
            best_losses: self.runtime.read_floats(&self.memory.best_losses)?,
        })
    }
}

/// Whether an iteration is a search's last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Last {
    Yes,
    No,
}
