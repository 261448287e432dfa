//! What happened, and what a model is for: events, the spec, time and units, as pure types that touch no disk.

pub mod arrow_name;
pub mod batch;
pub mod event;
pub mod ordered;
pub mod spec;
pub mod time;
pub mod units;

pub use arrow_name::Arrow;
