//! Counts that every kind of column has; judges none of them.

use std::collections::BTreeMap;

use serde::Serialize;

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
    }

    /// Reads what [`Counts::write`] wrote.
    pub fn read(reader: &mut Reader<'_>) -> Result<Self, CodecError> {
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
        Ok(counts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
