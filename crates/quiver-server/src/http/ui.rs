//! The web UI: its files, packed once, and its first page for every path that a page of it may have.

use super::problem::Problem;
use super::{App, guard};
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use flate2::Compression;
use flate2::write::GzEncoder;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};
use xxhash_rust::xxh3::xxh3_128;

/// Gives the bytes of a file of the UI, by its path without a leading slash.
pub type UiFiles = fn(&str) -> Option<Cow<'static, [u8]>>;

/// The first page.
const INDEX: &str = "index.html";

/// What the pages may do: run and show what this server gave, and talk to it. Charts are drawn on canvases and saved as
/// `blob:` pictures.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; \
                      font-src 'self'; connect-src 'self'; manifest-src 'self'; frame-ancestors 'none'; \
                      base-uri 'none'; form-action 'none'; object-src 'none'";

/// The files of the UI, as they are sent.
#[derive(Debug)]
pub struct Ui {
    files: UiFiles,
    packed: Mutex<BTreeMap<String, Arc<UiFile>>>,
}

#[derive(Debug)]
struct UiFile {
    plain: Bytes,
    packed: Option<Bytes>,
    tag: String,
    media_type: &'static str,
    is_named_by_content: bool,
}

impl Ui {
    /// The UI of those files.
    pub fn new(files: UiFiles) -> Self {
        Self { files, packed: Mutex::default() }
    }

    /// A file by its path; there are as many as were built in, so that all may be kept packed.
    fn file(&self, path: &str) -> Option<Arc<UiFile>> {
        if let Some(file) = self.packed.lock().unwrap_or_else(PoisonError::into_inner).get(path) {
            return Some(Arc::clone(file));
        }
        let plain = (self.files)(path)?;
        let packed = is_text(path).then(|| gzip(&plain)).flatten();
        let file = Arc::new(UiFile {
            tag: format!("\"{:032x}\"", xxh3_128(&plain)),
            packed,
            media_type: media_type(path),
            // Vite names these by a hash of what is in them.
            is_named_by_content: path.starts_with("assets/"),
            plain: Bytes::from(plain.into_owned()),
        });
        self.packed.lock().unwrap_or_else(PoisonError::into_inner).insert(path.to_owned(), Arc::clone(&file));
        Some(file)
    }
}

fn gzip(plain: &[u8]) -> Option<Bytes> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(plain).ok()?;
    encoder.finish().ok().map(Bytes::from)
}

fn is_text(path: &str) -> bool {
    ["html", "js", "css", "svg", "json", "webmanifest", "txt"].contains(&extension(path))
}

fn extension(path: &str) -> &str {
    path.rsplit_once('.').map_or("", |(_, extension)| extension)
}

fn media_type(path: &str) -> &'static str {
    match extension(path) {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "json" => "application/json",
        "webmanifest" => "application/manifest+json",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

/// Whether a path is one of the UI's: a page of it, or a file that pages need.
pub fn is_page(path: &str) -> bool {
    matches!(path, "/" | "/status" | "/not-built.css") || path.starts_with("/models/") || path.starts_with("/assets/")
}

/// Gives a file of the UI, or its first page where the path is one of its pages; a person who mistyped an address gets
/// the first page too, which says so, and a program the problem.
pub async fn page(State(app): State<Arc<App>>, method: Method, uri: Uri, headers: HeaderMap) -> Response {
    let path = uri.path();
    let is_read = matches!(method, Method::GET | Method::HEAD);
    if !is_page(path) || !is_read {
        let accepts = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let is_person = is_read && accepts.contains("text/html") && !path.starts_with("/v1/");
        return match app.ui.file(INDEX).filter(|_| is_person) {
            Some(file) => (StatusCode::NOT_FOUND, answer(&file, &HeaderMap::new())).into_response(),
            None => guard::no_such_route(uri).await.into_response(),
        };
    }
    let is_file = path.starts_with("/assets/") || path == "/not-built.css";
    match app.ui.file(if is_file { path.trim_start_matches('/') } else { INDEX }) {
        Some(file) => answer(&file, &headers),
        None => Problem::not_found("the web UI has no such file").into_response(),
    }
}

fn answer(file: &UiFile, headers: &HeaderMap) -> Response {
    let text = |name: header::HeaderName| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let cached = if file.is_named_by_content { "public, max-age=31536000, immutable" } else { "no-cache" };
    let mut response = Response::new(Body::empty());
    let given = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_TYPE, file.media_type),
        (header::CACHE_CONTROL, cached),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::VARY, "accept-encoding"),
    ] {
        given.insert(name, HeaderValue::from_static(value));
    }
    if let Ok(tag) = HeaderValue::from_str(&file.tag) {
        given.insert(header::ETAG, tag);
    }
    if super::read::names_tag(text(header::IF_NONE_MATCH), &file.tag) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        return response;
    }
    let accepts = text(header::ACCEPT_ENCODING).split(',').any(|part| part.trim().starts_with("gzip"));
    let body = match file.packed.as_ref().filter(|_| accepts) {
        Some(packed) => {
            given.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            packed.clone()
        }
        None => file.plain.clone(),
    };
    *response.body_mut() = Body::from(body);
    response
}
