//! Numbers and layouts of maps on the device.

use crate::passes::Precision;

/// Channels of a stored map are filled up to a multiple of this, so that 16 bytes hold channels of one
/// pixel only.
pub const STORED: usize = 8;

/// Channels as they are stored.
#[must_use]
pub fn stored(channels: usize) -> usize {
    channels.next_multiple_of(STORED)
}

/// Bytes of a stored number.
#[must_use]
pub fn element_bytes(precision: Precision) -> usize {
    match precision {
        Precision::F32 | Precision::Tf32 => 4,
        Precision::Bf16 => 2,
    }
}

/// Numbers as they are stored and multiplied: rounded to 8 significant bits (ties to even) in
/// [`Precision::Bf16`], to 11 (ties away from zero) in [`Precision::Tf32`].
#[must_use]
pub fn to_elements(precision: Precision, values: &[f32]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(values.len() * element_bytes(precision));
    for &value in values {
        match precision {
            Precision::F32 => bytes.extend(value.to_le_bytes()),
            Precision::Tf32 => bytes.extend(tf32(value).to_le_bytes()),
            Precision::Bf16 => bytes.extend(bf16(value).to_le_bytes()),
        }
    }
    bytes
}

/// `[N, C, pixels]` as `[N, pixels, stored(C)]`, zeros in the channels that are added.
#[must_use]
pub fn to_stored(values: &[f32], channels: usize, pixels: usize) -> Vec<f32> {
    let wide = stored(channels);
    let count = values.len() / (channels * pixels);
    let mut out = vec![0.0; count * pixels * wide];
    let images = values.chunks_exact(channels * pixels);
    for (image, out) in images.zip(out.chunks_exact_mut(pixels * wide)) {
        for (pixel, out) in out.chunks_exact_mut(wide).enumerate() {
            for (channel, out) in out[..channels].iter_mut().enumerate() {
                *out = image[channel * pixels + pixel];
            }
        }
    }
    out
}

/// `[N, pixels, stored(C)]` as `[N, C, pixels]`: the reverse of [`to_stored`].
#[must_use]
pub fn from_stored(values: &[f32], channels: usize, pixels: usize) -> Vec<f32> {
    let wide = stored(channels);
    let count = values.len() / (wide * pixels);
    let mut out = vec![0.0; count * pixels * channels];
    let images = out.chunks_exact_mut(channels * pixels);
    for (image, values) in images.zip(values.chunks_exact(pixels * wide)) {
        for (pixel, values) in values.chunks_exact(wide).enumerate() {
            for (channel, &value) in values[..channels].iter().enumerate() {
                image[channel * pixels + pixel] = value;
            }
        }
    }
    out
}

fn bf16(value: f32) -> u16 {
    if value.is_nan() {
        return 0x7fff;
    }
    let bits = value.to_bits();
    (bits.wrapping_add(0x7fff + ((bits >> 16) & 1)) >> 16) as u16
}

fn tf32(value: f32) -> f32 {
    if value.is_finite() {
        f32::from_bits(value.to_bits().wrapping_add(0x1000) & 0xffff_e000)
    } else {
        value
    }
}
