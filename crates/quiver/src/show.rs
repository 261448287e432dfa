//! Everything that people see: the terminal, the charts and the HTML; it computes nothing but scales.

pub mod columns;
pub mod comparison;
pub mod html;
pub mod junit;
pub mod number;
pub mod paint;
pub mod progress;
pub mod story;
pub mod verdicts;
