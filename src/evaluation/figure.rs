use std::path::{Path, PathBuf};

use semantic_inpaint_data::{ContactSheet, ImageSet, Photo, batch_to_photos, read_photo};
use semantic_inpaint_mask::MaskShape;
use semantic_inpaint_tensor::{Device, ImageBatch};

use super::row::file_name;
use crate::Result;

/// Images in the figure.
const NUM_ROWS: usize = 10;
const GAP_PX: usize = 2;

/// The columns of a figure as pictures in a folder.
pub(super) struct Strips {
    folder: PathBuf,
    num_rows: usize,
}

impl Strips {
    /// Writes the column of the true images, the set's first.
    pub(super) fn new(folder: &Path, images: &ImageSet) -> Result<Self> {
        let strips = Self {
            folder: folder.into(),
            num_rows: images.count().min(NUM_ROWS),
        };
        let indices: Vec<usize> = (0..strips.num_rows).collect();
        let originals = images.batch(&indices, &Device::Cpu)?;
        column(&originals)?.save(strips.originals())?;
        Ok(strips)
    }

    fn originals(&self) -> PathBuf {
        self.folder.join("originals.png")
    }

    fn files(&self, mask: MaskShape) -> [PathBuf; 2] {
        let name = file_name(mask);
        ["corrupted", "completed"].map(|what| self.folder.join(format!("{name}-{what}.png")))
    }

    /// Writes the two columns of a mask from the first images of the set.
    pub(super) fn write(
        &self,
        mask: MaskShape,
        corrupted: &ImageBatch,
        completed: &ImageBatch,
    ) -> Result<()> {
        for (images, file) in [corrupted, completed].into_iter().zip(self.files(mask)) {
            column(&images.narrow(0, self.num_rows)?)?.save(file)?;
        }
        Ok(())
    }

    /// One row per image: the original, then corrupted and completed for each mask.
    pub(super) fn together(&self, masks: &[MaskShape]) -> Result<Photo> {
        let mut columns = vec![read_photo(self.originals())?];
        for file in masks.iter().flat_map(|&mask| self.files(mask)) {
            columns.push(read_photo(file)?);
        }
        Ok(sheet(columns.len()).render(&columns)?)
    }
}

fn column(images: &ImageBatch) -> Result<Photo> {
    Ok(sheet(1).render(&batch_to_photos(images)?)?)
}

fn sheet(num_columns: usize) -> ContactSheet {
    ContactSheet {
        num_columns,
        gap_px: GAP_PX,
        ..ContactSheet::default()
    }
}
