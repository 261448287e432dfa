//! Counts positives and negatives by score, for the area under the ROC curve as an exact integer statistic.

use std::collections::BTreeMap;

use crate::codec::{CodecError, MAXIMUM_COUNT, Reader, Writer, from_ordered, to_ordered};

/// The most distinct scores that are kept.
pub const MOST_SCORES: usize = 100_000;
/// The first grid has steps of 2^-14; each further one doubles them.
const FINEST_GRID: i32 = -14;

/// Positives and negatives by distinct score.
///
/// Beyond [`MOST_SCORES`] distinct scores every score is lowered to a multiple of 2^-14, or of the least doubling of it
/// that leaves few enough. Grids are nested, and which one is needed depends on the multiset of scores alone, so the
/// result does not depend on the order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RankCounts {
    /// `None` while scores are exact, else how often the grid's step was doubled.
    coarseness: Option<u32>,
    /// By ordered bits of the score: positives and negatives.
    scores: BTreeMap<u64, (u64, u64)>,
    /// A lower bound on scores than [`MOST_SCORES`], for tests of the folding.
    limit: Option<usize>,
}

impl RankCounts {
    /// Counts a finite score.
    pub fn add(&mut self, score: f64, positive: bool) {
        let key = self.key(score);
        let entry = self.scores.entry(key).or_default();
        if positive {
            entry.0 += 1;
        } else {
            entry.1 += 1;
        }
        self.fold_until_few();
    }

    /// Adds other counts.
    pub fn merge(&mut self, other: &Self) {
        self.fold_to(self.coarseness.max(other.coarseness));
        for (&key, &(positives, negatives)) in &other.scores {
            let key = self.key(from_ordered(key));
            let entry = self.scores.entry(key).or_default();
            entry.0 += positives;
            entry.1 += negatives;
            self.fold_until_few();
        }
    }

    fn key(&self, score: f64) -> u64 {
        to_ordered(match self.coarseness {
            None => score + 0.0,
            Some(doublings) => {
                let step = 2f64.powi(FINEST_GRID + doublings as i32);
                let lowered = (score / step).floor() * step + 0.0;
                // Scores too large to be divided by the step are multiples of it already.
                if lowered.is_finite() { lowered } else { score }
            }
        })
    }

    fn fold_until_few(&mut self) {
        while self.scores.len() > self.limit.unwrap_or(MOST_SCORES) {
            self.fold_to(Some(self.coarseness.map_or(0, |doublings| doublings + 1)));
        }
    }

    fn fold_to(&mut self, coarseness: Option<u32>) {
        if coarseness == self.coarseness {
            return;
        }
        self.coarseness = coarseness;
        for (key, (positives, negatives)) in std::mem::take(&mut self.scores) {
            let key = self.key(from_ordered(key));
            let entry = self.scores.entry(key).or_default();
            entry.0 += positives;
            entry.1 += negatives;
        }
    }

    /// Whether every distinct score is kept.
    pub fn is_exact(&self) -> bool {
        self.coarseness.is_none()
    }

