//! What must hold of a run, judged by what was seen of it.

use std::collections::{BTreeMap, BTreeSet};

use alloy_primitives::{Address, B256};
use serde::Deserialize;

/// A publication that a node said to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub(super) struct Acknowledged {
    /// The epoch.
    pub epoch: u32,
    /// The block's digest.
    pub digest: B256,
}

/// What an incarnation signed for a challenge, as a transaction carried it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Statement {
    /// Whose key.
    pub incarnation: Address,
    /// For what.
    pub challenge: B256,
    /// The signature: another block, another signature.
    pub signature: (B256, B256),
}

/// What must not be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    /// A node said that it published, and the chain has no such block.
    #[error("seat {seat} acknowledged block {digest} of epoch {epoch}; on chain is {found:?}")]
    Lost {
        /// Whose.
        seat: u32,
        /// When.
        epoch: u32,
        /// What it said.
        digest: B256,
        /// What is there.
        found: Option<B256>,
    },
    /// Two blocks were signed for one challenge.
    #[error("{incarnation} signed {count} blocks for challenge {challenge}")]
    SecondBlock {
        /// Whose key.
        incarnation: Address,
        /// For what.
        challenge: B256,
        /// How many.
        count: usize,
    },
    /// A seat never said that it published, in all the time.
    #[error("seat {seat} acknowledged nothing: its log is not what it is taken for")]
    Silent {
        /// Which.
        seat: u32,
    },
}

/// What a node said to have published, by its log. A line that was cut off when it was killed was not said.
pub(super) fn acknowledged(log: &str) -> Vec<Acknowledged> {
    #[derive(Deserialize)]
    struct Line {
        event: String,
        #[serde(flatten)]
        said: Option<Acknowledged>,
    }
    let whole = log.split_inclusive('\n').filter(|line| line.ends_with('\n'));
    let lines = whole.filter_map(|line| serde_json::from_str::<Line>(line).ok());
    lines.filter(|line| line.event == "published").filter_map(|line| line.said).collect()
}

/// All that was acknowledged is on chain, and nobody was silent.
///
/// # Errors
/// Names the first that is not.
pub(super) fn check_acknowledged(
    said: &BTreeMap<u32, Vec<Acknowledged>>,
    on_chain: impl Fn(u32, u32) -> Option<B256>,
) -> Result<usize, Violation> {
    let mut count = 0;
    for (&seat, said) in said {
        if said.is_empty() {
            return Err(Violation::Silent { seat });
        }
        for &Acknowledged { epoch, digest } in said {
            let found = on_chain(seat, epoch);
            if found != Some(digest) {
                return Err(Violation::Lost { seat, epoch, digest, found });
            }
            count += 1;
        }
    }
    Ok(count)
}

/// No key signed two blocks for one challenge.
///
/// # Errors
/// Names the first that did.
pub(super) fn check_signed_once(statements: &BTreeSet<Statement>) -> Result<(), Violation> {
    let mut counts: BTreeMap<(Address, B256), usize> = BTreeMap::new();
    for statement in statements {
        *counts.entry((statement.incarnation, statement.challenge)).or_default() += 1;
    }
    match counts.into_iter().find(|(_, count)| *count > 1) {
        Some(((incarnation, challenge), count)) => {
            Err(Violation::SecondBlock { incarnation, challenge, count })
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: B256 = B256::repeat_byte(7);

    fn said(seat: u32, epochs: &[u32]) -> BTreeMap<u32, Vec<Acknowledged>> {
        let said = epochs.iter().map(|epoch| Acknowledged { epoch: *epoch, digest: DIGEST });
        [(seat, said.collect())].into()
    }

    #[test]
    fn an_acknowledged_block_that_is_not_on_chain_is_lost() {
        let on_chain = |_, epoch| (epoch != 3).then_some(if epoch == 4 { B256::ZERO } else { DIGEST });
        assert_eq!(check_acknowledged(&said(1, &[1, 2]), on_chain), Ok(2));
        let missing = Violation::Lost { seat: 1, epoch: 3, digest: DIGEST, found: None };
        assert_eq!(check_acknowledged(&said(1, &[1, 2, 3]), on_chain), Err(missing));
        let other = Violation::Lost { seat: 1, epoch: 4, digest: DIGEST, found: Some(B256::ZERO) };
        assert_eq!(check_acknowledged(&said(1, &[4]), on_chain), Err(other));
    }

    #[test]
    fn a_node_that_never_acknowledges_is_not_taken_for_a_good_one() {
        assert_eq!(check_acknowledged(&said(2, &[]), |_, _| None), Err(Violation::Silent { seat: 2 }));
    }

    #[test]
    fn a_second_block_for_a_challenge_is_noticed_and_the_same_one_again_is_none() {
        let statement = |challenge, signature| Statement {
            incarnation: Address::repeat_byte(1),
            challenge: B256::repeat_byte(challenge),
            signature: (B256::repeat_byte(signature), B256::ZERO),
        };
        let once = [statement(1, 1), statement(2, 2), statement(1, 1)];
        assert_eq!(check_signed_once(&once.into()), Ok(()));
        let twice = check_signed_once(&[statement(1, 1), statement(1, 2)].into());
        assert!(matches!(twice, Err(Violation::SecondBlock { count: 2, .. })), "{twice:?}");
    }

    #[test]
    fn logs_are_read_line_by_line_and_what_was_cut_off_was_not_said() {
        let line = format!(r#"{{"level":"INFO","event":"published","epoch":3,"gas":1,"digest":"{DIGEST}"}}"#);
        let opened = r#"{"event":"opened","epoch":3}"#;
        let log = format!("{opened}\nnot JSON\n{line}\n{line}");
        assert_eq!(acknowledged(&log), [Acknowledged { epoch: 3, digest: DIGEST }]);
        assert_eq!(acknowledged(&log[..log.len() - line.len() - 2]), []);
    }
}
