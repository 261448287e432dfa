//! Turns what the schema validator says of a document into mistakes with a place, what was expected and the nearest word.

use super::DocumentKind;
use super::error::{YamlError, shorten};
use super::parse::{Places, escape};
use super::schema::Node;
use jsonschema::error::ValidationErrorKind as Kind;
use quiver_event::spec::nearest_word;
use quiver_event::units::{Bytes, Duration, Price, Share};
use serde_json::Value;
use std::collections::BTreeMap;

/// One violation of the schema.
#[derive(Debug, Clone)]
pub(crate) struct Violation {
    /// The place, as a JSON pointer.
    pub pointer: String,
    pub fault: Fault,
    pub error: YamlError,
}

/// What is wrong at the place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The key itself is unknown.
    UnknownKey,
    /// The value is wrong.
    Value,
    /// A key is missing in the map at the place.
    MissingKey,
}

/// All violations, at most one a place.
pub(crate) fn violations(document: &Value, schema: &Value, places: &Places, kind: &DocumentKind) -> Vec<Violation> {
    let mut translation = Translation { document, schema: Node::root(schema), places, kind, found: BTreeMap::new() };
    // The schema is generated from the types and a test compiles it.
    if let Ok(validator) = jsonschema::validator_for(schema) {
        for error in validator.iter_errors(document) {
            translation.translate(&error);
        }
    }
    translation.check_quantities(document, Node::root(schema), "");
    translation.drop_echoes();
    translation.found.into_values().collect()
}

struct Translation<'a> {
    document: &'a Value,
    schema: Node<'a>,
    places: &'a Places,
    kind: &'a DocumentKind,
    /// By pointer, and for missing keys by pointer and key.
    found: BTreeMap<String, Violation>,
}

impl Translation<'_> {
    fn translate(&mut self, error: &jsonschema::ValidationError<'_>) {
        let pointer = error.instance_path().as_str().to_owned();
        match error.kind() {
            Kind::AdditionalProperties { unexpected } | Kind::UnevaluatedProperties { unexpected } => {
                for key in unexpected {
                    self.unknown_key(&pointer, key);
                }
            }
            Kind::Required { property } => self.missing_key(&pointer, property.as_str().unwrap_or_default()),
            Kind::AnyOf { context } | Kind::OneOfNotValid { context } => {
                // The branch that fails deeper than at this place is the one the author meant.
                let meant = context.iter().find(|branch| {
                    !branch.is_empty()
                        && branch.iter().all(|inner| {
                            inner.instance_path().as_str() != pointer
                                || matches!(inner.kind(), Kind::AdditionalProperties { .. } | Kind::Required { .. })
                        })
                });
                match meant {
                    Some(branch) => branch.iter().for_each(|inner| self.translate(inner)),
                    None => self.wrong_value(&pointer),
                }
            }
            _ => self.wrong_value(&pointer),
        }
    }

    fn unknown_key(&mut self, parent: &str, key: &str) {
        let Some(node) = self.schema.at(parent) else { return };
        let keys = node.keys();
        let pointer = format!("{parent}/{}", escape(key));
        let message = format!("unknown key `{}`", shorten(key));
        let expected = format!("one of {}", keys.join(", "));
        let error = self.places.error_at_key(&pointer, message, expected).near(nearest_word(key, keys));
        self.found.insert(pointer.clone(), Violation { pointer, fault: Fault::UnknownKey, error });
    }

    fn missing_key(&mut self, parent: &str, key: &str) {
        let meaning = self.schema.at(parent).and_then(|node| node.property(key));
        let expected = meaning.map_or_else(String::new, |(raw, node)| match raw["description"].as_str() {
            Some(text) => format!("`{key}`, {}: {}", node.expected(), text.trim_end_matches('.')),
            None => node.expected(),
        });
        let message = match parent.rsplit('/').next() {
            Some(name) if !name.is_empty() => format!("key `{key}` is missing in `{name}`"),
            _ => format!("key `{key}` is missing"),
        };
        let error = self.places.error_at_key(parent, message, expected);
        let violation = Violation { pointer: parent.to_owned(), fault: Fault::MissingKey, error };
        // A key cannot hold a line feed in a pointer's place here, so this never meets a real pointer.
        self.found.insert(format!("{parent}\n{key}"), violation);
    }

    fn wrong_value(&mut self, pointer: &str) {
        let Some(node) = self.schema.at(pointer) else { return };
        let found = self.document.pointer(pointer).unwrap_or(&Value::Null);
        let words = node.words();
        let nearest = found.as_str().and_then(|word| nearest_word(word, words.iter().copied()));
        let (message, nearest) = match (found, words.is_empty()) {
            (Value::String(word), false) => (format!("unknown word `{}`", shorten(word)), nearest),
            (Value::Number(number), _) if node.expected() == "text" => {
                (format!("found the number {number}"), Some(format!("\"{number}\"")))
            }
            _ => (format!("found {}", in_words(found)), None),
        };
        self.value_error(pointer, message, node.expected(), nearest);
    }

    fn value_error(&mut self, pointer: &str, message: String, expected: String, nearest: Option<String>) {
        let error = self.places.error_at_value(pointer, message, expected).near(nearest);
        let violation = Violation { pointer: pointer.to_owned(), fault: Fault::Value, error };
        self.found.entry(pointer.to_owned()).or_insert(violation);
    }

    /// The schema's patterns let through what the types refuse, such as `101%`: the types have the last word.
    fn check_quantities(&mut self, value: &Value, node: Node<'_>, pointer: &str) {
        if value.is_null() {
            return;
        }
        let text = value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
        let sound = match node.definition {
            Some("Duration") => Duration::parse(&text).is_ok(),
            Some("Share") => Share::parse(&text).is_ok(),
            Some("Price") => Price::parse(&text).is_ok(),
            Some("Bytes") => Bytes::parse(&text).is_ok(),
            Some(other) if !(self.kind.is_sound)(other, &text) => false,
            _ if node.is_integer() && value.is_number() => {
                value.as_u64().is_some_and(|number| number <= u32::MAX.into())
            }
            _ => true,
        };
        if !sound {
            self.value_error(pointer, format!("found {}", in_words(value)), node.expected(), None);
        }
        let children: Vec<(String, &Value)> = match value {
            Value::Object(map) => map.iter().map(|(key, child)| (key.clone(), child)).collect(),
            Value::Array(list) => list.iter().enumerate().map(|(index, child)| (index.to_string(), child)).collect(),
            _ => Vec::new(),
        };
        for (segment, child) in children {
            if let Some(inner) = node.child(&segment) {
                self.check_quantities(child, inner, &format!("{pointer}/{}", escape(&segment)));
            }
        }
    }

    /// A misspelt key is one mistake: that the right one is missing needs no second message.
    fn drop_echoes(&mut self) {
        let misspelt: Vec<String> = self
            .found
            .values()
            .filter(|violation| violation.fault == Fault::UnknownKey)
            .filter_map(|violation| {
                let parent = violation.pointer.rsplit_once('/')?.0;
                Some(format!("{parent}\n{}", violation.error.nearest.as_ref()?))
            })
            .collect();
        for key in misspelt {
            self.found.remove(&key);
        }
    }
}

fn in_words(value: &Value) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        Value::Bool(truth) => truth.to_string(),
        Value::Number(number) => format!("the number {number}"),
        Value::String(text) => format!("`{}`", shorten(text)),
        Value::Array(list) => match list.len() {
            1 => "a list of 1 entry".to_owned(),
            count => format!("a list of {count} entries"),
        },
        Value::Object(_) => "a map".to_owned(),
    }
}
