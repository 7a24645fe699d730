use std::fmt;
use std::str::FromStr;

use semantic_inpaint_tensor::ImageShape;
use serde::{Deserialize, Serialize};

use crate::{Error, Output, Result};

/// The color that Pathak et al. fill holes with: (117, 104, 123) of 255 on the scale of `[-1, 1]`.
const PUBLISHED_FILL: [f32; 3] = [
    2.0 * 117.0 / 255.0 - 1.0,
    2.0 * 104.0 / 255.0 - 1.0,
    2.0 * 123.0 / 255.0 - 1.0,
];

/// Sizes of a Context Encoder, stored in the metadata of its weights.
///
/// The defaults are those of the released code (Pathak et al. 2016) at 64x64: base width 64 and a
/// bottleneck of 4000 numbers. A bottleneck of 512 trains several times as fast on a CPU.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ContextEncoderConfig {
    /// Height and width of an image in pixels: 32, 64 or 128.
    pub image_size_px: usize,
    /// Channels of the widest maps; doubled at every halving, but for the second one at 128x128.
    pub base_channels: usize,
    /// What stands between encoder and decoder.
    pub connection: Connection,
    /// What is predicted.
    pub output: Output,
    /// Whether the network sees which pixels are missing.
    pub mask_channel: MaskChannel,
    /// What missing pixels are filled with before the network sees them, red, green and blue in
    /// `[-1, 1]`: the mean color of the training images. Default that of the released code.
    pub fill: [f32; 3],
}

/// What stands between encoder and decoder, so that every pixel can tell every other something. Its
/// text form is `bottleneck:LENGTH` or `channel-wise`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[non_exhaustive]
pub enum Connection {
    /// A 4x4 convolution to one pixel of `len` channels, and a transposed one back: the released code.
    Bottleneck {
        /// Numbers that an image becomes. 4000 in the publication's runs.
        len: usize,
    },
    /// The channel-wise fully-connected layer of the paper (section 3.1): each channel of the 4x4 map
    /// has weights of its own from all of its 16 pixels to all of them, then a 1x1 convolution joins
    /// the channels.
    ChannelWise,
}

/// Whether a network sees the mask.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MaskChannel {
    /// Filled images alone, as published: a missing pixel and a known one of that color look the same.
    #[default]
    Without,
    /// The mask as a fourth channel, 1 known and 0 missing: one network for many masks.
    With,
}

impl Default for ContextEncoderConfig {
    fn default() -> Self {
        Self {
            image_size_px: 64,
            base_channels: 64,
            connection: Connection::Bottleneck { len: 4000 },
            output: Output::Whole,
            mask_channel: MaskChannel::Without,
            fill: PUBLISHED_FILL,
        }
    }
}

impl ContextEncoderConfig {
    /// Succeeds when every size is one that the network can have.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidSetting`] with the first that is not.
    pub fn validate(&self) -> Result<()> {
        if !matches!(self.image_size_px, 32 | 64 | 128) {
            let what = "image size in pixels";
            return Err(Error::setting(
                what,
                "32, 64 or 128",
                self.image_size_px.to_string(),
            ));
        }
        let range = 1..=8192;
        if !range.contains(&self.base_channels) {
            let what = "width of the network";
            return Err(Error::setting(
                what,
                "between 1 and 8192",
                self.base_channels.to_string(),
            ));
        }
        if let Connection::Bottleneck { len } = self.connection
            && !range.contains(&len)
        {
            let what = "length of the bottleneck";
            return Err(Error::setting(what, "between 1 and 8192", len.to_string()));
        }
        if let Some(value) = self
            .fill
            .iter()
            .find(|value| !(-1.0..=1.0).contains(*value))
        {
            return Err(Error::setting(
                "fill",
                "between -1 and 1",
                value.to_string(),
            ));
        }
        self.output.validate(self.image_size_px)
    }

