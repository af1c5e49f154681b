//! Which attester to use: the one that is named, or the first of those that are there.
//!
//! The order is from the inside out. Within Gramine the host's files are not to be seen; a container in a dstack VM has
//! the agent's socket because somebody mapped it in; configfs-tsm is the guest's own. What is there but does not work is
//! an error and not passed over: a wrong permission must not turn one kind of device into another.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use multee_evidence::ObtainQuote;

use crate::dstack::{Dstack, DstackConfig};
use crate::error::{AttesterError, Fault};
use crate::files::{Files, HostFiles, explain};
use crate::gramine::{GRAMINE_DIRECTORY, Gramine};
use crate::snp::{EncodeSnpReport, SnpGuest};
use crate::tdx::TdxGuest;
use crate::tsm::{Provider, Tsm, TsmConfig};

/// An interface through which a TEE quotes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interface {
    /// An SGX enclave under Gramine: `gramine`.
    Gramine,
    /// A container in a dstack VM: `dstack`.
    Dstack,
    /// A TDX guest: `tdx`.
    Tdx,
    /// An SEV-SNP guest: `snp`.
    Snp,
}

/// What is to be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// What is there, in this order: Gramine, dstack, configfs-tsm with TDX or SEV-SNP. Never a simulated TEE: `auto`.
    Automatic,
    /// This one.
    Named(Interface),
    /// The simulated TEE that the caller brings: `mock`.
    Mock,
}

/// Not the name of an attester.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no attester {0:?}; there are auto, gramine, dstack, tdx, snp and mock")]
pub struct ChoiceError(String);

/// Where the interfaces are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Places {
    /// Gramine's directory.
    pub gramine: PathBuf,
    /// dstack's agent.
    pub dstack: DstackConfig,
    /// configfs-tsm.
    pub tsm: TsmConfig,
}

/// Why there is no attester.
#[derive(Debug, thiserror::Error)]
pub enum SelectError {
    /// None of the interfaces is there.
    #[error("this machine has no TEE that can be used:{}", listed(.0))]
    NothingThere(Vec<AttesterError>),
    /// The one that was named, or found, cannot be used.
    #[error("{} cannot be used", .0.interface.display())]
    Unusable(#[from] AttesterError),
    /// A simulated TEE was named, and this program has none.
    #[error("this program has no simulated TEE")]
    NoMock,
}

impl Default for Places {
    /// As Linux, Gramine and dstack have them.
    fn default() -> Self {
        Self { gramine: GRAMINE_DIRECTORY.into(), dstack: DstackConfig::default(), tsm: TsmConfig::default() }
    }
}

impl Interface {
    const ALL: [Self; 4] = [Self::Gramine, Self::Dstack, Self::Tdx, Self::Snp];

    /// Its name on the command line and in configuration.
    pub fn name(self) -> &'static str {
        match self {
            Self::Gramine => "gramine",
            Self::Dstack => "dstack",
            Self::Tdx => "tdx",
            Self::Snp => "snp",
        }
    }
}

impl FromStr for Choice {
    type Err = ChoiceError;

    fn from_str(name: &str) -> Result<Self, ChoiceError> {
        match name {
            "auto" => Ok(Self::Automatic),
            "mock" => Ok(Self::Mock),
            _ => {
                let named = Interface::ALL.into_iter().find(|interface| interface.name() == name);
                named.map(Self::Named).ok_or_else(|| ChoiceError(name.to_owned()))
            }
        }
    }
}

impl fmt::Display for Choice {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Automatic => "auto",
            Self::Named(interface) => interface.name(),
            Self::Mock => "mock",
        })
    }
}

/// The attester to use. Its interface was looked at, but not asked for a quote.
///
/// `mock` is the simulated TEE that the caller has, if any; only [`Choice::Mock`] uses it. `encode_snp` makes the bytes
/// that SEV-SNP devices publish.
///
/// # Errors
/// When nothing is there, or what is there or was named cannot be used.
pub fn select(
    choice: Choice,
    places: &Places,
    encode_snp: EncodeSnpReport,
    mock: Option<Box<dyn ObtainQuote>>,
) -> Result<Box<dyn ObtainQuote>, SelectError> {
    let selecting = Selecting { places, encode_snp, files: Arc::new(HostFiles) };
    match choice {
        Choice::Automatic => selecting.find(),
        Choice::Named(interface) => Ok(selecting.named(interface)?),
        Choice::Mock => mock.ok_or(SelectError::NoMock),
    }
}

struct Selecting<'a> {
    places: &'a Places,
    encode_snp: EncodeSnpReport,
    files: Arc<dyn Files>,
}

