//! Epochs, their blocks, and what these are made of.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderName, header};
use axum::response::IntoResponse;

use super::{Answer, Asked, Named, found, path, query, read};
use crate::reader::{Block, Epoch, EvidenceAnswer, Graph, Listed, MarkedBlock, ReceivedMarks};
use crate::serve::Shared;
use crate::serve::asked::{NoQuery, PageQuery, hash, number};
use crate::serve::document::{Missing, Refused};
use crate::serve::problem::Problem;

/// Orders have 20 bits (R3).
const ORDER_MAX: u32 = (1 << 20) - 1;

/// What devices published is shown by nobody.
const AS_A_FILE: [(HeaderName, &str); 2] =
    [(header::CONTENT_TYPE, "application/octet-stream"), (header::CONTENT_DISPOSITION, "attachment")];

fn block_id(named: Named<(String, String)>) -> Result<(u32, u32), Problem> {
    let (epoch, order) = path(named)?;
    Ok((number("an epoch", &epoch, u32::MAX)?, number("an order", &order, ORDER_MAX)?))
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
pub(in crate::serve) async fn epochs(State(shared): State<Arc<Shared>>, asked: Asked<PageQuery>) -> Answer {
    let page = query(asked)?.page()?;
    Ok(Json(read(&shared, move |reader| reader.epochs(page)).await?).into_response())
}

/// One epoch.
#[utoipa::path(
    get,
    path = "/v1/epochs/{epoch}",
    params(("epoch" = u32, Path, description = "The epoch", maximum = 4_294_967_295_u32, example = 2)),
    responses((status = 200, description = "The epoch", body = Epoch), Missing, Refused)
)]
pub(in crate::serve) async fn epoch(
    State(shared): State<Arc<Shared>>,
    named: Named<String>,
    asked: Asked<NoQuery>,
) -> Answer {
    query(asked)?;
    let epoch = number("an epoch", &path(named)?, u32::MAX)?;
    found("epoch", read(&shared, move |reader| reader.epoch(epoch)).await?)
}

/// Who judged whom in an epoch, as a graph: of seats up to 300 blocks, of tiers beyond.
#[utoipa::path(
    get,
    path = "/v1/epochs/{epoch}/graph",
    params(("epoch" = u32, Path, description = "The epoch", maximum = 4_294_967_295_u32, example = 2)),
    responses((status = 200, description = "The graph", body = Graph), Missing, Refused)
)]
pub(in crate::serve) async fn graph(
    State(shared): State<Arc<Shared>>,
    named: Named<String>,
    asked: Asked<NoQuery>,
) -> Answer {
    query(asked)?;
    let epoch = number("an epoch", &path(named)?, u32::MAX)?;
    found("opened epoch", read(&shared, move |reader| reader.graph(epoch)).await?)
}

/// Who marked whom in an epoch, by block.
#[utoipa::path(
    get,
    path = "/v1/epochs/{epoch}/marks",
    params(("epoch" = u32, Path, description = "The epoch", maximum = 4_294_967_295_u32, example = 2), PageQuery),
    responses(
        (status = 200, description = "Blocks with the marks that they gave", body = Listed<MarkedBlock>),
        Missing,
        Refused,
    )
)]
pub(in crate::serve) async fn marks(
    State(shared): State<Arc<Shared>>,
    named: Named<String>,
    asked: Asked<PageQuery>,
) -> Answer {
    let epoch = number("an epoch", &path(named)?, u32::MAX)?;
    let page = query(asked)?.page()?;
    found("opened epoch", read(&shared, move |reader| reader.marks(epoch, page)).await?)
}

/// A confirmation block.
#[utoipa::path(
    get,
    path = "/v1/blocks/{epoch}/{order}",
    params(("epoch" = u32, Path, description = "The epoch", maximum = 4_294_967_295_u32, example = 2), ("order" = u32, Path, description = "The block's order in it", maximum = 1_048_575, example = 0)),
    responses(
        (status = 200, description = "The block", body = Block),
        Missing,
        Refused,
    )
)]
pub(in crate::serve) async fn block(
    State(shared): State<Arc<Shared>>,
    named: Named<(String, String)>,
    asked: Asked<NoQuery>,
) -> Answer {
    query(asked)?;
    let (epoch, order) = block_id(named)?;
    found("block", read(&shared, move |reader| reader.block(epoch, order)).await?)
}

