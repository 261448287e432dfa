//! Turns tables and NDJSON into batches of events; keeps out what cannot be used, and counts it by reason.

pub mod arrow_stream;
pub mod builder;
pub(crate) mod cast;
mod cell;
pub mod check;
pub mod cloudevents;
mod csv_rows;
pub mod event_keys;
mod feature_column;
pub mod feature_plan;
pub mod incoming;
mod json_rows;
mod line;
mod map_column;
pub mod ndjson;
pub mod otlp;
mod parquet_rows;
pub mod plain_line;
mod prediction_columns;
pub mod rejected;
pub mod shape;
pub mod table;
pub mod table_file;
mod table_rows;
