//! Reads the payloads of model servers: V1 (`instances`), V2 (`inputs`) and Seldon's `data`; judges no value.

use super::super::rejected::reason;
use super::output::output_of;
use super::tensor::{Tensor, cut, tensors_of};
use crate::limits;
use quiver_event::spec::Task;
use serde_json::{Map, Value};

/// The rows of a request, each a map of features.
#[derive(Debug)]
pub(super) struct Rows {
    pub rows: Vec<Map<String, Value>>,
}

/// What a response says.
#[derive(Debug)]
pub(super) struct Answers {
    /// An output an instance.
    pub outputs: Vec<Map<String, Value>>,
    /// The server's error, which holds for all instances.
    pub error: Option<String>,
    /// The model's version, where the payload names it.
    pub version: Option<String>,
}

/// The names of a model's features, in the spec's order.
type NamesOf<'a> = &'a dyn Fn() -> Option<Vec<String>>;

/// The rows of a request's payload.
pub(super) fn rows_of(data: Value, names_of: NamesOf<'_>) -> Result<Rows, &'static str> {
    let Value::Object(mut payload) = data else { return Err(reason::NOT_AN_OBJECT) };
    let rows = if let Some(instances) = payload.remove("instances") {
        named(list_of(instances)?, None, names_of)?
    } else if let Some(inputs) = payload.remove("inputs") {
        rows_of_tensors(tensors_of(inputs)?, names_of)?
    } else if let Some(data) = payload.remove("data") {
        let (rows, names) = seldon(data)?;
        named(rows, names, names_of)?
    } else {
        return Err(reason::PAYLOAD);
    };
    Ok(Rows { rows })
}

/// The answers of a response's payload; bare numbers are what the model's task makes of them.
pub(super) fn answers_of(data: Value, task: Option<Task>) -> Result<Answers, &'static str> {
    let Value::Object(mut payload) = data else { return Err(reason::NOT_AN_OBJECT) };
    let version = match payload.get("model_version") {
        Some(Value::String(version)) if !version.is_empty() => Some(version.clone()),
        _ => None,
    };
    let mut answers = Answers { outputs: Vec::new(), error: None, version };
    if let Some(predictions) = payload.remove("predictions") {
        let values = list_of(predictions)?;
        answers.outputs = values.into_iter().map(|value| output_of(value, task, None)).collect();
    } else if let Some(outputs) = payload.remove("outputs") {
        answers.outputs = outputs_of_tensors(tensors_of(outputs)?, task);
    } else if let Some(data) = payload.remove("data") {
        let (rows, classes) = seldon(data)?;
        answers.outputs = rows.into_iter().map(|row| output_of(row, task, classes.as_deref())).collect();
    } else if let Some(error) = payload.remove("error") {
        answers.error = Some(match error {
            Value::String(text) => text,
            _ => "error".to_owned(),
        });
    } else {
        return Err(reason::PAYLOAD);
    }
    Ok(answers)
}

fn list_of(value: Value) -> Result<Vec<Value>, &'static str> {
    match value {
        Value::Array(list) if list.len() > limits::MAX_INSTANCES => Err(reason::TOO_MANY_INSTANCES),
        Value::Array(list) => Ok(list),
        _ => Err(reason::WRONG_TYPE),
    }
}

/// Rows that are maps, or lists of values in the order of `names` or the spec.
fn named(
    values: Vec<Value>,
    names: Option<Vec<String>>,
    names_of: NamesOf<'_>,
) -> Result<Vec<Map<String, Value>>, &'static str> {
    let mut names = names;
    let mut room = limits::MAX_PAYLOAD_VALUES;
    values
        .into_iter()
        .map(|value| {
            let value = match value {
                Value::Object(row) => {
                    room = room.checked_sub(row.len()).ok_or(reason::TOO_MANY_VALUES)?;
                    return Ok(row);
                }
                value => value,
            };
            if names.is_none() {
                names = Some(names_of().ok_or(reason::UNKNOWN_MODEL)?);
            }
            let names = names.as_deref().unwrap_or_default();
            room = room.checked_sub(names.len()).ok_or(reason::TOO_MANY_VALUES)?;
            match value {
                Value::Array(list) if list.len() == names.len() => Ok(names.iter().cloned().zip(list).collect()),
                // One feature that is a vector, or a scalar.
                value if names.len() == 1 => Ok(std::iter::once((names[0].clone(), value)).collect()),
                _ => Err(reason::FEATURE_COUNT),
            }
        })
        .collect()
}

