//! Reads a YAML document that a schema describes and names every mistake in it at once, with its place; knows no document.

mod error;
mod parse;
mod reference;
mod repair;
mod schema;
mod translate;

pub use error::{YamlError, YamlErrors};
pub use parse::Origin;
pub use reference::reference;

use crate::limits;
use parse::{Places, escape, within};
use quiver_event::spec::Problem;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use std::path::Path;
use translate::Fault;

/// What a file should hold, in the words of its errors.
#[derive(Debug, Clone, Copy)]
pub struct DocumentKind {
    /// What it is called: `spec`.
    pub name: &'static str,
    /// How to get one, for whoever names a file that is not there.
    pub how_to_get_one: &'static str,
    /// What such a file is usually called.
    pub usual_file: &'static str,
    /// Whether a file without any key is one.
    pub may_be_empty: bool,
    /// Whether a text is a value of the schema's definition of that name, where the schema alone cannot say it. Units
    /// are checked without it; true of names it does not know.
    pub is_sound: fn(definition: &str, text: &str) -> bool,
}

/// Reads a text file that may be a document, refusing what cannot be one.
pub fn read_text(path: &Path, kind: &DocumentKind) -> Result<String, YamlErrors> {
    let file = path.display().to_string();
    let refuse =
        |message: String, expected: &str| Err(YamlErrors::of(vec![YamlError::whole(&file, message, expected)], ""));
    let found = match std::fs::metadata(path) {
        Ok(found) => found,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return refuse(
                "there is no such file".to_owned(),
                &format!("a {} file; {}", kind.name, kind.how_to_get_one),
            );
        }
        Err(error) => return refuse(format!("cannot be read: {error}"), "a file this user may read"),
    };
    if found.is_dir() {
        let expected = format!("a {} file, such as {} in it", kind.name, kind.usual_file);
        return refuse("this is a directory".to_owned(), &expected);
    }
    if found.len() > limits::MAX_YAML_BYTES {
        return refuse(too_large(found.len(), kind), AT_MOST);
    }
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) => return refuse(format!("cannot be read: {error}"), "a file this user may read"),
    };
    if bytes.contains(&0) {
        return refuse("this is a binary file".to_owned(), "YAML text; is this a data file?");
    }
    String::from_utf8(bytes).or_else(|error| {
        let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = valid.iter().filter(|byte| **byte == b'\n').count() + 1;
        refuse(format!("line {line} holds bytes that are not UTF-8"), "YAML text in UTF-8")
    })
}

const AT_MOST: &str = "at most 1 MB of YAML; is this a data file?";

fn too_large(bytes: u64, kind: &DocumentKind) -> String {
    format!("{bytes} bytes are too large for a {}", kind.name)
}

/// Reads a value from the text of a file; `file` is only named in the errors, `problems` are the cross-checks that no
/// schema can express.
pub fn read_document<T: DeserializeOwned>(
    text: &str,
    file: &str,
    kind: &DocumentKind,
    schema: &Value,
    problems: impl Fn(&T) -> Vec<Problem>,
) -> Result<T, YamlErrors> {
    Document::parse(text, file, *kind)?.read(schema, problems)
}

/// A YAML document with the places of its values, before anybody asked what they mean.
#[derive(Debug)]
pub struct Document {
    kind: DocumentKind,
    file: String,
    text: String,
    value: Value,
    places: Places,
    errors: Vec<YamlError>,
}

impl Document {
    /// Parses the text of a file; a mistake that leaves a document is kept for [`Document::read`].
    pub fn parse(text: &str, file: &str, kind: DocumentKind) -> Result<Self, YamlErrors> {
        // An editor's byte order mark would move every column of the first line.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let fail = |errors| Err(YamlErrors::of(errors, text));
        if text.trim().is_empty() && !kind.may_be_empty {
            let expected = format!("a {}; {}", kind.name, kind.how_to_get_one);
            return fail(vec![YamlError::whole(file, "the file is empty", expected)]);
        }
        if text.len() as u64 > limits::MAX_YAML_BYTES {
            return fail(vec![YamlError::whole(file, too_large(text.len() as u64, &kind), AT_MOST)]);
        }
        match parse::parse(text, file, &kind) {
            (Some((value, places)), errors) => {
                Ok(Self { kind, file: file.to_owned(), text: text.to_owned(), value, places, errors })
            }
            (None, errors) => fail(errors),
        }
    }

    /// A document in which nothing is written yet; `file` names it in errors that no override is to blame for.
    pub fn empty(file: &str, kind: DocumentKind) -> Self {
        let value = Value::Object(Map::new());
        Self { kind, file: file.to_owned(), text: String::new(), value, places: Places::of(file), errors: Vec::new() }
    }

