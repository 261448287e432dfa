//! Events → journal, for any number of senders: each event is checked, redacted, counted once, written and only then
//! acknowledged.
//!
//! `doors` (what each model accepts) → `body` (bytes to events) → `commit` (one thread: deduplication, journal, fsync).

pub mod body;
pub mod budget;
pub mod commit;
pub mod dead_letters;
pub mod doors;
pub mod lag;
pub mod seen;
pub mod tally;

pub use commit::{Acknowledgement, CommitError, Committer, Receipt};
pub use doors::{Doors, ModelDoor};
