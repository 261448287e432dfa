//! The API's document as a page for people, without script.

use serde_json::Value;
use std::fmt::Write;

const HEAD: &str = "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Quiver API</title>\
    <meta name=\"viewport\" content=\"width=device-width\"><link rel=\"stylesheet\" href=\"/docs/style.css\"></head>\
    <body><main><h1>Quiver API</h1><p>Machine-readable: <a href=\"/openapi.json\">openapi.json</a> (OpenAPI 3.1). \
    Where the server asks for keys, send <code>Authorization: Bearer qvr_…</code>.</p>";

/// The ways in that have listeners of their own, and are no part of the document.
const OTLP: &str = "<section id=\"otlp\"><h2>OpenTelemetry</h2><p>Spans and log records of predictions become events, on \
    listeners of their own; the project's <code>docs/events.md</code> has the attributes.</p><dl>\
    <dt><code>POST /v1/traces</code></dt><dd>Traces over HTTP, as protobuf or JSON; <code>otlp.http</code>, \
    <code>127.0.0.1:4318</code> unless configured</dd>\
    <dt><code>POST /v1/logs</code></dt><dd>Log records, on the same listener</dd>\
    <dt><code>TraceService/Export</code></dt><dd>Traces over gRPC \
    (<code>opentelemetry.proto.collector.trace.v1</code>); <code>otlp.grpc</code>, <code>127.0.0.1:4317</code> unless \
    configured</dd>\
    <dt><code>LogsService/Export</code></dt><dd>Log records over gRPC \
    (<code>opentelemetry.proto.collector.logs.v1</code>), on the same listener</dd></dl></section>";

/// One route and method of the document.
struct Operation<'a> {
    path: &'a str,
    method: &'a str,
    value: &'a Value,
}

impl Operation<'_> {
    fn id(&self) -> String {
        let plain = |character: char| if character.is_ascii_alphanumeric() { character } else { '-' };
        format!("{}{}", self.method, self.path).chars().map(plain).collect()
    }
}

/// The document as a page.
pub(super) fn page(document: &Value) -> String {
    let operations: Vec<Operation<'_>> = entries(&document["paths"])
        .flat_map(|(path, methods)| entries(methods).map(move |(method, value)| Operation { path, method, value }))
        .collect();
    let tags: Vec<&Value> = document["tags"].as_array().into_iter().flatten().collect();
    let untagged =
        || operations.iter().filter(|operation| !tags.iter().any(|tag| operation.value["tags"][0] == tag["name"]));
    let event = &document["components"]["schemas"]["Event"];

    let mut html = String::from(HEAD);
    html.push_str("<nav aria-label=\"Contents\"><ul>");
    for tag in &tags {
        let name = escape(text(&tag["name"]));
        put(&mut html, format_args!("<li><a href=\"#{name}\">{}</a><ul>", prose(text(&tag["description"]))));
        tagged(&operations, tag).for_each(|operation| link(&mut html, operation));
        html.push_str("</ul></li>");
    }
    untagged().for_each(|operation| link(&mut html, operation));
    if event.is_object() {
        html.push_str("<li><a href=\"#event\">An event</a></li>");
    }
    html.push_str("<li><a href=\"#otlp\">OpenTelemetry</a></li></ul></nav>");
    for tag in &tags {
        let name = escape(text(&tag["name"]));
        put(&mut html, format_args!("<section id=\"{name}\"><h2>{}</h2>", prose(text(&tag["description"]))));
        tagged(&operations, tag).for_each(|operation| describe(&mut html, operation));
        html.push_str("</section>");
    }
    untagged().for_each(|operation| describe(&mut html, operation));
    if event.is_object() {
        describe_event(&mut html, event);
    }
    html.push_str(OTLP);
    html.push_str("</main></body></html>");
    html
}

fn tagged<'a>(operations: &'a [Operation<'a>], tag: &'a Value) -> impl Iterator<Item = &'a Operation<'a>> {
    operations.iter().filter(|operation| operation.value["tags"][0] == tag["name"])
}

fn link(html: &mut String, operation: &Operation<'_>) {
    let (id, path) = (operation.id(), escape(operation.path));
    let method = escape(&operation.method.to_uppercase());
    put(
        html,
        format_args!("<li><a href=\"#{id}\"><span class=\"method\">{method}</span> <code>{path}</code></a></li>"),
    );
}

