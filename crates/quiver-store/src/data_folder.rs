//! The folder in which everything lives: its layout, its lock, and the door to journal, tables and catalogue.
//!
//! ```text
//! QUIVER            format version; makes the folder recognisable
//! LOCK              held by the one process that writes; names it
//! journal/          the journal
//! catalogue.sqlite  the catalogue
//! tables/           predictions/<model>, feedback/<model>, profiles, outcomes, findings
//! quarantine/       files of tables that the disk damaged, as they were found
//! tmp/              spilled queries; emptied on opening
//! ```

use crate::catalogue::{Catalogue, CatalogueError, DEFAULT_WORKSPACE};
use crate::disk;
use crate::durable_store;
use crate::journal::{Journal, JournalError, JournalOptions, Recovery};
use crate::log_copy;
pub use crate::log_copy::DamagedEntry;
use crate::query::{Footers, QueryEngine, QueryError, QueryOptions};
use crate::table::{Table, TableError, TableOptions, local_url};
use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use uuid::Uuid;
use xxhash_rust::xxh3::xxh3_64;

const FORMAT_FILE: &str = "QUIVER";
const FORMAT_LINE: &str = "quiver data folder, format ";
const FORMAT_VERSION: u32 = 1;
const LOCK_FILE: &str = "LOCK";
/// How many parts the tables shared by all models have. Part of the layout: it never changes.
pub const MODEL_BUCKETS: u64 = 16;
/// The partition columns of the tables shared by all models: a date and [`ModelKey::bucket`].
pub const SHARED_PARTITION_COLUMNS: [&str; 2] = ["event_date", "model_bucket"];
/// A longer model name is cut in its folder's name: file systems allow 255 bytes.
const SLUG_LIMIT_BYTES: usize = 80;

