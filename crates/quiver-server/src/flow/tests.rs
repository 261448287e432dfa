//! The flow itself: what a stop ends, and how retention and verification go on piece by piece.

use super::derive::Again;
use super::*;
use crate::ingest::seen::SeenOptions;
use arrow::array::{ArrayRef, Int32Array, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use quiver_door::detect::Detectors;
use quiver_store::data_folder::TableName;
use quiver_store::table::Progress;

const SPEC: &str = "model: m\nowner: m@example.com\ntask: binary\n\
                    features:\n  speed: {type: number, privacy: public}\n";

/// A flow with one model, on a folder of its own.
async fn one_model(folder: &tempfile::TempDir) -> (Flow, FlowHandle) {
    let workspace = Arc::new(Workspace::open(folder.path(), uuid::Uuid::from_u128(1)).await.unwrap().0);
    let keys = Arc::new(crate::subject_keys::open(folder.path(), [7; 32]).unwrap());
    let wall: Arc<dyn Fn() -> Timestamp + Send + Sync> = Arc::new(|| Timestamp(1_700_000_000_000_000));
    let seen = SeenOptions { horizon_microseconds: 1, memory_bytes: 1 << 20 };
    let parts = FlowParts {
        doors: Arc::new(Doors::new(keys, Arc::new(Detectors::new().unwrap()))),
        seen: Arc::new(Mutex::new(Seen::new(seen))),
        tallies: Arc::default(),
        dead_letters: Arc::new(DeadLetters::new(folder.path(), 0)),
        metrics: Arc::new(Metrics::new()),
        clock: Clock::Wall(Arc::clone(&wall)),
        workspace,
        wall,
    };
    let hour = Duration::from_secs(3_600);
    let retention = RetentionOptions { every: hour, most_new_files: 1, orphans_after: hour, verify_every: hour };
    let options = FlowOptions { flush_every: hour, flush_rows: 1, judge_every: hour, retention };
    let (mut flow, handle) = flow(parts, options);
    let spec = quiver_door::spec_file::parse_spec(SPEC, "the test's spec").unwrap();
    flow.put_all(vec![(spec, SPEC.to_owned())]).await.unwrap();
    (flow, handle)
}

#[tokio::test]
async fn nothing_runs_after_a_stage_that_a_stop_ended() {
    let folder = tempfile::tempdir().unwrap();
    let (mut flow, handle) = one_model(&folder).await;
    let ran = |stage| handle.stages().get(stage).is_some_and(|state| state.last_run.is_some());
    handle.shared.stopping.send_replace(true);
    flow.profile(None).await;
    assert!(flow.is_interrupted && flow.unprofiled.contains("m"), "the next start profiles it");
    flow.judge(None).await;
    flow.tick().await;
    assert_eq!(flow.run_all().await, Err(stopping()));
    assert!(flow.unjudged.contains("m"));
    for stage in ["profiles", "outcomes", "findings", "retention", "verification"] {
        assert!(!ran(stage), "{stage} ran");
    }
}

#[tokio::test]
async fn every_stage_runs_where_nothing_stops_it() {
    let folder = tempfile::tempdir().unwrap();
    let (mut flow, handle) = one_model(&folder).await;
    assert_eq!(flow.run_all().await, Ok(()));
    assert!(!flow.is_interrupted && flow.unprofiled.is_empty() && flow.unjudged.is_empty());
    let stages = handle.stages();
    for stage in ["profiles", "outcomes", "findings"] {
        assert!(stages[stage].last_run.is_some(), "{stage} did not run");
    }
}

#[tokio::test]
async fn retention_goes_on_piece_by_piece_until_every_table_was_tidied() {
    let folder = tempfile::tempdir().unwrap();
    let (mut flow, handle) = one_model(&folder).await;
    let mut pieces = 1;
    while !flow.tidy(Duration::ZERO).await {
        assert_eq!(handle.tidied(), None, "it is told when all of it is done");
        pieces += 1;
    }
    // Four tables of the model, three that all models share, and the catalogue.
    assert_eq!(pieces, 8);
    assert!(handle.tidied().is_some() && flow.retention.is_none());
}

/// One row of a column.
fn any_value(kind: &DataType) -> ArrayRef {
    let number = cast(&Int32Array::from(vec![1]), &DataType::Int64).unwrap();
    match kind {
        DataType::Binary => cast(&StringArray::from(vec!["1"]), kind).unwrap(),
        DataType::Date32 => cast(&Int32Array::from(vec![1]), kind).unwrap(),
        kind => cast(&number, kind).unwrap(),
    }
}

#[tokio::test]
async fn new_files_of_the_shared_tables_bring_retention_on() {
    let folder = tempfile::tempdir().unwrap();
    let (mut flow, _handle) = one_model(&folder).await;
    flow.tidy_all().await;
    flow.measure_storage().await;
    assert!(flow.due.retention > Instant::now(), "nothing is new");
    let workspace = &flow.parts.workspace;
    let mut table = workspace.folder().find_table(TableName::Outcomes).await.unwrap().unwrap();
    let schema = table.schema().unwrap();
    let columns = schema.fields().iter().map(|field| any_value(field.data_type())).collect();
    let rows = RecordBatch::try_new(schema, columns).unwrap();
    let step = Progress { application_id: "m".to_owned(), expected_previous: None, next_offset: 5 };
    table.append(vec![rows], &step).await.unwrap();
    flow.measure_storage().await;
    assert!(flow.due.retention <= Instant::now());
    flow.tidy_all().await;
    flow.measure_storage().await;
    assert!(flow.due.retention > Instant::now(), "the file that is left is not new any more");
}

#[tokio::test]
async fn verification_goes_on_piece_by_piece_until_every_table_was_read() {
    let folder = tempfile::tempdir().unwrap();
    let (mut flow, handle) = one_model(&folder).await;
    let has_run = || handle.stages().get("verification").is_some_and(|state| state.last_run.is_some());
    let mut pieces = 1;
    while !flow.verify(Duration::ZERO).await {
        assert!(!has_run(), "it is told when all of it is done");
        pieces += 1;
    }
    // Four tables of the model, and three that all models share.
    assert_eq!(pieces, 7);
    assert!(has_run() && flow.verification.is_none());
}

#[tokio::test]
async fn a_stage_changes_the_numbers_of_the_models_that_it_ran_for() {
    let folder = tempfile::tempdir().unwrap();
    let (mut flow, handle) = one_model(&folder).await;
    let text = SPEC.replace("model: m", "model: other");
    let spec = quiver_door::spec_file::parse_spec(&text, "the test's spec").unwrap();
    flow.put(spec, text).await.unwrap();
    flow.run_all().await.unwrap();
    let numbers = || ["m", "other"].map(|model| handle.generation_of(model));
    for derived in Derived::ALL {
        let before = numbers();
        assert_eq!(flow.derive(derived, BTreeSet::from(["m".to_owned()]), None).await, Again::default());
        let after = numbers();
        assert!(after[0] > before[0] && after[1] == before[1], "{}: {before:?} {after:?}", derived.name());
    }
    // Nothing came in, so that nothing changes.
    let (before, latest) = (numbers(), handle.generation());
    flow.write_tallies().await;
    flow.flush().await;
    assert_eq!((numbers(), handle.generation()), (before, latest));
}

#[tokio::test]
async fn a_stage_that_has_had_its_time_leaves_the_other_models_for_later() {
    let folder = tempfile::tempdir().unwrap();
    let (mut flow, _) = one_model(&folder).await;
    let both = flow.unjudged.clone();
    assert!(!flow.judge(Some(Duration::ZERO)).await, "nothing is begun where there is no time");
    flow.profile(Some(Duration::ZERO)).await;
    assert_eq!((&flow.unjudged, &flow.unprofiled), (&both, &both));
    flow.profile(Some(Duration::from_secs(60))).await;
    assert!(flow.judge(Some(Duration::from_secs(60))).await);
    assert!(flow.unjudged.is_empty() && flow.unprofiled.is_empty());
}

#[tokio::test]
async fn a_model_that_begins_to_rest_does_not_hold_up_the_verification_of_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let (mut flow, _) = one_model(&folder).await;
    while !flow.verify(Duration::ZERO).await {}
    flow.verify(Duration::ZERO).await;
    let run = flow.verification.as_mut().unwrap();
    run.leave_unread("part-0.parquet");
    flow.rests.begin("segments", "m");
    let mut pieces = 0;
    while !flow.verify(Duration::ZERO).await {
        pieces += 1;
        assert!(pieces < 10, "it goes on with what it cannot read");
    }
}
