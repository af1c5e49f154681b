//! Where registers come from.

use std::path::Path;

use multee_evidence::{Register, RegisterValue, Sigstruct, claimed_registers};
use serde::Serialize;

use super::args::MeasureArgs;
use super::error::MeasureError;
use super::firmware;
use crate::verify::{Kind, VerifyError, read, read_quote};

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Image {
    Sigstruct,
    Ovmf,
    Quote,
    Registers,
}

/// The registers of an image, and what to know about them.
pub(crate) struct Found {
    pub(crate) image: Image,
    pub(crate) registers: Vec<RegisterValue>,
    pub(crate) warnings: Vec<&'static str>,
}

const NOT_VERIFIED: &str =
    "the quote was NOT verified: take one from a boot of your own, or judge it with `multee verify`";
const DEBUG: &str = "the signature file allows debug mode, in which no verifier accepts the enclave";

/// What the command line names, with the registers that are given one by one.
///
/// # Errors
/// When a file is not what it should be, or a register has two values.
pub(crate) fn find(args: &MeasureArgs) -> Result<Found, MeasureError> {
    let mut found = match (&args.sigstruct, &args.quote, &args.ovmf) {
        (Some(path), ..) => sigstruct(path)?,
        (_, Some(path), _) => quote(path)?,
        (.., Some(path)) => {
            let value = firmware::launch_digest(path, args)?;
            let registers = vec![RegisterValue { register: Register::LaunchDigest, value }];
            Found { image: Image::Ovmf, registers, warnings: vec![] }
        }
        _ => Found { image: Image::Registers, registers: vec![], warnings: vec![] },
    };
    for given in &args.registers {
        add(&mut found.registers, &given.0)?;
    }
    Ok(found)
}

fn sigstruct(path: &Path) -> Result<Found, MeasureError> {
    let bytes = read(Kind::Sigstruct, path)?;
    let sigstruct = Sigstruct::read(&bytes)
        .map_err(|source| MeasureError::NotASigstruct { path: path.to_owned(), source })?;
    let warnings = if sigstruct.allows_debug() { vec![DEBUG] } else { vec![] };
    Ok(Found { image: Image::Sigstruct, registers: sigstruct.registers().to_vec(), warnings })
}

fn quote(path: &Path) -> Result<Found, MeasureError> {
    let registers = claimed_registers(&read_quote(path)?)
        .map_err(|_| VerifyError::NotAQuote { path: path.to_owned() })?;
    Ok(Found { image: Image::Quote, registers, warnings: vec![NOT_VERIFIED] })
}

fn add(registers: &mut Vec<RegisterValue>, given: &RegisterValue) -> Result<(), MeasureError> {
    match registers.iter().find(|there| there.register == given.register) {
        None => registers.push(given.clone()),
        Some(there) if there.value == given.value => {}
        Some(_) => return Err(MeasureError::Contradiction { register: given.register }),
    }
    Ok(())
}
