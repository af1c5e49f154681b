//! The page for people: three files that `dashboard/` is bundled into, part of the program. Its views are fragments of
//! one address, so nothing but these paths is served for it.
//!
//! What the network says is data: the page may run no script and load nothing but what comes from here, whatever a
//! device or a chain tells it.

use std::sync::Arc;

use alloy_primitives::keccak256;
use axum::Router;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use super::Shared;

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
    connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// A file of the page.
#[derive(Clone, Copy, Debug)]
struct File {
    path: &'static str,
    kind: &'static str,
    bytes: &'static [u8],
}

const FILES: [File; 3] = [
    File {
        path: "/",
        kind: "text/html; charset=utf-8",
        bytes: include_bytes!("../../../../dashboard/dist/index.html"),
    },
    File {
        path: "/assets/app.js",
        kind: "text/javascript; charset=utf-8",
        bytes: include_bytes!("../../../../dashboard/dist/app.js"),
    },
    File {
        path: "/assets/app.css",
        kind: "text/css; charset=utf-8",
        bytes: include_bytes!("../../../../dashboard/dist/app.css"),
    },
];

/// The page's files beside what is served already.
pub(super) fn beside(router: Router<Arc<Shared>>) -> Router<Arc<Shared>> {
    FILES.iter().fold(router, |router, file| {
        let tag = tag(file.bytes);
        router.route(file.path, get(move |asked: HeaderMap| core::future::ready(answer(file, &tag, &asked))))
    })
}

/// A name for these bytes and no others.
fn tag(bytes: &[u8]) -> HeaderValue {
    let hash = keccak256(bytes);
    // Hex digits and quotes always are a header's value.
    HeaderValue::from_str(&format!("\"{hash:x}\"")).unwrap_or(HeaderValue::from_static("\"\""))
}

/// The file, or that whoever asks has it. It is asked for each time: another program serves another page.
fn answer(file: &File, tag: &HeaderValue, asked: &HeaderMap) -> Response {
    let mut response = if has(asked, tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        (StatusCode::OK, file.bytes).into_response()
    };
    let headers: [(HeaderName, HeaderValue); 6] = [
        (header::CONTENT_TYPE, HeaderValue::from_static(file.kind)),
        (header::ETAG, tag.clone()),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ];
    for (name, value) in headers {
        response.headers_mut().insert(name, value);
    }
    response
}

/// Whether a client says that it has these bytes (RFC 9110, 13.1.2).
fn has(asked: &HeaderMap, tag: &HeaderValue) -> bool {
    let told = asked.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    told.flat_map(|value| value.split(','))
        .any(|one| one.trim().trim_start_matches("W/").as_bytes() == tag.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(path: &str) -> &'static str {
        let file = FILES.iter().find(|file| file.path == path).expect("served");
        core::str::from_utf8(file.bytes).expect("text")
    }

    #[test]
    fn the_page_asks_for_nothing_but_what_is_served_with_it() {
        let page = text("/");
        for (attribute, served) in
            [(" src=\"", "/assets/app.js"), (" rel=\"stylesheet\" href=\"", "/assets/app.css")]
        {
            let named: Vec<&str> =
                page.split(attribute).skip(1).filter_map(|rest| rest.split('"').next()).collect();
            assert_eq!(named, [served]);
        }
        assert!(!page.contains(" style="), "the policy forbids style attributes");
        assert!(!page.contains("<style"), "the policy forbids style elements");
        assert!(!text("/assets/app.css").contains("url("), "styles load nothing");
    }

    #[test]
    fn licences_of_what_is_bundled_are_kept() {
        assert!(text("/assets/app.js").starts_with("/*! cytoscape "));
        assert!(text("/assets/app.js").contains("Permission is hereby granted, free of charge"));
    }

    #[test]
    fn who_has_the_bytes_is_told_so_and_is_sent_none() {
        let (file, tag) = (&FILES[1], tag(FILES[1].bytes));
        let asked = |value: &str| {
            let mut asked = HeaderMap::new();
            asked.insert(header::IF_NONE_MATCH, value.parse().expect("a value"));
            answer(file, &tag, &asked).status()
        };
        let name = tag.to_str().expect("text");
        assert_eq!(asked(name), StatusCode::NOT_MODIFIED);
        assert_eq!(asked(&format!("\"other\", W/{name}")), StatusCode::NOT_MODIFIED);
        assert_eq!(asked("\"other\""), StatusCode::OK);
        assert_eq!(answer(file, &tag, &HeaderMap::new()).status(), StatusCode::OK);
    }
}
