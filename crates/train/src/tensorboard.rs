mod message;
mod record;

use std::fs::{File, OpenOptions};
use std::io::{BufReader, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use crate::error::io;
use crate::history::numbers_in;
use crate::{Result, StepReport};
use message::{Event, Image, Summary, Value};

/// TensorBoard recognizes the files of a run by this part of the name.
const FILE_NAME: &str = "events.out.tfevents.0.semantic-inpaint";

/// A picture for TensorBoard.
#[derive(Debug, Clone, Copy)]
pub struct PngPicture<'a> {
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
    /// The bytes of its PNG file, of RGB pixels.
    pub png: &'a [u8],
}

/// The event file of a run for TensorBoard: scalars and pictures over the steps.
///
/// **Format**: a sequence of TFRecords (length, its masked CRC-32C, data, its masked CRC-32C), each a
/// protocol buffer `Event`. Like the event log, a run has one file: what a resumed run makes again is
/// dropped when it is opened. Times are arguments, in seconds since 1970, as libraries read no clock.
///
/// ```
/// use semantic_inpaint_train::TensorBoard;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let folder = tempfile::tempdir()?;
/// let mut board = TensorBoard::open(folder.path(), 0, 1.7e9)?;
/// board.scalar("score/sliced_wasserstein", 31.5, 500, 1.7e9 + 60.0)?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct TensorBoard {
    path: PathBuf,
    file: File,
}

impl TensorBoard {
    /// The file in `folder`, which is made where it is missing, to go on after `step`. Records of later
    /// steps are dropped, and so is all from the first damaged record on.
    ///
    /// # Errors
    ///
    /// [`Error::Io`](crate::Error::Io) naming the file.
    pub fn open(folder: &Path, step: u64, unix_seconds: f64) -> Result<Self> {
        std::fs::create_dir_all(folder).map_err(io(folder))?;
        let path = folder.join(FILE_NAME);
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(&path)
            .map_err(io(&path))?;
        let kept = len_up_to(&file, step).map_err(io(&path))?;
        file.set_len(kept).map_err(io(&path))?;
        let mut board = Self { path, file };
        board.file.seek(SeekFrom::End(0)).map_err(io(&board.path))?;
        if kept == 0 {
            board.write(&Event {
                wall_time: unix_seconds,
                file_version: Some("brain.Event:2".into()),
                ..Event::default()
            })?;
        }
        Ok(board)
    }

    /// Writes one number, named `group/name`.
    ///
    /// # Errors
    ///
    /// [`Error::Io`](crate::Error::Io) naming the file.
    pub fn scalar(&mut self, tag: &str, value: f64, step: u64, unix_seconds: f64) -> Result<()> {
        self.summary(vec![scalar(tag.into(), value)], step, unix_seconds)
    }

    /// Writes the numbers of a step's report, as `train/NAME`.
    ///
    /// # Errors
    ///
    /// [`Error::Io`](crate::Error::Io) naming the file.
    pub fn report(&mut self, report: &StepReport, unix_seconds: f64) -> Result<()> {
        let object = serde_json::to_value(report).unwrap_or_default();
        let numbers = object.as_object().into_iter().flat_map(numbers_in);
        let values = numbers.map(|(name, value)| scalar(format!("train/{name}"), value));
        self.summary(values.collect(), report.step, unix_seconds)
    }

    /// Writes a picture, such as a grid of samples.
    ///
    /// # Errors
    ///
    /// [`Error::Io`](crate::Error::Io) naming the file.
    pub fn picture(
        &mut self,
        tag: &str,
        picture: &PngPicture<'_>,
        step: u64,
        unix_seconds: f64,
    ) -> Result<()> {
        let side = |side: usize| i32::try_from(side).unwrap_or(i32::MAX);
        let value = Value {
            tag: tag.into(),
            image: Some(Image {
                height: side(picture.height),
                width: side(picture.width),
                colorspace: message::RGB,
                encoded_image_string: picture.png.to_vec(),
            }),
            ..Value::default()
        };
        self.summary(vec![value], step, unix_seconds)
    }

    fn summary(&mut self, values: Vec<Value>, step: u64, unix_seconds: f64) -> Result<()> {
        self.write(&Event {
            wall_time: unix_seconds,
            step: i64::try_from(step).unwrap_or(i64::MAX),
            summary: Some(Summary { value: values }),
            ..Event::default()
        })
    }

    fn write(&mut self, event: &Event) -> Result<()> {
        let data = prost::Message::encode_to_vec(event);
        // In one piece, so that a reader or a crash rarely sees half a record.
        let written = self.file.write_all(&record::framed(&data));
        written.map_err(io(&self.path))
    }
}

