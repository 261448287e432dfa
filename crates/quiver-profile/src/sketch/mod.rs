//! Small mergeable summaries of single values; they know neither columns nor Arrow.

pub mod distinct;
pub mod exact_sum;
pub mod frequent;
pub mod lengths;
pub mod log_linear;
pub mod moments;
pub mod value_sample;
pub mod value_table;
pub mod wide;
