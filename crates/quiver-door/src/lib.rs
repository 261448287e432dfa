//! Bytes in, clean events out: spec files, tables and NDJSON become checked and redacted batches; nothing is judged.

pub mod capture;
pub mod decode;
pub mod detect;
pub mod infer;
pub mod limits;
pub mod redact;
pub mod spec_file;
pub mod yaml_file;
