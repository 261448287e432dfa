//! The mergeable profile kernel: Arrow in, order-independent summaries out; touches no disk, clock, network or chance.

pub mod codec;
pub mod edges;
pub mod hash;
pub mod sketch;
