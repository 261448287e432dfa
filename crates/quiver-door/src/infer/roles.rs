//! Guesses what each column of a table is for, from its name and its values; every guess is a draft for the owner.

use super::personal::{self, Personal, snake_case};
use super::statistics::{ColumnStatistics, Shape};
use quiver_event::spec::Task;

/// What a column is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The prediction's id.
    Id,
    /// When the prediction was made.
    At,
    /// The model version.
    Version,
    /// The model's answer: score, value or class.
    Output,
    /// The answer of another model or for another task.
    OtherOutput,
    /// The label.
    Label,
    /// When the label became known.
    LabelTime,
    /// Something known only after the prediction.
    Outcome,
    /// The action taken.
    Action,
    /// Who decided.
    DecidedBy,
    /// Time from request to answer, in milliseconds.
    Latency,
    /// The error text.
    Error,
    /// The person or thing the prediction is about.
    Subject,
    /// One value in all rows, or none.
    Constant,
    /// A split of the data, an index, or values no feature can hold.
    LeftOut,
    /// An input of the model.
    Feature,
}

/// How a draft reads a table.
#[derive(Debug, Clone)]
pub(super) struct Roles {
    pub task: Task,
    pub roles: Vec<Role>,
}

fn has(name: &str, words: &[&str]) -> bool {
    name.split('_').any(|part| words.contains(&part))
}

const OUTPUT_WORDS: [&str; 11] = [
    "score",
    "scores",
    "prob",
    "probability",
    "proba",
    "pred",
    "prediction",
    "predicted",
    "yhat",
    "forecast",
    "propensity",
];
const LABEL_NAMES: [&str; 12] = [
    "label",
    "target",
    "y",
    "y_true",
    "truth",
    "ground_truth",
    "outcome",
    "actual",
    "actuals",
    "response",
    "converted",
    "churned",
];
const TIME_NAMES: [&str; 14] = [
    "event_time",
    "predicted_at",
    "prediction_time",
    "request_time",
    "requested_at",
    "scored_at",
    "timestamp",
    "at",
    "ts",
    "time",
    "datetime",
    "date",
    "created_at",
    "event_timestamp",
];
const LABEL_TIME_WORDS: [&str; 8] =
    ["label", "outcome", "known", "feedback", "resolved", "arrival", "labelled", "labeled"];

/// The role of every column.
pub(super) fn guess(columns: &[ColumnStatistics]) -> Roles {
    let names: Vec<String> = columns.iter().map(|column| snake_case(&column.name)).collect();
    let mut roles = vec![Role::Feature; columns.len()];
    for (role, (column, name)) in roles.iter_mut().zip(columns.iter().zip(&names)) {
        *role = simple_role(column, name);
    }
    let at = best(&roles, columns, |index| time_rank(&columns[index], &names[index]));
    set(&mut roles, at, Role::At);
    let label_time = best(&roles, columns, |index| {
        let is_time = matches!(columns[index].shape, Shape::Time | Shape::LocalTime);
        (is_time && has(&names[index], &LABEL_TIME_WORDS)).then_some(0)
    });
    set(&mut roles, label_time, Role::LabelTime);
    let id = best(&roles, columns, |index| id_rank(&columns[index], &names[index]));
    set(&mut roles, id, Role::Id);
    let label = best(&roles, columns, |index| label_rank(&columns[index], &names[index]));
    set(&mut roles, label, Role::Label);
    let task = task_of(label.map(|index| &columns[index]), &roles, columns, &names);
    let output = best(&roles, columns, |index| output_rank(&columns[index], &names[index], task));
    set(&mut roles, output, Role::Output);
    for index in 0..columns.len() {
        if roles[index] == Role::Feature && (has(&names[index], &OUTPUT_WORDS)) && columns[index].shape != Shape::Text {
            roles[index] = Role::OtherOutput;
        }
    }
    let subject = best(&roles, columns, |index| {
        (personal::by_name(&columns[index].name) == Some(Personal::Subject)).then_some(0)
    });
    set(&mut roles, subject, Role::Subject);
    Roles { task, roles }
}

fn set(roles: &mut [Role], index: Option<usize>, role: Role) {
    if let Some(index) = index {
        roles[index] = role;
    }
}

/// The free column of the lowest rank; of equal ones the first.
fn best(roles: &[Role], columns: &[ColumnStatistics], rank: impl Fn(usize) -> Option<usize>) -> Option<usize> {
    (0..columns.len())
        .filter(|index| roles[*index] == Role::Feature)
        .filter_map(|index| Some((rank(index)?, index)))
        .min()
        .map(|(_, index)| index)
}

