//! Commits to a table: rows with the offset they reach, or files that give way to others; a race is run again.

use super::error::TableError;
use super::files::{self, Written};
use super::{COMMIT_ATTEMPTS, Progress, Table, schema};
use deltalake::DeltaTableError;
use deltalake::kernel::transaction::{CommitBuilder, CommitProperties};
use deltalake::kernel::{Action, Add, Transaction};
use deltalake::protocol::{DeltaOperation, SaveMode};
use std::collections::HashSet;

impl Table {
    /// Commits on the snapshot at hand; after a lost race on the next one, as long as the offset has not moved.
    /// `None` means that the rows are not part of the table and that the snapshot at hand says why.
    pub(super) async fn commit_rows(
        &mut self,
        written: &Written,
        progress: &[Progress],
    ) -> Result<Option<u64>, TableError> {
        for _ in 0..COMMIT_ATTEMPTS {
            match self.try_commit(written, progress).await {
                Ok(version) => {
                    // The rows are in the table whether or not the snapshot can be read afresh.
                    let _ = self.renew().await;
                    return Ok(Some(version));
                }
                Err(error) => {
                    self.refresh().await?;
                    if self.holds(written) {
                        // It had landed after all, and only the answer was lost.
                        return Ok(Some(self.version()));
                    }
                    if !is_race(&error) {
                        return Err(TableError::delta("commit to", &self.url)(error));
                    }
                }
            }
            let mut moved = false;
            for step in progress {
                moved |= self.next_offset(&step.application_id).await? != step.expected_previous;
            }
            if moved || !schema::new_columns(&self.url, self.schema()?.as_ref(), &written.schema)?.is_empty() {
                return Ok(None);
            }
        }
        Ok(None)
    }

    async fn try_commit(&mut self, written: &Written, progress: &[Progress]) -> Result<u64, DeltaTableError> {
        let transactions =
            progress.iter().map(|step| Transaction::new(&step.application_id, step.next_offset)).collect();
        let partition_by = Some(self.delta.snapshot()?.metadata().partition_columns().to_vec());
        let operation = DeltaOperation::Write { mode: SaveMode::Append, partition_by, predicate: None };
        let actions = written.adds.iter().cloned().map(Action::Add).collect();
        self.commit_actions(actions, operation, transactions).await
    }

    /// Commits that the files `removed` give way to those `written`, whatever other files come in meanwhile. Returns
    /// false, and commits nothing, when one of the files is no longer part of the table.
    pub(super) async fn commit_exchange(
        &mut self,
        removed: &HashSet<String>,
        written: &[Add],
        changes_rows: bool,
        operation: &DeltaOperation,
    ) -> Result<bool, TableError> {
        for _ in 0..COMMIT_ATTEMPTS {
            let mut actions: Vec<Action> = self
                .state()?
                .log_data()
                .iter()
                .filter(|file| removed.contains(file.object_store_path().as_ref()))
                .map(|file| Action::Remove(file.remove_action(changes_rows)))
                .collect();
            if actions.len() < removed.len() {
                return Ok(false);
            }
            actions.extend(written.iter().cloned().map(Action::Add));
            let Err(error) = self.commit_actions(actions, operation.clone(), Vec::new()).await else {
                // Done, whether or not the snapshot can be read afresh.
                let _ = self.renew().await;
                return Ok(true);
            };
            self.refresh().await?;
            let gone = !self.state()?.log_data().iter().any(|file| removed.contains(file.object_store_path().as_ref()));
            if gone && (written.is_empty() || self.names_any(written)) {
                // It had landed after all, and only the answer was lost.
                return Ok(true);
            }
            if !is_race(&error) {
                return Err(TableError::delta("commit to", &self.url)(error));
            }
        }
        Err(TableError::Contended { table: self.url.to_string(), attempts: COMMIT_ATTEMPTS })
    }

    async fn commit_actions(
        &mut self,
        actions: Vec<Action>,
        operation: DeltaOperation,
        transactions: Vec<Transaction>,
    ) -> Result<u64, DeltaTableError> {
        let state = self.delta.snapshot()?;
        // No retries inside the library: it would build on a snapshot whose offset nobody has looked at.
        let properties = CommitProperties::default().with_max_retries(0).with_application_transactions(transactions);
        let prepared = CommitBuilder::from(properties)
            .with_actions(actions)
            .build(Some(state), self.delta.log_store(), operation)
            .into_prepared_commit_future()
            .await?;
        let committed = prepared.await?;
        let version = committed.version;
        // From here on the actions are in the table: a failed checkpoint or clean-up is no failed commit.
        match committed.await {
            Ok(finished) => self.delta.state = Some(finished.snapshot()),
            Err(_) => self.delta.update_state().await?,
        }
        Ok(version)
    }

    /// Says whether the snapshot at hand names one of the files.
    pub(super) fn holds(&self, written: &Written) -> bool {
        self.names_any(&written.adds)
    }

    fn names_any(&self, adds: &[Add]) -> bool {
        let wanted: HashSet<_> = adds.iter().map(files::add_path).collect();
        let state = self.delta.snapshot();
        state.is_ok_and(|state| state.log_data().iter().any(|file| wanted.contains(&file.object_store_path())))
    }
}

/// Says whether a commit failed only because another one was faster.
pub(super) fn is_race(error: &DeltaTableError) -> bool {
    use deltalake::kernel::transaction::TransactionError;
    matches!(
        error,
        DeltaTableError::VersionAlreadyExists(_)
            | DeltaTableError::Transaction {
                source: TransactionError::MaxCommitAttempts(_)
                    | TransactionError::CommitConflict(_)
                    | TransactionError::VersionAlreadyExists(_)
            }
    )
}
