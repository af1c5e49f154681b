//! `multee measure`: the reference value of an image, found without running it.
//!
//! ```text
//! signature file, firmware, quote, registers ── image ──▶ registers ── policy's selection ──▶ one digest
//! ```
//!
//! Nothing is verified here but an enclave's signature file against its own key.

mod args;
mod error;
mod firmware;
mod image;
mod output;

use multee_evidence::{Register, RegisterValue, measurement};
use multee_protocol::TeeType;

pub(crate) use self::args::MeasureArgs;
pub(crate) use self::error::MeasureError;
use self::output::Value;
use crate::exit::{self, Exit};
use crate::verify::{ChosenPolicy, built_in_policy, read_policy};

/// Finds the registers, and prints the digest over those that the policy names.
///
/// # Errors
/// When there is none: a file is not what it should be, or a register is missing.
pub(crate) fn run(args: &MeasureArgs) -> Result<Exit, MeasureError> {
    let found = image::find(args)?;
    let tee = tee_of(&found.registers)?;
    let chosen = match args.policy.as_deref() {
        Some(path) => read_policy(path)?,
        None => built_in_policy(tee == TeeType::Snp, None)?,
    };
    let measured = measured(&chosen, tee, &found.registers)?;
    let digest = measurement(tee, measured, &found.registers);
    let value = Value::new(tee, digest, &chosen, measured, &found);
    let text = if args.json { value.json()? } else { value.text() };
    exit::print(&text).map_err(MeasureError::Unwritable)?;
    Ok(Exit::Ok)
}

/// All registers are of one TEE; there is at least one, says the command line's parser.
fn tee_of(registers: &[RegisterValue]) -> Result<TeeType, MeasureError> {
    let mut tees = registers.iter().map(|value| value.register.tee());
    let one = tees.next().unwrap_or(TeeType::Sgx);
    match tees.find(|tee| *tee != one) {
        Some(other) => Err(MeasureError::TwoTees { one, other }),
        None => Ok(one),
    }
}

/// The policy's selection, of which every register is there.
fn measured<'a>(
    chosen: &'a ChosenPolicy,
    tee: TeeType,
    registers: &[RegisterValue],
) -> Result<&'a [Register], MeasureError> {
    let measured = chosen.policy.measured_registers(tee).ok_or(MeasureError::TeeNotAccepted(tee))?;
    let is_there = |register: &Register| registers.iter().any(|value| value.register == *register);
    match measured.iter().find(|register| !is_there(register)) {
        Some(missing) => Err(MeasureError::RegisterMissing { missing: *missing }),
        None => Ok(measured),
    }
}
