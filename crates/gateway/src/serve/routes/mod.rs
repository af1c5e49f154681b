//! What can be asked, and how it is answered. All of it is reading.

pub(super) mod devices;
pub(super) mod ear;
pub(super) mod epochs;
pub(super) mod history;
pub(super) mod network;

use std::sync::Arc;
use std::time::Instant;

use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{MatchedPath, Path, Query, Request, State};
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get};
use axum::{Json, Router};
use serde::Serialize;

use super::document::document;
use super::problem::Problem;
use super::{Shared, live, page};
use crate::reader::Reader;

pub(super) type Asked<T> = Result<Query<T>, QueryRejection>;
pub(super) type Named<T> = Result<Path<T>, PathRejection>;
pub(super) type Answer = Result<Response, Problem>;

type Route = (&'static str, fn() -> MethodRouter<Arc<Shared>>);

/// All that is served.
pub(super) const TABLE: [Route; 28] = [
    ("/health", || get(network::health)),
    ("/v1/overview", || get(network::overview)),
    ("/v1/network", || get(network::network)),
    ("/v1/epochs", || get(epochs::epochs)),
    ("/v1/epochs/{epoch}", || get(epochs::epoch)),
    ("/v1/epochs/{epoch}/graph", || get(epochs::graph)),
    ("/v1/epochs/{epoch}/marks", || get(epochs::marks)),
    ("/v1/devices", || get(devices::devices)),
    ("/v1/devices.csv", || get(devices::devices_csv)),
    ("/v1/devices/{id}", || get(devices::device)),
    ("/v1/devices/{id}/evidence", || get(devices::evidence)),
    ("/v1/devices/{id}/blocks", || get(devices::blocks)),
    ("/v1/devices/{id}/trust", || get(devices::trust)),
    ("/v1/devices/{id}/ear", || get(ear::ear)),
    ("/v1/ear/key", || get(ear::ear_key)),
    ("/v1/blocks/{epoch}/{order}", || get(epochs::block)),
    ("/v1/blocks/{epoch}/{order}/evidence", || get(epochs::evidence)),
    ("/v1/blocks/{epoch}/{order}/quote", || get(epochs::quote)),
    ("/v1/blocks/{epoch}/{order}/marks", || get(epochs::received)),
    ("/v1/changes", || get(history::changes)),
    ("/v1/live", || get(live::stream::open)),
    ("/v1/decisions", || get(history::decisions)),
    ("/v1/rewards", || get(history::rewards)),
    ("/v1/search", || get(network::search)),
    ("/v1/weights", || get(network::weights)),
    ("/v1/content/{hash}", || get(epochs::content)),
    ("/metrics", || get(network::metrics)),
    ("/openapi.json", || get(document)),
];

pub(super) fn router(shared: Arc<Shared>) -> Router {
    let served = TABLE.iter().fold(Router::new(), |router, (path, served)| router.route(path, served()));
    page::beside(served)
        .fallback(|| async { Problem::missing("there is no such path") })
        .method_not_allowed_fallback(|| async {
            Problem::new(StatusCode::METHOD_NOT_ALLOWED, "here is nothing but to be read: GET")
        })
        .layer(from_fn_with_state(Arc::clone(&shared), counted))
        .with_state(shared)
}

/// Counts questions by the routes that answer them.
async fn counted(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    let path = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let start = Instant::now();
    let response = next.run(request).await;
    shared.metrics.answered(path.as_deref(), response.status().as_u16(), start.elapsed());
    response
}

pub(super) fn query<T>(asked: Asked<T>) -> Result<T, Problem> {
    asked.map(|Query(query)| query).map_err(|rejection| Problem::malformed(rejection.body_text()))
}

pub(super) fn path<T>(named: Named<T>) -> Result<T, Problem> {
    named.map(|Path(named)| named).map_err(|rejection| Problem::malformed(rejection.body_text()))
}

pub(super) fn found<T: Serialize>(what: &str, found: Option<T>) -> Answer {
    found.map(|found| Json(found).into_response()).ok_or_else(|| Problem::missing(format!("no such {what}")))
}

async fn read<T: Send + 'static>(
    shared: &Arc<Shared>,
    ask: impl FnOnce(&Reader) -> Result<T, crate::index::IndexError> + Send + 'static,
) -> Result<T, Problem> {
    shared.read(ask).await
}
