//! The contract's face, generated from the committed artifacts.
//!
//! [`IProofOfAttestation`] is what anyone calls; [`deployed`] holds what a founder deploys, in the order
//! reader, registry, then contract (and a token first, on devnets).

use alloy_sol_types::sol;

#[allow(
    missing_docs,
    clippy::all,
    clippy::pedantic,
    reason = "generated from the contract's ABI, documented there"
)]
mod generated {
    use super::sol;

    sol!(
        #[sol(extra_derives(Debug, PartialEq, Eq))]
        IProofOfAttestation,
        "../../contracts/artifacts/IProofOfAttestation.json"
    );
    /// What is deployed.
    pub mod deployed {
        use super::sol;

        sol!(ProofOfAttestation, "../../contracts/artifacts/ProofOfAttestation.json");
        sol!(Reader, "../../contracts/artifacts/Reader.json");
        sol!(Registry, "../../contracts/artifacts/Registry.json");
        sol!(TestToken, "../../contracts/artifacts/TestToken.json");
    }
}

pub use generated::IProofOfAttestation;
pub use generated::deployed;

/// A struct of the interface as one of the contracts that are deployed has it: to Rust it is another type in each.
macro_rules! same {
    (@ $name:ident of $contract:ident { $($field:ident),+ $(,)? }) => {
        impl From<IProofOfAttestation::$name> for deployed::$contract::$name {
            fn from(it: IProofOfAttestation::$name) -> Self {
                Self { $($field: it.$field),+ }
            }
        }
    };
    ($name:ident of [$($contract:ident),+] $fields:tt) => {$(
        same!(@ $name of $contract $fields);
    )+};
}

same!(Settings of [Reader, Registry, ProofOfAttestation] {
    token, owner, genesis, epochSeconds, retentionEpochs, maxSeats,
});
same!(Parameters of [ProofOfAttestation] {
    latestChecks, suspiciousChecks, decisionMarks, maxPenalties, fullGainStreak, finalityEpochs, powerToleranceBps,
    scoreGainBps, admissionScore, restartCooldownEpochs, rewardDelayEpochs, unbondingEpochs, restrictedRewardBps,
    bountyBps, minDeposit, rewardPerEpoch,
});
