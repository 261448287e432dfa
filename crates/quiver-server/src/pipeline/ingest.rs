//! Events → journal: appends clean events and acknowledges them after one sync; a source that is read again goes on
//! where it stopped.

use super::{Pipeline, PipelineError, payload};
use quiver_event::batch::EventBatch;
use quiver_event::time::Timestamp;
use quiver_store::catalogue::DEFAULT_WORKSPACE;
use quiver_store::journal::NewFrame;

/// Events of one source, with the place in the source behind them.
#[derive(Debug, Clone, Copy)]
pub struct Sourced<'a> {
    /// What names the source for good: a fingerprint of the file, not its path.
    pub source: &'a str,
    /// The part of the source's rows that this batch is made of, such as an arm; each part has its own position.
    pub part: &'a str,
    /// Rows of the source consumed after this batch.
    pub position: u64,
}

impl Sourced<'_> {
    /// Two models may read one log, so a position belongs to the model too.
    fn producer(&self, model: &str) -> String {
        format!("{model}/{}#{}", self.source, self.part)
    }
}

impl Pipeline {
    /// How many rows of a source's part are in the journal or in the tables already.
    pub async fn position(&self, source: &str, part: &str) -> Result<u64, PipelineError> {
        let producer = Sourced { source, part, position: 0 }.producer(&self.spec.model);
        let journaled = self.workspace.journal().producer_position(&producer).unwrap_or(0);
        let stored = self.workspace.catalogue.producer(DEFAULT_WORKSPACE, &producer).await?.unwrap_or(0);
        Ok(journaled.max(u64::try_from(stored).unwrap_or(0)))
    }

    /// Appends the rows; they are acknowledged by the next [`Self::acknowledge`].
    pub fn append(&mut self, events: &EventBatch, from: Sourced<'_>, now: Timestamp) -> Result<(), PipelineError> {
        let producer = from.producer(&self.spec.model);
        let rows = u32::try_from(events.rows.num_rows()).map_err(|_| PipelineError::BatchTooLarge)?;
        let payload = if rows == 0 { Vec::new() } else { payload::encode(&events.rows)? };
        let stream = format!("{}/{}", events.model, events.kind.name());
        self.workspace.journal().append(&[NewFrame {
            stream: &stream,
            producer: &producer,
            producer_position: from.position,
            received_at_microseconds: now.0,
            row_count: rows,
            payload: &payload,
        }])?;
        self.touched_producers.insert(producer);
        Ok(())
    }

    /// Makes everything appended durable; only then it counts as accepted.
    pub fn acknowledge(&mut self) -> Result<(), PipelineError> {
        self.workspace.journal().sync()?;
        Ok(())
    }
}
