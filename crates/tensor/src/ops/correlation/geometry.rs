use candle_core::{Result, bail};

use crate::passes::MapShape;

/// Stride and padding of a square convolution, in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConvGeometry {
    /// Distance between neighbouring positions of the kernel.
    pub stride: usize,
    /// Zeros put around the image on every side.
    pub padding: usize,
}

impl ConvGeometry {
    /// Stride 2, padding 1: with a 4x4 kernel it halves, or transposed doubles, both sides.
    pub const STRIDED: Self = Self {
        stride: 2,
        padding: 1,
    };
    /// Stride 1, padding 0: with a 4x4 kernel it maps a 4x4 image to one pixel, or transposed back.
    pub const PROJECTION: Self = Self {
        stride: 1,
        padding: 0,
    };
}

/// All sizes of one correlation; see the module for the equation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Correlation {
    pub(crate) channels: usize,
    pub(crate) height: usize,
    pub(crate) width: usize,
    pub(crate) out_channels: usize,
    pub(crate) out_height: usize,
    pub(crate) out_width: usize,
    pub(crate) kernel: usize,
    pub(crate) stride: usize,
    pub(crate) padding: usize,
}

impl Correlation {
    /// From the image's shape `[N, C, H, W]` and the weights' `[O, C, k, k]`.
    pub(crate) fn of_image(x: &[usize], w: &[usize], geometry: ConvGeometry) -> Result<Self> {
        let (&[_, channels, height, width], &[out_channels, in_channels, kernel, kernel_width]) =
            (x, w)
        else {
            bail!("conv2d takes images [N, C, H, W] and weights [O, C, k, k], got {x:?} and {w:?}")
        };
        let ConvGeometry { stride, padding } = geometry;
        let fits = |side: usize| side + 2 * padding >= kernel;
        if channels != in_channels || kernel != kernel_width || kernel == 0 || stride == 0 {
            bail!("conv2d: weights {w:?} do not fit images {x:?} at {geometry:?}")
        }
        if !fits(height) || !fits(width) {
            bail!("conv2d: images {x:?} are smaller than the kernel {w:?} at {geometry:?}")
        }
        let out = |side: usize| (side + 2 * padding - kernel) / stride + 1;
        Ok(Self {
            channels,
            height,
            width,
            out_channels,
            out_height: out(height),
            out_width: out(width),
            kernel,
            stride,
            padding,
        })
    }

    /// From the responses' shape `[N, O, P, Q]` and the weights' `[O, C, k, k]`: the smallest image.
    pub(crate) fn of_response(y: &[usize], w: &[usize], geometry: ConvGeometry) -> Result<Self> {
        let (&[_, out_channels, out_height, out_width], &[w_channels, channels, kernel, k_width]) =
            (y, w)
        else {
            bail!("conv_transpose2d takes [N, C, H, W] and weights [C, O, k, k]: {y:?}, {w:?}")
        };
        let ConvGeometry { stride, padding } = geometry;
        if out_channels != w_channels || kernel != k_width || kernel == 0 || stride == 0 {
            bail!("conv_transpose2d: weights {w:?} do not fit images {y:?} at {geometry:?}")
        }
        let full = |side: usize| (side.max(1) - 1) * stride + kernel;
        if full(out_height) <= 2 * padding || full(out_width) <= 2 * padding {
            bail!("conv_transpose2d: padding {padding} leaves nothing of images {y:?}")
        }
        Ok(Self {
            channels,
            height: full(out_height) - 2 * padding,
            width: full(out_width) - 2 * padding,
            out_channels,
            out_height,
            out_width,
            kernel,
            stride,
            padding,
        })
    }

    /// The coarse and the fine map where they are those of the device's passes: square maps, of which
    /// one has twice the other's side, or a pixel and a 4x4 map, with a 4x4 kernel.
    pub(crate) fn maps(&self) -> Option<(MapShape, MapShape)> {
        let square = self.height == self.width && self.out_height == self.out_width;
        let geometry = ConvGeometry {
            stride: self.stride,
            padding: self.padding,
        };
        let strided = geometry == ConvGeometry::STRIDED && self.height == 2 * self.out_height;
        let projection =
            geometry == ConvGeometry::PROJECTION && self.out_height == 1 && self.height == 4;
        let map = |channels, side| MapShape::Map { channels, side };
        (square && self.kernel == 4 && (strided || projection)).then(|| {
            (
                map(self.out_channels, self.out_height),
                map(self.channels, self.height),
            )
        })
    }

    /// Values in one image, C H W.
    pub(crate) fn image_len(&self) -> usize {
        self.channels * self.height * self.width
    }

    /// Values in one channel of an image, H W.
    pub(crate) fn plane_len(&self) -> usize {
        self.height * self.width
    }

    /// Values in one response, O P Q.
    pub(crate) fn response_len(&self) -> usize {
        self.out_channels * self.positions()
    }

    /// Positions of the kernel in one image, P Q.
    pub(crate) fn positions(&self) -> usize {
        self.out_height * self.out_width
    }

    /// Weights of one response channel, C k k.
    pub(crate) fn taps(&self) -> usize {
        self.channels * self.kernel * self.kernel
    }
}
