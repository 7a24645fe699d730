use ndarray::{Array2, Array3, ArrayView2, ArrayView3, Axis, Zip};

/// The binomial filter of Burt and Adelson 1983 along one axis, times 16.
const TAPS: [f32; 5] = [1.0, 4.0, 6.0, 4.0, 1.0];

/// The Laplacian pyramid of an image `[C, H, W]`: what each halving of its size loses, then the
/// smallest image itself.
///
/// **Equation** (Burt and Adelson 1983): `L_k = G_k - up(down(G_k))`, `G_{k+1} = down(G_k)`, with the
/// separable filter (1, 4, 6, 4, 1) / 16, mirrored at the edges without repeating them, as `pyrDown`
/// and `pyrUp` of OpenCV do. Every size but the last must be even.
pub(crate) fn laplacian_pyramid(
    image: &ArrayView3<'_, f32>,
    num_levels: usize,
) -> Vec<Array3<f32>> {
    let mut levels = vec![image.to_owned()];
    for level in 1..num_levels {
        let smaller = per_channel(&levels[level - 1], down);
        levels[level - 1] -= &per_channel(&smaller, up);
        levels.push(smaller);
    }
    levels
}

fn per_channel(
    image: &Array3<f32>,
    resize: impl Fn(&ArrayView2<'_, f32>) -> Array2<f32>,
) -> Array3<f32> {
    let channels = image.outer_iter().map(|channel| resize(&channel));
    let channels: Vec<Array2<f32>> = channels.collect();
    let (height, width) = channels[0].dim();
    let mut resized = Array3::zeros((channels.len(), height, width));
    for (mut target, channel) in resized.outer_iter_mut().zip(&channels) {
        target.assign(channel);
    }
    resized
}

/// Half the size: filtered, then every second row and column.
fn down(channel: &ArrayView2<'_, f32>) -> Array2<f32> {
    along_both_axes(channel, halve_rows)
}

/// Twice the size: zeros between rows and columns, then four times the filter.
fn up(channel: &ArrayView2<'_, f32>) -> Array2<f32> {
    along_both_axes(channel, double_rows)
}

fn along_both_axes(
    channel: &ArrayView2<'_, f32>,
    resize: impl Fn(&ArrayView2<'_, f32>) -> Array2<f32>,
) -> Array2<f32> {
    let once = resize(channel);
    resize(&once.t()).reversed_axes()
}

fn halve_rows(values: &ArrayView2<'_, f32>) -> Array2<f32> {
    let (num_rows, num_cols) = values.dim();
    let mut halved = Array2::zeros((num_rows.div_ceil(2), num_cols));
    for (row, mut target) in halved.outer_iter_mut().enumerate() {
        for (tap, weight) in TAPS.iter().enumerate() {
            let source = mirrored(2 * row as isize + tap as isize - 2, num_rows);
            target.scaled_add(weight / 16.0, &values.index_axis(Axis(0), source));
        }
    }
    halved
}

fn double_rows(values: &ArrayView2<'_, f32>) -> Array2<f32> {
    let (num_rows, num_cols) = values.dim();
    let mut doubled = Array2::zeros((2 * num_rows, num_cols));
    let row_of = |spread: isize| values.index_axis(Axis(0), mirrored(spread, 2 * num_rows) / 2);
    for (row, mut target) in doubled.outer_iter_mut().enumerate() {
        let row = row as isize;
        if row % 2 == 0 {
            let (above, below) = (row_of(row - 2), row_of(row + 2));
            Zip::from(&mut target)
                .and(above)
                .and(row_of(row))
                .and(below)
                .for_each(|target, above, here, below| {
                    *target = (above + 6.0 * here + below) / 8.0;
                });
        } else {
            Zip::from(&mut target)
                .and(row_of(row - 1))
                .and(row_of(row + 1))
                .for_each(|target, above, below| *target = (above + below) / 2.0);
        }
    }
    doubled
}

/// The position within `0..len` that mirrors `position` at the first and the last element.
fn mirrored(position: isize, len: usize) -> usize {
    let last = len as isize - 1;
    let folded = if position > last {
        2 * last - position
    } else {
        position.abs()
    };
    folded.clamp(0, last) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(height: usize, width: usize, value: impl Fn(usize, usize) -> f32) -> Array3<f32> {
        Array3::from_shape_fn((1, height, width), |(_, row, col)| value(row, col))
    }

    fn largest(level: &Array3<f32>) -> f32 {
        level
            .iter()
            .fold(0.0, |largest, value| value.abs().max(largest))
    }

    #[test]
    fn levels_halve_and_add_up_to_the_image() {
        let image = image(32, 16, |row, col| ((7 * row + 13 * col) % 11) as f32 / 11.0);
        let levels = laplacian_pyramid(&image.view(), 3);
        let sizes: Vec<_> = levels.iter().map(Array3::dim).collect();
        assert_eq!(sizes, [(1, 32, 16), (1, 16, 8), (1, 8, 4)]);
        let middle = &levels[1] + &per_channel(&levels[2], up);
        let whole = &levels[0] + &per_channel(&middle, up);
        assert!(largest(&(whole - image)) < 1e-6);
    }

    #[test]
    fn constant_images_live_in_the_last_level_alone() {
        let levels = laplacian_pyramid(&image(16, 16, |_, _| 0.75).view(), 2);
        assert!(largest(&levels[0]) < 1e-6);
        assert!(levels[1].iter().all(|value| (value - 0.75).abs() < 1e-6));
    }

    #[test]
    fn a_ramp_has_no_detail_away_from_the_edges() {
        let levels = laplacian_pyramid(&image(32, 32, |row, col| (row + 2 * col) as f32).view(), 2);
        let inner = levels[0].slice(ndarray::s![.., 4..28, 4..28]).to_owned();
        assert!(largest(&inner) < 1e-4);
        assert!(largest(&levels[0]) > 0.1);
    }

    #[test]
    fn edges_are_mirrored_without_being_repeated() {
        let positions: Vec<usize> = (-2..6).map(|position| mirrored(position, 4)).collect();
        assert_eq!(positions, [2, 1, 0, 1, 2, 3, 2, 1]);
    }
}