/// Why a data folder refused.
#[derive(Debug, thiserror::Error)]
pub enum DataFolderError {
    /// The operating system refused.
    #[error("cannot {action} {path}: {source}")]
    Disk {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Something else lives here.
    #[error("{path} is not a Quiver data folder and is not empty; name an empty or a new folder")]
    Foreign {
        /// The folder.
        path: PathBuf,
    },
    /// The folder was written by another version.
    #[error("{path} has format {found}, this quiver reads format {expected}; use the quiver that wrote it")]
    OtherFormat {
        /// The folder.
        path: PathBuf,
        /// What the format file says.
        found: String,
        /// What this version reads.
        expected: u32,
    },
    /// Another process has the folder open.
    #[error("{path} is in use by {holder}; stop it first, or name another folder")]
    InUse {
        /// The folder.
        path: PathBuf,
        /// The process, as far as it is known.
        holder: String,
    },
    /// The journal refused.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The catalogue refused.
    #[error(transparent)]
    Catalogue(#[from] CatalogueError),
    /// A table refused.
    #[error(transparent)]
    Table(#[from] TableError),
    /// The query session refused.
    #[error(transparent)]
    Query(#[from] QueryError),
}

/// One of the tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TableName<'a> {
    /// The predictions of one model.
    Predictions(ModelKey<'a>),
    /// The feedback of one model.
    Feedback(ModelKey<'a>),
    /// The heartbeats of one model's sources.
    Heartbeats(ModelKey<'a>),
    /// The changes around one model.
    Changes(ModelKey<'a>),
    /// The profiles of all models.
    Profiles,
    /// The outcomes of all models.
    Outcomes,
    /// The findings of all models.
    Findings,
}

impl<'a> TableName<'a> {
    /// Returns the tables that hold anything of a model.
    pub fn of_model(model: ModelKey<'a>) -> [Self; 7] {
        [
            Self::Predictions(model),
            Self::Feedback(model),
            Self::Heartbeats(model),
            Self::Changes(model),
            Self::Profiles,
            Self::Outcomes,
            Self::Findings,
        ]
    }

    /// Returns the table's name in queries, which are about one model.
    pub fn in_queries(self) -> &'static str {
        match self {
            Self::Predictions(_) => "predictions",
            Self::Feedback(_) => "feedback",
            Self::Heartbeats(_) => "heartbeats",
            Self::Changes(_) => "changes",
            Self::Profiles => "profiles",
            Self::Outcomes => "outcomes",
            Self::Findings => "findings",
        }
    }
}

/// A model in its workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ModelKey<'a> {
    /// The workspace; [`DEFAULT_WORKSPACE`] unless named.
    pub workspace: &'a str,
    /// The model.
    pub model: &'a str,
}

impl<'a> ModelKey<'a> {
    /// Returns the key of a model in the default workspace.
    pub fn new(model: &'a str) -> Self {
        Self { workspace: DEFAULT_WORKSPACE, model }
    }

    /// Returns the name of the model's folder; different models never share one.
    pub fn slug(&self) -> String {
        if self.workspace == DEFAULT_WORKSPACE {
            slug(self.model)
        } else {
            format!("{}@{}", slug(self.workspace), slug(self.model))
        }
    }

    /// Returns which of the [`MODEL_BUCKETS`] parts of the shared tables holds the model; the same on every machine.
    pub fn bucket(&self) -> i32 {
        let key = format!("{}\n{}", self.workspace, self.model);
        // The remainder is below the number of buckets.
        (xxh3_64(key.as_bytes()) % MODEL_BUCKETS) as i32
    }
}

/// An open data folder: this process is the only one that writes to it.
#[derive(Debug)]
pub struct DataFolder {
    path: PathBuf,
    _lock: File,
    /// What was mended in the tables' logs since somebody asked, each with its table's folder.
    mended: Mutex<Vec<(PathBuf, DamagedEntry)>>,
    /// The tables as they were read last, by their folder: a log is read whole once, and from there on as it grows.
    read: Mutex<HashMap<PathBuf, Table>>,
    footers: Footers,
}

impl DataFolder {
    /// Opens the folder, or makes a new or empty one a data folder.
    ///
    /// # Errors
    /// When another process has it open, or when something else lives in it.
    pub fn open(path: &Path) -> Result<Self, DataFolderError> {
        disk::create_folders(path).map_err(disk_error("create", path))?;
        let path = path.canonicalize().map_err(disk_error("find", path))?;
        check_format(&path)?;
        let lock = take_lock(&path)?;
        let format_file = path.join(FORMAT_FILE);
        if !format_file.exists() {
            disk::write_atomically(&format_file, format!("{FORMAT_LINE}{FORMAT_VERSION}\n").as_bytes())
                .map_err(disk_error("write", &format_file))?;
        }
        let folder =
            Self { path, _lock: lock, mended: Mutex::default(), read: Mutex::default(), footers: Footers::default() };
        let temporary = folder.temporary_folder();
        if temporary.exists() {
            std::fs::remove_dir_all(&temporary).map_err(disk_error("empty", &temporary))?;
        }
        for part in [temporary, folder.journal_folder(), folder.path.join("tables")] {
            disk::create_folders(&part).map_err(disk_error("create", &part))?;
        }
        let tables = folder.path.join("tables");
        durable_store::remove_unfinished(&tables).map_err(disk_error("remove unfinished files in", &tables))?;
        disk::sync_folder(&folder.path).map_err(disk_error("sync", &folder.path))?;
        Ok(folder)
    }

    /// Returns where the folder is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns where the journal lives.
    pub fn journal_folder(&self) -> PathBuf {
        self.path.join("journal")
    }

    /// Returns where the catalogue lives.
    pub fn catalogue_path(&self) -> PathBuf {
        self.path.join("catalogue.sqlite")
    }

    /// Returns where queries spill to.
    pub fn temporary_folder(&self) -> PathBuf {
        self.path.join("tmp")
    }

    /// Returns where a table's damaged files are set aside; the folder is made with the first of them.
    pub fn quarantine_folder(&self, name: TableName<'_>) -> PathBuf {
        let table = self.table_path(name);
        let inside = table.strip_prefix(&self.path).expect("tables live in the data folder");
        self.path.join("quarantine").join(inside)
    }

    /// Returns where a table lives.
    pub fn table_path(&self, name: TableName<'_>) -> PathBuf {
        let folder = self.path.join("tables").join(name.in_queries());
        match name {
            TableName::Predictions(model)
            | TableName::Feedback(model)
            | TableName::Heartbeats(model)
            | TableName::Changes(model) => folder.join(model.slug()),
            TableName::Profiles | TableName::Outcomes | TableName::Findings => folder,
        }
    }

    /// Returns what a query over the folder's tables may use.
    pub fn query_options(&self) -> QueryOptions {
        QueryOptions { footers: self.footers.clone(), ..QueryOptions::new(self.temporary_folder()) }
    }

    /// Opens the journal; `fresh_epoch` is used when there is none yet.
    ///
    /// # Errors
    /// As [`Journal::open`].
    pub fn open_journal(
        &self,
        fresh_epoch: Uuid,
        options: JournalOptions,
    ) -> Result<(Journal, Recovery), DataFolderError> {
        Ok(Journal::open(&self.journal_folder(), fresh_epoch, options)?)
    }

    /// Opens the catalogue.
    ///
    /// # Errors
    /// As [`Catalogue::open`].
    pub async fn open_catalogue(&self) -> Result<Catalogue, DataFolderError> {
        Ok(Catalogue::open(&self.catalogue_path()).await?)
    }

    /// Opens a table as it is committed now, or creates it; a log that is damaged is mended first, where that is
    /// possible.
    ///
    /// # Errors
    /// As [`Table::open_or_create`].
    pub async fn open_table(&self, name: TableName<'_>, options: &TableOptions) -> Result<Table, DataFolderError> {
        if let Some(mut table) = self.read_before(name).await {
            table.prepare(options).await?;
            return Ok(self.keep_read(name, table));
        }
        let url = local_url(&self.table_path(name))?;
        let table = match Table::open_or_create(url.clone(), options).await {
            Err(error) if error.is_unreadable() => {
                self.mend_log(name).await?;
                Table::open_or_create(url, options).await?
            }
            opened => opened?,
        };
        Ok(self.keep_read(name, table))
    }

    /// Opens a table as it is committed now, if there is one; a log that is damaged is mended first, where that is
    /// possible.
    ///
    /// # Errors
    /// As [`Table::open`].
    pub async fn find_table(&self, name: TableName<'_>) -> Result<Option<Table>, DataFolderError> {
        if let Some(table) = self.read_before(name).await {
            return Ok(Some(self.keep_read(name, table)));
        }
        let url = local_url(&self.table_path(name))?;
        let table = match Table::open(url.clone()).await {
            Err(error) if error.is_unreadable() => {
                self.mend_log(name).await?;
                Table::open(url).await?
            }
            opened => opened?,
        };
        Ok(table.map(|table| self.keep_read(name, table)))
    }

    /// A table that was read before, with what was committed since; none where that cannot be read, or where the table
    /// is no longer there: it is opened anew then, which finds and mends damage.
    async fn read_before(&self, name: TableName<'_>) -> Option<Table> {
        let path = self.table_path(name);
        let mut table = self.read.lock().unwrap_or_else(PoisonError::into_inner).get(&path).cloned()?;
        if table.is_in_place() && table.refresh().await.is_ok() {
            return Some(table);
        }
        self.forget(name);
        None
    }

    /// Forgets what was read of a table: it is opened from the disk next, whose log is looked at for damage then.
    pub fn forget(&self, name: TableName<'_>) {
        self.read.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.table_path(name));
    }

    fn keep_read(&self, name: TableName<'_>, table: Table) -> Table {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = read.entry(self.table_path(name)).or_insert_with(|| table.clone());
        // Somebody else may have read further meanwhile.
        if kept.version() <= table.version() {
            *kept = table.clone();
        }
        table
    }

    /// Looks at every file that a table's log needs, and puts back those that are not what was written. What was
    /// mended is told by [`Self::take_mended`]; what could not be keeps the table from opening.
    ///
    /// # Errors
    /// When the disk refuses.
    pub async fn mend_log(&self, name: TableName<'_>) -> Result<(), DataFolderError> {
        self.forget(name);
        let (table, quarantine) = (self.table_path(name), self.quarantine_folder(name));
        let folder = table.clone();
        let mending = tokio::task::spawn_blocking(move || log_copy::mend(&folder, &quarantine)).await;
        let found = mending.unwrap_or_else(|error| Err(io::Error::other(error)));
        let mended = found.map_err(disk_error("mend the log of", &table))?.into_iter().filter(|entry| entry.mended);
        let mut all = self.mended.lock().unwrap_or_else(PoisonError::into_inner);
        all.extend(mended.map(|entry| (table.clone(), entry)));
        Ok(())
    }

    /// Returns what was mended in the tables' logs since this was asked last, each with its table's folder.
    pub fn take_mended(&self) -> Vec<(PathBuf, DamagedEntry)> {
        std::mem::take(&mut *self.mended.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Returns the furthest offset that a table's log mentions anywhere, for a table that cannot be opened.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn furthest_offset(&self, name: TableName<'_>, application_id: &str) -> Result<Option<i64>, DataFolderError> {
        let table = self.table_path(name);
        log_copy::furthest_transaction(&table, application_id).map_err(disk_error("search the log of", &table))
    }

    /// Opens a session with these tables in it, as far as they exist, each under its [`TableName::in_queries`].
    ///
    /// # Errors
    /// When a table cannot be read.
    pub async fn open_queries(
        &self,
        tables: &[TableName<'_>],
        options: &QueryOptions,
    ) -> Result<QueryEngine, DataFolderError> {
        let engine = QueryEngine::new(options)?;
        for name in tables {
            if let Some(table) = self.find_table(*name).await? {
                engine.register(name.in_queries(), &table).await?;
            }
        }
        Ok(engine)
    }
}

fn disk_error(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> DataFolderError {
    let path = path.to_owned();
    move |source| DataFolderError::Disk { action, path, source }
}

/// Refuses a folder that is neither ours nor empty, before anything is written to it.
fn check_format(path: &Path) -> Result<(), DataFolderError> {
    let format_file = path.join(FORMAT_FILE);
    match std::fs::read_to_string(&format_file) {
        Ok(text) => {
            let found = text.strip_prefix(FORMAT_LINE).map(str::trim);
            if found == Some(FORMAT_VERSION.to_string().as_str()) {
                return Ok(());
            }
            let found = found.unwrap_or("unknown").to_owned();
            Err(DataFolderError::OtherFormat { path: path.to_owned(), found, expected: FORMAT_VERSION })
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            for entry in std::fs::read_dir(path).map_err(disk_error("list", path))? {
                let name = entry.map_err(disk_error("list", path))?.file_name();
                // A first opening that was interrupted leaves these; a new disk has the last one.
                if name != LOCK_FILE && name != "QUIVER.new" && name != "lost+found" {
                    return Err(DataFolderError::Foreign { path: path.to_owned() });
                }
            }
            Ok(())
        }
        Err(error) => Err(disk_error("read", &format_file)(error)),
    }
}

fn take_lock(folder: &Path) -> Result<File, DataFolderError> {
    let path = folder.join(LOCK_FILE);
    let mut lock = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path)
        .map_err(disk_error("open", &path))?;
    match fs4::FileExt::try_lock(&lock) {
        Ok(()) => {}
        Err(fs4::TryLockError::WouldBlock) => {
            let mut holder = String::new();
            let known = lock.read_to_string(&mut holder).is_ok() && !holder.trim().is_empty();
            let holder = if known { holder.trim().to_owned() } else { "another process".to_owned() };
            return Err(DataFolderError::InUse { path: folder.to_owned(), holder });
        }
        Err(fs4::TryLockError::Error(source)) => return Err(disk_error("lock", &path)(source)),
    }
    // The lock is what counts; the text only helps whoever meets it.
    let note =
        lock.set_len(0).and_then(|()| lock.rewind()).and_then(|()| writeln!(lock, "process {}", std::process::id()));
    note.map_err(disk_error("write", &path))?;
    Ok(lock)
}

/// Returns a folder name for any name. A name that had to be changed gets its hash, so that two never meet, not even
/// on a file system that ignores case.
fn slug(name: &str) -> String {
    let plain = |character: char| matches!(character, 'a'..='z' | '0'..='9' | '-' | '_' | '.');
    let mut slug: String = name
        .chars()
        .map(|character| character.to_ascii_lowercase())
        .map(|character| if plain(character) { character } else { '-' })
        .take(SLUG_LIMIT_BYTES)
        .collect();
    // A leading dot hides a folder, a leading underscore hides it from Spark.
    if slug.starts_with(['.', '_']) || slug.is_empty() {
        slug.insert(0, '-');
    }
    if slug != name {
        slug = format!("{slug}.{:016x}", xxh3_64(name.as_bytes()));
    }
    slug
}
