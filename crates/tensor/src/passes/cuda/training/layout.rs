use crate::Result;
use crate::passes::cuda::arguments::Arguments;
use crate::passes::cuda::elements::{element_bytes, stored};
use crate::passes::cuda::geometry::Geometry;
use crate::passes::cuda::launch::{Launch, suffix};
use crate::passes::cuda::pass::ROW_THREADS;
use crate::passes::cuda::runtime::{Memory, Runtime};
use crate::passes::taps::KERNEL_AREA;
use crate::passes::{Direction, MapShape, Precision};

/// Pixels and channels of a block of `arrange`.
const PATCH: usize = 32;

/// A map as products take it, made from planes `[N, C, side, side]`.
pub(super) fn arranged(
    runtime: &Runtime,
    (shape, images): (MapShape, usize),
    precision: Precision,
    planes: &Memory,
    launches: &mut Vec<Launch>,
) -> Result<Memory> {
    let (channels, pixels) = (shape.channels(), shape.side() * shape.side());
    planes.require("bytes of a map", images * channels * pixels * 4)?;
    let bytes = images * pixels * stored(channels) * element_bytes(precision);
    let map = runtime.allocate(bytes)?;
    let arguments = Arguments::default().memory(planes).memory(&map).counts([
        images,
        channels,
        stored(channels),
        pixels,
    ])?;
    let grid = [
        pixels.div_ceil(PATCH),
        stored(channels).div_ceil(PATCH),
        images,
    ];
    let name = format!("arrange_{}", suffix(precision));
    launches.push(Launch::new(name, grid, ROW_THREADS as u32, arguments)?);
    Ok(map)
}

/// Weights `[coarse, fine, 4, 4]` as the products of a geometry take them.
pub(super) fn packed(
    runtime: &Runtime,
    geometry: &Geometry,
    (coarse, fine): (MapShape, MapShape),
    direction: Direction,
    precision: Precision,
    weights: &Memory,
    launches: &mut Vec<Launch>,
) -> Result<Memory> {
    let (coarse, fine) = (coarse.channels(), fine.channels());
    weights.require("bytes of weights", coarse * fine * KERNEL_AREA * 4)?;
    let bytes = geometry.weights_len() * element_bytes(precision);
    let packed = runtime.allocate(bytes)?;
    let (form, out_channels) = match direction {
        Direction::Down => (0, geometry.columns),
        Direction::Up if geometry.spread => (2, geometry.columns / KERNEL_AREA),
        Direction::Up => (1, geometry.columns),
    };
    let arguments = Arguments::default()
        .memory(weights)
        .memory(&packed)
        .counts([coarse, fine, out_channels, geometry.in_channels, form])?;
    let pairs = out_channels * geometry.in_channels;
    let name = format!("pack_{}", suffix(precision));
    let grid = [pairs.div_ceil(ROW_THREADS), 1, 1];
    launches.push(Launch::new(name, grid, ROW_THREADS as u32, arguments)?);
    Ok(packed)
}
