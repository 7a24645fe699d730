use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{Error, Mask, Result};

/// Brightness or opacity above which a pixel of a mask image counts as white or opaque.
const THRESHOLD: u32 = 127;

/// Which pixels of a mask image are the hole.
///
/// Tools disagree, so the convention is always an argument. Brightness is the luma of Rec. 709;
/// opacity plays no part in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Hole {
    /// Bright pixels (luma above 127) are missing: the habit of most tools.
    #[default]
    White,
    /// Dark pixels (luma up to 127) are missing: the tensors of this project as a picture.
    Black,
    /// Transparent pixels (alpha up to 127) are missing: a photo with its hole erased.
    Alpha,
}

impl Hole {
    const ALL: [Self; 3] = [Self::White, Self::Black, Self::Alpha];

    fn is_missing(self, [red, green, blue, alpha]: [u8; 4]) -> bool {
        let [red, green, blue] = [red, green, blue].map(u32::from);
        let luma = (2126 * red + 7152 * green + 722 * blue) / 10_000;
        match self {
            Self::White => luma > THRESHOLD,
            Self::Black => luma <= THRESHOLD,
            Self::Alpha => u32::from(alpha) <= THRESHOLD,
        }
    }

    fn num_missing(self, pixels: &[[u8; 4]]) -> usize {
        pixels
            .iter()
            .filter(|&&pixel| self.is_missing(pixel))
            .count()
    }

    fn pixel(self, is_missing: bool) -> [u8; 4] {
        const WHITE: [u8; 4] = [255; 4];
        const BLACK: [u8; 4] = [0, 0, 0, 255];
        match (self, is_missing) {
            (Self::White, true) | (Self::Black, false) => WHITE,
            (Self::White, false) | (Self::Black, true) | (Self::Alpha, false) => BLACK,
            (Self::Alpha, true) => [0; 4],
        }
    }
}

impl fmt::Display for Hole {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::White => "white",
            Self::Black => "black",
            Self::Alpha => "alpha",
        })
    }
}

impl FromStr for Hole {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|hole| hole.to_string() == text);
        found.ok_or_else(|| Error::UnknownHole {
            name: text.to_owned(),
        })
    }
}

impl Mask {
    /// One mask from the pixels of a mask image, row by row, as red, green, blue, alpha.
    ///
    /// ```
    /// use semantic_inpaint_mask::{Hole, Mask};
    ///
    /// let (white, black) = ([255; 4], [0, 0, 0, 255]);
    /// let mask = Mask::from_rgba(&[white, black, black], 1, 3, Hole::White)?;
    /// assert_eq!(mask.num_missing(0), 1);
    /// let error = Mask::from_rgba(&[white; 3], 1, 3, Hole::White).unwrap_err();
    /// assert!(error.to_string().contains("--hole black"));
    /// # Ok::<(), semantic_inpaint_mask::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::WrongHole`] when the image is all hole or has none, with the counts that the other
    /// conventions would give; [`Error::ShapeMismatch`] when the number of pixels is not
    /// `height * width`.
    pub fn from_rgba(pixels: &[[u8; 4]], height: usize, width: usize, hole: Hole) -> Result<Self> {
        if pixels.is_empty() || height.checked_mul(width) != Some(pixels.len()) {
            return Err(Error::ShapeMismatch {
                what: "pixels of a mask image",
                expected: format!("height {height} x width {width}, at least 1"),
                got: pixels.len().to_string(),
            });
        }
        let num_missing = hole.num_missing(pixels);
        if num_missing == 0 || num_missing == pixels.len() {
            return Err(wrong_hole(pixels, hole, num_missing));
        }
        Self::from_missing(height, width, |row, col| {
            hole.is_missing(pixels[row * width + col])
        })
    }

