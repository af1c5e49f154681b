//! What is to change, from what to what, and from when.

use alloy_primitives::{Address, B256, Bytes};
use alloy_sol_types::SolCall as _;
use multee_chain::bindings::IProofOfAttestation as contract;
use multee_confirmation::ReferenceValue;
use multee_evidence::Policy;
use multee_protocol::Parameters;

use super::{Governed, GoverningError, NEVER};
use crate::check::Problem;
use crate::check::offline;
use crate::encoding::{parameters_call, references_call};
use crate::{POLICY_BYTES_MAX, Parameter};

/// Epochs between announcing parameters and their taking effect (R16).
const PARAMETER_DELAY: u32 = 7;

/// What the owner wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// These reference values instead of those that are.
    References(Vec<ReferenceValue>),
    /// This policy document.
    Policy(Vec<u8>),
    /// These parameters.
    Parameters(Parameters),
}

/// One thing that changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// What.
    pub what: String,
    /// From; empty if it is new.
    pub old: String,
    /// To; empty if it goes.
    pub new: String,
}

/// A change as it would be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// The network.
    pub contract: Address,
    /// Who alone can make it.
    pub owner: Address,
    /// What is to be sent to the contract.
    pub calldata: Bytes,
    /// What changes.
    pub differences: Vec<Difference>,
    /// The first epoch that can have it, if it is made now: the first to be opened from this one on.
    pub from_epoch: u32,
    /// That epoch's start, in seconds since the Unix epoch.
    pub from_s: u64,
    /// Announced parameters that this announcement takes the place of.
    pub replaces_announced: bool,
}

/// What `change` would do to the network as it stands.
///
/// # Errors
/// When the contract would refuse it, or nothing would change.
pub fn propose(network: &Governed, change: &Change) -> Result<Proposal, GoverningError> {
    let (calldata, differences, from_epoch) = match change {
        Change::References(references) => {
            refuse(offline::references(references))?;
            let differences = reference_differences(&network.references, references);
            (references_call(references).abi_encode(), differences, network.next_opening())
        }
        Change::Policy(document) => {
            let difference = policy_difference(network, document)?;
            let call = contract::setPolicyCall { document: document.clone().into() };
            (call.abi_encode(), difference, network.next_opening())
        }
        Change::Parameters(parameters) => {
            refuse(parameters.violations().into_iter().map(Problem::from).collect())?;
            let differences = parameter_differences(&network.parameters, parameters);
            (parameters_call(parameters).abi_encode(), differences, parameters_from(network)?)
        }
    };
    if differences.is_empty() {
        return Err(GoverningError::NothingChanges);
    }
    Ok(Proposal {
        contract: network.contract,
        owner: network.owner,
        calldata: calldata.into(),
        differences,
        from_epoch,
        from_s: network.starts_s(from_epoch),
        replaces_announced: matches!(change, Change::Parameters(_)) && network.announced.is_some(),
    })
}

fn refuse(problems: Vec<Problem>) -> Result<(), GoverningError> {
    if problems.is_empty() { Ok(()) } else { Err(GoverningError::Refused(problems)) }
}

fn parameters_from(network: &Governed) -> Result<u32, GoverningError> {
    let epoch = network.epoch.ok_or(GoverningError::NotStarted)?;
    match &network.announced {
        Some((from_epoch, _)) if epoch >= *from_epoch => {
            Err(GoverningError::ParametersPending { from_epoch: *from_epoch })
        }
        _ => Ok(epoch.saturating_add(PARAMETER_DELAY)),
    }
}

fn policy_difference(network: &Governed, document: &[u8]) -> Result<Vec<Difference>, GoverningError> {
    if document.len() as u64 > POLICY_BYTES_MAX {
        return Err(GoverningError::PolicyTooLong { len: document.len() });
    }
    let digest = Policy::from_json(document)?.digest();
    let (old, new) = (shown(network.policy_digest), shown(digest));
    let difference = Difference { what: "policy digest".to_owned(), old, new };
    Ok((network.policy_digest != digest).then_some(difference).into_iter().collect())
}

fn shown(digest: B256) -> String {
    if digest.is_zero() { "none".to_owned() } else { digest.to_string() }
}

fn parameter_differences(old: &Parameters, new: &Parameters) -> Vec<Difference> {
    let changed = Parameter::ALL.iter().filter(|parameter| parameter.get(old) != parameter.get(new));
    let difference = |parameter: &Parameter| Difference {
        what: parameter.name.to_owned(),
        old: parameter.get(old).to_string(),
        new: parameter.get(new).to_string(),
    };
    changed.map(difference).collect()
}

