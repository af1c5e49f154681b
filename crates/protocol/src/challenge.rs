//! The epoch's seed (R2), its root, and the challenge each device answers with fresh evidence (R4).
//!
//! All are keccak256 over `abi.encode` of a domain tag and fixed-width fields: one 32-byte word each, so
//! that no two different inputs share a preimage.

use alloy_primitives::{Address, B256, U256, keccak256};
use alloy_sol_types::SolValue;
use serde::{Deserialize, Serialize};

use crate::{Epoch, SeatId, domain};

/// Which deployed contract a hash speaks to: what keeps blocks from being replayed on another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Deployment {
    /// The chain's id (EIP-155).
    pub chain_id: u64,
    /// The contract's address there.
    pub contract: Address,
}

/// What an epoch's seed is made of (R2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeedInputs {
    /// The contract that sets the seed.
    pub deployment: Deployment,
    /// The epoch that is opened.
    pub epoch: Epoch,
    /// The last seed set before; zero for the first.
    pub last_seed: B256,
    /// The hash of the block that the opening fixed as source.
    pub block_hash: B256,
}

impl SeedInputs {
    /// `keccak256(abi.encode(SEED, uint256 chainId, address contract, uint32 epoch, bytes32 lastSeed,
    /// bytes32 blockHash))`.
    pub fn seed(&self) -> B256 {
        let Self { deployment, epoch, last_seed, block_hash } = *self;
        let chain_id = U256::from(deployment.chain_id);
        keccak256((domain::SEED, chain_id, deployment.contract, epoch, last_seed, block_hash).abi_encode())
    }
}

/// What an epoch's root is made of (R4): its seed, bound to contract, time, policy and reference values.
///
/// Assignments and challenges follow from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EpochRoot {
    /// The contract that opened the epoch.
    pub deployment: Deployment,
    /// The opened epoch.
    pub epoch: Epoch,
    /// When that epoch began, in seconds since 1970-01-01 UTC: the clock of every appraisal in it (R16).
    pub epoch_start_s: u64,
    /// The epoch's seed.
    pub seed: B256,
    /// The evidence policy's digest, frozen at the opening (R16).
    pub policy_digest: B256,
    /// The reference list's digest, frozen at the opening (R16).
    pub reference_list_digest: B256,
}

impl EpochRoot {
    /// keccak256 of the [words](Self::words).
    pub fn root(&self) -> B256 {
        keccak256(self.words())
    }

    /// `abi.encode(EPOCH, uint256 chainId, address contract, uint32 epoch, uint64 epochStart, bytes32 seed,
    /// bytes32 policyDigest, bytes32 referenceListDigest)`.
    pub fn words(&self) -> Vec<u8> {
        let fields = (
            domain::EPOCH,
            U256::from(self.deployment.chain_id),
            self.deployment.contract,
            self.epoch,
            self.epoch_start_s,
            self.seed,
            self.policy_digest,
            self.reference_list_digest,
        );
        fields.abi_encode()
    }
}

/// `keccak256(abi.encode(CHALLENGE, bytes32 root, uint32 seat))`: what a seat's evidence must answer in the
/// epoch with this root (R4).
pub fn challenge(root: B256, seat: SeatId) -> B256 {
    let mut preimage = [0; 96];
    preimage[..32].copy_from_slice(domain::CHALLENGE.as_slice());
    preimage[32..64].copy_from_slice(root.as_slice());
    preimage[92..].copy_from_slice(&seat.0.to_be_bytes());
    keccak256(preimage)
}

/// All that a challenge is made of (R4): evidence that answers it cannot be older than the seed, and a host that
/// tells its TEE another time, policy or reference list makes it answer another challenge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChallengeInputs {
    /// The contract the seat is registered in.
    pub deployment: Deployment,
    /// The opened epoch.
    pub epoch: Epoch,
    /// When that epoch began, in seconds since 1970-01-01 UTC.
    pub epoch_start_s: u64,
    /// The epoch's seed.
    pub seed: B256,
    /// The seat that is challenged.
    pub seat: SeatId,
    /// The evidence policy's digest, frozen at the opening (R16).
    pub policy_digest: B256,
    /// The reference list's digest, frozen at the opening (R16).
    pub reference_list_digest: B256,
}

impl ChallengeInputs {
    /// The root of the epoch ([`EpochRoot`]).
    pub fn root(&self) -> B256 {
        let Self { deployment, epoch, epoch_start_s, seed, seat: _, policy_digest, reference_list_digest } =
            *self;
        EpochRoot { deployment, epoch, epoch_start_s, seed, policy_digest, reference_list_digest }.root()
    }