impl Selecting<'_> {
    fn find(&self) -> Result<Box<dyn ObtainQuote>, SelectError> {
        let ways = [Self::gramine, Self::dstack, Self::guest];
        let mut absent = Vec::new();
        for way in ways {
            match way(self) {
                Err(error) if is_absent(&error.fault) => absent.push(error),
                found => return Ok(found?),
            }
        }
        Err(SelectError::NothingThere(absent))
    }

    fn named(&self, interface: Interface) -> Result<Box<dyn ObtainQuote>, AttesterError> {
        match interface {
            Interface::Gramine => self.gramine(),
            Interface::Dstack => self.dstack(),
            Interface::Tdx => self.guest_of(Provider::Tdx),
            Interface::Snp => self.guest_of(Provider::Snp),
        }
    }

    fn gramine(&self) -> Result<Box<dyn ObtainQuote>, AttesterError> {
        let gramine = Gramine::over(self.places.gramine.clone(), Arc::clone(&self.files));
        gramine.check()?;
        Ok(Box::new(gramine))
    }

    fn dstack(&self) -> Result<Box<dyn ObtainQuote>, AttesterError> {
        let socket = &self.places.dstack.socket;
        if self.files.owner(socket).is_none() {
            return Err(explain(self.files.as_ref(), socket, std::io::ErrorKind::NotFound.into()));
        }
        Ok(Box::new(Dstack::new(self.places.dstack.clone())))
    }

    fn guest(&self) -> Result<Box<dyn ObtainQuote>, AttesterError> {
        let found = self.tsm().provider()?;
        let known = [Provider::Tdx, Provider::Snp].into_iter().find(|provider| provider.name() == found);
        let expected = "tdx_guest or sev_guest";
        known
            .map(|provider| self.attester_of(provider))
            .ok_or_else(|| Fault::WrongTee { expected, found }.of(&self.places.tsm.directory))
    }

    fn attester_of(&self, provider: Provider) -> Box<dyn ObtainQuote> {
        match provider {
            Provider::Tdx => Box::new(TdxGuest::over(self.tsm())),
            Provider::Snp => Box::new(SnpGuest::over(self.tsm(), self.encode_snp)),
        }
    }

    fn guest_of(&self, provider: Provider) -> Result<Box<dyn ObtainQuote>, AttesterError> {
        let (expected, found) = (provider.name(), self.tsm().provider()?);
        if found == expected {
            Ok(self.attester_of(provider))
        } else {
            Err(Fault::WrongTee { expected, found }.of(&self.places.tsm.directory))
        }
    }

    fn tsm(&self) -> Tsm {
        Tsm::over(self.places.tsm.clone(), Arc::clone(&self.files))
    }
}

/// A kernel may have configfs-tsm and run on a machine without a TEE.
fn is_absent(fault: &Fault) -> bool {
    matches!(fault, Fault::Missing | Fault::NoProvider)
}

fn listed(absent: &[AttesterError]) -> String {
    absent.iter().fold(String::new(), |text, error| text + "\n  " + &error.to_string())
}

#[cfg(test)]
mod tests {
    use std::io::{self, Cursor, Read, Write};
    use std::path::Path;

    use multee_protocol::TeeType;

    use super::*;
    use crate::error::Owner;
    use crate::kernel::Kernel;

    /// What is there on a machine.
    #[derive(Clone, Default)]
    struct Machine {
        kernel: Option<Kernel>,
        attestation_type: Option<&'static str>,
        has_socket: bool,
    }

    impl Machine {
        fn select(&self, choice: Choice) -> Result<TeeType, SelectError> {
            let mut places = Places::default();
            places.tsm.attempts_max = 1;
            let encode_snp: EncodeSnpReport = |report| report.report.clone();
            let selecting = Selecting { places: &places, encode_snp, files: Arc::new(self.clone()) };
            let found = match choice {
                Choice::Named(interface) => Ok(selecting.named(interface)?),
                _ => selecting.find(),
            };
            assert!(self.kernel.as_ref().is_none_or(|kernel| kernel.entries() == 0));
            found.map(|attester| attester.tee())
        }
    }

    impl Files for Machine {
        fn create_dir(&self, path: &Path) -> io::Result<()> {
            self.kernel.as_ref().ok_or(io::ErrorKind::NotFound)?.create_dir(path)
        }
        fn remove_dir(&self, path: &Path) -> io::Result<()> {
            self.kernel.as_ref().ok_or(io::ErrorKind::NotFound)?.remove_dir(path)
        }
        fn open(&self, path: &Path) -> io::Result<Box<dyn Read>> {
            match self.attestation_type {
                Some(kind) if path == Path::new("/dev/attestation/attestation_type") => {
                    Ok(Box::new(Cursor::new(kind)))
                }
                _ => self.kernel.as_ref().ok_or(io::ErrorKind::NotFound)?.open(path),
            }
        }
        fn open_to_write(&self, _: &Path) -> io::Result<Box<dyn Write>> {
            panic!("no quote is asked for")
        }
        fn owner(&self, path: &Path) -> Option<Owner> {
            let there = self.has_socket && path == Path::new("/var/run/dstack.sock");
            there.then_some(Owner { uid: 0, gid: 0, mode: 0o660 })
        }
    }

