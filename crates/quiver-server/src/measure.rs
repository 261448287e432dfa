//! What a batch of predictions means in columns: each measured column is named `<arrow>/<subject>`, so that the arrow
//! it belongs to is said once, in `quiver_judge::facts::profile_column`.

mod derive;
mod facts;
mod joined;
mod plan;
mod rows;
mod window;

pub use derive::{measured, slice_column};
pub use facts::{row_costs, row_facts};
pub use joined::{Joiner, WindowOutcomes};
pub use plan::{freeze_options, model_plan, outcome_plan, plan_on_edges, priced_services};
pub use rows::Rows;
pub use window::{ProfileKey, WindowCounter};

use quiver_event::time::TimeError;

/// Why rows cannot be measured.
#[derive(Debug, thiserror::Error)]
pub enum MeasureError {
    /// The rows lack a column.
    #[error("the rows lack the column {column}; were they written by another version of Quiver?")]
    Missing {
        /// The column.
        column: String,
    },
    /// Columns do not fit together.
    #[error("columns do not fit together: {0}")]
    Columns(#[from] arrow::error::ArrowError),
    /// An event time lies outside what windows can hold.
    #[error(transparent)]
    Time(#[from] TimeError),
    /// A profile cannot be counted.
    #[error(transparent)]
    Profile(#[from] quiver_profile::ProfileError),
}
