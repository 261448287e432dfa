//! The join gives every prediction once, with the label known last.

use crate::rows::{
    DAY, Label, Prediction, START, feedback_batch, feedback_schema, prediction_batch, prediction_schema,
};
use crate::table::{options, progress};
use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{Float64Type, TimestampMicrosecondType};
use futures::TryStreamExt;
use quiver_store::data_folder::{DataFolder, ModelKey, TableName};
use quiver_store::join::{JoinRequest, join_feedback};
use quiver_store::table::TableOptions;
use std::collections::BTreeMap;
use tempfile::TempDir;

const MODEL: ModelKey<'_> = ModelKey { workspace: "default", model: "flight-delay" };

/// A label as the join gives it: id, time it was known, value, class.
type Joined = Option<(String, i64, Option<u64>, Option<String>)>;

struct World {
    _temporary: TempDir,
    folder: DataFolder,
}

async fn world(predictions: &[Prediction], labels: &[Label]) -> World {
    let temporary = tempfile::tempdir().unwrap();
    let folder = DataFolder::open(temporary.path()).unwrap();
    let predictions_options = options(prediction_schema());
    let mut table = folder.open_table(TableName::Predictions(MODEL), &predictions_options).await.unwrap();
    let rows = vec![prediction_batch(predictions)];
    table.append(rows, &progress(None, 1)).await.unwrap();
    let feedback_options = TableOptions {
        statistics_columns: vec!["at".to_owned(), "known_at".to_owned()],
        description: "Feedback of a test".to_owned(),
        ..options(feedback_schema())
    };
    let mut table = folder.open_table(TableName::Feedback(MODEL), &feedback_options).await.unwrap();
    table.append(vec![feedback_batch(labels)], &progress(None, 1)).await.unwrap();
    World { _temporary: temporary, folder }
}

fn request() -> JoinRequest {
    JoinRequest {
        from_microseconds: START,
        to_microseconds: START + DAY,
        feedback_until_microseconds: START + 8 * DAY,
        label: "late".to_owned(),
        additional_columns: Vec::new(),
    }
}

async fn batches(world: &World, request: &JoinRequest) -> Vec<RecordBatch> {
    let options = world.folder.query_options();
    let engine = world.folder.open_queries(&TableName::of_model(MODEL), &options).await.unwrap();
    join_feedback(&engine, request).await.unwrap().try_collect().await.unwrap()
}

async fn joined(world: &World, request: &JoinRequest) -> Vec<(String, Joined)> {
    let mut rows = Vec::new();
    for batch in batches(world, request).await {
        let text = |name: &str| batch.column_by_name(name).unwrap().as_string::<i32>().clone();
        let (ids, label_ids, classes) = (text("id"), text("label_id"), text("label_class"));
        let known = batch.column_by_name("label_known_at").unwrap();
        let known = known.as_primitive::<TimestampMicrosecondType>().clone();
        let values = batch.column_by_name("label_value").unwrap().as_primitive::<Float64Type>().clone();
        for row in 0..batch.num_rows() {
            let label = label_ids.is_valid(row).then(|| {
                let value = values.is_valid(row).then(|| values.value(row).to_bits());
                let class = classes.is_valid(row).then(|| classes.value(row).to_owned());
                (label_ids.value(row).to_owned(), known.value(row), value, class)
            });
            rows.push((ids.value(row).to_owned(), label));
        }
    }
    rows.sort();
    rows
}

fn prediction(id: &str, at: i64, decision_id: Option<&str>) -> Prediction {
    Prediction { id: id.to_owned(), at, decision_id: decision_id.map(str::to_owned), ..Prediction::default() }
}

fn label(id: &str, prediction_id: Option<&str>, decision_id: Option<&str>, known_at: i64, value: f64) -> Label {
    Label {
        id: id.to_owned(),
        prediction_id: prediction_id.map(str::to_owned),
        decision_id: decision_id.map(str::to_owned),
        at: known_at,
        known_at: Some(known_at),
        name: "late".to_owned(),
        value: Some(value),
        ..Label::default()
    }
}

