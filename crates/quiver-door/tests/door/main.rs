//! What comes in through the door: spec files, tables, event lines, drafts, and what is kept out.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod capture;
mod cloudevents;
mod detectors;
mod drafts;
mod events;
mod mapping;
mod otlp;
mod otlp_calls;
mod otlp_logs;
mod redaction;
mod specs;
mod support;
mod tables;
