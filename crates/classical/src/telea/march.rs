use std::cmp::Ordering;
use std::collections::BinaryHeap;

use crate::picture::Region;

/// Distance of pixels that the front has not reached.
const FAR: f32 = 1e6;

/// The image with a border of one pixel.
#[derive(Debug, Clone, Copy)]
pub(super) struct Grid {
    pub(super) rows: usize,
    pub(super) cols: usize,
}

impl Grid {
    /// The pixel of the image at a place of the grid that is not its border.
    pub(super) fn pixel(self, at: usize) -> usize {
        (at / self.cols - 1) * (self.cols - 2) + at % self.cols - 1
    }

    fn place(self, pixel: usize) -> usize {
        let width = self.cols - 2;
        (pixel / width + 1) * self.cols + pixel % width + 1
    }

    fn is_border(self, at: usize) -> bool {
        let (row, col) = (at / self.cols, at % self.cols);
        row == 0 || col == 0 || row + 1 == self.rows || col + 1 == self.cols
    }

    /// Above, left, below, right, of a place that is not on the border.
    fn neighbors(self, at: usize) -> [usize; 4] {
        [at - self.cols, at - 1, at + self.cols, at + 1]
    }
}

/// A place on the front; the smallest distance is the greatest, then the earliest.
#[derive(Debug, PartialEq)]
struct Waiting {
    distance: f32,
    number: usize,
    at: usize,
}

impl Eq for Waiting {}

impl Ord for Waiting {
    fn cmp(&self, other: &Self) -> Ordering {
        let by_distance = other.distance.total_cmp(&self.distance);
        by_distance.then(other.number.cmp(&self.number))
    }
}

impl PartialOrd for Waiting {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// A queue in order of distance, first come first served among equals.
#[derive(Debug, Default)]
struct Queue {
    heap: BinaryHeap<Waiting>,
    num_pushed: usize,
}

impl Queue {
    fn push(&mut self, at: usize, distance: f32) {
        self.heap.push(Waiting {
            distance,
            number: self.num_pushed,
            at,
        });
        self.num_pushed += 1;
    }

    fn pop(&mut self) -> Option<usize> {
        self.heap.pop().map(|waiting| waiting.at)
    }
}

/// The front that marches into the hole, with the distance T of every place to where it started:
/// negative outside the hole, positive inside.
#[derive(Debug)]
pub(super) struct Front {
    grid: Grid,
    /// Places that hold no value yet.
    missing: Vec<bool>,
    distance: Vec<f32>,
    queue: Queue,
    /// The place whose neighbors are visited, and how many have been.
    visiting: Option<(usize, usize)>,
}

impl Front {
    /// The front at the known pixels beside the hole, with distances outside to `radius` pixels.
    pub(super) fn new(region: &Region, radius: usize) -> Self {
        let grid = Grid {
            rows: region.height + 2,
            cols: region.width + 2,
        };
        let mut missing = vec![false; grid.rows * grid.cols];
        for &pixel in &region.missing {
            missing[grid.place(pixel)] = true;
        }
        let near = region.distances_to(|pixel| !region.known[pixel]);
        let mut outside = vec![false; missing.len()];
        let mut distance = vec![FAR; missing.len()];
        let mut queue = Queue::default();
        let mut outer = Queue::default();
        for (pixel, near) in near.into_iter().enumerate() {
            let at = grid.place(pixel);
            if missing[at] {
                continue;
            }
            if grid.neighbors(at).into_iter().any(|other| missing[other]) {
                distance[at] = 0.0;
                queue.push(at, 0.0);
                outer.push(at, 0.0);
            } else {
                outside[at] = near <= radius;
            }
        }
        march_outward(grid, outside, &mut distance, outer);
        Self {
            grid,
            missing,
            distance,
            queue,
            visiting: None,
        }
    }

    pub(super) fn grid(&self) -> Grid {
        self.grid
    }

    pub(super) fn is_missing(&self, at: usize) -> bool {
        self.missing[at]
    }

    pub(super) fn distance(&self, at: usize) -> f32 {
        self.distance[at]
    }

    /// The next place to be given a value, and its distance, which is set.
    pub(super) fn next_to_fill(&mut self) -> Option<(usize, f32)> {
        loop {
            let (at, visited) = match self.visiting.take() {
                Some(visiting) => visiting,
                None => (self.queue.pop()?, 0),
            };
            for (index, other) in self.grid.neighbors(at).into_iter().enumerate() {
                if index >= visited && self.missing[other] {
                    self.visiting = Some((at, index + 1));
                    let distance = arrival(self.grid, &self.missing, &self.distance, other);
                    self.distance[other] = distance;
                    return Some((other, distance));
                }
            }
        }
    }

    /// Makes a place known and part of the front.
    pub(super) fn mark_filled(&mut self, at: usize, distance: f32) {
        self.missing[at] = false;
        self.queue.push(at, distance);
    }
}

/// Sets the distances of the places marked in `waiting`, negative.
fn march_outward(grid: Grid, mut waiting: Vec<bool>, distance: &mut [f32], mut queue: Queue) {
    let mut reached = Vec::new();
    while let Some(at) = queue.pop() {
        for other in grid.neighbors(at) {
            if waiting[other] && !grid.is_border(other) {
                distance[other] = arrival(grid, &waiting, distance, other);
                waiting[other] = false;
                queue.push(other, distance[other]);
                reached.push(other);
            }
        }
    }
    for at in reached {
        distance[at] = -distance[at];
    }
}

/// When the front arrives: the smallest solution of `|grad T| = 1` of the four corners around.
fn arrival(grid: Grid, waiting: &[bool], distance: &[f32], at: usize) -> f32 {
    let [above, left, below, right] = grid.neighbors(at);
    let corner = |vertical: usize, horizontal: usize| {
        corner_arrival(
            (!waiting[vertical]).then_some(distance[vertical]),
            (!waiting[horizontal]).then_some(distance[horizontal]),
        )
    };
    corner(above, left)
        .min(corner(below, left))
        .min(corner(above, right).min(corner(below, right)))
}

/// The arrival behind a corner of one vertical and one horizontal neighbor; `None` is not reached.
fn corner_arrival(vertical: Option<f32>, horizontal: Option<f32>) -> f32 {
    let arrival = match (vertical.map(f64::from), horizontal.map(f64::from)) {
        (Some(one), Some(other)) => {
            let difference = one - other;
            if difference.abs() >= 1.0 {
                1.0 + one.min(other)
            } else {
                (one + other + (2.0 - difference * difference).sqrt()) * 0.5
            }
        }
        (Some(one), None) | (None, Some(one)) => 1.0 + one,
        (None, None) => 1.0 + f64::from(FAR),
    };
    arrival as f32
}
