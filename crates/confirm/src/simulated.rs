//! A TEE without hardware, SIMULATED, for tests and for networks on one machine.

use std::io::{self, Write};

use clap::Args;
use multee_confirmation::{AppConfig, ConfirmationApp, PowerSource};
use multee_evidence::{AttestError, ObtainQuote, Properties, PropertiesError};
use multee_mock_vendor::{Platform, PlatformSpec, QuoteSpec, Vendor, VendorConfig, VendorError};
use multee_protocol::{Power, TeeType};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use rand_core::OsRng;

/// What a simulated TEE is; it is used only with `--attester mock`.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "SIMULATED: with --attester mock, for tests")]
pub struct SimulatedArgs {
    /// The vendor: every byte of its seed
    #[arg(long = "mock-seed", value_name = "N")]
    pub seed: Option<u8>,
    /// Which of the vendor's machines this is
    #[arg(long = "mock-machine", value_name = "N", default_value_t = 0)]
    pub machine: u32,
    /// It is a TDX guest, and else an SGX enclave
    #[arg(long = "mock-tdx")]
    pub tdx: bool,
    /// The program that its quotes are to name
    #[arg(long = "mock-program", value_name = "NAME", default_value = "agent")]
    pub program: String,
    /// When the vendor's certificates begin to hold, in seconds since 1970
    #[arg(long = "mock-from-s", value_name = "S", default_value_t = 1_700_000_000)]
    pub from_s: u64,
    /// When they end to
    #[arg(long = "mock-until-s", value_name = "S", default_value_t = 4_000_000_000)]
    pub until_s: u64,
    /// The power it declares
    #[arg(long = "mock-power", value_name = "N", default_value_t = 1000)]
    pub power: Power,
    /// Grow the key from this, and not from the system's randomness: anybody can then have it
    #[arg(long = "mock-key-seed", value_name = "N")]
    pub key_seed: Option<u64>,
}

/// Why there is no simulated TEE.
#[derive(Debug, thiserror::Error)]
pub enum SimulatedError {
    /// It needs a seed.
    #[error("--attester mock needs --mock-seed")]
    NoSeed,
    /// The vendor cannot be made.
    #[error("SIMULATED vendor cannot be made")]
    Vendor(#[from] VendorError),
    /// The properties cannot.
    #[error("SIMULATED properties cannot be made")]
    Properties(#[from] PropertiesError),
}

/// A machine of the vendor's that runs a program of this name.
pub(crate) struct SimulatedTee {
    platform: Platform,
    program: String,
}

impl SimulatedArgs {
    pub(crate) fn tee(&self) -> Result<SimulatedTee, SimulatedError> {
        let seed = self.seed.ok_or(SimulatedError::NoSeed)?;
        let config = VendorConfig {
            not_before_s: self.from_s,
            not_after_s: self.until_s,
            // Only collateral has a number, and that is not this machine's.
            tcb_evaluation_number: 0,
        };
        let vendor = Vendor::from_seed([seed; 32], config)?;
        let platform = vendor.platform(PlatformSpec::sound(self.machine, self.kind()))?;
        Ok(SimulatedTee { platform, program: self.program.clone() })
    }

    pub(crate) fn boot(&self, attester: Box<dyn ObtainQuote>) -> Result<ConfirmationApp, SimulatedError> {
        let _ = writeln!(io::stderr(), "multee-confirm: SIMULATED TEE: its quotes prove nothing");
        let features = if self.tdx { ["tdx"] } else { ["sgx.flc"] }.map(str::to_owned);
        let properties = Properties::new("SIMULATED CPU", 2, 4096, features)?;
        let config = AppConfig { power: PowerSource::Declared(self.power), properties };
        Ok(match self.key_seed {
            Some(seed) => ConfirmationApp::new(config, attester, &mut ChaCha20Rng::seed_from_u64(seed)),
            None => ConfirmationApp::new(config, attester, &mut OsRng),
        })
    }

    fn kind(&self) -> TeeType {
        if self.tdx { TeeType::Tdx } else { TeeType::Sgx }
    }
}

impl ObtainQuote for SimulatedTee {
    fn tee(&self) -> TeeType {
        self.platform.spec().tee
    }

    fn quote(&self, report_data: &[u8; 64]) -> Result<Vec<u8>, AttestError> {
        let spec = QuoteSpec::of_program(self.tee(), &self.program, *report_data);
        self.platform.quote(&spec).map_err(|error| AttestError::Refused {
            interface: "SIMULATED TEE".to_owned(),
            reason: error.to_string(),
        })
    }
}
