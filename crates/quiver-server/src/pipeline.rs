//! The durable flow of one model in one data folder: journal → segments → profiles → outcomes and findings.

mod cascade;
pub(crate) mod door;
mod evaluate;
mod ingest;
mod judge;
mod orphans;
mod outcome;
pub(crate) mod payload;
mod periods;
mod profile;
mod read;
mod reference;
mod rolled_up;
mod segment;
mod shared;
mod shared_commit;
mod stored;
mod upkeep;
mod workspace;

pub use ingest::Sourced;
pub use judge::periods_of;
pub use read::Part;
pub use reference::time_condition;
pub use segment::{Flushed, Refused, flush, table_name};
pub use shared_commit::{Derived, SharedCommit};
pub use upkeep::{
    StoredTable, Tidied, Tidying, Verifying, record_mended, set_shared_damage_aside, stored_shared, tidy_shared,
};
pub use workspace::Workspace;

use quiver_event::event::Kind;
use quiver_event::spec::Spec;
use quiver_event::time::{TimeError, Timestamp};
use quiver_store::catalogue::CatalogueError;
use quiver_store::catalogue::DEFAULT_WORKSPACE;
use quiver_store::data_folder::ModelKey;
use quiver_store::data_folder::{DataFolder, DataFolderError};
use quiver_store::journal::{JournalError, Recovery};
use quiver_store::query::QueryEngine;
use quiver_store::table::TableError;
use reference::References;
use segment::OpenTable;
use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZero;
use std::path::Path;
use std::sync::{Arc, Mutex};
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
    /// Rows cannot be measured.
    #[error(transparent)]
    Measure(#[from] crate::measure::MeasureError),
    /// A profile cannot be counted, merged or read.
    #[error(transparent)]
    Profile(#[from] quiver_profile::ProfileError),
    /// An outcome cannot be merged or read.
    #[error(transparent)]
    Outcome(#[from] quiver_profile::OutcomeError),
    /// A question spans more than can be merged for one answer.
    #[error("the range holds more profiles than can be merged for one answer; ask for a shorter one")]
    RangeTooWide,
    /// What several models wait for together failed.
    #[error(transparent)]
    Shared(Box<PipelineError>),
    /// A commit that this was to be part of failed.
    #[error("the commit that this was to be part of failed")]
    NotCommitted,
    /// What was judged cannot be kept.
    #[error(transparent)]
    Judged(#[from] crate::judged::JudgedError),
    /// The slices that a period keeps cannot be read.
    #[error("the slices of a judged period cannot be read: {0}")]
    Slices(#[from] prost::DecodeError),
    /// A window cannot be compared with its reference.
    #[error(transparent)]
    Comparison(#[from] quiver_judge::comparison::ComparisonError),
    /// A batch is larger than the journal takes.
    #[error("a batch holds more than 4 billion rows; cut it up")]
    BatchTooLarge,
}

impl PipelineError {
    /// Says whether a table's log cannot be read: somebody has to look after it, and other tables go on.
    pub fn is_unreadable(&self) -> bool {
        match self {
            Self::Table(error) | Self::Folder(DataFolderError::Table(error)) => error.is_unreadable(),
            Self::Shared(error) => error.is_unreadable(),
            _ => false,
        }
    }
}

/// Names what is measured of a prediction: where that changes, profiles are counted anew.
const MEASURED: &str = "with actions, rules, use and costs of features";

/// The distances of the reference's own windows from the whole: for each length by arm and profile column, ascending.
type UsualByLength = Vec<BTreeMap<String, BTreeMap<String, Vec<f64>>>>;

/// The open flow of one model.
#[derive(Debug)]
pub struct Pipeline {
    workspace: Arc<Workspace>,
    spec: Spec,
    opened_at: Timestamp,
    touched_producers: BTreeSet<String>,
    /// The tables of the model's events, once they are open.
    tables: Vec<OpenTable>,
    /// Nothing below this offset is missing in them.
    flushed_to: i64,
    /// Whether rows were committed that nobody asked about yet.
    changed: bool,
    /// The arms of the reference's rows below this offset have their references.
    arms_known_to: i64,
    /// What is usual in the reference, and what names the profiles that say so.
    usual: Mutex<Option<(String, UsualByLength)>>,
    /// The latest event time, and the versions of the tables of predictions and of feedback that say so.
    watermark: Mutex<Option<([u64; 2], Timestamp)>>,
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
        let (workspace, recovery) = Workspace::open(path, fresh_epoch).await?;
        Ok((Self::of(Arc::new(workspace), spec, spec_text, now).await?, recovery))
    }

    /// The flow of one more model in an open data folder.
    pub async fn of(
        workspace: Arc<Workspace>,
        spec: Spec,
        spec_text: &str,
        now: Timestamp,
    ) -> Result<Self, PipelineError> {
        let mut flow = Self::registered(workspace, spec, spec_text, now).await?;
        // Before anything is appended: a journal that lost its newest rows must not give their offsets again.
        flow.open_tables().await?;
        Ok(flow)
    }

    /// The same, but tables that cannot be read do not stop it; why they cannot is returned beside it.
    pub async fn of_any(
        workspace: Arc<Workspace>,
        spec: Spec,
        spec_text: &str,
        now: Timestamp,
    ) -> Result<(Self, Option<PipelineError>), PipelineError> {
        let mut flow = Self::registered(workspace, spec, spec_text, now).await?;
        match flow.open_tables().await {
            Err(error) if error.is_unreadable() => {
                flow.skip_unreadable()?;
                Ok((flow, Some(error)))
            }
            opened => opened.map(|_| (flow, None)),
        }
    }

    async fn registered(
        workspace: Arc<Workspace>,
        spec: Spec,
        spec_text: &str,
        now: Timestamp,
    ) -> Result<Self, PipelineError> {
        let (catalogue, model) = (&workspace.catalogue, &spec.model);
        catalogue.put_model(DEFAULT_WORKSPACE, model, now.0).await?;
        catalogue.put_spec(DEFAULT_WORKSPACE, model, &content_hash(spec_text), spec_text, now.0).await?;
        let mut flow = Self::reading(workspace, spec);
        flow.opened_at = now;
        Ok(flow)
    }

    /// A flow that only reads what is stored of a model; it keeps nothing in the catalogue.
    pub fn reading(workspace: Arc<Workspace>, spec: Spec) -> Self {
        let opened_at = Timestamp(0);
        let touched_producers = BTreeSet::new();
        Self {
            workspace,
            spec,
            opened_at,
            touched_producers,
            tables: Vec::new(),
            flushed_to: 0,
            changed: false,
            arms_known_to: 0,
            usual: Mutex::default(),
            watermark: Mutex::default(),
        }
    }

    /// The ids of one kind of event that the tables hold and that arrived since.
    pub async fn ids_since(&self, kind: Kind, since: Timestamp) -> Result<Vec<String>, PipelineError> {
        let table = kind.table_name();
        let statement =
            format!("SELECT id FROM {table} WHERE received_at >= CAST('{since}' AS TIMESTAMP WITH TIME ZONE)");
        let mut ids = Vec::new();
        for batch in self.queries(&[kind], &[]).await?.sql(&statement).await? {
            ids.extend(crate::measure::Rows(&batch).texts(quiver_event::batch::column::ID)?);
        }
        Ok(ids)
    }

    /// Begins a commit of what a stage derives.
    ///
    /// # Errors
    /// When its table cannot be opened.
    pub async fn begin(&self, derived: Derived) -> Result<SharedCommit, PipelineError> {
        SharedCommit::open(&self.workspace, derived).await
    }

    /// Whether rows were committed since this was asked last.
    pub fn take_changed(&mut self) -> bool {
        std::mem::take(&mut self.changed)
    }

    /// The spec of the model.
    pub fn spec(&self) -> &Spec {
        &self.spec
    }

    /// A session over these tables of the model's events, and these of all models, as they are committed now. One that
    /// is not there yet is made, so that a query over it finds no rows and no error.
    async fn queries(&self, events: &[Kind], derived: &[Derived]) -> Result<QueryEngine, PipelineError> {
        let folder = &self.workspace.folder;
        let engine = QueryEngine::new(&folder.query_options())?;
        for kind in events {
            engine.register(kind.table_name(), &self.event_table(*kind).await?).await?;
        }
        for derived in derived {
            let table = folder.open_table(derived.table(), &derived.options()).await?;
            engine.register(derived.name(), &table).await?;
        }
        Ok(engine)
    }

    /// The model's rows in a table that all models share, as SQL; its bucket spares reading the files of others.
    fn rows_of_model(&self) -> String {
        let model = &self.spec.model;
        format!("model_bucket = {} AND model = '{}'", ModelKey::new(model).bucket(), model.replace('\'', "''"))
    }

    /// The offset below which the model's table of a kind holds every event.
    async fn committed_offset(&self, kind: Kind) -> Result<i64, PipelineError> {
        let table = self.event_table(kind).await?;
        Ok(table.next_offset(&self.journal_application()).await?.unwrap_or(0))
    }

    /// What profiles, outcomes and findings are derived by: the spec and the pinned references. When either changes,
    /// everything is derived anew from the first event; rows of another derivation are never mixed in.
    fn derivation(&self, references: &References) -> String {
        let ids: String = references.iter().map(|(arm, reference)| format!("{arm}={}\n", reference.id)).collect();
        content_hash(&format!("{MEASURED}\n{:?}\n{ids}", self.spec))
    }

    /// Whose progress a derived table keeps: one for each model, stage and derivation.
    fn derived_application(&self, derived: Derived, derivation: &str) -> String {
        let (journal, stage) = (self.journal_application(), derived.name());
        format!("{journal}/{stage}/{}/{derivation}", ModelKey::new(&self.spec.model).slug())
    }

    /// Whose offsets the tables keep.
    fn journal_application(&self) -> String {
        self.workspace.journal().identity().application_id()
    }
}

/// The newest spec of a model that a data folder holds; none when it holds no such model.
pub async fn latest_spec(path: &Path, model: &str) -> Result<Option<String>, PipelineError> {
    let folder = DataFolder::open(path)?;
    let catalogue = folder.open_catalogue().await?;
    Ok(catalogue.latest_spec(DEFAULT_WORKSPACE, model).await?.map(|version| version.yaml))
}

/// The models that a data folder holds.
pub async fn models(path: &Path) -> Result<Vec<String>, PipelineError> {
    let folder = DataFolder::open(path)?;
    let catalogue = folder.open_catalogue().await?;
    Ok(catalogue.models(DEFAULT_WORKSPACE).await?)
}

/// How much is worked on side by side: each needs a processor.
pub(crate) fn at_once() -> usize {
    std::thread::available_parallelism().map_or(1, NonZero::get)
}

/// A short name for a content: the first 64 bits of its hash, in hexadecimal.
fn content_hash(text: &str) -> String {
    format!("{:016x}", xxhash_rust::xxh3::xxh3_64(text.as_bytes()))
}
