//! Tests of the binary, in one binary of their own: they run `quiver` as a person does, on real flights.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod commands;
mod comparisons;
mod config;
mod distances;
mod flights;
mod held;
mod kills;
mod layers;
mod mistakes;
mod performance;
mod place;
mod python;
mod random;
mod replays;
mod story;
mod year;
