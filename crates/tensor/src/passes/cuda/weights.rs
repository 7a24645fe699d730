use super::geometry::Geometry;
use crate::passes::taps::{KERNEL, Weights};
use crate::passes::{Direction, MapShape};

/// Weights `[coarse, fine, 4, 4]` as `[phase][column][tap][channel]`, 0 for added channels.
pub(super) fn pack(
    geometry: &Geometry,
    coarse: MapShape,
    fine: MapShape,
    direction: Direction,
    weights: &[f32],
) -> Vec<f32> {
    let weights = Weights {
        values: weights,
        coarse: coarse.channels(),
        fine: fine.channels(),
    };
    let wide = 1 << geometry.taps_log2;
    let channels_of_pixel = if geometry.spread {
        geometry.columns / (KERNEL * KERNEL)
    } else {
        geometry.columns
    };
    let mut packed = Vec::with_capacity(geometry.weights_len());
    for phase in 0..geometry.phases {
        for column in 0..geometry.columns {
            let (pixel, out) = (column / channels_of_pixel, column % channels_of_pixel);
            for tap in 0..geometry.taps() {
                let (row, col) = if geometry.spread {
                    (pixel / KERNEL, pixel % KERNEL)
                } else {
                    (
                        geometry.kernel_row(phase / 2, tap / wide),
                        geometry.kernel_row(phase % 2, tap % wide),
                    )
                };
                packed.extend((0..geometry.in_channels).map(|channel| match direction {
                    Direction::Up => weights.at(channel, out, row, col),
                    Direction::Down => weights.at(out, channel, row, col),
                }));
            }
        }
    }
    packed
}

/// One value for each column, 0 for added channels.
pub(super) fn pack_shift(geometry: &Geometry, shift: &[f32]) -> Vec<f32> {
    let pixels = if geometry.spread { KERNEL * KERNEL } else { 1 };
    let mut channels = shift.to_vec();
    channels.resize(geometry.columns / pixels, 0.0);
    channels.repeat(pixels)
}
