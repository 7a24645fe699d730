use super::components::neighbors;

/// Stands for "no such neighbor" in [`Laplacian::earlier`].
pub(super) const NONE: usize = usize::MAX;

/// The graph Laplacian of one hole component with its known neighbors as boundary.
///
/// Row `k` of the system reads `degree[k] * u[k] - sum of u over missing neighbors = sum of u over
/// known neighbors`: symmetric, and positive definite when there is a known neighbor at all. A
/// neighbor outside the image does not exist, which is the natural (Neumann) boundary.
#[derive(Debug, Clone)]
pub(super) struct Laplacian {
    /// The pixel of each unknown, in the order of the unknowns.
    pub(super) pixels: Vec<usize>,
    /// Number of neighbors inside the image, 1 to 4.
    pub(super) degree: Vec<f64>,
    /// The at most two missing neighbors that come before an unknown; [`NONE`] fills up.
    pub(super) earlier: Vec<[usize; 2]>,
    /// Pairs (unknown, known pixel beside it).
    pub(super) boundary: Vec<(usize, usize)>,
    /// Largest distance between two neighboring unknowns in the order.
    pub(super) bandwidth: usize,
}

impl Laplacian {
    /// The system in row-major or column-major order, whichever has the smaller bandwidth.
    ///
    /// `order_of` is a buffer of one value per pixel; only the component's entries are used.
    pub(super) fn new(
        component: Vec<usize>,
        known: &[bool],
        height: usize,
        width: usize,
        order_of: &mut [usize],
    ) -> Self {
        let mut by_column = component.clone();
        by_column.sort_unstable_by_key(|&pixel| (pixel % width, pixel / width));
        let rows = Self::ordered(component, known, height, width, order_of);
        if rows.bandwidth <= 1 {
            return rows;
        }
        let columns = Self::ordered(by_column, known, height, width, order_of);
        if columns.bandwidth < rows.bandwidth {
            columns
        } else {
            rows
        }
    }

    fn ordered(
        pixels: Vec<usize>,
        known: &[bool],
        height: usize,
        width: usize,
        order_of: &mut [usize],
    ) -> Self {
        for (unknown, &pixel) in pixels.iter().enumerate() {
            order_of[pixel] = unknown;
        }
        let mut degree = Vec::with_capacity(pixels.len());
        let mut earlier = Vec::with_capacity(pixels.len());
        let mut boundary = Vec::new();
        let mut bandwidth = 0;
        for (unknown, &pixel) in pixels.iter().enumerate() {
            let around = neighbors(pixel, height, width);
            degree.push(around.clone().map(|_| 1.0).sum());
            boundary.extend(around.clone().filter(|&p| known[p]).map(|p| (unknown, p)));
            let mut before = around
                .filter(|&p| !known[p])
                .map(|p| order_of[p])
                .filter(|&other| other < unknown);
            let pair = [before.next().unwrap_or(NONE), before.next().unwrap_or(NONE)];
            for &other in pair.iter().filter(|&&other| other != NONE) {
                bandwidth = bandwidth.max(unknown - other);
            }
            earlier.push(pair);
        }
        Self {
            pixels,
            degree,
            earlier,
            boundary,
            bandwidth,
        }
    }

    /// Number of unknowns.
    pub(super) fn len(&self) -> usize {
        self.pixels.len()
    }

    /// The product of the matrix with `vector`, written to `product`.
    pub(super) fn multiply(&self, vector: &[f64], product: &mut [f64]) {
        for (unknown, (&degree, earlier)) in self.degree.iter().zip(&self.earlier).enumerate() {
            let mut sum = degree * vector[unknown];
            for &other in earlier.iter().filter(|&&other| other != NONE) {
                sum -= vector[other];
                product[other] -= vector[unknown];
            }
            product[unknown] = sum;
        }
    }
}
