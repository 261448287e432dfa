//! The bounds on what the door takes in, each with its reason; knows no format.

/// The largest spec or config. Either is a page or two; a megabyte is a data file given by mistake.
pub const MAX_YAML_BYTES: u64 = 1_000_000;

/// The deepest column a line of YAML may start at. A YAML parser recurses once a level, so depth is stack.
pub const MAX_YAML_INDENT: usize = 128;

/// Text that all anchors of a YAML file together may copy, in bytes: anchors nested in anchors copy the same text often.
pub const MAX_YAML_ANCHOR_BYTES: usize = 64_000_000;

/// The most errors reported of one YAML file. Beyond that the file is of another kind.
pub const MAX_YAML_ERRORS: usize = 200;

/// The longest text of one field, in tables and in events. A longer one makes the row invalid: a batch of 8,192 such
/// rows would already hold 128 GiB.
pub const MAX_FIELD_BYTES: usize = 16 * 1024 * 1024;

/// The longest line of NDJSON or row of CSV: one field of the largest size and room for the others.
pub const MAX_LINE_BYTES: usize = 20 * 1024 * 1024;

/// The deepest nesting of an event. The format itself needs five levels.
pub const MAX_EVENT_DEPTH: usize = 32;

/// The most features of one prediction. Every declared feature is a column of a table.
pub const MAX_EVENT_FEATURES: usize = 2_000;

/// The deepest nesting of a request of OTLP in JSON: its envelope has ten levels and a value's level takes four.
pub const MAX_OTLP_DEPTH: usize = 120;

/// Bytes of the spans, or of the payloads, that wait for the other part of their event.
pub const MAX_PENDING_BYTES: usize = 64 * 1024 * 1024;

/// Seconds for which one part of an event waits for the other. Exporters send what they have every few seconds.
pub const MAX_PENDING_SECONDS: i64 = 60;

/// Spans that wait for their prediction.
pub const MAX_PENDING_SPANS: usize = 200_000;

/// Spans of one trace that wait: a trace that is never closed must not push out all others.
pub const MAX_TRACE_SPANS: usize = 10_000;

/// Services and data stores that the calls of one prediction name.
pub const MAX_PEERS: usize = 100;

/// Payloads that wait for their request or response.
pub const MAX_PENDING_PAYLOADS: usize = 50_000;

/// Predictions in one payload of a model server.
pub const MAX_INSTANCES: usize = 10_000;

/// Values in one payload of a model server: each becomes an entry of a map, a hundred times the bytes it had.
pub const MAX_PAYLOAD_VALUES: usize = 1_000_000;

/// Rows in a batch: large enough that a column kernel's fixed cost vanishes, small enough for a processor's cache.
pub const BATCH_ROWS: usize = 8_192;

/// The most bytes of text in one batch of CSV or NDJSON rows, so that long texts do not make a batch unbounded.
pub const BATCH_BYTES: usize = 32 * 1024 * 1024;

/// The rows from which the types of CSV and NDJSON columns are inferred.
pub const INFER_ROWS: usize = 10_000;

/// The bytes read to infer the types of CSV and NDJSON columns, whichever bound comes first.
pub const INFER_BYTES: usize = 64 * 1024 * 1024;

/// The most columns of a table. Wider files are usually transposed.
pub const MAX_COLUMNS: usize = 100_000;

/// Examples kept of each reason for which rows are kept out, by position and never by content.
pub const MAX_EXAMPLES: usize = 5;

/// Distinct undeclared keys that are counted by name; a client that makes up keys must not fill the memory.
pub const MAX_UNDECLARED_KEYS: usize = 200;

/// Values of each column that `quiver init` keeps to find quantiles and categories.
pub const SAMPLE_VALUES: usize = 100_000;

/// Distinct values of a column that `quiver init` counts before it calls the column unbounded.
pub const MAX_DISTINCT: usize = 5_000;

/// The shortest key for subject hashes: below 16 bytes a keyed hash of an e-mail address can be searched.
pub const MIN_KEY_BYTES: usize = 16;

/// Cells (rows times columns) of a batch: wide tables get shorter batches, so that 10,000 columns stay in memory.
pub const BATCH_CELLS: usize = 4_000_000;

/// The longest identifier of an event: two UUIDs and a name fit many times.
pub const MAX_IDENTIFIER_BYTES: usize = 512;

/// Calls, classes or ranked items of one prediction.
pub const MAX_EVENT_ENTRIES: usize = 1_000;
