//! The devices of a devnet and their vendor, all SIMULATED: everything follows from a seed, so that each process can
//! make what it needs by itself.

use alloy_primitives::{Address, B256, keccak256};
use multee_chain::{InvalidKey, Sender};
use multee_confirmation::{AppConfig, ConfirmationApp, PowerSource};
use multee_evidence::{
    AttestError, ObtainQuote, Policy, PolicyError, Properties, PropertiesError, Register, RegisterValue,
    TcbStatus, measurement,
};
use multee_mock_vendor::{Platform, PlatformSpec, QuoteSpec, Registers, Vendor, VendorConfig, VendorError};
use multee_protocol::{DeviceId, Power, TeeType};
use rand_core::OsRng;
use serde_json::json;
use sha2::{Digest, Sha256};

/// What every device declares as its power.
pub const POWER: Power = 1_000;
/// The program that every device runs, by its quotes.
const PROGRAM: &str = "multee-confirm of a devnet";
/// The evaluation number of the vendor's collateral, and of the policy.
const TCB_EVALUATION_NUMBER: u32 = 1;

/// What the devices of a devnet grow from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Devices {
    /// All keys but those of incarnations, which are drawn anew at each boot.
    pub seed: u64,
    /// When the vendor's certificates and collateral begin to hold, in seconds since the Unix epoch.
    pub from_s: u64,
    /// When they end to.
    pub until_s: u64,
}

