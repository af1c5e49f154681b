//! What can be asked, and how it is answered. All of it is reading.

use std::sync::Arc;

use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get};
use axum::{Json, Router};
use serde::Serialize;

use super::asked::{DevicesQuery, NoQuery, PageQuery, TrustQuery, hash, number};
use super::document::{Missing, Refused, document};
use super::problem::{Document, Problem};
use super::{Health, Shared};
use crate::reader::{Block, DeviceAnswer, Epoch, Listed, MarkedBlock, NetworkAnswer, Reader, SeatSummary};
use crate::trust::TrustAnswer;

type Asked<T> = Result<Query<T>, QueryRejection>;
type Named<T> = Result<Path<T>, PathRejection>;
type Answer = Result<Response, Problem>;

/// Orders have 20 bits (R3).
const ORDER_MAX: u32 = (1 << 20) - 1;

type Route = (&'static str, fn() -> MethodRouter<Arc<Shared>>);

/// All that is served.
pub(super) const TABLE: [Route; 10] = [
    ("/health", || get(health)),
    ("/v1/network", || get(network)),
    ("/v1/epochs", || get(epochs)),
    ("/v1/epochs/{epoch}/marks", || get(marks)),
    ("/v1/devices", || get(devices)),
    ("/v1/devices/{id}", || get(device)),
    ("/v1/devices/{id}/trust", || get(trust)),
    ("/v1/blocks/{epoch}/{order}", || get(block)),
    ("/v1/content/{hash}", || get(content)),
    ("/openapi.json", || get(document)),
];

pub(super) fn router(shared: Arc<Shared>) -> Router {
    let served = TABLE.iter().fold(Router::new(), |router, (path, served)| router.route(path, served()));
    served
        .fallback(|| async { Problem::missing("there is no such path") })
        .method_not_allowed_fallback(|| async {
            Problem::new(StatusCode::METHOD_NOT_ALLOWED, "here is nothing but to be read: GET")
        })
        .with_state(shared)
}

fn query<T>(asked: Asked<T>) -> Result<T, Problem> {
    asked.map(|Query(query)| query).map_err(|rejection| Problem::malformed(rejection.body_text()))
}

fn path<T>(named: Named<T>) -> Result<T, Problem> {
    named.map(|Path(named)| named).map_err(|rejection| Problem::malformed(rejection.body_text()))
}

fn found<T: Serialize>(what: &str, found: Option<T>) -> Answer {
    found.map(|found| Json(found).into_response()).ok_or_else(|| Problem::missing(format!("no such {what}")))
}

async fn read<T: Send + 'static>(
    shared: &Arc<Shared>,
    ask: impl FnOnce(&Reader) -> Result<T, crate::index::IndexError> + Send + 'static,
) -> Result<T, Problem> {
    shared.read(ask).await
}

/// How the gateway is: 200; 206 while it reads the chain for the first time; 503 out of touch with the chain, or with
/// a stale head.
#[utoipa::path(
    get,
    path = "/health",
    responses(
        Refused,
        (status = 200, description = "All is well", body = Health),
        (status = 206, description = "The chain is being read for the first time", body = Health),
        (status = 503, description = "The chain does not answer, or its newest block is old; or this answer took too long",
            content((Health = "application/json"), (Document = "application/problem+json"))),
    )
)]
pub(super) async fn health(State(shared): State<Arc<Shared>>, asked: Asked<NoQuery>) -> Answer {
    query(asked)?;
    let newest = read(&shared, Reader::newest).await?;
    let health = shared.health(newest);
    Ok((health.status(), Json(health)).into_response())
}

/// Settings, parameters, reference values, and seats by tier.
#[utoipa::path(
    get,
    path = "/v1/network",
    responses(
        (status = 200, description = "The network", body = NetworkAnswer),
        Refused,
    )
)]
pub(super) async fn network(State(shared): State<Arc<Shared>>, asked: Asked<NoQuery>) -> Answer {
    query(asked)?;
    let network = read(&shared, Reader::network).await?;
    let unread = || {
        let detail = "the contract's deployment was not read yet";
        Problem::later(StatusCode::SERVICE_UNAVAILABLE, 5, detail)
    };
    network.map(|network| Json(network).into_response()).ok_or_else(unread)
}

/// Epochs, newest first.
#[utoipa::path(
    get,
    path = "/v1/epochs",
    params(PageQuery),
    responses(
        (status = 200, description = "Epochs", body = Listed<Epoch>),
        Refused,
    )
)]
pub(super) async fn epochs(State(shared): State<Arc<Shared>>, asked: Asked<PageQuery>) -> Answer {
    let page = query(asked)?.page()?;
    Ok(Json(read(&shared, move |reader| reader.epochs(page)).await?).into_response())
}

