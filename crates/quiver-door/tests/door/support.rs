//! Files and specs that the tests share.

use arrow::array::{ArrayRef, RecordBatch};
use arrow::datatypes::{Field, Schema};
use parquet::arrow::ArrowWriter;
use quiver_door::spec_file::parse_spec;
use quiver_event::spec::Spec;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The example of DESIGN.md, *The spec*, with the columns of a log.
pub const DESIGN_SPEC: &str = r"# yaml-language-server: $schema=./quiver-spec.schema.json
model: flight-delay
owner: departures@example.com
task: binary                       # binary · multiclass · regression · ranking · generation
timezone: America/New_York
purpose: {metric: rebooked_in_time, from: feedback, aggregate: mean, direction: up, unit: per 1k predictions, within: 24h}
quality:
  - {metric: recall, threshold: 0.5, at_least: 0.10}
  - {metric: roc_auc, at_least: 0.58}
  - {metric: calibration_error, at_most: 0.10}
  - {metric: precision, threshold: 0.5, at_least: 0.35, by: carrier}
service: {p95_latency: 150ms, error_rate: 0.1%, availability: 99.9%}
feedback: {label: late, source: arrival message, expected_delay: {p50: 3h, p95: 8h}, horizon: 7d}
sources: {weather: {max_age: 90m, owner: met-data@example.com}}
features:
  distance:   {type: number, unit: mi, range: [0, 6000], required: true}
  carrier:    {type: category, values: [UA, AA, DL, B6], privacy: public}
  wind_speed: {type: number, source: weather, max_age: 2h, default: 10}
  note:       {type: text, max_length: 2000, privacy: free_text, action: drop}
  origin:     {type: category, privacy: public}
slices: [origin, carrier]
decision: {threshold: 0.5, actions: [notify, ignore]}
cost: {prices: {redis: 0.2 USD per 1M calls, cpu: 0.04 USD per hour}, at_most: 0.40 USD per 1k}
reference: {from: 2013-02-01, to: 2013-03-01}      # or a file, or a model version
drift: {measure: psi, window: 1d}
alarms: {sustained: 3 of 4, false_pages: 1 per year}
privacy: {subject: passenger_id, retention: {events: 30d, profiles: 2y}}
";

pub fn spec(text: &str) -> Spec {
    parse_spec(text, "test.yaml").unwrap_or_else(|errors| panic!("{}", errors.render()))
}

pub fn write(folder: &Path, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, content).unwrap();
    path
}

pub fn batch(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    let fields: Vec<Field> =
        columns.iter().map(|(name, array)| Field::new(*name, array.data_type().clone(), true)).collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns.into_iter().map(|(_, array)| array).collect()).unwrap()
}

pub fn write_parquet(folder: &Path, name: &str, rows: &RecordBatch) -> PathBuf {
    let path = folder.join(name);
    let mut writer = ArrowWriter::try_new(std::fs::File::create(&path).unwrap(), rows.schema(), None).unwrap();
    writer.write(rows).unwrap();
    writer.close().unwrap();
    path
}
