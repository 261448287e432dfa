//! Says what can go wrong with a table, which one, and what to do about it.

use arrow::datatypes::DataType;
use deltalake::DeltaTableError;
use url::Url;

/// What is tried when a table's log is read as a whole.
pub(super) const OPEN: &str = "open";

/// Why a table refused.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// The Delta library refused.
    #[error("cannot {action} table {table}: {source}")]
    Delta {
        /// What was tried.
        action: &'static str,
        /// The table.
        table: String,
        /// What the library said.
        source: Box<DeltaTableError>,
    },
    /// DataFusion refused.
    #[error("cannot {action} table {table}: {source}")]
    Query {
        /// What was tried.
        action: &'static str,
        /// The table.
        table: String,
        /// What DataFusion said.
        source: Box<datafusion::error::DataFusionError>,
    },
    /// The operating system refused.
    #[error("cannot {action} in table {table}: {source}")]
    Disk {
        /// What was tried.
        action: &'static str,
        /// The table.
        table: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// The rows were built from another offset than the one the table stands at.
    #[error(
        "table {table} stands at offset {stored:?} of {application_id}, but the rows were built from {expected:?}; \
         read the table's offset again and keep only the events from there on"
    )]
    Conflict {
        /// The table.
        table: String,
        /// Whose offset.
        application_id: String,
        /// The offset the table stands at.
        stored: Option<i64>,
        /// The offset the caller built its rows from.
        expected: Option<i64>,
    },
    /// Other writers were faster too often.
    #[error("table {table} was changed by other writers during {attempts} attempts to commit; try again")]
    Contended {
        /// The table.
        table: String,
        /// How often it was tried.
        attempts: usize,
    },
    /// A column's type differs from the table's.
    #[error("column {column} of table {table} is {stored}, rows bring {given}; a type never changes, add a new column")]
    TypeChanged {
        /// The table.
        table: String,
        /// The column.
        column: String,
        /// The table's type.
        stored: DataType,
        /// The rows' type.
        given: DataType,
    },
    /// A required column is missing.
    #[error("column {column} of table {table} is required, but the rows do not have it")]
    ColumnMissing {
        /// The table.
        table: String,
        /// The column.
        column: String,
    },
    /// The table exists with other partition columns.
    #[error("table {table} is partitioned by {stored:?}, not by {given:?}; partition columns never change")]
    PartitionsDiffer {
        /// The table.
        table: String,
        /// The table's.
        stored: Vec<String>,
        /// The ones asked for.
        given: Vec<String>,
    },
    /// Somebody set a property under which transaction ids expire.
    #[error(
        "table {table} has {property} set, so offsets would be forgotten and rows counted twice; unset the property"
    )]
    TransactionsExpire {
        /// The table.
        table: String,
        /// The property.
        property: &'static str,
    },
    /// The table is not parted by date.
    #[error("table {table} is not partitioned by {column}, so no date can be dropped from it")]
    NoDates {
        /// The table.
        table: String,
        /// The column it lacks.
        column: &'static str,
    },
    /// A data file is not what was written.
    #[error("file {path} of table {table} is damaged: {reason}; set it aside first")]
    Damaged {
        /// The table.
        table: String,
        /// The file's path in the table.
        path: String,
        /// What does not fit.
        reason: String,
    },
    /// A file of the log is not what was written.
    #[error(
        "{path} of table {table} is damaged: {reason}; put the file back from a backup, or move the table's folder \
         away, which gives up the rows that the journal no longer keeps"
    )]
    DamagedLog {
        /// The table.
        table: String,
        /// The file's path in the table.
        path: String,
        /// What does not fit.
        reason: String,
    },
    /// Files hold another number of rows than the log says.
    #[error("files of table {table} hold {found} rows, the log says {expected}; verify the table")]
    RowsDiffer {
        /// The table.
        table: String,
        /// What the log says.
        expected: u64,
        /// What was read.
        found: u64,
    },
    /// Files can be deleted and set aside on this machine only.
    #[error("table {table} is not in a local folder")]
    NotLocal {
        /// The table.
        table: String,
    },
    /// The place is not one this build can reach.
    #[error("{path} is not an absolute path")]
    NotAbsolute {
        /// The path.
        path: std::path::PathBuf,
    },
}

impl TableError {
    /// Says whether the table's log cannot be read: somebody has to look after it, and repeating does not help.
    pub fn is_unreadable(&self) -> bool {
        matches!(self, Self::DamagedLog { .. } | Self::Delta { action: OPEN, .. })
    }

    pub(crate) fn delta(action: &'static str, table: &Url) -> impl FnOnce(DeltaTableError) -> Self {
        let table = table.to_string();
        move |source| Self::Delta { action, table, source: Box::new(source) }
    }

    pub(crate) fn query(action: &'static str, table: &Url) -> impl FnOnce(datafusion::error::DataFusionError) -> Self {
        let table = table.to_string();
        move |source| Self::Query { action, table, source: Box::new(source) }
    }

    pub(crate) fn disk(action: &'static str, table: &Url) -> impl FnOnce(std::io::Error) -> Self {
        let table = table.to_string();
        move |source| Self::Disk { action, table, source }
    }
}
