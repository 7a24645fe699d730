//! Blocks of one size at random places without overlap.

use ndarray::{Array2, s};
use semantic_inpaint_tensor::Rng;

#[derive(Debug, Clone, Copy)]
pub(super) struct BlockSize {
    pub(super) height_px: usize,
    pub(super) width_px: usize,
}

/// Marks `count` blocks as missing, or returns `None` when no arrangement holds that many.
///
/// Blocks are drawn one after the other, uniformly from the places that are still free. A crowded
/// image can jam before all are placed; then the blocks take random cells of a lattice, which holds
/// as many blocks as any arrangement can.
pub(super) fn place(
    block: BlockSize,
    count: usize,
    height: usize,
    width: usize,
    rng: &mut Rng,
) -> Option<Array2<bool>> {
    if count > (height / block.height_px) * (width / block.width_px) {
        return None;
    }
    let places = place_one_by_one(block, count, height, width, rng)
        .unwrap_or_else(|| place_on_lattice(block, count, height, width, rng));
    let mut missing = Array2::from_elem((height, width), false);
    for (row, col) in places {
        missing
            .slice_mut(s![row..row + block.height_px, col..col + block.width_px])
            .fill(true);
    }
    Some(missing)
}

fn place_one_by_one(
    block: BlockSize,
    count: usize,
    height: usize,
    width: usize,
    rng: &mut Rng,
) -> Option<Vec<(usize, usize)>> {
    let rows = height - block.height_px + 1;
    let cols = width - block.width_px + 1;
    let mut free = FreePlaces::all(rows * cols);
    let mut places = Vec::with_capacity(count);
    while places.len() < count {
        let place = free.draw(rng)?;
        let (row, col) = (place / cols, place % cols);
        places.push((row, col));
        for near_row in (row + 1).saturating_sub(block.height_px)..rows.min(row + block.height_px) {
            for near_col in (col + 1).saturating_sub(block.width_px)..cols.min(col + block.width_px)
            {
                free.remove(near_row * cols + near_col);
            }
        }
    }
    Some(places)
}

fn place_on_lattice(
    block: BlockSize,
    count: usize,
    height: usize,
    width: usize,
    rng: &mut Rng,
) -> Vec<(usize, usize)> {
    let (rows, cols) = (height / block.height_px, width / block.width_px);
    let top = rng.next_index(height - rows * block.height_px + 1);
    let left = rng.next_index(width - cols * block.width_px + 1);
    let mut cells = rng.permutation(rows * cols);
    cells.truncate(count);
    cells
        .into_iter()
        .map(|cell| {
            (
                top + cell / cols * block.height_px,
                left + cell % cols * block.width_px,
            )
        })
        .collect()
}

/// A set of places with uniform draws and removals in constant time.
struct FreePlaces {
    places: Vec<usize>,
    /// Where each place stands in `places`; `None` once it is taken.
    slots: Vec<Option<usize>>,
}

impl FreePlaces {
    fn all(count: usize) -> Self {
        Self {
            places: (0..count).collect(),
            slots: (0..count).map(Some).collect(),
        }
    }

    fn draw(&self, rng: &mut Rng) -> Option<usize> {
        self.places.get(rng.next_index(self.places.len())).copied()
    }

    fn remove(&mut self, place: usize) {
        if let Some(slot) = self.slots[place].take() {
            self.places.swap_remove(slot);
            if let Some(&moved) = self.places.get(slot) {
                self.slots[moved] = Some(slot);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_of_one_draw_do_not_overlap() {
        let block = BlockSize {
            height_px: 3,
            width_px: 5,
        };
        for seed in 0..20 {
            let mut rng = Rng::from_seed(seed);
            let places = place_one_by_one(block, 20, 32, 40, &mut rng).unwrap();
            for (index, first) in places.iter().enumerate() {
                assert!(first.0 + 3 <= 32 && first.1 + 5 <= 40);
                for second in &places[..index] {
                    let apart = first.0.abs_diff(second.0) >= 3 || first.1.abs_diff(second.1) >= 5;
                    assert!(apart, "{first:?} {second:?}");
                }
            }
        }
    }

    #[test]
    fn a_jammed_image_falls_back_to_the_lattice_and_holds_every_block() {
        let block = BlockSize {
            height_px: 2,
            width_px: 2,
        };
        for seed in 0..10 {
            let mut rng = Rng::from_seed(seed);
            assert!(place_one_by_one(block, 250, 33, 33, &mut rng).is_none());
            let missing = place(block, 250, 33, 33, &mut rng).unwrap();
            assert_eq!(
                missing.iter().filter(|&&is_missing| is_missing).count(),
                1000
            );
        }
    }

    #[test]
    fn every_place_is_drawn_about_equally_often() {
        let block = BlockSize {
            height_px: 1,
            width_px: 2,
        };
        let mut rng = Rng::from_seed(3);
        let mut counts = [0; 6];
        for _ in 0..6000 {
            let (row, col) = place_one_by_one(block, 1, 2, 4, &mut rng).unwrap()[0];
            counts[row * 3 + col] += 1;
        }
        // Five standard deviations of a binomial count.
        assert!(
            counts.iter().all(|&count: &i32| (count - 1000).abs() < 145),
            "{counts:?}"
        );
    }
}
