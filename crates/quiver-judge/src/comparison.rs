//! Compares two profiles of one column by any measure, on the reference's frozen edges; knows no spec.

use crate::distance::cumulative::wasserstein::{self, Extremes};
use crate::distance::cumulative::{Cells, CumulativeError, smirnov};
use crate::distance::histogram::{HistogramError, measure_bins};
use crate::distance::identifier::{self, Comparability, IdentifierRule, NearUnique, Shape};
use crate::distance::{Bins, Convention, Distance, Measure};
use crate::evidence::{CONFIDENCE, judge_distance};
use crate::finding::Verdict;
use quiver_profile::column::{ColumnKind, ColumnProfile, ColumnSummary, EmbeddingValues, NumberValues, Values};
use quiver_profile::edges::BinLabel;
use quiver_profile::sketch::lengths::Lengths;
use serde::Serialize;

/// Why two profiles of a column cannot be compared.
#[derive(Debug, thiserror::Error)]
pub enum ComparisonError {
    /// One was counted on other edges than the other, or on none.
    #[error(
        "the current profile was not counted on the reference's bins; profile the data anew against this reference"
    )]
    Edges,
    /// Bins cannot be measured.
    #[error(transparent)]
    Histogram(#[from] HistogramError),
    /// Cumulative shares cannot be measured.
    #[error(transparent)]
    Cumulative(#[from] CumulativeError),
}

/// One bin on both sides.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BinPair {
    /// What the bin holds.
    pub label: BinLabel,
    /// Reference rows.
    pub reference: u64,
    /// Current rows.
    pub current: u64,
}

/// How far a column is from its reference.
#[derive(Debug, Clone, PartialEq)]
pub enum Measured {
    /// By the distribution of its values.
    ByValue(Distance),
    /// By its shape, since its values hardly repeat.
    NearUnique(Box<NearUnique>),
    /// There is nothing to measure: no rows on a side, or a kind without distribution.
    Nothing,
}

/// Two sides of one column, compared by every measure that fits its kind.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ColumnComparison {
    /// The column.
    pub name: String,
    /// The kind of its values.
    pub kind: ColumnKind,
    /// Whether it moved, by the chosen measure.
    pub verdict: Verdict,
    /// The distance by the chosen measure; the largest part of the shape for near-unique columns.
    pub distance: Option<Distance>,
    /// The limit of the chosen measure.
    pub limit: f64,
    /// Whether values hardly repeat, so that only shapes were compared.
    pub is_near_unique: bool,
    /// The distances by every other measure that fits.
    pub others: Vec<Distance>,
    /// The bins of both sides.
    pub bins: Vec<BinPair>,
    /// The reference's figures.
    pub reference: ColumnSummary,
    /// The current side's figures.
    pub current: ColumnSummary,
}

/// Compares two profiles of a column, the current one counted on the reference's edges.
pub fn compare_column(
    name: &str,
    reference: &ColumnProfile,
    current: &ColumnProfile,
    measure: Measure,
    limit: f64,
) -> Result<ColumnComparison, ComparisonError> {
    let measured = measure_column(reference, current, measure)?;
    let is_near_unique = matches!(measured, Measured::NearUnique(_));
    let mut others = Vec::new();
    if let Measured::ByValue(chosen) = &measured {
        for other in Measure::ALL {
            if let Measured::ByValue(distance) = measure_column(reference, current, other)?
                && distance.convention != chosen.convention
                && !others.iter().any(|known: &Distance| known.convention == distance.convention)
            {
                others.push(distance);
            }
        }
    }
    let distance = match measured {
        Measured::ByValue(distance) => Some(distance),
        Measured::NearUnique(shape) => {
            let parts = [Some(shape.null_share), shape.distinct_share, shape.lengths];
            let parts: Vec<Distance> = parts.into_iter().flatten().collect();
            let largest = parts.iter().max_by(|left, right| left.value.total_cmp(&right.value)).cloned();
            others = parts.into_iter().filter(|part| Some(part) != largest.as_ref()).collect();
            largest
        }
        Measured::Nothing => None,
    };
    let verdict = match &distance {
        None if current.counts().rows == 0 => Verdict::NoData,
        None => Verdict::Unjudged,
        Some(distance) => judge_distance(distance.value, distance.noise_floor.or(is_near_unique.then_some(0.0)), limit),
    };
    Ok(ColumnComparison {
        name: name.to_owned(),
        kind: reference.kind(),
        verdict,
        distance,
        limit,
        is_near_unique,
        others,
        bins: bins(reference, current)?,
        reference: reference.summary(name),
        current: current.summary(name),
    })
}

