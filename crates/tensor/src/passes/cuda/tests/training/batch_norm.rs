use super::*;
use crate::passes::cuda::training::{BatchNorm, NormOperands};

const EPSILON: f64 = 1e-5;

/// Images `[N, C, pixels]` around 3, so that sums of squares would lose digits, and a gradient.
struct Norm {
    dims: [usize; 3],
    slope: f64,
    x: Vec<f32>,
    gradient: Vec<f32>,
    scale: Vec<f32>,
    shift: Vec<f32>,
}

/// Results of both directions in double precision.
#[derive(Default)]
struct Definition {
    y: Vec<f64>,
    statistics: Vec<f64>,
    of_x: Vec<f64>,
    slopes: Vec<f64>,
}

impl Norm {
    fn new(dims: [usize; 3], slope: f64) -> Self {
        let rng = &mut Rng::from_seed(31);
        let mut draw = |count: usize, center: f64| -> Vec<f32> {
            let drawn = (0..count).map(|_| (center + 2.0 * rng.next_unit() - 1.0) as f32);
            drawn.collect()
        };
        let len = dims.iter().product();
        Self {
            x: draw(len, 3.0),
            gradient: draw(len, 0.0),
            scale: draw(dims[1], 1.0),
            shift: draw(dims[1], 0.0),
            dims,
            slope,
        }
    }

    fn definition(&self) -> Definition {
        let [images, channels, pixels] = self.dims;
        let mut all = Definition {
            y: vec![0.0; self.x.len()],
            statistics: vec![0.0; 3 * channels],
            of_x: vec![0.0; self.x.len()],
            slopes: vec![0.0; 2 * channels],
        };
        for channel in 0..channels {
            let places: Vec<usize> = (0..images * pixels)
                .map(|i| (i / pixels * channels + channel) * pixels + i % pixels)
                .collect();
            let count = places.len() as f64;
            let mean_of =
                |f: &dyn Fn(usize) -> f64| places.iter().map(|&at| f(at)).sum::<f64>() / count;
            let x = |at: usize| f64::from(self.x[at]);
            let mean = mean_of(&x);
            let variance = mean_of(&|at| (x(at) - mean).powi(2));
            let inverse = 1.0 / (variance + EPSILON).sqrt();
            let scale = f64::from(self.scale[channel]);
            let normalized = |at: usize| (x(at) - mean) * inverse;
            let v = |at: usize| normalized(at) * scale + f64::from(self.shift[channel]);
            let through = |at: usize| if v(at) > 0.0 { 1.0 } else { self.slope };
            let g = |at: usize| f64::from(self.gradient[at]) * through(at);
            let (mean_g, mean_gx) = (mean_of(&g), mean_of(&|at| g(at) * normalized(at)));
            for &at in &places {
                all.y[at] = v(at) * through(at);
                all.of_x[at] = scale * inverse * (g(at) - mean_g - normalized(at) * mean_gx);
            }
            for (row, value) in [mean, variance, inverse].into_iter().enumerate() {
                all.statistics[row * channels + channel] = value;
            }
            all.slopes[channel] = mean_g * count;
            all.slopes[channels + channel] = mean_gx * count;
        }
        all
    }
}

#[track_caller]
fn assert_like(got: &[f32], want: &[f64], size: f64, what: &str) {
    assert_eq!(got.len(), want.len(), "{what}");
    for (index, (got, want)) in got.iter().zip(want).enumerate() {
        let apart = (f64::from(*got) - want).abs();
        assert!(
            apart <= 1e-5 * size.max(want.abs()),
            "{what} at {index}: {got} for {want}"
        );
    }
}

fn check(runtime: &Runtime, norm: &Norm) {
    let pass = BatchNorm::new(norm.dims, EPSILON, norm.slope).unwrap();
    let upload = |values: &[f32]| runtime.upload_floats(values).unwrap();
    let (x, gradient) = (upload(&norm.x), upload(&norm.gradient));
    let (scale, shift) = (upload(&norm.scale), upload(&norm.shift));
    let channels = norm.dims[1];
    let statistics = runtime.allocate(3 * channels * 4).unwrap();
    let slopes = runtime.allocate(2 * channels * 4).unwrap();
    let operands = NormOperands {
        images: &x,
        scale: &scale,
        shift: &shift,
        statistics: &statistics,
    };
    let want = norm.definition();
    let what = format!("{:?}, slope {}", norm.dims, norm.slope);
    let y = run_twice(runtime, norm.x.len(), |output| {
        pass.forward(runtime, operands, output).unwrap()
    });
    assert_like(&y, &want.y, 1.0, &format!("values of {what}"));
    let noted = runtime.read_floats(&statistics).unwrap();
    assert_like(
        &noted,
        &want.statistics,
        0.0,
        &format!("statistics of {what}"),
    );
    let of_x = run_twice(runtime, norm.x.len(), |output| {
        pass.backward(runtime, operands, &gradient, output, &slopes)
            .unwrap()
    });
    // Of two values nearly nothing is left: errors are those of what cancels.
    let steepest = want.statistics[2 * channels..]
        .iter()
        .fold(0.0f64, |most, inverse| most.max(*inverse));
    let of = format!("gradient of {what}");
    assert_like(&of_x, &want.of_x, steepest, &of);
    let noted = runtime.read_floats(&slopes).unwrap();
    let count = (norm.dims[0] * norm.dims[2]) as f64;
    assert_like(
        &noted,
        &want.slopes,
        count.sqrt(),
        &format!("slopes of {what}"),
    );
}

#[test]
fn normalization_equals_its_definition_at_awkward_sizes() {
    let Some(runtime) = runtime() else { return };
    for dims in [
        [1, 1, 2],
        [3, 5, 1],
        [2, 136, 9],
        [65, 3, 16],
        [3, 7, 576],
        [1, 2, 4],
    ] {
        for slope in [0.0, 0.2, 1.0] {
            check(&runtime, &Norm::new(dims, slope));
        }
    }
}

#[test]
fn normalization_in_many_parts_equals_its_definition() {
    let Some(runtime) = runtime() else { return };
    let norm = Norm::new([65, 3, 576], 0.2);
    let pass = BatchNorm::new(norm.dims, EPSILON, norm.slope).unwrap();
    assert!(pass.parts().0 > 8);
    check(&runtime, &norm);
}

#[test]
fn sizes_that_cannot_be_normalized_are_refused() {
    assert!(BatchNorm::new([0, 3, 4], EPSILON, 0.0).is_err());
    assert!(BatchNorm::new([1 << 20, 3, 1 << 12], EPSILON, 0.0).is_err());
    let runtime = Runtime::emulated(std::path::Path::new("no program is run"), 0);
    let pass = BatchNorm::new([2, 3, 4], EPSILON, 0.0).unwrap();
    let (small, large) = (runtime.allocate(8).unwrap(), runtime.allocate(96).unwrap());
    let operands = |images, statistics| NormOperands {
        images,
        scale: &large,
        shift: &large,
        statistics,
    };
    for (images, statistics, output) in [
        (&small, &large, &large),
        (&large, &small, &large),
        (&large, &large, &small),
    ] {
        assert!(
            pass.forward(&runtime, operands(images, statistics), output)
                .is_err()
        );
    }
}
