//! The API as one table of routes, and its OpenAPI document made from it.

use super::problem::{EventError, Problem};
use super::{App, cloudevents, docs, events, models, read, status};
use axum::Router;
use axum::http::header;
use axum::response::{Html, IntoResponse};
use axum::routing::get;
use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};
use utoipa::OpenApi;
use utoipa::openapi::RefOr;
use utoipa::openapi::path::{ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Quiver",
        description = "Watches every arrow of a production model.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    components(schemas(EventError, Problem)),
    tags(
        (name = "events", description = "Events in"),
        (name = "models", description = "Models, their specs, and what was concluded of them"),
        (name = "reading", description = "What pages show: judged periods, features, figures and single events"),
        (name = "status", description = "Health, counters and the flow"),
    )
)]
struct Document;

/// Every route of the API, with its description.
pub fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(events::post))
        .routes(routes!(cloudevents::post))
        .routes(routes!(models::list))
        .routes(routes!(models::one))
        .routes(routes!(models::get_spec, models::put_spec))
        .routes(routes!(models::evaluation))
        .merge(read::routes())
        .routes(routes!(status::status))
        .routes(routes!(status::run_flow))
        .routes(routes!(status::metrics))
        .routes(routes!(status::health))
        .routes(routes!(status::ready))
}

/// The OpenAPI document.
pub fn document() -> utoipa::openapi::OpenApi {
    let mut document = routes().into_openapi();
    let key = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("qvr_…");
    let key = key.description(Some("A key made by `quiver key create`; needed where the server asks for keys"));
    document.components.get_or_insert_default().add_security_scheme("key", SecurityScheme::Http(key.build()));
    tell_every_key(&mut document);
    tell_staleness(&mut document);
    document
}

/// Answers that are remembered may be asked for as they were a moment ago.
fn tell_staleness(document: &mut utoipa::openapi::OpenApi) {
    for (path, item) in &mut document.paths.paths {
        let Some(operation) = item.get.as_mut().filter(|_| read::Subject::of(path).is_some()) else { continue };
        let stale = ParameterBuilder::new()
            .name("Cache-Control")
            .parameter_in(ParameterIn::Header)
            .description(Some(
                "`max-stale=SECONDS`: an answer that is out of date for less (60 at the most) is as good; its `Age` says so",
            ))
            .schema(Some(ObjectBuilder::new().schema_type(Type::String)))
            .example(Some("max-stale=30".into()));
        operation.parameters.get_or_insert_default().push(stale.build().into());
    }
}

/// Answers about models hold every key, with null where nothing is known: the document says so, and a generated client
/// need not ask whether a key is there.
fn tell_every_key(document: &mut utoipa::openapi::OpenApi) {
    let whole = serde_json::to_value(&*document).unwrap_or_default();
    let mut answered = BTreeSet::new();
    for operation in whole["paths"].as_object().into_iter().flat_map(|paths| paths.values()).map(|path| &path["get"]) {
        let is_reading = operation["tags"].as_array().is_some_and(|tags| tags.iter().any(|tag| tag == "reading"));
        if is_reading {
            referenced(&operation["responses"]["200"], &whole, &mut answered);
        }
    }
    let Some(components) = &mut document.components else { return };
    for name in answered {
        if let Some(schema) = components.schemas.get_mut(&name) {
            require_all(schema);
        }
    }
}

/// Requires every key of a schema, and of those written inside it.
fn require_all(schema: &mut RefOr<Schema>) {
    let RefOr::T(schema) = schema else { return };
    match schema {
        Schema::Object(object) => {
            object.required = object.properties.keys().cloned().collect();
            object.properties.values_mut().for_each(require_all);
        }
        Schema::OneOf(one_of) => one_of.items.iter_mut().for_each(require_all),
        _ => {}
    }
}

/// The names of the schemas that a part of the document refers to, directly or by way of others.
fn referenced(part: &serde_json::Value, whole: &serde_json::Value, found: &mut BTreeSet<String>) {
    match part {
        serde_json::Value::Object(entries) => {
            let name = entries.get("$ref").and_then(|path| path.as_str()?.strip_prefix("#/components/schemas/"));
            if let Some(name) = name
                && found.insert(name.to_owned())
            {
                referenced(&whole["components"]["schemas"][name], whole, found);
            }
            entries.values().for_each(|entry| referenced(entry, whole, found));
        }
        serde_json::Value::Array(entries) => entries.iter().for_each(|entry| referenced(entry, whole, found)),
        _ => {}
    }
}

static DOCUMENT: LazyLock<String> =
    LazyLock::new(|| serde_json::to_string_pretty(&document()).unwrap_or_else(|_| "{}".to_owned()));

static PAGE: LazyLock<String> = LazyLock::new(|| docs::page(&serde_json::to_value(document()).unwrap_or_default()));

/// The document and a page for people; anybody who reaches the server may see them.
pub fn pages() -> Router<Arc<App>> {
    Router::new()
        .route("/openapi.json", get(|| async { ([(header::CONTENT_TYPE, "application/json")], DOCUMENT.as_str()) }))
        .route("/docs", get(|| async { Html(PAGE.as_str()) }))
        .route("/docs/style.css", get(style))
}

async fn style() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/css")], include_str!("docs.css"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_is_described_and_stands_on_the_page() {
        let document = serde_json::to_value(document()).unwrap();
        assert_eq!(document["openapi"], "3.1.0");
        let mut operations = 0;
        for (path, methods) in document["paths"].as_object().unwrap() {
            for (method, operation) in methods.as_object().unwrap() {
                operations += 1;
                assert!(!operation["summary"].as_str().unwrap_or_default().is_empty(), "{method} {path}");
                assert!(PAGE.contains(&format!("<code>{path}</code>")), "{path}");
                let answers = operation["responses"].as_object().unwrap();
                assert!(answers.keys().any(|status| status.starts_with('2')), "{method} {path}");
            }
        }
        assert!(operations >= 30);
        let finding = &document["components"]["schemas"]["Finding"];
        assert_eq!(
            finding["required"].as_array().map(Vec::len),
            finding["properties"].as_object().map(serde_json::Map::len)
        );
        assert_eq!(PAGE.matches("an object like this").count(), 1, "events are taken by one route");
        assert!(!PAGE.contains("<script") && !PAGE.contains('`'));
        // Every link of the page leads to something on it.
        let ids: Vec<&str> = PAGE.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        let links: Vec<&str> = PAGE.split("href=\"#").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        assert!(links.len() > operations && links.iter().all(|link| ids.contains(link)), "{links:?} {ids:?}");
        assert_eq!(ids.len(), ids.iter().collect::<std::collections::BTreeSet<_>>().len());
    }
}