/// The bins of both sides, aligned; empty for kinds without bins.
pub fn bins(reference: &ColumnProfile, current: &ColumnProfile) -> Result<Vec<BinPair>, ComparisonError> {
    if reference.edges_id() != current.edges_id() {
        return Err(ComparisonError::Edges);
    }
    let pairs = reference.coarse().into_iter().zip(current.coarse());
    Ok(pairs.map(|((label, reference), (_, current))| BinPair { label, reference, current }).collect())
}

/// Measures how far `current` is from `reference`, by the measure or the nearest one that fits the kind.
pub fn measure_column(
    reference: &ColumnProfile,
    current: &ColumnProfile,
    measure: Measure,
) -> Result<Measured, ComparisonError> {
    if reference.counts().rows == 0 || current.counts().rows == 0 {
        return Ok(Measured::Nothing);
    }
    if let Some(shape) = near_unique(reference, current)? {
        return Ok(Measured::NearUnique(Box::new(shape)));
    }
    match reference.kind() {
        ColumnKind::Number => measure_numbers(reference, current, measure),
        ColumnKind::Category | ColumnKind::Boolean => measure_categories(reference, current, measure),
        ColumnKind::Text => measure_lengths(reference, current),
        ColumnKind::Embedding => Ok(measure_centroids(reference, current)),
        ColumnKind::Timestamp => Ok(Measured::Nothing),
    }
}

fn measure_numbers(
    reference: &ColumnProfile,
    current: &ColumnProfile,
    measure: Measure,
) -> Result<Measured, ComparisonError> {
    let pairs = bins(reference, current)?;
    if pairs.is_empty() {
        return Ok(Measured::Nothing);
    }
    let distance = match measure {
        Measure::KolmogorovSmirnov | Measure::Wasserstein => return measure_cumulative(reference, current, measure),
        _ => {
            let (before, after) = sides(&pairs);
            let named = Bins::quantiles(10).with_heavy().with_range().with_null();
            measure_bins(measure, named, &before, &after, CONFIDENCE)?
        }
    };
    Ok(Measured::ByValue(distance))
}

fn sides(pairs: &[BinPair]) -> (Vec<u64>, Vec<u64>) {
    pairs.iter().map(|pair| (pair.reference, pair.current)).unzip()
}

/// KS and Wasserstein: exact where every value is known on both sides, else on the fine cells.
fn measure_cumulative(
    reference: &ColumnProfile,
    current: &ColumnProfile,
    measure: Measure,
) -> Result<Measured, ComparisonError> {
    let (Values::Number(before), Values::Number(after)) = (reference.values(), current.values()) else {
        return Ok(Measured::Nothing);
    };
    if before.moments().count() == 0 || after.moments().count() == 0 {
        return Ok(Measured::Nothing);
    }
    let entries =
        |values: &NumberValues| values.sample().filter(|sample| sample.is_exact()).map(|sample| sample.entries());
    let exact = entries(before).zip(entries(after));
    let points = reference.edges().and_then(|edges| edges.as_number()).map(|edges| edges.points());
    let distance = match (measure, exact, points) {
        (Measure::KolmogorovSmirnov, Some((before, after)), _) => smirnov::measure(&before, &after, CONFIDENCE),
        (Measure::KolmogorovSmirnov, None, Some(points)) => {
            smirnov::measure_cells(&Cells::new(points, reference.cells(), current.cells())?, CONFIDENCE)
        }
        (_, Some((before, after)), _) => wasserstein::measure(&before, &after, CONFIDENCE),
        (_, None, Some(points)) => {
            let cells = Cells::new(points, reference.cells(), current.cells())?;
            let extremes = |values: &NumberValues| {
                values.minimum().zip(values.maximum()).map(|(minimum, maximum)| Extremes { minimum, maximum })
            };
            let extremes = extremes(before).zip(extremes(after));
            let Some(deviation) = before.moments().standard_deviation() else { return Ok(Measured::Nothing) };
            wasserstein::measure_cells(&cells, extremes, deviation, CONFIDENCE)
        }
        (_, None, None) => return Ok(Measured::Nothing),
    };
    match distance {
        Ok(distance) => Ok(Measured::ByValue(distance)),
        // A reference that never varies has no unit in which to measure a move.
        Err(CumulativeError::ConstantReference { .. }) => Ok(Measured::Nothing),
        Err(error) => Err(error.into()),
    }
}