    /// The distinct scores in ascending order with their positives and negatives.
    pub fn scores(&self) -> impl Iterator<Item = (f64, u64, u64)> + '_ {
        self.scores.iter().map(|(&key, &(positives, negatives))| (from_ordered(key), positives, negatives))
    }

    /// All positives.
    pub fn positives(&self) -> u64 {
        self.scores.values().map(|entry| entry.0).sum()
    }

    /// All negatives.
    pub fn negatives(&self) -> u64 {
        self.scores.values().map(|entry| entry.1).sum()
    }

    /// Positives times negatives, nothing when there are no pairs.
    fn pairs(&self) -> Option<f64> {
        let pairs = u128::from(self.positives()) * u128::from(self.negatives());
        (pairs > 0).then_some(pairs as f64)
    }

    /// The share of pairs in which the positive has the higher score, ties counted half.
    pub fn roc_auc(&self) -> Option<f64> {
        let pairs = self.pairs()?;
        let (mut below, mut doubled) = (0u128, 0u128);
        for &(positives, negatives) in self.scores.values() {
            doubled += u128::from(positives) * (2 * below + u128::from(negatives));
            below += u128::from(negatives);
        }
        Some(doubled as f64 / 2.0 / pairs)
    }

    /// Zero while scores are exact; else half the share of pairs that the grid may have tied.
    pub fn roc_auc_error(&self) -> Option<f64> {
        let pairs = self.pairs()?;
        if self.is_exact() {
            return Some(0.0);
        }
        let tied: u128 =
            self.scores.values().map(|&(positives, negatives)| u128::from(positives) * u128::from(negatives)).sum();
        Some(tied as f64 / 2.0 / pairs)
    }

    /// DeLong's standard error: the spread of each row's own share of won pairs.
    pub fn standard_error(&self) -> Option<f64> {
        let area = self.roc_auc()?;
        let (positives, negatives) = (self.positives(), self.negatives());
        if positives < 2 || negatives < 2 {
            return None;
        }
        let (mut negatives_below, mut positives_below) = (0u64, 0u64);
        let (mut of_positives, mut of_negatives) = (0.0, 0.0);
        for &(here_positive, here_negative) in self.scores.values() {
            let won = (negatives_below as f64 + here_negative as f64 / 2.0) / negatives as f64;
            let above = positives - positives_below - here_positive;
            let lost = (above as f64 + here_positive as f64 / 2.0) / positives as f64;
            of_positives += here_positive as f64 * (won - area) * (won - area);
            of_negatives += here_negative as f64 * (lost - area) * (lost - area);
            negatives_below += here_negative;
            positives_below += here_positive;
        }
        let mean_variance = |squares: f64, count: u64| squares / (count - 1) as f64 / count as f64;
        Some((mean_variance(of_positives, positives) + mean_variance(of_negatives, negatives)).sqrt())
    }

    pub(super) fn write(&self, writer: &mut Writer) {
        writer.unsigned(self.coarseness.map_or(0, |doublings| u64::from(doublings) + 1));
        writer.unsigned(self.scores.len() as u64);
        let mut previous = 0;
        for (&key, &(positives, negatives)) in &self.scores {
            writer.unsigned(key - previous);
            writer.unsigned(positives);
            writer.unsigned(negatives);
            previous = key;
        }
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, CodecError> {
        let coarseness = reader.unsigned()?;
        if coarseness > 1100 {
            return Err(CodecError::Invalid { field: "score grid" });
        }
        let mut read = Self { coarseness: (coarseness as u32).checked_sub(1), ..Self::default() };
        let mut key = 0u64;
        for _ in 0..reader.length()? {
            key = key.wrapping_add(reader.unsigned()?);
            if !from_ordered(key).is_finite() {
                return Err(CodecError::Invalid { field: "score" });
            }
            read.scores.insert(key, (reader.count()?, reader.count()?));
        }
        let rows: u128 = read.scores.values().map(|entry| u128::from(entry.0) + u128::from(entry.1)).sum();
        if read.scores.len() > MOST_SCORES || rows > u128::from(MAXIMUM_COUNT) {
            return Err(CodecError::Invalid { field: "scores" });
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(rows: &[(f64, bool)], limit: usize) -> RankCounts {
        let mut counts = RankCounts { limit: Some(limit), ..RankCounts::default() };
        rows.iter().for_each(|&(score, positive)| counts.add(score, positive));
        counts
    }

    fn brute_force(rows: &[(f64, bool)]) -> Option<f64> {
        let (mut won, mut pairs) = (0.0, 0.0);
        for &(positive_score, _) in rows.iter().filter(|row| row.1) {
            for &(negative_score, _) in rows.iter().filter(|row| !row.1) {
                pairs += 1.0;
                won += if positive_score > negative_score {
                    1.0
                } else if positive_score == negative_score {
                    0.5
                } else {
                    0.0
                };
            }
        }
        (pairs > 0.0).then_some(won / pairs)
    }

    #[test]
    fn a_known_area_and_its_standard_error() {
        // Wins of the positives 0.35, 0.8, 0.6: 1, 2, 2 of 2 negatives (0.1, 0.4): area 5/6.
        let rows = [(0.1, false), (0.4, false), (0.35, true), (0.8, true), (0.6, true)];
        let counts = of(&rows, 100);
        assert_eq!(counts.roc_auc(), Some(5.0 / 6.0));
        // V10 = (1/2, 1, 1): variance 1/12; V01 = (1, 2/3): variance 1/18. √(1/36 + 1/36).
        let error = counts.standard_error().unwrap();
        assert!((error - (1.0f64 / 18.0).sqrt()).abs() < 1e-15, "{error}");
    }

    proptest! {
        #[test]
        fn areas_match_counting_pairs_and_folding_stays_in_its_bound(
            rows in proptest::collection::vec((0.0..1.0f64, any::<bool>()), 0..120), limit in 4usize..200, cut in 0usize..120,
        ) {
            let exact = of(&rows, 1000);
            prop_assert!(exact.is_exact());
            match (exact.roc_auc(), brute_force(&rows)) {
                (Some(found), Some(expected)) => prop_assert!((found - expected).abs() < 1e-12),
                (found, expected) => prop_assert_eq!(found, expected),
            }
            let folded = of(&rows, limit);
            if let (Some(found), Some(error), Some(expected)) = (folded.roc_auc(), folded.roc_auc_error(), exact.roc_auc()) {
                prop_assert!((found - expected).abs() <= error + 1e-12);
            }
            let cut = cut.min(rows.len());
            let mut merged = of(&rows[cut..], limit);
            merged.merge(&of(&rows[..cut], limit));
            prop_assert_eq!(merged, folded);
        }
    }
}
