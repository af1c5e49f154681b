//! Devices, and whether they are trusted.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;

use super::{Answer, Asked, Named, found, path, query, read};
use crate::reader::{DeviceAnswer, EvidenceAnswer, Listed, OwnBlock, Reader, SeatSummary};
use crate::serve::asked::{AllDevicesQuery, DevicesQuery, NoQuery, PageQuery, TrustQuery, hash};
use crate::serve::document::{Missing, Refused};
use crate::serve::{Shared, csv};
use crate::trust::TrustAnswer;

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
pub(in crate::serve) async fn devices(
    State(shared): State<Arc<Shared>>,
    asked: Asked<DevicesQuery>,
) -> Answer {
    let asked = query(asked)?;
    let (filter, sort, page) = (asked.filter()?, asked.sort()?, asked.page()?);
    Ok(Json(read(&shared, move |reader| reader.devices(&filter, sort, page)).await?).into_response())
}

/// The same as a table for spreadsheets: at most 20,000 rows, without former scores.
#[utoipa::path(
    get,
    path = "/v1/devices.csv",
    params(AllDevicesQuery),
    responses((status = 200, description = "The table, with a head line", content_type = "text/csv", body = String), Refused)
)]
pub(in crate::serve) async fn devices_csv(
    State(shared): State<Arc<Shared>>,
    asked: Asked<AllDevicesQuery>,
) -> Answer {
    let asked = query(asked)?.listed();
    let (filter, sort) = (asked.filter()?, asked.sort()?);
    let ask = move |reader: &Reader| {
        reader.devices_at_length(&filter, sort, csv::ROWS_MAX).map(|seats| csv::table(&seats))
    };
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"devices.csv\""),
    ];
    Ok((headers, read(&shared, ask).await?).into_response())
}

/// One device: the seats that claim it, its score's arithmetic (of which `limit` and `offset` choose a part), what befell
/// it.
#[utoipa::path(
    get,
    path = "/v1/devices/{id}",
    params(("id" = String, Path, description = "The device id", pattern = "^0x[0-9a-fA-F]{64}$", example = "0x0000000000000000000000000000000000000000000000000000000000000001"), PageQuery),
    responses(
        (status = 200, description = "The device", body = DeviceAnswer),
        Missing,
        Refused,
    )
)]
pub(in crate::serve) async fn device(
    State(shared): State<Arc<Shared>>,
    named: Named<String>,
    asked: Asked<PageQuery>,
) -> Answer {
    let id = hash("a device id", &path(named)?)?;
    let page = query(asked)?.page()?;
    found("device", read(&shared, move |reader| reader.device(id, page)).await?)
}

/// A device's blocks, newest first.
#[utoipa::path(
    get,
    path = "/v1/devices/{id}/blocks",
    params(("id" = String, Path, description = "The device id", pattern = "^0x[0-9a-fA-F]{64}$"), PageQuery),
    responses(
        (status = 200, description = "Its blocks, with what came of them", body = Listed<OwnBlock>),
        Missing,
        Refused,
    )
)]
pub(in crate::serve) async fn blocks(
    State(shared): State<Arc<Shared>>,
    named: Named<String>,
    asked: Asked<PageQuery>,
) -> Answer {
    let id = hash("a device id", &path(named)?)?;
    let page = query(asked)?.page()?;
    found("device", read(&shared, move |reader| reader.blocks_of(id, page)).await?)
}

/// Whether a device is trusted now, and why (R17). Of a device that nobody knows the answer is `unknown`.
#[utoipa::path(
    get,
    path = "/v1/devices/{id}/trust",
    params(("id" = String, Path, description = "The device id", pattern = "^0x[0-9a-fA-F]{64}$", example = "0x0000000000000000000000000000000000000000000000000000000000000001"), TrustQuery),
    responses(
        (status = 200, description = "The answer", body = TrustAnswer),
        Refused,
    )
)]
pub(in crate::serve) async fn trust(
    State(shared): State<Arc<Shared>>,
    named: Named<String>,
    asked: Asked<TrustQuery>,
) -> Answer {
    let question = query(asked)?.question(hash("a device id", &path(named)?)?)?;
    let clock = shared.clock();
    Ok(Json(read(&shared, move |reader| reader.trust(&question, &clock)).await?).into_response())
}

/// What the evidence of a device's newest block says of itself: parsed, and NOT VERIFIED.
#[utoipa::path(
    get,
    path = "/v1/devices/{id}/evidence",
    operation_id = "evidence_of_device",
    params(("id" = String, Path, description = "The device id", pattern = "^0x[0-9a-fA-F]{64}$", example = "0x0000000000000000000000000000000000000000000000000000000000000001")),
    responses((status = 200, description = "What it says", body = EvidenceAnswer), Missing, Refused)
)]
pub(in crate::serve) async fn evidence(
    State(shared): State<Arc<Shared>>,
    named: Named<String>,
    asked: Asked<NoQuery>,
) -> Answer {
    query(asked)?;
    let id = hash("a device id", &path(named)?)?;
    found("block of such a device", read(&shared, move |reader| reader.evidence_of(id)).await?)
}
