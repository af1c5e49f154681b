//! What was found of a chain.

use std::collections::BTreeSet;

use alloy_primitives::B256;

use super::known::{KnownChain, known_chain};
use super::{HASHES, Measured};

/// What was found of a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The chain's id.
    pub chain_id: u64,
    /// The newest block's number.
    pub head: u64,
    /// Blocks that the block time is the mean of; fewer than asked on a young chain.
    pub span_blocks: u64,
    /// Mean time between blocks, in milliseconds; `None` on a chain of one block.
    pub block_time_ms: Option<u64>,
    /// What is wrong with it, or may be. Nothing, on a chain that can carry a network.
    pub findings: Vec<Finding>,
}

/// Whether a network may be founded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// It may, by who accepts this.
    Warned,
    /// It may not.
    Refused,
}

/// Something that is wrong with a chain, or may be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Finding {
    /// It is on the list of known chains.
    #[error("{}: {}", .0.name, .0.what)]
    Known(&'static KnownChain),
    /// Its machine does not execute the contract's opcodes, or its calls do not show what they return.
    #[error("the chain's machine does not execute what the contract needs")]
    NotExecuted,
    /// Contracts count blocks in another way than headers do.
    #[error("contracts see block number {seen} in block {head}")]
    OtherNumbers {
        /// The header's number.
        head: u64,
        /// What a contract sees.
        seen: u64,
    },
    /// Contracts do not get all hashes that they may ask for.
    #[error("of the last {asked} block hashes, contracts get {given}")]
    HashesMissing {
        /// How many blocks there were, up to 256.
        asked: u64,
        /// How many hashes a contract got.
        given: u64,
    },
    /// Different blocks have the same hash.
    #[error("of {given} block hashes, only {distinct} are distinct")]
    HashesRepeat {
        /// How many hashes a contract got.
        given: u64,
        /// How many of them are distinct.
        distinct: u64,
    },
    /// What contracts get for a block's hash is not in its header: it may be known long before.
    #[error("{back} blocks back, contracts get {seen} for the block's hash {header}")]
    HashesDiffer {
        /// How far back.
        back: u64,
        /// What a contract gets.
        seen: B256,
        /// What the header says.
        header: B256,
    },
    /// Blocks have no base fee: transactions of EIP-1559 are not known.
    #[error("blocks have no base fee (EIP-1559)")]
    NoBaseFee,
    /// It is too young to show 256 hashes.
    #[error("the chain has only {blocks} blocks: look again when it has {HASHES}")]
    Young {
        /// How many it has before the newest.
        blocks: u64,
    },
}

impl Finding {
    /// Whether a network may be founded all the same.
    pub fn severity(&self) -> Severity {
        match self {
            Self::Known(chain) => chain.severity,
            Self::Young { .. } => Severity::Warned,
            _ => Severity::Refused,
        }
    }
}

impl Report {
    /// The worst of the findings; `None` if there is none.
    pub fn severity(&self) -> Option<Severity> {
        self.findings.iter().map(Finding::severity).max()
    }

    pub(super) fn of(measured: &Measured) -> Self {
        let span_blocks = measured.head.number.saturating_sub(measured.start.number);
        let span_ms =
            measured.head.timestamp_s.saturating_sub(measured.start.timestamp_s).saturating_mul(1000);
        let mut findings: Vec<Finding> =
            known_chain(measured.chain_id).map(Finding::Known).into_iter().collect();
        if measured.head.base_fee_wei.is_none() {
            findings.push(Finding::NoBaseFee);
        }
        match &measured.seen {
            Some((number, hashes)) => judge(measured, *number, hashes, &mut findings),
            None => findings.push(Finding::NotExecuted),
        }
        Self {
            chain_id: measured.chain_id,
            head: measured.head.number,
            span_blocks,
            block_time_ms: span_ms.checked_div(span_blocks),
            findings,
        }
    }
}

fn judge(measured: &Measured, number: u64, hashes: &[B256], findings: &mut Vec<Finding>) {
    let head = measured.head.number;
    if number != head {
        findings.push(Finding::OtherNumbers { head, seen: number });
    }
    let asked = head.min(HASHES);
    let there = hashes.iter().zip(0..asked).map(|(hash, _)| *hash).filter(|hash| !hash.is_zero());
    let (mut given, mut distinct) = (0, BTreeSet::new());
    for hash in there {
        given += 1;
        distinct.insert(hash);
    }
    if given < asked {
        findings.push(Finding::HashesMissing { asked, given });
    }
    let distinct = distinct.len() as u64;
    if distinct < given {
        findings.push(Finding::HashesRepeat { given, distinct });
    }
    findings.extend(differing(measured, hashes));
    if asked < HASHES {
        findings.push(Finding::Young { blocks: asked });
    }
}

