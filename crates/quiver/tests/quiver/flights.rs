//! The demo's flights and their spec, cut and changed for tests.

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, UInt32Array};
use arrow::compute::{cast, concat_batches, take_record_batch};
use arrow::datatypes::{DataType, Field, Float64Type, Schema, TimestampMillisecondType};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::file::properties::WriterProperties;
use quiver_event::time::{Timestamp, Zone};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

/// The demo's spec.
pub const SPEC: &str = include_str!("../../../../demo/flight-delay.yaml");

/// The features that are numbers.
pub const NUMBERS: [&str; 10] =
    ["hour", "distance", "dow", "temp", "dewp", "humid", "wind_speed", "precip", "pressure", "visib"];

/// The features that are categories.
pub const CATEGORIES: [&str; 3] = ["carrier", "origin", "dest"];

/// The demo's data.
pub fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../demo/flights.parquet")
}

/// All flights, in order of time.
pub fn all() -> &'static RecordBatch {
    static FLIGHTS: OnceLock<RecordBatch> = OnceLock::new();
    FLIGHTS.get_or_init(|| {
        let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(path()).unwrap()).unwrap().build().unwrap();
        let batches: Vec<RecordBatch> = reader.map(Result::unwrap).collect();
        concat_batches(&batches[0].schema(), &batches).unwrap()
    })
}

/// When each row's prediction was made, in milliseconds since 1970.
pub fn times(rows: &RecordBatch) -> Vec<i64> {
    column(rows, "event_time").as_primitive::<TimestampMillisecondType>().values().to_vec()
}

/// The flights of one month of New York, such as `2013-07`.
pub fn month(name: &str) -> RecordBatch {
    let zone = Zone::parse("America/New_York").unwrap();
    let times = times(all());
    // The rows are in order of time, so a month is a stretch of them.
    let name_of = |milliseconds: &i64| zone.month_text(Timestamp(milliseconds * 1000));
    let start = times.partition_point(|time| name_of(time).as_str() < name);
    let end = times.partition_point(|time| name_of(time).as_str() <= name);
    assert!(start < end, "no flight in {name}");
    all().slice(start, end - start)
}

/// The flights from the first instant to before the second, in RFC 3339.
pub fn between(from: &str, to: &str) -> RecordBatch {
    let times = times(all());
    let place = |text: &str| times.partition_point(|time| Timestamp(time * 1000) < Timestamp::parse(text).unwrap());
    all().slice(place(from), place(to) - place(from))
}

/// A column.
pub fn column<'a>(rows: &'a RecordBatch, name: &str) -> &'a ArrayRef {
    rows.column_by_name(name).unwrap_or_else(|| panic!("no column {name}"))
}

/// A column as numbers, widened to 64 bits.
pub fn numbers(rows: &RecordBatch, name: &str) -> Vec<Option<f64>> {
    cast(column(rows, name), &DataType::Float64).unwrap().as_primitive::<Float64Type>().iter().collect()
}

/// The rows at these places.
pub fn taken(rows: &RecordBatch, places: impl IntoIterator<Item = usize>) -> RecordBatch {
    let places = UInt32Array::from_iter_values(places.into_iter().map(|place| u32::try_from(place).unwrap()));
    take_record_batch(rows, &places).unwrap()
}

/// Every `step`-th row.
pub fn thinned(rows: &RecordBatch, step: usize) -> RecordBatch {
    taken(rows, (0..rows.num_rows()).step_by(step))
}

/// One table of several.
pub fn together(parts: &[RecordBatch]) -> RecordBatch {
    concat_batches(&parts[0].schema(), parts).unwrap()
}

/// The rows with a column replaced, or added at the end.
pub fn with(rows: &RecordBatch, name: &str, values: ArrayRef) -> RecordBatch {
    let mut fields: Vec<Field> = rows.schema().fields().iter().map(|field| field.as_ref().clone()).collect();
    let mut columns = rows.columns().to_vec();
    let field = Field::new(name, values.data_type().clone(), true);
    match rows.schema().index_of(name) {
        Ok(index) => (fields[index], columns[index]) = (field, values),
        Err(_) => {
            fields.push(field);
            columns.push(values);
        }
    }
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).unwrap()
}

/// The rows under other column names.
pub fn renamed(rows: &RecordBatch, names: &[(&str, &str)]) -> RecordBatch {
    let new_name = |old: &str| names.iter().find(|(from, _)| *from == old).map_or(old, |(_, to)| to).to_owned();
    let fields: Vec<Field> =
        rows.schema().fields().iter().map(|field| field.as_ref().clone().with_name(new_name(field.name()))).collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), rows.columns().to_vec()).unwrap()
}

/// Writes rows as Parquet, in several row groups when there are many.
pub fn write_parquet(path: &Path, rows: &RecordBatch) {
    let properties = WriterProperties::builder().set_max_row_group_row_count(Some(16_384)).build();
    let mut writer = ArrowWriter::try_new(File::create(path).unwrap(), rows.schema(), Some(properties)).unwrap();
    writer.write(rows).unwrap();
    writer.close().unwrap();
}

/// Writes rows as CSV with a header.
pub fn write_csv(path: &Path, rows: &RecordBatch) {
    arrow::csv::Writer::new(File::create(path).unwrap()).write(rows).unwrap();
}

/// The demo's spec with texts replaced, each of which must be there.
pub fn spec_with(changes: &[(&str, &str)]) -> String {
    changes.iter().fold(SPEC.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "the demo's spec has no {from:?}");
        text.replace(from, to)
    })
}
