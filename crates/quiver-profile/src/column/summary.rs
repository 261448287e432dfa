//! What a screen shows of a column: plain figures, each with the method that gave it; renders nothing.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::column::{ColumnKind, Counts, Disclosure};
use crate::edges::EdgesId;
use crate::sketch::lengths::Lengths;

/// The figures of one column. A figure that does not apply to the kind, or may not be shown, is left out.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ColumnSummary {
    /// The column's name in the plan.
    pub name: String,
    /// The kind of values.
    pub kind: ColumnKind,
    /// Whether single values may be shown.
    pub disclosure: Disclosure,
    /// The row counts.
    #[serde(flatten)]
    pub counts: Counts,
    /// Null rows by all rows; nothing for no rows.
    pub null_share: Option<f64>,
    /// Identity of the frozen edges the column is counted on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub edges: Option<EdgesId>,
    /// Composite HyperLogLog estimate of distinct values (standard error 1.6 %; NaN and empty strings left out).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub distinct: Option<f64>,
    /// The number of distinct values, when every one is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub distinct_exact: Option<u64>,
    /// Mean of finite numbers, share of true, or mean norm of vectors.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mean: Option<f64>,
    /// Population standard deviation of the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub standard_deviation: Option<f64>,
    /// Least finite number, of public columns.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub minimum: Option<f64>,
    /// Greatest finite number, of public columns.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub maximum: Option<f64>,
    /// Quantiles of finite numbers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quantiles: Option<Quantiles>,
    /// How the quantiles were found: `exact` or `log-linear ≤1 %`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quantile_method: Option<&'static str>,
    /// The most frequent values, most frequent first, equal counts by value.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub top_values: Vec<ValueCount>,
    /// How the frequent values were found: `exact`, or frequent items, which depend on the order of arrival.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub top_values_method: Option<&'static str>,
    /// Bars to draw, in ascending order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub histogram: Vec<HistogramBar>,
    /// Lengths of strings in characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lengths: Option<LengthSummary>,
    /// Rows with an empty string.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub empty: Option<u64>,
    /// Rows with a category too long to be kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub long: Option<u64>,
    /// Earliest point in time in microseconds since 1970 UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub earliest_micros: Option<i64>,
    /// Latest point in time in microseconds since 1970 UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latest_micros: Option<i64>,
    /// Rows by hour of the day in UTC, 24 counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hours: Option<Vec<u64>>,
    /// Rows by day (days since 1970-01-01), ascending, while all days are known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub days: Option<Vec<(i64, u64)>>,
    /// The dimension that most vectors have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dimension: Option<u64>,
    /// Vectors with another dimension.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wrong_dimension: Option<u64>,
    /// Vectors with a component that is not a finite number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub non_finite: Option<u64>,
}

impl ColumnSummary {
    /// The most values that are shown.
    pub const MOST_VALUES: usize = 20;

    pub(super) fn of_counts(name: &str, kind: ColumnKind, disclosure: Disclosure, counts: &Counts) -> Self {
        Self {
            name: name.to_owned(),
            kind,
            disclosure,
            counts: counts.clone(),
            null_share: (counts.rows > 0).then(|| counts.null as f64 / counts.rows as f64),
            edges: None,
            distinct: None,
            distinct_exact: None,
            mean: None,
            standard_deviation: None,
            minimum: None,
            maximum: None,
            quantiles: None,
            quantile_method: None,
            top_values: Vec::new(),
            top_values_method: None,
            histogram: Vec::new(),
            lengths: None,
            empty: None,
            long: None,
            earliest_micros: None,
            latest_micros: None,
            hours: None,
            days: None,
            dimension: None,
            wrong_dimension: None,
            non_finite: None,
        }
    }

    /// Keeps the most frequent of values that are sorted by value.
    pub(super) fn set_top_values(&mut self, mut values: Vec<ValueCount>, method: &'static str) {
        values.sort_by_key(|value| std::cmp::Reverse(value.count));
        values.truncate(Self::MOST_VALUES);
        self.top_values_method = (!values.is_empty()).then_some(method);
        self.top_values = values;
    }

