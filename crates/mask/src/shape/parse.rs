use super::{Error, FromStr, MaskShape, Result, Side, fmt};

const SQUARE: &str = "square:SIZE with SIZE in whole pixels above 0, for example square:20";
const CIRCLE: &str = "circle:DIAMETER with DIAMETER in whole pixels above 0, for example circle:20";
const BLOCKS: &str = "blocks:WIDTHxHEIGHT:COUNT with numbers above 0, for example blocks:2x2:100";
const HALF: &str = "half:left, half:right, half:top, half:bottom or half:random";
const PIXELS: &str = "pixels:FRACTION with FRACTION above 0 and below 1, for example pixels:0.8";
const PATTERN: &str =
    "pattern:FRACTION with FRACTION above 0 and below 1, for example pattern:0.25";
const STROKES: &str = "strokes without parameters";

impl Side {
    pub(super) const FIXED: [Self; 4] = [Self::Left, Self::Right, Self::Top, Self::Bottom];

    fn name(self) -> &'static str {
        match self {
            Self::Left => "left",
            Self::Right => "right",
            Self::Top => "top",
            Self::Bottom => "bottom",
            Self::Random => "random",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        let mut sides = Self::FIXED.into_iter().chain([Self::Random]);
        sides.find(|side| side.name() == name)
    }
}

impl MaskShape {
    /// Succeeds when sizes and counts are above 0 and fractions inside (0, 1).
    pub(super) fn validate(self) -> Result<()> {
        let (what, expected, is_valid) = match self {
            Self::Square { size_px } => ("size of the square", SQUARE, size_px > 0),
            Self::Circle { diameter_px } => ("diameter of the circle", CIRCLE, diameter_px > 0),
            Self::Blocks {
                height_px,
                width_px,
                count,
            } => (
                "size or number of blocks",
                BLOCKS,
                height_px.min(width_px).min(count) > 0,
            ),
            Self::Pixels { fraction } => ("missing fraction", PIXELS, is_share(fraction)),
            Self::Pattern { fraction } => ("missing fraction", PATTERN, is_share(fraction)),
            Self::Half(_) | Self::Strokes => return Ok(()),
        };
        if is_valid {
            return Ok(());
        }
        Err(Error::OutOfRange {
            what,
            expected,
            got: format!("out of range in `{self}`"),
        })
    }
}

fn is_share(fraction: f64) -> bool {
    fraction > 0.0 && fraction < 1.0
}

impl fmt::Display for MaskShape {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Square { size_px } => write!(formatter, "square:{size_px}"),
            Self::Circle { diameter_px } => write!(formatter, "circle:{diameter_px}"),
            Self::Blocks {
                height_px,
                width_px,
                count,
            } => {
                write!(formatter, "blocks:{width_px}x{height_px}:{count}")
            }
            Self::Half(side) => write!(formatter, "half:{}", side.name()),
            Self::Pixels { fraction } => write!(formatter, "pixels:{fraction}"),
            Self::Pattern { fraction } => write!(formatter, "pattern:{fraction}"),
            Self::Strokes => formatter.write_str("strokes"),
        }
    }
}

impl FromStr for MaskShape {
    type Err = Error;

    fn from_str(spec: &str) -> Result<Self> {
        let (name, parameters) = match spec.split_once(':') {
            Some((name, parameters)) => (name, Some(parameters)),
            None => (spec, None),
        };
        let (expected, shape) = match name {
            "square" => (
                SQUARE,
                parse(parameters).map(|size_px| Self::Square { size_px }),
            ),
            "circle" => (
                CIRCLE,
                parse(parameters).map(|diameter_px| Self::Circle { diameter_px }),
            ),
            "blocks" => (BLOCKS, parse_blocks(parameters)),
            "half" => (HALF, parameters.and_then(Side::from_name).map(Self::Half)),
            "pixels" => (
                PIXELS,
                parse(parameters).map(|fraction| Self::Pixels { fraction }),
            ),
            "pattern" => (
                PATTERN,
                parse(parameters).map(|fraction| Self::Pattern { fraction }),
            ),
            "strokes" => (STROKES, parameters.is_none().then_some(Self::Strokes)),
            _ => {
                return Err(Error::UnknownShape {
                    spec: spec.to_owned(),
                });
            }
        };
        match shape {
            Some(shape) if shape.validate().is_ok() => Ok(shape),
            _ => Err(Error::InvalidShape {
                spec: spec.to_owned(),
                expected,
            }),
        }
    }
}

fn parse<T: FromStr>(text: Option<&str>) -> Option<T> {
    text?.parse().ok()
}

fn parse_blocks(parameters: Option<&str>) -> Option<MaskShape> {
    let (size, count) = parameters?.split_once(':')?;
    let (width, height) = size.split_once('x')?;
    Some(MaskShape::Blocks {
        height_px: height.parse().ok()?,
        width_px: width.parse().ok()?,
        count: count.parse().ok()?,
    })
}

impl TryFrom<String> for MaskShape {
    type Error = Error;

    fn try_from(spec: String) -> Result<Self> {
        spec.parse()
    }
}

impl From<MaskShape> for String {
    fn from(shape: MaskShape) -> Self {
        shape.to_string()
    }
}