fn measure_categories(
    reference: &ColumnProfile,
    current: &ColumnProfile,
    measure: Measure,
) -> Result<Measured, ComparisonError> {
    let pairs = bins(reference, current)?;
    if pairs.is_empty() {
        return Ok(Measured::Nothing);
    }
    // Categories have no order, so measures of cumulative shares give way to their nearest kin.
    let measure = match measure {
        Measure::KolmogorovSmirnov => Measure::LInfinity,
        Measure::Wasserstein => Measure::TotalVariation,
        other => other,
    };
    let (before, after) = sides(&pairs);
    let named = match reference.kind() {
        ColumnKind::Category => Bins::categories().with_unseen().with_null(),
        _ => Bins::categories().with_null(),
    };
    Ok(Measured::ByValue(measure_bins(measure, named, &before, &after, CONFIDENCE)?))
}

/// Free text is compared by its lengths: its words are never kept.
fn measure_lengths(reference: &ColumnProfile, current: &ColumnProfile) -> Result<Measured, ComparisonError> {
    let (Values::Text(before), Values::Text(after)) = (reference.values(), current.values()) else {
        return Ok(Measured::Nothing);
    };
    let (mut before, mut after) = aligned_lengths(before.lengths(), after.lengths());
    before.push(reference.null_bin());
    after.push(current.null_bin());
    let named = Bins::lengths().with_null();
    Ok(Measured::ByValue(measure_bins(Measure::JensenShannon, named, &before, &after, CONFIDENCE)?))
}

/// The cosine distance of the mean vectors: 0 for the same direction, 1 for a right angle, 2 for the opposite.
fn measure_centroids(reference: &ColumnProfile, current: &ColumnProfile) -> Measured {
    let (Values::Embedding(before), Values::Embedding(after)) = (reference.values(), current.values()) else {
        return Measured::Nothing;
    };
    let Some(value) = cosine_distance(before, after) else { return Measured::Nothing };
    Measured::ByValue(Distance {
        value,
        convention: Convention::named("cosine/centroid"),
        reference_rows: reference.counts().rows - reference.null_bin(),
        current_rows: current.counts().rows - current.null_bin(),
        bins: 1,
        noise_floor: None,
        p_value: None,
        bias: None,
    })
}

fn cosine_distance(reference: &EmbeddingValues, current: &EmbeddingValues) -> Option<f64> {
    let (before, after) = (reference.centroid_vector()?, current.centroid_vector()?);
    if before.len() != after.len() {
        return None;
    }
    let product = |left: &[f64], right: &[f64]| left.iter().zip(right).map(|(left, right)| left * right).sum::<f64>();
    let norms = (product(&before, &before) * product(&after, &after)).sqrt();
    (norms > 0.0).then(|| 1.0 - product(&before, &after) / norms)
}

fn near_unique(reference: &ColumnProfile, current: &ColumnProfile) -> Result<Option<NearUnique>, ComparisonError> {
    let (Values::Category(before), Values::Category(after)) = (reference.values(), current.values()) else {
        return Ok(None);
    };
    let (before_lengths, after_lengths) = aligned_lengths(before.lengths(), after.lengths());
    let shape =
        |profile: &ColumnProfile, distinct: f64| (profile.counts().rows, profile.null_bin(), distinct.round() as u64);
    let (rows, nulls, distinct) = shape(reference, before.distinct().estimate());
    let left = Shape { rows, nulls, distinct, lengths: &before_lengths };
    let (rows, nulls, distinct) = shape(current, after.distinct().estimate());
    let right = Shape { rows, nulls, distinct, lengths: &after_lengths };
    Ok(match identifier::compare(&IdentifierRule::default(), &left, &right, CONFIDENCE)? {
        Comparability::ByValue => None,
        Comparability::NearUnique(shape) => Some(*shape),
    })
}

/// Counts of the same length bins on both sides.
fn aligned_lengths(reference: &Lengths, current: &Lengths) -> (Vec<u64>, Vec<u64>) {
    let mut pairs = std::collections::BTreeMap::<i32, (u64, u64)>::new();
    for (bin, count) in reference.bins() {
        pairs.entry(bin).or_default().0 += count;
    }
    for (bin, count) in current.bins() {
        pairs.entry(bin).or_default().1 += count;
    }
    pairs.into_values().unzip()
}
