use std::path::Path;

use image::codecs::gif::{GifEncoder, Repeat};
use image::{Delay, Frame, RgbaImage};

use crate::encode::{check_same_size, write_atomically};
use crate::photo::checked_side;
use crate::{Error, Photo, Result};

/// The encoder's own compromise between the time and the quality of reducing to 256 colors.
const QUANTIZATION_SPEED: i32 = 10;

/// How often an animation plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Playback {
    /// Again and again.
    #[default]
    Forever,
    /// Once, then the last frame stays.
    Once,
}

/// Pictures one after another as an animated GIF.
///
/// Each frame has its own palette: exact up to 256 colors, else reduced. GIF counts time in
/// hundredths of a second, to which durations are rounded.
///
/// ```no_run
/// use semantic_inpaint_data::{Animation, Photo};
///
/// # fn main() -> semantic_inpaint_data::Result<()> {
/// let frames: Vec<Photo> = (0..10).map(|i| Photo::filled(64, 64, [i * 25; 3])).collect();
/// Animation::default().save(&frames, "search.gif")?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Animation {
    /// Milliseconds that each frame but the last is shown.
    pub frame_ms: u32,
    /// Milliseconds that the last frame is shown.
    pub last_frame_ms: u32,
    /// How often it plays.
    pub playback: Playback,
}

impl Default for Animation {
    /// A tenth of a second per frame, two seconds for the last, forever.
    fn default() -> Self {
        Self {
            frame_ms: 100,
            last_frame_ms: 2_000,
            playback: Playback::Forever,
        }
    }
}

impl Animation {
    /// The bytes of the GIF file. Alpha is left out.
    ///
    /// # Errors
    ///
    /// [`Error::TooFewImages`] without frames, [`Error::SizeMismatch`] when sizes differ,
    /// [`Error::OutOfRange`] for a side over 65535 pixels, [`Error::Encoding`] when the encoder fails.
    pub fn encode(&self, frames: &[Photo]) -> Result<Vec<u8>> {
        let Some((first, last)) = frames.first().zip(frames.len().checked_sub(1)) else {
            return Err(Error::TooFewImages {
                source_name: "animation".into(),
                needed: 1,
                found: 0,
                remedy: "give at least one frame",
            });
        };
        let (height, width) = (checked_side(first.height())?, checked_side(first.width())?);
        let fault = |reason: String| Error::Encoding {
            what: "GIF".into(),
            reason,
        };
        let mut bytes = Vec::new();
        let mut encoder = GifEncoder::new_with_speed(&mut bytes, QUANTIZATION_SPEED);
        if self.playback == Playback::Forever {
            encoder
                .set_repeat(Repeat::Infinite)
                .map_err(|error| fault(error.to_string()))?;
        }
        for (index, photo) in frames.iter().enumerate() {
            check_same_size(index, photo, first)?;
            let opaque = photo
                .rgb()
                .chunks_exact(3)
                .flat_map(|rgb| [rgb[0], rgb[1], rgb[2], 255]);
            let image = RgbaImage::from_raw(width, height, opaque.collect())
                .ok_or_else(|| fault("its pixels do not fill it".into()))?;
            let shown_ms = if index == last {
                self.last_frame_ms
            } else {
                self.frame_ms
            };
            let delay = Delay::from_numer_denom_ms(rounded_to_ten(shown_ms), 1);
            let frame = Frame::from_parts(image, 0, 0, delay);
            encoder
                .encode_frame(frame)
                .map_err(|error| fault(error.to_string()))?;
        }
        drop(encoder);
        Ok(bytes)
    }

    /// Writes the GIF file, at once or not at all.
    ///
    /// # Errors
    ///
    /// Those of [`Animation::encode`]; [`Error::Unwritable`] naming the path.
    pub fn save(&self, frames: &[Photo], path: impl AsRef<Path>) -> Result<()> {
        write_atomically(path, &self.encode(frames)?)
    }
}

fn rounded_to_ten(milliseconds: u32) -> u32 {
    milliseconds.saturating_add(5) / 10 * 10
}