fn scalar(tag: String, value: f64) -> Value {
    Value {
        tag,
        simple_value: Some(value as f32),
        ..Value::default()
    }
}

/// The length of the leading records that are whole and of no later step.
fn len_up_to(file: &File, step: u64) -> std::io::Result<u64> {
    let len = file.metadata()?.len();
    let mut reader = BufReader::new(file);
    reader.seek(SeekFrom::Start(0))?;
    let mut kept = 0;
    while let Some(data) = record::read(&mut reader, len - kept)? {
        let event = <Event as prost::Message>::decode(data.as_slice());
        let of_run = event.is_ok_and(|event| u64::try_from(event.step).is_ok_and(|of| of <= step));
        if !of_run {
            break;
        }
        kept += record::len_framed(data.len());
    }
    Ok(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: f64 = 1.7e9;

    /// Writes a number at each step.
    fn write_steps(folder: &Path, after: u64, steps: std::ops::RangeInclusive<u64>) {
        let mut board = TensorBoard::open(folder, after, START).unwrap();
        for step in steps {
            let time = START + step as f64;
            board.scalar("train/loss", 0.5, step, time).unwrap();
        }
    }

    fn bytes(folder: &Path) -> Vec<u8> {
        std::fs::read(folder.join(FILE_NAME)).unwrap()
    }

    fn events(folder: &Path) -> Vec<Event> {
        let bytes = bytes(folder);
        let (mut rest, mut events) = (bytes.as_slice(), Vec::new());
        let len = bytes.len() as u64;
        while let Some(data) = record::read(&mut rest, len).unwrap() {
            events.push(<Event as prost::Message>::decode(data.as_slice()).unwrap());
        }
        assert!(rest.is_empty());
        events
    }

    #[test]
    fn the_file_has_the_bytes_of_tensorboard_itself() {
        let folder = tempfile::tempdir().unwrap();
        let mut board = TensorBoard::open(folder.path(), 0, START).unwrap();
        let png: Vec<u8> = (0..200).collect();
        let picture = PngPicture {
            height: 2,
            width: 3,
            png: &png,
        };
        board.picture("samples", &picture, 0, START + 0.5).unwrap();
        let numbers = [
            ("train/discriminator_loss", 1.25),
            ("train/fake_logit", -2.0),
            ("train/generator_loss", 0.1),
            ("train/real_logit", 0.0),
        ];
        let values = numbers.map(|(tag, value)| scalar(tag.into(), value));
        board.summary(values.into(), 500, START + 60.0).unwrap();
        let tag = "score/sliced_wasserstein";
        board.scalar(tag, 31.5, 500, START + 61.0).unwrap();
        // Written by scripts/golden/event_file.py with TensorBoard's Python package.
        let golden = include_bytes!("../tests/golden/event_file.tfevents");
        assert_eq!(bytes(folder.path()), golden);
    }

    #[test]
    fn a_run_that_goes_on_leaves_the_file_of_one_that_was_not_stopped() {
        let (whole, parts) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        write_steps(whole.path(), 0, 1..=6);
        write_steps(parts.path(), 0, 1..=5);
        write_steps(parts.path(), 3, 4..=6);
        assert_eq!(bytes(parts.path()), bytes(whole.path()));
    }

    #[test]
    fn what_a_crash_cut_off_or_damaged_is_dropped() {
        let (whole, cut) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        write_steps(whole.path(), 0, 1..=3);
        let whole = bytes(whole.path());
        for damaged in [
            whole[..whole.len() - 5].to_vec(),
            [&whole[..], &[9; 7]].concat(),
            [&whole[..], &u64::MAX.to_le_bytes(), &[0; 40]].concat(),
            Vec::new(),
            b"no record".to_vec(),
        ] {
            std::fs::write(cut.path().join(FILE_NAME), damaged).unwrap();
            let kept = events_after_opening(cut.path());
            write_steps(cut.path(), 3, kept..=3);
            assert_eq!(bytes(cut.path()), whole);
        }
    }

    /// The first step that is missing.
    fn events_after_opening(folder: &Path) -> u64 {
        drop(TensorBoard::open(folder, 3, START).unwrap());
        events(folder).len() as u64
    }

    #[test]
    fn a_place_that_cannot_be_written_is_named() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("file"), "x").unwrap();
        let error = TensorBoard::open(&folder.path().join("file"), 0, START).unwrap_err();
        assert!(error.to_string().contains("file"), "{error}");
    }
}
