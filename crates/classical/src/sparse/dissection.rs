/// Regions of at most this many pixels are not divided further.
const LEAF: usize = 24;

/// The pixels in an order that keeps a Cholesky factor sparse.
///
/// **Equation** (George 1973, "Nested dissection of a regular finite element mesh") A band of pixels,
/// as wide as the operator reaches, is put last; it cuts the rest in two halves without a connection,
/// which are ordered in the same way. The factor of n pixels then has about `n log n` entries.
pub(super) fn nested_dissection(pixels: &[usize], width: usize, reach: usize) -> Vec<usize> {
    let mut order = Vec::with_capacity(pixels.len());
    dissect(pixels.to_vec(), width, reach, &mut order);
    order
}

fn dissect(pixels: Vec<usize>, width: usize, reach: usize, order: &mut Vec<usize>) {
    if pixels.len() <= LEAF {
        order.extend(pixels);
        return;
    }
    let row = |pixel: usize| pixel / width;
    let col = |pixel: usize| pixel % width;
    if extent(&pixels, row) >= extent(&pixels, col) {
        split(pixels, row, width, reach, order);
    } else {
        split(pixels, col, width, reach, order);
    }
}

/// Divides by the median coordinate.
fn split(
    pixels: Vec<usize>,
    coordinate: impl Fn(usize) -> usize,
    width: usize,
    reach: usize,
    order: &mut Vec<usize>,
) {
    let mut sorted: Vec<usize> = pixels.iter().map(|&pixel| coordinate(pixel)).collect();
    sorted.sort_unstable();
    let cut = sorted[sorted.len() / 2];
    let (mut before, mut band, mut after) = (Vec::new(), Vec::new(), Vec::new());
    for pixel in pixels {
        match coordinate(pixel) {
            at if at < cut => before.push(pixel),
            at if at < cut + reach => band.push(pixel),
            _ => after.push(pixel),
        }
    }
    dissect(before, width, reach, order);
    dissect(after, width, reach, order);
    order.extend(band);
}

fn extent(pixels: &[usize], coordinate: impl Fn(usize) -> usize) -> usize {
    let (low, high) = pixels.iter().fold((usize::MAX, 0), |(low, high), &pixel| {
        (low.min(coordinate(pixel)), high.max(coordinate(pixel)))
    });
    high.saturating_sub(low)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_pixel_is_ordered_once(
            width in 1_usize..30,
            kept in prop::collection::vec(any::<bool>(), 1..600),
            reach in 1_usize..3,
        ) {
            let pixels: Vec<usize> = (0..kept.len()).filter(|&pixel| kept[pixel]).collect();
            let mut order = nested_dissection(&pixels, width, reach);
            order.sort_unstable();
            prop_assert_eq!(order, pixels);
        }
    }
}
