//! The `OpenAPI` document, made from the handlers and the types that they answer with.

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use utoipa::{IntoResponses, OpenApi};

use super::problem::Document as Problem;
use super::{live, routes};

/// What every question may be answered with.
#[derive(IntoResponses)]
#[allow(dead_code, reason = "it is only described")]
pub(super) enum Refused {
    /// What is asked is not as it should be.
    #[response(status = 400, content_type = "application/problem+json")]
    Malformed(Problem),
    /// This client asks too often; `retry-after` says when it may again.
    #[response(status = 429, content_type = "application/problem+json")]
    TooOften(Problem),
    /// The index cannot be read.
    #[response(status = 500, content_type = "application/problem+json")]
    Broken(Problem),
    /// Not now: the answer takes too long, or there is none yet; `retry-after` says when to ask again.
    #[response(status = 503, content_type = "application/problem+json")]
    Later(Problem),
}

/// Nothing is known of what is asked.
#[derive(IntoResponses)]
#[response(status = 404, content_type = "application/problem+json")]
#[allow(dead_code, reason = "it is only described")]
pub(super) struct Missing(Problem);

#[derive(OpenApi)]
#[openapi(
    info(
        title = "MulTEEverse gateway",
        description = "Ask and watch: which devices are trusted now, and why; what the network did. All of it is \
            reading. Lists are pages of `limit` from `offset` on; amounts are text; times are Unix seconds; scores are \
            basis points. A parameter that is not known is refused.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    paths(
        routes::network::health,
        routes::network::overview,
        routes::network::network,
        routes::epochs::epochs,
        routes::epochs::epoch,
        routes::epochs::graph,
        routes::epochs::marks,
        routes::devices::devices,
        routes::devices::devices_csv,
        routes::devices::device,
        routes::devices::evidence,
        routes::devices::blocks,
        routes::devices::trust,
        routes::ear::ear,
        routes::ear::ear_key,
        routes::epochs::block,
        routes::epochs::evidence,
        routes::epochs::quote,
        routes::epochs::received,
        routes::history::changes,
        live::stream::open,
        routes::history::decisions,
        routes::history::rewards,
        routes::network::search,
        routes::network::weights,
        routes::epochs::content,
        routes::network::metrics,
        document,
    ),
    components(schemas(live::HeadEvent, live::ReorgEvent, live::ResetEvent))
)]
struct Described;

/// The document, as text.
pub(super) fn text() -> String {
    // A document made of text and numbers always has a text.
    let text = Described::openapi().to_pretty_json().unwrap_or_default() + "\n";
    // The format registry knows `uint32` and its kin; utoipa hyphenates them.
    text.replace("\"format\": \"u-int", "\"format\": \"uint")
}

/// This document.
#[utoipa::path(get, path = "/openapi.json", responses((status = 200, description = "The document", body = Object), Refused))]
pub(super) async fn document() -> Response {
    let mut response = text().into_response();
    let kind = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn what_is_served_is_what_is_described() {
        let described: BTreeSet<String> = Described::openapi().paths.paths.into_keys().collect();
        let served: BTreeSet<String> = routes::TABLE.iter().map(|(path, _)| (*path).to_owned()).collect();
        assert_eq!(served, described);
    }

    /// `MULTEE_BLESS=1` writes it.
    #[test]
    fn the_committed_document_is_this_one() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json");
        if std::env::var_os("MULTEE_BLESS").is_some() {
            std::fs::write(path, text()).expect("written");
        }
        let committed = std::fs::read_to_string(path).expect("committed");
        assert!(committed == text(), "{path} is not what is served: bless it with MULTEE_BLESS=1");
    }
}
