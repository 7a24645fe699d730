mod confidence;
mod methods_and_failures;
mod parts_and_names;
mod rows;

use std::cell::{Cell, RefCell};
use std::path::PathBuf;
use std::result::Result;

use semantic_inpaint_data::{Framing, Photo};
use semantic_inpaint_mask::CorruptedImages;
use semantic_inpaint_tensor::{Device, ImageBatch};

use super::*;

const SIZE: usize = 16;

pub(crate) fn photo(seed: usize) -> Photo {
    let value = |index: usize| ((index + seed) * 37 % 251) as u8;
    let rgb = (0..3 * SIZE * SIZE).map(value).collect();
    Photo::from_rgb(SIZE, SIZE, rgb).unwrap()
}

pub(crate) fn images(count: usize) -> ImageSet {
    let name = |seed: usize| match seed {
        1 => "a, \"quoted\"\nname.png".into(),
        _ => format!("{seed:02}.png"),
    };
    let photos = (0..count).map(|seed| (name(seed), photo(seed))).collect();
    ImageSet::from_photos("drawn", Framing::CenterCrop, SIZE, photos).unwrap()
}

pub(crate) fn masks() -> Vec<MaskShape> {
    ["square:6", "blocks:2x2:9"]
        .map(|mask| mask.parse().unwrap())
        .into()
}

/// How a method misbehaves.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Behavior {
    Good,
    /// Fails on batches with the image whose first known value is this image's.
    FailsOn(usize),
    ChangesKnownPixelsOf(usize),
    ReturnsNan,
    ReturnsHalf,
    ReturnsNothing,
    FailsAlways,
    /// Tells a course whose values are the images' first ones, and fails on batches with this image.
    DescendsAndFailsOn(usize),
}

/// Fills holes with a constant.
pub(crate) struct Constant {
    pub(crate) name: &'static str,
    pub(crate) labels: Vec<&'static str>,
    pub(crate) value: f32,
    pub(crate) family: MethodFamily,
    pub(crate) behavior: Behavior,
    pub(crate) batch_len: usize,
    pub(crate) settings: &'static str,
    pub(crate) calls: RefCell<Vec<usize>>,
}

pub(crate) fn constant(name: &'static str, value: f32) -> Constant {
    Constant {
        name,
        labels: vec![name],
        value,
        family: MethodFamily::Classical,
        behavior: Behavior::Good,
        batch_len: 3,
        settings: "constant",
        calls: RefCell::default(),
    }
}

fn misbehaving(behavior: Behavior) -> Constant {
    Constant {
        behavior,
        ..constant("bad", 0.5)
    }
}

/// The first value, which all masks here leave known.
fn first_value(seed: usize) -> f32 {
    f32::from(photo(seed).rgb()[0]) / 127.5 - 1.0
}

impl Constant {
    fn images(&self, corrupted: &CorruptedImages) -> Result<ImageBatch, BoxedError> {
        let (shape, count) = (corrupted.images().shape(), corrupted.count());
        let fill = vec![self.value; count * shape.num_values()];
        let fill = ImageBatch::from_values(fill, shape, &Device::Cpu)?;
        let completed = corrupted.overlay(&fill)?;
        let mut values = completed.to_values()?;
        let firsts = (0..count).map(|place| place * shape.num_values());
        let is = |value: f32, seed: usize| (value - first_value(seed)).abs() < 1e-6;
        match self.behavior {
            Behavior::FailsOn(seed) | Behavior::DescendsAndFailsOn(seed)
                if firsts.clone().any(|at| is(values[at], seed)) =>
            {
                return Err("cannot fill\nthis | one".into());
            }
            Behavior::FailsAlways => return Err("broken".into()),
            Behavior::ChangesKnownPixelsOf(seed) => {
                for at in firsts {
                    if is(values[at], seed) {
                        values[at] = 0.123;
                    }
                }
            }
            Behavior::ReturnsNan => {
                let inside = shape.num_pixels() / 2 + SIZE / 2;
                values[inside] = f32::NAN;
            }
            Behavior::ReturnsHalf => values.truncate(values.len() / count),
            _ => {}
        }
        Ok(ImageBatch::from_values(values, shape, &Device::Cpu)?)
    }
}