fn describe(html: &mut String, operation: &Operation<'_>) {
    let (id, path, value) = (operation.id(), escape(operation.path), operation.value);
    let method = escape(&operation.method.to_uppercase());
    let summary = prose(text(&value["summary"]));
    put(
        html,
        format_args!(
            "<article id=\"{id}\"><h3><span class=\"method\">{method}</span> <code>{path}</code></h3><p>{summary}</p>"
        ),
    );
    for paragraph in text(&value["description"]).split("\n\n").filter(|paragraph| !paragraph.is_empty()) {
        put(html, format_args!("<p>{}</p>", prose(paragraph)));
    }
    let parameters = value["parameters"].as_array().into_iter().flatten();
    let parameters = parameters.map(|parameter| {
        let name =
            format!("<code>{}</code> <small>{}</small>", escape(text(&parameter["name"])), text(&parameter["in"]));
        (name, prose(text(&parameter["description"])))
    });
    list(html, "Parameters", parameters);
    let kinds: Vec<String> =
        entries(&value["requestBody"]["content"]).map(|(kind, _)| format!("<code>{}</code>", escape(kind))).collect();
    if !kinds.is_empty() {
        put(html, format_args!("<h4>Body</h4><p>{}</p>", kinds.join(" · ")));
    }
    if entries(&value["requestBody"]["content"]).any(|(_, content)| takes_events(content)) {
        html.push_str("<p>Each event is <a href=\"#event\">an object like this</a>.</p>");
    }
    let answers = entries(&value["responses"]);
    list(html, "Answers", answers.map(|(status, answer)| (escape(status), prose(text(&answer["description"])))));
    html.push_str("</article>");
}

fn takes_events(content: &Value) -> bool {
    let content = content.to_string();
    content.contains("schemas/Event\"") || content.contains("schemas/OneOrMore\"")
}

/// An example of an event, and its keys, the needed ones first.
fn describe_event(html: &mut String, event: &Value) {
    let example = serde_json::to_string_pretty(&event["example"]).unwrap_or_default();
    put(
        html,
        format_args!(
            "<section id=\"event\"><h2>An event</h2><p>{}</p><pre><code>{}</code></pre>",
            prose(text(&event["description"])),
            escape(&example)
        ),
    );
    let is_needed =
        |key: &str| event["required"].as_array().is_some_and(|keys| keys.iter().any(|needed| needed == key));
    let keys = |needed: bool| {
        entries(&event["properties"])
            .filter(move |(key, _)| is_needed(key) == needed)
            .map(|(key, schema)| (format!("<code>{}</code>", escape(key)), prose(text(&schema["description"]))))
    };
    list(html, "Needed", keys(true));
    list(html, "Where it applies", keys(false));
    html.push_str("</section>");
}

/// A list of terms with what is said of each; nothing when there is none.
fn list(html: &mut String, title: &str, terms: impl Iterator<Item = (String, String)>) {
    let mut terms = terms.peekable();
    if terms.peek().is_none() {
        return;
    }
    put(html, format_args!("<h4>{title}</h4><dl>"));
    for (term, said) in terms {
        put(html, format_args!("<dt>{term}</dt><dd>{said}</dd>"));
    }
    html.push_str("</dl>");
}

fn put(html: &mut String, arguments: std::fmt::Arguments<'_>) {
    // Writing into a String never fails.
    let _ = html.write_fmt(arguments);
}

fn entries(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    value.as_object().into_iter().flatten().map(|(key, value)| (key.as_str(), value))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// Text as markup: what stands between backticks is code.
fn prose(text: &str) -> String {
    let mut html = String::new();
    let mut parts = escape(text);
    while let Some((before, code, after)) = parts.split_once('`').and_then(|(before, rest)| {
        let (code, after) = rest.split_once('`')?;
        Some((before, code, after.to_owned()))
    }) {
        put(&mut html, format_args!("{before}<code>{code}</code>"));
        parts = after;
    }
    html + &parts
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descriptions_are_never_markup() {
        let page = page(&serde_json::json!({"paths": {"/<b>": {"get": {"summary": "<script>`<i>`"}}}}));
        assert!(
            page.contains("&lt;script&gt;<code>&lt;i&gt;</code>") && !page.contains("<script") && !page.contains("<i>")
        );
        assert!(page.contains("id=\"get--b-\"") && page.contains("href=\"#get--b-\""));
    }

    #[test]
    fn backticks_are_code_and_a_lone_one_is_itself() {
        assert_eq!(prose("send `a` and `b`"), "send <code>a</code> and <code>b</code>");
        assert_eq!(prose("5` & `"), "5<code> &amp; </code>");
        assert_eq!(prose("a ` lone"), "a ` lone");
    }
}
