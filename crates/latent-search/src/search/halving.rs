//! Restarts that fall behind are dropped.

use super::state::{Row, State};
use crate::Result;
use crate::engine::FastNetworks;

impl State {
    /// Drops the worse half of each image's restarts, by their lowest objective so far, but keeps `least`;
    /// of an odd number the one in the middle stays.
    pub(super) fn halve(&mut self, networks: Option<&FastNetworks>, least: usize) -> Result<()> {
        let num_images = self.num_images();
        let rows: Vec<Row> = self.groups.drain(..).flat_map(|group| group.rows).collect();
        let mut left: Vec<Vec<Row>> = (0..num_images).map(|_| Vec::new()).collect();
        for row in rows {
            left[row.image].push(row);
        }
        for rows in &mut left {
            rows.sort_by(|a, b| a.best.objective.total_cmp(&b.best.objective));
            rows.truncate(rows.len().div_ceil(2).max(least));
            rows.sort_by_key(|row| row.restart);
        }
        self.group(networks, left.into_iter().flatten().collect())
    }

    /// Whether images have more restarts left than `least`.
    pub(super) fn has_more_than(&self, least: usize) -> bool {
        let num_rows: usize = self.groups.iter().map(|group| group.rows.len()).sum();
        num_rows > least * self.num_images()
    }
}