fn value(rows: &[(String, Joined)], id: &str) -> Option<f64> {
    let (_, label) = rows.iter().find(|(found, _)| found == id).unwrap();
    label.as_ref().and_then(|label| label.2).map(f64::from_bits)
}

#[tokio::test]
async fn the_label_known_last_wins_and_others_are_left_out() {
    let predictions = [
        prediction("revised", START, None),
        prediction("tied", START + 1, None),
        prediction("unlabelled", START + 2, None),
        prediction("live", START + 3, Some("decision")),
        prediction("shadow", START + 3, Some("decision")),
        prediction("too late", START + 4, None),
        prediction("both", START + 5, Some("other")),
        prediction("other name", START + 6, None),
        prediction("before", START - 1, None),
        prediction("last", START + DAY - 1, None),
        prediction("after", START + DAY, None),
    ];
    let hour = 3_600_000_000;
    let labels = [
        label("f1", Some("revised"), None, START + hour, 0.0),
        label("f2", Some("revised"), None, START + 3 * hour, 1.0),
        label("f3", Some("revised"), None, START + 2 * hour, 2.0),
        label("t1", Some("tied"), None, START + hour, 1.0),
        label("t2", Some("tied"), None, START + hour, 2.0),
        label("t2", Some("tied"), None, START + hour, 3.0),
        label("d1", None, Some("decision"), START + hour, 7.0),
        label("orphan", Some("nobody"), None, START + hour, 9.0),
        label("orphan decision", None, Some("nothing"), START + hour, 9.0),
        label("l1", Some("too late"), None, START + 8 * DAY, 1.0),
        label("b1", Some("both"), None, START + hour, 1.0),
        label("b2", None, Some("other"), START + 2 * hour, 2.0),
        Label { name: "it's {label}".to_owned(), ..label("n1", Some("other name"), None, START + hour, 5.0) },
        Label { known_at: None, ..label("e1", Some("last"), None, START + DAY, 4.0) },
    ];
    let world = world(&predictions, &labels).await;
    let rows = joined(&world, &request()).await;
    let ids: Vec<_> = rows.iter().map(|(id, _)| id.as_str()).collect();
    assert_eq!(
        ids,
        ["both", "last", "live", "other name", "revised", "shadow", "tied", "too late", "unlabelled"],
        "each prediction of the range once"
    );
    assert_eq!(value(&rows, "revised"), Some(1.0));
    assert_eq!(value(&rows, "tied"), Some(3.0));
    assert_eq!(value(&rows, "unlabelled"), None);
    assert_eq!((value(&rows, "live"), value(&rows, "shadow")), (Some(7.0), Some(7.0)));
    assert_eq!(value(&rows, "too late"), None, "not known before feedback_until");
    assert_eq!(value(&rows, "both"), Some(2.0), "the label of the decision was known later");
    assert_eq!(value(&rows, "other name"), None);
    assert_eq!(value(&rows, "last"), Some(4.0), "without known_at, the label was known when it happened");

    let other = JoinRequest { label: "it's {label}".to_owned(), ..request() };
    assert_eq!(value(&joined(&world, &other).await, "other name"), Some(5.0));
    let as_of = JoinRequest { feedback_until_microseconds: START + 2 * hour, ..request() };
    assert_eq!(value(&joined(&world, &as_of).await, "revised"), Some(0.0), "what was known then");
}

#[tokio::test]
async fn the_text_can_be_run_again_and_gives_slices_and_asked_columns() {
    let world = world(&[prediction("a", START, None)], &[label("f", Some("a"), None, START + 1, 1.0)]).await;
    let asked = JoinRequest { additional_columns: vec!["secret".to_owned(), "offset".to_owned()], ..request() };
    let rows = batches(&world, &asked).await;
    let names: Vec<_> = rows[0].schema().fields().iter().map(|field| field.name().clone()).collect();
    let expected = "id at version arm decision_id score value class action model_action decided_by latency_ms error \
                    slices secret offset label_id label_at label_known_at label_value label_class";
    assert_eq!(names.join(" "), expected);
    let slices = rows[0].column_by_name("slices").unwrap().as_map().value(0);
    assert_eq!(slices.column(1).as_string::<i32>().value(0), "JFK");

    let options = world.folder.query_options();
    let engine = world.folder.open_queries(&TableName::of_model(MODEL), &options).await.unwrap();
    let again = engine.sql(&asked.sql().unwrap()).await.unwrap();
    assert_eq!(again, rows);
}

