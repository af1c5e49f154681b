//! A gateway's key: P-256, in a PKCS#8 file; and its public half as a JWK (RFC 7517).

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL;
use p256::SecretKey;
use p256::ecdsa::signature::{Signer, Verifier};
use p256::ecdsa::{Signature, SigningKey, VerifyingKey};
use p256::pkcs8::{DecodePrivateKey, EncodePrivateKey, LineEnding};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;
use zeroize::Zeroizing;

/// Bytes of a coordinate, and of half a signature.
const HALF: usize = 32;

/// Why there is no key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The system gives no randomness.
    #[error("the system gives no randomness: {0}")]
    NoRandomness(String),
    /// Not a PEM file with a PKCS#8 key on P-256.
    #[error("it is no PKCS#8 key on P-256 in PEM")]
    NotAKey,
    /// Not a JWK of a key on P-256 that signs.
    #[error("it is no JWK of a P-256 key: {0}")]
    NotAJwk(&'static str),
}

/// A key that signs.
pub struct Key(SigningKey);

/// Whom a signature is checked against.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

/// A public key, as JWTs' readers take it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Jwk {
    /// `EC`.
    pub kty: String,
    /// `P-256`.
    pub crv: String,
    /// One coordinate, base64url.
    pub x: String,
    /// The other.
    pub y: String,
    /// `ES256`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alg: Option<String>,
    /// `sig`.
    #[serde(default, rename = "use", skip_serializing_if = "Option::is_none")]
    pub usage: Option<String>,
    /// Its thumbprint (RFC 7638), as tokens name it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kid: Option<String>,
}

impl Key {
    /// A new one.
    ///
    /// # Errors
    /// When the system gives no randomness.
    pub fn generate() -> Result<Self, KeyError> {
        loop {
            let mut bytes = Zeroizing::new([0; HALF]);
            getrandom::fill(&mut *bytes).map_err(|error| KeyError::NoRandomness(error.to_string()))?;
            // Not of zero, and not of the 2⁻³² of numbers at or above the curve's order.
            if let Ok(key) = SigningKey::from_slice(&*bytes) {
                return Ok(Self(key));
            }
        }
    }

    /// What [`Self::to_pem`] wrote, or `openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256`.
    ///
    /// # Errors
    /// When it is something else.
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        let secret = SecretKey::from_pkcs8_pem(text).map_err(|_| KeyError::NotAKey)?;
        Ok(Self(secret.into()))
    }

    /// The secret, as PKCS#8 in PEM.
    ///
    /// # Errors
    /// Never, as far as is known: there is an encoding of every key.
    pub fn to_pem(&self) -> Result<Zeroizing<String>, KeyError> {
        SecretKey::from(&self.0).to_pkcs8_pem(LineEnding::LF).map_err(|_| KeyError::NotAKey)
    }

    /// Its public half.
    pub fn public(&self) -> PublicKey {
        PublicKey(*self.0.verifying_key())
    }

    /// r ‖ s over SHA-256 of the message (ES256), deterministic (RFC 6979).
    pub(super) fn sign(&self, message: &[u8]) -> [u8; 2 * HALF] {
        let signature: Signature = self.0.sign(message);
        signature.to_bytes().into()
    }
}

impl core::fmt::Debug for Key {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Key").field("public", &self.public().thumbprint()).finish_non_exhaustive()
    }
}