/// Who marked whom in an epoch, by block.
#[utoipa::path(
    get,
    path = "/v1/epochs/{epoch}/marks",
    params(("epoch" = u32, Path, description = "The epoch"), PageQuery),
    responses(
        (status = 200, description = "Blocks with the marks that they gave", body = Listed<MarkedBlock>),
        Missing,
        Refused,
    )
)]
pub(super) async fn marks(
    State(shared): State<Arc<Shared>>,
    named: Named<String>,
    asked: Asked<PageQuery>,
) -> Answer {
    let epoch = number("an epoch", &path(named)?, u32::MAX)?;
    let page = query(asked)?.page()?;
    found("opened epoch", read(&shared, move |reader| reader.marks(epoch, page)).await?)
}

/// Devices' seats.
#[utoipa::path(
    get,
    path = "/v1/devices",
    params(DevicesQuery),
    responses(
        (status = 200, description = "Seats", body = Listed<SeatSummary>),
        Refused,
    )
)]
pub(super) async fn devices(State(shared): State<Arc<Shared>>, asked: Asked<DevicesQuery>) -> Answer {
    let asked = query(asked)?;
    let (filter, sort, page) = (asked.filter()?, asked.sort()?, asked.page()?);
    Ok(Json(read(&shared, move |reader| reader.devices(&filter, sort, page)).await?).into_response())
}

/// One device: the seats that claim it, its score's arithmetic (of which `limit` and `offset` choose a part), what befell
/// it.
#[utoipa::path(
    get,
    path = "/v1/devices/{id}",
    params(("id" = String, Path, description = "The device id", pattern = "^0x[0-9a-fA-F]{64}$"), PageQuery),
    responses(
        (status = 200, description = "The device", body = DeviceAnswer),
        Missing,
        Refused,
    )
)]
pub(super) async fn device(
    State(shared): State<Arc<Shared>>,
    named: Named<String>,
    asked: Asked<PageQuery>,
) -> Answer {
    let id = hash("a device id", &path(named)?)?;
    let page = query(asked)?.page()?;
    found("device", read(&shared, move |reader| reader.device(id, page)).await?)
}

/// Whether a device is trusted now, and why (R17). Of a device that nobody knows the answer is `unknown`.
#[utoipa::path(
    get,
    path = "/v1/devices/{id}/trust",
    params(("id" = String, Path, description = "The device id", pattern = "^0x[0-9a-fA-F]{64}$"), TrustQuery),
    responses(
        (status = 200, description = "The answer", body = TrustAnswer),
        Refused,
    )
)]
pub(super) async fn trust(
    State(shared): State<Arc<Shared>>,
    named: Named<String>,
    asked: Asked<TrustQuery>,
) -> Answer {
    let question = query(asked)?.question(hash("a device id", &path(named)?)?)?;
    let clock = shared.clock();
    Ok(Json(read(&shared, move |reader| reader.trust(&question, &clock)).await?).into_response())
}

/// A confirmation block.
#[utoipa::path(
    get,
    path = "/v1/blocks/{epoch}/{order}",
    params(("epoch" = u32, Path, description = "The epoch"), ("order" = u32, Path, description = "The block's order in it", maximum = 1_048_575)),
    responses(
        (status = 200, description = "The block", body = Block),
        Missing,
        Refused,
    )
)]
pub(super) async fn block(
    State(shared): State<Arc<Shared>>,
    named: Named<(String, String)>,
    asked: Asked<NoQuery>,
) -> Answer {
    query(asked)?;
    let (epoch, order) = path(named)?;
    let (epoch, order) = (number("an epoch", &epoch, u32::MAX)?, number("an order", &order, ORDER_MAX)?);
    found("block", read(&shared, move |reader| reader.block(epoch, order)).await?)
}

/// The bytes with this keccak256, if the chain told them.
#[utoipa::path(
    get,
    path = "/v1/content/{hash}",
    params(("hash" = String, Path, description = "Their hash", pattern = "^0x[0-9a-fA-F]{64}$")),
    responses(
        (status = 200, description = "The bytes", content_type = "application/octet-stream", body = Vec<u8>),
        Missing,
        Refused,
    )
)]
pub(super) async fn content(
    State(shared): State<Arc<Shared>>,
    named: Named<String>,
    asked: Asked<NoQuery>,
) -> Answer {
    query(asked)?;
    let hash = hash("a hash", &path(named)?)?;
    let bytes = read(&shared, move |reader| reader.content(hash)).await?;
    let bytes = bytes.ok_or_else(|| Problem::missing("no such content"))?;
    let mut response = bytes.into_response();
    // What devices published is shown by nobody.
    for (name, value) in [
        (header::CONTENT_TYPE, "application/octet-stream"),
        (header::CONTENT_DISPOSITION, "attachment"),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    Ok(response)
}
