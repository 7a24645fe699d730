//! Restarts that fall behind are dropped.

use super::state::{Row, State};
use crate::Result;
use crate::engine::FastNetworks;

impl State {
    /// Drops the worse half of each image's restarts, by their lowest objective so far, but keeps `least`;
    /// of an odd number the one in the middle stays.
    pub(super) fn halve(&mut self, networks: Option<&FastNetworks>, least: usize) -> Result<()> {
        let rows = self.groups.drain(..).flat_map(|group| group.rows);
        let halved = |rows: Vec<Row>| {
            let left = rows.len().div_ceil(2).max(least);
            best_of(rows, left)
        };
        let left = by_image(rows, self.best.len()).into_iter().flat_map(halved);
        let left = left.collect();
        self.group(networks, left)
    }

    /// Whether an image that goes on has more restarts left than `least`.
    pub(super) fn has_more_than(&self, least: usize) -> bool {
        let rows = self.groups.iter().flat_map(|group| &group.rows);
        let mut counts = vec![0; self.num_images()];
        rows.for_each(|row| counts[row.image] += 1);
        counts.into_iter().any(|count| count > least)
    }
}

/// The rows of each image.
pub(super) fn by_image(rows: impl Iterator<Item = Row>, num_images: usize) -> Vec<Vec<Row>> {
    let mut images: Vec<Vec<Row>> = (0..num_images).map(|_| Vec::new()).collect();
    rows.for_each(|row| images[row.image].push(row));
    images
}

/// So many of an image's rows, those with the lowest objective, in the order of the restarts.
pub(super) fn best_of(mut rows: Vec<Row>, count: usize) -> Vec<Row> {
    rows.sort_by(|a, b| a.best.objective.total_cmp(&b.best.objective));
    rows.truncate(count);
    rows.sort_by_key(|row| row.restart);
    rows
}
