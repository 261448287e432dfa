//! The cases in which drift measures are known to fail, each with what Quiver's bins must say.

use super::random::Random;
use crate::distance::histogram::{jensen_shannon, measure_bins, psi};
use crate::distance::identifier::{Comparability, IdentifierRule, NearUnique, Shape, compare};
use crate::distance::{Bins, Distance, Measure};

/// Quiver's default bins of a reference: heavy values, quantile edges of the rest, under and over.
struct Frozen {
    heavy: Vec<f64>,
    edges: Vec<f64>,
    range: (f64, f64),
}

impl Frozen {
    fn of(reference: &[f64]) -> Self {
        let mut sorted = reference.to_vec();
        sorted.sort_by(f64::total_cmp);
        let heavy: Vec<f64> = sorted
            .chunk_by(|left, right| left == right)
            .filter(|equal| equal.len() * 10 >= sorted.len())
            .map(|equal| equal[0])
            .collect();
        let rest: Vec<f64> = sorted.iter().copied().filter(|value| !heavy.contains(value)).collect();
        let bins = 10_usize.saturating_sub(heavy.len()).max(1);
        let mut edges: Vec<f64> = (1..bins).map(|cut| rest[(cut * rest.len()).div_ceil(bins) - 1]).collect();
        edges.dedup();
        Self { heavy, edges, range: (sorted[0], sorted[sorted.len() - 1]) }
    }

    fn counts(&self, values: &[f64], nulls: u64) -> Vec<u64> {
        let (heavy, edges) = (self.heavy.len(), self.edges.len());
        let mut counts = vec![0; heavy + edges + 4];
        for value in values {
            let bin = if *value < self.range.0 {
                heavy + edges + 1
            } else if *value > self.range.1 {
                heavy + edges + 2
            } else if let Some(index) = self.heavy.iter().position(|other| other == value) {
                index
            } else {
                heavy + self.edges.partition_point(|edge| edge < value)
            };
            counts[bin] += 1;
        }
        counts[heavy + edges + 3] = nulls;
        counts
    }
}

fn normals(seed: u64, rows: usize) -> Vec<f64> {
    let mut random = Random::new(seed);
    (0..rows).map(|_| random.normal()).collect()
}

fn measured(reference: &[u64], current: &[u64]) -> Distance {
    let bins = Bins::quantiles(10).with_heavy().with_range().with_null();
    measure_bins(Measure::Psi, bins, reference, current, 0.99).expect("a distance")
}

#[test]
fn missingness_is_drift() {
    let (reference, current) = (normals(1, 8000), normals(2, 1300));
    let frozen = Frozen::of(&reference);
    let with_nulls = measured(&frozen.counts(&reference, 2000), &frozen.counts(&current, 700));
    let without = measured(&frozen.counts(&reference, 0), &frozen.counts(&current, 0));
    // 0.2 to 0.35 of null and 0.8 to 0.65 of present, together.
    let expected = 0.15 * (0.35_f64 / 0.2).ln() + 0.15 * (0.8_f64 / 0.65).ln();
    assert!(with_nulls.value > expected && with_nulls.value < expected + 0.03, "{with_nulls:?}");
    assert!(with_nulls.value > with_nulls.noise_floor.expect("a floor") * 3.0, "{with_nulls:?}");
    assert!(without.value < without.noise_floor.expect("a floor"), "{without:?}");
}

#[test]
fn a_shift_beside_heavy_zeros_is_seen() {
    let mut random = Random::new(3);
    let mut sample = |rows: usize, shift: f64| -> Vec<f64> {
        (0..rows).map(|_| if random.uniform() < 0.93 { 0.0 } else { (random.normal() + shift).exp() }).collect()
    };
    let (reference, current) = (sample(10_000, 0.0), sample(2000, 1.0));
    let frozen = Frozen::of(&reference);
    assert_eq!(frozen.heavy, [0.0]);
    let seen = measured(&frozen.counts(&reference, 0), &frozen.counts(&current, 0));
    assert!(seen.value > 2.0 * seen.noise_floor.expect("a floor"), "{seen:?}");
    // Quantile edges of all the rows are all zero, so plain bins know only zero and the rest.
    let plain = |values: &[f64]| {
        let zeros = values.iter().filter(|value| **value == 0.0).count() as u64;
        vec![zeros, values.len() as u64 - zeros]
    };
    let blind = measured(&plain(&reference), &plain(&current));
    assert!(blind.value < blind.noise_floor.expect("a floor"), "{blind:?}");
}

