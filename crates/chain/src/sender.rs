//! Accounts that can send.

use alloy_primitives::{Address, B256, Signature};
use k256::ecdsa::SigningKey;

/// An account together with the secp256k1 key that authorises its transactions.
///
/// The key is wiped when the value is dropped and shown by nothing. The embedded chain lives in its
/// caller's process, so there holding the key is authority enough and no signature is checked.
#[derive(Clone)]
pub struct Sender {
    key: SigningKey,
    address: Address,
}

/// The bytes are no secp256k1 key: zero, or not below the group's order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a secp256k1 key")]
pub struct InvalidKey;

impl Sender {
    /// The account of this key.
    ///
    /// # Errors
    /// When the bytes are zero or not below the group's order.
    pub fn from_key(key: &[u8; 32]) -> Result<Self, InvalidKey> {
        let key = SigningKey::from_slice(key).map_err(|_| InvalidKey)?;
        let address = Address::from_private_key(&key);
        Ok(Self { key, address })
    }

    /// The account's address.
    pub fn address(&self) -> Address {
        self.address
    }

    /// Signs a transaction's hash, deterministically (RFC 6979) and with low `s` (EIP-2).
    ///
    /// # Errors
    /// Only for a hash that yields no signature, which no known hash does.
    pub fn sign(&self, hash: B256) -> Result<Signature, InvalidKey> {
        let (signature, recovery) =
            self.key.sign_prehash_recoverable(hash.as_slice()).map_err(|_| InvalidKey)?;
        Ok((signature, recovery).into())
    }
}

impl core::fmt::Debug for Sender {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Sender").field("address", &self.address).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::address;

    #[test]
    fn address_is_the_one_every_wallet_derives() {
        let mut key = [0; 32];
        key[31] = 1;
        let sender = Sender::from_key(&key).expect("a key");
        assert_eq!(sender.address(), address!("7E5F4552091A69125d5DfCb7b8C2659029395Bdf"));
    }

    #[test]
    fn signatures_recover_to_the_address() {
        let sender = Sender::from_key(&[7; 32]).expect("a key");
        let hash = B256::repeat_byte(9);
        let signature = sender.sign(hash).expect("signs");
        let recovered = signature.recover_address_from_prehash(&hash).expect("recovers");
        assert_eq!(recovered, sender.address());
        assert_eq!(signature, signature.normalized_s());
    }

    #[test]
    fn zero_and_the_order_are_no_keys_and_keys_are_not_shown() {
        assert_eq!(Sender::from_key(&[0; 32]).err(), Some(InvalidKey));
        assert_eq!(Sender::from_key(&[0xFF; 32]).err(), Some(InvalidKey));
        let shown = format!("{:?}", Sender::from_key(&[7; 32]).expect("a key"));
        assert!(!shown.contains("0707") && !shown.contains("[7, 7"), "{shown}");
    }
}
