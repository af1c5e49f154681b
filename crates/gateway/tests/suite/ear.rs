//! Tokens over HTTP, read by another library than the one that signed them.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use alloy_primitives::B256;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL;
use multee_gateway::ear::{Key, PublicKey, TokenError, verify};
use multee_gateway::serve::Config;
use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use serde_json::{Value, json};

use crate::served::{Served, config, lived, served};
use crate::town::device;

fn with_key() -> (Config, PublicKey) {
    let key = Key::generate().expect("a key");
    let public = key.public();
    (Config { ear_key: Some(Arc::new(key)), ..config() }, public)
}

/// The token that is answered, as text.
fn token(served: &Served, path: &str) -> String {
    let (status, kind, body) = served.raw("GET", path, "");
    assert_eq!((status, kind.as_str()), (200, "application/eat+jwt"), "{path}");
    String::from_utf8(body).expect("text")
}

/// Header and claims, checked by ring with the key that the gateway tells.
fn read(served: &Served, token: &str) -> (Value, Value) {
    let (status, kind, jwk) = served.raw("GET", "/v1/ear/key", "");
    assert_eq!((status, kind.as_str()), (200, "application/jwk+json"));
    let jwk: Value = serde_json::from_slice(&jwk).expect("JSON");
    let bytes = |text: &str| BASE64URL.decode(text).expect("base64url");
    let half = |name: &str| bytes(jwk[name].as_str().expect("text"));
    let point = [vec![4], half("x"), half("y")].concat();
    let parts: Vec<&str> = token.split('.').collect();
    let message = format!("{}.{}", parts[0], parts[1]);
    let signed = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point);
    signed.verify(message.as_bytes(), &bytes(parts[2])).expect("signed");
    let json = |part: &str| -> Value { serde_json::from_slice(&bytes(part)).expect("JSON") };
    let (header, claims) = (json(parts[0]), json(parts[1]));
    assert_eq!(header, json!({ "alg": "ES256", "typ": "JWT", "kid": jwk["kid"] }));
    (header, claims)
}

fn claims(served: &Served, path: &str) -> Value {
    read(served, &token(served, path)).1
}

fn path(number: u32, query: &str) -> String {
    format!("/v1/devices/{}/{query}", device(number))
}

#[test]
fn a_token_says_what_the_answer_says_and_that_it_is_a_gateways_word() {
    let dir = tempfile::tempdir().expect("a directory");
    let (config, _) = with_key();
    let served = served(dir.path(), lived(), config);
    let query = "min_score=9000&max_age=3";
    let (_, answer) = served.get(&path(1, &format!("trust?{query}")));
    assert_eq!(answer["verdict"], "trusted");
    let claims = claims(&served, &path(1, &format!("ear?{query}&nonce=AAAAAAAAAAA")));
    let submod = &claims["submods"][device(1).to_string()];
    assert_eq!(claims["eat_profile"], "tag:ietf.org,2026:rats/ear#04");
    assert_eq!((&claims["ear_status"], &submod["ear_status"]), (&json!("affirming"), &json!("affirming")));
    assert_eq!(claims["eat_nonce"], "AAAAAAAAAAA");
    assert_eq!(claims["iat"], served.now_s.load(Ordering::SeqCst));
    assert_eq!(claims["exp"], answer["valid_until_s"].as_u64().expect("a time") + 1);
    let verifier = &claims["ear_verifier_id"];
    assert_eq!(verifier["developer"], "MulTEEverse");
    assert!(verifier["build"].as_str().expect("text").starts_with("multee-gateway "));
    let told = &submod["ear_verifier_claims"];
    assert!(told["word"].as_str().expect("text").starts_with("one gateway's"), "{told}");
    assert_eq!(told["answer"], answer, "with contract, chain, block and hash");
    assert_eq!(submod["ear_appraisal_policy_ids"], json!(["multee:is-trusted?min_score=9000&max_age=3"]));
}

