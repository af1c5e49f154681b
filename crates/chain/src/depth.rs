//! How deep a block is, and whether it is still the chain's.

use crate::{Chain, ChainError, Head, Receipt};

/// The block that `depth` blocks are on top of; at depth 0 the newest. `None` while the chain is shorter.
///
/// The deeper a block, the less likely a reorganisation takes it away.
///
/// # Errors
/// When the chain gives no answer.
pub fn head_at_depth<T: Chain + ?Sized>(chain: &T, depth: u64) -> Result<Option<Head>, ChainError> {
    let head = chain.head()?;
    match head.number.checked_sub(depth) {
        Some(number) if depth > 0 => chain.block(number),
        Some(_) => Ok(Some(head)),
        None => Ok(None),
    }
}

/// Whether the receipt's block is still the chain's. One that a reorganisation took away never happened.
///
/// # Errors
/// When the chain gives no answer.
pub fn is_canonical<T: Chain + ?Sized>(chain: &T, receipt: &Receipt) -> Result<bool, ChainError> {
    Ok(chain.block(receipt.block_number)?.is_some_and(|block| block.hash == receipt.block_hash))
}