fn simple_role(column: &ColumnStatistics, name: &str) -> Role {
    let texts = column.shape == Shape::Text;
    let latency = has(name, &["latency", "elapsed", "duration"]) || name.contains("response_time");
    match name {
        "model_version" | "version" => Role::Version,
        "action" | "decision" if texts => Role::Action,
        "decided_by" if texts => Role::DecidedBy,
        // An error column may be empty in a healthy log.
        "error" | "exception" | "error_message" if texts => Role::Error,
        _ if latency && column.shape == Shape::Number && (name.ends_with("_ms") || name == "latency") => Role::Latency,
        _ if column.values() == 0 || (column.distinct_count() <= 1 && column.shape != Shape::Vector) => Role::Constant,
        "part" | "split" | "fold" | "index" => Role::LeftOut,
        _ if name.starts_with("column_") && column.is_unique() => Role::LeftOut,
        _ if column.shape == Shape::Other => Role::LeftOut,
        _ if ["arr_", "actual_", "outcome_", "true_", "realized_", "realised_"]
            .iter()
            .any(|start| name.starts_with(start)) =>
        {
            Role::Outcome
        }
        _ => Role::Feature,
    }
}

fn time_rank(column: &ColumnStatistics, name: &str) -> Option<usize> {
    if !matches!(column.shape, Shape::Time | Shape::LocalTime) || has(name, &LABEL_TIME_WORDS) {
        return None;
    }
    // A column of times with any other name still beats none.
    Some(TIME_NAMES.iter().position(|known| *known == name).unwrap_or(TIME_NAMES.len()))
}

fn id_rank(column: &ColumnStatistics, name: &str) -> Option<usize> {
    let usable = matches!(column.shape, Shape::Text | Shape::Number) && column.all_whole && column.is_unique();
    let about_a_person = personal::by_name(&column.name).is_some() || column.personal.is_some();
    if !usable || about_a_person {
        return None;
    }
    match name {
        "prediction_id" | "request_id" | "event_id" | "id" => Some(0),
        _ if has(name, &["id", "uuid", "guid", "key"]) => Some(1),
        _ => None,
    }
}

fn is_binary(column: &ColumnStatistics) -> bool {
    column.shape == Shape::Boolean
        || (column.shape == Shape::Number
            && column.all_whole
            && column.min >= 0.0
            && column.max <= 1.0
            && column.distinct_count() == 2)
}

fn label_rank(column: &ColumnStatistics, name: &str) -> Option<usize> {
    if !matches!(column.shape, Shape::Number | Shape::Boolean | Shape::Text) || has(name, &OUTPUT_WORDS) {
        return None;
    }
    if let Some(position) = LABEL_NAMES.iter().position(|known| *known == name) {
        return Some(position);
    }
    let hinted = has(name, &["label", "target", "truth", "outcome"])
        || (name.starts_with("is_") && has(name, &["fraud", "late"]));
    (hinted && (is_binary(column) || column.shape == Shape::Text)).then_some(LABEL_NAMES.len())
}

fn output_rank(column: &ColumnStatistics, name: &str, task: Task) -> Option<usize> {
    if !has(name, &OUTPUT_WORDS) {
        return None;
    }
    let fits = match task {
        Task::Binary => column.shape == Shape::Number && column.min >= 0.0 && column.max <= 1.0,
        Task::Multiclass => column.shape == Shape::Text || (column.shape == Shape::Number && column.all_whole),
        _ => column.shape == Shape::Number,
    };
    // The shorter name is the model's own: `score` before `score_lr`.
    fits.then_some(name.len())
}

/// The task that label and outputs fit; a binary one where nothing tells.
fn task_of(label: Option<&ColumnStatistics>, roles: &[Role], columns: &[ColumnStatistics], names: &[String]) -> Task {
    let free = (0..columns.len()).filter(|index| roles[*index] == Role::Feature);
    let outputs: Vec<&ColumnStatistics> =
        free.filter(|index| has(&names[*index], &OUTPUT_WORDS)).map(|index| &columns[index]).collect();
    match label {
        Some(label) if is_binary(label) || (label.shape == Shape::Text && label.distinct_count() == 2) => Task::Binary,
        Some(label) if label.shape == Shape::Text => Task::Multiclass,
        Some(label)
            if label.all_whole && label.distinct_count() <= 20 && outputs.iter().all(|output| output.all_whole) =>
        {
            Task::Multiclass
        }
        Some(_) => Task::Regression,
        None => match outputs.iter().find(|output| output.shape == Shape::Number) {
            Some(output) if output.min < 0.0 || output.max > 1.0 => Task::Regression,
            Some(_) => Task::Binary,
            None if outputs.iter().any(|output| output.shape == Shape::Text) => Task::Multiclass,
            None => Task::Binary,
        },
    }
}
