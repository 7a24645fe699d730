use semantic_inpaint_tensor::{ImageShape, Rng};

use super::DiffAugment;

/// The largest move is an eighth of a side.
const TRANSLATION: usize = 8;
/// The square that is cut out has half of each side.
const CUTOUT: usize = 2;

/// The random numbers of one batch, one of each for every image; a part that is off is empty.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Draw {
    pub(super) colors: Vec<Color>,
    pub(super) moves: Vec<Move>,
    pub(super) holes: Vec<Hole>,
}

/// A change of one image's colors.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Color {
    pub(super) brightness: f64,
    pub(super) saturation: f64,
    pub(super) contrast: f64,
}

/// A move of one image, down and to the right where positive, in pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Move {
    pub(super) rows: isize,
    pub(super) cols: isize,
}

/// A rectangle of one image, which may reach beyond it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Hole {
    pub(super) top: isize,
    pub(super) left: isize,
    pub(super) height: isize,
    pub(super) width: isize,
}

impl Draw {
    pub(super) fn new(
        augmentation: DiffAugment,
        count: usize,
        shape: ImageShape,
        rng: &mut Rng,
    ) -> Self {
        let mut draw = Self::default();
        if augmentation.color {
            draw.colors = (0..count).map(|_| Color::draw(rng)).collect();
        }
        if augmentation.translation {
            draw.moves = (0..count).map(|_| Move::draw(shape, rng)).collect();
        }
        if augmentation.cutout {
            draw.holes = (0..count).map(|_| Hole::draw(shape, rng)).collect();
        }
        draw
    }
}

impl Color {
    fn draw(rng: &mut Rng) -> Self {
        Self {
            brightness: rng.next_unit() - 0.5,
            saturation: rng.next_unit() * 2.0,
            contrast: rng.next_unit() + 0.5,
        }
    }
}

impl Move {
    fn draw(shape: ImageShape, rng: &mut Rng) -> Self {
        let mut along = |side: usize| {
            let most = rounded_share(side, TRANSLATION);
            rng.next_index(2 * most + 1) as isize - most as isize
        };
        Self {
            rows: along(shape.height),
            cols: along(shape.width),
        }
    }
}

impl Hole {
    fn draw(shape: ImageShape, rng: &mut Rng) -> Self {
        // An even length has its center between two pixels, so there is one place more.
        let mut along = |side: usize| {
            let length = rounded_share(side, CUTOUT);
            let center = rng.next_index(side + 1 - length % 2);
            (center as isize - (length / 2) as isize, length as isize)
        };
        let ((top, height), (left, width)) = (along(shape.height), along(shape.width));
        Self {
            top,
            left,
            height,
            width,
        }
    }

    pub(super) fn contains(&self, row: isize, col: isize) -> bool {
        (self.top..self.top + self.height).contains(&row)
            && (self.left..self.left + self.width).contains(&col)
    }
}

fn rounded_share(side: usize, divisor: usize) -> usize {
    (side + divisor / 2) / divisor
}