#[test]
fn one_outlier_hides_and_makes_nothing() {
    let (reference, mut current) = (normals(4, 10_000), normals(5, 2000));
    let frozen = Frozen::of(&reference);
    let before = measured(&frozen.counts(&reference, 0), &frozen.counts(&current, 0));
    current[1000] = 1e6;
    let after = measured(&frozen.counts(&reference, 0), &frozen.counts(&current, 0));
    assert!((after.value - before.value).abs() < 0.01, "{before:?} {after:?}");
    current.iter_mut().for_each(|value| *value += 0.3);
    let moved = measured(&frozen.counts(&reference, 0), &frozen.counts(&current, 0));
    assert!(moved.value > moved.noise_floor.expect("a floor"), "{moved:?}");
}

#[test]
fn identifiers_compare_by_shape() {
    // Every value is new: one row each, on one side only.
    let reference: Vec<u64> = [vec![1; 2000], vec![0; 500]].concat();
    let current: Vec<u64> = [vec![0; 2000], vec![1; 500]].concat();
    assert!(jensen_shannon(&reference, &current).expect("a distance") > 0.98);
    // One row or half a row a bin: PSI barely sees that no value is common to both.
    assert!(psi(&reference, &current).expect("a distance") < 0.5);

    let lengths = [0, 2000, 0];
    let shape = Shape { rows: 2000, nulls: 0, distinct: 2000, lengths: &lengths };
    let same = Shape { rows: 500, nulls: 0, distinct: 512, lengths: &[0, 500, 0] };
    let near = near_unique(&shape, &same);
    assert_eq!(near.distinct_share.expect("values").value, 0.0);
    assert_eq!((near.null_share.value, near.lengths.expect("lengths").value), (0.0, 0.0));
    assert_eq!(near.null_share.convention.as_str(), "near_unique/distinct0.5+rows100/null_share");

    let broken = Shape { rows: 500, nulls: 100, distinct: 40, lengths: &[300, 100, 0] };
    let near = near_unique(&shape, &broken);
    assert_eq!(near.distinct_share.expect("values").value, 0.9);
    assert!((near.null_share.value - 0.2).abs() < 1e-12);
    let lengths = near.lengths.expect("lengths");
    assert!(lengths.value > lengths.noise_floor.expect("a floor"));
    assert_eq!(lengths.convention.as_str(), "near_unique/distinct0.5+rows100/js/base2/distance/lengths");
}

fn near_unique(reference: &Shape<'_>, current: &Shape<'_>) -> Box<NearUnique> {
    match compare(&IdentifierRule::default(), reference, current, 0.99).expect("a comparison") {
        Comparability::NearUnique(near) => near,
        Comparability::ByValue => panic!("the column is near-unique"),
    }
}

#[test]
fn columns_that_repeat_or_are_short_compare_by_value() {
    let by_value = |rows, nulls, distinct| {
        let shape = Shape { rows, nulls, distinct, lengths: &[] };
        compare(&IdentifierRule::default(), &shape, &shape, 0.99)
    };
    assert_eq!(by_value(99, 0, 99), Ok(Comparability::ByValue));
    assert_eq!(by_value(1000, 0, 499), Ok(Comparability::ByValue));
    assert!(matches!(by_value(1000, 0, 500), Ok(Comparability::NearUnique(_))));
    assert_eq!(by_value(1000, 1000, 0), Ok(Comparability::ByValue));
}

#[test]
fn all_missing_now_is_still_an_answer() {
    let reference = Shape { rows: 200, nulls: 0, distinct: 200, lengths: &[200] };
    let current = Shape { rows: 50, nulls: 50, distinct: 0, lengths: &[0] };
    let near = near_unique(&reference, &current);
    assert_eq!((near.distinct_share, near.lengths), (None, None));
    assert_eq!(near.null_share.value, 1.0);
}
