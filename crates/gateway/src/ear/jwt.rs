//! JWTs with ES256, and no other: what names another algorithm is no token here.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL;
use serde::Deserialize;
use serde_json::{Value, json};

use super::claims::PROFILE;
use super::key::{Key, PublicKey};

/// Bytes of a token: far more than there are.
pub const TOKEN_BYTES_MAX: usize = 64 * 1024;
/// Seconds that a token's clock may be ahead of its reader's.
const AHEAD_S_MAX: u64 = 60;

/// Why a token says nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Longer than [`TOKEN_BYTES_MAX`].
    #[error("it has more than {TOKEN_BYTES_MAX} bytes")]
    TooLong,
    /// Not a JWT with ES256 and claims in JSON.
    #[error("it is no JWT: {0}")]
    Malformed(&'static str),
    /// Another key signed it, or nobody did.
    #[error("this key did not sign it")]
    NotSigned,
    /// Its claims are not those of an attestation result.
    #[error("it is no attestation result: {0}")]
    NotAnEar(&'static str),
    /// It was issued later than it is.
    #[error("it is of the future: issued at {issued_at_s}, and it is {now_s}")]
    Early {
        /// When it was issued, Unix seconds.
        issued_at_s: u64,
        /// The time, Unix seconds.
        now_s: u64,
    },
    /// It holds no more.
    #[error("it expired at {expires_s}, and it is {now_s}")]
    Expired {
        /// From when on it does not hold, Unix seconds.
        expires_s: u64,
        /// The time, Unix seconds.
        now_s: u64,
    },
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    /// What a reader must understand: nothing is understood here.
    crit: Option<Value>,
}

#[derive(Deserialize)]
struct Times {
    iat: u64,
    exp: u64,
    eat_profile: String,
}

/// Claims, signed.
pub(super) fn sign(key: &Key, claims: &Value) -> String {
    let header = json!({ "alg": "ES256", "typ": "JWT", "kid": key.public().thumbprint() });
    let part = |value: &Value| BASE64URL.encode(value.to_string());
    let message = format!("{}.{}", part(&header), part(claims));
    let signature = BASE64URL.encode(key.sign(message.as_bytes()));
    format!("{message}.{signature}")
}

/// The claims of a token that this key signed, that is an attestation result, and that holds now. No network is needed.
///
/// # Errors
/// When it is none of that.
pub fn verify(token: &str, key: &PublicKey, now_s: u64) -> Result<Value, TokenError> {
    if token.len() > TOKEN_BYTES_MAX {
        return Err(TokenError::TooLong);
    }
    let (message, signature) =
        token.rsplit_once('.').ok_or(TokenError::Malformed("it has no three parts"))?;
    let (header, claims) = message.split_once('.').ok_or(TokenError::Malformed("it has no three parts"))?;
    let bytes =
        |part: &str| BASE64URL.decode(part).map_err(|_| TokenError::Malformed("a part is no base64url"));
    let header: Header = serde_json::from_slice(&bytes(header)?)
        .map_err(|_| TokenError::Malformed("its header names no algorithm"))?;
    if header.alg != "ES256" || header.crit.is_some() {
        return Err(TokenError::Malformed("its algorithm is not ES256, or its header asks for more"));
    }
    if !key.has_signed(message.as_bytes(), &bytes(signature)?) {
        return Err(TokenError::NotSigned);
    }
    let claims: Value = serde_json::from_slice(&bytes(claims)?)
        .map_err(|_| TokenError::Malformed("its claims are no JSON"))?;
    in_time(&claims, now_s)?;
    Ok(claims)
}

fn in_time(claims: &Value, now_s: u64) -> Result<(), TokenError> {
    let times =
        Times::deserialize(claims).map_err(|_| TokenError::NotAnEar("a profile or a time is missing"))?;
    let Times { iat: issued_at_s, exp: expires_s, eat_profile } = times;
    if eat_profile != PROFILE {
        return Err(TokenError::NotAnEar("its profile is another"));
    }
    if issued_at_s > now_s.saturating_add(AHEAD_S_MAX) {
        return Err(TokenError::Early { issued_at_s, now_s });
    }
    if now_s >= expires_s {
        return Err(TokenError::Expired { expires_s, now_s });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims() -> Value {
        json!({ "eat_profile": PROFILE, "iat": 1000, "exp": 1100, "submods": {} })
    }

    fn verified(claims: &Value, now_s: u64) -> Result<Value, TokenError> {
        let key = Key::generate().expect("a key");
        verify(&sign(&key, claims), &key.public(), now_s)
    }

    #[test]
    fn a_token_holds_from_its_time_until_it_expires() {
        assert_eq!(verified(&claims(), 1000), Ok(claims()));
        assert_eq!(verified(&claims(), 1099), Ok(claims()));
        assert_eq!(verified(&claims(), 1100), Err(TokenError::Expired { expires_s: 1100, now_s: 1100 }));
        assert_eq!(verified(&claims(), 940), Ok(claims()));
        assert_eq!(verified(&claims(), 939), Err(TokenError::Early { issued_at_s: 1000, now_s: 939 }));
        for field in ["eat_profile", "iat", "exp"] {
            let mut without = claims();
            without.as_object_mut().expect("an object").remove(field);
            assert!(matches!(verified(&without, 1000), Err(TokenError::NotAnEar(_))), "{field}");
        }
    }

    #[test]
    fn what_the_key_did_not_sign_is_no_token() {
        let key = Key::generate().expect("a key");
        let token = sign(&key, &claims());
        let other = Key::generate().expect("a key").public();
        assert_eq!(verify(&token, &other, 1000), Err(TokenError::NotSigned));
        // Every character counts, but for bits of the signature's last one that stand for nothing.
        for place in 0..token.len() - 1 {
            let mut changed = token.clone().into_bytes();
            changed[place] = if changed[place] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).expect("text");
            assert!(verify(&changed, &key.public(), 1000).is_err(), "{place}: {changed}");
        }
    }

    #[test]
    fn a_token_without_a_signature_or_with_another_algorithm_is_none() {
        let key = Key::generate().expect("a key");
        let part = |value: Value| BASE64URL.encode(value.to_string());
        for header in [
            json!({ "alg": "none" }),
            json!({ "alg": "HS256" }),
            json!({ "typ": "JWT" }),
            json!({ "alg": "ES256", "crit": ["b64"], "b64": false }),
        ] {
            let message = format!("{}.{}", part(header), part(claims()));
            let signature = BASE64URL.encode(key.sign(message.as_bytes()));
            for token in [format!("{message}."), format!("{message}.{signature}"), message] {
                assert!(
                    matches!(verify(&token, &key.public(), 1000), Err(TokenError::Malformed(_))),
                    "{token}"
                );
            }
        }
        let long = "A".repeat(TOKEN_BYTES_MAX + 1);
        assert_eq!(verify(&long, &key.public(), 1000), Err(TokenError::TooLong));
        for nothing in ["", ".", "..", "a.b.c", "\u{1f}.é.", "A.A.A"] {
            assert!(verify(nothing, &key.public(), 1000).is_err(), "{nothing}");
        }
    }
}
