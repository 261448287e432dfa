//! Counts that every kind of column has; judges none of them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::codec::{CodecError, Reader, Writer};

/// The most reasons of invalidity that are counted apart; further ones are counted under `other`.
pub const MAXIMUM_REASONS: usize = 64;
const OTHER: &str = "other";

/// The status a client can send with a feature's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RowStatus {
    /// The value is as computed.
    Ok,
    /// There was no value.
    Missing,
    /// The declared default stood in.
    Default,
    /// The value is older than promised.
    Stale,
}

impl RowStatus {
    /// Reads a status as an event spells it.
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "ok" => Self::Ok,
            "missing" => Self::Missing,
            "default" => Self::Default,
            "stale" => Self::Stale,
            _ => return None,
        })
    }
}

/// A sum over the rows that tell a number, in whole small units: no order of additions can change it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CostSum {
    /// Rows that tell it.
    pub rows: u64,
    /// The sum in millionths.
    pub millionths: u64,
}

impl CostSum {
    /// Adds what one row tells; a number below zero, or none, counts as zero.
    pub fn add(&mut self, value: f64) {
        self.rows += 1;
        // A cast to an integer saturates, and takes what is no number for zero.
        self.millionths = self.millionths.saturating_add((value * 1e6).round() as u64);
    }

    /// Adds another sum.
    pub fn merge(&mut self, other: Self) {
        self.rows += other.rows;
        self.millionths = self.millionths.saturating_add(other.millionths);
    }

    /// The mean over the rows that tell it.
    pub fn mean(self) -> Option<f64> {
        (self.rows > 0).then(|| self.millionths as f64 / 1e6 / self.rows as f64)
    }
}

/// What the values of a column cost to fetch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Costs {
    /// Milliseconds.
    pub ms: CostSum,
    /// Calls to other services.
    pub calls: CostSum,
    /// Bytes moved.
    pub bytes: CostSum,
}

impl Costs {
    /// Whether no row tells anything.
    pub fn is_empty(&self) -> bool {
        [self.ms, self.calls, self.bytes].iter().all(|sum| sum.rows == 0)
    }

    /// Adds other costs.
    pub fn merge(&mut self, other: &Self) {
        self.ms.merge(other.ms);
        self.calls.merge(other.calls);
        self.bytes.merge(other.bytes);
    }
}

/// Row counts of a column.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// All rows.
    pub rows: u64,
    /// Rows of batches that lacked the column; they are also null.
    pub absent: u64,
    /// Rows without a value.
    pub null: u64,
    /// Rows whose number is NaN.
    pub nan: u64,
    /// Rows whose number is infinite and positive.
    pub positive_infinity: u64,
    /// Rows whose number is infinite and negative.
    pub negative_infinity: u64,
    /// Rows whose status is `ok`: their age is known, and it is within its promise.
    pub ok: u64,
    /// Rows whose status is `missing`.
    pub missing: u64,
    /// Rows whose status is `default`.
    pub default: u64,
    /// Rows whose status is `stale`.
    pub stale: u64,
    /// Rows by the reason for which their value is invalid.
    pub invalid: BTreeMap<String, u64>,
    /// What the values cost to fetch.
    #[serde(skip_serializing_if = "Costs::is_empty")]
    pub costs: Costs,
}

impl Counts {
    /// Counts rows with a status; unknown words count nothing.
    pub fn add_status(&mut self, status: &str, count: u64) {
        match RowStatus::parse(status) {
            Some(RowStatus::Missing) => self.missing += count,
            Some(RowStatus::Default) => self.default += count,
            Some(RowStatus::Stale) => self.stale += count,
            Some(RowStatus::Ok) => self.ok += count,
            None => {}
        }
    }

    /// Counts rows whose value is invalid.
    pub fn add_invalid(&mut self, reason: &str, count: u64) {
        if count == 0 {
            return;
        }
        *self.invalid.entry(reason.to_owned()).or_default() += count;
        // Keeping the reasons that sort first, whatever came first, makes the bound independent of the order.
        let named = |invalid: &BTreeMap<String, u64>| invalid.keys().filter(|reason| *reason != OTHER).count();
        while named(&self.invalid) > MAXIMUM_REASONS {
            let last = self.invalid.keys().rev().find(|reason| *reason != OTHER).cloned().expect("there are reasons");
            let moved = self.invalid.remove(&last).expect("the reason was just found");
            *self.invalid.entry(OTHER.to_owned()).or_default() += moved;
        }
    }

