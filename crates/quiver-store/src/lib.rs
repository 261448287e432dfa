//! Keeps what was accepted: the only crate that knows tables and SQL; it knows rows and bytes, never what they mean.
//!
//! Lower modules never name higher ones:
//! `disk` → `log_copy` → `durable_store` → `journal` → `session` → `table` → `catalogue` → `query` → `join` → `data_folder`.

pub mod catalogue;
pub mod data_folder;
mod disk;
mod durable_store;
pub mod join;
pub mod journal;
mod log_copy;
pub mod query;
mod session;
pub mod table;
