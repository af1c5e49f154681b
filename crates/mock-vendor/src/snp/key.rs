//! RSA keys of authorities and P-384 keys of machines, from the seed.
//!
//! AMD's authorities have keys of 4096 bits. These have 2048: the same scheme, made in a fraction of the time.

use p384::ecdsa::signature::Signer;
use p384::ecdsa::{Signature, SigningKey};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use rsa::pkcs8::EncodePublicKey;
use rsa::pss::SigningKey as PssKey;
use rsa::sha2::Sha384;
use rsa::signature::{RandomizedSigner, SignatureEncoding};
use rsa::{RsaPrivateKey, RsaPublicKey};
use sha2::Digest;
use yasna::models::ObjectIdentifier;

use crate::key::digest;
use crate::snp::SnpVendorError;

const BITS: usize = 2048;

/// An authority's key, which signs by RSA-PSS with SHA-384.
#[derive(Clone)]
pub(crate) struct AuthorityKey {
    seed: [u8; 32],
    secret: PssKey<Sha384>,
    public: Vec<u8>,
}

impl AuthorityKey {
    pub(crate) fn derive(seed: &[u8; 32], label: &str) -> Result<Self, SnpVendorError> {
        let seed = digest(seed, label);
        let secret = RsaPrivateKey::new(&mut ChaCha20Rng::from_seed(seed), BITS)?;
        let public = RsaPublicKey::from(&secret).to_public_key_der();
        let public = public.map_err(|_| SnpVendorError::KeyUnwritable)?.into_vec();
        Ok(Self { seed, secret: PssKey::new(secret), public })
    }

    /// `SubjectPublicKeyInfo`, DER.
    pub(crate) fn public(&self) -> &[u8] {
        &self.public
    }

    /// The salt follows from the key and the message.
    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        let salt = digest(&self.seed, &hex::encode(sha2::Sha256::digest(message)));
        self.secret.sign_with_rng(&mut ChaCha20Rng::from_seed(salt), message).to_vec()
    }
}

/// The key that signs a machine's reports.
#[derive(Clone)]
pub(crate) struct ReportKey(SigningKey);

impl ReportKey {
    pub(crate) fn derive(seed: &[u8; 32], label: &str) -> Self {
        let mut candidate = sha2::Sha384::new_with_prefix(digest(seed, label)).finalize();
        loop {
            // Fails for zero and for hashes at or above the curve's order, which do not come up.
            if let Ok(secret) = SigningKey::from_slice(&candidate) {
                return Self(secret);
            }
            candidate = sha2::Sha384::digest(candidate);
        }
    }

    /// `SubjectPublicKeyInfo`, DER.
    pub(crate) fn public(&self) -> Vec<u8> {
        const ID_EC_PUBLIC_KEY: [u64; 6] = [1, 2, 840, 10045, 2, 1];
        const SECP384R1: [u64; 5] = [1, 3, 132, 0, 34];
        let point = self.0.verifying_key().to_sec1_bytes();
        yasna::construct_der(|writer| {
            writer.write_sequence(|writer| {
                writer.next().write_sequence(|writer| {
                    writer.next().write_oid(&ObjectIdentifier::from_slice(&ID_EC_PUBLIC_KEY));
                    writer.next().write_oid(&ObjectIdentifier::from_slice(&SECP384R1));
                });
                writer.next().write_bitvec_bytes(&point, 8 * point.len());
            });
        })
    }

    /// As reports carry signatures: both numbers little endian in 72 bytes, then zeros.
    pub(crate) fn sign(&self, message: &[u8]) -> [u8; 512] {
        let signature: Signature = self.0.sign(message);
        let mut field = [0; 512];
        for (number, at) in signature.to_bytes().chunks(48).zip([0, 72]) {
            for (byte, place) in number.iter().rev().zip(&mut field[at..]) {
                *place = *byte;
            }
        }
        field
    }
}
