//! Checks the compatibility modes against numbers that the peers' released packages returned; runs none of them.

mod evidently;
mod fixture;
mod nannyml;
mod tfdv;
