//! Founding: step after step, each looked for on the chain first, each written down when it is executed.

use alloy_primitives::Address;
use multee_chain::bindings::IProofOfAttestation::IProofOfAttestationErrors;
use multee_chain::{
    ChainError, Halt, Outcome, ReadError, Receipt, Refusal, Sender, Transaction, decode_error,
};
use multee_evidence::PolicyError;

use crate::code::{CodeMismatch, Contract};
use crate::record::{Record, RecordError};
use crate::step::{Plan, Step};
use crate::{Site, verify};

/// Why founding broke off. What was done before stays; run it again to go on.
#[derive(Debug, thiserror::Error)]
pub enum DeployError {
    /// The chain gave no answer, or did not execute a step.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// A view gave no answer.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The record cannot be written.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The policy document is none.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// The contract, or a token, refused a step.
    #[error("{step}: refused with {why}")]
    Refused {
        /// Which.
        step: Step,
        /// The contract's error.
        why: String,
    },
    /// A step was executed, and broke off.
    #[error("{step}: broke off: {halt}")]
    Halted {
        /// Which.
        step: Step,
        /// Why.
        halt: Halt,
    },
    /// What is at a contract's address is something else.
    #[error("{} at {address}: {mismatch}", contract.name())]
    Code {
        /// Which contract should be there.
        contract: Contract,
        /// Where.
        address: Address,
        /// What differs.
        mismatch: CodeMismatch,
    },
    /// A step's transaction was executed, and yet the chain does not show what it does.
    #[error("{0}: it was executed, and yet the chain does not show it")]
    NotShown(Step),
    /// A step needs what an earlier one makes.
    #[error("a step is out of order")]
    OutOfOrder,
}

/// What founding does at the moment.
#[derive(Debug)]
pub enum Progress<'a> {
    /// The chain shows that it was done before.
    DoneBefore(Step),
    /// It is sent now.
    Sending(Step),
    /// It was executed.
    Executed(Step, &'a Receipt),
}

/// Does what is left to be done of `plan`, and then looks at all of it: see [`verify`](crate::verify()). May be called
/// again after it broke off, at whatever moment: a transaction of the same step is the same one, which `site` executes
/// once. Of a network that was founded and verified only the code is looked at: what its owner changed since stays.
///
/// # Errors
/// When a step fails; see [`DeployError`].
pub fn deploy(
    site: &dyn Site,
    founder: &Sender,
    plan: &Plan<'_>,
    record: &mut Record,
    tell: &mut dyn FnMut(Progress<'_>),
) -> Result<Vec<verify::Mismatch>, DeployError> {
    if record.kept().verified {
        return Ok(verify::verify_code(site, plan, record.kept())?);
    }
    for step in plan.steps() {
        if plan.is_done(step, site, record.kept())? {
            tell(Progress::DoneBefore(step));
            continue;
        }
        tell(Progress::Sending(step));
        let transaction = plan.transaction(step, record.kept())?.once(record.key(step));
        let receipt = execute(site, founder, step, &transaction)?;
        record.executed(step, &receipt)?;
        tell(Progress::Executed(step, &receipt));
        if !plan.is_done(step, site, record.kept())? {
            return Err(DeployError::NotShown(step));
        }
    }
    let mismatches = verify::verify(site, plan, record.kept())?;
    record.verified(mismatches.is_empty())?;
    Ok(mismatches)
}

fn execute(
    site: &dyn Site,
    founder: &Sender,
    step: Step,
    transaction: &Transaction,
) -> Result<Receipt, DeployError> {
    match site.send(founder, transaction) {
        Ok(receipt) => match &receipt.outcome {
            Outcome::Success => Ok(receipt),
            Outcome::Halted(halt) => Err(DeployError::Halted { step, halt: *halt }),
            Outcome::Reverted(data) => Err(refused(step, data)),
        },
        Err(ChainError::Refused(Refusal::WouldRevert(data))) => Err(refused(step, &data)),
        Err(error) => Err(error.into()),
    }
}

pub(crate) fn refused(step: Step, data: &alloy_primitives::Bytes) -> DeployError {
    let why = match decode_error::<IProofOfAttestationErrors>(data) {
        Ok(error) => format!("{error:?}"),
        Err(unknown) => unknown.to_string(),
    };
    DeployError::Refused { step, why }
}