/// The first that differs; a hash that is missing is another finding.
fn differing(measured: &Measured, hashes: &[B256]) -> Option<Finding> {
    (1..).zip(hashes).filter(|(_, seen)| !seen.is_zero()).find_map(|(back, seen)| {
        let header = measured.headers.iter().find(|(at, _)| *at == back).map(|(_, hash)| *hash)?;
        (header != *seen).then_some(Finding::HashesDiffer { back, seen: *seen, header })
    })
}

#[cfg(test)]
mod tests {
    use super::super::super::client::Block;
    use super::*;

    fn hash(number: u64) -> B256 {
        B256::left_padding_from(&(number + 1).to_be_bytes())
    }

    fn block(number: u64) -> Block {
        Block { number, hash: hash(number), timestamp_s: 1000 + 12 * number, base_fee_wei: Some(7) }
    }

    /// A chain that is as it should be.
    fn good() -> Measured {
        Measured {
            chain_id: 1,
            head: block(1000),
            start: block(900),
            seen: Some((1000, (1..=HASHES).map(|back| hash(1000 - back)).collect())),
            headers: [1, 2, 64, HASHES].iter().map(|back| (*back, hash(1000 - back))).collect(),
        }
    }

    fn findings(change: impl Fn(&mut Measured)) -> Vec<Finding> {
        let mut measured = good();
        change(&mut measured);
        Report::of(&measured).findings
    }

    fn hashes(measured: &mut Measured) -> &mut Vec<B256> {
        &mut measured.seen.as_mut().expect("seen").1
    }

    #[test]
    fn a_chain_that_can_carry_a_network_has_no_findings() {
        let report = Report::of(&good());
        assert_eq!((report.span_blocks, report.block_time_ms), (100, Some(12_000)));
        assert_eq!((report.findings.as_slice(), report.severity()), ([].as_slice(), None));
    }

    #[test]
    fn every_defect_is_found() {
        let given = |given| Finding::HashesMissing { asked: 256, given };
        assert_eq!(findings(|m| hashes(m)[255] = B256::ZERO), [given(255)]);
        assert_eq!(findings(|m| hashes(m).fill(B256::ZERO)), [given(0)]);
        let repeated = findings(|m| hashes(m)[100] = hash(1000 - 5));
        assert_eq!(repeated, [Finding::HashesRepeat { given: 256, distinct: 255 }]);
        let differing = findings(|m| hashes(m)[63] = B256::repeat_byte(9));
        assert!(matches!(differing.as_slice(), [Finding::HashesDiffer { back: 64, .. }]), "{differing:?}");
        let numbers = findings(|m| m.seen.as_mut().expect("seen").0 = 17);
        assert_eq!(numbers, [Finding::OtherNumbers { head: 1000, seen: 17 }]);
        assert_eq!(findings(|m| m.seen = None), [Finding::NotExecuted]);
        assert_eq!(findings(|m| m.head.base_fee_wei = None), [Finding::NoBaseFee]);
    }

    #[test]
    fn known_chains_are_refused_or_warned_of() {
        let severity = |chain_id| Report::of(&Measured { chain_id, ..good() }).severity();
        assert_eq!(severity(42_161), Some(Severity::Refused));
        assert_eq!(severity(8453), Some(Severity::Warned));
        assert_eq!(severity(11_155_111), None);
    }

    #[test]
    fn a_young_chain_is_measured_as_far_as_it_goes() {
        let young = Measured {
            head: block(2),
            start: block(0),
            seen: Some((2, [vec![hash(1), hash(0)], vec![B256::ZERO; 254]].concat())),
            headers: vec![(1, hash(1)), (2, hash(0))],
            ..good()
        };
        let report = Report::of(&young);
        assert_eq!((report.span_blocks, report.block_time_ms), (2, Some(12_000)));
        assert_eq!(report.findings, [Finding::Young { blocks: 2 }]);
        let newborn = Measured { head: block(0), start: block(0), headers: Vec::new(), ..good() };
        assert_eq!(Report::of(&newborn).block_time_ms, None);
    }
}