/// Why there are no devices.
#[derive(Debug, thiserror::Error)]
pub enum DevicesError {
    /// The vendor or one of its machines cannot be made.
    #[error("SIMULATED vendor cannot be made")]
    Vendor(#[from] VendorError),
    /// The policy cannot.
    #[error("policy cannot be made")]
    Policy(#[from] PolicyError),
    /// The machine's properties cannot.
    #[error("SIMULATED properties cannot be made")]
    Properties(#[from] PropertiesError),
    /// A hash is no key, which no known hash is.
    #[error("account cannot be made")]
    Account(#[from] InvalidKey),
    /// The policy has no measurement for this kind of TEE.
    #[error("policy measures nothing of {tee}", tee = .0.name())]
    NotMeasured(TeeType),
}

impl Devices {
    /// Their vendor.
    ///
    /// # Errors
    /// For times that certificates cannot hold.
    pub fn vendor(&self) -> Result<Vendor, DevicesError> {
        let config = VendorConfig {
            not_before_s: self.from_s,
            not_after_s: self.until_s,
            tcb_evaluation_number: TCB_EVALUATION_NUMBER,
        };
        Ok(Vendor::from_seed(self.hash("vendor").0, config)?)
    }

    /// The network's policy document: this vendor's root, and none but sound, up-to-date machines.
    ///
    /// # Errors
    /// As [`vendor`](Self::vendor).
    pub fn policy(&self) -> Result<Vec<u8>, DevicesError> {
        let root = B256::from(<[u8; 32]>::from(Sha256::digest(self.vendor()?.root_der())));
        let document = json!({
            "version": 1,
            "roots": [root],
            "platform_statuses": [TcbStatus::UpToDate],
            "tcb_evaluation_number": TCB_EVALUATION_NUMBER,
        });
        Ok(document.to_string().into_bytes())
    }

    /// The measurement of the program on the device with this index.
    ///
    /// # Errors
    /// As [`vendor`](Self::vendor).
    pub fn measurement(&self, index: u32) -> Result<B256, DevicesError> {
        let (tee, policy) = (tee(index), Policy::from_json(&self.policy()?)?);
        let registers = policy.measured_registers(tee).ok_or(DevicesError::NotMeasured(tee))?;
        Ok(measurement(tee, registers, &register_values(tee)))
    }

    /// The device's id, as its evidence will show it.
    ///
    /// # Errors
    /// As [`vendor`](Self::vendor).
    pub fn device_id(&self, index: u32) -> Result<DeviceId, DevicesError> {
        let platform = self.platform(index)?;
        Ok(DeviceId::from_hardware(platform.spec().tee, platform.hardware_id()))
    }

    /// The account with this name. Whoever knows the seed has its key.
    ///
    /// # Errors
    /// Never, for any known name.
    pub fn account(&self, name: &str) -> Result<Sender, DevicesError> {
        Ok(Sender::from_key(&self.account_key(name).0)?)
    }

    /// That account's key.
    pub fn account_key(&self, name: &str) -> B256 {
        self.hash(&format!("account {name}"))
    }

    /// That account's address.
    ///
    /// # Errors
    /// As [`account`](Self::account).
    pub fn address(&self, name: &str) -> Result<Address, DevicesError> {
        Ok(self.account(name)?.address())
    }

    /// Boots the Confirmation Application of the device with this index: a new incarnation, with a key of its own.
    ///
    /// # Errors
    /// As [`vendor`](Self::vendor).
    pub fn boot(&self, index: u32) -> Result<ConfirmationApp, DevicesError> {
        let tee = SimulatedTee(self.platform(index)?);
        let features = [tee.tee().name().to_owned()];
        let properties = Properties::new("SIMULATED CPU", 2, 4096, features)?;
        let config = AppConfig { power: PowerSource::Declared(POWER), properties };
        Ok(ConfirmationApp::new(config, Box::new(tee), &mut OsRng))
    }

    fn platform(&self, index: u32) -> Result<Platform, DevicesError> {
        Ok(self.vendor()?.platform(PlatformSpec::sound(index, tee(index)))?)
    }

    fn hash(&self, what: &str) -> B256 {
        keccak256(format!("multee devnet {} {what}", self.seed))
    }
}

/// Enclaves and guests in turns.
fn tee(index: u32) -> TeeType {
    if index.is_multiple_of(2) { TeeType::Sgx } else { TeeType::Tdx }
}

fn register_values(tee: TeeType) -> Vec<RegisterValue> {
    let values = match Registers::of_program(tee, PROGRAM) {
        Registers::Sgx(sgx) => vec![(Register::MrEnclave, sgx.mr_enclave.to_vec())],
        Registers::Tdx(tdx) => {
            let [_, kernel, command_line, _] = tdx.rtmrs;
            vec![
                (Register::MrTd, tdx.mr_td.to_vec()),
                (Register::Rtmr1, kernel.to_vec()),
                (Register::Rtmr2, command_line.to_vec()),
                (Register::MrConfigId, tdx.mr_config_id.to_vec()),
            ]
        }
    };
    values.into_iter().map(|(register, value)| RegisterValue { register, value }).collect()
}

/// A TEE without hardware: what it says proves nothing.
struct SimulatedTee(Platform);

impl ObtainQuote for SimulatedTee {
    fn tee(&self) -> TeeType {
        self.0.spec().tee
    }

    fn quote(&self, report_data: &[u8; 64]) -> Result<Vec<u8>, AttestError> {
        let spec = QuoteSpec::of_program(self.tee(), PROGRAM, *report_data);
        self.0.quote(&spec).map_err(|error| AttestError::Refused {
            interface: "SIMULATED TEE".to_owned(),
            reason: error.to_string(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEVICES: Devices = Devices { seed: 7, from_s: 1_700_000_000, until_s: 1_800_000_000 };

    #[test]
    fn every_process_makes_the_same_devices_from_the_seed() {
        let again = Devices { ..DEVICES };
        for index in 0..3 {
            assert_eq!(DEVICES.device_id(index).expect("made"), again.device_id(index).expect("made"));
            assert_eq!(DEVICES.measurement(index).expect("made"), again.measurement(index).expect("made"));
        }
        assert_ne!(DEVICES.device_id(0).expect("made"), DEVICES.device_id(2).expect("made"));
        let other = Devices { seed: 8, ..DEVICES };
        assert_ne!(DEVICES.device_id(0).expect("made"), other.device_id(0).expect("made"));
        assert_ne!(DEVICES.policy().expect("made"), other.policy().expect("made"));
        assert_ne!(DEVICES.account_key("a"), DEVICES.account_key("b"));
    }

    #[test]
    fn each_boot_is_another_incarnation_on_the_same_device() {
        use multee_confirmation::Confirm;
        let (first, second) = (DEVICES.boot(0).expect("boots"), DEVICES.boot(0).expect("boots"));
        assert_ne!(first.incarnation(), second.incarnation());
    }
}
