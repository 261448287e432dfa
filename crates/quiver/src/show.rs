//! Everything that people see: the terminal, the charts and the HTML; it computes nothing but scales.

pub mod number;
pub mod paint;
pub mod progress;
pub mod story;
