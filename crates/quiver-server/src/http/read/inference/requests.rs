//! What requests took and used, counted row by row: sums are exact, and no order of the rows changes a figure.

use super::price::{CallUsage, Usage};
use crate::measure::Rows;
use crate::pipeline::PipelineError;
use arrow::array::{Array, ArrayRef, AsArray, MapArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type};
use arrow::error::ArrowError;
use quiver_event::batch::column;
use quiver_profile::column::NumberValues;
use quiver_profile::sketch::exact_sum::ExactSum;
use quiver_profile::sketch::value_sample::DEFAULT_LIMIT;
use std::collections::{BTreeMap, HashMap};

/// The columns of what an answer used, in the order of [`Requests::means`].
pub const COSTS: [&str; 6] =
    [column::CPU_MS, column::GPU_MS, column::MEMORY_MB, column::BYTES, column::TOKENS_IN, column::TOKENS_OUT];

/// Services that are told apart; calls to others add up under this name.
const MOST_SERVICES: usize = 1_000;
const OTHER: &str = "other";

/// Latencies of a group of requests.
#[derive(Debug, Clone, PartialEq)]
pub struct Latencies {
    /// Requests that tell their latency.
    pub rows: u64,
    /// The milliseconds below which half, 95 % and 99 % of them are answered.
    pub quantiles: [Option<f64>; 3],
    /// How the quantiles were found; nothing where there are none.
    pub convention: Option<String>,
}

#[derive(Debug, Clone, Default)]
struct Mean {
    sum: ExactSum,
    rows: u64,
}

impl Mean {
    fn add(&mut self, value: f64) {
        self.sum.add(value);
        self.rows += 1;
    }

    fn value(&self) -> Option<f64> {
        per(&self.sum, self.rows as f64)
    }
}

/// A sum by something; none where that is zero, or the sum beyond all numbers.
fn per(sum: &ExactSum, divisor: f64) -> Option<f64> {
    let quotient = sum.to_f64() / divisor;
    (divisor > 0.0 && quotient.is_finite()).then_some(quotient)
}

#[derive(Debug, Clone, Default)]
struct Calls {
    calls: ExactSum,
    /// Milliseconds, and the calls that they were spent in.
    ms: ExactSum,
    timed_calls: ExactSum,
    is_timed: bool,
}

/// The requests of an arm, and the latencies of groups of requests.
#[derive(Debug)]
pub struct Requests {
    arm: String,
    latencies: BTreeMap<String, NumberValues>,
    /// In the order of [`COSTS`].
    costs: Vec<Mean>,
    calls: BTreeMap<String, Calls>,
    /// Requests of the arm that tell anything of what they used.
    costed: u64,
    /// Whether any request of the arm tells its latency, and whether any its latency or its error.
    is_timed: bool,
    is_served: bool,
}

impl Requests {
    /// None yet; the latencies of these groups are told, and what requests of the arm used.
    pub fn new(arm: &str, groups: impl IntoIterator<Item = String>) -> Self {
        let empty = || NumberValues::new(Some(DEFAULT_LIMIT));
        Self {
            arm: arm.to_owned(),
            latencies: groups.into_iter().map(|group| (group, empty())).collect(),
            costs: vec![Mean::default(); COSTS.len()],
            calls: BTreeMap::new(),
            costed: 0,
            is_timed: false,
            is_served: false,
        }
    }

    /// Counts rows with the columns `group`, `served_arm`, `failed`, `latency_ms`, `calls` and those of [`COSTS`].
    ///
    /// # Errors
    /// When a column is missing.
    pub fn add(&mut self, batch: &RecordBatch) -> Result<(), PipelineError> {
        let rows = Rows(batch);
        let (groups, arms) = (rows.texts("group")?, rows.texts("served_arm")?);
        let (latencies, failed) = (rows.numbers(column::LATENCY_MS)?, rows.integers("failed")?);
        let mut timed: HashMap<&str, Vec<f64>> = HashMap::new();
        for (group, latency) in groups.iter().zip(&latencies) {
            if let Some(latency) = latency.filter(|latency| latency.is_finite()) {
                // A negative zero becomes zero.
                timed.entry(group).or_default().push(latency + 0.0);
            }
        }
        for (group, values) in timed {
            if let Some(kept) = self.latencies.get_mut(group) {
                kept.add_all(&values);
            }
        }
        let mut costs = Vec::with_capacity(COSTS.len());
        for name in COSTS {
            costs.push(rows.numbers(name)?);
        }
        let calls = CallColumn::of(batch)?;
        for row in (0..batch.num_rows()).filter(|row| arms[*row] == self.arm) {
            self.is_timed |= latencies[row].is_some();
            self.is_served |= latencies[row].is_some() || failed[row] != 0;
            let mut is_costed = false;
            for (mean, values) in self.costs.iter_mut().zip(&costs) {
                if let Some(value) = values[row].filter(|value| value.is_finite()) {
                    mean.add(value);
                    is_costed = true;
                }
            }
            if let Some(calls) = &calls {
                is_costed |= calls.add_to(&mut self.calls, row);
            }
            self.costed += u64::from(is_costed);
        }
        Ok(())
    }

