//! Rows of a table that all models share, from as many models as fit, in one commit: a commit for each model would cost
//! a file for each of its dates, every time.

use super::{PipelineError, Workspace, shared};
use arrow::array::RecordBatch;
use quiver_store::catalogue::{DEFAULT_WORKSPACE, JudgedPeriod, JudgedPeriods};
use quiver_store::data_folder::TableName;
use quiver_store::table::{Progress, Table, TableOptions};
use std::sync::Arc;
use tokio::sync::Mutex;

/// Rows do not wait for those of further models above this. They are held in memory, and again as they are written; and
/// whoever reads a model's rows reads those that share a file with them.
const FULL_BYTES: usize = 32 << 20;

/// What is derived from events, stage by stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Derived {
    /// Predictions by window.
    Profiles,
    /// Predictions joined with their feedback, by window.
    Outcomes,
    /// What monitors say of both.
    Findings,
}

impl Derived {
    /// All of them, in the order of the flow.
    pub const ALL: [Self; 3] = [Self::Profiles, Self::Outcomes, Self::Findings];

    /// The stage's name, which is its table's too.
    pub fn name(self) -> &'static str {
        self.table().in_queries()
    }

    /// The table that holds it of all models.
    pub(super) fn table(self) -> TableName<'static> {
        match self {
            Self::Profiles => TableName::Profiles,
            Self::Outcomes => TableName::Outcomes,
            Self::Findings => TableName::Findings,
        }
    }

    /// What its table is made of.
    pub(super) fn options(self) -> TableOptions {
        match self {
            Self::Profiles => shared::profile_options(),
            Self::Outcomes => shared::outcome_options(),
            Self::Findings => shared::finding_options(),
        }
    }
}

/// Rows of one shared table that wait for their commit; models add theirs side by side.
#[derive(Debug)]
pub struct SharedCommit {
    workspace: Arc<Workspace>,
    waiting: Mutex<Waiting>,
}

#[derive(Debug)]
struct Waiting {
    table: Table,
    rows: Vec<RecordBatch>,
    progress: Vec<Progress>,
    periods: Vec<JudgedPeriods>,
    bytes: usize,
    /// Rows were lost with a commit that failed: what comes after them must not be kept without them.
    has_failed: bool,
}

impl SharedCommit {
    /// Opens the table; nothing waits.
    ///
    /// # Errors
    /// When the table cannot be opened.
    pub async fn open(workspace: &Arc<Workspace>, derived: Derived) -> Result<Self, PipelineError> {
        let table = workspace.folder.open_table(derived.table(), &derived.options()).await?;
        let waiting =
            Waiting { table, rows: Vec::new(), progress: Vec::new(), periods: Vec::new(), bytes: 0, has_failed: false };
        Ok(Self { workspace: Arc::clone(workspace), waiting: Mutex::new(waiting) })
    }

    /// The first offset that neither the table nor the waiting rows hold; none where they hold none.
    pub(super) async fn next_offset(&self, application_id: &str) -> Result<Option<i64>, PipelineError> {
        let waiting = self.waiting.lock().await;
        match waiting.progress.iter().find(|step| step.application_id == application_id) {
            Some(step) => Ok(Some(step.next_offset)),
            None => Ok(waiting.table.next_offset(application_id).await?),
        }
    }

    /// Adds rows, and how far they bring their model; what waits is committed when it is much.
    ///
    /// # Errors
    /// As [`Self::commit`].
    pub(super) async fn add(&self, rows: RecordBatch, step: Progress) -> Result<(), PipelineError> {
        let mut waiting = self.waiting.lock().await;
        let bytes = rows.get_array_memory_size();
        self.make_room(&mut waiting, bytes).await?;
        waiting.rows.push(rows);
        match waiting.progress.iter_mut().find(|earlier| earlier.application_id == step.application_id) {
            Some(earlier) => earlier.next_offset = step.next_offset,
            None => waiting.progress.push(step),
        }
        self.added(&mut waiting, bytes).await
    }

