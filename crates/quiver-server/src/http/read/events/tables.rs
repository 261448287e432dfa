//! The tables of one model's events as they are committed now, for questions whose time, memory and number are bounded.

use crate::http::App;
use crate::http::problem::Problem;
use crate::http::read::slices::not_answered;
use crate::pipeline::{PipelineError, table_name};
use futures::future::BoxFuture;
use quiver_event::batch::FEATURE_PREFIX;
use quiver_event::event::Kind;
use quiver_store::data_folder::TableName;
use quiver_store::query::{QueryEngine, QueryOptions};
use std::time::Duration;
use tokio::sync::Semaphore;

/// A question is given up after this time: one of a shorter range has an answer.
const LONGEST: Duration = Duration::from_secs(20);

/// Memory of one question; sorts spill above it.
const MEMORY_BYTES: usize = 256 << 20;

/// Questions that read tables at a time; the others wait for their turn, which counts as their time.
static PLACES: Semaphore = Semaphore::const_new(4);

/// The name under which a table of [`open`] shows all its columns.
pub fn whole_name(kind: Kind) -> String {
    format!("whole_{}", kind.table_name())
}

/// A session with the tables of these kinds, and no other: each is a log that has to be read. Under its own name a table
/// shows what all models have, under [`whole_name`] the features as well.
///
/// # Errors
/// When a table cannot be read.
pub async fn open(app: &App, model: &str, kinds: &[Kind]) -> Result<QueryEngine, PipelineError> {
    let folder = app.workspace.folder();
    let options = QueryOptions { memory_limit_bytes: MEMORY_BYTES, ..folder.query_options() };
    // They are there since the model was taken in, unless they cannot be read.
    let names: Vec<TableName<'_>> = kinds.iter().map(|kind| table_name(*kind, model)).collect();
    let engine = folder.open_queries(&names, &options).await?;
    for (kind, name) in kinds.iter().zip(names) {
        engine.show_only(name.in_queries(), &whole_name(*kind), |column| !column.starts_with(FEATURE_PREFIX)).await?;
    }
    Ok(engine)
}

/// Does what a question needs, within its bounds; on the heap, since the plans of a query make a future of many
/// kilobytes.
///
/// # Errors
/// When it takes too long, or a table cannot be read; particulars go to the log.
pub fn within<'a, T: Send + 'a>(
    work: impl Future<Output = Result<T, PipelineError>> + Send + 'a,
) -> BoxFuture<'a, Result<T, Problem>> {
    Box::pin(in_time(LONGEST, work))
}

async fn in_time<T>(longest: Duration, work: impl Future<Output = Result<T, PipelineError>>) -> Result<T, Problem> {
    let in_turn = async {
        let _place = PLACES.acquire().await;
        work.await
    };
    match tokio::time::timeout(longest, in_turn).await {
        Ok(answer) => answer.map_err(|error| not_answered(&error)),
        Err(_) => Err(Problem::overloaded("this takes too long to read; ask for a shorter range")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_question_without_end_is_given_up() {
        let endless = std::future::pending::<Result<(), PipelineError>>();
        let problem = in_time(Duration::from_millis(1), endless).await.unwrap_err();
        assert_eq!((problem.status, problem.code()), (503, "overloaded"));
        assert_eq!(within(async { Ok(7) }).await.unwrap(), 7);
    }
}
