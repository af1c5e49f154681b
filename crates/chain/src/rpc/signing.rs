//! Transactions as they are signed and sent: EIP-1559, in EIP-2718's envelope.

use alloy_consensus::transaction::{RlpEcdsaDecodableTx, RlpEcdsaEncodableTx};
use alloy_consensus::{SignableTransaction, TxEip1559};
use alloy_primitives::{Address, B256, Bytes, Signature, TxKind, keccak256};

use super::fees::Fees;
use super::journal::Entry;
use crate::{Sender, SignError, Unsigned};

/// A transaction that an endpoint can be given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Signed {
    pub(super) hash: B256,
    pub(super) raw: Bytes,
}

/// By the sender's key, or by who has it; what the latter says is believed only where it is what was asked.
pub(super) fn sign(sender: &Sender, chain_id: u64, entry: &Entry, fees: Fees) -> Result<Signed, SignError> {
    let unsigned = unsigned(chain_id, entry, fees);
    let transaction = encodable(&unsigned);
    let raw = match sender.signer() {
        Some(signer) => {
            let raw = signer.sign_transaction(sender.address(), &unsigned)?;
            check(&raw, &transaction, sender.address())?;
            raw
        }
        None => encode(&transaction, &sender.sign(transaction.signature_hash())?),
    };
    Ok(Signed { hash: keccak256(&raw), raw })
}

fn unsigned(chain_id: u64, entry: &Entry, fees: Fees) -> Unsigned {
    Unsigned {
        chain_id,
        nonce: entry.nonce,
        gas_limit: entry.transaction.gas_limit,
        cap_wei: fees.cap_wei,
        tip_wei: fees.tip_wei,
        to: entry.transaction.to,
        value: entry.transaction.value,
        data: entry.transaction.data.clone(),
    }
}

fn encodable(unsigned: &Unsigned) -> TxEip1559 {
    TxEip1559 {
        chain_id: unsigned.chain_id,
        nonce: unsigned.nonce,
        gas_limit: unsigned.gas_limit,
        max_fee_per_gas: unsigned.cap_wei,
        max_priority_fee_per_gas: unsigned.tip_wei,
        to: unsigned.to.map_or(TxKind::Create, TxKind::Call),
        value: unsigned.value,
        input: unsigned.data.clone(),
        ..TxEip1559::default()
    }
}

fn encode(transaction: &TxEip1559, signature: &Signature) -> Bytes {
    let mut raw = Vec::new();
    transaction.eip2718_encode_with_type(signature, 2, &mut raw);
    raw.into()
}