    /// Rows that are invalid, by reason.
    pub fn invalid(&self) -> &BTreeMap<String, u64> {
        &self.counts.invalid
    }
}

/// Seven quantiles in the sense of the inverted distribution function.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Quantiles {
    /// 1 % of the values are at or below it.
    pub p01: f64,
    /// 5 %.
    pub p05: f64,
    /// 25 %.
    pub p25: f64,
    /// The median.
    pub p50: f64,
    /// 75 %.
    pub p75: f64,
    /// 95 %.
    pub p95: f64,
    /// 99 %.
    pub p99: f64,
}

impl Quantiles {
    pub(super) const SHARES: [f64; 7] = [0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99];

    /// Names values found for [`Quantiles::SHARES`].
    pub(super) fn of(found: &[f64]) -> Self {
        let [p01, p05, p25, p50, p75, p95, p99] = found.try_into().expect("one value for each share");
        Self { p01, p05, p25, p50, p75, p95, p99 }
    }
}

/// A value and how many rows have it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ValueCount {
    /// The value's text.
    pub value: String,
    /// At least so many rows.
    pub count: u64,
    /// At most so many rows; equal to `count` when exact.
    pub at_most: u64,
}

impl ValueCount {
    pub(super) fn exact(value: String, count: u64) -> Self {
        Self { value, count, at_most: count }
    }
}

/// A bar of a drawn histogram.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct HistogramBar {
    /// Lower bound; equal to `to` for a single value.
    pub from: f64,
    /// Upper bound.
    pub to: f64,
    /// Rows in the bar, fractional where a bin was split between bars.
    pub rows: f64,
}

impl HistogramBar {
    /// The most bars that are drawn.
    pub const MOST: usize = 40;

    /// Spreads ranges with rows over equal bars between `first` and `last`, in proportion to their overlap; what lies
    /// outside goes to the outer bars.
    pub(super) fn spread(first: f64, last: f64, ranges: impl Iterator<Item = (f64, f64, f64)>) -> Vec<Self> {
        let width = (last - first) / Self::MOST as f64;
        let bound = |bar: usize| if bar == Self::MOST { last } else { first + width * bar as f64 };
        let mut bars: Vec<Self> =
            (0..Self::MOST).map(|bar| Self { from: bound(bar), to: bound(bar + 1), rows: 0.0 }).collect();
        let place = |value: f64| (((value - first) / width) as usize).min(Self::MOST - 1);
        for (lower, upper, rows) in ranges {
            let (begin, end) = (place(lower), place(upper));
            if begin == end {
                bars[begin].rows += rows;
                continue;
            }
            let span = upper - lower;
            for (position, bar) in bars.iter_mut().enumerate().take(end + 1).skip(begin) {
                let from = if position == begin { lower } else { bar.from };
                let to = if position == end { upper } else { bar.to };
                bar.rows += rows * ((to - from) / span).clamp(0.0, 1.0);
            }
        }
        bars
    }
}

/// Lengths of strings in characters.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct LengthSummary {
    /// The mean.
    pub mean: f64,
    /// The population standard deviation.
    pub standard_deviation: f64,
    /// The least length.
    pub minimum: u64,
    /// The median, exact below 128, else at most 1 % off.
    pub p50: u64,
    /// 95 % of the strings are not longer.
    pub p95: u64,
    /// The greatest length.
    pub maximum: u64,
}

impl LengthSummary {
    pub(super) fn of(lengths: &Lengths) -> Option<Self> {
        Some(Self {
            mean: lengths.mean()?,
            standard_deviation: lengths.standard_deviation()?,
            minimum: lengths.minimum()?,
            p50: lengths.quantile(0.5)?,
            p95: lengths.quantile(0.95)?,
            maximum: lengths.maximum()?,
        })
    }
}