#[test]
fn who_is_not_trusted_is_not_affirmed() {
    let dir = tempfile::tempdir().expect("a directory");
    let (config, _) = with_key();
    let served = served(dir.path(), lived(), config);
    let status = |path: &str| {
        let claims = claims(&served, path);
        let submods = claims["submods"].as_object().expect("submods").clone();
        assert_eq!(submods.len(), 1);
        assert!(submods.values().all(|submod| submod["ear_status"] == claims["ear_status"]));
        claims["ear_status"].as_str().expect("text").to_owned()
    };
    assert_eq!(status(&path(1, "ear")), "affirming");
    assert_eq!(status(&path(1, "ear?max_age=1")), "warning", "too old");
    assert_eq!(status(&path(3, "ear")), "contraindicated", "suspended");
    assert_eq!(status(&format!("/v1/devices/{}/ear", B256::repeat_byte(9))), "none", "unknown");
}

/// The head's age, a clock that is wrong, a chain out of reach: whatever the answer calls stale is not affirmed, and what
/// was affirmed before expires with the second in which the answer becomes stale.
#[test]
fn nothing_stale_is_affirmed() {
    let dir = tempfile::tempdir().expect("a directory");
    let (config, key) = with_key();
    let served = served(dir.path(), lived(), config);
    let head_s = served.now_s.load(Ordering::SeqCst);
    let affirmed = token(&served, &path(1, "ear"));
    for (now_s, expected) in [
        (head_s + 120, "affirming"),
        (head_s + 121, "none"),
        (head_s - 15, "affirming"),
        (head_s - 16, "none"),
    ] {
        served.now_s.store(now_s, Ordering::SeqCst);
        let claims = claims(&served, &path(1, "ear"));
        assert_eq!(claims["ear_status"], expected, "{now_s}");
        assert!(claims["exp"].as_u64() > claims["iat"].as_u64(), "{claims}");
    }
    assert!(verify(&affirmed, &key, head_s + 120).is_ok());
    let expired = TokenError::Expired { expires_s: head_s + 121, now_s: head_s + 121 };
    assert_eq!(verify(&affirmed, &key, head_s + 121), Err(expired));
    served.now_s.store(head_s, Ordering::SeqCst);
    assert_eq!(claims(&served, &path(1, "ear"))["ear_status"], "affirming");
}

#[test]
fn what_a_chain_out_of_reach_told_last_is_not_affirmed() {
    let dir = tempfile::tempdir().expect("a directory");
    let (config, _) = with_key();
    let config = Config { touch_max: core::time::Duration::from_millis(200), ..config };
    let served = served(dir.path(), lived(), config);
    served.switch.off.store(true, Ordering::SeqCst);
    served.until("/health", |(_, health)| health["state"] == "out_of_touch");
    let claims = claims(&served, &path(1, "ear"));
    assert_eq!(claims["ear_status"], "none");
    let told = &claims["submods"][device(1).to_string()]["ear_verifier_claims"]["answer"];
    assert_eq!(told["reasons"][0]["code"], "out_of_touch", "{told}");
}

#[test]
fn what_is_asked_wrongly_or_of_a_gateway_without_a_key_is_a_problem() {
    let dir = tempfile::tempdir().expect("a directory");
    let with = served(dir.path(), lived(), with_key().0);
    for nonce in ["a".repeat(8), "-_AZaz09-".to_owned(), "_".repeat(88)] {
        assert_eq!(claims(&with, &path(1, &format!("ear?nonce={nonce}")))["eat_nonce"], nonce);
    }
    for nonce in ["AAAAAAA", &"A".repeat(89), "", "AAAAAAAAAAA=", "%22%7D%00AAAAAAAAA", &"A".repeat(12_000)] {
        assert_eq!(with.get(&path(1, &format!("ear?nonce={nonce}"))).0, 400, "{nonce}");
    }
    for query in ["min_score=10001", "max_age=-1", "nonces=1", "nonce=AAAAAAAAAAA&nonce=AAAAAAAAAAA"] {
        assert_eq!(with.get(&path(1, &format!("ear?{query}"))).0, 400, "{query}");
    }
    assert_eq!(with.get("/v1/devices/0x12/ear").0, 400);
    assert_eq!(with.get("/v1/ear/key?a=1").0, 400);
    let other = tempfile::tempdir().expect("a directory");
    let without = served(other.path(), lived(), config());
    for path in [path(1, "ear"), "/v1/ear/key".to_owned()] {
        let (status, problem) = without.get(&path);
        assert_eq!(status, 404, "{path}");
        assert!(problem["detail"].as_str().expect("text").contains("--ear-key"), "{problem}");
    }
}
