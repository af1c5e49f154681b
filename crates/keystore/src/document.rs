//! The JSON of a keystore, checked and limited. Numbers and lengths are held against what is in use before any work is
//! done with them.

use alloy_primitives::Address;
use serde::{Deserialize, Serialize};

use crate::kdf::{Demand, Kdf};
use crate::sealing::Sealed;

/// Bytes that a salt may have; those in use have 32.
const SALT_BYTES_MAX: usize = 64;
/// Bytes that are derived from the password.
const DERIVED_BYTES: u64 = 32;

/// A keystore as far as this program uses it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Document {
    /// Some wallets leave it out, so that a file does not tell whose it is.
    pub(crate) address: Option<Address>,
    pub(crate) kdf: Kdf,
    pub(crate) salt: Vec<u8>,
    pub(crate) sealed: Sealed,
}

#[derive(Deserialize, Serialize)]
struct Json {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    address: Option<String>,
    #[serde(alias = "Crypto")]
    crypto: Crypto,
    #[serde(default)]
    id: String,
    version: u64,
}

#[derive(Deserialize, Serialize)]
struct Crypto {
    cipher: String,
    cipherparams: CipherParams,
    ciphertext: String,
    kdf: String,
    kdfparams: KdfParams,
    mac: String,
}

#[derive(Deserialize, Serialize)]
struct CipherParams {
    iv: String,
}

/// Of scrypt n, r and p, of PBKDF2 c and prf.
#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
struct KdfParams {
    dklen: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    n: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    r: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    p: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    c: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    prf: Option<String>,
    salt: String,
}

impl Document {
    /// Reads a keystore. What the parser says of a file is not passed on: the file may be a password's.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, Demand> {
        let json: Json = serde_json::from_slice(bytes).map_err(|_| malformed("it is not the JSON of one"))?;
        if json.version != 3 {
            return Err(malformed("its version is another"));
        }
        let crypto = &json.crypto;
        if crypto.cipher != "aes-128-ctr" {
            return Err(malformed("its cipher is not aes-128-ctr"));
        }
        if crypto.kdfparams.dklen != DERIVED_BYTES {
            return Err(malformed("its dklen is not 32"));
        }
        let sealed = Sealed {
            iv: array(&crypto.cipherparams.iv, "its iv is not 16 bytes in hex")?,
            ciphertext: array(&crypto.ciphertext, "its ciphertext is not 32 bytes in hex")?,
            mac: array(&crypto.mac, "its mac is not 32 bytes in hex")?,
        };
        let address = json.address.as_deref().map(address).transpose()?;
        Ok(Self { address, kdf: kdf(crypto)?, salt: salt(&crypto.kdfparams.salt)?, sealed })
    }

    /// The JSON text, with `id`: 16 random bytes, which become a UUID.
    pub(crate) fn to_json(&self, id: [u8; 16]) -> Result<String, serde_json::Error> {
        let mut kdfparams =
            KdfParams { dklen: DERIVED_BYTES, salt: hex::encode(&self.salt), ..KdfParams::default() };
        let kdf = match self.kdf {
            Kdf::Scrypt(params) => {
                kdfparams.n = Some(params.n());
                kdfparams.r = Some(params.r().into());
                kdfparams.p = Some(params.p().into());
                "scrypt"
            }
            Kdf::Pbkdf2 { rounds } => {
                kdfparams.c = Some(rounds.into());
                kdfparams.prf = Some("hmac-sha256".to_owned());
                "pbkdf2"
            }
        };
        let crypto = Crypto {
            cipher: "aes-128-ctr".to_owned(),
            cipherparams: CipherParams { iv: hex::encode(self.sealed.iv) },
            ciphertext: hex::encode(self.sealed.ciphertext),
            kdf: kdf.to_owned(),
            kdfparams,
            mac: hex::encode(self.sealed.mac),
        };
        let id = uuid::Builder::from_random_bytes(id).into_uuid().to_string();
        serde_json::to_string_pretty(&Json { address: self.address.map(hex::encode), crypto, id, version: 3 })
    }
}

fn malformed(what: &'static str) -> Demand {
    Demand::Malformed(what)
}

