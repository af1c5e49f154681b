//! What is known of chains that cannot be measured from outside. Sources are in docs/chains.md.

use super::report::Severity;

/// A chain of which something is known that a founder must know, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownChain {
    /// The chain's id (EIP-155).
    pub chain_id: u64,
    /// What it is called.
    pub name: &'static str,
    /// Whether a network may be founded on it.
    pub severity: Severity,
    /// What is known.
    pub what: &'static str,
}

const CHILD_NUMBERS: &str = "block numbers in contracts are the parent chain's, and block hashes are not to be relied on as randomness";
const ONE_SEQUENCER: &str = "one sequencer makes all blocks, and so can choose every epoch's seed";
const PREDICTABLE_ONCE: &str =
    "one sequencer makes all blocks, and BLOCKHASH was a hash of the number alone before upgrades";
const ERA_MACHINE: &str =
    "bytecode is interpreted on another machine, at other gas prices, and one sequencer makes all blocks";

const KNOWN: [KnownChain; 7] = [
    KnownChain { chain_id: 10, name: "OP Mainnet", severity: Severity::Warned, what: ONE_SEQUENCER },
    KnownChain { chain_id: 324, name: "ZKsync Era", severity: Severity::Warned, what: ERA_MACHINE },
    KnownChain { chain_id: 8453, name: "Base", severity: Severity::Warned, what: ONE_SEQUENCER },
    KnownChain { chain_id: 42_161, name: "Arbitrum One", severity: Severity::Refused, what: CHILD_NUMBERS },
    KnownChain { chain_id: 42_170, name: "Arbitrum Nova", severity: Severity::Refused, what: CHILD_NUMBERS },
    KnownChain {
        chain_id: 421_614,
        name: "Arbitrum Sepolia",
        severity: Severity::Refused,
        what: CHILD_NUMBERS,
    },
    KnownChain { chain_id: 534_352, name: "Scroll", severity: Severity::Warned, what: PREDICTABLE_ONCE },
];

/// What is known of the chain with this id, if anything. A chain that is not in the list is not thereby good.
pub fn known_chain(chain_id: u64) -> Option<&'static KnownChain> {
    KNOWN.iter().find(|chain| chain.chain_id == chain_id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_chain_is_explained_in_the_documentation() {
        let document = include_str!("../../../../../docs/chains.md");
        for chain in &KNOWN {
            assert!(document.contains(&format!("| {} | {} |", chain.chain_id, chain.name)), "{}", chain.name);
        }
        assert!(KNOWN.is_sorted_by(|a, b| a.chain_id < b.chain_id));
    }
}