/// Exactly this transaction, signed by this account, with nothing before or behind it and the signature's one low form
/// (EIP-2): other bytes would be another transaction to the chain, or none.
fn check(raw: &Bytes, asked: &TxEip1559, account: Address) -> Result<(), SignError> {
    let mut fields = raw.strip_prefix(&[2]).ok_or(SignError::Malformed)?;
    let (found, signature) =
        TxEip1559::rlp_decode_with_signature(&mut fields).map_err(|_| SignError::Malformed)?;
    if found != *asked {
        return Err(SignError::OtherTransaction);
    }
    if encode(asked, &signature) != *raw || signature.normalize_s().is_some() {
        return Err(SignError::Malformed);
    }
    let found = signature.recover_address_from_prehash(&asked.signature_hash());
    let found = found.map_err(|_| SignError::Malformed)?;
    if found == account { Ok(()) } else { Err(SignError::OtherAccount { expected: account, found }) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{SignTransaction, Transaction};
    use alloy_primitives::U256;
    use std::sync::Arc;

    fn entry(sender: Address) -> Entry {
        let data = Bytes::from_static(&[9]);
        let transaction = Transaction { data, ..Transaction::transfer(Address::ZERO, U256::from(3)) };
        Entry { id: B256::ZERO, sender, nonce: 5, transaction, attempts: Vec::new(), settled: false }
    }

    const FEES: Fees = Fees { cap_wei: 10, tip_wei: 1 };

    #[test]
    fn the_hash_is_that_of_the_bytes_and_every_part_is_in_them() {
        let sender = Sender::from_key(&[7; 32]).expect("a key");
        let entry = entry(sender.address());
        let sign = |chain_id, entry: &Entry, fees| sign(&sender, chain_id, entry, fees).expect("signs");
        let signed = sign(1, &entry, FEES);
        assert_eq!(signed.raw.first(), Some(&2));
        assert_eq!(keccak256(&signed.raw), signed.hash);
        let with = |change: fn(&mut Entry)| {
            let mut other = entry.clone();
            change(&mut other);
            sign(1, &other, FEES).hash
        };
        let others = [
            sign(2, &entry, FEES).hash,
            sign(1, &entry, Fees { cap_wei: 11, tip_wei: 1 }).hash,
            sign(1, &entry, Fees { cap_wei: 10, tip_wei: 2 }).hash,
            with(|entry| entry.nonce = 6),
            with(|entry| entry.transaction.to = None),
            with(|entry| entry.transaction.value = U256::from(4)),
            with(|entry| entry.transaction.gas_limit = 21_000),
            with(|entry| entry.transaction.data = Bytes::new()),
        ];
        for (index, other) in others.iter().enumerate() {
            assert!(*other != signed.hash && !others[..index].contains(other), "{index}");
        }
    }

    /// A stand-in of a signer: it signs with this key what comes of the transaction, and then alters the bytes.
    struct StandIn {
        key: [u8; 32],
        change: fn(&mut Unsigned),
        alter: fn(Vec<u8>) -> Vec<u8>,
    }

    impl SignTransaction for StandIn {
        fn sign_transaction(&self, _: Address, transaction: &Unsigned) -> Result<Bytes, SignError> {
            let mut unsigned = transaction.clone();
            (self.change)(&mut unsigned);
            let transaction = encodable(&unsigned);
            let signature = Sender::from_key(&self.key).expect("a key").sign(transaction.signature_hash())?;
            Ok((self.alter)(encode(&transaction, &signature).to_vec()).into())
        }
    }

    fn by_signer(
        key: u8,
        change: fn(&mut Unsigned),
        alter: fn(Vec<u8>) -> Vec<u8>,
    ) -> Result<Signed, SignError> {
        let address = Sender::from_key(&[7; 32]).expect("a key").address();
        let sender = Sender::external(address, Arc::new(StandIn { key: [key; 32], change, alter }));
        sign(&sender, 1, &entry(address), FEES)
    }

    #[test]
    fn what_an_external_signer_signs_is_taken_if_it_is_what_was_asked() {
        let own = Sender::from_key(&[7; 32]).expect("a key");
        assert_eq!(by_signer(7, |_| {}, |raw| raw), sign(&own, 1, &entry(own.address()), FEES));
    }

    #[test]
    fn a_foreign_signature_is_refused() {
        let other = by_signer(8, |_| {}, |raw| raw);
        assert!(matches!(other, Err(SignError::OtherAccount { .. })), "{other:?}");
    }

    #[test]
    fn another_transaction_is_refused_in_whatever_it_differs() {
        let changes: [fn(&mut Unsigned); 8] = [
            |it| it.chain_id = 2,
            |it| it.nonce = 6,
            |it| it.gas_limit += 1,
            |it| it.cap_wei += 1,
            |it| it.tip_wei += 1,
            |it| it.to = Some(Address::repeat_byte(1)),
            |it| it.value = U256::from(4),
            |it| it.data = Bytes::from_static(&[8]),
        ];
        for change in changes {
            assert_eq!(by_signer(7, change, |raw| raw), Err(SignError::OtherTransaction));
        }
    }

    #[test]
    fn bytes_that_are_no_signed_transaction_or_more_than_one_are_refused() {
        let alterations: [fn(Vec<u8>) -> Vec<u8>; 4] = [
            |_| Vec::new(),
            |raw| raw[..raw.len() - 1].to_vec(),
            |mut raw| {
                raw.push(0);
                raw
            },
            |mut raw| {
                raw[0] = 1;
                raw
            },
        ];
        for alter in alterations {
            assert_eq!(by_signer(7, |_| {}, alter), Err(SignError::Malformed));
        }
    }
}