impl PublicKey {
    /// What a JWK says.
    ///
    /// # Errors
    /// When it is another kind of key, for something else than signing with ES256, or none at all.
    pub fn from_jwk(jwk: &Jwk) -> Result<Self, KeyError> {
        if (jwk.kty.as_str(), jwk.crv.as_str()) != ("EC", "P-256") {
            return Err(KeyError::NotAJwk("kty and crv are not EC and P-256"));
        }
        if jwk.alg.as_deref().is_some_and(|alg| alg != "ES256") {
            return Err(KeyError::NotAJwk("alg is not ES256"));
        }
        if jwk.usage.as_deref().is_some_and(|usage| usage != "sig") {
            return Err(KeyError::NotAJwk("use is not sig"));
        }
        let half = |text: &str| BASE64URL.decode(text).ok().filter(|half| half.len() == HALF);
        let (Some(x), Some(y)) = (half(&jwk.x), half(&jwk.y)) else {
            return Err(KeyError::NotAJwk("x and y are not 32 bytes each in base64url"));
        };
        let point = [&[4], x.as_slice(), &y].concat();
        let key = VerifyingKey::from_sec1_bytes(&point)
            .map_err(|_| KeyError::NotAJwk("x and y are no point of the curve"))?;
        Ok(Self(key))
    }

    /// As a JWK.
    pub fn to_jwk(&self) -> Jwk {
        let (x, y) = self.coordinates();
        Jwk {
            kty: "EC".to_owned(),
            crv: "P-256".to_owned(),
            x,
            y,
            alg: Some("ES256".to_owned()),
            usage: Some("sig".to_owned()),
            kid: Some(self.thumbprint()),
        }
    }

    /// Its SHA-256 thumbprint (RFC 7638), base64url.
    pub fn thumbprint(&self) -> String {
        let (x, y) = self.coordinates();
        let least = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
        BASE64URL.encode(Sha256::digest(least))
    }

    pub(super) fn has_signed(&self, message: &[u8], signature: &[u8]) -> bool {
        Signature::from_slice(signature).is_ok_and(|signature| self.0.verify(message, &signature).is_ok())
    }

    fn coordinates(&self) -> (String, String) {
        let point = self.0.to_sec1_bytes();
        let (x, y) = point.get(1..).unwrap_or_default().split_at_checked(HALF).unwrap_or_default();
        (BASE64URL.encode(x), BASE64URL.encode(y))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The key of RFC 7515, appendix A.3, and of RFC 7517's examples.
    fn published() -> Jwk {
        serde_json::from_str(
            r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
                "y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#,
        )
        .expect("a JWK")
    }

    #[test]
    fn a_key_is_the_same_after_it_was_in_a_file() {
        let key = Key::generate().expect("a key");
        let again = Key::from_pem(&key.to_pem().expect("text")).expect("a key");
        assert_eq!(again.public(), key.public());
        assert_ne!(Key::generate().expect("a key").public(), key.public());
        assert_eq!(PublicKey::from_jwk(&key.public().to_jwk()), Ok(key.public()));
        assert!(!format!("{key:?}").contains("PRIVATE"));
        assert_eq!(Key::from_pem("").err(), Some(KeyError::NotAKey));
    }

    #[test]
    fn the_signature_of_rfc_7515_is_good() {
        let key = PublicKey::from_jwk(&published()).expect("a key");
        let message = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
        let signature = BASE64URL
            .decode("DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q")
            .expect("base64url");
        assert!(key.has_signed(message.as_bytes(), &signature));
        assert!(!key.has_signed(&message.as_bytes()[1..], &signature));
        assert!(!key.has_signed(message.as_bytes(), &signature[1..]));
    }

    #[test]
    fn what_is_no_jwk_of_such_a_key_is_refused() {
        for spoil in [
            |jwk: &mut Jwk| jwk.kty = "RSA".to_owned(),
            |jwk: &mut Jwk| jwk.crv = "P-384".to_owned(),
            |jwk: &mut Jwk| jwk.alg = Some("none".to_owned()),
            |jwk: &mut Jwk| jwk.usage = Some("enc".to_owned()),
            |jwk: &mut Jwk| jwk.x = jwk.x[1..].to_owned(),
            |jwk: &mut Jwk| jwk.y = jwk.x.clone(),
        ] {
            let mut jwk = published();
            spoil(&mut jwk);
            assert!(matches!(PublicKey::from_jwk(&jwk), Err(KeyError::NotAJwk(_))), "{jwk:?}");
        }
    }
}
