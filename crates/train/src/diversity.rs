use semantic_inpaint_tensor::{DType, ImageBatch, Result};

/// The root mean square difference of a value between two images of a batch, over all pairs; 0 for a
/// single image.
///
/// **Equation** with m the mean image, which makes the sum over pairs one over images:
///
/// ```text
/// mean over i < j of |x_i - x_j|^2 = 2 / (N - 1) sum_i |x_i - m|^2
/// ```
pub(crate) fn diversity(images: &ImageBatch) -> Result<f64> {
    let count = images.count();
    if count < 2 {
        return Ok(0.0);
    }
    let values = images.tensor().flatten_from(1)?.to_dtype(DType::F64)?;
    let deviations = values.broadcast_sub(&values.mean_keepdim(0)?)?;
    let squares: f64 = deviations.sqr()?.sum_all()?.to_scalar()?;
    let per_image = images.shape().num_values() as f64;
    Ok((2.0 * squares / (count as f64 - 1.0) / per_image).sqrt())
}

#[cfg(test)]
mod tests {
    use semantic_inpaint_tensor::{Device, Rng, Tensor};

    use super::*;

    fn images(count: usize, seed: u64) -> ImageBatch {
        let mut rng = Rng::from_seed(seed);
        ImageBatch::new(
            rng.normal(0.3, 0.5, (count, 3, 4, 5), &Device::Cpu)
                .unwrap(),
        )
        .unwrap()
    }

    #[test]
    fn it_is_the_mean_over_all_pairs() {
        let images = images(6, 1);
        let rows: Vec<Vec<f32>> = images.tensor().flatten_from(1).unwrap().to_vec2().unwrap();
        let mut squares = Vec::new();
        for (index, first) in rows.iter().enumerate() {
            for second in &rows[index + 1..] {
                let pairs = first.iter().zip(second);
                squares.extend(pairs.map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2)));
            }
        }
        let want = (squares.iter().sum::<f64>() / squares.len() as f64).sqrt();
        assert!((diversity(&images).unwrap() - want).abs() < 1e-9);
    }

    #[test]
    fn duplicates_have_none() {
        let one = images(1, 2);
        assert_eq!(diversity(&one).unwrap(), 0.0);
        let many = Tensor::cat(&[one.tensor(); 5], 0).unwrap();
        assert!(diversity(&ImageBatch::new(many).unwrap()).unwrap() < 1e-9);
    }
}
