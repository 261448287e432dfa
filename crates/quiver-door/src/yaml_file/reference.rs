//! The reference of every key of a document, as Markdown generated from the schema's own descriptions.

use super::schema::Node;
use serde_json::Value;
use std::fmt::Write;

/// A Markdown page that begins with `opening`, and has every key: type, default, whether it is required, meaning.
pub fn reference(opening: &str, schema: &Value) -> String {
    let mut page = format!("{opening}\n");
    section(&mut page, "", Node::root(schema));
    page
}

fn section(page: &mut String, path: &str, node: Node<'_>) {
    let title = if path.is_empty() { "Top level".to_owned() } else { format!("`{path}`") };
    // Writing to a string cannot fail.
    let _ = writeln!(page, "\n## {title}\n");
    if let Some(meaning) = node.value["description"].as_str().filter(|_| !path.is_empty()) {
        let _ = writeln!(page, "{meaning}\n");
    }
    page.push_str("| key | type | required | default | meaning |\n|---|---|---|---|---|\n");
    let required: Vec<&str> =
        node.value["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let mut inner = Vec::new();
    for key in node.keys() {
        let Some((raw, property)) = node.property(key) else { continue };
        let meaning = raw["description"].as_str().or(property.value["description"].as_str()).unwrap_or_default();
        // The defaults inside a map stand in the section of that map.
        let own = raw.get("default").filter(|_| property.keys().is_empty());
        let (meaning, default) = split_default(meaning, own);
        let must = if required.contains(&key) { "yes" } else { "" };
        let kind = kind_of(property, &mut inner, path, key);
        let _ = writeln!(page, "| `{key}` | {kind} | {must} | {default} | {} |", words_explained(&meaning, property));
    }
    for (path, node) in inner {
        section(page, &path, node);
    }
}

/// The type in words; maps with fixed keys are queued for a section of their own.
fn kind_of<'a>(node: Node<'a>, inner: &mut Vec<(String, Node<'a>)>, path: &str, key: &str) -> String {
    let here = if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    if !node.keys().is_empty() {
        inner.push((here, node));
        return "map".to_owned();
    }
    if let Some(values) = node.values() {
        if !values.keys().is_empty() {
            inner.push((format!("{here}.NAME"), values));
            return "map of maps, by name".to_owned();
        }
        return format!("map from names to {}", cell(&values.expected()));
    }
    if node.is_list()
        && let Some(items) = node.items()
        && !items.keys().is_empty()
    {
        inner.push((format!("{here}[]"), items));
        return "list of maps".to_owned();
    }
    if !node.words().is_empty() && node.value["x-expected"].is_null() {
        return node.words().iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(" ");
    }
    cell(&node.expected())
}

/// Takes `Default: …` out of the meaning, or the schema's own default.
fn split_default(meaning: &str, default: Option<&Value>) -> (String, String) {
    let meaning = meaning.replace('\n', " ");
    if let Some((before, after)) = meaning.split_once(" Default: ") {
        return (before.to_owned(), cell(after.trim_end_matches('.')));
    }
    let default = match default {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => format!("`{text}`"),
        Some(Value::Object(map)) if map.is_empty() => String::new(),
        Some(Value::Array(list)) if list.is_empty() => String::new(),
        Some(other) => format!("`{other}`"),
    };
    (meaning, cell(&default))
}

fn words_explained(meaning: &str, node: Node<'_>) -> String {
    let words = node.value["oneOf"].as_array().into_iter().flatten();
    let explained: Vec<String> = words
        .filter_map(|word| Some(format!("`{}`: {}", word["const"].as_str()?, word["description"].as_str()?)))
        .collect();
    match explained.is_empty() {
        true => cell(meaning),
        false => cell(&format!("{meaning} {}", explained.join(" "))),
    }
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}