fn kdf(crypto: &Crypto) -> Result<Kdf, Demand> {
    let params = &crypto.kdfparams;
    match (crypto.kdf.as_str(), params.n, params.r, params.p, params.c) {
        ("scrypt", Some(n), Some(r), Some(p), _) => Kdf::scrypt(n, r, p),
        ("pbkdf2", _, _, _, Some(rounds)) if params.prf.as_deref() == Some("hmac-sha256") => {
            Kdf::pbkdf2(rounds)
        }
        ("scrypt", ..) => Err(malformed("scrypt's n, r and p are not all there")),
        ("pbkdf2", ..) => Err(malformed("pbkdf2's c is not there, or its prf is not hmac-sha256")),
        _ => Err(malformed("its kdf is neither scrypt nor pbkdf2")),
    }
}

fn salt(text: &str) -> Result<Vec<u8>, Demand> {
    match hex::decode(text) {
        Ok(salt) if salt.len() <= SALT_BYTES_MAX => Ok(salt),
        _ => Err(malformed("its salt is not at most 64 bytes in hex")),
    }
}

fn array<const N: usize>(text: &str, what: &'static str) -> Result<[u8; N], Demand> {
    let mut bytes = [0; N];
    hex::decode_to_slice(text, &mut bytes).map_err(|_| malformed(what))?;
    Ok(bytes)
}

fn address(text: &str) -> Result<Address, Demand> {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    array(digits, "its address is not 20 bytes in hex").map(Address::new)
}

#[cfg(test)]
mod tests {
    use super::*;
    use zeroize::Zeroizing;

    fn document() -> Document {
        let sealed = Sealed::seal(&Zeroizing::new([3; 32]), &Zeroizing::new([5; 32]), [9; 16]);
        let kdf = Kdf::scrypt(2, 8, 1).expect("a kdf");
        Document { address: Some(Address::repeat_byte(1)), kdf, salt: vec![4; 32], sealed }
    }

    fn json() -> serde_json::Value {
        serde_json::from_str(&document().to_json([0xFF; 16]).expect("JSON")).expect("JSON")
    }

    fn parse(json: &serde_json::Value) -> Result<Document, Demand> {
        Document::parse(json.to_string().as_bytes())
    }

    #[test]
    fn what_is_written_reads_back_and_has_a_random_uuid() {
        assert_eq!(parse(&json()), Ok(document()));
        assert_eq!(json()["id"], "ffffffff-ffff-4fff-bfff-ffffffffffff");
        let other = Document { kdf: Kdf::pbkdf2(7).expect("a kdf"), address: None, ..document() };
        assert_eq!(Document::parse(other.to_json([0; 16]).expect("JSON").as_bytes()), Ok(other));
    }

    #[test]
    fn other_wallets_spellings_are_read() {
        let mut other = json();
        let crypto = other["crypto"].take();
        other["Crypto"] = crypto;
        other.as_object_mut().expect("an object").remove("crypto");
        other["address"] = format!("0x{}", hex::encode(Address::repeat_byte(1))).into();
        other["x-ethers"] = "something".into();
        assert_eq!(parse(&other), Ok(document()));
    }

    #[test]
    fn every_field_that_is_wrong_or_missing_is_refused() {
        let wrong = [
            ("/version", "4"),
            ("/address", "\"12\""),
            ("/crypto/cipher", "\"aes-128-cbc\""),
            ("/crypto/cipherparams/iv", "\"00\""),
            ("/crypto/ciphertext", "\"00\""),
            ("/crypto/mac", "\"zz\""),
            ("/crypto/kdf", "\"argon2\""),
            ("/crypto/kdf", "\"pbkdf2\""),
            ("/crypto/kdfparams/dklen", "64"),
            ("/crypto/kdfparams/n", "null"),
            ("/crypto/kdfparams/n", "3"),
            ("/crypto/kdfparams/n", "-1"),
            ("/crypto/kdfparams/salt", "\"0\""),
            ("/crypto", "null"),
        ];
        for (field, value) in wrong {
            let mut json = json();
            *json.pointer_mut(field).expect("a field") = serde_json::from_str(value).expect("JSON");
            assert!(matches!(parse(&json), Err(Demand::Malformed(_))), "{field} {value}");
        }
        let mut long = json();
        long["crypto"]["kdfparams"]["salt"] = "00".repeat(SALT_BYTES_MAX + 1).into();
        assert!(matches!(parse(&long), Err(Demand::Malformed(_))));
    }
}
