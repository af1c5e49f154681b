//! The gateway and the network.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;

use super::{Answer, Asked, query, read};
use crate::reader::{Hits, NetworkAnswer, Reader, WeightsAnswer};
use crate::serve::asked::{NoQuery, SearchQuery};
use crate::serve::document::Refused;
use crate::serve::metrics::Measured;
use crate::serve::overview::Overview;
use crate::serve::problem::{Document, Problem};
use crate::serve::{Health, Shared};

fn unread() -> Problem {
    let detail = "the contract's deployment was not read yet";
    Problem::later(StatusCode::SERVICE_UNAVAILABLE, 5, detail)
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
pub(in crate::serve) async fn health(State(shared): State<Arc<Shared>>, asked: Asked<NoQuery>) -> Answer {
    query(asked)?;
    let newest = read(&shared, Reader::newest).await?;
    let health = shared.health(newest);
    Ok((health.status(), Json(health)).into_response())
}

/// All that an overview shows: the network in numbers, the chain's head, the contract's money.
#[utoipa::path(
    get,
    path = "/v1/overview",
    responses((status = 200, description = "The overview", body = Overview), Refused)
)]
pub(in crate::serve) async fn overview(State(shared): State<Arc<Shared>>, asked: Asked<NoQuery>) -> Answer {
    query(asked)?;
    let numbers = read(&shared, Reader::numbers).await?.ok_or_else(unread)?;
    Ok(Json(Overview::of(&shared, numbers)).into_response())
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
pub(in crate::serve) async fn network(State(shared): State<Arc<Shared>>, asked: Asked<NoQuery>) -> Answer {
    query(asked)?;
    read(&shared, Reader::network).await?.map(|network| Json(network).into_response()).ok_or_else(unread)
}

/// Whatever begins so: seats and epochs by number; devices, accounts, blocks by digest, and content, by four hex digits or
/// more. What nothing can be called finds nothing.
#[utoipa::path(
    get,
    path = "/v1/search",
    params(SearchQuery),
    responses((status = 200, description = "What was found", body = Hits), Refused)
)]
pub(in crate::serve) async fn search(State(shared): State<Arc<Shared>>, asked: Asked<SearchQuery>) -> Answer {
    let hits = match query(asked)?.prefix()? {
        Some(prefix) => read(&shared, move |reader| reader.search(prefix)).await?,
        None => Hits { items: Vec::new() },
    };
    Ok(Json(hits).into_response())
}

/// What the marks of the last epochs' blocks weigh, and those of labelled devices among them.
#[utoipa::path(
    get,
    path = "/v1/weights",
    responses((status = 200, description = "The weights", body = WeightsAnswer), Refused)
)]
pub(in crate::serve) async fn weights(State(shared): State<Arc<Shared>>, asked: Asked<NoQuery>) -> Answer {
    query(asked)?;
    let of = Arc::clone(&shared);
    Ok(Json(read(&shared, move |reader| reader.weights(&of.config.labels)).await?).into_response())
}

/// What monitoring is told (Prometheus, `OpenMetrics`).
#[utoipa::path(
    get,
    path = "/metrics",
    responses((status = 200, description = "The metrics", content_type = "text/plain", body = String), Refused)
)]
pub(in crate::serve) async fn metrics(State(shared): State<Arc<Shared>>, asked: Asked<NoQuery>) -> Answer {
    query(asked)?;
    let (newest, database_bytes) =
        read(&shared, |reader| Ok((reader.newest()?, reader.size_bytes()?))).await?;
    let health = shared.health(newest);
    let measured = Measured {
        head_number: health.block_number.unwrap_or(0),
        head_time_s: health.timestamp_s.unwrap_or(0),
        head_age_s: health.age_s.unwrap_or(0),
        streams: shared.live.streams(),
        database_bytes,
    };
    let kind = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    Ok((kind, shared.metrics.text(&measured)).into_response())
}