    /// The latencies of a group.
    pub fn latencies(&self, group: &str) -> Latencies {
        let Some(values) = self.latencies.get(group).filter(|values| values.moments().count() > 0) else {
            return Latencies { rows: 0, quantiles: [None; 3], convention: None };
        };
        let (found, method) = values.quantiles(&[0.5, 0.95, 0.99]);
        let found = found.unwrap_or_default();
        Latencies {
            rows: values.moments().count(),
            quantiles: std::array::from_fn(|place| found.get(place).copied()),
            convention: Some(format!("quantile/{method}")),
        }
    }

    /// What a request used on average, of those that tell it, in the order of [`COSTS`].
    pub fn means(&self) -> [Option<f64>; COSTS.len()] {
        std::array::from_fn(|place| self.costs.get(place).and_then(Mean::value))
    }

    /// The same with the calls: of all requests that tell anything of what they used.
    pub fn usage(&self) -> Usage {
        let [cpu_ms, gpu_ms, _, bytes, tokens_in, tokens_out] = self.means();
        let of = |calls: &Calls| {
            let ms = per(&calls.ms, self.costed as f64).filter(|_| calls.is_timed);
            Some(CallUsage { calls: per(&calls.calls, self.costed as f64)?, ms })
        };
        let calls = self.calls.iter().filter_map(|(service, calls)| Some((service.clone(), of(calls)?)));
        Usage { cpu_ms, gpu_ms, bytes, tokens_in, tokens_out, calls: calls.collect() }
    }

    /// Milliseconds a call to a service takes on average; none where no event tells.
    pub fn ms_per_call(&self, service: &str) -> Option<f64> {
        let calls = self.calls.get(service)?;
        per(&calls.ms, calls.timed_calls.to_f64()).filter(|_| calls.is_timed)
    }

    /// Whether any request tells its latency.
    pub fn has_latencies(&self) -> bool {
        self.is_timed
    }

    /// Whether any request tells whether it failed: with its error, or with a latency and none.
    pub fn has_failures(&self) -> bool {
        self.is_served
    }

    /// Whether any request tells what it used, calls apart.
    pub fn has_costs(&self) -> bool {
        self.costs.iter().any(|mean| mean.rows > 0)
    }

    /// Whether any request tells its calls.
    pub fn has_calls(&self) -> bool {
        !self.calls.is_empty()
    }
}

/// The calls of a batch: of each row a map from services to their number and milliseconds.
struct CallColumn<'a> {
    map: &'a MapArray,
    services: ArrayRef,
    numbers: Option<ArrayRef>,
    ms: Option<ArrayRef>,
}

impl<'a> CallColumn<'a> {
    fn of(batch: &'a RecordBatch) -> Result<Option<Self>, ArrowError> {
        let map = batch.column_by_name(column::CALLS).and_then(|values| values.as_map_opt());
        let Some(map) = map.filter(|map| map.null_count() < map.len()) else { return Ok(None) };
        let Some(fields) = map.values().as_struct_opt() else { return Ok(None) };
        let numbers = |name: &str| -> Result<Option<ArrayRef>, ArrowError> {
            fields.column_by_name(name).map(|values| cast(values, &DataType::Float64)).transpose()
        };
        let services = cast(map.keys(), &DataType::Utf8)?;
        Ok(Some(Self { map, services, numbers: numbers("n")?, ms: numbers("ms")? }))
    }