    /// Overrides the value at these keys; `source` is named in its errors. The maps on the way are made where they are
    /// missing; a mistake on the way stays, and is reported by [`Document::read`].
    pub fn set(&mut self, keys: &[&str], value: Value, source: &str) {
        let Some((last, way)) = keys.split_last() else { return };
        let (mut at, mut pointer) = (&mut self.value, String::new());
        for key in way {
            let Some(map) = at.as_object_mut() else { return };
            pointer = format!("{pointer}/{}", escape(key));
            at = map.entry((*key).to_owned()).or_insert(Value::Null);
            if at.is_null() {
                *at = Value::Object(Map::new());
                self.places.replace(&pointer, source, at);
            }
        }
        let Some(map) = at.as_object_mut() else { return };
        self.places.replace(&format!("{pointer}/{}", escape(last)), source, &value);
        map.insert((*last).to_owned(), value);
    }

    /// Where the value at a JSON pointer came from; none where nobody wrote one.
    pub fn origin(&self, pointer: &str) -> Option<Origin> {
        self.value.pointer(pointer)?;
        self.places.origin(pointer)
    }

    /// Checks the document against its schema and the cross-checks, and reads it.
    pub fn read<T: DeserializeOwned>(
        &self,
        schema: &Value,
        problems: impl Fn(&T) -> Vec<Problem>,
    ) -> Result<T, YamlErrors> {
        let mut errors = self.errors.clone();
        let violations = translate::violations(&self.value, schema, &self.places, &self.kind);
        errors.extend(violations.iter().map(|violation| violation.error.clone()));
        if violations.is_empty() {
            match serde_json::from_value::<T>(self.value.clone()) {
                Ok(value) => {
                    errors.extend(problems(&value).into_iter().map(|problem| self.locate(problem)));
                    if errors.is_empty() {
                        return Ok(value);
                    }
                }
                Err(error) => {
                    errors.push(YamlError::whole(&self.file, error.to_string(), "a value of the right type"));
                }
            }
        } else if let Some(mended) = repair::mend(&self.value, schema, &violations)
            && let Ok(value) = serde_json::from_value::<T>(mended.document.clone())
        {
            let faults: Vec<String> = violations
                .iter()
                .filter(|violation| violation.fault != Fault::UnknownKey || violation.error.nearest.is_none())
                .map(|violation| violation.pointer.clone())
                .collect();
            let inside = |inner: &str, outer: &str| !outer.is_empty() && within(inner, outer);
            let echoes = |pointer: &str| faults.iter().any(|fault| inside(fault, pointer) || inside(pointer, fault));
            let originals = problems(&value)
                .into_iter()
                .map(|problem| Problem { pointer: mended.original(&problem.pointer), ..problem });
            errors.extend(originals.filter(|problem| !echoes(&problem.pointer)).map(|problem| self.locate(problem)));
        }
        Err(YamlErrors::of(errors, &self.text))
    }

    /// A section as a whole is named by its key, a single value by itself.
    fn locate(&self, problem: Problem) -> YamlError {
        let error = match self.places.is_section(&problem.pointer) {
            true => self.places.error_at_key(&problem.pointer, problem.message, problem.expected),
            false => self.places.error_at_value(&problem.pointer, problem.message, problem.expected),
        };
        error.near(problem.nearest)
    }
}

/// The keys that a schema knows in the map at a JSON pointer; empty where there is none with fixed keys.
pub fn keys_at<'a>(schema: &'a Value, pointer: &str) -> Vec<&'a str> {
    schema::Node::root(schema).at(pointer).map(schema::Node::keys).unwrap_or_default()
}

/// Whether a schema wants a text at a JSON pointer, so that `1` there is the text and not the number.
pub fn is_text_at(schema: &Value, pointer: &str) -> bool {
    schema::Node::root(schema).at(pointer).is_some_and(schema::Node::is_text)
}

/// The YAML of a single value, as a variable of the environment holds it.
pub fn read_value(text: &str, source: &str) -> Result<Value, YamlErrors> {
    const KIND: DocumentKind =
        DocumentKind { name: "value", how_to_get_one: "", usual_file: "", may_be_empty: false, is_sound: |_, _| true };
    let found = Document::parse(text, source, KIND);
    let errors = match found {
        Ok(document) if document.errors.is_empty() => return Ok(document.value),
        Ok(document) => document.errors,
        Err(errors) => errors.errors,
    };
    // Lines and columns of a variable help nobody.
    let whole = errors.into_iter().map(|error| YamlError { line: 0, column: 0, ..error });
    Err(YamlErrors::of(whole.collect(), ""))
}
