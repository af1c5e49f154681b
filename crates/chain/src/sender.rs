//! Accounts that can send.

use std::sync::Arc;

use alloy_primitives::{Address, B256, Bytes, Signature};
use k256::ecdsa::SigningKey;

use crate::Unsigned;

/// An account together with what authorises its transactions: its secp256k1 key, or somebody who has it.
///
/// A key is wiped when the value is dropped and shown by nothing. The embedded chain lives in its
/// caller's process, so there having the value is authority enough and no signature is checked.
#[derive(Clone)]
pub struct Sender {
    address: Address,
    authority: Authority,
}

#[derive(Clone)]
enum Authority {
    Key(SigningKey),
    Signer(Arc<dyn SignTransaction>),
}

/// Signs transactions of accounts whose keys it keeps.
pub trait SignTransaction: Send + Sync {
    /// `transaction`, signed by `account`, in the form that chains take it (EIP-2718). The same question need not be
    /// answered with the same bytes again. The caller checks them.
    ///
    /// # Errors
    /// When the signer cannot be reached, refuses, or answers with something else.
    fn sign_transaction(&self, account: Address, transaction: &Unsigned) -> Result<Bytes, SignError>;
}

/// The bytes are no secp256k1 key: zero, or not below the group's order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a secp256k1 key")]
pub struct InvalidKey;

/// Why something is not signed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    /// The hash yields no signature. No such hash is known.
    #[error("the hash yields no signature")]
    NoSignature,
    /// A signer has the key, and signs whole transactions only.
    #[error("the key is a signer's, which signs transactions only")]
    TransactionsOnly,
    /// The signer gave no answer.
    #[error("signer at {place} is unreachable: {cause}")]
    Unreachable {
        /// Scheme, host and port.
        place: String,
        /// What stood in the way.
        cause: String,
    },
    /// The signer does not sign it: it may not have the key, or not allow the transaction.
    #[error("signer at {place} refuses: error {code}: {message}")]
    Refused {
        /// Scheme, host and port.
        place: String,
        /// Its error's code.
        code: i64,
        /// What it says, shortened.
        message: String,
    },
    /// What the signer answered is no signed EIP-1559 transaction, or more than that.
    #[error("the signer's answer is not a signed transaction of type 2")]
    Malformed,
    /// The signer signed something else.
    #[error("the signer signed another transaction than it was asked to")]
    OtherTransaction,
    /// The signer signed with another key.
    #[error("the signer signed as {found} instead of {expected}")]
    OtherAccount {
        /// Whose signature was asked for.
        expected: Address,
        /// Whose it is.
        found: Address,
    },
}

impl Sender {
    /// The account of this key.
    ///
    /// # Errors
    /// When the bytes are zero or not below the group's order.
    pub fn from_key(key: &[u8; 32]) -> Result<Self, InvalidKey> {
        let key = SigningKey::from_slice(key).map_err(|_| InvalidKey)?;
        let address = Address::from_private_key(&key);
        Ok(Self { address, authority: Authority::Key(key) })
    }

    /// An account whose key `signer` keeps. What it signs is checked each time.
    pub fn external(address: Address, signer: Arc<dyn SignTransaction>) -> Self {
        Self { address, authority: Authority::Signer(signer) }
    }

    /// The account's address.
    pub fn address(&self) -> Address {
        self.address
    }

    /// Signs a transaction's hash, deterministically (RFC 6979) and with low `s` (EIP-2).
    ///
    /// # Errors
    /// For an external signer, which signs transactions only. Else only for a hash that yields no signature, which no
    /// known hash does.
    pub fn sign(&self, hash: B256) -> Result<Signature, SignError> {
        let Authority::Key(key) = &self.authority else { return Err(SignError::TransactionsOnly) };
        let (signature, recovery) =
            key.sign_prehash_recoverable(hash.as_slice()).map_err(|_| SignError::NoSignature)?;
        Ok((signature, recovery).into())
    }

    /// Who keeps the key, unless it is here.
    pub(crate) fn signer(&self) -> Option<&dyn SignTransaction> {
        match &self.authority {
            Authority::Key(_) => None,
            Authority::Signer(signer) => Some(signer.as_ref()),
        }
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
