use super::cholesky::{LowerTriangle, SparseCholesky};
use super::dissection::nested_dissection;
use crate::picture::Region;
use crate::{Error, Result};

/// What a fill makes zero, or smallest, at missing pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operator {
    /// The graph Laplacian of the image's pixels; nothing outside the image (natural boundary).
    Laplacian,
    /// Its square.
    Bilaplacian,
}

impl Operator {
    /// The largest distance in pixels of two pixels that a row couples.
    fn reach(self) -> usize {
        match self {
            Self::Laplacian => 1,
            Self::Bilaplacian => 2,
        }
    }

    /// The nonzero entries of a pixel's row, each pixel once.
    fn row(self, region: &Region, pixel: usize, row: &mut Vec<(usize, f64)>) {
        row.clear();
        match self {
            Self::Laplacian => add_laplacian_row(region, pixel, 1.0, row),
            Self::Bilaplacian => {
                let mut inner = Vec::with_capacity(5);
                add_laplacian_row(region, pixel, 1.0, &mut inner);
                for (other, weight) in inner {
                    add_laplacian_row(region, other, weight, row);
                }
            }
        }
        row.sort_unstable_by_key(|&(pixel, _)| pixel);
        row.dedup_by(|next, kept| {
            let same = next.0 == kept.0;
            if same {
                kept.1 += next.1;
            }
            same
        });
    }
}

fn add_laplacian_row(region: &Region, pixel: usize, weight: f64, row: &mut Vec<(usize, f64)>) {
    let degree = region.neighbors(pixel).count() as f64;
    row.push((pixel, weight * degree));
    row.extend(region.neighbors(pixel).map(|other| (other, -weight)));
}

/// The equations `(A u)_p = f_p` at the missing pixels p of a mask, `u = y` at the known ones, factored.
///
/// Positive definite for both operators: the matrix is a principal block of the operator on the
/// connected image, which has the constants alone for a kernel, and one pixel at least is known.
#[derive(Debug)]
pub(crate) struct HoleSystem {
    /// The pixel of each unknown.
    pixels: Vec<usize>,
    /// Unknown, known pixel, and the entry that couples them.
    boundary: Vec<(usize, usize, f64)>,
    factor: SparseCholesky,
}

impl HoleSystem {
    pub(crate) fn new(region: &Region, operator: Operator) -> Result<Self> {
        let pixels = nested_dissection(&region.missing, region.width, operator.reach());
        let mut unknown_of = vec![usize::MAX; region.known.len()];
        for (unknown, &pixel) in pixels.iter().enumerate() {
            unknown_of[pixel] = unknown;
        }
        let mut matrix = LowerTriangle::default();
        let mut boundary = Vec::new();
        let mut row = Vec::new();
        for (unknown, &pixel) in pixels.iter().enumerate() {
            operator.row(region, pixel, &mut row);
            let known = row.iter().filter(|&&(other, _)| region.known[other]);
            boundary.extend(known.map(|&(other, value)| (unknown, other, value)));
            let inside = row.iter().filter(|&&(other, _)| !region.known[other]);
            let inside = inside.map(|&(other, value)| (unknown_of[other], value));
            let diagonal = inside.clone().find(|&(other, _)| other == unknown);
            let earlier = inside.filter(|&(other, _)| other < unknown);
            matrix.push(diagonal.map_or(0.0, |(_, value)| value), earlier);
        }
        let factor = SparseCholesky::new(&matrix).ok_or(Error::Singular {
            num_missing: pixels.len(),
        })?;
        Ok(Self {
            pixels,
            boundary,
            factor,
        })
    }

    /// Sets the missing pixels of `plane` so that the operator is 0 there.
    pub(crate) fn fill(&self, plane: &mut [f64]) {
        self.fill_with(plane, |_| 0.0);
    }

    /// Sets the missing pixels of `plane` so that the operator is `wanted(pixel)` there.
    pub(crate) fn fill_with(&self, plane: &mut [f64], wanted: impl Fn(usize) -> f64) {
        let mut values: Vec<f64> = self.pixels.iter().map(|&pixel| wanted(pixel)).collect();
        for &(unknown, pixel, entry) in &self.boundary {
            values[unknown] -= entry * plane[pixel];
        }
        self.factor.solve_in_place(&mut values);
        for (&pixel, value) in self.pixels.iter().zip(values) {
            plane[pixel] = value;
        }
    }
}
