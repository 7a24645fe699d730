use plotters::prelude::{BLACK, PathElement};
use semantic_inpaint_data::Photo;

use super::canvas::{Area, Fault, LINE_PX, draw_wrapped, picture};
use crate::{Error, Result};

/// The least width of a picture in a strip; smaller ones are enlarged by whole numbers.
const TILE_PX: usize = 112;
const GAP_PX: usize = 4;
const MAX_HEAD_LINES: usize = 3;
const ROW_NAMES_PX: usize = 120;

/// Pictures of one size in rows, under the names of their columns; small ones are enlarged.
///
/// ```
/// use semantic_inpaint_data::Photo;
/// use semantic_inpaint_metrics::draw_strips;
///
/// let [black, white] = [0, 255].map(|level| Photo::filled(32, 32, [level; 3]));
/// let strips = draw_strips(&["before", "after"], &[vec![&black, &white]])?;
/// assert!(strips.width() > strips.height());
/// # Ok::<(), semantic_inpaint_metrics::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::TooFewImages`](crate::Error::TooFewImages) without pictures,
/// [`Error::Report`](crate::Error::Report) when they cannot be drawn.
pub fn draw_strips(columns: &[&str], rows: &[Vec<&Photo>]) -> Result<Photo> {
    let rows = rows.iter().map(|photos| {
        let photo = |column: usize| photos.get(column).copied();
        (String::new(), (0..columns.len()).map(photo).collect())
    });
    let strips = Strips {
        columns: columns.to_vec(),
        rows: rows.collect(),
    };
    let (what, needed, got) = ("pictures of strips", 1, 0);
    strips
        .render()?
        .ok_or(Error::TooFewImages { what, needed, got })
}

/// Pictures in rows and columns with names.
pub(super) struct Strips<'a> {
    pub(super) columns: Vec<&'a str>,
    /// A name, which may be empty, and a picture for each column.
    pub(super) rows: Vec<(String, Vec<Option<&'a Photo>>)>,
}

impl Strips<'_> {
    /// The whole as one picture; `None` without any picture. Places without a picture are crossed out.
    pub(super) fn render(&self) -> Result<Option<Photo>> {
        let mut photos = self.rows.iter().flat_map(|(_, row)| row.iter().flatten());
        let Some(first) = photos.next() else {
            return Ok(None);
        };
        let scale = (TILE_PX / first.width()).max(1);
        let (height, width) = (first.height() * scale, first.width() * scale);
        let is_named = self.rows.iter().any(|(name, _)| !name.is_empty());
        let left = if is_named { ROW_NAMES_PX } else { 0 };
        let head = MAX_HEAD_LINES * LINE_PX as usize + GAP_PX;
        let corner = |row: usize, column: usize| {
            (
                head + row * (height + GAP_PX),
                left + column * (width + GAP_PX),
            )
        };
        let (bottom, right) = corner(self.rows.len(), self.columns.len());
        let size = (right as u32, bottom as u32);
        let mut sheet = picture(size, |area| {
            for (column, name) in self.columns.iter().enumerate() {
                draw_wrapped(area, name, (corner(0, column).1 as i32, 0), width as u32)?;
            }
            for (row, (name, photos)) in self.rows.iter().enumerate() {
                let top = corner(row, 0).0 as i32;
                draw_wrapped(area, name, (0, top), (ROW_NAMES_PX - GAP_PX) as u32)?;
                let missing = photos
                    .iter()
                    .enumerate()
                    .filter(|(_, photo)| photo.is_none());
                for (column, _) in missing {
                    let left = corner(row, column).1 as i32;
                    cross_out(area, (left, top), (width as i32, height as i32))?;
                }
            }
            Ok(())
        })?;
        for (row, (_, photos)) in self.rows.iter().enumerate() {
            for (column, photo) in photos.iter().enumerate() {
                let (top, left) = corner(row, column);
                if let Some(photo) = photo {
                    sheet.paste(&enlarged(photo, scale)?, top, left)?;
                }
            }
        }
        Ok(Some(sheet))
    }
}

fn cross_out(
    area: &Area<'_>,
    (left, top): (i32, i32),
    (width, height): (i32, i32),
) -> std::result::Result<(), Fault> {
    let (bottom, right) = (top + height - 1, left + width - 1);
    for line in [
        [(left, top), (right, bottom)],
        [(left, bottom), (right, top)],
    ] {
        area.draw(&PathElement::new(line, BLACK))?;
    }
    Ok(())
}

/// Every pixel as a square of pixels.
fn enlarged(photo: &Photo, scale: usize) -> Result<Photo> {
    let mut rgb = Vec::with_capacity(photo.rgb().len() * scale * scale);
    for row in photo.rgb().chunks_exact(3 * photo.width()) {
        let wide: Vec<u8> = row
            .chunks_exact(3)
            .flat_map(|pixel| pixel.repeat(scale))
            .collect();
        rgb.extend(wide.repeat(scale));
    }
    Ok(Photo::from_rgb(
        photo.height() * scale,
        photo.width() * scale,
        rgb,
    )?)
}