    /// Shape of one image.
    #[must_use]
    pub fn image_shape(&self) -> ImageShape {
        ImageShape::square_rgb(self.image_size_px)
    }

    /// Shape of what is predicted of one image.
    #[must_use]
    pub fn output_shape(&self) -> ImageShape {
        ImageShape::square_rgb(self.output.size_px(self.image_size_px))
    }
}

impl fmt::Display for Connection {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bottleneck { len } => write!(formatter, "bottleneck:{len}"),
            Self::ChannelWise => formatter.write_str("channel-wise"),
        }
    }
}

impl FromStr for Connection {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let len = text.strip_prefix("bottleneck:").map(str::parse);
        match (text, len) {
            ("channel-wise", _) => Ok(Self::ChannelWise),
            (_, Some(Ok(len))) => Ok(Self::Bottleneck { len }),
            _ => {
                let expected = "bottleneck:LENGTH or channel-wise";
                Err(Error::setting("connection", expected, format!("`{text}`")))
            }
        }
    }
}

impl TryFrom<String> for Connection {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl From<Connection> for String {
    fn from(connection: Connection) -> Self {
        connection.to_string()
    }
}

impl fmt::Display for MaskChannel {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Without => "without",
            Self::With => "with",
        })
    }
}

impl FromStr for MaskChannel {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "without" => Ok(Self::Without),
            "with" => Ok(Self::With),
            _ => Err(Error::setting(
                "mask channel",
                "with or without",
                format!("`{text}`"),
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_forms_round_trip() {
        for connection in [Connection::Bottleneck { len: 512 }, Connection::ChannelWise] {
            assert_eq!(
                connection.to_string().parse::<Connection>().unwrap(),
                connection
            );
            let json = serde_json::to_string(&connection).unwrap();
            assert_eq!(json, format!("\"{connection}\""));
        }
        for channel in [MaskChannel::Without, MaskChannel::With] {
            assert_eq!(channel.to_string().parse::<MaskChannel>().unwrap(), channel);
            assert_eq!(
                serde_json::to_string(&channel).unwrap(),
                format!("\"{channel}\"")
            );
        }
        for text in ["bottleneck", "bottleneck:", "bottleneck:many", "channels"] {
            let message = text.parse::<Connection>().unwrap_err().to_string();
            assert!(
                message.contains("bottleneck:LENGTH or channel-wise"),
                "{message}"
            );
        }
        assert!("yes".parse::<MaskChannel>().is_err());
    }

    #[test]
    fn settings_out_of_range_are_named() {
        let good = ContextEncoderConfig::default();
        good.validate().unwrap();
        let bottleneck = |len| ContextEncoderConfig {
            connection: Connection::Bottleneck { len },
            ..good
        };
        let bad = [
            (
                ContextEncoderConfig {
                    image_size_px: 48,
                    ..good
                },
                "image size",
            ),
            (
                ContextEncoderConfig {
                    base_channels: 0,
                    ..good
                },
                "width",
            ),
            (bottleneck(0), "bottleneck"),
            (bottleneck(9000), "bottleneck"),
            (
                ContextEncoderConfig {
                    fill: [0.0, f32::NAN, 0.0],
                    ..good
                },
                "fill",
            ),
            (
                ContextEncoderConfig {
                    output: Output::Patch { size_px: 48 },
                    ..good
                },
                "patch",
            ),
            (
                ContextEncoderConfig {
                    output: Output::Patch { size_px: 128 },
                    ..good
                },
                "patch",
            ),
        ];
        for (config, name) in bad {
            let message = config.validate().unwrap_err().to_string();
            assert!(message.contains(name), "{message}");
        }
    }

    #[test]
    fn the_published_fill_is_that_of_the_released_code() {
        let levels = PUBLISHED_FILL.map(|value| (255.0 * (value + 1.0) / 2.0).round());
        assert_eq!(levels, [117.0, 104.0, 123.0]);
    }
}
