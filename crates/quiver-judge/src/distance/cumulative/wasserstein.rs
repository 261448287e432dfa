//! The first Wasserstein distance `∫ |F − G| dx`, in the reference's standard deviations; knows no bins.

use super::{Cells, CumulativeError, Step, check_confidence, check_points, merged_steps};
use crate::distance::tail::{ScaledChiSquared, folded_covariance};
use crate::distance::{Convention, Distance, Measure, float};

/// Stretches of the distribution function into which the noise floor's double integral is folded.
const FLOOR_STRETCHES: f64 = 64.0;

/// The smallest and largest value of one side.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Extremes {
    /// The smallest value.
    pub minimum: f64,
    /// The largest value.
    pub maximum: f64,
}

impl From<(f64, f64)> for Extremes {
    /// Takes the smallest value, then the largest.
    fn from((minimum, maximum): (f64, f64)) -> Self {
        Self { minimum, maximum }
    }
}

/// The exact distance between weighted points, in the values' own unit (Vallender 1974).
///
/// Fails when a side has no rows or its values are not finite and ascending.
pub fn transport(reference: &[(f64, u64)], current: &[(f64, u64)]) -> Result<f64, CumulativeError> {
    let (n, m) = check_points(reference, current)?;
    Ok(integral(&merged_steps(reference, current), n, m))
}

/// The distance on frozen cells, in the values' own unit, as if rows spread evenly over each open cell.
///
/// The outer cells reach to each side's extremes when these are given; otherwise their rows are taken to lie at the
/// outermost point, so that the value leaves out how far they lie beyond it. Zero when there are no points and no
/// extremes.
#[must_use]
pub fn transport_on_cells(cells: &Cells<'_>, extremes: Option<(Extremes, Extremes)>) -> f64 {
    stretches_of_cells(cells, extremes).iter().map(Stretch::area).sum()
}

/// The population standard deviation (`ddof` 0) of weighted points; `None` without rows.
#[must_use]
pub fn population_deviation(points: &[(f64, u64)]) -> Option<f64> {
    let rows = float(points.iter().map(|point| point.1).sum());
    (rows > 0.0).then(|| {
        let mean = points.iter().map(|(value, count)| value * float(*count)).sum::<f64>() / rows;
        let squares: f64 = points.iter().map(|(value, count)| (value - mean).powi(2) * float(*count)).sum();
        (squares / rows).sqrt()
    })
}

/// Measures weighted points in standard deviations of the reference; convention `wasserstein/normalised/exact`.
///
/// Without drift `F − G` is a Brownian bridge times `√(1/n + 1/m)`, so the expected distance is
/// `√(2/π) · √(1/n + 1/m) · ∫ √(F(1 − F)) dx` (del Barrio, Giné and Matrán 1999). Its variance is the double integral of
/// the half-normal covariance (Kamat 1953); floor and p-value come from the scaled chi-squared with these two moments,
/// with the pooled distribution in place of the unknown one.
///
/// Fails like [`transport`], and when the reference does not vary.
pub fn measure(reference: &[(f64, u64)], current: &[(f64, u64)], confidence: f64) -> Result<Distance, CumulativeError> {
    check_confidence(confidence)?;
    let rows = check_points(reference, current)?;
    let deviation = population_deviation(reference).unwrap_or(0.0);
    let steps = merged_steps(reference, current);
    let (n, m) = (float(rows.0), float(rows.1));
    let stretches: Vec<Stretch> = steps
        .windows(2)
        .map(|pair| {
            let shares = (float(pair[0].reference) / n, float(pair[0].current) / m);
            Stretch { width: pair[1].value - pair[0].value, start: shares, end: shares }
        })
        .collect();
    distance("exact", &stretches, rows, steps.len(), deviation, confidence)
}

/// Measures frozen cells like [`measure`], given the reference's population standard deviation; convention
/// `wasserstein/normalised/cells` with extremes and `wasserstein/normalised/cells-inner` without.
pub fn measure_cells(
    cells: &Cells<'_>,
    extremes: Option<(Extremes, Extremes)>,
    reference_deviation: f64,
    confidence: f64,
) -> Result<Distance, CumulativeError> {
    check_confidence(confidence)?;
    let method = if extremes.is_some() { "cells" } else { "cells-inner" };
    let stretches = stretches_of_cells(cells, extremes);
    distance(method, &stretches, cells.rows(), cells.occupied(), reference_deviation, confidence)
}

fn distance(
    method: &str,
    stretches: &[Stretch],
    rows: (u64, u64),
    bins: usize,
    deviation: f64,
    confidence: f64,
) -> Result<Distance, CumulativeError> {
    if !(deviation > 0.0 && deviation.is_finite()) {
        return Err(CumulativeError::ConstantReference { deviation });
    }
    let value: f64 = stretches.iter().map(Stretch::area).sum();
    let law = null_law(stretches, rows);
    Ok(Distance {
        value: value / deviation,
        convention: Convention::of_method(Measure::Wasserstein, method),
        reference_rows: rows.0,
        current_rows: rows.1,
        bins,
        noise_floor: Some(law.map_or(0.0, |(law, _)| law.limit(confidence)) / deviation),
        p_value: Some(law.map_or(1.0, |(law, _)| law.above(value))),
        bias: Some(law.map_or(0.0, |(_, mean)| mean) / deviation),
    })
}

fn integral(steps: &[Step], n: u64, m: u64) -> f64 {
    let gap = |step: &Step| (float(step.reference) / float(n) - float(step.current) / float(m)).abs();
    steps.windows(2).map(|pair| gap(&pair[0]) * (pair[1].value - pair[0].value)).sum()
}