impl EvaluatedMethod for Constant {
    fn name(&self) -> String {
        self.name.into()
    }

    fn settings(&self) -> String {
        format!("{} {}", self.settings, self.value)
    }

    fn family(&self) -> MethodFamily {
        self.family
    }

    fn batch_len(&self) -> usize {
        self.batch_len
    }

    fn complete(
        &self,
        corrupted: &CorruptedImages,
        observer: &mut dyn MethodObserver,
    ) -> Result<Vec<LabeledCompletion>, BoxedError> {
        self.calls.borrow_mut().push(corrupted.count());
        observer.progressed(0.5);
        if observer.wants_stop() {
            return Err("stopped".into());
        }
        if self.behavior == Behavior::ReturnsNothing {
            return Ok(Vec::new());
        }
        if let Behavior::DescendsAndFailsOn(_) = self.behavior {
            let values = corrupted.images().to_values()?;
            let images = values.chunks(values.len() / corrupted.count());
            let firsts: Vec<f64> = images.map(|image| f64::from(image[0])).collect();
            observer.descended(&[3.0, 1.0].map(|scale| CoursePoint {
                iteration: (10.0 / scale) as usize,
                objective: firsts.iter().map(|first| scale * (2.0 + first)).collect(),
            }));
        }
        let images = self.images(corrupted)?;
        let completion = |label: &&str| LabeledCompletion {
            label: (*label).into(),
            images: images.clone(),
            seconds: 0.25 * corrupted.count() as f64,
            confidence: Vec::new(),
        };
        Ok(self.labels.iter().map(completion).collect())
    }
}

#[derive(Default)]
struct Watch {
    announced: usize,
    started: Vec<String>,
    shares: Vec<f64>,
    failed: Vec<(String, String)>,
    /// Stops when it was asked so often.
    patience: Option<usize>,
    asked: Cell<usize>,
}

impl EvaluationObserver for Watch {
    fn begins(&mut self, num_images: usize) {
        self.announced = num_images;
    }

    fn starting(&mut self, method: &str, mask: MaskShape, images: Range<usize>, count: usize) {
        self.started
            .push(format!("{method} {mask} {images:?} of {count}"));
    }

    fn progressed(&mut self, share: f64) {
        self.shares.push(share);
    }

    fn failed(&mut self, method: &str, _mask: MaskShape, image: &str, reason: &str) {
        let image = image.to_owned();
        self.failed.push((image, format!("{method}: {reason}")));
    }

    fn wants_stop(&mut self) -> bool {
        self.asked.set(self.asked.get() + 1);
        self.patience
            .is_some_and(|patience| self.asked.get() > patience)
    }
}

fn run(
    methods: &[&dyn EvaluatedMethod],
    count: usize,
    folder: &Path,
    watch: &mut Watch,
) -> crate::Result<EvaluationReport> {
    let evaluation = Evaluation::new("Drawn images")
        .with_note("A note.")
        .with_num_pictures(2);
    evaluation.run(&masks(), methods, &images(count), 1, folder, watch)
}

fn run_fresh(methods: &[&dyn EvaluatedMethod], watch: &mut Watch) -> EvaluationReport {
    run(methods, 5, tempfile::tempdir().unwrap().path(), watch).unwrap()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(self::files(&path));
        } else {
            files.push(path);
        }
    }
    files.sort();
    files
}

fn assert_equal(one: &EvaluationReport, other: &EvaluationReport) {
    assert_eq!(one.rows, other.rows);
    assert_eq!(one.failures, other.failures);
    assert_eq!(one.methods, other.methods);
    assert_eq!(one.pictures, other.pictures);
    assert_eq!(one.courses, other.courses);
    assert_eq!(one.missing_shares, other.missing_shares);
    assert_eq!(one.settings, other.settings);
}
