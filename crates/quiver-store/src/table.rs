//! Delta tables that count every event once: each commit carries the journal offset it reaches.
//!
//! A transaction id alone does not make a replay harmless: the library refuses a *concurrent* commit of the same id,
//! but accepts a later one. So the stored offset is read from the very snapshot a commit builds on, and the commit
//! fails when the log has moved since.

mod commit;
mod damage;
mod error;
mod files;
mod maintenance;
mod schema;
mod statistics;

pub use damage::DamagedFile;
pub use error::TableError;
pub use maintenance::{Compacted, Deleted, Vacuumed};

use crate::disk;
use crate::durable_store::DurableFileSystem;
use crate::log_copy;
use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use arrow::datatypes::SchemaRef;
use datafusion::catalog::TableProvider;
use datafusion::execution::context::SessionContext;
use datafusion::logical_expr::Expr;
use datafusion::physical_plan::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use deltalake::kernel::engine::arrow_conversion::TryIntoKernel;
use deltalake::kernel::transaction::CommitProperties;
use deltalake::kernel::{StructField, StructType};
use deltalake::protocol::SaveMode;
use deltalake::{DeltaTable, DeltaTableBuilder, DeltaTableError};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use url::Url;

/// Under this property transaction ids are forgotten, so Quiver refuses tables that have it.
const EXPIRY_PROPERTY: &str = "delta.setTransactionRetentionDuration";
/// Opening a table reads at most this many log entries behind a checkpoint.
const CHECKPOINT_INTERVAL: &str = "25";
/// A snapshot is read afresh after this many commits, which is when there is a newer checkpoint.
const RENEWAL_COMMITS: u64 = 25;
/// Commits that lose a race without a conflict are repeated this often.
const COMMIT_ATTEMPTS: usize = 8;

/// What a table is made of.
#[derive(Debug, Clone)]
pub struct TableOptions {
    /// Its columns; columns the table lacks are added when it is opened.
    pub schema: SchemaRef,
    /// The columns whose values become folders.
    pub partition_columns: Vec<String>,
    /// One sentence for whoever opens the table with another tool.
    pub description: String,
    /// The public columns: statistics are kept for these and for no other.
    pub statistics_columns: Vec<String>,
}

/// How far a commit brings a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// Whose offsets: `journal/<epoch>/<partition>`.
    pub application_id: String,
    /// The offset of which the table stood when the rows were selected; none for a table without any.
    pub expected_previous: Option<i64>,
    /// The first offset the table does not hold after this commit.
    pub next_offset: i64,
}

/// What an append did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Appended {
    /// The rows were committed.
    Committed {
        /// The table's version with the rows in it.
        version: u64,
        /// How many rows.
        rows: u64,
    },
    /// The table holds them already; nothing was written.
    AlreadyThere {
        /// The offset the table stands at.
        next_offset: i64,
    },
}

/// An open Delta table.
#[derive(Clone)]
pub struct Table {
    delta: DeltaTable,
    url: Url,
    statistics_columns: Vec<String>,
    /// The version that was read as a whole; later ones were added to it.
    loaded_version: u64,
}

impl std::fmt::Debug for Table {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Table").field("url", &self.url).field("version", &self.version()).finish()
    }
}

/// Returns the URL of a table in the local file system.
///
/// # Errors
/// When the path is not absolute.
pub fn local_url(path: &Path) -> Result<Url, TableError> {
    Url::from_directory_path(path).map_err(|()| TableError::NotAbsolute { path: path.to_owned() })
}

impl Table {
    /// Opens the table at `url`, or creates it, and adds the columns it lacks.
    ///
    /// # Errors
    /// When a column's type or the partition columns differ, or when transaction ids would expire.
    pub async fn open_or_create(url: Url, options: &TableOptions) -> Result<Self, TableError> {
        if let Ok(path) = url.to_file_path() {
            disk::create_folders(&path).map_err(TableError::disk("create the folder of", &url))?;
        }
        let delta = load(&url).await?;
        let statistics_columns = options.statistics_columns.clone();
        let loaded_version = delta.version().unwrap_or_default();
        let mut table = Self { delta, url, statistics_columns, loaded_version };
        if table.delta.version().is_none() {
            table.create(options).await?;
        }
        if let Ok(path) = table.url.to_file_path() {
            let version = table.version();
            on_disk("copy the log of", &table.url, move || log_copy::adopt(&path, version)).await?;
        }
        table.prepare(options).await?;
        Ok(table)
    }

