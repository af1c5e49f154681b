//! The command line of `multee measure`.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{ArgGroup, Args, ValueEnum, value_parser};
use multee_evidence::{Register, RegisterValue};
use sev::measurement::vcpu_types::CpuType;

use crate::exit;

/// Print the reference value of an image, without running it
///
/// The reference value is one digest over the registers that the network's policy names. They come from an SGX enclave's
/// signature file, are computed from what an SEV-SNP guest is started with, are read from the quote of a boot that is
/// known to be good, or are given one by one with --register, as the tools that build TDX images print them.
///
/// Registers that the host sets (TDX: mrconfigid, mrowner, mrownerconfig; SEV-SNP: hostdata) are in no image: where the
/// policy names them, give them with --register. They are zeros where the host sets nothing.
#[derive(Debug, Args)]
#[command(
    after_help = exit::table(),
    after_long_help = format!("{LONG_HELP}\n\n{}", exit::table()),
    group = ArgGroup::new("image").args(["sigstruct", "ovmf", "quote"]),
)]
pub(crate) struct MeasureArgs {
    /// The network's policy, which names the registers [default: the selection that `multee verify --help` tells]
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: Option<PathBuf>,
    /// SGX: the enclave's signature file (SIGSTRUCT), the .sig file that gramine-sgx-sign writes
    #[arg(long, value_name = "FILE")]
    pub(crate) sigstruct: Option<PathBuf>,
    /// A quote or SEV-SNP report of a boot that is known to be good; it is read and NOT verified; - reads stdin
    #[arg(long, value_name = "FILE")]
    pub(crate) quote: Option<PathBuf>,
    /// SEV-SNP: the firmware (OVMF) that the guest is started with; the launch digest is computed
    #[arg(long, value_name = "FILE", requires = "vcpu_type")]
    pub(crate) ovmf: Option<PathBuf>,
    /// The kernel that the guest is started with, if the firmware measures it
    #[arg(long, value_name = "FILE", requires = "ovmf")]
    pub(crate) kernel: Option<PathBuf>,
    /// Its initial file system
    #[arg(long, value_name = "FILE", requires = "kernel")]
    pub(crate) initrd: Option<PathBuf>,
    /// Its command line
    #[arg(long, value_name = "TEXT", requires = "kernel")]
    pub(crate) append: Option<String>,
    /// How many processors the guest has; 1 to 512
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = value_parser!(u32).range(1..=512), requires = "ovmf")]
    pub(crate) vcpus: u32,
    /// Which processors, named as QEMU names them, such as EPYC-Milan or EPYC-v4
    #[arg(long, value_name = "NAME", value_parser = cpu_type, requires = "ovmf")]
    pub(crate) vcpu_type: Option<CpuType>,
    /// SEV features that the host switches on (`SEV_FEATURES`, hex): 1 on most, 21 where its kernel swaps debug registers
    #[arg(long, value_name = "HEX", default_value = "1", value_parser = hex_number, requires = "ovmf")]
    pub(crate) guest_features: u64,
    /// Who starts the guest
    #[arg(long, value_name = "NAME", default_value = "qemu", requires = "ovmf")]
    pub(crate) vmm: Vmm,
    /// A register and its value in hex, as mrtd=5a5a…; repeatable
    #[arg(long = "register", value_name = "NAME=HEX", required_unless_present = "image")]
    pub(crate) registers: Vec<GivenRegister>,
    /// Print one JSON document instead of text
    #[arg(long)]
    pub(crate) json: bool,
}

/// Who starts SEV-SNP guests: each sets their processors' first state otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Vmm {
    Qemu,
    Ec2,
}

/// A register with its value, of the length that the register has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct GivenRegister(pub(crate) RegisterValue);

impl FromStr for GivenRegister {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, digits) = text.split_once('=').ok_or("not NAME=HEX")?;
        let register: Register = name.parse().map_err(|error| format!("{name}: {error}"))?;
        let value =
            hex::decode(digits.strip_prefix("0x").unwrap_or(digits)).map_err(|error| error.to_string())?;
        if value.len() != register.bytes() {
            return Err(format!("{name} has {} bytes, not {}", register.bytes(), value.len()));
        }
        Ok(Self(RegisterValue { register, value }))
    }
}

fn cpu_type(name: &str) -> Result<CpuType, String> {
    CpuType::try_from(name).map_err(|_| "no processor that QEMU names so".to_owned())
}

fn hex_number(digits: &str) -> Result<u64, String> {
    u64::from_str_radix(digits.trim_start_matches("0x"), 16).map_err(|error| error.to_string())
}

const LONG_HELP: &str = "\
The JSON document (every field is always there):
  version        1
  measurement    the reference value, as `multee verify` prints it and the contract lists it
  tee            sgx, tdx or snp
  image          sigstruct, ovmf, quote or registers: where the registers come from
  policy         source (built_in, file), digest (text, or null if built in)
  registers[]    name, value, measured: whether the reference value covers it
  warnings[]     what to know before the value is listed

An image whose registers differ from those of a running device earns that device bad marks: try one
device before the network lists the value.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registers_are_given_by_name_with_as_many_bytes_as_they_have() {
        let given: GivenRegister = "isvsvn=0x0900".parse().expect("a register");
        assert_eq!(given.0, RegisterValue { register: Register::IsvSvn, value: vec![9, 0] });
        for (text, why) in [
            ("isvsvn", "not NAME=HEX"),
            ("mrtd=5a", "mrtd has 48 bytes, not 1"),
            ("MRTD=5a", "MRTD: no register has that name"),
            ("isvsvn=09", "isvsvn has 2 bytes, not 1"),
            ("isvsvn=xy00", "Invalid character 'x' at position 0"),
        ] {
            assert_eq!(text.parse::<GivenRegister>().expect_err(text), why);
        }
    }
}
