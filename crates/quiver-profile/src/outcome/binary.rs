//! Figures of a binary task: confusion, rank, probability and calibration.

use serde::Serialize;

use crate::codec::{CodecError, Reader, Writer};
use crate::outcome::{OutcomeError, RankCounts};
use crate::sketch::exact_sum::ExactSum;
use crate::sketch::moments::Moments;

/// Equal-width bins of the calibration curve: [0, 0.1), [0.1, 0.2) … [0.9, 1].
pub const CALIBRATION_BINS: usize = 10;

/// Predictions at one threshold by what they said and what came true.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Confusion {
    /// Said yes, was yes.
    pub true_positives: u64,
    /// Said yes, was no.
    pub false_positives: u64,
    /// Said no, was yes.
    pub false_negatives: u64,
    /// Said no, was no.
    pub true_negatives: u64,
}

impl Confusion {
    /// True positives by predicted positives; nothing when nothing was predicted positive.
    pub fn precision(&self) -> Option<f64> {
        ratio(self.true_positives, self.true_positives + self.false_positives)
    }

    /// True positives by actual positives; nothing when there were none.
    pub fn recall(&self) -> Option<f64> {
        ratio(self.true_positives, self.true_positives + self.false_negatives)
    }

    /// The harmonic mean of precision and recall; nothing when there is neither a positive nor a predicted one.
    pub fn f1(&self) -> Option<f64> {
        let doubled = 2 * self.true_positives;
        ratio(doubled, doubled + self.false_positives + self.false_negatives)
    }

    /// The share of right answers.
    pub fn accuracy(&self) -> Option<f64> {
        let right = self.true_positives + self.true_negatives;
        ratio(right, right + self.false_positives + self.false_negatives)
    }

    fn add(&mut self, said: bool, was: bool) {
        *match (said, was) {
            (true, true) => &mut self.true_positives,
            (true, false) => &mut self.false_positives,
            (false, true) => &mut self.false_negatives,
            (false, false) => &mut self.true_negatives,
        } += 1;
    }

    fn fields_mut(&mut self) -> [&mut u64; 4] {
        [&mut self.true_positives, &mut self.false_positives, &mut self.false_negatives, &mut self.true_negatives]
    }
}

/// One bin of the calibration curve.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct CalibrationBin {
    /// Lower bound of the scores, included.
    pub from: f64,
    /// Upper bound of the scores, excluded; the last bin includes 1.
    pub to: f64,
    /// Labelled predictions in the bin.
    pub rows: u64,
    /// Those whose label is 1.
    pub positives: u64,
    /// The mean score.
    pub mean_score: Option<f64>,
    /// The share of positives.
    pub positive_share: Option<f64>,
}

/// The mergeable figures of a binary task, over labelled predictions.
#[derive(Debug, Clone, PartialEq)]
pub struct BinaryOutcome {
    thresholds: Vec<f64>,
    confusions: Vec<Confusion>,
    ranks: RankCounts,
    /// Scores outside [0, 1] are no probabilities: while there are any, probability figures are not shown.
    outside_unit: u64,
    briers: Moments,
    log_losses: Moments,
    calibration: [(u64, u64, ExactSum); CALIBRATION_BINS],
}

impl BinaryOutcome {
    pub(super) fn new(thresholds: &[f64]) -> Self {
        let mut thresholds: Vec<f64> = thresholds.iter().map(|threshold| threshold + 0.0).collect();
        thresholds.sort_unstable_by(f64::total_cmp);
        thresholds.dedup();
        Self {
            confusions: vec![Confusion::default(); thresholds.len()],
            thresholds,
            ranks: RankCounts::default(),
            outside_unit: 0,
            briers: Moments::default(),
            log_losses: Moments::default(),
            calibration: Default::default(),
        }
    }

    pub(super) fn add(&mut self, score: f64, positive: bool) {
        for (confusion, &threshold) in self.confusions.iter_mut().zip(&self.thresholds) {
            confusion.add(score >= threshold, positive);
        }
        self.ranks.add(score, positive);
        if !(0.0..=1.0).contains(&score) {
            self.outside_unit += 1;
            return;
        }
        let difference = score - f64::from(u8::from(positive));
        self.briers.add(difference * difference);
        let clipped = score.clamp(f64::EPSILON, 1.0 - f64::EPSILON);
        self.log_losses.add(-(if positive { clipped } else { 1.0 - clipped }).ln());
        let (rows, positives, scores) = &mut self.calibration[calibration_bin(score)];
        *rows += 1;
        *positives += u64::from(positive);
        scores.add(score);
    }