    /// The rows with an invalid value.
    pub fn invalid_rows(&self) -> u64 {
        self.invalid.values().sum()
    }

    /// Adds other counts.
    pub fn merge(&mut self, other: &Self) {
        for (mine, theirs) in self.fields_mut().into_iter().zip(other.fields()) {
            *mine += theirs;
        }
        other.invalid.iter().for_each(|(reason, &count)| self.add_invalid(reason, count));
        self.costs.merge(&other.costs);
    }

    fn fields(&self) -> [u64; 10] {
        [
            self.rows,
            self.absent,
            self.null,
            self.nan,
            self.positive_infinity,
            self.negative_infinity,
            self.ok,
            self.missing,
            self.default,
            self.stale,
        ]
    }

    fn fields_mut(&mut self) -> [&mut u64; 10] {
        [
            &mut self.rows,
            &mut self.absent,
            &mut self.null,
            &mut self.nan,
            &mut self.positive_infinity,
            &mut self.negative_infinity,
            &mut self.ok,
            &mut self.missing,
            &mut self.default,
            &mut self.stale,
        ]
    }

    /// Writes the counts.
    pub fn write(&self, writer: &mut Writer) {
        self.fields().into_iter().for_each(|field| writer.unsigned(field));
        writer.unsigned(self.invalid.len() as u64);
        for (reason, &count) in &self.invalid {
            writer.text(reason);
            writer.unsigned(count);
        }
        for sum in [self.costs.ms, self.costs.calls, self.costs.bytes] {
            writer.unsigned(sum.rows);
            writer.unsigned(sum.millionths);
        }
    }

    /// Reads what [`Counts::write`] wrote, in this or an earlier version of the format.
    pub fn read(reader: &mut Reader<'_>, version: u16) -> Result<Self, CodecError> {
        let mut counts = Self::default();
        for field in counts.fields_mut() {
            *field = reader.count()?;
        }
        for _ in 0..reader.length()? {
            let reason = reader.text()?.to_owned();
            counts.invalid.insert(reason, reader.count()?);
        }
        if counts.invalid.len() > MAXIMUM_REASONS + 1 {
            return Err(CodecError::Invalid { field: "reasons" });
        }
        // Profiles of before version 3 know of no cost.
        if version >= 3 {
            for sum in [&mut counts.costs.ms, &mut counts.costs.calls, &mut counts.costs.bytes] {
                *sum = CostSum { rows: reader.count()?, millionths: reader.unsigned()? };
            }
        }
        Ok(counts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn costs_add_up_in_any_order_and_nonsense_counts_as_zero() {
        let values = [0.1, 0.2, 0.3, -4.0, f64::NAN, 2.4];
        let sum_of = |values: &[f64]| {
            let mut sum = CostSum::default();
            values.iter().for_each(|&value| sum.add(value));
            sum
        };
        let reversed: Vec<f64> = values.iter().rev().copied().collect();
        assert_eq!(sum_of(&values), sum_of(&reversed));
        assert_eq!(sum_of(&values), CostSum { rows: 6, millionths: 3_000_000 });
        assert_eq!(sum_of(&values).mean(), Some(0.5));
        let mut halves = sum_of(&values[..2]);
        halves.merge(sum_of(&values[2..]));
        assert_eq!(halves, sum_of(&values));
        assert_eq!(sum_of(&[f64::INFINITY, 1.0]).millionths, u64::MAX);
        assert_eq!(CostSum::default().mean(), None);
    }

    #[test]
    fn reasons_are_bounded_whatever_their_order() {
        let reasons: Vec<String> = (0..200).map(|index| format!("reason {index:03}")).collect();
        let (mut forward, mut backward) = (Counts::default(), Counts::default());
        reasons.iter().for_each(|reason| forward.add_invalid(reason, 2));
        reasons.iter().rev().for_each(|reason| backward.add_invalid(reason, 2));
        assert_eq!(forward, backward);
        assert_eq!(forward.invalid.len(), MAXIMUM_REASONS + 1);
        assert_eq!(forward.invalid_rows(), 400);
    }
}
