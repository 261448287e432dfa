//! Decides when a column is too unique to compare value by value, and compares its shape instead; knows no limit.
//!
//! In a column of identifiers almost every value is new, so every value-by-value distance is at its extreme without
//! any drift, or at nothing: with a floor of 1e-4 a bin, PSI is 0 where the Jensen–Shannon distance is 0.98, and half a
//! row an empty bin does little better.

use serde::Serialize;

use super::histogram::{self, HistogramError};
use super::{Bins, Convention, Distance, Measure, float};

/// When a column counts as near-unique.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct IdentifierRule {
    /// Reference rows with a value from which the rule applies. Default: 100.
    pub minimum_rows: u64,
    /// Distinct values over rows with a value, in `[0, 1]`, from which a column is near-unique. Default: 0.5.
    pub distinct_share: f64,
}

impl Default for IdentifierRule {
    fn default() -> Self {
        Self { minimum_rows: 100, distinct_share: 0.5 }
    }
}

impl IdentifierRule {
    /// Says whether `reference` is compared by value or by shape.
    #[must_use]
    pub fn applies_to(&self, reference: &Shape<'_>) -> bool {
        reference.present() >= self.minimum_rows && reference.distinct_share() >= self.distinct_share
    }

    fn convention(&self, part: &str) -> Convention {
        let Self { minimum_rows, distinct_share } = self;
        Convention::named(format!("near_unique/distinct{distinct_share}+rows{minimum_rows}/{part}"))
    }
}

/// What one side of a column looks like without its values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shape<'a> {
    /// All rows, missing ones included.
    pub rows: u64,
    /// Rows without a value.
    pub nulls: u64,
    /// Distinct values, exact or estimated; an estimate above the rows counts as the rows.
    pub distinct: u64,
    /// Rows with a value, by the same bins of text length on both sides; empty when lengths are not known.
    pub lengths: &'a [u64],
}

impl Shape<'_> {
    fn present(&self) -> u64 {
        self.rows.saturating_sub(self.nulls)
    }

    /// Distinct values over rows with a value, in `[0, 1]`; 0 without such rows.
    #[must_use]
    pub fn distinct_share(&self) -> f64 {
        match self.present() {
            0 => 0.0,
            present => float(self.distinct.min(present)) / float(present),
        }
    }
}

/// How two sides of a column can be compared.
#[derive(Debug, Clone, PartialEq)]
pub enum Comparability {
    /// Values repeat enough for a distance between values.
    ByValue,
    /// Values hardly repeat: only the shape can be compared.
    NearUnique(Box<NearUnique>),
}

/// The comparison of a near-unique column; each part names the rule in its convention.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NearUnique {
    /// The absolute difference of the distinct shares. It has no noise floor: the share falls with the rows of a
    /// window whenever values can repeat, so only windows of like size compare. `None` when every current value is
    /// missing.
    pub distinct_share: Option<Distance>,
    /// The absolute difference of the null shares (the total variation of null and present).
    pub null_share: Distance,
    /// The Jensen–Shannon distance of the lengths; `None` when a side's lengths are not known.
    pub lengths: Option<Distance>,
}

/// Applies `rule` to the reference and, where it holds, compares shapes at `confidence`.
///
/// Fails when a side has no rows, when the length bins differ, or when confidence is no probability.
pub fn compare(
    rule: &IdentifierRule,
    reference: &Shape<'_>,
    current: &Shape<'_>,
    confidence: f64,
) -> Result<Comparability, HistogramError> {
    if !rule.applies_to(reference) {
        return Ok(Comparability::ByValue);
    }
    let split = |shape: &Shape<'_>| [shape.nulls.min(shape.rows), shape.present()];
    let nulls = histogram::measure_bins(
        Measure::TotalVariation,
        Bins::unnamed(),
        &split(reference),
        &split(current),
        confidence,
    )?;
    let known = |lengths: &[u64]| lengths.iter().any(|rows| *rows > 0);
    let lengths = if known(reference.lengths) && known(current.lengths) {
        let measured = histogram::measure_bins(
            Measure::JensenShannon,
            Bins::lengths(),
            reference.lengths,
            current.lengths,
            confidence,
        )?;
        Some(Distance { convention: rule.convention(measured.convention.as_str()), ..measured })
    } else {
        None
    };
    let distinct_share = (current.present() > 0).then(|| Distance {
        value: (reference.distinct_share() - current.distinct_share()).abs(),
        convention: rule.convention("distinct_share"),
        reference_rows: reference.present(),
        current_rows: current.present(),
        bins: 1,
        noise_floor: None,
        p_value: None,
        bias: None,
    });
    Ok(Comparability::NearUnique(Box::new(NearUnique {
        distinct_share,
        null_share: Distance { convention: rule.convention("null_share"), ..nulls },
        lengths,
    })))
}
