use plotters::prelude::{BLACK, ChartBuilder, Color as _, EmptyElement, LineSeries};
use semantic_inpaint_data::Photo;

use super::canvas::{LINE_PX, draw_line, picture};
use super::figures::range;
use super::marks::{LEGEND_PX, draw_legend, mark};
use super::tsne::{TsneConfig, tsne};
use crate::Result;

const SIZE_PX: u32 = 640;

/// Points of one kind on a map: encoded images, starts of a search.
#[derive(Debug, Clone, Copy)]
pub struct PointGroup<'a> {
    /// What they are.
    pub name: &'a str,
    /// Their coordinates, of one length among all groups.
    pub points: &'a [Vec<f32>],
}

/// A map of latents by t-SNE, with a search's path through them: the picture of figure 2b of Yeh et al.
/// 2017.
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
