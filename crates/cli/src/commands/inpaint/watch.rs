use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;
use indicatif::ProgressBar;
use semantic_inpaint::data::{Animation, ContactSheet, batch_to_photos};
use semantic_inpaint::{
    CorruptedImages, Crop, Device, ImageBatch, Mask, Photo, PhotoFrame, SearchObserver,
    SearchProgress, enlarged,
};

use crate::interrupt;
use crate::progress::{self, Display};

/// Frames of an animation, about.
const NUM_FRAMES: usize = 60;
/// Least side of a picture in an animation.
const FRAME_PX: usize = 192;

/// Shows a search's progress, keeps the frames of its animation and passes on Ctrl-C.
pub(super) struct Watch {
    bar: ProgressBar,
    started: Instant,
    elapsed: Duration,
    trajectory: Option<Trajectory>,
    /// When the search has taken the time that it may take.
    deadline: Option<Instant>,
    stop: Option<Stop>,
}

/// Why a search was stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    Interrupt,
    Budget,
}

impl Watch {
    pub(super) fn new(iterations: usize, trajectory: Option<Trajectory>, display: Display) -> Self {
        Self {
            bar: progress::bar("searching", iterations as u64, display),
            started: Instant::now(),
            elapsed: Duration::ZERO,
            trajectory,
            deadline: None,
            stop: None,
        }
    }

    /// The same for a search that may take so much time, from now on.
    pub(super) fn with_budget(self, budget: Option<Duration>) -> Self {
        // A time beyond all clocks is none.
        let deadline = budget.and_then(|budget| self.started.checked_add(budget));
        Self { deadline, ..self }
    }

    /// Why the search was stopped, if it was.
    pub(super) fn stop(&self) -> Option<Stop> {
        self.stop
    }

    /// Whether there is no terminal to draw the bar on.
    pub(super) fn is_hidden(&self) -> bool {
        self.bar.is_hidden()
    }

    /// Seconds from the beginning to the last iteration.
    pub(super) fn seconds(&self) -> f64 {
        self.elapsed.as_secs_f64()
    }

    /// Removes the bar; the animation, if one was asked for.
    pub(super) fn finish(self) -> Option<Trajectory> {
        self.bar.finish_and_clear();
        self.trajectory
    }
}

impl SearchObserver for Watch {
    fn iterated(&mut self, progress: &SearchProgress) {
        self.elapsed = self.started.elapsed();
        self.bar.set_length(progress.iterations as u64);
        self.bar.set_position(progress.iteration as u64);
        self.bar
            .set_message(format!("objective {:.4}", progress.mean_objective));
    }

    fn wants_frame(&mut self, iteration: usize) -> bool {
        let trajectory = self.trajectory.as_ref();
        trajectory.is_some_and(|trajectory| iteration.is_multiple_of(trajectory.every))
    }

    fn frame(&mut self, _iteration: usize, generated: &ImageBatch) {
        if let Some(trajectory) = &mut self.trajectory {
            trajectory.add(generated);
        }
    }

    fn wants_stop(&mut self) -> bool {
        let is_late = self.deadline.is_some_and(|end| Instant::now() >= end);
        if interrupt::requested() {
            self.stop = Some(Stop::Interrupt);
        } else if is_late {
            self.stop = Some(Stop::Budget);
        }
        self.stop.is_some()
    }
}

/// The frames of a search: the generated image beside the corrupted one filled with it.
pub(super) struct Trajectory {
    corrupted: CorruptedImages,
    frames: Vec<Photo>,
    every: usize,
    /// The first frame that could not be drawn.
    fault: Option<anyhow::Error>,
}

impl Trajectory {
    pub(super) fn new(
        photo: &Photo,
        mask: &Mask,
        size_px: usize,
        crop: Crop,
        iterations: usize,
    ) -> Result<Self> {
        let frame = PhotoFrame::new(mask, size_px, crop)?;
        Ok(Self {
            corrupted: frame.corrupted(photo, &Device::Cpu)?,
            frames: Vec::new(),
            every: iterations.div_ceil(NUM_FRAMES).max(1),
            fault: None,
        })
    }

    fn add(&mut self, generated: &ImageBatch) {
        if let Err(error) = self.try_add(generated) {
            self.fault.get_or_insert(error);
        }
    }

    fn try_add(&mut self, generated: &ImageBatch) -> Result<()> {
        let on_host =
            ImageBatch::from_values(generated.to_values()?, generated.shape(), &Device::Cpu)?;
        let filled = batch_to_photos(&self.corrupted.overlay(&on_host)?)?;
        match filled.first() {
            Some(filled) => self.push(generated, filled),
            None => Ok(()),
        }
    }

    /// Adds a frame of a generated image and what was made of it.
    pub(super) fn push(&mut self, generated: &ImageBatch, completed: &Photo) -> Result<()> {
        let mut pair = batch_to_photos(generated)?;
        pair.truncate(1);
        pair.push(completed.clone());
        let factor = FRAME_PX.div_ceil(completed.height().max(1));
        let sheet = ContactSheet {
            num_columns: 2,
            gap_px: 1,
            ..ContactSheet::default()
        };
        self.frames.push(enlarged(&sheet.render(&pair)?, factor)?);
        Ok(())
    }

    /// Writes the animation.
    pub(super) fn save(self, file: &Path) -> Result<()> {
        match self.fault {
            Some(fault) => Err(fault),
            None => Ok(Animation::default().save(&self.frames, file)?),
        }
    }
}
