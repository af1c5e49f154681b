//! Transactions as their senders signed them: EIP-1559, in EIP-2718's envelope.

use alloy_consensus::transaction::RlpEcdsaDecodableTx;
use alloy_consensus::{Signed, TxEip1559};
use alloy_primitives::{Bytes, TxKind};
use multee_chain::embedded::Authorised;
use multee_chain::{Once, Transaction};

use super::error::RpcError;

/// EIP-2718's byte for transactions of EIP-1559.
const EIP_1559: u8 = 2;

/// A transaction whose signature holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Raw {
    pub(crate) authorised: Authorised,
    pub(crate) signed: Signed<TxEip1559>,
}

/// Reads a transaction of this chain and checks its signature: by who it comes to, it is sent.
pub(crate) fn read(raw: &Bytes, chain_id: u64) -> Result<Raw, RpcError> {
    if raw.first() != Some(&EIP_1559) {
        return Err(RpcError::refused("transaction type not supported"));
    }
    let mut rest = raw.as_ref();
    let signed = TxEip1559::eip2718_decode(&mut rest)
        .map_err(|error| RpcError::refused(format!("transaction cannot be decoded: {error}")))?;
    if !rest.is_empty() {
        return Err(RpcError::refused("transaction cannot be decoded: bytes behind it"));
    }
    let transaction = signed.tx();
    if transaction.chain_id != chain_id {
        return Err(RpcError::refused("invalid chain id for signer"));
    }
    if !transaction.access_list.0.is_empty() {
        return Err(RpcError::refused("transaction type not supported: it has an access list"));
    }
    if transaction.max_priority_fee_per_gas > transaction.max_fee_per_gas {
        return Err(RpcError::refused("max priority fee per gas higher than max fee per gas"));
    }
    let signature = signed.signature();
    // The other half of the signatures is malleable, and no node takes it (EIP-2).
    if signature.normalize_s().is_some() {
        return Err(RpcError::refused("invalid sender"));
    }
    let sender = signature
        .recover_address_from_prehash(&signed.signature_hash())
        .map_err(|_| RpcError::refused("invalid sender"))?;
    let transaction = Transaction {
        to: match transaction.to {
            TxKind::Create => None,
            TxKind::Call(to) => Some(to),
        },
        data: transaction.input.clone(),
        value: transaction.value,
        gas_limit: transaction.gas_limit,
        once: Once::Nonce,
    };
    let authorised = Authorised { hash: *signed.hash(), sender, nonce: signed.tx().nonce, transaction };
    Ok(Raw { authorised, signed })
}
