//! Cuts tensors of the open inference protocol into rows; names nothing and judges nothing.

use super::super::rejected::reason;
use crate::limits;
use serde_json::{Map, Value};

/// One tensor, cut along its first dimension.
pub(super) struct Tensor {
    pub name: String,
    /// A scalar or a list a row.
    pub rows: Vec<Value>,
}

/// The tensors of `inputs` or `outputs`, all of one number of rows.
pub(super) fn tensors_of(list: Value) -> Result<Vec<Tensor>, &'static str> {
    let Value::Array(list) = list else { return Err(reason::WRONG_TYPE) };
    let tensors = list
        .into_iter()
        .map(|tensor| match tensor {
            Value::Object(tensor) => tensor_of(tensor),
            _ => Err(reason::WRONG_TYPE),
        })
        .collect::<Result<Vec<_>, _>>()?;
    match tensors.first() {
        None => Err(reason::PAYLOAD),
        Some(first) if tensors.iter().any(|tensor| tensor.rows.len() != first.rows.len()) => Err(reason::SHAPE),
        Some(_) => Ok(tensors),
    }
}

fn tensor_of(mut tensor: Map<String, Value>) -> Result<Tensor, &'static str> {
    let Some(Value::String(name)) = tensor.remove("name") else { return Err(reason::WRONG_TYPE) };
    let Some(data) = tensor.remove("data") else {
        // The binary extension sends the data behind the JSON.
        return Err(reason::BINARY_DATA);
    };
    let shape: Vec<u64> = match tensor.get("shape") {
        Some(Value::Array(shape)) => shape.iter().map(Value::as_u64).collect::<Option<_>>().ok_or(reason::SHAPE)?,
        _ => return Err(reason::SHAPE),
    };
    Ok(Tensor { name, rows: cut(&shape, data)? })
}

/// The rows of a tensor whose data is flat or nested.
pub(super) fn cut(shape: &[u64], data: Value) -> Result<Vec<Value>, &'static str> {
    let mut flat = Vec::new();
    flatten(data, &mut flat)?;
    let size = shape.iter().try_fold(1_u64, |size, length| size.checked_mul(*length)).ok_or(reason::SHAPE)?;
    if size != flat.len() as u64 {
        return Err(reason::SHAPE);
    }
    let rows = shape.first().copied().unwrap_or(1);
    if rows > limits::MAX_INSTANCES as u64 {
        return Err(reason::TOO_MANY_INSTANCES);
    }
    if size == 0 {
        return Ok(Vec::new());
    }
    let width = usize::try_from(size / rows).map_err(|_| reason::SHAPE)?;
    if width == 1 {
        return Ok(flat);
    }
    let mut values = flat.into_iter();
    let mut row = || Value::Array(values.by_ref().take(width).collect());
    Ok((0..rows).map(|_| row()).collect())
}

fn flatten(data: Value, flat: &mut Vec<Value>) -> Result<(), &'static str> {
    match data {
        Value::Array(list) => list.into_iter().try_for_each(|inside| flatten(inside, flat)),
        Value::Object(_) => Err(reason::WRONG_TYPE),
        _ if flat.len() >= limits::MAX_PAYLOAD_VALUES => Err(reason::TOO_MANY_VALUES),
        scalar => {
            flat.push(scalar);
            Ok(())
        }
    }
}
