//! The gateway and the network.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;

use super::{Answer, Asked, query, read};
use crate::reader::{Hits, NetworkAnswer, Reader, WeightsAnswer};
use crate::serve::asked::{NoQuery, SearchQuery};
use crate::serve::document::Refused;
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
