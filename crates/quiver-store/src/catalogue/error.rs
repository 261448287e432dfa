//! Says what can go wrong with the catalogue and what to do about it.

use std::path::PathBuf;

/// Why the catalogue refused.
#[derive(Debug, thiserror::Error)]
pub enum CatalogueError {
    /// The file cannot be opened.
    #[error("cannot open catalogue {path}: {source}")]
    Open {
        /// The file.
        path: PathBuf,
        /// What the database said.
        source: sqlx::Error,
    },
    /// The tables cannot be brought to this version.
    #[error("cannot migrate catalogue {path}: {source}; was it written by a newer quiver?")]
    Migrate {
        /// The file.
        path: PathBuf,
        /// What the database said.
        source: Box<sqlx::migrate::MigrateError>,
    },
    /// A statement failed.
    #[error("cannot {action} in catalogue {path}: {source}")]
    Query {
        /// What was tried.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What the database said.
        source: sqlx::Error,
    },
    /// Another step of the same judge was committed since the state was read.
    #[error("judge {judge} is at revision {stored}, not {expected}; read its state again and repeat the step")]
    StaleStep {
        /// Which judge.
        judge: String,
        /// The revision in the catalogue.
        stored: i64,
        /// The revision the step was made from.
        expected: i64,
    },
}
