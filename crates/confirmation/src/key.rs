//! The incarnation key: made at boot inside the TEE, gone with it.

use std::fmt;

use alloy_primitives::{Address, B256};
use k256::ecdsa::{RecoveryId, SigningKey};
use multee_protocol::{ConfirmationBlock, Deployment};
use rand_core::CryptoRngCore;
use serde::{Deserialize, Serialize};

/// A secp256k1 key that names an incarnation by its address and signs its blocks.
///
/// It cannot be read, copied or printed; its memory is overwritten when it is dropped.
pub struct IncarnationKey {
    secret: SigningKey,
    address: Address,
}

/// A signature in the compact form of EIP-2098.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Signature {
    /// The x coordinate of the ephemeral point.
    pub r: B256,
    /// s, below half the curve's order, with the parity of the ephemeral point's y in its top bit.
    pub vs: B256,
}

/// The library refused to sign; for a digest that is a hash this does not happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("block cannot be signed")]
pub struct SigningError;

impl IncarnationKey {
    /// A new key. `rng` must be the TEE's own source of randomness.
    pub fn generate(rng: &mut impl CryptoRngCore) -> Self {
        let secret = SigningKey::random(rng);
        let address = Address::from_public_key(secret.verifying_key());
        Self { secret, address }
    }

    /// The address that stands for the key.
    pub fn address(&self) -> Address {
        self.address
    }

    /// Signs a block for a deployment. Deterministic (RFC 6979).
    ///
    /// This is the bare key: [`ConfirmationApp`](crate::ConfirmationApp) is what signs once only.
    ///
    /// # Errors
    /// When the library refuses.
    pub fn sign(
        &self,
        block: &ConfirmationBlock,
        deployment: &Deployment,
    ) -> Result<Signature, SigningError> {
        let digest = block.digest(deployment);
        let (signature, parity) =
            self.secret.sign_prehash_recoverable(digest.as_slice()).map_err(|_| SigningError)?;
        Ok(Signature::compact(&signature, parity))
    }
}

impl Signature {
    /// s is low already: the library normalises it.
    fn compact(signature: &k256::ecdsa::Signature, parity: RecoveryId) -> Self {
        let (r, s) = signature.split_bytes();
        let mut vs: [u8; 32] = s.into();
        let [first, ..] = &mut vs;
        *first |= u8::from(parity.is_y_odd()) << 7;
        Self { r: B256::from(<[u8; 32]>::from(r)), vs: B256::from(vs) }
    }
}

impl fmt::Debug for IncarnationKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IncarnationKey").field("address", &self.address).finish_non_exhaustive()
    }
}
