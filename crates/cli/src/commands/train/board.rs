use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Result;
use semantic_inpaint::data::encode_png;
use semantic_inpaint::train::{PngPicture, RunDirectory, StepReport, TensorBoard};
use semantic_inpaint::{Photo, read_photo};

/// The event file of a run for TensorBoard, with the time of this computer.
pub(super) struct Board(TensorBoard);

impl Board {
    /// The run's file, to go on after a step; a new one begins with the real images.
    pub(super) fn open(run: &RunDirectory, step: u64) -> Result<Self> {
        let mut board = Self(TensorBoard::open(&run.tensorboard(), step, now())?);
        let real = run.samples().join("real.png");
        if step == 0 && real.is_file() {
            board.picture("real", 0, &read_photo(real)?)?;
        }
        Ok(board)
    }

    pub(super) fn report(&mut self, report: &StepReport, images_per_second: f64) -> Result<()> {
        self.0.report(report, now())?;
        let tag = "train/images_per_second";
        Ok(self.0.scalar(tag, images_per_second, report.step, now())?)
    }

    pub(super) fn scores(&mut self, step: u64, scores: &BTreeMap<String, f64>) -> Result<()> {
        for (name, &score) in scores {
            self.0
                .scalar(&format!("score/{name}"), score, step, now())?;
        }
        Ok(())
    }

    pub(super) fn picture(&mut self, tag: &str, step: u64, photo: &Photo) -> Result<()> {
        let picture = PngPicture {
            height: photo.height(),
            width: photo.width(),
            png: &encode_png(photo)?,
        };
        Ok(self.0.picture(tag, &picture, step, now())?)
    }
}

/// Seconds since 1970.
fn now() -> f64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0.0, |since| since.as_secs_f64())
}
