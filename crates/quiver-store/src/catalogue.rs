//! The small facts a server must not forget: models, specs, judges' memories, intents, references, keys, tallies.
//!
//! A judge's state, its input offsets and its intents change in one transaction, so that a restart neither forgets
//! nor repeats. Times are microseconds since 1970 and are arguments.

mod damage;
mod error;
mod judge;
mod judged;
mod key;
mod model;
mod tally;

pub use damage::DamageRecord;
pub use error::CatalogueError;
pub use judge::{Intent, JudgeState, JudgeStep, PendingIntent};
pub use judged::{JudgedPeriod, JudgedPeriods, JudgedProgress, KeptProfile, RolledUp};
pub use key::ApiKey;
pub use model::{NewReference, SpecVersion};
pub use tally::{Tally, TallySum};

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Connection, Sqlite, Transaction};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The workspace of whoever does not name one.
pub const DEFAULT_WORKSPACE: &str = "default";

/// Writers wait this long for each other: a command may write while the server runs.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("./migrations");

/// An open catalogue.
#[derive(Debug, Clone)]
pub struct Catalogue {
    pool: SqlitePool,
    path: PathBuf,
}

impl Catalogue {
    /// Opens the catalogue at `path`, creates it when absent, and brings it to this version's tables.
    ///
    /// # Errors
    /// When the file is not a catalogue, or was written by a newer Quiver.
    pub async fn open(path: &Path) -> Result<Self, CatalogueError> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // A judge's step is acknowledged to nobody else: losing it in a power cut would repeat its intents.
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            // What is deleted is overwritten, not only forgotten.
            .pragma("secure_delete", "ON")
            .busy_timeout(BUSY_TIMEOUT);
        let failed = |source| CatalogueError::Open { path: path.to_owned(), source };
        let pool = SqlitePoolOptions::new()
            .max_connections(4)
            // A full disk makes SQLite roll back by itself, behind sqlx, whose count of open transactions then stays
            // wrong for good: such a connection is replaced.
            .before_acquire(|connection, _| Box::pin(async move { Ok(!connection.is_in_transaction()) }))
            .connect_with(options)
            .await
            .map_err(failed)?;
        MIGRATIONS
            .run(&pool)
            .await
            .map_err(|source| CatalogueError::Migrate { path: path.to_owned(), source: Box::new(source) })?;
        Ok(Self { pool, path: path.to_owned() })
    }

    /// Returns where the catalogue lives.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Waits until every connection is closed.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    /// Records how far a producer's source was consumed.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn put_producer(&self, workspace: &str, producer: &str, position: i64) -> Result<(), CatalogueError> {
        sqlx::query(
            "INSERT INTO producers (workspace, producer, position) VALUES ($1, $2, $3)
             ON CONFLICT (workspace, producer) DO UPDATE SET position = excluded.position",
        )
        .bind(workspace)
        .bind(producer)
        .bind(position)
        .execute(&self.pool)
        .await
        .map_err(self.failed("write a producer"))?;
        Ok(())
    }

    /// Returns how far a producer's source was consumed.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn producer(&self, workspace: &str, producer: &str) -> Result<Option<i64>, CatalogueError> {
        sqlx::query_scalar("SELECT position FROM producers WHERE workspace = $1 AND producer = $2")
            .bind(workspace)
            .bind(producer)
            .fetch_optional(&self.pool)
            .await
            .map_err(self.failed("read a producer"))
    }

    /// Starts a transaction that will write.
    ///
    /// SQLite refuses to turn a reading transaction into a writing one when another writer came in between; taking
    /// the write lock at the start waits instead.
    async fn begin(&self) -> Result<Transaction<'static, Sqlite>, CatalogueError> {
        self.pool.begin_with("BEGIN IMMEDIATE").await.map_err(self.failed("begin a transaction"))
    }

    fn failed(&self, action: &'static str) -> impl Fn(sqlx::Error) -> CatalogueError + '_ {
        move |source| CatalogueError::Query { action, path: self.path.clone(), source }
    }
}