/// One feature a tensor; a single table whose name is no feature has the spec's features as its columns.
fn rows_of_tensors(mut tensors: Vec<Tensor>, names_of: NamesOf<'_>) -> Result<Vec<Map<String, Value>>, &'static str> {
    if let [only] = tensors.as_mut_slice()
        && let Some(names) = names_of()
        && !names.contains(&only.name)
        && only.rows.iter().all(|row| row.as_array().map_or(1, Vec::len) == names.len())
    {
        return named(std::mem::take(&mut only.rows), Some(names), names_of);
    }
    let rows = tensors.first().map_or(0, |tensor| tensor.rows.len());
    if rows.saturating_mul(tensors.len()) > limits::MAX_PAYLOAD_VALUES {
        return Err(reason::TOO_MANY_VALUES);
    }
    let mut maps: Vec<Map<String, Value>> = (0..rows).map(|_| Map::new()).collect();
    for tensor in tensors {
        for (map, value) in maps.iter_mut().zip(tensor.rows) {
            map.insert(tensor.name.clone(), value);
        }
    }
    Ok(maps)
}

/// Several tensors make one output: those that have an output's name go there, the others where their type says.
fn outputs_of_tensors(tensors: Vec<Tensor>, task: Option<Task>) -> Vec<Map<String, Value>> {
    const OUTPUTS: [&str; 5] = ["score", "value", "class", "embedding", "text"];
    let rows = tensors.first().map_or(0, |tensor| tensor.rows.len());
    let mut outputs: Vec<Map<String, Value>> = (0..rows).map(|_| Map::new()).collect();
    // Lists first: a probability says more than the class that was cut from it.
    let (lists, scalars): (Vec<Tensor>, Vec<Tensor>) =
        tensors.into_iter().partition(|tensor| tensor.rows.iter().any(Value::is_array));
    for tensor in lists.into_iter().chain(scalars) {
        for (output, value) in outputs.iter_mut().zip(tensor.rows) {
            let is_named = OUTPUTS.contains(&tensor.name.as_str());
            let more = match is_named {
                true => std::iter::once((tensor.name.clone(), value)).collect(),
                false => output_of(value, task, None),
            };
            super::super::incoming::fill(output, more);
        }
    }
    outputs
}

/// The rows and the column names of Seldon's own protocol.
fn seldon(data: Value) -> Result<(Vec<Value>, Option<Vec<String>>), &'static str> {
    let Value::Object(mut data) = data else { return Err(reason::WRONG_TYPE) };
    let rows = if let Some(rows) = data.remove("ndarray") {
        list_of(rows)?
    } else if let Some(Value::Object(mut tensor)) = data.remove("tensor") {
        let shape = tensor.remove("shape").unwrap_or_default();
        let shape: Option<Vec<u64>> = shape.as_array().and_then(|shape| shape.iter().map(Value::as_u64).collect());
        cut(&shape.ok_or(reason::SHAPE)?, tensor.remove("values").unwrap_or_default())?
    } else {
        return Err(reason::PAYLOAD);
    };
    let names: Option<Vec<String>> = data.get("names").and_then(Value::as_array).and_then(|names| {
        let names: Option<Vec<String>> = names.iter().map(|name| Some(name.as_str()?.to_owned())).collect();
        names.filter(|names| !names.is_empty())
    });
    Ok((rows, names))
}
