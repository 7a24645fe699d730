/// A pixel's neighbors inside the image: above, left, right, below.
pub(super) fn neighbors(
    pixel: usize,
    height: usize,
    width: usize,
) -> impl Iterator<Item = usize> + Clone {
    let (row, col) = (pixel / width, pixel % width);
    [
        (row > 0).then(|| pixel - width),
        (col > 0).then(|| pixel - 1),
        (col + 1 < width).then(|| pixel + 1),
        (row + 1 < height).then(|| pixel + width),
    ]
    .into_iter()
    .flatten()
}

/// The 4-connected components of the missing pixels, each in row-major order.
///
/// `known` holds height x width values in row-major order, `true` for known pixels. Components come
/// in the order of their first pixel. Pixels that touch at a corner only belong to different
/// components.
pub(super) fn components(known: &[bool], height: usize, width: usize) -> Vec<Vec<usize>> {
    let mut visited = known.to_vec();
    let mut found = Vec::new();
    for start in 0..visited.len() {
        if visited[start] {
            continue;
        }
        visited[start] = true;
        let mut component = vec![start];
        let mut next = 0;
        while next < component.len() {
            for neighbor in neighbors(component[next], height, width) {
                if !visited[neighbor] {
                    visited[neighbor] = true;
                    component.push(neighbor);
                }
            }
            next += 1;
        }
        component.sort_unstable();
        found.push(component);
    }
    found
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn labelled(rows: &[&str]) -> Vec<Vec<usize>> {
        let known: Vec<bool> = rows
            .iter()
            .flat_map(|row| row.bytes())
            .map(|c| c == b'#')
            .collect();
        components(&known, rows.len(), rows[0].len())
    }

    #[test]
    fn diagonal_contact_does_not_connect() {
        assert_eq!(labelled(&[".#", "#."]), [vec![0], vec![3]]);
    }

    #[test]
    fn rows_do_not_wrap_round() {
        assert_eq!(labelled(&["##.", ".##"]), [vec![2], vec![3]]);
    }

    #[test]
    fn a_ring_is_one_component() {
        assert_eq!(
            labelled(&["...", ".#.", "..."]),
            [vec![0, 1, 2, 3, 5, 6, 7, 8]]
        );
    }

    #[test]
    fn a_full_image_has_no_component() {
        assert!(labelled(&["##", "##"]).is_empty());
    }

    proptest! {
        #[test]
        fn components_partition_the_hole_and_never_touch(
            height in 1_usize..9,
            width in 1_usize..9,
            seed in prop::collection::vec(any::<bool>(), 64),
        ) {
            let known = &seed[..height * width];
            let found = components(known, height, width);
            let mut label = vec![None; known.len()];
            for (index, component) in found.iter().enumerate() {
                for &pixel in component {
                    prop_assert!(!known[pixel]);
                    prop_assert_eq!(label[pixel].replace(index), None);
                }
            }
            for pixel in (0..known.len()).filter(|&pixel| !known[pixel]) {
                prop_assert!(label[pixel].is_some());
                for neighbor in neighbors(pixel, height, width).filter(|&other| !known[other]) {
                    prop_assert_eq!(label[neighbor], label[pixel]);
                }
            }
        }

        #[test]
        fn every_component_touches_a_known_pixel_unless_nothing_is_known(
            height in 1_usize..9,
            width in 1_usize..9,
            seed in prop::collection::vec(any::<bool>(), 64),
        ) {
            let known = &seed[..height * width];
            let touches = |component: &Vec<usize>| {
                component
                    .iter()
                    .any(|&pixel| neighbors(pixel, height, width).any(|other| known[other]))
            };
            let anything_known = known.contains(&true);
            for component in components(known, height, width) {
                prop_assert_eq!(touches(&component), anything_known);
            }
        }
    }
}
