use std::path::PathBuf;
use std::str::FromStr;

use anyhow::{Result, bail};
use clap::Args;
use semantic_inpaint::{Hole, ImportanceWeights, Mask, Photo, Rng};
use serde::Serialize;

use crate::mask_choice::{MaskChoice, read_mask};
use crate::output;
use crate::status::Status;

/// Draw a mask, count its pixels, show its importance weights
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// square:SIZE, circle:DIAMETER, blocks:WxH:COUNT, half:left|right|top|bottom|random,
    /// pixels:FRACTION, pattern:FRACTION, strokes or file:PATH
    #[arg(value_name = "SPEC")]
    mask: MaskChoice,
    /// Height and width of a drawn mask in pixels: HxW, or one number for both [default: 64]
    #[arg(long, value_name = "HxW|N")]
    size: Option<Size>,
    /// Seed of shapes that are drawn at random
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Which color means the hole, in the file that is read and in the one that is written: white,
    /// black or alpha (transparent)
    #[arg(long, default_value_t)]
    hole: Hole,
    /// Write the mask as a picture
    #[arg(long, value_name = "FILE.png")]
    out: Option<PathBuf>,
    /// Write the importance weights as a gray picture: black 0, white the largest
    #[arg(long, value_name = "FILE.png")]
    weights: Option<PathBuf>,
    /// Side of the neighborhood of the importance weights in pixels, odd
    #[arg(long, default_value_t = 7, requires = "weights")]
    window: usize,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy)]
struct Size {
    height: usize,
    width: usize,
}

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (height, width) = text.split_once('x').unwrap_or((text, text));
        let side = |side: &str| match side.parse() {
            Ok(side @ 1..=32_768) => Ok(side),
            _ => Err("use HxW or N, each 1 to 32768 pixels, for example 64".to_owned()),
        };
        Ok(Self {
            height: side(height)?,
            width: side(width)?,
        })
    }
}

#[derive(Serialize)]
struct Report {
    mask: String,
    height: usize,
    width: usize,
    missing: usize,
    known: usize,
    missing_share: f64,
    out: Option<PathBuf>,
    weights: Option<WeightsReport>,
}

#[derive(Serialize)]
struct WeightsReport {
    file: PathBuf,
    window: usize,
    sum: f64,
    largest: f32,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Status> {
    let mask = mask(arguments)?;
    let weights = match &arguments.weights {
        Some(file) => Some(write_weights(&mask, arguments.window, file.clone())?),
        None => None,
    };
    if let Some(out) = &arguments.out {
        if let MaskChoice::File(input) = &arguments.mask {
            output::check_not_input(out, input)?;
        }
        picture(&mask, arguments.hole)?.save(out)?;
    }
    let (missing, all) = (mask.num_missing(0), mask.num_pixels());
    let report = Report {
        mask: arguments.mask.to_string(),
        height: mask.height(),
        width: mask.width(),
        missing,
        known: all - missing,
        missing_share: missing as f64 / all as f64,
        out: arguments.out.clone(),
        weights,
    };
    if arguments.json {
        output::json(&report)?;
    } else {
        print(&report)?;
    }
    Ok(Status::Done)
}

fn mask(arguments: &Arguments) -> Result<Mask> {
    match (&arguments.mask, arguments.size) {
        (MaskChoice::Shape(shape), size) => {
            let Size { height, width } = size.unwrap_or(Size {
                height: 64,
                width: 64,
            });
            Ok(shape.build(height, width, &mut Rng::from_seed(arguments.seed))?)
        }
        (MaskChoice::File(path), None) => {
            let (mask, hint) = read_mask(path, arguments.hole)?;
            if let Some(hint) = hint {
                output::warn(hint);
            }
            Ok(mask)
        }
        (MaskChoice::File(_), Some(_)) => bail!("a mask file has its own size: leave out --size"),
    }
}

fn picture(mask: &Mask, hole: Hole) -> Result<Photo> {
    let pixels = mask.to_rgba(0, hole);
    let rgb = pixels.iter().flat_map(|p| [p[0], p[1], p[2]]).collect();
    let photo = Photo::from_rgb(mask.height(), mask.width(), rgb)?;
    Ok(match hole {
        Hole::Alpha => photo.with_alpha(pixels.iter().map(|p| p[3]).collect())?,
        _ => photo,
    })
}

fn write_weights(mask: &Mask, window: usize, file: PathBuf) -> Result<WeightsReport> {
    let weights = ImportanceWeights::new(mask, window)?;
    let largest = weights.values().iter().copied().fold(0.0, f32::max);
    let level = |&weight: &f32| (255.0 * weight / largest.max(f32::MIN_POSITIVE)).round() as u8;
    let rgb = weights.values().iter().flat_map(|w| [level(w); 3]);
    Photo::from_rgb(mask.height(), mask.width(), rgb.collect())?.save(&file)?;
    Ok(WeightsReport {
        file,
        window,
        sum: weights.sum(0),
        largest,
    })
}

fn print(report: &Report) -> Result<()> {
    let Report {
        mask,
        height,
        width,
        missing,
        known,
        missing_share,
        ..
    } = report;
    output::line(format_args!(
        "{mask} at {height}x{width}: {missing} pixels missing ({:.1} %), {known} known",
        100.0 * missing_share
    ))?;
    if let Some(weights) = &report.weights {
        output::line(format_args!(
            "importance weights, window {}: sum {:.3}, largest {:.4}; wrote {}",
            weights.window,
            weights.sum,
            weights.largest,
            weights.file.display()
        ))?;
    }
    match &report.out {
        Some(out) => output::line(format_args!("wrote {}", out.display())),
        None => Ok(()),
    }
}
