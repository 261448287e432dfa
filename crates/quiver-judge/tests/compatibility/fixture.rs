//! Reads the peers' fixtures and compares numbers; knows no measure.

use std::path::Path;

use serde_json::Value;

/// Absolute up to 1, relative above.
const DISTANCE_TOLERANCE: f64 = 1e-9;

/// Relative, so that a p-value of 1e-27 counts.
const P_VALUE_TOLERANCE: f64 = 1e-9;

/// A root magnifies the last bit near zero, so roots may agree in their squares.
const SQUARE_TOLERANCE: f64 = 1e-15;

/// Reads the cases of one kind; a missing file or none of them fails the test.
pub fn cases(file: &str, kind: &str) -> Vec<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/independent").join(file);
    let text = std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{}: {error}; make it with scripts/independent/peers_*.py", path.display()));
    let content: Value = serde_json::from_str(&text).expect("the fixture is JSON");
    let all = content["cases"].as_array().expect("the fixture has cases");
    let kept: Vec<Value> = all.iter().filter(|case| case["kind"] == kind).cloned().collect();
    assert!(!kept.is_empty(), "{} has no {kind} cases", path.display());
    kept
}

/// The values of one side, listed or counted.
fn values<T>(case: &Value, side: &str, read: impl Fn(&Value) -> Option<T>) -> Vec<Option<T>> {
    if let Some(listed) = case[side].as_array() {
        return listed.iter().map(read).collect();
    }
    let counted = case[format!("{side}_counts")].as_array().expect("a side is listed or counted");
    let mut all = Vec::new();
    for pair in counted {
        for _ in 0..pair[1].as_u64().expect("a count") {
            all.push(read(&pair[0]));
        }
    }
    all
}

/// A number, or an infinity by its name.
pub fn number(value: &Value) -> Option<f64> {
    match value.as_str() {
        Some("Infinity") => Some(f64::INFINITY),
        Some("-Infinity") => Some(f64::NEG_INFINITY),
        _ => value.as_f64(),
    }
}

/// The numbers of one side.
pub fn numbers(case: &Value, side: &str) -> Vec<Option<f64>> {
    values(case, side, number)
}

/// The categories of one side.
pub fn categories(case: &Value, side: &str) -> Vec<Option<String>> {
    values(case, side, |value| value.as_str().map(str::to_owned))
}

/// The members of a case's results.
pub fn results(case: &Value) -> impl Iterator<Item = (&str, &Value)> {
    case["results"].as_object().expect("a case has results").iter().map(|(name, value)| (name.as_str(), value))
}

/// How a number is compared.
#[derive(Clone, Copy)]
pub enum Kind {
    Distance,
    Root,
    PValue,
    /// A p-value that the peer computes as one minus something, right to absolute precision only.
    RoundedPValue,
}

/// Fails with the case's name unless both numbers agree.
#[track_caller]
pub fn agree(case: &Value, measure: &str, kind: Kind, expected: f64, found: f64) {
    let difference = (expected - found).abs();
    let is_close = match kind {
        Kind::Distance | Kind::RoundedPValue => difference <= DISTANCE_TOLERANCE * expected.abs().max(1.0),
        Kind::Root => {
            difference <= DISTANCE_TOLERANCE || (expected * expected - found * found).abs() <= SQUARE_TOLERANCE
        }
        Kind::PValue => difference <= P_VALUE_TOLERANCE * expected.abs(),
    };
    assert!(is_close, "{} {measure}: expected {expected:e}, found {found:e}", case["name"]);
}
