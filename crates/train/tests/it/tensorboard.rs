use semantic_inpaint_train::{Observer, PngPicture, StepReport, TensorBoard, train};

use crate::{real, run_in, trainer};

struct Board(TensorBoard);

impl Observer for Board {
    fn stepped(&mut self, report: &StepReport) {
        self.0.report(report, 1.7e9 + report.step as f64).unwrap();
    }

    fn sampled(&mut self, step: u64, _samples: &semantic_inpaint_tensor::ImageBatch) {
        let picture = PngPicture {
            height: 1,
            width: 1,
            png: b"png",
        };
        self.0.picture("samples", &picture, step, 1.7e9).unwrap();
    }
}

#[test]
fn a_run_leaves_every_number_of_every_step_under_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let run = run_in(&folder);
    let mut board = Board(TensorBoard::open(&run.tensorboard(), 0, 1.7e9).unwrap());
    train(&mut trainer(), &real, &run, &mut board).unwrap();
    let mut files = std::fs::read_dir(run.tensorboard()).unwrap();
    let file = files.next().unwrap().unwrap();
    assert!(file.file_name().to_str().unwrap().contains("tfevents"));
    assert!(files.next().is_none());
    let bytes = std::fs::read(file.path()).unwrap();
    let count = |text: &str| {
        let windows = bytes.windows(text.len());
        windows.filter(|window| *window == text.as_bytes()).count()
    };
    for name in [
        "discriminator_loss",
        "generator_loss",
        "real_logit",
        "fake_logit",
    ] {
        assert_eq!(count(&format!("train/{name}")), 10, "{name}");
    }
    // Steps 0, 4, 8 and the last.
    assert_eq!(count("samples"), 4);
    assert_eq!(count("train/step"), 0);
}
