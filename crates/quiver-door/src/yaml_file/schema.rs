//! What a JSON Schema says at a place of a document; reads no file.

use super::parse::unescape;
use serde_json::Value;
use std::borrow::Cow;

/// One place of the schema, with references followed and `null` beside another type taken away.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Node<'a> {
    root: &'a Value,
    pub value: &'a Value,
    /// The name of the definition this is, such as `Duration`.
    pub definition: Option<&'a str>,
}

impl<'a> Node<'a> {
    pub(crate) fn root(root: &'a Value) -> Self {
        Self { root, value: root, definition: None }.resolved()
    }

    fn resolved(mut self) -> Self {
        // The schema is our own and has no cycle; the bound only keeps a mistake in it from hanging.
        for _ in 0..16 {
            if let Some(name) = self.value["$ref"].as_str().and_then(|path| path.strip_prefix("#/$defs/")) {
                self.value = &self.root["$defs"][name];
                self.definition = Some(name);
            } else if let Some(branches) = self.value["anyOf"].as_array()
                && let [one] = branches.iter().filter(|branch| branch["type"] != "null").collect::<Vec<_>>().as_slice()
            {
                self.value = one;
            } else {
                break;
            }
        }
        self
    }

    fn with(self, value: &'a Value) -> Self {
        Self { root: self.root, value, definition: None }.resolved()
    }

    /// What the schema says of the child `segment` (a key, or an index into a list).
    pub(crate) fn child(self, segment: &str) -> Option<Self> {
        let named = self.value["properties"].get(segment);
        let any = self.value.get("additionalProperties").filter(|any| any.is_object());
        let item = self.value.get("items").filter(|_| segment.bytes().all(|digit| digit.is_ascii_digit()));
        named.or(any).or(item).map(|value| self.with(value))
    }

    /// What the schema says at a JSON pointer.
    pub(crate) fn at(self, pointer: &str) -> Option<Self> {
        pointer.split('/').skip(1).try_fold(self, |node, segment| node.child(&unescape(segment)))
    }

    /// The valid keys of a map with fixed keys.
    pub(crate) fn keys(self) -> Vec<&'a str> {
        self.value["properties"].as_object().map(|keys| keys.keys().map(String::as_str).collect()).unwrap_or_default()
    }

    /// The raw property of that name, with its description and default.
    pub(crate) fn property(self, key: &str) -> Option<(&'a Value, Self)> {
        let raw = self.value["properties"].get(key)?;
        Some((raw, self.with(raw)))
    }

    /// The values of a map with free keys.
    pub(crate) fn values(self) -> Option<Self> {
        self.value.get("additionalProperties").filter(|any| any.is_object()).map(|value| self.with(value))
    }

    /// The entries of a list.
    pub(crate) fn items(self) -> Option<Self> {
        self.value.get("items").map(|value| self.with(value))
    }

    /// The valid words, where only some are.
    pub(crate) fn words(self) -> Vec<&'a str> {
        let constants = self.value["oneOf"].as_array().into_iter().flatten().filter_map(|word| word["const"].as_str());
        let listed = self.value["enum"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let mixed = self.value["oneOf"].as_array().into_iter().flatten();
        let grouped = mixed.flat_map(|group| group["enum"].as_array().into_iter().flatten().filter_map(Value::as_str));
        constants.chain(listed).chain(grouped).collect()
    }

    fn types(self) -> Vec<&'a str> {
        match &self.value["type"] {
            Value::String(one) => vec![one],
            Value::Array(several) => several.iter().filter_map(Value::as_str).filter(|name| *name != "null").collect(),
            _ => Vec::new(),
        }
    }

    /// Whether a map or a list is expected.
    pub(crate) fn is_container(self) -> bool {
        self.types().iter().any(|name| matches!(*name, "object" | "array"))
    }

    /// Whether only a text is expected: any, or one of some words.
    pub(crate) fn is_text(self) -> bool {
        !self.words().is_empty() || self.types() == ["string"]
    }

    pub(crate) fn is_list(self) -> bool {
        self.types().contains(&"array")
    }

    pub(crate) fn is_integer(self) -> bool {
        self.types().contains(&"integer")
    }

    /// What is expected here, in words.
    pub(crate) fn expected(self) -> String {
        if let Some(written) = self.value["x-expected"].as_str() {
            return written.to_owned();
        }
        let words = self.words();
        if !words.is_empty() {
            return format!("one of {}", words.join(", "));
        }
        if let Some(branches) = self.value["anyOf"].as_array() {
            let each: Vec<String> = branches.iter().map(|branch| self.with(branch).expected()).collect();
            return each.join(" or ");
        }
        let parts: Vec<Cow<'_, str>> = self.types().into_iter().map(|name| self.type_in_words(name)).collect();
        parts.join(" or ")
    }

    fn type_in_words(self, name: &str) -> Cow<'static, str> {
        match name {
            "string" => "text".into(),
            "number" => "a number".into(),
            "integer" => "a whole number".into(),
            "boolean" => "true or false".into(),
            "array" => {
                let entries = self.items().map_or_else(|| "values".to_owned(), Self::short_name);
                match self.value["minItems"].as_u64() {
                    Some(count) if Some(count) == self.value["maxItems"].as_u64() => {
                        format!("a list of {count} entries, each {entries}").into()
                    }
                    _ => format!("a list, each entry {entries}").into(),
                }
            }
            "object" => match self.keys() {
                keys if keys.is_empty() => "a map from names to values".into(),
                keys => format!("a map with keys such as {}", keys[..keys.len().min(4)].join(", ")).into(),
            },
            other => other.to_owned().into(),
        }
    }

    fn short_name(self) -> String {
        match self.definition {
            Some(_) if self.is_container() => "a map".to_owned(),
            _ => self.expected(),
        }
    }
}