    /// Makes an open table one of these options: adds the columns it lacks.
    ///
    /// # Errors
    /// As [`Self::open_or_create`].
    pub async fn prepare(&mut self, options: &TableOptions) -> Result<(), TableError> {
        self.statistics_columns.clone_from(&options.statistics_columns);
        self.check(options)?;
        self.widen(&options.schema).await?;
        self.announce_statistics().await
    }

    /// Opens the table at `url`; `Ok(None)` when there is none.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn open(url: Url) -> Result<Option<Self>, TableError> {
        if url.to_file_path().is_ok_and(|path| !path.exists()) {
            return Ok(None);
        }
        let delta = load(&url).await?;
        let Some(loaded_version) = delta.version() else { return Ok(None) };
        let mut table = Self { delta, url, statistics_columns: Vec::new(), loaded_version };
        table.statistics_columns = table.announced_statistics();
        Ok(Some(table))
    }

    /// Returns where the table lives.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// Returns the version of the snapshot at hand.
    pub fn version(&self) -> u64 {
        self.delta.version().unwrap_or_default()
    }

    /// Returns the columns of the snapshot at hand.
    ///
    /// # Errors
    /// When the table was not loaded.
    pub fn schema(&self) -> Result<SchemaRef, TableError> {
        Ok(self.state()?.snapshot().arrow_schema())
    }

    /// Returns how many files the snapshot at hand has.
    ///
    /// # Errors
    /// When the table was not loaded.
    pub fn file_count(&self) -> Result<usize, TableError> {
        Ok(self.state()?.log_data().num_files())
    }

    /// Returns the newest date of a table that is parted by date, in days since 1970, as its log says; none without rows.
    ///
    /// # Errors
    /// When the table was not loaded.
    pub fn newest_date(&self) -> Result<Option<i32>, TableError> {
        Ok(self
            .state()?
            .log_data()
            .iter()
            .filter_map(|file| maintenance::date_of(&file))
            .max()
            .map(maintenance::day_of))
    }

    /// Returns how many bytes the files of the snapshot at hand have, as its log says.
    ///
    /// # Errors
    /// When the table was not loaded.
    pub fn stored_bytes(&self) -> Result<u64, TableError> {
        let files = self.state()?.log_data();
        Ok(files.iter().map(|file| u64::try_from(file.size()).unwrap_or(0)).sum())
    }

    /// Says whether the log still has the entry that the snapshot at hand ends with: a folder that was moved away has
    /// not, and a snapshot of it must not be built upon. Known of local tables only; others are believed.
    pub fn is_in_place(&self) -> bool {
        let entry = |path: PathBuf| path.join(format!("_delta_log/{:020}.json", self.version()));
        self.url.to_file_path().map_or(true, |path| entry(path).exists())
    }

    /// Reads what other writers committed since.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn refresh(&mut self) -> Result<(), TableError> {
        self.delta.update_state().await.map_err(TableError::delta("read the log of", &self.url))?;
        self.renew().await
    }

    /// Returns the first offset the snapshot at hand does not hold; none when it never committed any.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn next_offset(&self, application_id: &str) -> Result<Option<i64>, TableError> {
        let log_store = self.delta.log_store();
        let stored = self.state()?.transaction_version(log_store.as_ref(), application_id);
        stored.await.map_err(TableError::delta("read the log of", &self.url))
    }

    /// Commits the batches and the progress together; see [`Self::append_stream`].
    ///
    /// # Errors
    /// As [`Self::append_stream`].
    pub async fn append(&mut self, batches: Vec<RecordBatch>, progress: &Progress) -> Result<Appended, TableError> {
        self.append_all(batches, std::slice::from_ref(progress)).await
    }

    /// The same of rows whose offsets are several: all of them get into one commit, or none.
    ///
    /// # Errors
    /// As [`Self::append_stream`].
    pub async fn append_all(
        &mut self,
        batches: Vec<RecordBatch>,
        progress: &[Progress],
    ) -> Result<Appended, TableError> {
        let schema = schema::merged(&self.url, &batches)?;
        // Together, so that the rows of a partition get into one file.
        let batches = match batches.iter().all(|batch| batch.schema() == schema) {
            true => vec![
                concat_batches(&schema, &batches)
                    .map_err(|source| TableError::delta("write to", &self.url)(DeltaTableError::Arrow { source }))?,
            ],
            false => batches,
        };
        let stream = futures::stream::iter(batches.into_iter().map(Ok));
        self.append_stream(Box::pin(RecordBatchStreamAdapter::new(schema, stream)), progress).await
    }

    /// Commits the rows and the progress together, or neither. No rows are fine: the progress alone is committed.
    ///
    /// When the table already stands at every offset of the progress or behind it, nothing is written. Columns that the
    /// table lacks are added in a commit of their own before: a crash in between leaves an empty column.
    /// When a commit fails, the files written for it are removed if the snapshot shows that they are not part of it.
    ///
    /// # Errors
    /// [`TableError::Conflict`] when the table stands at another offset than expected; nothing is committed then.
    pub async fn append_stream(
        &mut self,
        rows: SendableRecordBatchStream,
        progress: &[Progress],
    ) -> Result<Appended, TableError> {
        self.refresh().await?;
        if let Some(there) = self.already_there(progress).await? {
            return Ok(there);
        }
        self.widen(&rows.schema()).await?;
        self.announce_statistics().await?;
        let properties = files::writer_properties(&self.kept_statistics()?);
        let written = files::write(&self.delta, &self.url, rows, properties).await?;
        let committed = self.commit_rows(&written, progress).await;
        match committed {
            Ok(Some(version)) => Ok(Appended::Committed { version, rows: written.rows }),
            // Lost against another writer, or refused: the files are no part of the table.
            Ok(None) => {
                files::remove(&self.delta, &written.adds).await;
                match self.already_there(progress).await? {
                    Some(there) => Ok(there),
                    None => Err(TableError::Contended { table: self.url.to_string(), attempts: COMMIT_ATTEMPTS }),
                }
            }
            Err(error) => {
                // Only a snapshot that is known not to hold the files allows their removal: a commit whose answer
                // was lost on the way may have landed.
                if self.refresh().await.is_ok() && !self.holds(&written) {
                    files::remove(&self.delta, &written.adds).await;
                }
                Err(error)
            }
        }
    }

    /// Returns the rows of some columns (all when empty) for which `predicate` holds.
    ///
    /// # Errors
    /// When a column does not exist or a file cannot be read.
    pub async fn scan(
        &self,
        columns: &[&str],
        predicate: Option<Expr>,
    ) -> Result<SendableRecordBatchStream, TableError> {
        let context = SessionContext::new_with_config(crate::session::config(1));
        let failed = || TableError::query("scan", &self.url);
        let mut frame = context.read_table(self.provider(&context).await?).map_err(failed())?;
        if let Some(predicate) = predicate {
            frame = frame.filter(predicate).map_err(failed())?;
        }
        if !columns.is_empty() {
            frame = frame.select_columns(columns).map_err(failed())?;
        }
        frame.execute_stream().await.map_err(failed())
    }

    /// Returns the snapshot at hand as a table for a DataFusion session.
    ///
    /// # Errors
    /// When the snapshot cannot be turned into a plan.
    pub async fn provider(&self, context: &SessionContext) -> Result<Arc<dyn TableProvider>, TableError> {
        let provider = self.delta.table_provider().with_session(Arc::new(context.state()));
        provider.await.map_err(TableError::query("scan", &self.url))
    }

    /// Reads the snapshot afresh when it has grown commit by commit for long enough: such a snapshot gets slow
    /// (measured: 20 ms a commit at first, 600 ms after a thousand), one read from a checkpoint is not.
    async fn renew(&mut self) -> Result<(), TableError> {
        if self.version() >= self.loaded_version + RENEWAL_COMMITS {
            self.delta = load(&self.url).await?;
            self.loaded_version = self.version();
        }
        Ok(())
    }

    async fn create(&mut self, options: &TableOptions) -> Result<(), TableError> {
        let kept = files::kept_statistics(&self.statistics_columns, &options.schema, &options.partition_columns);
        let mut properties = statistics::properties(&kept);
        properties.insert("delta.checkpointInterval".to_owned(), CHECKPOINT_INTERVAL.to_owned());
        let created = self
            .delta
            .create()
            .with_columns(kernel_fields(&options.schema, &self.url)?)
            .with_partition_columns(options.partition_columns.clone())
            .with_comment(options.description.clone())
            .with_save_mode(SaveMode::Ignore)
            .with_configuration(properties.into_iter().map(|(key, value)| (key, Some(value))))
            .await;
        self.delta = created.map_err(TableError::delta("create", &self.url))?;
        // Another process may have been first; its table is as good and is checked like any other.
        self.refresh().await
    }

    fn check(&self, options: &TableOptions) -> Result<(), TableError> {
        let metadata = self.state()?.metadata();
        if metadata.configuration().contains_key(EXPIRY_PROPERTY) {
            return Err(TableError::TransactionsExpire { table: self.url.to_string(), property: EXPIRY_PROPERTY });
        }
        if metadata.partition_columns() != options.partition_columns.as_slice() {
            return Err(TableError::PartitionsDiffer {
                table: self.url.to_string(),
                stored: metadata.partition_columns().to_vec(),
                given: options.partition_columns.clone(),
            });
        }
        Ok(())
    }

    /// Adds the columns of `given` that the table lacks.
    async fn widen(&mut self, given: &SchemaRef) -> Result<(), TableError> {
        for _ in 0..COMMIT_ATTEMPTS {
            let added = schema::new_columns(&self.url, self.schema()?.as_ref(), given)?;
            if added.is_empty() {
                return Ok(());
            }
            let fields = kernel_fields(&Arc::new(arrow::datatypes::Schema::new(added)), &self.url)?;
            let add = self.delta.clone().add_columns().with_fields(fields);
            match add.with_commit_properties(CommitProperties::default().with_max_retries(0)).await {
                Ok(delta) => {
                    self.delta = delta;
                    return Ok(());
                }
                Err(error) if commit::is_race(&error) => self.refresh().await?,
                Err(error) => return Err(TableError::delta("add columns to", &self.url)(error)),
            }
        }
        Err(TableError::Contended { table: self.url.to_string(), attempts: COMMIT_ATTEMPTS })
    }

    /// Compares the snapshot's offsets with the progress.
    async fn already_there(&self, progress: &[Progress]) -> Result<Option<Appended>, TableError> {
        let (mut held, mut missing) = (None, None);
        for step in progress {
            let stored = self.next_offset(&step.application_id).await?;
            match stored {
                Some(next_offset) if next_offset >= step.next_offset => held = Some(next_offset),
                _ if stored == step.expected_previous => missing = Some((step, stored)),
                _ => return Err(self.conflict(step, stored)),
            }
        }
        match (held, missing) {
            // Some are there and others are not: the rows belong to no state of the table.
            (Some(_), Some((step, stored))) => Err(self.conflict(step, stored)),
            (held, _) => Ok(held.map(|next_offset| Appended::AlreadyThere { next_offset })),
        }
    }

    fn conflict(&self, step: &Progress, stored: Option<i64>) -> TableError {
        TableError::Conflict {
            table: self.url.to_string(),
            application_id: step.application_id.clone(),
            stored,
            expected: step.expected_previous,
        }
    }

    fn state(&self) -> Result<&deltalake::table::state::DeltaTableState, TableError> {
        self.delta.snapshot().map_err(TableError::delta("read", &self.url))
    }
}

