//! Runs the flow: takes clean events in, and turns them into segments, profiles, outcomes and findings, on time.

pub mod api_key;
pub mod clock;
pub mod config;
pub mod evaluation;
pub mod flow;
pub mod gate;
pub mod http;
pub mod ingest;
pub mod judged;
pub mod measure;
pub mod metrics;
pub mod pipeline;
pub mod serve;
pub mod subject_keys;
pub mod views;