    /// The pixels of mask `index` as an image that [`Mask::from_rgba`] reads back.
    ///
    /// White and black, opaque; with [`Hole::Alpha`] black, transparent in the hole.
    ///
    /// # Panics
    ///
    /// When `index` is out of bounds, as slices do.
    #[must_use]
    pub fn to_rgba(&self, index: usize, hole: Hole) -> Vec<[u8; 4]> {
        self.known(index)
            .iter()
            .map(|&is_known| hole.pixel(!is_known))
            .collect()
    }
}

fn wrong_hole(pixels: &[[u8; 4]], hole: Hole, num_missing: usize) -> Error {
    let others = Hole::ALL.into_iter().filter(|&other| other != hole);
    let alternatives: Vec<String> = others
        .map(|other| format!("`--hole {other}` ({} missing)", other.num_missing(pixels)))
        .collect();
    Error::WrongHole {
        hole,
        num_missing,
        num_pixels: pixels.len(),
        alternatives: alternatives.join(" or "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(pixels: &[[u8; 4]], hole: Hole) -> String {
        Mask::from_rgba(pixels, 2, 2, hole).unwrap_err().to_string()
    }

    #[test]
    fn each_convention_reads_its_own_images_back() {
        let mask = Mask::from_missing(3, 5, |row, col| row * col == 4).unwrap();
        for hole in Hole::ALL {
            let again = Mask::from_rgba(&mask.to_rgba(0, hole), 3, 5, hole).unwrap();
            assert_eq!(again, mask, "{hole}");
        }
    }

    #[test]
    fn white_and_black_are_opposites_at_the_threshold() {
        let gray = |level: u8| [level, level, level, 255];
        let pixels = [gray(0), gray(127), gray(128), gray(255)];
        let white = Mask::from_rgba(&pixels, 1, 4, Hole::White).unwrap();
        let black = Mask::from_rgba(&pixels, 1, 4, Hole::Black).unwrap();
        let known = |mask: &Mask| mask.known(0).iter().copied().collect::<Vec<_>>();
        assert_eq!(known(&white), [true, true, false, false]);
        assert_eq!(known(&black), [false, false, true, true]);
    }

    #[test]
    fn only_alpha_looks_at_opacity() {
        let pixels = [
            [255, 255, 255, 0],
            [0, 0, 0, 255],
            [0, 0, 0, 128],
            [255, 255, 255, 127],
        ];
        let alpha = Mask::from_rgba(&pixels, 1, 4, Hole::Alpha).unwrap();
        assert_eq!(
            alpha.known(0).iter().copied().collect::<Vec<_>>(),
            [false, true, true, false]
        );
        assert_eq!(
            Mask::from_rgba(&pixels, 1, 4, Hole::White)
                .unwrap()
                .num_missing(0),
            2
        );
    }

    #[test]
    fn an_image_that_is_all_hole_is_refused_with_counts_and_the_other_colors() {
        let text = message(&[[255; 4]; 4], Hole::White);
        assert!(text.contains("`--hole white`: 4 of 4 pixels"), "{text}");
        assert!(text.contains("`--hole black` (0 missing)"), "{text}");
    }

    #[test]
    fn an_image_without_hole_names_the_convention_that_would_work() {
        let mut pixels = [[255; 4]; 4];
        pixels[2][3] = 0;
        let text = message(&pixels, Hole::Black);
        assert!(text.contains("`--hole black`: 0 of 4 pixels"), "{text}");
        assert!(text.contains("`--hole alpha` (1 missing)"), "{text}");
    }

    #[test]
    fn a_wrong_number_of_pixels_is_refused() {
        for (height, width) in [(2, 3), (0, 4), (usize::MAX, 2)] {
            assert!(matches!(
                Mask::from_rgba(&[[0; 4]; 4], height, width, Hole::White),
                Err(Error::ShapeMismatch { .. })
            ));
        }
    }

    #[test]
    fn names_round_trip() {
        for hole in Hole::ALL {
            assert_eq!(hole.to_string().parse::<Hole>().unwrap(), hole);
        }
        assert!(
            "White"
                .parse::<Hole>()
                .unwrap_err()
                .to_string()
                .contains("white, black")
        );
    }
}
