//! What was judged of one period of one arm, as it is kept for pages: findings and the figures of columns.

mod kept;

use quiver_event::Arrow;
use quiver_judge::diagnosis::{FeatureShift, WindowFindings};
use quiver_judge::finding::Finding;
use quiver_profile::Profile;
use quiver_profile::column::{ColumnKind, ColumnProfile, ColumnSummary, CostSum, Costs, Quantiles};
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// Why kept bytes cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum JudgedError {
    /// They cannot be packed or unpacked.
    #[error("a judged period cannot be packed or unpacked: {0}")]
    Packing(#[from] std::io::Error),
    /// They are no message of this version.
    #[error("a judged period cannot be read: {0}")]
    Message(#[from] prost::DecodeError),
    /// A part of them means nothing.
    #[error("a judged period cannot be read: {0} in it means nothing")]
    Damaged(&'static str),
}

/// What was judged of one period of one arm.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Judged {
    /// Predictions.
    pub rows: u64,
    /// Of these, with a label.
    pub labelled: u64,
    /// Predictions of each version that answered.
    pub versions: BTreeMap<String, u64>,
    /// What the monitors say.
    pub findings: Vec<Finding>,
    /// The figures of each profile column.
    pub columns: BTreeMap<String, ColumnFigures>,
    /// How the features moved; only where something is broken, since only a diagnosis asks.
    pub shifts: Vec<FeatureShift>,
}

/// The figures of one column in one period.
#[derive(Debug, Clone, Default, PartialEq, Serialize, ToSchema)]
pub struct ColumnFigures {
    /// All rows in which the column was looked at.
    pub rows: u64,
    /// Rows without a value.
    pub missing: u64,
    /// Rows with a stand-in for the value.
    pub defaulted: u64,
    /// Rows with a value that is too old.
    pub stale: u64,
    /// Rows whose age is known, with a value that is not too old.
    pub fresh: u64,
    /// Rows with an invalid value, by reason.
    pub invalid: BTreeMap<String, u64>,
    /// Rows in each of the reference's bins; empty without a reference.
    pub bins: Vec<u64>,
    /// The mean of numbers, or the share of true.
    pub mean: Option<f64>,
    /// The population standard deviation of the same.
    pub standard_deviation: Option<f64>,
    /// Quantiles of numbers.
    pub quantiles: Option<FigureQuantiles>,
    /// An estimate of how many distinct values there are.
    pub distinct: Option<f64>,
    /// The most frequent values of a public category, at most 20, the most frequent first.
    pub values: Vec<ValueRows>,
    /// What the values cost to fetch, where events tell it. Boxed: hardly any column has it.
    pub costs: Option<Box<FigureCosts>>,
}

/// What the values of a feature cost to fetch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, ToSchema)]
pub struct FigureCosts {
    /// Milliseconds.
    pub ms: Option<MeanCost>,
    /// Calls to other services.
    pub calls: Option<MeanCost>,
    /// Bytes moved.
    pub bytes: Option<MeanCost>,
}

/// A mean over the rows that tell it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, ToSchema)]
pub struct MeanCost {
    /// The mean.
    pub mean: f64,
    /// Rows that tell it.
    pub rows: u64,
}

impl FigureCosts {
    fn of(costs: &Costs) -> Option<Box<Self>> {
        let mean = |sum: CostSum| sum.mean().map(|mean| MeanCost { mean, rows: sum.rows });
        let (ms, calls, bytes) = (mean(costs.ms), mean(costs.calls), mean(costs.bytes));
        (!costs.is_empty()).then(|| Box::new(Self { ms, calls, bytes }))
    }

    /// Adds the means of other rows.
    pub fn add(&mut self, other: &Self) {
        let pairs = [(&mut self.ms, other.ms), (&mut self.calls, other.calls), (&mut self.bytes, other.bytes)];
        for (mine, theirs) in pairs {
            *mine = match (*mine, theirs) {
                (Some(mine), Some(theirs)) => {
                    let rows = mine.rows + theirs.rows;
                    let sum = mine.mean * mine.rows as f64 + theirs.mean * theirs.rows as f64;
                    Some(MeanCost { mean: sum / rows as f64, rows })
                }
                (mine, theirs) => mine.or(theirs),
            };
        }
    }
}

/// A value and the rows that have it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ValueRows {
    /// The value.
    pub value: String,
    /// At least so many rows; all of them where no more than 20 values are there.
    pub rows: u64,
}

/// Five quantiles in the sense of the inverted distribution function.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, ToSchema)]
pub struct FigureQuantiles {
    /// 5 % of the values are at or below it.
    pub p05: f64,
    /// 25 %.
    pub p25: f64,
    /// The median.
    pub p50: f64,
    /// 75 %.
    pub p75: f64,
    /// 95 %.
    pub p95: f64,
}

impl From<Quantiles> for FigureQuantiles {
    fn from(quantiles: Quantiles) -> Self {
        let Quantiles { p05, p25, p50, p75, p95, .. } = quantiles;
        Self { p05, p25, p50, p75, p95 }
    }
}