    /// Adds periods that the catalogue keeps once the rows before them are committed, as [`Self::add`] does.
    ///
    /// # Errors
    /// As [`Self::commit`].
    pub(super) async fn add_periods(&self, judged: Vec<JudgedPeriods>) -> Result<(), PipelineError> {
        let mut waiting = self.waiting.lock().await;
        let bytes = judged.iter().flat_map(|judged| &judged.periods).map(JudgedPeriod::held_bytes).sum::<usize>();
        self.make_room(&mut waiting, bytes).await?;
        waiting.periods.extend(judged);
        self.added(&mut waiting, bytes).await
    }

    /// Commits what waits.
    ///
    /// # Errors
    /// [`PipelineError::Shared`] when the table or the catalogue refuses: nothing waits then, nothing is taken any
    /// more, and every model whose rows waited derives them again.
    pub async fn commit(&self) -> Result<(), PipelineError> {
        self.write(&mut *self.waiting.lock().await).await
    }

    /// Commits what waits where so many bytes more would be too many.
    async fn make_room(&self, waiting: &mut Waiting, bytes: usize) -> Result<(), PipelineError> {
        if waiting.bytes + bytes > FULL_BYTES { self.write(waiting).await } else { Ok(()) }
    }

    async fn added(&self, waiting: &mut Waiting, bytes: usize) -> Result<(), PipelineError> {
        waiting.bytes += bytes;
        if waiting.bytes > FULL_BYTES || waiting.has_failed { self.write(waiting).await } else { Ok(()) }
    }

