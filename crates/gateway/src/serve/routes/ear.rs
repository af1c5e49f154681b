//! An answer of trust as a token that is signed by this gateway's key, and the key to check it with.

use std::sync::Arc;

use alloy_primitives::B256;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{Answer, Asked, Named, path, query, read};
use crate::ear::{self, Jwk, Key, Nonce};
use crate::serve::Shared;
use crate::serve::asked::{NoQuery, TrustQuery, hash};
use crate::serve::document::{Missing, Refused};
use crate::serve::problem::Problem;
use crate::trust::Question;

/// How trusted, and for whom the token is.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::serve) struct EarQuery {
    /// The least score, in basis points.
    #[param(value_type = Option<u16>, maximum = 10_000, default = 0)]
    min_score: Option<String>,
    /// How old its newest good block may be, in epochs.
    #[param(value_type = Option<u32>, maximum = 4_294_967_295_u32, default = 3)]
    max_age: Option<String>,
    /// What the token is to hold as `eat_nonce`: 8 to 88 characters of base64url (RFC 9711).
    #[param(value_type = Option<String>, pattern = "^[A-Za-z0-9_-]{8,88}$")]
    nonce: Option<String>,
}

impl EarQuery {
    fn read(self, device_id: B256) -> Result<(Question, Option<Nonce>), Problem> {
        let malformed = || Problem::malformed("nonce is 8 to 88 characters of base64url");
        let nonce = self.nonce.map(|text| Nonce::parse(&text).ok_or_else(malformed)).transpose()?;
        let Self { min_score, max_age, .. } = self;
        Ok((TrustQuery { min_score, max_age }.question(device_id)?, nonce))
    }
}

/// Whether a device is trusted now, as an EAT Attestation Result (draft-ietf-rats-ear-04): a JWT that this gateway's key
/// signed (ES256). It is this gateway's word, and expires when the gateway would say `stale`.
#[utoipa::path(
    get,
    path = "/v1/devices/{id}/ear",
    params(("id" = String, Path, description = "The device id", pattern = "^0x[0-9a-fA-F]{64}$"), EarQuery),
    responses(
        (status = 200, description = "The token", content_type = "application/eat+jwt", body = String),
        Missing,
        Refused,
    )
)]
pub(in crate::serve) async fn ear(
    State(shared): State<Arc<Shared>>,
    named: Named<String>,
    asked: Asked<EarQuery>,
) -> Answer {
    let device_id = hash("a device id", &path(named)?)?;
    let (question, nonce) = query(asked)?.read(device_id)?;
    let (key, clock) = (key_of(&shared)?, shared.clock());
    let token = read(&shared, move |reader| {
        let answer = reader.trust(&question, &clock)?;
        Ok(ear::token(&key, &answer, nonce.as_ref(), clock.now_s))
    });
    Ok(typed("application/eat+jwt", token.await?))
}

/// The key that this gateway's tokens are checked with, as a JWK. Who has it from here only trusts the connection.
#[utoipa::path(
    get,
    path = "/v1/ear/key",
    responses(
        (status = 200, description = "The key", content_type = "application/jwk+json", body = Jwk),
        Missing,
        Refused,
    )
)]
pub(in crate::serve) async fn ear_key(State(shared): State<Arc<Shared>>, asked: Asked<NoQuery>) -> Answer {
    query(asked)?;
    let jwk = key_of(&shared)?.public().to_jwk();
    // A document of texts always has a text.
    Ok(typed("application/jwk+json", serde_json::to_string(&jwk).unwrap_or_default()))
}

fn key_of(shared: &Shared) -> Result<Arc<Key>, Problem> {
    let none = || Problem::missing("this gateway signs nothing, for it was given no key (--ear-key)");
    shared.config.ear_key.clone().ok_or_else(none)
}

fn typed(kind: &'static str, body: String) -> Response {
    let mut response = body.into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}
