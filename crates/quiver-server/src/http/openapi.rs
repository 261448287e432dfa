//! The API as one table of routes, and its OpenAPI document made from it.

use super::{App, cloudevents, events, models, status};
use axum::Router;
use axum::http::header;
use axum::response::{Html, IntoResponse};
use axum::routing::get;
use std::fmt::Write;
use std::sync::{Arc, LazyLock};
use utoipa::OpenApi;
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
    tags(
        (name = "events", description = "Events in"),
        (name = "models", description = "Models, their specs, and what was concluded of them"),
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
    document
}

static DOCUMENT: LazyLock<String> =
    LazyLock::new(|| serde_json::to_string_pretty(&document()).unwrap_or_else(|_| "{}".to_owned()));

static PAGE: LazyLock<String> = LazyLock::new(|| page(&serde_json::to_value(document()).unwrap_or_default()));

/// The document and a page for people; anybody who reaches the server may see them.
pub fn pages() -> Router<Arc<App>> {
    Router::new()
        .route("/openapi.json", get(|| async { ([(header::CONTENT_TYPE, "application/json")], DOCUMENT.as_str()) }))
        .route("/docs", get(|| async { Html(PAGE.as_str()) }))
        .route("/docs/style.css", get(style))
        .route("/", get(|| async { axum::response::Redirect::temporary("/docs") }))
}

async fn style() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/css")], include_str!("docs.css"))
}

/// The document as a page without script.
fn page(document: &serde_json::Value) -> String {
    let text = |value: &serde_json::Value| escape(value.as_str().unwrap_or_default());
    let mut html = String::from(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Quiver API</title>\
         <meta name=\"viewport\" content=\"width=device-width\"><link rel=\"stylesheet\" href=\"/docs/style.css\"></head>\
         <body><main><h1>Quiver API</h1><p>Machine-readable: <a href=\"/openapi.json\">openapi.json</a> (OpenAPI 3.1). \
         Where the server asks for keys, send <code>Authorization: Bearer qvr_…</code>.</p>",
    );
    for (path, operations) in document["paths"].as_object().into_iter().flatten() {
        for (method, operation) in operations.as_object().into_iter().flatten() {
            // Writing into a String never fails.
            let _ = write!(
                html,
                "<section><h2><span class=\"method\">{}</span> <code>{}</code></h2><p>{}</p>",
                escape(&method.to_uppercase()),
                escape(path),
                text(&operation["summary"]),
            );
            let description = text(&operation["description"]);
            if !description.is_empty() {
                let _ = write!(html, "<p>{}</p>", description.replace("\n\n", "</p><p>"));
            }
            let parameters = operation["parameters"].as_array().into_iter().flatten().collect::<Vec<_>>();
            if !parameters.is_empty() {
                html.push_str("<h3>Parameters</h3><dl>");
                for parameter in parameters {
                    let _ = write!(
                        html,
                        "<dt><code>{}</code> <small>{}</small></dt><dd>{}</dd>",
                        text(&parameter["name"]),
                        text(&parameter["in"]),
                        text(&parameter["description"])
                    );
                }
                html.push_str("</dl>");
            }
            let bodies = operation["requestBody"]["content"].as_object();
            let kinds: Vec<String> =
                bodies.into_iter().flatten().map(|(kind, _)| format!("<code>{}</code>", escape(kind))).collect();
            if !kinds.is_empty() {
                let _ = write!(html, "<h3>Body</h3><p>{}</p>", kinds.join(" · "));
            }
            html.push_str("<h3>Answers</h3><dl>");
            for (status, answer) in operation["responses"].as_object().into_iter().flatten() {
                let _ = write!(html, "<dt>{}</dt><dd>{}</dd>", escape(status), text(&answer["description"]));
            }
            html.push_str("</dl></section>");
        }
    }
    html.push_str("</main></body></html>");
    html
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
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
        assert!(operations >= 12);
        assert!(!PAGE.contains("<script"));
    }

    #[test]
    fn descriptions_are_never_markup() {
        let page = page(&serde_json::json!({"paths": {"/<b>": {"get": {"summary": "<script>"}}}}));
        assert!(page.contains("&lt;script&gt;") && !page.contains("<script"));
    }
}
