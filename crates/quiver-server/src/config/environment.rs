//! Variables of the environment that override the config: `QUIVER_HTTP__LISTEN` is `http.listen`; it reads none itself.

use super::read::server_schema;
use quiver_door::yaml_file::{YamlError, YamlErrors, is_text_at, keys_at, read_value};
use quiver_event::spec::nearest_word;
use serde_json::Value;

/// What all of them begin with.
const PREFIX: &str = "QUIVER_";

/// One value that takes the place of what the file says.
#[derive(Debug, Clone, PartialEq)]
pub struct Override {
    /// The keys that lead to the value, such as `["http", "listen"]`.
    pub keys: Vec<String>,
    /// The value.
    pub value: Value,
    /// What it is named in errors and in `quiver config show`: the variable, or the option.
    pub source: String,
}

impl Override {
    /// An override by an option of the command line, such as `("http.listen", "127.0.0.1:0", "--listen")`.
    pub fn of_option(keys: &str, value: impl Into<Value>, option: &str) -> Self {
        Self { keys: keys.split('.').map(ToOwned::to_owned).collect(), value: value.into(), source: option.to_owned() }
    }
}

/// The overrides among these variables, sections before what is in them. A variable whose name nearly is that of a key
/// is an error; any other name is somebody else's, such as the `QUIVER_PORT` that Kubernetes sets beside a service.
pub fn overrides_of_environment(
    variables: impl IntoIterator<Item = (String, String)>,
) -> Result<Vec<Override>, YamlErrors> {
    let schema = server_schema();
    let (mut overrides, mut errors) = (Vec::new(), Vec::new());
    for (variable, text) in variables {
        let Some(name) = variable.strip_prefix(PREFIX) else { continue };
        match keys_of(&schema, name) {
            Named::Key(keys) => match value_of(&schema, &keys, &text, &variable) {
                Ok(value) => overrides.push(Override { keys, value, source: variable }),
                Err(wrong) => errors.extend(wrong.errors),
            },
            Named::Nearly { expected, nearest } => {
                errors.push(YamlError::whole(&variable, "this variable names no key", expected).near(nearest));
            }
            Named::Nothing => {}
        }
    }
    overrides.sort_by(|left, right| (left.keys.len(), &left.keys).cmp(&(right.keys.len(), &right.keys)));
    match errors.is_empty() {
        true => Ok(overrides),
        false => Err(YamlErrors::of(errors, "")),
    }
}

/// What the name of a variable means.
enum Named {
    Key(Vec<String>),
    Nearly { expected: String, nearest: Option<String> },
    Nothing,
}

fn keys_of(schema: &Value, name: &str) -> Named {
    let mut keys: Vec<String> = Vec::new();
    let nested = name.contains("__");
    for (index, word) in name.split("__").enumerate() {
        let pointer: String = keys.iter().map(|key| format!("/{key}")).collect();
        let known = keys_at(schema, &pointer);
        let variables: Vec<String> = known.iter().map(|key| variable(&keys, key)).collect();
        match known.iter().find(|key| key.to_uppercase() == word) {
            Some(key) => keys.push((*key).to_owned()),
            None if !nested => return stray(schema, word, &known),
            None if known.is_empty() => {
                let whole = keys.split_last().map(|(last, before)| variable(before, last)).unwrap_or_default();
                let expected = format!("{whole} with the whole value, for there are no keys in it");
                return Named::Nearly { expected, nearest: None };
            }
            None => {
                let rest: String = name.split("__").skip(index + 1).map(|word| format!("__{word}")).collect();
                let near = nearest_word(word, known.iter().copied());
                let near = near.map(|near| format!("{}{rest}", variable(&keys, &near)));
                return Named::Nearly { expected: format!("one of {}", variables.join(", ")), nearest: near };
            }
        }
    }
    Named::Key(keys)
}

/// A name without nesting that is no key: a slip of the pen, or one underscore where two are meant, or none of ours.
fn stray(schema: &Value, word: &str, known: &[&str]) -> Named {
    for section in known {
        let Some(rest) = word.strip_prefix(&format!("{}_", section.to_uppercase())) else { continue };
        let inner = keys_at(schema, &format!("/{section}"));
        if let Some(key) = nearest_word(rest, inner) {
            let nearest = Some(variable(&[(*section).to_owned()], &key));
            return Named::Nearly { expected: "two underscores between a section and its key".to_owned(), nearest };
        }
    }
    match nearest_word(word, known.iter().copied()) {
        Some(near) => {
            let variables: Vec<String> = known.iter().map(|key| variable(&[], key)).collect();
            Named::Nearly { expected: format!("one of {}", variables.join(", ")), nearest: Some(variable(&[], &near)) }
        }
        None => Named::Nothing,
    }
}

/// The variable of a key.
fn variable(before: &[String], key: &str) -> String {
    let words: Vec<String> = before.iter().map(String::as_str).chain([key]).map(str::to_uppercase).collect();
    format!("{PREFIX}{}", words.join("__"))
}

fn value_of(schema: &Value, keys: &[String], text: &str, variable: &str) -> Result<Value, YamlErrors> {
    let pointer: String = keys.iter().map(|key| format!("/{key}")).collect();
    // A folder named `1` or `[a` needs no quotes in a shell; `null` still turns off what may be off.
    if is_text_at(schema, &pointer) && text != "null" {
        return Ok(Value::String(text.to_owned()));
    }
    read_value(text, variable)
}
