//! A gateway's token, checked without asking anybody.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use multee_gateway::ear::{Jwk, PublicKey, TOKEN_BYTES_MAX, TokenError, verify};
use serde_json::Value;

use super::args::TokenArgs;
use super::error::TrustError;
use super::text;
use crate::exit::{self, Exit};
use crate::verify::Moment;

/// Checks the token, prints what it says, and ends by it.
///
/// # Errors
/// When it is no token of that key, or answers another question.
pub(super) fn check(args: &TokenArgs) -> Result<Exit, TrustError> {
    let Moment(now_s) = args.now.unwrap_or_else(Moment::from_host_clock);
    let key = key(&args.key)?;
    let token = read(&args.file)?;
    let claims = match verify(token.trim_ascii(), &key, now_s) {
        Err(error @ TokenError::Expired { .. }) => {
            exit::explain(&TrustError::Token { path: args.file.clone(), source: error }.into());
            return Ok(Exit::UnknownOrStale);
        }
        verified => verified.map_err(|source| TrustError::Token { path: args.file.clone(), source })?,
    };
    let submod =
        answering(&claims, args).map_err(|why| TrustError::OtherQuestion { path: args.file.clone(), why })?;
    let shown = if args.json { format!("{claims:#}\n") } else { text::claimed(submod) };
    exit::print(&shown).map_err(TrustError::Unwritable)?;
    Ok(match submod["ear_status"].as_str() {
        Some("affirming") => Exit::Ok,
        Some("warning" | "contraindicated") => Exit::NotTrusted,
        _ => Exit::UnknownOrStale,
    })
}

/// What is claimed of the device, if the token answers what is asked here, or more.
fn answering<'a>(claims: &'a Value, args: &TokenArgs) -> Result<&'a Value, &'static str> {
    let device = args.device_id.to_string();
    let submods = claims["submods"].as_object().filter(|submods| submods.len() == 1);
    let submod = submods.and_then(|submods| submods.get(&device)).ok_or("it is about another device")?;
    let asked = &submod["ear_verifier_claims"]["answer"];
    if asked["min_score"].as_u64().is_none_or(|score| score < args.min_score.into()) {
        return Err("it answers for a lower score than --min-score");
    }
    if asked["max_age_epochs"].as_u64().is_none_or(|age| age > args.max_age_epochs.into()) {
        return Err("it answers for a greater age than --max-age");
    }
    if args.nonce.as_deref().is_some_and(|nonce| claims["eat_nonce"] != nonce) {
        return Err("it has another nonce, or none");
    }
    Ok(submod)
}

fn key(path: &Path) -> Result<PublicKey, TrustError> {
    let text = read(path)?;
    let no_key = |source| TrustError::PublicKey { path: path.to_owned(), source };
    let jwk: Jwk = serde_json::from_str(&text)
        .map_err(|_| no_key(multee_gateway::ear::KeyError::NotAJwk("it is no JSON of a key")))?;
    PublicKey::from_jwk(&jwk).map_err(no_key)
}

fn read(path: &Path) -> Result<String, TrustError> {
    let unreadable = |source| TrustError::Unreadable { path: path.to_owned(), source };
    let file = File::open(path).map_err(unreadable)?;
    let mut text = String::new();
    file.take(TOKEN_BYTES_MAX as u64 + 1).read_to_string(&mut text).map_err(unreadable)?;
    Ok(text)
}
