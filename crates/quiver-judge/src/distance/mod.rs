//! Measures how far counts moved from a reference; reads no sketch and judges nothing.
//!
//! Every function takes exact counts, so a value never carries a sketch's error, and every [`Distance`] names the
//! [`Convention`] that made it: two systems that say "PSI" differ by a factor of two on the same data.
//!
//! `reference` is the known-good side, `current` the window that is compared with it, in that order everywhere.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

pub mod compatibility;
pub mod cumulative;
pub mod histogram;
pub mod identifier;
pub mod independence;
mod null;
mod tail;
#[cfg(test)]
mod tests;

/// What is measured between two distributions; the name of each is stable and appears in specs and findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// Population stability index in nats: the symmetric Kullback–Leibler divergence (Jeffreys 1946).
    Psi,
    /// Kullback–Leibler divergence of current relative to reference, in nats (Kullback and Leibler 1951).
    #[serde(rename = "kl")]
    KullbackLeibler,
    /// Jensen–Shannon distance, the root of the divergence in bits, in `[0, 1]` (Endres and Schindelin 2003).
    #[serde(rename = "js")]
    JensenShannon,
    /// Hellinger distance in `[0, 1]`.
    Hellinger,
    /// Total variation, half the sum of the differences in share, in `[0, 1]`.
    TotalVariation,
    /// The largest difference in share over all bins, in `[0, 1]`.
    LInfinity,
    /// The largest gap between two distribution functions, in `[0, 1]` (Smirnov 1939).
    #[serde(rename = "ks")]
    KolmogorovSmirnov,
    /// The first Wasserstein distance, over the reference's population standard deviation.
    Wasserstein,
    /// Cramér's V of the 2×B table, in `[0, 1]`, with the p-value of Pearson's chi-square test (Pearson 1900).
    ChiSquare,
}

impl Measure {
    /// Every measure, in the order of the documentation.
    pub const ALL: [Self; 9] = [
        Self::Psi,
        Self::KullbackLeibler,
        Self::JensenShannon,
        Self::Hellinger,
        Self::TotalVariation,
        Self::LInfinity,
        Self::KolmogorovSmirnov,
        Self::Wasserstein,
        Self::ChiSquare,
    ];

    /// The stable name, as specs write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Psi => "psi",
            Self::KullbackLeibler => "kl",
            Self::JensenShannon => "js",
            Self::Hellinger => "hellinger",
            Self::TotalVariation => "total_variation",
            Self::LInfinity => "l_infinity",
            Self::KolmogorovSmirnov => "ks",
            Self::Wasserstein => "wasserstein",
            Self::ChiSquare => "chi_square",
        }
    }

    /// How this measure begins the name of its convention: what a reader needs besides the bins to recompute it.
    #[must_use]
    pub const fn convention_stem(self) -> &'static str {
        match self {
            Self::KullbackLeibler => "kl/current-from-reference/nats",
            Self::JensenShannon => "js/base2/distance",
            Self::Wasserstein => "wasserstein/normalised",
            Self::ChiSquare => "chi_square/cramers_v",
            other => other.name(),
        }
    }
}

impl fmt::Display for Measure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// A name that is no measure.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "unknown measure {given:?}; known are psi, kl, js, hellinger, total_variation, l_infinity, ks, wasserstein, chi_square"
)]
pub struct UnknownMeasure {
    /// What was given.
    pub given: String,
}

impl FromStr for Measure {
    type Err = UnknownMeasure;

    fn from_str(given: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|measure| measure.name() == given)
            .ok_or_else(|| UnknownMeasure { given: given.to_owned() })
    }
}

/// Which bins the counts belong to; the second half of a convention's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Bins {
    base: BinBase,
    heavy: bool,
    range: bool,
    unseen: bool,
    null: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum BinBase {
    Quantiles(u16),
    Categories,
    Lengths,
    Unnamed,
}

