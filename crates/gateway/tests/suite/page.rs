//! The page for people, as a browser gets it.

use crate::served::{config, header, lived, served};

#[test]
fn the_page_is_served_and_may_load_nothing_from_elsewhere() {
    let dir = tempfile::tempdir().expect("a folder");
    let served = served(dir.path(), lived(), config());
    for (path, kind) in
        [("/", "text/html"), ("/assets/app.js", "text/javascript"), ("/assets/app.css", "text/css")]
    {
        let (head, body) = served.answer(format!("GET {path} HTTP/1.1\r\nhost: here\r\n").as_bytes());
        assert!(head.starts_with("HTTP/1.1 200 "), "{path}: {head}");
        assert!(!body.is_empty());
        let said = |name: &str| header(&head, name).unwrap_or_default();
        assert_eq!(said("content-type"), format!("{kind}; charset=utf-8"));
        assert_eq!(
            said("content-security-policy"),
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
             base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        );
        assert_eq!(said("x-content-type-options"), "nosniff");
        assert_eq!(said("referrer-policy"), "no-referrer");
        assert_eq!(said("cache-control"), "no-cache");
        let again = format!("GET {path} HTTP/1.1\r\nhost: here\r\nif-none-match: {}\r\n", said("etag"));
        let (head, body) = served.answer(again.as_bytes());
        assert!(head.starts_with("HTTP/1.1 304 ") && body.is_empty(), "{path}: {head}");
    }
}