/// A small generator with a fixed seed, so that a failure comes back.
pub struct Random(pub u64);

impl Random {
    pub fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 16) % limit
    }
}

/// The same join, as naive as it can be.
fn naive(predictions: &[Prediction], labels: &[Label], request: &JoinRequest) -> Vec<(String, Joined)> {
    let latest = |matches: &dyn Fn(&Label) -> bool| {
        let known = |label: &Label| label.known_at.unwrap_or(label.at);
        let candidates = labels.iter().filter(|label| {
            matches(label) && label.name == request.label && known(label) < request.feedback_until_microseconds
        });
        let key = |label: &&Label| (known(label), label.id.clone(), label.value.map(f64::to_bits), label.class.clone());
        candidates.max_by_key(key).map(|label| key(&label))
    };
    let mut rows = Vec::new();
    for prediction in predictions {
        if !(request.from_microseconds..request.to_microseconds).contains(&prediction.at) {
            continue;
        }
        let direct = latest(&|label| label.prediction_id.as_ref() == Some(&prediction.id));
        let shared = latest(&|label| {
            label.prediction_id.is_none() && label.decision_id.is_some() && label.decision_id == prediction.decision_id
        });
        let best = match (direct, shared) {
            (Some(direct), Some(shared)) if (shared.0, &shared.1) > (direct.0, &direct.1) => Some(shared),
            (Some(direct), _) => Some(direct),
            (None, shared) => shared,
        };
        rows.push((prediction.id.clone(), best.map(|(known_at, id, value, class)| (id, known_at, value, class))));
    }
    rows.sort();
    rows
}

#[tokio::test]
async fn random_events_give_what_a_naive_join_gives_in_any_order() {
    let mut random = Random(20_130_701);
    let mut predictions = Vec::new();
    for index in 0..600 {
        let decision = random.below(3) == 0;
        let decision_id = decision.then(|| format!("d{}", random.below(150)));
        let at = START - DAY / 4 + random.below(2 * DAY as u64) as i64;
        predictions.push(Prediction { offset: index, ..prediction(&format!("p{index}"), at, decision_id.as_deref()) });
    }
    let mut labels = Vec::new();
    for index in 0..1500 {
        let at = START + random.below(9 * DAY as u64) as i64 / 1_000_000_000 * 1_000_000_000;
        let direct = random.below(3) > 0;
        // Few ids, times and values, so that ties happen.
        labels.push(Label {
            offset: index,
            id: format!("f{}", random.below(300)),
            prediction_id: direct.then(|| format!("p{}", random.below(700))),
            decision_id: (random.below(2) == 0).then(|| format!("d{}", random.below(170))),
            at,
            known_at: (random.below(5) > 0).then(|| at + random.below(3) as i64 * 3_600_000_000),
            name: if random.below(6) == 0 { "other" } else { "late" }.to_owned(),
            value: (random.below(8) > 0).then(|| random.below(4) as f64),
            class: (random.below(2) == 0).then(|| format!("c{}", random.below(3))),
        });
    }
    let mut expected = naive(&predictions, &labels, &request());
    let labelled = expected.iter().filter(|(_, label)| label.is_some()).count();
    assert!(labelled > 150 && labelled < expected.len(), "{labelled} of {}", expected.len());
    for _ in 0..2 {
        let world = world(&predictions, &labels).await;
        let got = joined(&world, &request()).await;
        expected.sort();
        let by_id: BTreeMap<_, _> = got.iter().cloned().collect();
        assert_eq!(by_id.len(), got.len(), "a prediction came twice");
        assert_eq!(got, expected);
        predictions.reverse();
        labels.reverse();
    }
}
