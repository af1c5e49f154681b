//! Whether the code on chain is the committed one.
//!
//! A contract's code on chain is the compiler's with the immutables filled in: settings, and what follows from where it
//! is. Their places are masked, all else must be equal byte for byte; and all places of one immutable must hold the same.
//! What the immutables mean is asked of the contracts' views.

use alloy_primitives::Bytes;
use serde::Deserialize;

/// A contract that founding deploys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Contract {
    /// The token of a devnet.
    TestToken,
    /// What is only looked at.
    Reader,
    /// What is called seldom.
    Registry,
    /// What is called each epoch: the network's address.
    ProofOfAttestation,
}

impl Contract {
    /// Its name in the sources.
    pub fn name(self) -> &'static str {
        match self {
            Self::TestToken => "TestToken",
            Self::Reader => "Reader",
            Self::Registry => "Registry",
            Self::ProofOfAttestation => "ProofOfAttestation",
        }
    }

    fn artifact(self) -> &'static str {
        match self {
            Self::TestToken => include_str!("../../../contracts/artifacts/TestToken.json"),
            Self::Reader => include_str!("../../../contracts/artifacts/Reader.json"),
            Self::Registry => include_str!("../../../contracts/artifacts/Registry.json"),
            Self::ProofOfAttestation => include_str!("../../../contracts/artifacts/ProofOfAttestation.json"),
        }
    }
}

/// How code on chain is not the committed one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CodeMismatch {
    /// There is none.
    #[error("there is no code")]
    Missing,
    /// It is of another length.
    #[error("its code has {found} bytes, not {expected}")]
    Length {
        /// Bytes of the committed code.
        expected: usize,
        /// Bytes on chain.
        found: usize,
    },
    /// A byte that construction does not fill in is another.
    #[error("its code differs from the committed one at byte {at}")]
    Differs {
        /// The first that does.
        at: usize,
    },
    /// One immutable has different values at different places: construction fills in one.
    #[error("its code has two values for the immutable at byte {at}")]
    Immutable {
        /// The place of the second value.
        at: usize,
    },
    /// The committed artifact cannot be read.
    #[error("the artifact of {0} cannot be read")]
    Artifact(&'static str),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Artifact {
    deployed_bytecode: Bytes,
    #[serde(default)]
    immutable_references: Vec<Vec<Place>>,
}

#[derive(Clone, Copy, Deserialize)]
struct Place {
    start: usize,
    length: usize,
}

impl Place {
    fn of(self, code: &[u8]) -> &[u8] {
        code.get(self.start..self.start.saturating_add(self.length)).unwrap_or_default()
    }

    fn holds(self, at: usize) -> bool {
        (self.start..self.start.saturating_add(self.length)).contains(&at)
    }
}

/// Whether `code` is `contract`'s, as committed, with immutables filled in.
///
/// # Errors
/// The first difference.
pub fn check_code(contract: Contract, code: &[u8]) -> Result<(), CodeMismatch> {
    let unreadable = |_| CodeMismatch::Artifact(contract.name());
    let artifact: Artifact = serde_json::from_str(contract.artifact()).map_err(unreadable)?;
    compare(&artifact, code)
}

fn compare(artifact: &Artifact, code: &[u8]) -> Result<(), CodeMismatch> {
    let expected = &artifact.deployed_bytecode;
    if code.is_empty() {
        return Err(CodeMismatch::Missing);
    }
    if code.len() != expected.len() {
        return Err(CodeMismatch::Length { expected: expected.len(), found: code.len() });
    }
    let places: Vec<Place> = artifact.immutable_references.iter().flatten().copied().collect();
    let differing =
        (0_usize..).zip(expected.iter().zip(code)).filter(|(_, (expected, found))| expected != found);
    for (at, _) in differing {
        if !places.iter().any(|place| place.holds(at)) {
            return Err(CodeMismatch::Differs { at });
        }
    }
    artifact.immutable_references.iter().try_for_each(|places| one_value(places, code))
}

fn one_value(places: &[Place], code: &[u8]) -> Result<(), CodeMismatch> {
    let Some((first, others)) = places.split_first() else { return Ok(()) };
    match others.iter().find(|place| place.of(code) != first.of(code)) {
        Some(other) => Err(CodeMismatch::Immutable { at: other.start }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Contract; 4] =
        [Contract::TestToken, Contract::Reader, Contract::Registry, Contract::ProofOfAttestation];

    fn artifact(contract: Contract) -> Artifact {
        serde_json::from_str(contract.artifact()).expect("an artifact")
    }

    #[test]
    fn every_byte_outside_immutables_counts() {
        for contract in ALL {
            let artifact = artifact(contract);
            let code = artifact.deployed_bytecode.to_vec();
            assert_eq!(check_code(contract, &code), Ok(()));
            let masked = |at: usize| {
                let mut places = artifact.immutable_references.iter().flatten();
                places.any(|place| place.start <= at && at < place.start + place.length)
            };
            for at in (0..code.len()).step_by(97).chain([code.len() - 1]) {
                let mut other = code.clone();
                other[at] ^= 1;
                let found = compare(&artifact, &other);
                let differs = Err(CodeMismatch::Differs { at });
                assert!(found == differs || masked(at), "{contract:?} {at} {found:?}");
            }
        }
    }

    #[test]
    fn immutables_may_have_any_value_but_only_one_each() {
        let artifact = artifact(Contract::Registry);
        let mut code = artifact.deployed_bytecode.to_vec();
        let places =
            artifact.immutable_references.iter().find(|places| places.len() > 1).expect("a shared one");
        for place in places {
            code[place.start + 31] = 9;
        }
        assert_eq!(compare(&artifact, &code), Ok(()));
        code[places[1].start + 31] = 8;
        assert_eq!(compare(&artifact, &code), Err(CodeMismatch::Immutable { at: places[1].start }));
    }

    #[test]
    fn no_code_longer_code_and_anothers_code_are_told() {
        let code = artifact(Contract::Reader).deployed_bytecode;
        assert_eq!(check_code(Contract::Reader, &[]), Err(CodeMismatch::Missing));
        let longer = [&code[..], &[0]].concat();
        assert!(matches!(check_code(Contract::Reader, &longer), Err(CodeMismatch::Length { .. })));
        assert!(check_code(Contract::Registry, &code).is_err());
    }

    #[test]
    fn the_masks_are_words_of_zeros_in_the_committed_code() {
        for contract in ALL {
            let artifact = artifact(contract);
            for place in artifact.immutable_references.iter().flatten() {
                assert_eq!(place.of(&artifact.deployed_bytecode), [0; 32], "{contract:?}");
            }
        }
        assert!(artifact(Contract::TestToken).immutable_references.is_empty());
    }
}
