//! The web app that is in the binary.
//!
//! Its pages name their files by an address with the version in it, and the modules name one another relative to that. So a
//! browser may keep every file for ever and on the next visit asks for the page alone. A page's styles are asked for at once, by
//! one address that names them all. Nobody has to build anything for that: the files themselves know nothing of it, and are at
//! their plain addresses, too.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_TYPE, ETAG, VARY};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use rust_embed::{Embed, EmbeddedFile};
use sha2::{Digest, Sha256};

use super::Part;
use super::plain::without_comments;
use crate::http::etag;

#[derive(Embed)]
#[folder = "$CARGO_MANIFEST_DIR/public/"]
struct Embedded;

/// More than any page has; so many small files are an answer like any other.
const MOST_STYLES: usize = 64;
const PAGE: &str = "index.html";
const ASK_AGAIN: HeaderValue = HeaderValue::from_static("no-cache");
const FOR_EVER: HeaderValue = HeaderValue::from_static("max-age=31536000, immutable");

/// Answers with the app's files.
#[derive(Clone)]
pub(super) struct BuiltIn {
    version: Arc<Mutex<String>>,
}

impl BuiltIn {
    pub(super) fn new() -> Self {
        Self { version: Arc::new(Mutex::new(version())) }
    }

    /// A file, or that the browser has it already.
    pub(super) fn answer(&self, request: &Request) -> Response {
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            return StatusCode::METHOD_NOT_ALLOWED.into_response();
        }
        let (versioned, path) = self.locate(request.uri().path().trim_start_matches('/'));
        let name = if path.is_empty() || path.ends_with('/') { format!("{path}{PAGE}") } else { path.to_owned() };
        let Some(files) = find(&name) else {
            return (StatusCode::NOT_FOUND, "There is nothing at this address.\n").into_response();
        };
        let is_page = name.ends_with(PAGE);
        let content = files.first().map(content_type).unwrap_or_default();
        let version = is_page.then(|| self.present_version());
        let tag = version.as_ref().map_or_else(|| tag(&files), |version| etag::weak(version));

        let known = etag::is_known(request.headers(), &tag);
        let mut response = if known {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            // Of HEAD, too: its headers are those of the whole answer.
            Response::new(match (files.as_slice(), version, name.rsplit_once('.')) {
                ([file], Some(version), _) => Body::from(page(file, &version)),
                ([file], None, Some((_, "js"))) => Body::from(without_comments(&String::from_utf8_lossy(&file.data))),
                _ => Body::from(files.iter().map(|file| &*file.data).collect::<Vec<_>>().concat()),
            })
        };
        let headers = response.headers_mut();
        let is_part = versioned && !is_page;
        headers.insert(CACHE_CONTROL, if is_part { FOR_EVER } else { ASK_AGAIN });
        headers.insert(VARY, ACCEPT_ENCODING.into());
        if let Ok(tag) = HeaderValue::try_from(tag) {
            headers.insert(ETAG, tag);
        }
        if let (false, Ok(content)) = (known, HeaderValue::try_from(content)) {
            headers.insert(CONTENT_TYPE, content);
        }
        if is_part {
            response.extensions_mut().insert(Part);
        }
        response
    }

    /// Takes the version off a path, and says whether it is this one. A page of another node may ask for another version while
    /// a cluster changes from one to the next: it gets what there is, but not to keep.
    fn locate<'path>(&self, path: &'path str) -> (bool, &'path str) {
        match path.strip_prefix("v/").and_then(|rest| rest.split_once('/')) {
            Some((version, file)) => (version == *self.current(), file),
            None => (false, path),
        }
    }

    /// The version that pages are to name.
    fn present_version(&self) -> String {
        let mut current = self.current();
        if cfg!(debug_assertions) {
            // Read from the disk, where somebody is at work.
            *current = version();
        }
        current.clone()
    }

    fn current(&self) -> MutexGuard<'_, String> {
        self.version.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A page with the version in the addresses of its files.
fn page(file: &EmbeddedFile, version: &str) -> String {
    let text = with_one_style(&String::from_utf8_lossy(&file.data));
    let mut parts = text.split("=\"/");
    let mut page = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let names_file = part.split_once('"').is_some_and(|(path, _)| path.split(',').all(|name| Embedded::get(name).is_some()));
        page.push_str("=\"/");
        if names_file {
            page.push_str("v/");
            page.push_str(version);
            page.push('/');
        }
        page.push_str(part);
    }
    page
}

/// Another one as soon as any file is another one.
fn version() -> String {
    let mut all = Sha256::new();
    for name in Embedded::iter() {
        if let Some(file) = Embedded::get(&name) {
            all.update(name.as_bytes());
            all.update(file.metadata.sha256_hash());
        }
    }
    etag::digits(all)
}

/// The file of this name, or the styles of these.
fn find(names: &str) -> Option<Vec<EmbeddedFile>> {
    let names: Vec<&str> = names.split(',').collect();
    let may_be_joined = names.len() == 1 || names.len() <= MOST_STYLES && names.iter().all(|name| name.ends_with(".css"));
    if may_be_joined { names.into_iter().map(Embedded::get).collect() } else { None }
}

/// The page with one link to all of its styles, in their order, in place of one to each.
fn with_one_style(page: &str) -> String {
    const LINK: &str = "<link rel=\"stylesheet\" href=\"/";
    let names: Vec<&str> = page.lines().filter_map(|line| line.trim().strip_prefix(LINK)?.split('"').next()).collect();
    let mut links = std::iter::once(format!("{LINK}{}\" />\n", names.join(",")));
    page.lines().map(|line| if line.trim().starts_with(LINK) { links.next().unwrap_or_default() } else { format!("{line}\n") }).collect()
}

fn tag(files: &[EmbeddedFile]) -> String {
    let mut all = Sha256::new();
    for file in files {
        all.update(file.metadata.sha256_hash());
    }
    etag::weak(&etag::digits(all))
}

fn content_type(file: &EmbeddedFile) -> String {
    let kind = file.metadata.mimetype();
    if kind.starts_with("text/") { format!("{kind}; charset=utf-8") } else { kind.to_owned() }
}
