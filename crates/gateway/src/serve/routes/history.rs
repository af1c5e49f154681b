//! What happened.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;

use super::{Answer, Asked, query, read};
use crate::reader::{Decision, FeedItem, Listed, Reward};
use crate::serve::Shared;
use crate::serve::asked::HistoryQuery;
use crate::serve::document::Refused;

/// What happened, newest first: decisions, suspicions, and what befell seats and the network. `/v1/live` tells the same
/// as it happens.
#[utoipa::path(
    get,
    path = "/v1/changes",
    params(HistoryQuery),
    responses((status = 200, description = "What happened", body = Listed<FeedItem>), Refused)
)]
pub(in crate::serve) async fn changes(
    State(shared): State<Arc<Shared>>,
    asked: Asked<HistoryQuery>,
) -> Answer {
    let (filter, page) = query(asked)?.asked()?;
    Ok(Json(read(&shared, move |reader| reader.feed(filter, page)).await?).into_response())
}

/// Decisions on suspicious blocks, newest first.
#[utoipa::path(
    get,
    path = "/v1/decisions",
    params(HistoryQuery),
    responses((status = 200, description = "Decisions", body = Listed<Decision>), Refused)
)]
pub(in crate::serve) async fn decisions(
    State(shared): State<Arc<Shared>>,
    asked: Asked<HistoryQuery>,
) -> Answer {
    let (filter, page) = query(asked)?.asked()?;
    Ok(Json(read(&shared, move |reader| reader.decisions(filter, page)).await?).into_response())
}

/// What blocks took out of their epochs' pots, newest first.
#[utoipa::path(
    get,
    path = "/v1/rewards",
    params(HistoryQuery),
    responses((status = 200, description = "Rewards", body = Listed<Reward>), Refused)
)]
pub(in crate::serve) async fn rewards(
    State(shared): State<Arc<Shared>>,
    asked: Asked<HistoryQuery>,
) -> Answer {
    let (filter, page) = query(asked)?.asked()?;
    Ok(Json(read(&shared, move |reader| reader.rewards(filter, page)).await?).into_response())
}
