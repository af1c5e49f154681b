//! What can be asked, and how it is answered. All of it is reading.

use std::sync::Arc;

use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::Serialize;

use super::Shared;
use super::asked::{DevicesQuery, NoQuery, PageQuery, TrustQuery, hash, number};
use super::problem::Problem;
use crate::reader::Reader;

type Asked<T> = Result<Query<T>, QueryRejection>;
type Named<T> = Result<Path<T>, PathRejection>;
type Answer = Result<Response, Problem>;

/// Orders have 20 bits (R3).
const ORDER_MAX: u32 = (1 << 20) - 1;

pub(super) fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/health", get(health))
        .route("/v1/network", get(network))
        .route("/v1/epochs", get(epochs))
        .route("/v1/epochs/{epoch}/marks", get(marks))
        .route("/v1/devices", get(devices))
        .route("/v1/devices/{id}", get(device))
        .route("/v1/devices/{id}/trust", get(trust))
        .route("/v1/blocks/{epoch}/{order}", get(block))
        .route("/v1/content/{hash}", get(content))
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

async fn health(State(shared): State<Arc<Shared>>, asked: Asked<NoQuery>) -> Answer {
    query(asked)?;
    let newest = read(&shared, Reader::newest).await?;
    let health = shared.health(newest);
    Ok((health.status(), Json(health)).into_response())
}

async fn network(State(shared): State<Arc<Shared>>, asked: Asked<NoQuery>) -> Answer {
    query(asked)?;
    let network = read(&shared, Reader::network).await?;
    let unread = || {
        let detail = "the contract's deployment was not read yet";
        Problem::later(StatusCode::SERVICE_UNAVAILABLE, 5, detail)
    };
    network.map(|network| Json(network).into_response()).ok_or_else(unread)
}

async fn epochs(State(shared): State<Arc<Shared>>, asked: Asked<PageQuery>) -> Answer {
    let page = query(asked)?.page()?;
    Ok(Json(read(&shared, move |reader| reader.epochs(page)).await?).into_response())
}

async fn marks(State(shared): State<Arc<Shared>>, named: Named<String>, asked: Asked<PageQuery>) -> Answer {
    let epoch = number("an epoch", &path(named)?, u32::MAX)?;
    let page = query(asked)?.page()?;
    found("opened epoch", read(&shared, move |reader| reader.marks(epoch, page)).await?)
}

async fn devices(State(shared): State<Arc<Shared>>, asked: Asked<DevicesQuery>) -> Answer {
    let asked = query(asked)?;
    let (filter, sort, page) = (asked.filter()?, asked.sort()?, asked.page()?);
    Ok(Json(read(&shared, move |reader| reader.devices(&filter, sort, page)).await?).into_response())
}

async fn device(State(shared): State<Arc<Shared>>, named: Named<String>, asked: Asked<PageQuery>) -> Answer {
    let id = hash("a device id", &path(named)?)?;
    let page = query(asked)?.page()?;
    found("device", read(&shared, move |reader| reader.device(id, page)).await?)
}

async fn trust(State(shared): State<Arc<Shared>>, named: Named<String>, asked: Asked<TrustQuery>) -> Answer {
    let question = query(asked)?.question(hash("a device id", &path(named)?)?)?;
    let clock = shared.clock();
    Ok(Json(read(&shared, move |reader| reader.trust(&question, &clock)).await?).into_response())
}

async fn block(
    State(shared): State<Arc<Shared>>,
    named: Named<(String, String)>,
    asked: Asked<NoQuery>,
) -> Answer {
    query(asked)?;
    let (epoch, order) = path(named)?;
    let (epoch, order) = (number("an epoch", &epoch, u32::MAX)?, number("an order", &order, ORDER_MAX)?);
    found("block", read(&shared, move |reader| reader.block(epoch, order)).await?)
}

async fn content(State(shared): State<Arc<Shared>>, named: Named<String>, asked: Asked<NoQuery>) -> Answer {
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