    /// The challenge to the seat in the epoch with that root ([`challenge`]).
    pub fn challenge(&self) -> B256 {
        challenge(self.root(), self.seat)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEPLOYMENT: Deployment = Deployment { chain_id: 31_337, contract: Address::repeat_byte(0xC0) };

    fn seed_inputs() -> SeedInputs {
        SeedInputs {
            deployment: DEPLOYMENT,
            epoch: 7,
            last_seed: B256::repeat_byte(1),
            block_hash: B256::repeat_byte(2),
        }
    }

    fn challenge_inputs() -> ChallengeInputs {
        ChallengeInputs {
            deployment: DEPLOYMENT,
            epoch: 7,
            epoch_start_s: 1_700_000_000,
            seed: B256::repeat_byte(3),
            seat: SeatId(5),
            policy_digest: B256::repeat_byte(4),
            reference_list_digest: B256::repeat_byte(5),
        }
    }

    fn word(bytes: &[u8]) -> [u8; 32] {
        let mut word = [0; 32];
        word[32 - bytes.len()..].copy_from_slice(bytes);
        word
    }

    fn all_differ(hashes: &[B256]) -> bool {
        hashes.iter().enumerate().all(|(i, a)| hashes.iter().skip(i + 1).all(|b| a != b))
    }

    #[test]
    fn seed_hashes_six_words() {
        let inputs = seed_inputs();
        let words = [
            keccak256("multee/seed/v1").0,
            word(&31_337_u64.to_be_bytes()),
            word(DEPLOYMENT.contract.as_slice()),
            word(&7_u32.to_be_bytes()),
            inputs.last_seed.0,
            inputs.block_hash.0,
        ];
        assert_eq!(inputs.seed(), keccak256(words.concat()));
    }

    #[test]
    fn root_hashes_eight_words_and_the_challenge_three() {
        let inputs = challenge_inputs();
        let root = keccak256(
            [
                keccak256("multee/epoch/v1").0,
                word(&31_337_u64.to_be_bytes()),
                word(DEPLOYMENT.contract.as_slice()),
                word(&7_u32.to_be_bytes()),
                word(&1_700_000_000_u64.to_be_bytes()),
                inputs.seed.0,
                inputs.policy_digest.0,
                inputs.reference_list_digest.0,
            ]
            .concat(),
        );
        assert_eq!(inputs.root(), root);
        let words = [keccak256("multee/challenge/v2").0, root.0, word(&5_u32.to_be_bytes())];
        assert_eq!(inputs.challenge(), keccak256(words.concat()));
        assert_eq!(challenge(root, SeatId(5)), inputs.challenge());
    }

    #[test]
    fn seed_differs_by_every_input() {
        let base = seed_inputs();
        let other_chain = Deployment { chain_id: 1, ..DEPLOYMENT };
        let other_contract = Deployment { contract: Address::ZERO, ..DEPLOYMENT };
        assert!(all_differ(&[
            base.seed(),
            SeedInputs { deployment: other_chain, ..base }.seed(),
            SeedInputs { deployment: other_contract, ..base }.seed(),
            SeedInputs { epoch: 8, ..base }.seed(),
            SeedInputs { last_seed: base.block_hash, block_hash: base.last_seed, ..base }.seed(),
            SeedInputs { last_seed: B256::ZERO, ..base }.seed(),
            SeedInputs { block_hash: B256::ZERO, ..base }.seed(),
        ]));
    }

    #[test]
    fn challenge_differs_by_every_input() {
        let base = challenge_inputs();
        let other_chain = Deployment { chain_id: 1, ..DEPLOYMENT };
        let other_contract = Deployment { contract: Address::ZERO, ..DEPLOYMENT };
        assert!(all_differ(&[
            base.challenge(),
            ChallengeInputs { deployment: other_chain, ..base }.challenge(),
            ChallengeInputs { deployment: other_contract, ..base }.challenge(),
            ChallengeInputs { epoch: 8, ..base }.challenge(),
            ChallengeInputs { epoch_start_s: 0, ..base }.challenge(),
            ChallengeInputs { seed: B256::ZERO, ..base }.challenge(),
            ChallengeInputs { seat: SeatId(6), ..base }.challenge(),
            ChallengeInputs { policy_digest: B256::ZERO, ..base }.challenge(),
            ChallengeInputs { reference_list_digest: B256::ZERO, ..base }.challenge(),
        ]));
    }
}
