use semantic_inpaint_tensor::ops::{ColorChange, Cutout, ImageChange, Move};
use semantic_inpaint_tensor::{ImageShape, Rng};

use super::DiffAugment;

/// The largest move is an eighth of a side.
const TRANSLATION: usize = 8;
/// The square that is cut out has half of each side.
const CUTOUT: usize = 2;

/// A change of each image's own.
pub(super) fn draw(
    augmentation: DiffAugment,
    count: usize,
    shape: ImageShape,
    rng: &mut Rng,
) -> Vec<ImageChange> {
    let mut changes = vec![ImageChange::NONE; count];
    if augmentation.color {
        for change in &mut changes {
            change.color = color(rng);
        }
    }
    if augmentation.translation {
        for change in &mut changes {
            change.moved = moved(shape, rng);
        }
    }
    if augmentation.cutout {
        for change in &mut changes {
            change.cutout = cutout(shape, rng);
        }
    }
    changes
}

fn color(rng: &mut Rng) -> ColorChange {
    ColorChange {
        brightness: rng.next_unit() - 0.5,
        saturation: rng.next_unit() * 2.0,
        contrast: rng.next_unit() + 0.5,
    }
}

fn moved(shape: ImageShape, rng: &mut Rng) -> Move {
    let mut along = |side: usize| {
        let most = rounded_share(side, TRANSLATION);
        rng.next_index(2 * most + 1) as isize - most as isize
    };
    Move {
        rows: along(shape.height),
        cols: along(shape.width),
    }
}

fn cutout(shape: ImageShape, rng: &mut Rng) -> Cutout {
    // An even length has its center between two pixels, so there is one place more.
    let mut along = |side: usize| {
        let length = rounded_share(side, CUTOUT);
        let center = rng.next_index(side + 1 - length % 2);
        (center as isize - (length / 2) as isize, length)
    };
    let ((top, height), (left, width)) = (along(shape.height), along(shape.width));
    Cutout {
        top,
        left,
        height,
        width,
    }
}

fn rounded_share(side: usize, divisor: usize) -> usize {
    (side + divisor / 2) / divisor
}