/// By measurement: those that go or change, then those that are new.
fn reference_differences(old: &[ReferenceValue], new: &[ReferenceValue]) -> Vec<Difference> {
    let find = |among: &[ReferenceValue], measurement| {
        among.iter().find(|value| value.measurement == measurement).map(epochs).unwrap_or_default()
    };
    let mut measurements: Vec<B256> = old.iter().chain(new).map(|value| value.measurement).collect();
    measurements.sort_unstable();
    measurements.dedup();
    let differences = measurements.into_iter().map(|measurement| Difference {
        what: measurement.to_string(),
        old: find(old, measurement),
        new: find(new, measurement),
    });
    differences.filter(|difference| difference.old != difference.new).collect()
}

fn epochs(value: &ReferenceValue) -> String {
    match value.until_epoch {
        NEVER => format!("from epoch {} on", value.from_epoch),
        until => format!("epochs {} to {until}", value.from_epoch),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use multee_protocol::Fixed;

    fn reference(byte: u8, until_epoch: u32) -> ReferenceValue {
        ReferenceValue { measurement: B256::repeat_byte(byte), from_epoch: 0, until_epoch }
    }

    fn network() -> Governed {
        Governed {
            contract: Address::repeat_byte(1),
            chain_id: 1,
            now_s: 10_250,
            token: Address::repeat_byte(2),
            owner: Address::repeat_byte(3),
            offered: None,
            genesis_s: 10_000,
            fixed: Fixed { epoch_seconds: 100, ..Fixed::default() },
            epoch: Some(2),
            epoch_opened: true,
            seats: 0,
            paused: false,
            parameters: Parameters::default(),
            announced: None,
            policy_digest: B256::ZERO,
            references: vec![reference(1, NEVER), reference(2, NEVER)],
        }
    }

    fn parameters(max_penalties: u8) -> Change {
        Change::Parameters(Parameters { max_penalties, ..Parameters::default() })
    }

    #[test]
    fn documents_hold_from_the_next_opening_and_parameters_seven_epochs_later() {
        let change = Change::References(vec![reference(1, NEVER)]);
        let from = |network: &Governed, change: &Change| {
            let proposal = propose(network, change).expect("proposed");
            (proposal.from_epoch, proposal.from_s)
        };
        assert_eq!(from(&network(), &change), (3, 10_300));
        assert_eq!(from(&Governed { epoch_opened: false, ..network() }, &change), (2, 10_200));
        assert_eq!(from(&Governed { epoch: None, epoch_opened: false, ..network() }, &change), (0, 10_000));
        assert_eq!(from(&network(), &parameters(9)), (9, 10_900));
    }

    #[test]
    fn what_changes_is_told_from_what_to_what() {
        let change = Change::References(vec![reference(2, 9), reference(3, NEVER)]);
        let told: Vec<(String, String)> = propose(&network(), &change)
            .expect("proposed")
            .differences
            .into_iter()
            .map(|difference| (difference.old, difference.new))
            .collect();
        let on = "from epoch 0 on".to_owned();
        let none = String::new();
        assert_eq!(told, [(on.clone(), none.clone()), (on.clone(), "epochs 0 to 9".to_owned()), (none, on)]);
        let changed = propose(&network(), &parameters(9)).expect("proposed").differences;
        let expected =
            Difference { what: "max_penalties".to_owned(), old: "13".to_owned(), new: "9".to_owned() };
        assert_eq!(changed, [expected]);
    }

    #[test]
    fn what_the_contract_would_refuse_is_not_proposed() {
        let refused =
            |network: &Governed, change: &Change| propose(network, change).expect_err("refused").to_string();
        assert_eq!(refused(&network(), &parameters(0)), "max_penalties is 0, outside 1..=255");
        assert_eq!(refused(&network(), &parameters(13)), "nothing would change");
        let same = Change::References(network().references);
        assert_eq!(refused(&network(), &same), "nothing would change");
        let twice = Change::References(vec![reference(1, 1), reference(1, 2)]);
        assert!(refused(&network(), &twice).starts_with("reference value 2"));
        let early = Governed { epoch: None, ..network() };
        assert!(refused(&early, &parameters(9)).contains("before genesis"));
        let pending = Governed { announced: Some((2, Parameters::default())), ..network() };
        assert!(refused(&pending, &parameters(9)).contains("epoch 2"));
        assert!(propose(&network(), &Change::Policy(b"{}".to_vec())).is_err());
        let long = Change::Policy(vec![b' '; 24 * 1024 + 1]);
        assert!(refused(&network(), &long).starts_with("the policy has 24577 bytes"));
    }

    #[test]
    fn an_announcement_that_replaces_another_says_so() {
        let waiting = Governed { announced: Some((9, Parameters::default())), ..network() };
        assert!(propose(&waiting, &parameters(9)).expect("proposed").replaces_announced);
        assert!(!propose(&network(), &parameters(9)).expect("proposed").replaces_announced);
    }
}
