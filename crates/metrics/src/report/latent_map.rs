use plotters::prelude::{BLACK, ChartBuilder, Color as _, EmptyElement, LineSeries};
use semantic_inpaint_data::Photo;

use super::canvas::{LINE_PX, draw_line, picture};
use super::figures::range;
use super::marks::{LEGEND_PX, draw_legend, mark};
use super::tsne::{TsneConfig, tsne};
use crate::{EvaluationReport, Result, median};

const SIZE_PX: u32 = 640;
/// Steps of a path that are drawn, about.
const NUM_STEPS: f64 = 20.0;

/// Points of one kind on a map: encoded images, starts of a search.
#[derive(Debug, Clone, Copy)]
pub struct PointGroup<'a> {
    /// What they are.
    pub name: &'a str,
    /// Their coordinates, of one length among all groups.
    pub points: &'a [Vec<f32>],
}

impl EvaluationReport {
    /// Adds a map of a search's path among latents drawn from the generator's prior, both encodings of
    /// equal length, as the figure `Latent space`: see [`draw_latent_map`]. `of` says whose path it is.
    ///
    /// The caption tells the lengths that a map of the plane cannot show.
    ///
    /// # Errors
    ///
    /// As [`draw_latent_map`].
    pub fn add_latent_space(
        &mut self,
        of: &str,
        samples: &[Vec<f32>],
        path: &[Vec<f32>],
        config: &TsneConfig,
    ) -> Result<()> {
        let group = PointGroup {
            name: "drawn from the prior",
            points: samples,
        };
        let map = draw_latent_map(&[group], &spaced(path), config)?;
        self.add_figure("Latent space", caption(of, samples, path), map);
        Ok(())
    }
}

fn caption(of: &str, samples: &[Vec<f32>], path: &[Vec<f32>]) -> String {
    let apart: Vec<f64> = (samples.iter().enumerate())
        .flat_map(|(index, one)| samples[..index].iter().map(move |two| distance(one, two)))
        .collect();
    let steps = length(path);
    let ends = path.first().zip(path.last());
    let straight = ends.map_or(0.0, |(start, end)| distance(start, end));
    format!(
        "{} latents drawn from the generator's prior and the path of {of}, {} points of the lowest objective \
         so far, laid out together by t-SNE. In the latent space itself two draws lie {:.1} apart (median), \
         start and end of the path {straight:.1}, and the path between them is {steps:.1} long. Points that \
         are near each other there are near each other here; how far groups lie from each other here means \
         little.",
        samples.len(),
        path.len(),
        median(&apart),
    )
}

/// The points of a path that are some way from the one before, and its end: points that nearly coincide
/// would push each other off their line.
fn spaced(path: &[Vec<f32>]) -> Vec<Vec<f32>> {
    let least = length(path) / NUM_STEPS;
    let mut spaced: Vec<Vec<f32>> = Vec::new();
    for point in path {
        if (spaced.last()).is_none_or(|last| distance(last, point) > least) {
            spaced.push(point.clone());
        }
    }
    if let Some(end) = path.last().filter(|end| spaced.last() != Some(end)) {
        spaced.pop_if(|last| distance(last, end) < least && *last != path[0]);
        spaced.push(end.clone());
    }
    spaced
}

/// Along all points of a path.
fn length(path: &[Vec<f32>]) -> f64 {
    let steps = path.windows(2);
    steps.map(|pair| distance(&pair[0], &pair[1])).sum()
}

fn distance(one: &[f32], two: &[f32]) -> f64 {
    let differences = one.iter().zip(two).map(|(one, two)| f64::from(one - two));
    differences
        .map(|difference| difference * difference)
        .sum::<f64>()
        .sqrt()
}

/// A map of latents by t-SNE, with a search's path through them, as Yeh et al. 2017 picture their method.
///
/// Groups and path are laid out together by [`tsne`]. The path is drawn as a line from `start` to `end`; it
/// may be empty.
///
/// ```
/// use semantic_inpaint_metrics::{PointGroup, TsneConfig, draw_latent_map};
///
/// let ring = |radius: f32, count: usize| -> Vec<Vec<f32>> {
///     let turn = |index| std::f32::consts::TAU * index as f32 / count as f32;
///     (0..count).map(|index| vec![radius * turn(index).cos(), radius * turn(index).sin()]).collect()
/// };
/// let groups = [
///     PointGroup { name: "near", points: &ring(1.0, 20) },
///     PointGroup { name: "far", points: &ring(9.0, 20) },
/// ];
/// let path = [vec![9.0, 0.0], vec![5.0, 0.0], vec![1.0, 0.0]];
/// let config = TsneConfig { iterations: 50, ..TsneConfig::default() };
/// let map = draw_latent_map(&groups, &path, &config)?;
/// assert!(map.width() > map.height());
/// # Ok::<(), semantic_inpaint_metrics::Error>(())
/// ```
///
/// # Errors
///
/// As [`tsne`], of all points together; [`Error::Report`](crate::Error::Report) when it cannot be drawn.
pub fn draw_latent_map(
    groups: &[PointGroup<'_>],
    path: &[Vec<f32>],
    config: &TsneConfig,
) -> Result<Photo> {
    let points = groups.iter().flat_map(|group| group.points).chain(path);
    let places = tsne(&points.cloned().collect::<Vec<_>>(), config)?;
    let places: Vec<(f64, f64)> = places.into_iter().map(|[x, y]| (x, y)).collect();
    let (xs, ys): (Vec<f64>, Vec<f64>) = places.iter().copied().unzip();
    let (of_groups, of_path) = places.split_at(places.len() - path.len());
    let names: Vec<&str> = groups.iter().map(|group| group.name).collect();
    picture((SIZE_PX + LEGEND_PX as u32, SIZE_PX), |area| {
        let (plot, side) = area.split_horizontally(SIZE_PX);
        draw_legend(&side, &names, (16, 16))?;
        let mut chart = ChartBuilder::on(&plot)
            .margin(10)
            .build_cartesian_2d(range(&xs), range(&ys))?;
        let mut rest = of_groups;
        for (place, group) in groups.iter().enumerate() {
            let (own, others) = rest.split_at(group.points.len());
            rest = others;
            let dots = own
                .iter()
                .map(|&at| EmptyElement::at(at) + mark(place).shape());
            chart.draw_series(dots)?;
        }
        chart.draw_series(LineSeries::new(
            of_path.iter().copied(),
            BLACK.stroke_width(2),
        ))?;
        for (name, at) in [("start", of_path.first()), ("end", of_path.last())] {
            if let Some(at) = at {
                let (x, y) = chart.backend_coord(at);
                draw_line(&plot, name, (x + 8, y - LINE_PX / 2))?;
            }
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_thinned_where_it_hardly_moves_and_keeps_its_ends() {
        let at = |x: f32| vec![x, 0.0];
        let slowing: Vec<Vec<f32>> = (0..60).map(|step| at(1.0 - 0.8_f32.powi(step))).collect();
        let found = spaced(&slowing);
        assert!((8..22).contains(&found.len()), "{}", found.len());
        assert_eq!((&found[0], found.last()), (&slowing[0], slowing.last()));
        let least = length(&slowing) / NUM_STEPS;
        assert!(
            found
                .windows(2)
                .all(|pair| distance(&pair[0], &pair[1]) >= least)
        );
        for path in [vec![], vec![at(1.0)], vec![at(1.0), at(2.0)]] {
            assert_eq!(spaced(&path), path);
        }
        assert_eq!(spaced(&[at(1.0), at(1.0)]), [at(1.0)]);
    }
}
