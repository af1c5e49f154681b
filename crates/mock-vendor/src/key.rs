//! Keys and signatures from the seed, the same on every run.

use p256::ecdsa::signature::Signer;
use p256::ecdsa::{Signature, SigningKey};
use sha2::{Digest, Sha256};

/// A P-256 key that signs deterministically (RFC 6979).
#[derive(Clone)]
pub(crate) struct Key {
    secret: SigningKey,
    /// The public point, uncompressed: 4, then both coordinates.
    point: Vec<u8>,
}

impl Key {
    /// The key for `label` under `seed`.
    pub(crate) fn derive(seed: &[u8; 32], label: &str) -> Self {
        let mut candidate = digest(seed, label);
        loop {
            // Fails for zero and for the 2⁻³² of hashes at or above the curve's order.
            if let Ok(secret) = SigningKey::from_slice(&candidate) {
                let point = secret.verifying_key().to_sec1_bytes().to_vec();
                return Self { secret, point };
            }
            candidate = digest(&candidate, label);
        }
    }

    /// The coordinates x ‖ y, 64 bytes, as quotes carry keys.
    pub(crate) fn coordinates(&self) -> &[u8] {
        &self.point[1..]
    }

    /// r ‖ s over SHA-256 of the message, as quotes and collateral carry signatures.
    pub(crate) fn sign_raw(&self, message: &[u8]) -> [u8; 64] {
        let signature: Signature = self.secret.sign(message);
        signature.to_bytes().into()
    }

    /// What certificates call the key: the start of its hash.
    pub(crate) fn identifier(&self) -> Vec<u8> {
        Sha256::digest(&self.point)[..20].to_vec()
    }
}

impl rcgen::PublicKeyData for Key {
    fn der_bytes(&self) -> &[u8] {
        &self.point
    }

    fn algorithm(&self) -> &'static rcgen::SignatureAlgorithm {
        &rcgen::PKCS_ECDSA_P256_SHA256
    }
}

impl rcgen::SigningKey for Key {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        let signature: Signature = self.secret.sign(message);
        Ok(signature.to_der().as_bytes().to_vec())
    }
}

/// SHA-256 over a domain, the seed and a label: 32 bytes that look random and repeat.
pub(crate) fn digest(seed: &[u8; 32], label: &str) -> [u8; 32] {
    let hash = Sha256::new_with_prefix(b"multee/SIMULATED/v1").chain_update(seed).chain_update(label);
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_repeat_and_differ_by_seed_and_label() {
        let key = Key::derive(&[1; 32], "root");
        assert_eq!(key.point, Key::derive(&[1; 32], "root").point);
        assert_ne!(key.point, Key::derive(&[2; 32], "root").point);
        assert_ne!(key.point, Key::derive(&[1; 32], "leaf").point);
        assert_eq!((key.point.len(), key.point[0]), (65, 4));
        assert_eq!(key.sign_raw(b"message"), key.sign_raw(b"message"));
    }
}
