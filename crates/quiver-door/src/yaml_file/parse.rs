//! YAML text as a JSON value with the place of every key and value; knows no schema.

use super::DocumentKind;
use super::error::{YamlError, shorten};
use crate::limits;
use saphyr::{LoadableYamlNode, MarkedYaml, Marker, Scalar, YamlData};
use serde_json::{Map, Value};
use std::collections::{HashMap, HashSet};

/// A line and a column, both counted from 1; columns are characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
}

impl Place {
    fn of(marker: Marker) -> Self {
        Self { line: marker.line().max(1), column: marker.col() + 1 }
    }
}

/// Where the keys and values of a document stand, by JSON pointer.
#[derive(Debug, Default)]
pub struct Places {
    keys: HashMap<String, Place>,
    values: HashMap<String, Place>,
    sections: HashSet<String>,
    file: String,
    /// What stands at these pointers comes from elsewhere, such as a variable of the environment.
    overrides: HashMap<String, String>,
}

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The file, at this line.
    File(usize),
    /// What overrides the file, by its name.
    Override(String),
}

impl Places {
    pub(crate) fn of(file: &str) -> Self {
        Self { file: file.to_owned(), ..Self::default() }
    }

    /// Notes that the value at `pointer`, with all that is in it, comes from `source`.
    pub(crate) fn replace(&mut self, pointer: &str, source: &str, value: &Value) {
        let outside = |inner: &String| !within(inner, pointer);
        self.keys.retain(|inner, _| outside(inner));
        self.values.retain(|inner, _| outside(inner));
        self.sections.retain(outside);
        self.overrides.retain(|inner, _| outside(inner));
        self.overrides.insert(pointer.to_owned(), source.to_owned());
        if value.is_object() || value.is_array() {
            self.sections.insert(pointer.to_owned());
        }
    }

    /// Where the value at `pointer` came from; none where nobody wrote one.
    pub(crate) fn origin(&self, pointer: &str) -> Option<Origin> {
        let source = self.source(pointer).map(|source| Origin::Override(source.to_owned()));
        source.or_else(|| self.values.get(pointer).map(|place| Origin::File(place.line)))
    }

    /// The override that `pointer` lies in.
    fn source(&self, pointer: &str) -> Option<&str> {
        let around = self.overrides.iter().filter(|(outer, _)| within(pointer, outer));
        around.max_by_key(|(outer, _)| outer.len()).map(|(_, source)| source.as_str())
    }

    /// A mistake of the key at `pointer`.
    pub(crate) fn error_at_key(&self, pointer: &str, message: String, expected: String) -> YamlError {
        match self.source(pointer) {
            Some(source) => YamlError::whole(source, message, expected),
            None => YamlError::at(&self.file, self.of_key(pointer), message, expected),
        }
    }

    /// A mistake of the value at `pointer`.
    pub(crate) fn error_at_value(&self, pointer: &str, message: String, expected: String) -> YamlError {
        match self.source(pointer) {
            Some(source) => YamlError::whole(source, message, expected),
            None => YamlError::at(&self.file, self.of_value(pointer), message, expected),
        }
    }

    /// The place of the key at `pointer`, or of its value where it has no key, or of the nearest thing around it.
    fn of_key(&self, pointer: &str) -> Place {
        self.keys.get(pointer).copied().unwrap_or_else(|| self.of_value(pointer))
    }

    /// Whether the value at `pointer` is a map or a list.
    pub fn is_section(&self, pointer: &str) -> bool {
        self.sections.contains(pointer)
    }

    /// The place of the value at `pointer`, or of the nearest thing around it.
    fn of_value(&self, pointer: &str) -> Place {
        let mut pointer = pointer;
        loop {
            if let Some(place) = self.values.get(pointer) {
                return *place;
            }
            match pointer.rfind('/') {
                Some(cut) => pointer = &pointer[..cut],
                None => return Place { line: 1, column: 1 },
            }
        }
    }
}

