//! The durable flow of one model in one data folder: journal → segments → profiles → outcomes and findings.

mod ingest;
mod payload;
mod segment;

pub use ingest::Sourced;
pub use segment::Flushed;

use quiver_event::spec::Spec;
use quiver_event::time::{TimeError, Timestamp};
use quiver_store::catalogue::{Catalogue, CatalogueError};
use quiver_store::data_folder::{DataFolder, DataFolderError};
use quiver_store::journal::{Journal, JournalError, JournalOptions, Recovery};
use quiver_store::table::TableError;
use std::collections::BTreeSet;
use std::path::Path;
use uuid::Uuid;

/// Why the flow stopped.
#[derive(Debug, thiserror::Error)]
pub enum PipelineError {
    /// The data folder cannot be used.
    #[error(transparent)]
    Folder(#[from] DataFolderError),
    /// The journal refused.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// A table refused.
    #[error(transparent)]
    Table(#[from] TableError),
    /// The catalogue refused.
    #[error(transparent)]
    Catalogue(#[from] CatalogueError),
    /// A query failed.
    #[error(transparent)]
    Query(#[from] quiver_store::query::QueryError),
    /// A join failed.
    #[error(transparent)]
    Join(#[from] quiver_store::join::JoinError),
    /// Columns do not fit together.
    #[error("columns do not fit together: {0}")]
    Columns(#[from] arrow::error::ArrowError),
    /// A time of the spec or of an event cannot be used.
    #[error(transparent)]
    Time(#[from] TimeError),
    /// A journal frame cannot be read as events.
    #[error("the journal frame at offset {offset} cannot be read as events: {reason}")]
    Frame {
        /// The frame's first offset.
        offset: i64,
        /// What is wrong.
        reason: &'static str,
    },
    /// A batch is larger than the journal takes.
    #[error("a batch holds more than 4 billion rows; cut it up")]
    BatchTooLarge,
}

/// The open flow of one model.
#[derive(Debug)]
pub struct Pipeline {
    folder: DataFolder,
    journal: Journal,
    catalogue: Catalogue,
    spec: Spec,
    touched_producers: BTreeSet<String>,
}

impl Pipeline {
    /// Opens a data folder for the spec's model, and says what the journal's recovery found.
    ///
    /// `fresh_epoch` names the journal if there is none yet; `now` dates the spec's version.
    pub async fn open(
        path: &Path,
        spec: Spec,
        spec_text: &str,
        fresh_epoch: Uuid,
        now: Timestamp,
    ) -> Result<(Self, Recovery), PipelineError> {
        let folder = DataFolder::open(path)?;
        let (journal, recovery) = folder.open_journal(fresh_epoch, JournalOptions::default())?;
        let catalogue = folder.open_catalogue().await?;
        let pipeline = Self { folder, journal, catalogue, spec, touched_producers: BTreeSet::new() };
        pipeline.register(spec_text, now).await?;
        Ok((pipeline, recovery))
    }

    /// The spec of the model.
    pub fn spec(&self) -> &Spec {
        &self.spec
    }

    fn workspace(&self) -> &'static str {
        quiver_store::data_folder::DEFAULT_WORKSPACE
    }
}
