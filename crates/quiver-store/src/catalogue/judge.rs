//! What a judge remembers, how far it has read, and what it wants done: one transaction for all three.

use super::{Catalogue, CatalogueError};
use sqlx::Row;
use sqlx::sqlite::SqliteRow;
use std::collections::BTreeMap;

/// What a judge remembers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JudgeState {
    /// Grows by one with every step; zero before the first.
    pub revision: i64,
    /// The memory, as the judge encoded it.
    pub state: Vec<u8>,
    /// How far each input was read.
    pub inputs: BTreeMap<String, i64>,
}

/// Something a judge wants done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intent {
    /// A stable key: the same step, taken again, gives the same key.
    pub key: String,
    /// What is to be done, such as `notify`.
    pub kind: String,
    /// The particulars, encoded by the judge.
    pub body: Vec<u8>,
}

/// One step of a judge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JudgeStep {
    /// Which judge.
    pub judge: String,
    /// The revision the step was made from.
    pub expected_revision: i64,
    /// The memory after the step.
    pub state: Vec<u8>,
    /// How far each input was read after the step; inputs not named stay where they are.
    pub inputs: BTreeMap<String, i64>,
    /// What the step wants done.
    pub intents: Vec<Intent>,
    /// When the step was taken.
    pub at_microseconds: i64,
}

/// An intent that waits for its delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingIntent {
    /// The intent.
    pub intent: Intent,
    /// Whose it is.
    pub judge: String,
    /// When it was made.
    pub created_at_microseconds: i64,
}

impl Catalogue {
    /// Returns what a judge remembers; the empty state of revision zero before its first step.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn judge_state(&self, workspace: &str, judge: &str) -> Result<JudgeState, CatalogueError> {
        let failed = self.failed("read a judge");
        // One transaction, so that state and inputs are of the same step.
        let mut transaction = self.pool.begin().await.map_err(&failed)?;
        let kept: Option<(i64, Vec<u8>)> =
            sqlx::query_as("SELECT revision, state FROM judge_states WHERE workspace = $1 AND judge = $2")
                .bind(workspace)
                .bind(judge)
                .fetch_optional(&mut *transaction)
                .await
                .map_err(&failed)?;
        let Some((revision, state)) = kept else { return Ok(JudgeState::default()) };
        let inputs: Vec<(String, i64)> =
            sqlx::query_as("SELECT input, next_offset FROM judge_inputs WHERE workspace = $1 AND judge = $2")
                .bind(workspace)
                .bind(judge)
                .fetch_all(&mut *transaction)
                .await
                .map_err(&failed)?;
        Ok(JudgeState { revision, state, inputs: inputs.into_iter().collect() })
    }

    /// Commits a step: state, input offsets and intents together, or nothing. Returns the new revision.
    ///
    /// # Errors
    /// [`CatalogueError::StaleStep`] when another step was committed since the state was read.
    pub async fn commit_step(&self, workspace: &str, step: &JudgeStep) -> Result<i64, CatalogueError> {
        let failed = self.failed("commit a judge's step");
        let mut transaction = self.begin().await?;
        let stored: Option<i64> =
            sqlx::query_scalar("SELECT revision FROM judge_states WHERE workspace = $1 AND judge = $2")
                .bind(workspace)
                .bind(&step.judge)
                .fetch_optional(&mut *transaction)
                .await
                .map_err(&failed)?;
        let stored = stored.unwrap_or_default();
        if stored != step.expected_revision {
            return Err(CatalogueError::StaleStep {
                judge: step.judge.clone(),
                stored,
                expected: step.expected_revision,
            });
        }
        let revision = stored + 1;
        sqlx::query(
            "INSERT INTO judge_states (workspace, judge, revision, state, updated_at) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (workspace, judge) DO UPDATE SET
                 revision = excluded.revision, state = excluded.state, updated_at = excluded.updated_at",
        )
        .bind(workspace)
        .bind(&step.judge)
        .bind(revision)
        .bind(&step.state)
        .bind(step.at_microseconds)
        .execute(&mut *transaction)
        .await
        .map_err(&failed)?;
        for (input, next_offset) in &step.inputs {
            sqlx::query(
                "INSERT INTO judge_inputs (workspace, judge, input, next_offset) VALUES ($1, $2, $3, $4)
                 ON CONFLICT (workspace, judge, input) DO UPDATE SET next_offset = excluded.next_offset",
            )
            .bind(workspace)
            .bind(&step.judge)
            .bind(input)
            .bind(next_offset)
            .execute(&mut *transaction)
            .await
            .map_err(&failed)?;
        }
        for intent in &step.intents {
            sqlx::query(
                "INSERT INTO outbox (workspace, intent, judge, kind, body, created_at) VALUES ($1, $2, $3, $4, $5, $6)
                 ON CONFLICT (workspace, intent) DO NOTHING",
            )
            .bind(workspace)
            .bind(&intent.key)
            .bind(&step.judge)
            .bind(&intent.kind)
            .bind(&intent.body)
            .bind(step.at_microseconds)
            .execute(&mut *transaction)
            .await
            .map_err(&failed)?;
        }
        transaction.commit().await.map_err(&failed)?;
        Ok(revision)
    }

    /// Returns intents that were not delivered yet, the oldest first.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn pending_intents(&self, workspace: &str, limit: u32) -> Result<Vec<PendingIntent>, CatalogueError> {
        let rows = sqlx::query(
            "SELECT intent, judge, kind, body, created_at FROM outbox
             WHERE workspace = $1 AND delivered_at IS NULL ORDER BY created_at, intent LIMIT $2",
        )
        .bind(workspace)
        .bind(i64::from(limit))
        .fetch_all(&self.pool)
        .await;
        let intents = rows.and_then(|rows| rows.iter().map(read_intent).collect());
        intents.map_err(self.failed("read the outbox"))
    }

    /// Marks an intent as delivered; returns false when it was already, or is unknown.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn mark_delivered(
        &self,
        workspace: &str,
        intent: &str,
        at_microseconds: i64,
    ) -> Result<bool, CatalogueError> {
        let marked = sqlx::query(
            "UPDATE outbox SET delivered_at = $3 WHERE workspace = $1 AND intent = $2 AND delivered_at IS NULL",
        )
        .bind(workspace)
        .bind(intent)
        .bind(at_microseconds)
        .execute(&self.pool)
        .await
        .map_err(self.failed("mark an intent"))?;
        Ok(marked.rows_affected() > 0)
    }
}

fn read_intent(row: &SqliteRow) -> Result<PendingIntent, sqlx::Error> {
    Ok(PendingIntent {
        intent: Intent { key: row.try_get("intent")?, kind: row.try_get("kind")?, body: row.try_get("body")? },
        judge: row.try_get("judge")?,
        created_at_microseconds: row.try_get("created_at")?,
    })
}
