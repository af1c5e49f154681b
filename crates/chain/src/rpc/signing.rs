//! Transactions as they are signed and sent: EIP-1559, in EIP-2718's envelope.

use alloy_consensus::transaction::RlpEcdsaEncodableTx;
use alloy_consensus::{SignableTransaction, TxEip1559};
use alloy_primitives::{B256, Bytes, TxKind};

use super::fees::Fees;
use super::journal::Entry;
use crate::{Refusal, Sender};

/// A transaction that an endpoint can be given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Signed {
    pub(super) hash: B256,
    pub(super) raw: Bytes,
}

/// Signatures are deterministic: the same entry and fees give the same bytes again.
pub(super) fn sign(sender: &Sender, chain_id: u64, entry: &Entry, fees: Fees) -> Result<Signed, Refusal> {
    let transaction = TxEip1559 {
        chain_id,
        nonce: entry.nonce,
        gas_limit: entry.transaction.gas_limit,
        max_fee_per_gas: fees.cap_wei,
        max_priority_fee_per_gas: fees.tip_wei,
        to: entry.transaction.to.map_or(TxKind::Create, TxKind::Call),
        value: entry.transaction.value,
        input: entry.transaction.data.clone(),
        ..TxEip1559::default()
    };
    let signature = sender
        .sign(transaction.signature_hash())
        .map_err(|error| Refusal::Invalid(format!("it cannot be signed: {error}")))?;
    let signed = transaction.into_signed(signature);
    let mut raw = Vec::new();
    signed.tx().eip2718_encode_with_type(signed.signature(), 2, &mut raw);
    Ok(Signed { hash: *signed.hash(), raw: raw.into() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Transaction;
    use alloy_primitives::{Address, U256, keccak256};

    #[test]
    fn the_hash_is_that_of_the_bytes_and_every_part_is_in_them() {
        let sender = Sender::from_key(&[7; 32]).expect("a key");
        let transaction = Transaction {
            data: Bytes::from_static(&[9]),
            ..Transaction::transfer(Address::ZERO, U256::from(3))
        };
        let entry = Entry {
            id: B256::ZERO,
            sender: sender.address(),
            nonce: 5,
            transaction,
            attempts: Vec::new(),
            settled: false,
        };
        let fees = Fees { cap_wei: 10, tip_wei: 1 };
        let sign = |chain_id, entry: &Entry, fees| sign(&sender, chain_id, entry, fees).expect("signs");
        let signed = sign(1, &entry, fees);
        assert_eq!(signed.raw.first(), Some(&2));
        assert_eq!(keccak256(&signed.raw), signed.hash);
        assert_eq!(sign(1, &entry, fees), signed);
        let with = |change: fn(&mut Entry)| {
            let mut other = entry.clone();
            change(&mut other);
            sign(1, &other, fees).hash
        };
        let others = [
            sign(2, &entry, fees).hash,
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
}
