//! The catalogue forgets nothing and repeats nothing.

use quiver_store::catalogue::{
    Catalogue, CatalogueError, DEFAULT_WORKSPACE as W, Intent, JudgeState, JudgeStep, NewReference,
};
use std::collections::BTreeMap;
use std::path::Path;
use tempfile::TempDir;

async fn open(folder: &TempDir) -> Catalogue {
    Catalogue::open(&folder.path().join("catalogue.sqlite")).await.unwrap()
}

fn step(expected_revision: i64, intents: &[&str]) -> JudgeStep {
    JudgeStep {
        judge: "flight-delay/alarms".to_owned(),
        expected_revision,
        state: format!("state after {expected_revision}").into_bytes(),
        inputs: BTreeMap::from([("profiles".to_owned(), expected_revision * 10 + 10)]),
        intents: intents
            .iter()
            .map(|key| Intent { key: (*key).to_owned(), kind: "notify".to_owned(), body: vec![1, 2] })
            .collect(),
        at_microseconds: 1_000 + expected_revision,
    }
}

async fn intents(catalogue: &Catalogue) -> Vec<String> {
    let pending = catalogue.pending_intents(W, 100).await.unwrap();
    pending.into_iter().map(|pending| pending.intent.key).collect()
}

#[tokio::test]
async fn a_step_commits_state_offsets_and_intents_together() {
    let folder = tempfile::tempdir().unwrap();
    let catalogue = open(&folder).await;
    let judge = "flight-delay/alarms";
    assert_eq!(catalogue.judge_state(W, judge).await.unwrap(), JudgeState::default());
    assert_eq!(catalogue.commit_step(W, &step(0, &["a", "b"])).await.unwrap(), 1);
    assert_eq!(catalogue.commit_step(W, &step(1, &["b", "c"])).await.unwrap(), 2);
    catalogue.close().await;

    let catalogue = open(&folder).await;
    let state = catalogue.judge_state(W, judge).await.unwrap();
    assert_eq!(state.revision, 2);
    assert_eq!(state.state, b"state after 1");
    assert_eq!(state.inputs, BTreeMap::from([("profiles".to_owned(), 20)]));
    assert_eq!(intents(&catalogue).await, ["a", "b", "c"], "an intent of the same key is kept once");
    assert_eq!(catalogue.judge_state("other", judge).await.unwrap().revision, 0, "workspaces are apart");
}

#[tokio::test]
async fn a_step_from_an_old_state_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let catalogue = open(&folder).await;
    catalogue.commit_step(W, &step(0, &["a"])).await.unwrap();
    let before = catalogue.judge_state(W, "flight-delay/alarms").await.unwrap();
    let stale = catalogue.commit_step(W, &step(0, &["x"])).await;
    assert!(matches!(stale, Err(CatalogueError::StaleStep { stored: 1, expected: 0, .. })), "{stale:?}");
    assert_eq!(catalogue.judge_state(W, "flight-delay/alarms").await.unwrap(), before);
    assert_eq!(intents(&catalogue).await, ["a"]);
}

