//! Judges what was measured: pure functions of counts, limits and state; reads no clock, disk, network or randomness.

pub mod distance;