/// The marks on a confirmation block, by whom they were given.
#[utoipa::path(
    get,
    path = "/v1/blocks/{epoch}/{order}/marks",
    params(
        ("epoch" = u32, Path, description = "The epoch", maximum = 4_294_967_295_u32, example = 2),
        ("order" = u32, Path, description = "The block's order in it", maximum = 1_048_575, example = 0)
    ),
    responses((status = 200, description = "The marks", body = ReceivedMarks), Missing, Refused)
)]
pub(in crate::serve) async fn received(
    State(shared): State<Arc<Shared>>,
    named: Named<(String, String)>,
    asked: Asked<NoQuery>,
) -> Answer {
    query(asked)?;
    let (epoch, order) = block_id(named)?;
    found("block", read(&shared, move |reader| reader.marks_on(epoch, order)).await?)
}

/// What a block's published evidence says of itself: parsed, and NOT VERIFIED.
#[utoipa::path(
    get,
    path = "/v1/blocks/{epoch}/{order}/evidence",
    params(
        ("epoch" = u32, Path, description = "The epoch", maximum = 4_294_967_295_u32, example = 2),
        ("order" = u32, Path, description = "The block's order in it", maximum = 1_048_575, example = 0)
    ),
    responses((status = 200, description = "What it says", body = EvidenceAnswer), Missing, Refused)
)]
pub(in crate::serve) async fn evidence(
    State(shared): State<Arc<Shared>>,
    named: Named<(String, String)>,
    asked: Asked<NoQuery>,
) -> Answer {
    query(asked)?;
    let (epoch, order) = block_id(named)?;
    found("block", read(&shared, move |reader| reader.evidence(epoch, order)).await?)
}

/// A block's quote with the certificates in it, as its peers judge it and `multee verify` reads it.
#[utoipa::path(
    get,
    path = "/v1/blocks/{epoch}/{order}/quote",
    params(
        ("epoch" = u32, Path, description = "The epoch", maximum = 4_294_967_295_u32, example = 2),
        ("order" = u32, Path, description = "The block's order in it", maximum = 1_048_575, example = 0)
    ),
    responses(
        (status = 200, description = "The quote", content_type = "application/octet-stream", body = Vec<u8>),
        Missing,
        Refused,
    )
)]
pub(in crate::serve) async fn quote(
    State(shared): State<Arc<Shared>>,
    named: Named<(String, String)>,
    asked: Asked<NoQuery>,
) -> Answer {
    query(asked)?;
    let (epoch, order) = block_id(named)?;
    let bytes = read(&shared, move |reader| reader.quote(epoch, order)).await?;
    let bytes = bytes.ok_or_else(|| Problem::missing("no such block"))?;
    Ok((AS_A_FILE, bytes).into_response())
}

/// The bytes with this keccak256, if the chain told them.
#[utoipa::path(
    get,
    path = "/v1/content/{hash}",
    params(("hash" = String, Path, description = "Their hash", pattern = "^0x[0-9a-fA-F]{64}$", example = "0xb48d38f93eaa084033fc5970bf96e559c33c4cdc07d889ab00b4d63f9590739d")),
    responses(
        (status = 200, description = "The bytes", content_type = "application/octet-stream", body = Vec<u8>),
        Missing,
        Refused,
    )
)]
pub(in crate::serve) async fn content(
    State(shared): State<Arc<Shared>>,
    named: Named<String>,
    asked: Asked<NoQuery>,
) -> Answer {
    query(asked)?;
    let hash = hash("a hash", &path(named)?)?;
    let bytes = read(&shared, move |reader| reader.content(hash)).await?;
    let bytes = bytes.ok_or_else(|| Problem::missing("no such content"))?;
    let forever = [(header::CACHE_CONTROL, "public, max-age=31536000, immutable")];
    Ok((AS_A_FILE, forever, bytes).into_response())
}
