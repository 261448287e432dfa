//! Laws, noise and traps of the distances, on counts made from fixed seeds.

mod cumulative;
mod histogram;
mod independence;
mod noise;
mod random;
mod traps;
