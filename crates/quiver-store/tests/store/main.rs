//! Tests of the store, in one binary: linking DataFusion once is slow enough.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test that panics has failed; measurements print")]

mod catalogue;
mod catalogue_door;
mod data_folder;
mod flow;
mod frame;
mod join;
mod journal;
mod journal_full;
mod judged;
mod rows;
mod table;
mod table_damage;
mod table_maintenance;
mod table_privacy;