/// Loads the table's log; a place without one gives a table without a version.
async fn load(url: &Url) -> Result<DeltaTable, TableError> {
    if let Ok(path) = url.to_file_path() {
        let found = on_disk("read the log of", url, move || log_copy::find_damage(&path)).await?;
        if let Some(log_copy::DamagedEntry { path, reason, .. }) = found {
            return Err(TableError::DamagedLog { table: url.to_string(), path, reason });
        }
    }
    let failed = || TableError::delta(error::OPEN, url);
    let mut builder = DeltaTableBuilder::from_url(url.clone()).map_err(failed())?;
    if url.scheme() == "file" {
        builder = builder.with_storage_backend(Arc::new(DurableFileSystem::default()), url.clone());
    }
    let mut delta = builder.build().map_err(failed())?;
    match delta.load().await {
        Ok(()) | Err(DeltaTableError::NotATable(_)) => Ok(delta),
        Err(error) => Err(failed()(error)),
    }
}

/// Works on the files of a table where it keeps nobody waiting.
async fn on_disk<T: Send + 'static>(
    action: &'static str,
    table: &Url,
    work: impl FnOnce() -> std::io::Result<T> + Send + 'static,
) -> Result<T, TableError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(std::io::Error::other(error))).map_err(TableError::disk(action, table))
}

fn kernel_fields(schema: &SchemaRef, table: &Url) -> Result<Vec<StructField>, TableError> {
    let kernel: Result<StructType, _> = schema.as_ref().try_into_kernel();
    let kernel =
        kernel.map_err(|error| TableError::delta("describe", table)(DeltaTableError::Arrow { source: error }))?;
    Ok(kernel.fields().cloned().collect())
}