impl Bins {
    const fn of(base: BinBase) -> Self {
        Self { base, heavy: false, range: false, unseen: false, null: false }
    }

    /// Bins between `count`-quantile edges that were frozen from the reference.
    #[must_use]
    pub const fn quantiles(count: u16) -> Self {
        Self::of(BinBase::Quantiles(count))
    }

    /// One bin a category of the reference.
    #[must_use]
    pub const fn categories() -> Self {
        Self::of(BinBase::Categories)
    }

    /// Bins of text length.
    #[must_use]
    pub const fn lengths() -> Self {
        Self::of(BinBase::Lengths)
    }

    /// Bins that somebody else chose.
    #[must_use]
    pub const fn unnamed() -> Self {
        Self::of(BinBase::Unnamed)
    }

    /// Values with a large share of the reference are bins of their own.
    #[must_use]
    pub const fn with_heavy(self) -> Self {
        Self { heavy: true, ..self }
    }

    /// What is below the reference's minimum and above its maximum has a bin each.
    #[must_use]
    pub const fn with_range(self) -> Self {
        Self { range: true, ..self }
    }

    /// Categories that the reference never showed share one bin.
    #[must_use]
    pub const fn with_unseen(self) -> Self {
        Self { unseen: true, ..self }
    }

    /// Missing values have a bin, so that missingness is drift.
    #[must_use]
    pub const fn with_null(self) -> Self {
        Self { null: true, ..self }
    }
}

impl fmt::Display for Bins {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.base {
            BinBase::Quantiles(count) => write!(formatter, "quantile{count}")?,
            BinBase::Categories => formatter.write_str("categories")?,
            BinBase::Lengths => formatter.write_str("lengths")?,
            BinBase::Unnamed => formatter.write_str("bins")?,
        }
        let parts = [(self.heavy, "+heavy"), (self.range, "+range"), (self.unseen, "+unseen"), (self.null, "+null")];
        parts.iter().filter(|(present, _)| *present).try_for_each(|(_, part)| formatter.write_str(part))
    }
}

/// The name of the exact recipe behind a number, such as `psi/quantile10+heavy+range+null`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Convention(String);

impl Convention {
    /// The convention of `measure` over `bins`.
    #[must_use]
    pub fn of_bins(measure: Measure, bins: Bins) -> Self {
        Self(format!("{}/{bins}", measure.convention_stem()))
    }

    /// The convention of `measure` with its way of counting, such as `exact` or `cells`.
    #[must_use]
    pub fn of_method(measure: Measure, method: &str) -> Self {
        Self(format!("{}/{method}", measure.convention_stem()))
    }

    /// A convention outside the measures, by its whole name.
    #[must_use]
    pub fn named(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Convention {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// A measured distance with all that is needed to judge it, and no verdict.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Distance {
    /// The distance, in the unit of its convention; never corrected by `bias`.
    pub value: f64,
    /// How the value was made.
    pub convention: Convention,
    /// Rows behind the reference.
    pub reference_rows: u64,
    /// Rows behind the current window.
    pub current_rows: u64,
    /// Bins (or cells, or points) that were not empty on both sides.
    pub bins: usize,
    /// The value that the same distribution exceeds with probability `1 − confidence` at these sizes.
    pub noise_floor: Option<f64>,
    /// The probability that the same distribution gives this value or more at these sizes.
    pub p_value: Option<f64>,
    /// The expected value without any drift at these sizes.
    pub bias: Option<f64>,
}

/// Turns a count into a float; counts stay below 2⁵³, so nothing is lost.
#[allow(clippy::cast_precision_loss, reason = "row counts stay far below 2^53")]
pub(crate) fn float(count: u64) -> f64 {
    count as f64
}

/// Turns a length into a float.
#[allow(clippy::cast_precision_loss, reason = "lengths stay far below 2^53")]
pub(crate) fn float_len(length: usize) -> f64 {
    length as f64
}