#[tokio::test]
async fn a_step_that_fails_in_its_last_statement_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let catalogue = open(&folder).await;
    catalogue.commit_step(W, &step(0, &["a"])).await.unwrap();
    // Another connection makes the outbox refuse what the step writes last.
    let url = format!("sqlite://{}", catalogue.path().display());
    let other = sqlx::SqlitePool::connect(&url).await.unwrap();
    sqlx::query(
        "CREATE TRIGGER full BEFORE INSERT ON outbox WHEN NEW.intent = 'c' BEGIN SELECT RAISE(ABORT, 'full'); END",
    )
    .execute(&other)
    .await
    .unwrap();
    let failed = catalogue.commit_step(W, &step(1, &["b", "c"])).await;
    assert!(matches!(failed, Err(CatalogueError::Query { .. })), "{failed:?}");
    let state = catalogue.judge_state(W, "flight-delay/alarms").await.unwrap();
    assert_eq!((state.revision, state.inputs["profiles"]), (1, 10));
    assert_eq!(intents(&catalogue).await, ["a"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn concurrent_steps_are_taken_one_after_another() {
    let folder = tempfile::tempdir().unwrap();
    let catalogue = open(&folder).await;
    let tasks: Vec<_> = (0..4)
        .map(|task| {
            let catalogue = catalogue.clone();
            tokio::spawn(async move {
                let mut done = 0;
                while done < 10 {
                    let state = catalogue.judge_state(W, "flight-delay/alarms").await.unwrap();
                    let key = format!("{task}-{done}");
                    match catalogue.commit_step(W, &step(state.revision, &[&key])).await {
                        Ok(_) => done += 1,
                        Err(CatalogueError::StaleStep { .. }) => {}
                        Err(other) => panic!("{other}"),
                    }
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(catalogue.judge_state(W, "flight-delay/alarms").await.unwrap().revision, 40);
    assert_eq!(intents(&catalogue).await.len(), 40);
}

#[tokio::test]
async fn an_intent_is_delivered_once() {
    let folder = tempfile::tempdir().unwrap();
    let catalogue = open(&folder).await;
    catalogue.commit_step(W, &step(0, &["a", "b"])).await.unwrap();
    assert!(catalogue.mark_delivered(W, "a", 5).await.unwrap());
    assert!(!catalogue.mark_delivered(W, "a", 6).await.unwrap());
    assert!(!catalogue.mark_delivered(W, "unknown", 6).await.unwrap());
    assert_eq!(intents(&catalogue).await, ["b"]);
    catalogue.commit_step(W, &step(1, &["a"])).await.unwrap();
    assert_eq!(intents(&catalogue).await, ["b"], "a delivered intent does not come back");
}

#[tokio::test]
async fn specs_are_numbered_and_the_same_text_is_one_version() {
    let folder = tempfile::tempdir().unwrap();
    let catalogue = open(&folder).await;
    assert!(catalogue.put_spec(W, "m", "h1", "model: m", 1).await.is_err(), "the model is unknown");
    catalogue.put_model(W, "m", 1).await.unwrap();
    catalogue.put_model(W, "m", 2).await.unwrap();
    catalogue.put_model(W, "a", 2).await.unwrap();
    assert_eq!(catalogue.models(W).await.unwrap(), ["a", "m"]);
    assert_eq!(catalogue.latest_spec(W, "m").await.unwrap(), None);
    assert_eq!(catalogue.put_spec(W, "m", "h1", "one", 1).await.unwrap(), 1);
    assert_eq!(catalogue.put_spec(W, "m", "h1", "one", 2).await.unwrap(), 1);
    assert_eq!(catalogue.put_spec(W, "m", "h2", "two", 3).await.unwrap(), 2);
    // Going back to an old text is a change, too.
    assert_eq!(catalogue.put_spec(W, "m", "h1", "one", 4).await.unwrap(), 3);
    let latest = catalogue.latest_spec(W, "m").await.unwrap().unwrap();
    assert_eq!((latest.number, latest.yaml.as_str(), latest.created_at_microseconds), (3, "one", 4));
    let numbers: Vec<_> = catalogue.specs(W, "m").await.unwrap().iter().map(|spec| spec.number).collect();
    assert_eq!(numbers, [3, 2, 1]);
}

#[tokio::test]
async fn references_and_producers_survive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let catalogue = open(&folder).await;
    catalogue.put_model(W, "m", 1).await.unwrap();
    let reference = |frozen_id, profile| NewReference {
        model: "m",
        version: "2013-03",
        arm: "control",
        frozen_id,
        profile,
        created_at_microseconds: 9,
    };
    catalogue.put_reference(W, &reference("e1", &[1])).await.unwrap();
    catalogue.put_reference(W, &reference("e2", &[2, 3])).await.unwrap();
    catalogue.put_producer(W, "replay", 10).await.unwrap();
    catalogue.put_producer(W, "replay", 20).await.unwrap();
    catalogue.close().await;
    let catalogue = open(&folder).await;
    let references = catalogue.references(W, ("m", "2013-03")).await.unwrap();
    assert_eq!(references.into_iter().collect::<Vec<_>>(), [("control".to_owned(), "e2".to_owned())]);
    assert!(catalogue.references(W, ("m", "2013-04")).await.unwrap().is_empty());
    assert_eq!(catalogue.reference_profile(W, ("m", "2013-03", "control")).await.unwrap(), [2, 3]);
    assert!(catalogue.reference_profile(W, ("m", "2013-03", "canary")).await.is_err());
    assert_eq!(catalogue.producer(W, "replay").await.unwrap(), Some(20));
    assert_eq!(catalogue.producer(W, "other").await.unwrap(), None);
}

#[tokio::test]
async fn migrations_run_once_and_newer_ones_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    for _ in 0..3 {
        let catalogue = open(&folder).await;
        catalogue.put_model(W, "m", 1).await.unwrap();
        catalogue.close().await;
    }
    let path = folder.path().join("catalogue.sqlite");
    let pool = sqlx::SqlitePool::connect(&format!("sqlite://{}", path.display())).await.unwrap();
    sqlx::query(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
         VALUES (9999, 'of a newer quiver', 1, x'00', 0)",
    )
    .execute(&pool)
    .await
    .unwrap();
    pool.close().await;
    let opened = Catalogue::open(&path).await;
    assert!(matches!(opened, Err(CatalogueError::Migrate { .. })), "{opened:?}");
    let missing = Catalogue::open(Path::new("/does/not/exist/catalogue.sqlite")).await;
    assert!(matches!(missing, Err(CatalogueError::Open { .. })), "{missing:?}");
}