/// Whether the pointer `inner` is `outer` or lies in it.
pub(crate) fn within(inner: &str, outer: &str) -> bool {
    inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Escapes a name for a JSON pointer (RFC 6901).
pub fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// Undoes [`escape`].
pub fn unescape(segment: &str) -> String {
    segment.replace("~1", "/").replace("~0", "~")
}

/// Marks keys that stand a second time: they are overwritten by a character of the private use area, so that the
/// parser, which stops at the first duplicate, can be asked for the next one at unmoved positions.
const FIRST_MARK: u32 = 0xE000;

/// Parses one YAML document; duplicate keys are errors beside the value, syntax errors come without a value.
pub fn parse(text: &str, file: &str, kind: &DocumentKind) -> (Option<(Value, Places)>, Vec<YamlError>) {
    let mut errors = Vec::new();
    if let Some(error) = refuse_bombs(text, file) {
        return (None, vec![error]);
    }
    let mut text = text.to_owned();
    for attempt in 0.. {
        match MarkedYaml::load_from_str(&text) {
            Ok(documents) => {
                return match convert_documents(&documents, file, kind, &mut errors) {
                    Some(parsed) => (Some(parsed), errors),
                    None => (None, errors),
                };
            }
            Err(error) if error.info().contains("duplicated key") && attempt < 50 => {
                let place = Place::of(*error.marker());
                let Some(marked) = mark_key(&text, error.marker().index(), FIRST_MARK + attempt) else {
                    errors.push(YamlError::at(file, place, "a key stands twice in one map", "each key once"));
                    return (None, errors);
                };
                let key = key_at(&text, error.marker().index());
                errors.push(YamlError::at(
                    file,
                    place,
                    format!("key `{}` stands twice in one map", shorten(&key)),
                    "each key once",
                ));
                text = marked;
            }
            Err(error) => {
                errors.push(syntax_error(file, &error));
                return (None, errors);
            }
        }
    }
    (None, errors)
}

/// A file that would exhaust the parser's stack or memory is refused before the parser sees it.
fn refuse_bombs(text: &str, file: &str) -> Option<YamlError> {
    for (index, line) in text.lines().enumerate() {
        let mut rest = line;
        while let Some(shorter) = ["- ", "? ", " "].iter().find_map(|indicator| rest.strip_prefix(indicator)) {
            rest = shorter;
        }
        let indent = line.len() - rest.len();
        if indent > limits::MAX_YAML_INDENT && !line.trim().is_empty() {
            let place = Place { line: index + 1, column: indent + 1 };
            let message = format!("the line starts at column {}", indent + 1);
            return Some(YamlError::at(file, place, message, format!("at most {}", limits::MAX_YAML_INDENT)));
        }
    }
    let anchors = [" &", "[&", "{&", ",&", "\n&"].iter().map(|start| text.matches(start).count()).sum::<usize>();
    if anchors.saturating_mul(text.len()) > limits::MAX_YAML_ANCHOR_BYTES {
        let message = format!("{anchors} anchors in {} bytes", text.len());
        return Some(YamlError::at(file, Place { line: 1, column: 1 }, message, "fewer anchors; write the values out"));
    }
    None
}

fn byte_index(text: &str, characters: usize) -> Option<usize> {
    text.char_indices().nth(characters).map(|(byte, _)| byte)
}

fn key_at(text: &str, index: usize) -> String {
    let Some(start) = byte_index(text, index) else { return String::new() };
    let line = text[start..].lines().next().unwrap_or_default();
    let key = line.split(':').next().unwrap_or_default().trim();
    key.trim_matches(['"', '\'']).to_owned()
}

fn mark_key(text: &str, index: usize, mark: u32) -> Option<String> {
    let mut start = byte_index(text, index)?;
    if text[start..].starts_with(['"', '\'']) {
        start += 1;
    }
    let length = text[start..].chars().next().filter(|letter| letter.is_alphanumeric() || *letter == '_')?.len_utf8();
    let mut marked = String::with_capacity(text.len() + 3);
    marked.push_str(&text[..start]);
    marked.push(char::from_u32(mark)?);
    marked.push_str(&text[start + length..]);
    Some(marked)
}

fn syntax_error(file: &str, error: &saphyr::ScanError) -> YamlError {
    let place = Place::of(*error.marker());
    let info = error.info();
    let expected = if info.contains("alias") {
        "fewer aliases; write the values out"
    } else if info.contains("tab") {
        "spaces, never tabs, in front of a key"
    } else if info.contains("quoted") {
        "a closing quote"
    } else if info.contains("flow") || info.contains("',' or") {
        "a closing `]` or `}`, or a comma between the entries"
    } else if info.contains("mapping values") || info.contains("simple key") {
        "`key: value`, with keys of one map in the same column, and quotes around text that holds `: `"
    } else {
        "keys of one map in the same column, spaces and no tabs, quotes around text with special characters"
    };
    YamlError::at(file, place, format!("this is not YAML: {info}"), expected)
}

fn convert_documents(
    documents: &[MarkedYaml<'_>],
    file: &str,
    kind: &DocumentKind,
    errors: &mut Vec<YamlError>,
) -> Option<(Value, Places)> {
    let Some(document) = documents.first() else {
        if kind.may_be_empty {
            return Some((Value::Object(Map::new()), Places::of(file)));
        }
        let start = Place { line: 1, column: 1 };
        let expected = format!("a {}", kind.name);
        errors.push(YamlError::at(file, start, "the file holds no YAML, only comments or blanks", expected));
        return None;
    };
    if let Some(second) = documents.get(1) {
        let place = Place::of(second.span.start);
        errors.push(YamlError::at(
            file,
            place,
            "a second YAML document begins here",
            format!("one {} a file", kind.name),
        ));
    }
    let mut conversion = Conversion { file, places: Places::of(file), errors };
    let value = match conversion.value(document, "") {
        Value::Null if kind.may_be_empty => Value::Object(Map::new()),
        value => value,
    };
    Some((value, conversion.places))
}

struct Conversion<'a> {
    file: &'a str,
    places: Places,
    errors: &'a mut Vec<YamlError>,
}

impl Conversion<'_> {
    fn value(&mut self, node: &MarkedYaml<'_>, pointer: &str) -> Value {
        self.places.values.insert(pointer.to_owned(), Place::of(node.span.start));
        if matches!(node.data, YamlData::Sequence(_) | YamlData::Mapping(_)) {
            self.places.sections.insert(pointer.to_owned());
        }
        match &node.data {
            YamlData::Value(scalar) => self.scalar(scalar, node),
            YamlData::Sequence(entries) => Value::Array(
                entries
                    .iter()
                    .enumerate()
                    .map(|(index, entry)| self.value(entry, &format!("{pointer}/{index}")))
                    .collect(),
            ),
            YamlData::Mapping(entries) => {
                let mut map = Map::new();
                for (key, value) in entries {
                    let Some(name) = self.key(key) else { continue };
                    if name.chars().any(|letter| (FIRST_MARK..FIRST_MARK + 64).contains(&u32::from(letter))) {
                        continue;
                    }
                    let child = format!("{pointer}/{}", escape(&name));
                    if map.contains_key(&name) {
                        let message = format!("key `{}` stands twice in one map", shorten(&name));
                        self.error(key, message, "each key once");
                        continue;
                    }
                    self.places.keys.insert(child.clone(), Place::of(key.span.start));
                    let value = self.value(value, &child);
                    map.insert(name, value);
                }
                Value::Object(map)
            }
            YamlData::Tagged(tag, inner) => {
                let message = format!("the YAML tag `{tag}` means nothing here");
                self.error(node, message, "the plain value");
                self.value(inner, pointer)
            }
            YamlData::BadValue | YamlData::Alias(_) | YamlData::Representation(..) => {
                self.error(node, "this value cannot be read".to_owned(), "a text, a number, a list or a map");
                Value::Null
            }
        }
    }

    fn scalar(&mut self, scalar: &Scalar<'_>, node: &MarkedYaml<'_>) -> Value {
        match scalar {
            Scalar::Null => Value::Null,
            Scalar::Boolean(truth) => Value::Bool(*truth),
            Scalar::Integer(number) => Value::from(*number),
            Scalar::FloatingPoint(number) => match serde_json::Number::from_f64(number.into_inner()) {
                Some(number) => Value::Number(number),
                None => {
                    let message = format!("{} is no finite number", number.into_inner());
                    self.error(node, message, "a finite number, or text in quotes");
                    Value::Null
                }
            },
            Scalar::String(text) => Value::String(text.clone().into_owned()),
        }
    }

    fn key(&mut self, key: &MarkedYaml<'_>) -> Option<String> {
        match &key.data {
            YamlData::Value(Scalar::String(text)) => Some(text.clone().into_owned()),
            YamlData::Value(Scalar::Integer(number)) => Some(number.to_string()),
            YamlData::Value(Scalar::FloatingPoint(number)) => Some(number.to_string()),
            YamlData::Value(Scalar::Boolean(truth)) => Some(truth.to_string()),
            YamlData::Value(Scalar::Null) => Some("null".to_owned()),
            _ => {
                self.error(key, "a list or map cannot be a key".to_owned(), "a name");
                None
            }
        }
    }

    fn error(&mut self, node: &MarkedYaml<'_>, message: String, expected: &str) {
        self.errors.push(YamlError::at(self.file, Place::of(node.span.start), message, expected));
    }
}