    /// Adds the calls of a row; says whether there are any.
    fn add_to(&self, sums: &mut BTreeMap<String, Calls>, row: usize) -> bool {
        let services = self.services.as_string::<i32>();
        let number = |values: &Option<ArrayRef>, entry: usize| {
            let values = values.as_ref()?.as_primitive::<Float64Type>();
            Some(values.value(entry)).filter(|value| values.is_valid(entry) && value.is_finite())
        };
        if self.map.is_null(row) {
            return false;
        }
        let offsets = self.map.value_offsets();
        let entries = offsets[row] as usize..offsets[row + 1] as usize;
        let has_any = !entries.is_empty();
        for entry in entries {
            let named = services.value(entry);
            let service = if sums.contains_key(named) || sums.len() < MOST_SERVICES { named } else { OTHER };
            if !sums.contains_key(service) {
                sums.insert(service.to_owned(), Calls::default());
            }
            let Some(sum) = sums.get_mut(service) else { continue };
            let (calls, ms) = (number(&self.numbers, entry), number(&self.ms, entry));
            if let Some(calls) = calls {
                sum.calls.add(calls);
            }
            if let Some(ms) = ms {
                sum.ms.add(ms);
                sum.timed_calls.add(calls.unwrap_or(0.0));
                sum.is_timed = true;
            }
        }
        has_any
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{
        ArrayBuilder, Float64Array, Float64Builder, Int64Array, MapBuilder, MapFieldNames, StringArray, StringBuilder,
        StructBuilder,
    };
    use quiver_event::batch::calls_fields;
    use std::sync::Arc;

    /// A map from `redis` to its calls and milliseconds in each row that has some.
    fn calls(rows: &[Option<(f64, f64)>]) -> ArrayRef {
        let fields = calls_fields();
        let numbers = || -> Box<dyn ArrayBuilder> { Box::new(Float64Builder::new()) };
        let values = StructBuilder::new(fields, vec![numbers(), numbers()]);
        let names = MapFieldNames { entry: "key_value".to_owned(), key: "key".to_owned(), value: "value".to_owned() };
        let mut builder = MapBuilder::new(Some(names), StringBuilder::new(), values);
        for row in rows {
            if let Some((number, ms)) = row {
                builder.keys().append_value("redis");
                builder.values().field_builder::<Float64Builder>(0).unwrap().append_value(*number);
                builder.values().field_builder::<Float64Builder>(1).unwrap().append_value(*ms);
                builder.values().append(true);
            }
            builder.append(row.is_some()).unwrap();
        }
        Arc::new(builder.finish())
    }

    fn batch() -> RecordBatch {
        let numbers = |values: [Option<f64>; 4]| -> ArrayRef { Arc::new(Float64Array::from(values.to_vec())) };
        let texts = |values: [&str; 4]| -> ArrayRef { Arc::new(StringArray::from(values.to_vec())) };
        let failed: ArrayRef = Arc::new(Int64Array::from(vec![0, 1, 0, 0]));
        let none = || numbers([None; 4]);
        RecordBatch::try_from_iter_with_nullable([
            ("group", texts(["v1", "v1", "v2", "v1"]), true),
            ("served_arm", texts(["control", "control", "control", "shadow"]), true),
            ("failed", failed, true),
            ("latency_ms", numbers([Some(10.0), None, Some(30.0), Some(20.0)]), true),
            ("cpu_ms", numbers([Some(1.0), Some(2.0), None, Some(90.0)]), true),
            ("gpu_ms", none(), true),
            ("memory_mb", none(), true),
            ("bytes", none(), true),
            ("tokens_in", none(), true),
            ("tokens_out", none(), true),
            ("calls", calls(&[Some((2.0, 3.0)), None, Some((4.0, 9.0)), Some((50.0, 50.0))]), true),
        ])
        .unwrap()
    }

    #[test]
    fn requests_are_counted_by_hand() {
        let mut requests = Requests::new("control", ["v1".to_owned(), "v2".to_owned()]);
        requests.add(&batch()).unwrap();
        let latencies = requests.latencies("v1");
        // Groups are of all rows that were read: 10 and 20.
        assert_eq!((latencies.rows, latencies.quantiles), (2, [Some(10.0), Some(20.0), Some(20.0)]));
        assert_eq!(latencies.convention.as_deref(), Some("quantile/exact"));
        assert_eq!(requests.latencies("v3").quantiles, [None; 3]);
        // Two of three requests of the arm tell their processor; all three tell something.
        assert_eq!(requests.means(), [Some(1.5), None, None, None, None, None]);
        let usage = requests.usage();
        assert_eq!(usage.calls["redis"], CallUsage { calls: 2.0, ms: Some(4.0) });
        assert_eq!(requests.ms_per_call("redis"), Some(2.0));
        assert!(requests.has_latencies() && requests.has_failures() && requests.has_costs() && requests.has_calls());
    }

    #[test]
    fn nothing_is_told_of_no_requests() {
        let requests = Requests::new("control", Vec::new());
        assert_eq!(requests.usage(), Usage::default());
        assert!(!requests.has_latencies() && !requests.has_failures());
        assert!(!requests.has_costs() && !requests.has_calls());
    }
}
