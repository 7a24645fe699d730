use super::*;

/// Maps of 10 channels that come from sums in many parts, from whole ones, and from a projection.
fn cases() -> [(Case, usize); 3] {
    let case = |shapes| Case::new(shapes, Direction::Up, Precision::F32, 2);
    let strided = (map(40, 4), map(10, 8));
    let projection = (map(7, 1), map(10, 4));
    [
        (case(strided), 1),
        (case(strided), 4096),
        (case(projection), 1),
    ]
}

fn area(shape: MapShape) -> usize {
    shape.side() * shape.side()
}

#[test]
fn a_rectifier_follows_the_shift_of_each_channel() {
    let Some(runtime) = runtime() else { return };
    for (case, nominal) in cases() {
        let shift: Vec<f32> = (0..10).map(|channel| channel as f32 - 4.5).collect();
        let pass = case.pass(&runtime, nominal);
        let held = pass.upload_shift(&runtime, &shift).unwrap();
        let rectify = Epilogue::Rectify {
            shift: Some(&held),
            slope: 0.2,
        };
        let sums = case.sums().into_iter().enumerate();
        let want: Vec<f32> = sums
            .map(|(at, sum)| sum + shift[at / area(case.fine) % 10])
            .map(|v| v.max(0.2 * v))
            .collect();
        let got = case.run(&runtime, nominal, rectify);
        assert_near(&got, &want, 1e-5, "rectify");
    }
}

#[test]
fn a_gate_is_open_where_the_rectifier_was_above_zero() {
    let Some(runtime) = runtime() else { return };
    for (case, nominal) in cases() {
        let sums = case.sums();
        let gates: Vec<f32> = (0..sums.len()).map(|at| (at % 3) as f32 - 1.0).collect();
        let held = runtime.upload_floats(&to_stored(&gates, 10, area(case.fine)));
        let gate = Epilogue::Gate {
            outputs: &held.unwrap(),
            slope: 0.3,
        };
        let want: Vec<f32> = (sums.iter().zip(&gates))
            .map(|(sum, &gate)| if gate > 0.0 { *sum } else { 0.3 * sum })
            .collect();
        assert_near(&case.run(&runtime, nominal, gate), &want, 1e-5, "gate");
    }
}

#[test]
fn tanh_leaves_the_images_in_single_precision() {
    let Some(runtime) = runtime() else { return };
    for (case, nominal) in cases() {
        let pixels = area(case.fine);
        let images = runtime.allocate(2 * pixels * stored(10) * 4).unwrap();
        let got = case.run(&runtime, nominal, Epilogue::Tanh { images: &images });
        let want: Vec<f32> = case.sums().iter().map(|sum| sum.tanh()).collect();
        assert_near(&got, &want, 1e-5, "tanh");
        let images = from_stored(&runtime.read_floats(&images).unwrap(), 10, pixels);
        assert_eq!(images, got);
    }
}

const SIDE: usize = 16;
const PIXELS: usize = SIDE * SIDE;
const SCALES: [f32; 3] = [0.5, 1.0, 2.0];

/// Three images of three channels, their targets, and weights that are 0 at every fourth pixel.
struct Context {
    images: Vec<f32>,
    target: Vec<f32>,
    weights: Vec<f32>,
}

impl Context {
    fn new() -> Self {
        let values = |modulus: usize, scale: f32| -> Vec<f32> {
            let steps = (0..9 * PIXELS).map(|at| (at % modulus) as f32 - (modulus / 2) as f32);
            steps.map(|step| step / scale).collect()
        };
        Self {
            images: values(19, 10.0),
            target: values(7, 5.0),
            weights: (0..3 * PIXELS).map(|at| (at % 4) as f32).collect(),
        }
    }

    fn weight(&self, at: usize) -> f32 {
        self.weights[at / (3 * PIXELS) * PIXELS + at % PIXELS]
    }

    /// The target with what must not be read replaced.
    fn blanked(&self) -> Vec<f32> {
        let values = self.target.iter().enumerate();
        let blank = |(at, &value)| {
            if self.weight(at) > 0.0 {
                value
            } else {
                f32::NAN
            }
        };
        values.map(blank).collect()
    }

    /// The gradient before the tanh that made the images, by its definition.
    fn gradient(&self, prior: &[f32], distance: Distance) -> Vec<f32> {
        let gradient = |(at, prior): (usize, &f32)| {
            let (x, y) = (self.images[at], self.target[at]);
            let slope = match distance {
                _ if x == y => 0.0,
                Distance::Absolute => (x - y).signum(),
                Distance::Squared => 2.0 * (x - y),
            };
            (prior + SCALES[at / (3 * PIXELS)] * self.weight(at) * slope) * (1.0 - x * x)
        };
        prior.iter().enumerate().map(gradient).collect()
    }
}

#[test]
fn the_context_gradient_is_added_before_the_tanh() {
    let Some(runtime) = runtime() else { return };
    let case = Case::new((map(6, 8), map(3, SIDE)), Direction::Up, Precision::Bf16, 3);
    let (context, sums) = (Context::new(), case.sums());
    let upload = |values: &[f32]| runtime.upload_floats(values).unwrap();
    let (images, target) = (
        upload(&to_stored(&context.images, 3, PIXELS)),
        upload(&to_stored(&context.blanked(), 3, PIXELS)),
    );
    let (pixel_weights, scales) = (upload(&context.weights), upload(&SCALES));
    for distance in [Distance::Absolute, Distance::Squared] {
        let terms = ContextTerms {
            images: &images,
            target: &target,
            pixel_weights: &pixel_weights,
            scales: &scales,
            distance,
        };
        let got = case.run(&runtime, 8, Epilogue::ImageGradient(terms));
        assert_near(&got, &context.gradient(&sums, distance), 1e-5, "with");

        let output = runtime.allocate(3 * PIXELS * 8 * 4).unwrap();
        let shape = MapShape::Image {
            channels: 3,
            side: SIDE,
        };
        let launch = image_gradient(3, shape, Precision::F32, &output, terms).unwrap();
        runtime.record(&[launch]).unwrap().replay().unwrap();
        let got = from_stored(&runtime.read_floats(&output).unwrap(), 3, PIXELS);
        let want = context.gradient(&vec![0.0; sums.len()], distance);
        assert_near(&got, &want, 1e-6, "without a prior loss");
    }
}