impl ColumnFigures {
    /// The figures of a measured column.
    pub fn of(column: &ColumnProfile) -> Self {
        let summary = column.summary("");
        let counts = column.counts();
        Self {
            rows: counts.rows,
            missing: column.null_bin(),
            defaulted: counts.default,
            stale: counts.stale,
            fresh: counts.ok,
            invalid: counts.invalid.clone(),
            bins: column.coarse().into_iter().map(|(_, rows)| rows).collect(),
            mean: summary.mean,
            standard_deviation: summary.standard_deviation,
            quantiles: summary.quantiles.map(FigureQuantiles::from),
            distinct: summary.distinct,
            costs: FigureCosts::of(&counts.costs),
            values: match column.kind() {
                ColumnKind::Category => {
                    let rows = |of: quiver_profile::column::ValueCount| ValueRows { value: of.value, rows: of.count };
                    summary.top_values.into_iter().map(rows).collect()
                }
                _ => Vec::new(),
            },
        }
    }

    /// Adds the counts of another period; what cannot be added from figures is left out.
    pub fn add(&mut self, other: &Self) {
        if self.rows == 0 {
            *self = other.clone();
            return;
        }
        if other.rows == 0 {
            return;
        }
        let valued = |figures: &Self| (figures.rows.saturating_sub(figures.missing)) as f64;
        let weights = (valued(self), valued(other));
        self.mean = match (self.mean, other.mean) {
            (Some(mine), Some(theirs)) if weights.0 + weights.1 > 0.0 => {
                Some((mine * weights.0 + theirs * weights.1) / (weights.0 + weights.1))
            }
            (mine, theirs) => mine.or(theirs),
        };
        self.rows += other.rows;
        self.missing += other.missing;
        self.defaulted += other.defaulted;
        self.stale += other.stale;
        self.fresh += other.fresh;
        match (&mut self.costs, &other.costs) {
            (Some(mine), Some(theirs)) => mine.add(theirs),
            (mine @ None, theirs) => mine.clone_from(theirs),
            (Some(_), None) => {}
        }
        for (reason, rows) in &other.invalid {
            *self.invalid.entry(reason.clone()).or_default() += rows;
        }
        if self.bins.len() < other.bins.len() {
            self.bins.resize(other.bins.len(), 0);
        }
        self.bins.iter_mut().zip(&other.bins).for_each(|(mine, theirs)| *mine += theirs);
        for theirs in &other.values {
            match self.values.iter_mut().find(|mine| mine.value == theirs.value) {
                Some(mine) => mine.rows += theirs.rows,
                None => self.values.push(theirs.clone()),
            }
        }
        self.values.sort_by(|left, right| right.rows.cmp(&left.rows).then_with(|| left.value.cmp(&right.value)));
        self.values.truncate(ColumnSummary::MOST_VALUES);
        self.standard_deviation = None;
        self.quantiles = None;
        self.distinct = None;
    }

    /// Rows with an invalid value.
    pub fn invalid_rows(&self) -> u64 {
        self.invalid.values().sum()
    }
}

impl Judged {
    /// What was judged of a profile.
    pub fn new(findings: WindowFindings, profile: &Profile, versions: BTreeMap<String, u64>) -> Self {
        let columns = profile.columns().map(|(name, column)| (name.to_owned(), ColumnFigures::of(column)));
        let WindowFindings { rows, labelled, findings, .. } = findings;
        Self { rows, labelled, versions, findings, columns: columns.collect(), shifts: Vec::new() }
    }
}

/// The arrow and the subject of a profile column.
pub fn arrow_and_subject(column: &str) -> Option<(Arrow, &str)> {
    let (arrow, subject) = column.split_once('/')?;
    Some((Arrow::ALL.into_iter().find(|known| known.name() == arrow)?, subject))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(rows: u64, missing: u64, mean: f64, bins: &[u64]) -> ColumnFigures {
        ColumnFigures { rows, missing, mean: Some(mean), bins: bins.to_vec(), ..ColumnFigures::default() }
    }

    #[test]
    fn figures_of_periods_add_up_and_means_weigh_by_rows_with_a_value() {
        let mut sum = figures(10, 2, 4.0, &[3, 5, 2]);
        sum.add(&figures(6, 2, 7.0, &[1, 3, 2]));
        // (8 · 4 + 4 · 7) / 12
        assert_eq!(sum, figures(16, 4, 5.0, &[4, 8, 4]));
        let valued = |values: &[(&str, u64)]| ColumnFigures {
            rows: values.iter().map(|(_, rows)| rows).sum(),
            values: values.iter().map(|(value, rows)| ValueRows { value: (*value).to_owned(), rows: *rows }).collect(),
            ..ColumnFigures::default()
        };
        let mut values = valued(&[("notify", 3), ("ignore", 2)]);
        values.add(&valued(&[("ignore", 4), ("hold", 1)]));
        assert_eq!(values, valued(&[("ignore", 6), ("notify", 3), ("hold", 1)]));
        let mut none = ColumnFigures::default();
        none.add(&sum);
        assert_eq!(none, sum);
        none.add(&ColumnFigures::default());
        assert_eq!(none, sum);
    }

    #[test]
    fn costs_of_periods_weigh_by_the_rows_that_tell_them() {
        let costing = |rows: u64, mean: f64| ColumnFigures {
            rows: 100,
            costs: Some(Box::new(FigureCosts { ms: Some(MeanCost { mean, rows }), ..FigureCosts::default() })),
            ..ColumnFigures::default()
        };
        let mut sum = figures(100, 0, 1.0, &[]);
        sum.add(&costing(10, 2.0));
        sum.add(&costing(30, 4.0));
        assert_eq!(sum.costs.and_then(|costs| costs.ms), Some(MeanCost { mean: 3.5, rows: 40 }));
    }
}
