//! Runs the flow: takes clean events in, and turns them into segments, profiles, outcomes and findings.

pub mod config;
pub mod evaluation;
pub mod gate;
pub mod measure;
pub mod pipeline;
