//! The mergeable profile kernel: Arrow in, order-independent summaries out; touches no disk, clock, network or chance.
//!
//! `profile(A ∪ B) = merge(profile(A), profile(B))`, and every figure that is shown depends only on the multiset of
//! rows. Lower modules never import higher ones: `codec`, `hash` → `sketch` → `edges` → `column` → `plan` → `slice` →
//! `profile`; `outcome` stands beside `profile`.

pub mod codec;
pub mod column;
pub mod edges;
pub mod hash;
pub mod outcome;
pub mod plan;
pub mod profile;
pub mod sketch;
pub mod slice;

pub use codec::CodecError;
pub use column::{ColumnError, ColumnKind, ColumnProfile, ColumnSummary, Counts, Disclosure};
pub use edges::{BinLabel, CategoryEdges, Edges, EdgesById, EdgesId, NumberEdges};
pub use outcome::{Outcome, OutcomeError, OutcomePlan, Task};
pub use plan::{ColumnPlan, Inferred, Plan, SlicePlan};
pub use profile::{FORMAT_VERSION, FreezeOptions, Profile, ProfileError, RowFacts};
pub use slice::{SliceCell, SliceFigure, SliceProfile};