    struct Simulated;

    impl ObtainQuote for Simulated {
        fn tee(&self) -> TeeType {
            TeeType::Sgx
        }
        fn quote(&self, _: &[u8; 64]) -> Result<Vec<u8>, multee_evidence::AttestError> {
            Ok(b"SIMULATED".to_vec())
        }
    }

    fn guest(kernel: Kernel) -> Machine {
        Machine { kernel: Some(kernel), ..Machine::default() }
    }

    #[test]
    fn what_is_there_is_found_from_the_inside_out() {
        let mut machine = guest(Kernel::snp(0));
        assert_eq!(machine.select(Choice::Automatic).expect("guest"), TeeType::Snp);
        assert_eq!(guest(Kernel::tdx()).select(Choice::Automatic).expect("guest"), TeeType::Tdx);
        machine.has_socket = true;
        assert_eq!(machine.select(Choice::Automatic).expect("dstack"), TeeType::Tdx);
        machine.attestation_type = Some("dcap");
        assert_eq!(machine.select(Choice::Automatic).expect("enclave"), TeeType::Sgx);
        for (interface, tee) in [
            (Interface::Dstack, TeeType::Tdx),
            (Interface::Snp, TeeType::Snp),
            (Interface::Gramine, TeeType::Sgx),
        ] {
            assert_eq!(machine.select(Choice::Named(interface)).expect("named"), tee);
        }
    }

    #[test]
    fn what_is_there_but_does_not_work_is_not_passed_over() {
        let mut machine = guest(Kernel::tdx());
        machine.attestation_type = Some("none");
        let error = machine.select(Choice::Automatic).expect_err("misconfigured");
        let SelectError::Unusable(error) = error else { panic!("{error}") };
        assert!(matches!(error.fault, Fault::NotDcap { .. }), "{error}");
        let kernel = Kernel::tdx();
        kernel.change(|state| state.mkdir_fails = Some(io::ErrorKind::PermissionDenied));
        let error = guest(kernel).select(Choice::Automatic).expect_err("denied");
        let SelectError::Unusable(error) = error else { panic!("{error}") };
        assert!(matches!(error.fault, Fault::Permission(_)), "{error}");
    }

    #[test]
    fn machine_without_a_tee_is_told_what_was_looked_for() {
        let without_driver = Kernel::tdx();
        without_driver.change(|state| state.provider = None);
        let error = guest(without_driver).select(Choice::Automatic).expect_err("nothing");
        assert_eq!(
            error.to_string(),
            "this machine has no TEE that can be used:\
             \n  /dev/attestation/attestation_type: does not exist\
             \n  /var/run/dstack.sock: does not exist\
             \n  /sys/kernel/config/tsm/report: no TEE driver is registered"
        );
        let error = Machine::default().select(Choice::Automatic).expect_err("nothing");
        assert!(error.to_string().ends_with("/sys/kernel/config/tsm/report: does not exist"), "{error}");
    }

    #[test]
    fn named_tee_is_not_replaced_by_the_one_that_is_there() {
        let error = guest(Kernel::snp(0)).select(Choice::Named(Interface::Tdx)).expect_err("another");
        let SelectError::Unusable(error) = error else { panic!("{error}") };
        assert_eq!(
            error.to_string(),
            "/sys/kernel/config/tsm/report: belongs to sev_guest, not to tdx_guest"
        );
        let foreign = guest(Kernel::of("arm_cca_guest", None, 0));
        assert!(matches!(foreign.select(Choice::Automatic), Err(SelectError::Unusable(_))));
    }

    #[test]
    fn simulated_tee_is_used_only_when_it_is_named() {
        let places = Places {
            gramine: "/nowhere".into(),
            dstack: DstackConfig { socket: "/nowhere".into(), ..DstackConfig::default() },
            tsm: TsmConfig { directory: "/nowhere".into(), ..TsmConfig::default() },
        };
        let encode_snp: EncodeSnpReport = |report| report.report.clone();
        let select = |choice, mock| select(choice, &places, encode_snp, mock);
        let mock = || Some(Box::new(Simulated) as Box<dyn ObtainQuote>);
        assert!(matches!(select(Choice::Automatic, mock()), Err(SelectError::NothingThere(_))));
        assert!(matches!(select(Choice::Named(Interface::Tdx), mock()), Err(SelectError::Unusable(_))));
        assert!(matches!(select(Choice::Mock, None), Err(SelectError::NoMock)));
        let chosen = select(Choice::Mock, mock()).expect("brought");
        assert_eq!(chosen.quote(&[0; 64]).expect("quotes"), b"SIMULATED");
    }

    #[test]
    fn choices_are_named() {
        for name in ["auto", "mock", "gramine", "dstack", "tdx", "snp"] {
            assert_eq!(name.parse::<Choice>().expect("known").to_string(), name);
        }
        assert!("sgx".parse::<Choice>().is_err() && "".parse::<Choice>().is_err());
    }
}
