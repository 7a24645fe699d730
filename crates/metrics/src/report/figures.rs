use std::ops::Range;

use semantic_inpaint_data::Photo;
use semantic_inpaint_mask::MaskShape;

use super::strips::Strips;
use super::{Figure, bars, hole_size, search_course, speed};
use crate::evaluation::{CORRUPTED, TRUTH, file_stem, mask_stem};
use crate::{EvaluationReport, Result};

const IMAGES: &str = "The first images: the original, what the methods see, and each completion. \
    Crossed-out places failed.";
const HOLE_SIZE: &str = "Mean PSNR in the hole against the share of the pixels that is missing. Lines join \
    masks of one kind.";
const SPEED: &str = "Mean PSNR in the hole against seconds per image, both means over the masks. Methods \
    that lack a mask are left out.";
const SEARCH_COURSE: &str = "The lowest objective so far against the iteration: the mean over the images, in \
    a band from their tenth to their ninetieth percentile. Where a search computes in less than single \
    precision, so are all but the last tenth of its objectives.";

/// The report's own figures, in order.
pub(super) fn figures(report: &EvaluationReport) -> Result<Vec<Figure>> {
    let parts = [
        images(report)?,
        charts(report)?,
        courses(report)?,
        bars_of_masks(report)?,
    ];
    Ok(parts.into_iter().flatten().flatten().collect())
}

/// A figure, unless there is nothing to draw.
fn figure(title: String, caption: &str, stem: String, photo: Option<Photo>) -> Option<Figure> {
    let caption = caption.into();
    photo.map(|photo| Figure {
        title,
        caption,
        stem,
        photo,
    })
}

fn images(report: &EvaluationReport) -> Result<Vec<Option<Figure>>> {
    let mut figures = Vec::new();
    for &mask in &report.masks {
        figures.push(figure(
            format!("Images with {mask}"),
            IMAGES,
            format!("images-{}", mask_stem(mask)),
            images_with(report, mask).render()?,
        ));
    }
    if let Some(first) = report.pictures.first() {
        figures.push(figure(
            "One image with all masks".into(),
            "The first image, a row for each mask.",
            "masks".into(),
            masks_of(report, &first.image).render()?,
        ));
    }
    Ok(figures)
}

fn charts(report: &EvaluationReport) -> Result<Vec<Option<Figure>>> {
    Ok(vec![
        figure(
            "Quality and the size of the hole".into(),
            HOLE_SIZE,
            "hole-size".into(),
            hole_size::draw(report)?,
        ),
        figure(
            "Quality and time".into(),
            SPEED,
            "time".into(),
            speed::draw(report)?,
        ),
    ])
}

/// How the objective of each search fell.
fn courses(report: &EvaluationReport) -> Result<Vec<Option<Figure>>> {
    let searches = search_course::methods(report);
    let course = |&method: &&str| {
        let (title, stem) = match searches.as_slice() {
            [_] => ("Course of the search".into(), "search-course".into()),
            _ => (
                format!("Course of the search: {method}"),
                format!("search-course-{}", file_stem(method)),
            ),
        };
        let photo = search_course::draw(report, method)?;
        Ok(figure(title, SEARCH_COURSE, stem, photo))
    };
    searches.iter().map(course).collect()
}

fn bars_of_masks(report: &EvaluationReport) -> Result<Vec<Option<Figure>>> {
    let bars = |&mask: &MaskShape| {
        Ok(figure(
            format!("PSNR in the hole with {mask}"),
            "Means over images with 95 % intervals.",
            format!("bars-{}", mask_stem(mask)),
            bars::draw(report, mask)?,
        ))
    };
    report.masks.iter().map(bars).collect()
}

/// Figures 3 to 5 of `docs/paper-map.md`: a row for each image.
fn images_with(report: &EvaluationReport, mask: MaskShape) -> Strips<'_> {
    let mut images: Vec<&str> = Vec::new();
    for picture in report
        .pictures
        .iter()
        .filter(|picture| picture.mask == mask)
    {
        if picture.method == TRUTH {
            images.push(&picture.image);
        }
    }
    let row = |image: &&str| (String::new(), row(report, mask, image));
    Strips {
        columns: columns(report),
        rows: images.iter().map(row).collect(),
    }
}

/// Figure 6 of `docs/paper-map.md`: a row for each mask.
fn masks_of<'a>(report: &'a EvaluationReport, image: &str) -> Strips<'a> {
    let row = |mask: &MaskShape| (mask.to_string(), row(report, *mask, image));
    Strips {
        columns: columns(report),
        rows: report.masks.iter().map(row).collect(),
    }
}

fn columns(report: &EvaluationReport) -> Vec<&str> {
    ["original", CORRUPTED]
        .into_iter()
        .chain(report.labels())
        .collect()
}

fn row<'a>(report: &'a EvaluationReport, mask: MaskShape, image: &str) -> Vec<Option<&'a Photo>> {
    let of = |method: &str| {
        let is_it = |picture: &&crate::EvaluationPicture| {
            (
                picture.mask,
                picture.image.as_str(),
                picture.method.as_str(),
            ) == (mask, image, method)
        };
        report
            .pictures
            .iter()
            .find(is_it)
            .map(|picture| &picture.photo)
    };
    [TRUTH, CORRUPTED]
        .into_iter()
        .chain(report.labels())
        .map(of)
        .collect()
}

/// What holds these values, with some room.
pub(super) fn range(values: &[f64]) -> Range<f64> {
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let room = (0.08 * (high - low)).max(0.5);
    low - room..high + room
}
