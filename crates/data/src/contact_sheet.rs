use crate::encode::check_same_size;
use crate::photo::checked_side;
use crate::{Error, Photo, Result};

/// A grid of pictures as one picture, filled row by row.
///
/// ```
/// use semantic_inpaint_data::{ContactSheet, Photo};
///
/// # fn main() -> semantic_inpaint_data::Result<()> {
/// let photos = vec![Photo::filled(16, 16, [200, 0, 0]); 5];
/// let sheet = ContactSheet { num_columns: 3, gap_px: 2, ..ContactSheet::default() };
/// let sheet = sheet.render(&photos)?;
/// assert_eq!((sheet.height(), sheet.width()), (2 * 16 + 2, 3 * 16 + 2 * 2));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ContactSheet {
    /// Pictures in one row.
    pub num_columns: usize,
    /// Pixels between neighboring pictures; there is no gap around the grid.
    pub gap_px: usize,
    /// Color of the gaps and of the places left free in the last row.
    pub background: [u8; 3],
}

impl Default for ContactSheet {
    /// Eight columns, 2 pixels of white between.
    fn default() -> Self {
        Self {
            num_columns: 8,
            gap_px: 2,
            background: [255; 3],
        }
    }
}

impl ContactSheet {
    /// The grid of these pictures, which must have one size. Alpha is left out.
    ///
    /// The grid is `num_columns` wide even when there are fewer pictures than that, so that sheets
    /// of one experiment line up.
    ///
    /// # Errors
    ///
    /// [`Error::TooFewImages`] without pictures, [`Error::SizeMismatch`] when sizes differ,
    /// [`Error::OutOfRange`] for 0 columns or a grid with a side over 65535 pixels.
    pub fn render(&self, photos: &[Photo]) -> Result<Photo> {
        let Some(first) = photos.first() else {
            return Err(Error::TooFewImages {
                source_name: "contact sheet".into(),
                needed: 1,
                found: 0,
                remedy: "give at least one picture",
            });
        };
        if self.num_columns == 0 {
            let (what, expected) = ("columns of a contact sheet", "at least 1");
            return Err(Error::OutOfRange {
                what,
                expected,
                got: "0".into(),
            });
        }
        let num_rows = photos.len().div_ceil(self.num_columns);
        let height = self.side(num_rows, first.height())?;
        let width = self.side(self.num_columns, first.width())?;
        let mut sheet = Photo::filled(height, width, self.background);
        for (index, photo) in photos.iter().enumerate() {
            check_same_size(index, photo, first)?;
            let (row, column) = (index / self.num_columns, index % self.num_columns);
            let top = row * (first.height() + self.gap_px);
            let left = column * (first.width() + self.gap_px);
            sheet.paste(photo, top, left)?;
        }
        Ok(sheet)
    }

    fn side(&self, count: usize, picture: usize) -> Result<usize> {
        let gaps = (count - 1).saturating_mul(self.gap_px);
        let side = count.saturating_mul(picture).saturating_add(gaps);
        checked_side(side)?;
        Ok(side)
    }
}
