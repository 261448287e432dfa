//! Puts what a model server answered where the model's task expects it; judges no value.

use super::super::feature_plan::value_text;
use quiver_event::spec::Task;
use serde_json::{Map, Value};

/// One instance's answer as an event's output. What fits nowhere stays a value, where it is found to be of the wrong type.
pub(super) fn output_of(answer: Value, task: Option<Task>, classes: Option<&[String]>) -> Map<String, Value> {
    let (key, value) = match (answer, task) {
        (Value::Null, _) => return Map::new(),
        (Value::Object(output), _) => return output,
        (Value::Bool(truth), Some(Task::Binary)) => ("score", Value::from(u8::from(truth))),
        (answer @ (Value::Bool(_) | Value::Number(_)), Some(Task::Multiclass)) => {
            ("class", Value::String(value_text(&answer)))
        }
        (answer @ Value::Number(_), Some(Task::Binary)) => ("score", answer),
        (Value::Bool(truth), _) => ("value", Value::from(u8::from(truth))),
        (answer @ Value::Number(_), _) => ("value", answer),
        (answer @ Value::String(_), Some(Task::Generation)) => ("text", answer),
        (answer @ Value::String(_), Some(Task::Regression)) => ("value", answer),
        (answer @ Value::String(_), _) => ("class", answer),
        (Value::Array(mut list), task) => match (list.len(), task) {
            (0, _) => return Map::new(),
            (1, _) => return output_of(list.swap_remove(0), task, classes),
            // The probabilities of the two classes: the second is the positive one.
            (2, Some(Task::Binary)) => ("score", list.swap_remove(1)),
            (_, Some(Task::Multiclass)) => ("probabilities", Value::Object(probabilities(list, classes))),
            (_, Some(Task::Generation)) => ("embedding", Value::Array(list)),
            _ => ("value", Value::Array(list)),
        },
    };
    std::iter::once((key.to_owned(), value)).collect()
}

/// Probabilities by class; without names a class is its position, from 0.
fn probabilities(list: Vec<Value>, classes: Option<&[String]>) -> Map<String, Value> {
    let classes = classes.filter(|classes| classes.len() == list.len());
    let name = |index: usize| classes.map_or_else(|| index.to_string(), |classes| classes[index].clone());
    list.into_iter().enumerate().map(|(index, probability)| (name(index), probability)).collect()
}