    pub(super) fn merge(&mut self, other: &Self) -> Result<(), OutcomeError> {
        if self.thresholds != other.thresholds {
            return Err(OutcomeError::Thresholds { mine: self.thresholds.clone(), theirs: other.thresholds.clone() });
        }
        for (mine, mut theirs) in self.confusions.iter_mut().zip(other.confusions.clone()) {
            mine.fields_mut().into_iter().zip(theirs.fields_mut()).for_each(|(mine, theirs)| *mine += *theirs);
        }
        self.ranks.merge(&other.ranks);
        self.outside_unit += other.outside_unit;
        self.briers.merge(&other.briers);
        self.log_losses.merge(&other.log_losses);
        for (mine, theirs) in self.calibration.iter_mut().zip(&other.calibration) {
            mine.0 += theirs.0;
            mine.1 += theirs.1;
            mine.2.merge(&theirs.2);
        }
        Ok(())
    }

    /// The planned thresholds, ascending.
    pub fn thresholds(&self) -> &[f64] {
        &self.thresholds
    }

    /// The confusion matrix at a planned threshold.
    pub fn confusion(&self, threshold: f64) -> Option<Confusion> {
        let position = self.thresholds.iter().position(|&planned| planned == threshold)?;
        Some(self.confusions[position])
    }

    /// Positives and negatives by score.
    pub fn ranks(&self) -> &RankCounts {
        &self.ranks
    }

    /// Labelled predictions whose score is no probability.
    pub fn outside_unit(&self) -> u64 {
        self.outside_unit
    }

    /// Squared differences of score and label; nothing while some score is no probability.
    pub fn briers(&self) -> Option<&Moments> {
        (self.outside_unit == 0).then_some(&self.briers)
    }

    /// Losses −ln p of the label in nats; nothing while some score is no probability.
    pub fn log_losses(&self) -> Option<&Moments> {
        (self.outside_unit == 0).then_some(&self.log_losses)
    }

    /// The calibration curve; nothing while some score is no probability.
    pub fn calibration(&self) -> Option<Vec<CalibrationBin>> {
        let bin = |(position, (rows, positives, scores)): (usize, &(u64, u64, ExactSum))| CalibrationBin {
            from: position as f64 / CALIBRATION_BINS as f64,
            to: (position + 1) as f64 / CALIBRATION_BINS as f64,
            rows: *rows,
            positives: *positives,
            mean_score: (*rows > 0).then(|| scores.to_f64() / *rows as f64),
            positive_share: ratio(*positives, *rows),
        };
        (self.outside_unit == 0).then(|| self.calibration.iter().enumerate().map(bin).collect())
    }

    /// Σ over bins of (rows in bin / rows) · |mean score − share of positives|.
    pub fn calibration_error(&self) -> Option<f64> {
        let bins = self.calibration()?;
        let rows: u64 = bins.iter().map(|bin| bin.rows).sum();
        let gap = |bin: &CalibrationBin| Some(bin.rows as f64 * (bin.mean_score? - bin.positive_share?).abs());
        (rows > 0).then(|| bins.iter().filter_map(gap).sum::<f64>() / rows as f64)
    }

    pub(super) fn write(&self, writer: &mut Writer) {
        writer.unsigned(self.thresholds.len() as u64);
        for (&threshold, confusion) in self.thresholds.iter().zip(&self.confusions) {
            writer.float(threshold);
            let mut confusion = *confusion;
            confusion.fields_mut().into_iter().for_each(|field| writer.unsigned(*field));
        }
        self.ranks.write(writer);
        writer.unsigned(self.outside_unit);
        self.briers.write(writer);
        self.log_losses.write(writer);
        for (rows, positives, scores) in &self.calibration {
            writer.unsigned(*rows);
            writer.unsigned(*positives);
            scores.write(writer);
        }
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, CodecError> {
        let mut thresholds = Vec::new();
        let mut confusions = Vec::new();
        for _ in 0..reader.length()? {
            thresholds.push(reader.float()?);
            let mut confusion = Confusion::default();
            for field in confusion.fields_mut() {
                *field = reader.count()?;
            }
            confusions.push(confusion);
        }
        // NaN would be no threshold of its own outcome.
        if thresholds.iter().any(|threshold| threshold.is_nan()) {
            return Err(CodecError::Invalid { field: "thresholds" });
        }
        let mut read = Self {
            thresholds,
            confusions,
            ranks: RankCounts::read(reader)?,
            outside_unit: reader.count()?,
            briers: Moments::read(reader)?,
            log_losses: Moments::read(reader)?,
            calibration: Default::default(),
        };
        for bin in &mut read.calibration {
            *bin = (reader.count()?, reader.count()?, ExactSum::read(reader)?);
        }
        Ok(read)
    }
}

/// Finds the bin by comparing with the bounds themselves: multiplying by ten would round across them.
fn calibration_bin(score: f64) -> usize {
    (1..CALIBRATION_BINS).take_while(|&bin| score >= bin as f64 / CALIBRATION_BINS as f64).count()
}

fn ratio(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}
