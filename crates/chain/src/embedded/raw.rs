//! Transactions that others signed.

use alloy_primitives::{Address, B256};

use super::Embedded;
use crate::{ChainError, Receipt, Transaction};

/// A transaction of which the caller knows, from a signature it checked, that its sender wants it executed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authorised {
    /// The hash by which the sender knows it; its receipt is kept under this.
    pub hash: B256,
    /// Who signed it.
    pub sender: Address,
    /// The one nonce of the sender's with which it may be executed.
    pub nonce: u64,
    /// What is to be executed. The nonce is what makes it unique: [`Transaction::once`] is not looked at.
    pub transaction: Transaction,
}

impl Embedded {
    /// Has a signed transaction executed, in a block of its own. No signature is checked here: that was the caller's.
    ///
    /// # Errors
    /// As [`send`](crate::Chain::send); [`ChainError::Refused`] also for another nonce than the sender's next.
    pub fn execute(&self, authorised: &Authorised) -> Result<Receipt, ChainError> {
        let Authorised { hash, sender, nonce, transaction } = authorised;
        self.lock()?.execute(*hash, *sender, *nonce, transaction)
    }
}