/// A stretch of values over which both distribution functions are linear, from `(reference, current)` shares to others.
#[derive(Debug, Clone, Copy)]
struct Stretch {
    width: f64,
    start: (f64, f64),
    end: (f64, f64),
}

impl Stretch {
    /// The area between the two lines.
    fn area(&self) -> f64 {
        let (start, end) = (self.start.0 - self.start.1, self.end.0 - self.end.1);
        let (left, right) = (start.abs(), end.abs());
        let height = if start * end >= 0.0 {
            f64::midpoint(left, right)
        } else {
            // Two triangles that meet where the lines cross.
            (left * left + right * right) / (2.0 * (left + right))
        };
        self.width * height
    }

    /// The pooled share in the middle of the stretch.
    fn pooled(&self, n: f64, m: f64) -> f64 {
        let (reference, current) = (f64::midpoint(self.start.0, self.end.0), f64::midpoint(self.start.1, self.end.1));
        (n * reference + m * current) / (n + m)
    }
}

fn stretches_of_cells(cells: &Cells<'_>, extremes: Option<(Extremes, Extremes)>) -> Vec<Stretch> {
    let borders: Vec<_> = cells.borders().collect();
    let (Some(&first), Some(&last)) = (cells.points.first(), cells.points.last()) else {
        return extremes.map_or_else(Vec::new, |(reference, current)| {
            spread(
                (reference.minimum, reference.maximum.max(reference.minimum)),
                (current.minimum, current.maximum.max(current.minimum)),
                ((0.0, 0.0), (1.0, 1.0)),
            )
        });
    };
    let mut stretches = Vec::with_capacity(cells.points.len() + 5);
    if let Some((reference, current)) = extremes {
        let (before, after) = (borders[0].start, borders[0].end);
        let reach = |minimum: f64, share: f64| (if share > 0.0 { minimum.min(first) } else { first }, first);
        stretches.extend(spread(reach(reference.minimum, after.0), reach(current.minimum, after.1), (before, after)));
    }
    for (index, pair) in cells.points.windows(2).enumerate() {
        let cell = borders[2 * index + 2];
        stretches.push(Stretch { width: pair[1] - pair[0], start: cell.start, end: cell.end });
    }
    if let Some((reference, current)) = extremes {
        let outer = borders[borders.len() - 1];
        let reach = |maximum: f64, share: f64| (last, if share > 0.0 { maximum.max(last) } else { last });
        let (left, right) = (outer.end.0 - outer.start.0, outer.end.1 - outer.start.1);
        stretches.extend(spread(
            reach(reference.maximum, left),
            reach(current.maximum, right),
            (outer.start, outer.end),
        ));
    }
    stretches
}

/// Cuts the range of two sides, each spread evenly over its own part of it, into stretches.
fn spread(reference: (f64, f64), current: (f64, f64), shares: ((f64, f64), (f64, f64))) -> Vec<Stretch> {
    let mut knots = [reference.0, reference.1, current.0, current.1];
    knots.sort_by(f64::total_cmp);
    // The share at a knot seen from inside the stretch, so that a side without width jumps between stretches.
    let share = |range: (f64, f64), from: f64, to: f64, middle: f64, knot: f64| {
        if middle <= range.0 {
            from
        } else if middle >= range.1 {
            to
        } else {
            from + (to - from) * ((knot - range.0) / (range.1 - range.0)).clamp(0.0, 1.0)
        }
    };
    let (before, after) = shares;
    knots
        .windows(2)
        .filter(|pair| pair[1] > pair[0])
        .map(|pair| {
            let middle = f64::midpoint(pair[0], pair[1]);
            let at = |knot: f64| {
                (share(reference, before.0, after.0, middle, knot), share(current, before.1, after.1, middle, knot))
            };
            Stretch { width: pair[1] - pair[0], start: at(pair[0]), end: at(pair[1]) }
        })
        .collect()
}

/// The law of the distance without drift, with its mean; `None` when the pooled values do not vary.
fn null_law(stretches: &[Stretch], rows: (u64, u64)) -> Option<(ScaledChiSquared, f64)> {
    let (n, m) = (float(rows.0), float(rows.1));
    let weighted: Vec<(f64, f64)> = stretches
        .iter()
        .map(|stretch| {
            let share = stretch.pooled(n, m);
            (stretch.width * (share * (1.0 - share)).max(0.0).sqrt(), share)
        })
        .filter(|(weight, _)| *weight > 0.0)
        .collect();
    let total: f64 = weighted.iter().map(|(weight, _)| weight).sum();
    let folded = fold(&weighted, total / FLOOR_STRETCHES);
    let mut covariance = 0.0;
    for (left_weight, left) in &folded {
        for (right_weight, right) in &folded {
            let (low, high) = (left.min(*right), left.max(*right));
            let correlation = (low * (1.0 - high) / (high * (1.0 - low))).sqrt();
            covariance += left_weight * right_weight * folded_covariance(correlation);
        }
    }
    let unit = 1.0 / n + 1.0 / m;
    let mean = (std::f64::consts::FRAC_2_PI * unit).sqrt() * total;
    ScaledChiSquared::of_moments(mean, std::f64::consts::FRAC_2_PI * unit * covariance).map(|law| (law, mean))
}

/// Joins neighbours until each has about `target` weight; their share is the weighted mean.
fn fold(weighted: &[(f64, f64)], target: f64) -> Vec<(f64, f64)> {
    let mut folded = Vec::new();
    let mut held = (0.0, 0.0);
    for (weight, share) in weighted {
        held = (held.0 + weight, held.1 + weight * share);
        if held.0 >= target {
            folded.push((held.0, held.1 / held.0));
            held = (0.0, 0.0);
        }
    }
    if held.0 > 0.0 {
        folded.push((held.0, held.1 / held.0));
    }
    folded
}
