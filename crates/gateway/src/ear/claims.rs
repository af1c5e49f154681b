//! What a token claims of an answer.

use serde_json::{Map, Value, json};

use super::jwt;
use super::key::Key;
use crate::trust::{Reason, TrustAnswer, Verdict};

/// The profile of the claims: the draft whose names they have.
pub const PROFILE: &str = "tag:ietf.org,2026:rats/ear#04";
/// AR4SI: the instance is recognised, and not known to be compromised.
const RECOGNISED_INSTANCE: i8 = 2;
/// AR4SI: the instance is recognised, and not trustworthy.
const UNTRUSTWORTHY_INSTANCE: i8 = 96;
/// AR4SI: only approved executables were loaded at boot.
const APPROVED_BOOT: i8 = 3;
/// AR4SI: there are executables that are not recognised.
const UNRECOGNISED_EXECUTABLES: i8 = 33;

/// What a relying party chose, to see that a token was made for it (RFC 9711, `eat_nonce`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nonce(String);

impl Nonce {
    /// Text of 8 to 88 characters, as RFC 9711 (section 4.1) has it in JSON; of base64url's alphabet, since it comes in a
    /// URL. It is not decoded: 11 to 86 of them can be bytes.
    pub fn parse(text: &str) -> Option<Self> {
        let is_known = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        ((8..=88).contains(&text.len()) && text.bytes().all(is_known)).then(|| Self(text.to_owned()))
    }
}

/// A gateway's word on a device.
pub fn token(key: &Key, answer: &TrustAnswer, nonce: Option<&Nonce>, now_s: u64) -> String {
    jwt::sign(key, &claims(answer, nonce, now_s))
}

fn claims(answer: &TrustAnswer, nonce: Option<&Nonce>, now_s: u64) -> Value {
    let (status, vector) = appraised(answer);
    // What is stale can be said in the next second again.
    let expires_s = answer.valid_until_s.unwrap_or(now_s).saturating_add(1);
    let mut claims = json!({
        "eat_profile": PROFILE,
        "iat": now_s,
        "exp": expires_s,
        "ear_verifier_id": {
            "developer": "MulTEEverse",
            "build": concat!("multee-gateway ", env!("CARGO_PKG_VERSION")),
        },
        "ear_status": status,
        "submods": { answer.device_id.to_string(): submod(answer, status, &vector) },
    });
    if let (Some(Nonce(nonce)), Some(claims)) = (nonce, claims.as_object_mut()) {
        claims.insert("eat_nonce".to_owned(), nonce.as_str().into());
    }
    claims
}

fn submod(answer: &TrustAnswer, status: &str, vector: &Map<String, Value>) -> Value {
    let policy =
        format!("multee:is-trusted?min_score={}&max_age={}", answer.min_score, answer.max_age_epochs);
    let mut submod = json!({
        "ear_status": status,
        "ear_appraisal_policy_ids": [policy],
        "ear_verifier_claims": {
            "word": "one gateway's, of what it read of the contract; whoever doubts it asks the contract",
            "answer": answer,
        },
    });
    // An empty vector is none (draft, section 3).
    if let Some(submod) = submod.as_object_mut().filter(|_| !vector.is_empty()) {
        submod.insert("ear_trustworthiness_vector".to_owned(), vector.clone().into());
    }
    submod
}

/// Status and trustworthiness vector.
fn appraised(answer: &TrustAnswer) -> (&'static str, Map<String, Value>) {
    let mut vector = Map::new();
    let mut claim = |name: &str, value: i8| vector.insert(name.to_owned(), value.into());
    let status = match answer.verdict {
        Verdict::Trusted => {
            claim("instance-identity", RECOGNISED_INSTANCE);
            claim("executables", APPROVED_BOOT);
            "affirming"
        }
        Verdict::NotTrusted => {
            for told in &answer.reasons {
                match told.reason {
                    Reason::TierNotOperational { tier: "suspended" | "blocked" } => {
                        claim("instance-identity", UNTRUSTWORTHY_INSTANCE);
                    }
                    Reason::MeasurementNotAllowed { .. } => {
                        claim("executables", UNRECOGNISED_EXECUTABLES);
                    }
                    _ => {}
                }
            }
            if vector.is_empty() { "warning" } else { "contraindicated" }
        }
        Verdict::Unknown | Verdict::Stale => "none",
    };
    (status, vector)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trust::{Ask, Told};
    use alloy_primitives::B256;

    fn answer(verdict: Verdict, reasons: &[Reason]) -> TrustAnswer {
        let told = |reason: &Reason| Told { reason: *reason, text: reason.to_string() };
        let ask = Ask { solidity: String::new(), path: String::new(), cli: String::new() };
        TrustAnswer {
            verdict,
            reasons: reasons.iter().map(told).collect(),
            device_id: B256::repeat_byte(7),
            min_score: 9000,
            max_age_epochs: 3,
            device: None,
            epoch: Some(5),
            valid_until_s: (verdict != Verdict::Stale).then_some(1100),
            read_at: None,
            ask,
        }
    }

    #[test]
    fn the_status_is_the_worst_of_the_reasons() {
        let (score, age) = (
            Reason::ScoreBelow { score: 1, min_score: 2 },
            Reason::TooOld { age_epochs: 4, max_age_epochs: 3 },
        );
        let (suspended, probation) = (
            Reason::TierNotOperational { tier: "suspended" },
            Reason::TierNotOperational { tier: "probation" },
        );
        let measurement = Reason::MeasurementNotAllowed { epoch: 5 };
        for (verdict, reasons, status, vector) in [
            (Verdict::Trusted, &[][..], "affirming", json!({ "instance-identity": 2, "executables": 3 })),
            (Verdict::NotTrusted, &[score, age], "warning", json!({})),
            (Verdict::NotTrusted, &[probation], "warning", json!({})),
            (Verdict::NotTrusted, &[score, suspended], "contraindicated", json!({ "instance-identity": 96 })),
            (Verdict::NotTrusted, &[measurement, age], "contraindicated", json!({ "executables": 33 })),
            (Verdict::Unknown, &[Reason::NotBound], "none", json!({})),
            (Verdict::Stale, &[Reason::OutOfTouch], "none", json!({})),
        ] {
            let (is, of) = appraised(&answer(verdict, reasons));
            assert_eq!((is, Value::from(of)), (status, vector), "{verdict:?} {reasons:?}");
        }
    }

    #[test]
    fn a_token_expires_when_the_answer_would_be_stale() {
        assert_eq!(claims(&answer(Verdict::Trusted, &[]), None, 1000)["exp"], 1101);
        assert_eq!(claims(&answer(Verdict::Stale, &[Reason::OutOfTouch]), None, 1000)["exp"], 1001);
    }

    #[test]
    fn a_nonce_has_8_to_88_characters_of_base64url() {
        for (length, is_one) in [(7, false), (8, true), (25, true), (88, true), (89, false), (0, false)] {
            assert_eq!(Nonce::parse(&"-".repeat(length)).is_some(), is_one, "{length}");
        }
        assert_eq!(Nonce::parse("++++++++++++"), None, "base64, not base64url");
        assert_eq!(Nonce::parse("AAAAAAAAAAA="), None, "padded");
        let claims = claims(&answer(Verdict::Trusted, &[]), Nonce::parse("AAAAAAAAAAA").as_ref(), 1000);
        assert_eq!(claims["eat_nonce"], "AAAAAAAAAAA");
    }
}
