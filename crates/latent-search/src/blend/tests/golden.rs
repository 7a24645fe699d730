use semantic_inpaint_tensor::{DType, Tensor};
use testkit::golden;

use crate::PoissonSolver;

/// Two direct solvers in f64 differ by rounding times the condition number, which is below 1e6 here.
const TOLERANCE: f64 = 1e-8;

const MASKS: [&str; 6] = ["center", "corner", "half", "pixels", "pattern", "one_known"];

fn plane(tensor: &Tensor) -> Vec<f64> {
    tensor
        .to_dtype(DType::F64)
        .unwrap()
        .flatten_all()
        .unwrap()
        .to_vec1()
        .unwrap()
}

#[test]
fn fills_equal_those_of_scipy() {
    let tensors = golden(env!("CARGO_MANIFEST_DIR"), "poisson");
    let (height, width) = tensors["values"].dims2().unwrap();
    let (values, guide) = (plane(&tensors["values"]), plane(&tensors["guide"]));
    for name in MASKS {
        let known: Vec<bool> = plane(&tensors[&format!("{name}.known")])
            .iter()
            .map(|&value| value == 1.0)
            .collect();
        let expected = plane(&tensors[&format!("{name}.completed")]);
        let solver = PoissonSolver::new(height, width, &known).unwrap();
        let completed = solver.solve(&values, &guide).unwrap();
        for (pixel, (got, expected)) in completed.iter().zip(&expected).enumerate() {
            assert!(
                (got - expected).abs() < TOLERANCE,
                "{name}, pixel {pixel}: {got}, {expected}"
            );
        }
    }
}
