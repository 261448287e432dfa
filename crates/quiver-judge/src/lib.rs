//! Judges what was measured: pure functions of counts, limits and state; reads no clock, disk, network or randomness.

pub mod comparison;
pub mod diagnosis;
pub mod distance;
pub mod evidence;
pub mod facts;
pub mod finding;
pub mod judge;
mod monitor;

pub use monitor::feedback::{MetricEstimate, estimate_metric};
