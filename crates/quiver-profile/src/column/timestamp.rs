//! Summarises points in time in UTC; knows no calendar beyond days and hours.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type, TimeUnit};

use crate::codec::{CodecError, Reader, Writer};
use crate::column::Counts;
use crate::column::summary::ColumnSummary;
use crate::hash::ValueHash;
use crate::sketch::distinct::Distinct;
use crate::sketch::value_sample::ValueSample;
use crate::sketch::value_table::SampleValue;

const HOUR: i64 = 3_600_000_000;
const DAY: i64 = 24 * HOUR;

/// Order-independent summary of points in time, in microseconds since 1970-01-01T00:00Z.
#[derive(Debug, Clone)]
pub struct TimestampValues {
    distinct: Distinct,
    hours: [u64; 24],
    /// Earliest and latest; kept of public columns only.
    range: Option<(i64, i64)>,
    /// Days since 1970-01-01 with their counts; kept of public columns only.
    days: Option<ValueSample<f64>>,
}

impl TimestampValues {
    /// Returns an empty summary; without a limit no extreme and no day is kept.
    pub fn new(value_limit: Option<usize>) -> Self {
        Self { distinct: Distinct::default(), hours: [0; 24], range: None, days: value_limit.map(ValueSample::new) }
    }

    pub(super) fn update(&mut self, array: &ArrayRef, counts: &mut Counts) {
        let (array, multiplier, divisor) = match array.data_type() {
            DataType::Date32 => (cast(array, &DataType::Date64).expect("dates convert"), 1000, 1),
            DataType::Date64 | DataType::Timestamp(TimeUnit::Millisecond, _) => (array.clone(), 1000, 1),
            DataType::Timestamp(TimeUnit::Second, _) => (array.clone(), 1_000_000, 1),
            DataType::Timestamp(TimeUnit::Nanosecond, _) => (array.clone(), 1, 1000),
            _ => (array.clone(), 1, 1),
        };
        let ticks = cast(&array, &DataType::Int64).expect("points in time are integers");
        let ticks = ticks.as_primitive::<Int64Type>();
        counts.null += ticks.null_count() as u64;
        for tick in ticks.iter().flatten() {
            self.add(tick.saturating_mul(multiplier).div_euclid(divisor));
        }
    }

    fn add(&mut self, micros: i64) {
        self.distinct.add(ValueHash::of_number(micros as f64).coupon());
        self.hours[(micros.rem_euclid(DAY) / HOUR) as usize] += 1;
        if let Some(days) = &mut self.days {
            let (earliest, latest) = self.range.unwrap_or((micros, micros));
            self.range = Some((earliest.min(micros), latest.max(micros)));
            let day = micros.div_euclid(DAY) as f64 + 0.0;
            let hash = f64::hash(&day);
            let had_dropped = days.has_dropped();
            days.add(hash, &day, 1);
            if let (true, Some(frequent)) = (had_dropped, days.frequent_mut()) {
                frequent.add(hash, &day, 1);
            }
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.distinct.merge(&other.distinct);
        self.hours.iter_mut().zip(other.hours).for_each(|(mine, theirs)| *mine += theirs);
        self.range = match (self.range, other.range) {
            (Some(mine), Some(theirs)) => Some((mine.0.min(theirs.0), mine.1.max(theirs.1))),
            (mine, theirs) => mine.or(theirs),
        };
        if let (Some(mine), Some(theirs)) = (&mut self.days, &other.days) {
            mine.merge(theirs);
        }
    }

    /// Rows by hour of the day, UTC.
    pub fn hours(&self) -> &[u64; 24] {
        &self.hours
    }

    /// The earliest point in time in microseconds, of public columns.
    pub fn earliest(&self) -> Option<i64> {
        self.range.map(|range| range.0)
    }

    /// The latest point in time in microseconds, of public columns.
    pub fn latest(&self) -> Option<i64> {
        self.range.map(|range| range.1)
    }

    /// Days since 1970-01-01 with their counts, of public columns.
    pub fn days(&self) -> Option<&ValueSample<f64>> {
        self.days.as_ref()
    }

    pub(super) fn summarise(&self, summary: &mut ColumnSummary) {
        summary.distinct = Some(self.distinct.estimate());
        summary.earliest_micros = self.earliest();
        summary.latest_micros = self.latest();
        summary.hours = Some(self.hours.to_vec());
        if let Some(days) = self.days.as_ref().filter(|days| days.is_exact()) {
            summary.days = Some(days.entries().into_iter().map(|(day, count)| (day as i64, count)).collect());
        }
    }

    pub(super) fn write(&self, writer: &mut Writer) {
        self.distinct.write(writer);
        writer.counts(&self.hours);
        writer.flag(self.range.is_some());
        if let Some((earliest, latest)) = self.range {
            writer.signed(earliest);
            writer.signed(latest);
        }
        writer.flag(self.days.is_some());
        if let Some(days) = &self.days {
            days.write(writer);
        }
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, CodecError> {
        let distinct = Distinct::read(reader)?;
        let hours = reader.counts()?.try_into().map_err(|_| CodecError::Invalid { field: "hours" })?;
        let range = if reader.flag()? { Some((reader.signed()?, reader.signed()?)) } else { None };
        let days = if reader.flag()? { Some(ValueSample::read(reader)?) } else { None };
        Ok(Self { distinct, hours, range, days })
    }
}
