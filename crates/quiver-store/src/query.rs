//! Answers SQL over the tables, within a memory limit; it reads and never writes.

use crate::session;
use crate::table::{Table, TableError};
use arrow::array::RecordBatch;
use datafusion::datasource::{ViewTable, provider_as_source};
use datafusion::error::DataFusionError;
use datafusion::execution::cache::cache_manager::CacheManagerConfig;
use datafusion::execution::cache::default_cache::DefaultCache;
use datafusion::execution::context::{SQLOptions, SessionContext};
use datafusion::execution::memory_pool::FairSpillPool;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::logical_expr::LogicalPlanBuilder;
use datafusion::physical_plan::SendableRecordBatchStream;
use std::path::PathBuf;
use std::sync::Arc;

/// Why a query failed.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// The session cannot be set up.
    #[error("cannot set up queries that spill to {folder}: {source}")]
    SetUp {
        /// Where the session spills to.
        folder: PathBuf,
        /// What DataFusion said.
        source: Box<DataFusionError>,
    },
    /// The statement is wrong, or reading failed.
    #[error("query failed: {source}")]
    Failed {
        /// What DataFusion said.
        source: Box<DataFusionError>,
    },
    /// A table cannot be opened for reading.
    #[error("cannot query table {name}: {source}")]
    Register {
        /// Its name in the query.
        name: String,
        /// What is wrong with it.
        source: Box<TableError>,
    },
}

impl From<DataFusionError> for QueryError {
    fn from(source: DataFusionError) -> Self {
        Self::Failed { source: Box::new(source) }
    }
}

/// The most memory that the footers of read files take.
const FOOTERS_LIMIT_BYTES: usize = 128 << 20;

/// The footers of the files that were read last, for the next session: those of a table with thousands of columns take
/// longer to read than a few of its columns.
#[derive(Clone)]
pub struct Footers(CacheManagerConfig);

impl std::fmt::Debug for Footers {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Footers").field("limit_bytes", &FOOTERS_LIMIT_BYTES).finish_non_exhaustive()
    }
}

impl Default for Footers {
    fn default() -> Self {
        let cache = Arc::new(DefaultCache::new(FOOTERS_LIMIT_BYTES));
        let config = CacheManagerConfig::default().with_metadata_cache_limit(FOOTERS_LIMIT_BYTES);
        Self(config.with_file_metadata_cache(Some(cache)))
    }
}

/// What a query may use.
#[derive(Debug, Clone)]
pub struct QueryOptions {
    /// Sorts and aggregates spill above this, joins fail. Default: 512 MiB.
    pub memory_limit_bytes: usize,
    /// How many parts of a query run at the same time. Default: 1.
    pub target_partitions: usize,
    /// Where queries spill to: the data folder's `tmp`.
    pub spill_folder: PathBuf,
    /// How much they may spill. Default: 20 GiB.
    pub spill_limit_bytes: u64,
    /// The footers that are known already. Default: none.
    pub footers: Footers,
}

impl QueryOptions {
    /// Returns the defaults, spilling to `spill_folder`.
    pub fn new(spill_folder: impl Into<PathBuf>) -> Self {
        Self {
            memory_limit_bytes: 512 << 20,
            target_partitions: 1,
            spill_folder: spill_folder.into(),
            spill_limit_bytes: 20 << 30,
            footers: Footers::default(),
        }
    }
}

/// A session with tables in it.
#[derive(Clone)]
pub struct QueryEngine {
    context: SessionContext,
}

impl std::fmt::Debug for QueryEngine {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("QueryEngine").field("session", &self.context.session_id()).finish()
    }
}

impl QueryEngine {
    /// Returns a session without tables.
    ///
    /// # Errors
    /// When the spill folder cannot be used.
    pub fn new(options: &QueryOptions) -> Result<Self, QueryError> {
        let runtime = RuntimeEnvBuilder::new()
            .with_memory_pool(Arc::new(FairSpillPool::new(options.memory_limit_bytes)))
            .with_temp_file_path(&options.spill_folder)
            .with_max_temp_directory_size(options.spill_limit_bytes)
            .with_cache_manager(options.footers.0.clone())
            .build_arc()
            .map_err(|source| QueryError::SetUp { folder: options.spill_folder.clone(), source: Box::new(source) })?;
        let config = session::config(options.target_partitions);
        Ok(Self { context: SessionContext::new_with_config_rt(config, runtime) })
    }

    /// Makes the table's snapshot known under `name`; an earlier one of that name is replaced.
    ///
    /// # Errors
    /// When the snapshot cannot be read.
    pub async fn register(&self, name: &str, table: &Table) -> Result<(), QueryError> {
        let provider = table
            .provider(&self.context)
            .await
            .map_err(|source| QueryError::Register { name: name.to_owned(), source: Box::new(source) })?;
        self.context.deregister_table(name)?;
        self.context.register_table(name, provider)?;
        Ok(())
    }

    /// Has a table show only some of its columns under its name, and all of them under another: a statement over
    /// thousands of columns takes longer to plan than to answer, however few of them it names. Where there is no such
    /// table there is none afterwards.
    ///
    /// # Errors
    /// When the table's plan cannot be made.
    pub async fn show_only(
        &self,
        name: &str,
        whole_name: &str,
        is_shown: impl Fn(&str) -> bool,
    ) -> Result<(), QueryError> {
        if !self.context.table_exist(name)? {
            return Ok(());
        }
        let whole = self.context.table_provider(name).await?;
        let schema = whole.schema();
        let fields = schema.fields().iter().enumerate();
        let shown: Vec<usize> = fields.filter(|(_, field)| is_shown(field.name())).map(|(place, _)| place).collect();
        let scan = LogicalPlanBuilder::scan(whole_name, provider_as_source(Arc::clone(&whole)), Some(shown))?;
        self.context.deregister_table(name)?;
        self.context.register_table(whole_name, whole)?;
        self.context.register_table(name, Arc::new(ViewTable::new(scan.build()?, None)))?;
        Ok(())
    }

    /// Returns every row of the answer. Statements that change anything are refused.
    ///
    /// # Errors
    /// When the statement is wrong, reading fails, or a limit is reached.
    pub async fn sql(&self, statement: &str) -> Result<Vec<RecordBatch>, QueryError> {
        Ok(self.plan(statement).await?.collect().await?)
    }

    /// Returns the rows of the answer as they come.
    ///
    /// # Errors
    /// As [`Self::sql`].
    pub async fn stream(&self, statement: &str) -> Result<SendableRecordBatchStream, QueryError> {
        Ok(self.plan(statement).await?.execute_stream().await?)
    }

    /// Returns the rows of a table, in all their columns, for which a condition holds, as they come.
    ///
    /// A statement that selects every column by name takes seconds to plan where there are thousands of them.
    ///
    /// # Errors
    /// When the table or a column is not known, or reading fails.
    pub async fn rows_where(&self, table: &str, condition: &str) -> Result<SendableRecordBatchStream, QueryError> {
        let frame = self.context.table(table).await?;
        let condition = frame.parse_sql_expr(condition)?;
        Ok(frame.filter(condition)?.execute_stream().await?)
    }

    /// Returns the session itself, for plans that are not SQL.
    pub fn context(&self) -> &SessionContext {
        &self.context
    }

    async fn plan(&self, statement: &str) -> Result<datafusion::dataframe::DataFrame, QueryError> {
        let read_only = SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false);
        Ok(self.context.sql_with_options(statement, read_only).await?)
    }
}
