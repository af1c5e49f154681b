//! Whether a chain can carry a network: what is measured before a founder pays for anything.
//!
//! An epoch's seed is the hash of a block a few blocks after its opening, asked for by the contract with `BLOCKHASH`
//! within 256 blocks (R2). So that opcode must give what the chain's headers say, for 256 blocks back and counted as
//! the headers count, and nobody may know a hash long before its block. The first is measured here. The second cannot
//! be: what is known of chains is in a list ([`KnownChain`]), explained in docs/chains.md.

mod code;
mod known;
mod report;

use alloy_primitives::{B256, Bytes, U64};
use serde_json::json;

use super::Rpc;
use super::client::Block;
use super::fault::Fault;
use super::outcome;
use super::pool::Visit;
use crate::{Answer, CALL_GAS_MAX, ChainError, Limit};

pub use code::HASHES;
pub use known::{KnownChain, known_chain};
pub use report::{Finding, Report, Severity};

/// Blocks that block time can be measured over.
pub const SPAN_BLOCKS_MAX: u64 = 100_000;

/// What was read of a chain.
struct Measured {
    chain_id: u64,
    head: Block,
    /// The block that many blocks back that block time is measured from; the first, if the chain is shorter.
    start: Block,
    /// What a contract saw: the number of its block, and the hashes of those before, from the last one back.
    seen: Option<(u64, Vec<B256>)>,
    /// Of some of these blocks, the hash in their header, by how far they are back.
    headers: Vec<(u64, B256)>,
}

impl Rpc {
    /// Measures the chain, at the endpoint that is asked first, with block time as the mean of `span_blocks` blocks.
    /// Costs nothing.
    ///
    /// # Errors
    /// [`ChainError::Limit`] above [`SPAN_BLOCKS_MAX`], and when there is no answer. What is wrong with the chain is no
    /// error: see [`Report::findings`].
    pub fn probe(&self, span_blocks: u64) -> Result<Report, ChainError> {
        Limit::ProbedBlocks.check(span_blocks, SPAN_BLOCKS_MAX)?;
        Ok(Report::of(&self.pool.ask(|visit| measure(visit, self.chain_id, span_blocks))?))
    }
}

fn measure(visit: &Visit<'_>, chain_id: u64, span_blocks: u64) -> Result<Measured, Fault> {
    let head = visit.head;
    let start = block(visit, head.number.saturating_sub(span_blocks))?;
    let seen = look_from_within(visit, head.number)?;
    let mut headers = Vec::new();
    for back in [1, 2, 64, HASHES] {
        if let Some(number) = head.number.checked_sub(back) {
            headers.push((back, block(visit, number)?.hash));
        }
    }
    Ok(Measured { chain_id, head, start, seen, headers })
}

fn block(visit: &Visit<'_>, number: u64) -> Result<Block, Fault> {
    visit.client.block(number)?.ok_or_else(|| Fault::Malformed(format!("there is no block {number}")))
}

/// Executes a creation's code in a call: so it needs no contract, and nobody pays. `None` if it breaks off, as it does
/// on a machine without Shanghai's and Cancun's opcodes.
fn look_from_within(visit: &Visit<'_>, number: u64) -> Result<Option<(u64, Vec<B256>)>, Fault> {
    let creation = json!({"data": code::creation(), "gas": U64::from(CALL_GAS_MAX)});
    let result: Result<Bytes, Fault> = visit.client.ask("eth_call", &json!([creation, U64::from(number)]));
    match outcome::answer(result)? {
        Answer::Returned(data) => Ok(code::read(&data)),
        Answer::Reverted(_) | Answer::Halted(_) => Ok(None),
    }
}
