use semantic_inpaint_mask::MaskShape;

use super::method::CoursePoint;

/// How a method's objective fell in its work on one image.
#[derive(Debug, Clone, PartialEq)]
pub struct EvaluationCourse {
    /// The hole.
    pub mask: MaskShape,
    /// The method's name.
    pub method: String,
    /// The image's name in its set.
    pub image: String,
    /// Iterations, rising.
    pub iterations: Vec<usize>,
    /// The lowest objective until each of them.
    pub objective: Vec<f32>,
}

/// The course of one image of a batch, by its place in the batch.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ImageCourse {
    pub(super) place: usize,
    pub(super) iterations: Vec<usize>,
    pub(super) objective: Vec<f32>,
}

impl ImageCourse {
    /// The courses of the images that all points speak of, from place `first` on.
    pub(super) fn of_points(points: &[CoursePoint], first: usize) -> Vec<Self> {
        let num_images = points.iter().map(|point| point.objective.len()).min();
        let of_image = |index: usize| Self {
            place: first + index,
            iterations: points.iter().map(|point| point.iteration).collect(),
            objective: points
                .iter()
                .map(|point| point.objective[index] as f32)
                .collect(),
        };
        (0..num_images.unwrap_or(0)).map(of_image).collect()
    }
}

/// Courses with the same iterations as a CSV file: a row for each iteration, a column for each image.
/// Those with other iterations than the first are left out.
pub(super) fn to_csv(courses: &[EvaluationCourse]) -> Result<Vec<u8>, csv::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let first = courses.first();
    let is_alike = |course: &&EvaluationCourse| {
        first.is_some_and(|first| first.iterations == course.iterations)
    };
    let alike: Vec<&EvaluationCourse> = courses.iter().filter(is_alike).collect();
    let names = alike.iter().map(|course| course.image.as_str());
    writer.write_record(std::iter::once(ITERATION).chain(names))?;
    for (row, iteration) in first.iter().flat_map(|it| &it.iterations).enumerate() {
        let values = alike.iter().map(|course| course.objective[row].to_string());
        writer.write_record(std::iter::once(iteration.to_string()).chain(values))?;
    }
    writer.into_inner().map_err(|error| {
        let kind = error.error().kind();
        csv::Error::from(std::io::Error::from(kind))
    })
}

const ITERATION: &str = "iteration";

/// The courses of a CSV file by this method with this mask; an error is the reason why it is none.
pub(super) fn from_csv(
    text: &str,
    mask: MaskShape,
    method: &str,
) -> Result<Vec<EvaluationCourse>, String> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let head = reader.headers().map_err(|error| error.to_string())?;
    if head.get(0) != Some(ITERATION) {
        return Err(format!("its first column is not `{ITERATION}`"));
    }
    let course = |image: &str| EvaluationCourse {
        mask,
        method: method.into(),
        image: image.into(),
        iterations: Vec::new(),
        objective: Vec::new(),
    };
    let mut courses: Vec<EvaluationCourse> = head.iter().skip(1).map(course).collect();
    for row in reader.records() {
        let row = row.map_err(|error| error.to_string())?;
        let mut values = row.iter();
        let iteration = values.next().and_then(|text| text.parse().ok());
        let iteration = iteration.ok_or("an iteration is no number")?;
        for (course, value) in courses.iter_mut().zip(values) {
            let value = value.parse().map_err(|_| "an objective is no number")?;
            course.iterations.push(iteration);
            course.objective.push(value);
        }
    }
    Ok(courses)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn course(image: &str, iterations: &[usize]) -> EvaluationCourse {
        EvaluationCourse {
            mask: "square:6".parse().unwrap(),
            method: "search".into(),
            image: image.into(),
            iterations: iterations.into(),
            objective: iterations.iter().map(|&at| 0.1 / (at + 3) as f32).collect(),
        }
    }

    #[test]
    fn courses_come_back_from_their_file_bit_for_bit() {
        let courses = ["a, \"b\"\n.png", "c.png"].map(|image| course(image, &[0, 10, 20]));
        let text = String::from_utf8(to_csv(&courses).unwrap()).unwrap();
        let found = from_csv(&text, courses[0].mask, "search").unwrap();
        assert_eq!(found, courses);
        let others = [courses[0].clone(), course("d.png", &[0, 5])];
        let text = String::from_utf8(to_csv(&others).unwrap()).unwrap();
        assert_eq!(
            from_csv(&text, others[0].mask, "search").unwrap(),
            &others[..1]
        );
    }

    #[test]
    fn files_that_hold_no_courses_are_refused() {
        let mask = "square:6".parse().unwrap();
        for text in [
            "",
            "step,a\n1,2\n",
            "iteration,a\n1\n",
            "iteration,a\n1,x\n",
            "iteration,a\nx,1\n",
        ] {
            assert!(from_csv(text, mask, "search").is_err(), "{text}");
        }
    }

    #[test]
    fn points_become_courses_of_the_images_that_all_of_them_have() {
        let point = |iteration, objective: &[f64]| CoursePoint {
            iteration,
            objective: objective.into(),
        };
        let found = ImageCourse::of_points(&[point(0, &[3.0, 4.0]), point(9, &[1.0])], 5);
        let expected = ImageCourse {
            place: 5,
            iterations: vec![0, 9],
            objective: vec![3.0, 1.0],
        };
        assert_eq!(found, [expected]);
        assert!(ImageCourse::of_points(&[], 0).is_empty());
    }
}
