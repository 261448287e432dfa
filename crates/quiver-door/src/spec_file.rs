//! Reads a spec file and names every mistake in it at once, each with its line and column; judges no data.

mod error;
mod reference;
mod repair;
mod schema;
mod translate;
mod yaml;

pub use error::{SpecError, SpecErrors};
pub use reference::spec_reference;
pub use schema::spec_schema;

use crate::limits;
use quiver_event::spec::Spec;
use std::path::Path;
use translate::Fault;
use yaml::Places;

/// Reads and checks a spec file.
pub fn read_spec(path: &Path) -> Result<Spec, SpecErrors> {
    let file = path.display().to_string();
    let refuse =
        |message: String, expected: &str| Err(SpecErrors::of(vec![SpecError::whole(&file, message, expected)], ""));
    let found = match std::fs::metadata(path) {
        Ok(found) => found,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return refuse("there is no such file".to_owned(), "a spec file; `quiver init DATA` writes one from data");
        }
        Err(error) => return refuse(format!("cannot be read: {error}"), "a file this user may read"),
    };
    if found.is_dir() {
        return refuse("this is a directory".to_owned(), "a spec file, such as quiver.yaml in it");
    }
    if found.len() > limits::MAX_SPEC_BYTES {
        let message = format!("{} bytes are too large for a spec", found.len());
        return refuse(message, "at most 1 MB of YAML; is this a data file?");
    }
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) => return refuse(format!("cannot be read: {error}"), "a file this user may read"),
    };
    if bytes.contains(&0) {
        return refuse("this is a binary file".to_owned(), "YAML text; is this a data file?");
    }
    match String::from_utf8(bytes) {
        Ok(text) => parse_spec(&text, &file),
        Err(error) => {
            let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
            let line = valid.iter().filter(|byte| **byte == b'\n').count() + 1;
            refuse(format!("line {line} holds bytes that are not UTF-8"), "YAML text in UTF-8")
        }
    }
}

/// Checks the text of a spec; `file` is only named in the errors.
pub fn parse_spec(text: &str, file: &str) -> Result<Spec, SpecErrors> {
    // An editor's byte order mark would move every column of the first line.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let fail = |errors| Err(SpecErrors::of(errors, text));
    if text.trim().is_empty() {
        let expected = "a spec; `quiver init DATA` writes one from data";
        return fail(vec![SpecError::whole(file, "the file is empty", expected)]);
    }
    if text.len() as u64 > limits::MAX_SPEC_BYTES {
        let message = format!("{} bytes are too large for a spec", text.len());
        return fail(vec![SpecError::whole(file, message, "at most 1 MB of YAML; is this a data file?")]);
    }
    let (parsed, mut errors) = yaml::parse(text, file);
    let Some((document, places)) = parsed else { return fail(errors) };

    let schema = spec_schema();
    let violations = translate::violations(&document, &schema, &places, file);
    errors.extend(violations.iter().map(|violation| violation.error.clone()));
    if violations.is_empty() {
        match serde_json::from_value::<Spec>(document) {
            Ok(spec) => {
                errors.extend(cross_checks(&spec, &places, file, ToOwned::to_owned));
                if errors.is_empty() {
                    return Ok(spec);
                }
            }
            Err(error) => errors.push(SpecError::whole(file, error.to_string(), "a value of the right type")),
        }
    } else if let Some(mended) = repair::mend(&document, &schema, &violations)
        && let Ok(spec) = serde_json::from_value::<Spec>(mended.document.clone())
    {
        let faults: Vec<String> = violations
            .iter()
            .filter(|violation| violation.fault != Fault::UnknownKey || violation.error.nearest.is_none())
            .map(|violation| violation.pointer.clone())
            .collect();
        let original = |pointer: &str| mended.original(pointer);
        let echoes = |pointer: &str| faults.iter().any(|fault| within(fault, pointer) || within(pointer, fault));
        errors.extend(cross_checks_where(&spec, &places, file, original, |pointer| !echoes(pointer)));
    }
    fail(errors)
}

/// Whether `inner` is `outer` or lies in it.
fn within(inner: &str, outer: &str) -> bool {
    !outer.is_empty() && inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn cross_checks(spec: &Spec, places: &Places, file: &str, original: impl Fn(&str) -> String) -> Vec<SpecError> {
    cross_checks_where(spec, places, file, original, |_| true)
}

fn cross_checks_where(
    spec: &Spec,
    places: &Places,
    file: &str,
    original: impl Fn(&str) -> String,
    keep: impl Fn(&str) -> bool,
) -> Vec<SpecError> {
    let problems = spec.problems().into_iter().map(|problem| (original(&problem.pointer), problem));
    problems
        .filter(|(pointer, _)| keep(pointer))
        .map(|(pointer, problem)| {
            // A section as a whole is named by its key, a single value by itself.
            let place = match places.is_section(&pointer) {
                true => places.of_key(&pointer),
                false => places.of_value(&pointer),
            };
            SpecError::at(file, place, problem.message, problem.expected).near(problem.nearest)
        })
        .collect()
}