    async fn write(&self, waiting: &mut Waiting) -> Result<(), PipelineError> {
        waiting.bytes = 0;
        let (rows, progress) = (std::mem::take(&mut waiting.rows), std::mem::take(&mut waiting.progress));
        let periods = std::mem::take(&mut waiting.periods);
        let written = async {
            if waiting.has_failed {
                return Err(PipelineError::NotCommitted);
            }
            if !progress.is_empty() {
                waiting.table.append_all(rows, &progress).await?;
            }
            // In the order in which they came: the last part of a judgement says how far all of it goes, so that none may
            // be kept after one that was refused.
            for judged in &periods {
                self.workspace.catalogue.put_judged(DEFAULT_WORKSPACE, judged).await?;
            }
            Ok(())
        };
        let written = written.await;
        waiting.has_failed |= written.is_err();
        written.map_err(|error| PipelineError::Shared(Box::new(error)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::ProfileKey;
    use quiver_event::time::{MICROSECONDS_PER_DAY, Timestamp, Window};
    use quiver_profile::outcome::{Outcome, OutcomePlan, Task};

    async fn workspace(folder: &tempfile::TempDir) -> Arc<Workspace> {
        let workspace = Workspace::open(folder.path(), uuid::Uuid::from_u128(1)).await.unwrap().0;
        for model in ["a", "b", "c"] {
            workspace.catalogue.put_model(DEFAULT_WORKSPACE, model, 0).await.unwrap();
        }
        Arc::new(workspace)
    }

    fn rows(model: &str, revision: i64) -> RecordBatch {
        let window = Window { start: Timestamp(0), end: Timestamp(MICROSECONDS_PER_DAY) };
        let key = ProfileKey { arm: "control".to_owned(), version: "1".to_owned(), window };
        let mut rows = shared::OutcomeRows::new(model, "derived", revision);
        rows.push(&key, None, &Outcome::new(&OutcomePlan::new(Task::Binary)));
        rows.finish().unwrap()
    }

    fn step(model: &str, expected_previous: Option<i64>, next_offset: i64) -> Progress {
        Progress { application_id: model.to_owned(), expected_previous, next_offset }
    }

    fn periods(model: &str, bytes: usize) -> JudgedPeriods {
        let period = JudgedPeriod {
            arm: "control".to_owned(),
            starts_at_microseconds: 0,
            ends_at_microseconds: MICROSECONDS_PER_DAY,
            counted_id: 0,
            judged: vec![0; bytes],
            outcome: None,
            only_version: None,
            profile: None,
            slices: None,
        };
        JudgedPeriods {
            model: model.to_owned(),
            length: "1d".to_owned(),
            derivation: "derived".to_owned(),
            profiles_offset: 1,
            outcomes_offset: 1,
            watermark_microseconds: 0,
            periods: vec![period],
        }
    }

    async fn is_judged(workspace: &Workspace, model: &str) -> bool {
        workspace.catalogue.judged_progress(DEFAULT_WORKSPACE, model, "1d").await.unwrap().is_some()
    }

    #[tokio::test]
    async fn rows_of_several_models_get_into_one_commit() {
        let folder = tempfile::tempdir().unwrap();
        let workspace = workspace(&folder).await;
        let output = SharedCommit::open(&workspace, Derived::Outcomes).await.unwrap();
        let version = output.waiting.lock().await.table.version();
        output.add(rows("a", 5), step("a", None, 5)).await.unwrap();
        output.add(rows("b", 7), step("b", None, 7)).await.unwrap();
        assert_eq!(output.next_offset("a").await.unwrap(), Some(5));
        output.add(rows("a", 9), step("a", Some(5), 9)).await.unwrap();
        output.add_periods(vec![periods("a", 10)]).await.unwrap();
        assert!(!is_judged(&workspace, "a").await, "before its rows are committed");
        output.commit().await.unwrap();
        assert!(is_judged(&workspace, "a").await);
        let table = workspace.folder.find_table(TableName::Outcomes).await.unwrap().unwrap();
        assert_eq!(table.version(), version + 1);
        assert_eq!(table.next_offset("a").await.unwrap(), Some(9));
        assert_eq!(table.next_offset("b").await.unwrap(), Some(7));
        // Nothing waits any more.
        output.commit().await.unwrap();
        assert_eq!(workspace.folder.find_table(TableName::Outcomes).await.unwrap().unwrap().version(), version + 1);
    }

    #[tokio::test]
    async fn what_waits_is_committed_when_it_is_much() {
        let folder = tempfile::tempdir().unwrap();
        let workspace = workspace(&folder).await;
        let output = SharedCommit::open(&workspace, Derived::Findings).await.unwrap();
        output.add_periods(vec![periods("a", FULL_BYTES / 2)]).await.unwrap();
        assert!(!is_judged(&workspace, "a").await);
        output.add_periods(vec![periods("b", FULL_BYTES)]).await.unwrap();
        assert!(is_judged(&workspace, "a").await && !is_judged(&workspace, "b").await, "b begins another commit");
        output.add_periods(vec![periods("c", FULL_BYTES + 1)]).await.unwrap();
        assert!(is_judged(&workspace, "b").await && is_judged(&workspace, "c").await);
    }

    #[tokio::test]
    async fn after_a_commit_that_failed_nothing_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let workspace = workspace(&folder).await;
        let output = SharedCommit::open(&workspace, Derived::Outcomes).await.unwrap();
        output.add(rows("a", 5), step("a", Some(3), 5)).await.unwrap();
        let failed = output.commit().await;
        assert!(matches!(failed, Err(PipelineError::Shared(_))), "{failed:?}");
        // Its model is still at work: what it judged of the lost rows must not count.
        let late = output.add_periods(vec![periods("a", 10)]).await;
        assert!(matches!(late, Err(PipelineError::Shared(_))), "{late:?}");
        assert!(output.add(rows("a", 9), step("a", None, 9)).await.is_err() && output.commit().await.is_err());
        assert!(!is_judged(&workspace, "a").await);
        let again = SharedCommit::open(&workspace, Derived::Outcomes).await.unwrap();
        assert_eq!(again.next_offset("a").await.unwrap(), None);
        again.add(rows("a", 5), step("a", None, 5)).await.unwrap();
        again.commit().await.unwrap();
        assert_eq!(again.next_offset("a").await.unwrap(), Some(5));
    }
}
