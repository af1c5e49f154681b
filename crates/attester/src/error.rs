//! Why an attester has no quote, one fault for each thing that somebody can do about it.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use multee_evidence::AttestError;

/// `ENXIO` on every architecture of Linux: what configfs-tsm says when no TEE driver is registered.
const ENXIO: i32 = 6;

/// A fault, and the interface that has it.
#[derive(Debug, thiserror::Error)]
#[error("{}: {fault}", interface.display())]
pub struct AttesterError {
    /// The file, directory or socket.
    pub interface: PathBuf,
    /// What is wrong.
    #[source]
    pub fault: Fault,
}

/// What is wrong with an interface.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// It is not there: another TEE or none, or a module or a mount is missing.
    #[error("does not exist")]
    Missing,
    /// configfs-tsm is there, but no driver of a TEE has registered with it.
    #[error("no TEE driver is registered")]
    NoProvider,
    /// It belongs to another kind of TEE.
    #[error("belongs to {found}, not to {expected}")]
    WrongTee {
        /// What was to be there.
        expected: &'static str,
        /// What is there, in its words.
        found: String,
    },
    /// Gramine was configured for another kind of attestation, or for none.
    #[error("attestation type is {found}, not dcap")]
    NotDcap {
        /// The type, in Gramine's words.
        found: String,
    },
    /// This user may not use it.
    #[error("permission denied{}", owned(.0.as_ref()))]
    Permission(Option<Owner>),
    /// Somebody else uses it, and did so all the time.
    #[error("busy, also at attempt {attempts}")]
    Busy {
        /// How many attempts were made.
        attempts: u32,
    },
    /// Somebody else wrote to it between our write and our read, every time.
    #[error("another writer interfered, also at attempt {attempts}")]
    Interfered {
        /// How many attempts were made.
        attempts: u32,
    },
    /// It did not answer in time.
    #[error("no answer in time")]
    TimedOut,
    /// Its answer goes beyond the limit.
    #[error("answer is larger than {bytes_max} bytes")]
    TooLarge {
        /// The limit.
        bytes_max: usize,
    },
    /// Its answer is something else than what was asked for.
    #[error("{0}")]
    Unexpected(&'static str),
    /// It said no.
    #[error("refused: {reason}")]
    Refused {
        /// Its reason, in its words.
        reason: String,
    },
    /// Reading or writing failed in another way.
    #[error(transparent)]
    Io(io::Error),
}

/// Whom a file belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner {
    /// User id.
    pub uid: u32,
    /// Group id.
    pub gid: u32,
    /// Permission bits.
    pub mode: u32,
}

impl fmt::Display for Owner {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "user {}, group {}, mode {:04o}", self.uid, self.gid, self.mode)
    }
}

fn owned(owner: Option<&Owner>) -> String {
    owner.map(|owner| format!(" ({owner})")).unwrap_or_default()
}

impl Fault {
    /// The fault of `interface`.
    pub(crate) fn of(self, interface: &Path) -> AttesterError {
        AttesterError { interface: interface.to_owned(), fault: self }
    }

    /// Whether asking again soon may help.
    pub(crate) fn passes(&self) -> bool {
        matches!(self, Self::Busy { .. } | Self::Interfered { .. })
    }

    /// The same fault after this many attempts.
    pub(crate) fn after(self, attempts: u32) -> Self {
        match self {
            Self::Busy { .. } => Self::Busy { attempts },
            Self::Interfered { .. } => Self::Interfered { attempts },
            other => other,
        }
    }

    /// What whoever runs the machine can do about it.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Missing => {
                "run inside the TEE; Linux 6.7 or later with configfs mounted and tdx_guest or sev-guest loaded, \
                 or Gramine's /dev/attestation, or dstack's socket mapped into the container"
            }
            Self::NoProvider => "load the module tdx_guest or sev-guest; both need a guest of that kind",
            Self::WrongTee { .. } => "name the TEE that is there, or let it be found",
            Self::NotDcap { .. } => "set sgx.remote_attestation = \"dcap\" in the manifest",
            Self::Permission(_) => "run as the file's owner or in its group, or give the group access",
            Self::Busy { .. } | Self::Interfered { .. } => {
                "find out what else asks for quotes on this machine"
            }
            Self::TimedOut => "see that the host's quote generation service runs",
            Self::TooLarge { .. } | Self::Unexpected(_) => "see that the interface is what it is taken for",
            Self::Refused { .. } => "see the reason it gives, and the host's quoting service (aesmd, QGS)",
            Self::Io(_) => "see the kernel's log",
        }
    }
}

impl From<io::Error> for Fault {
    /// By what can be done about it. Who owns the file is not known here.
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => Self::Missing,
            io::ErrorKind::PermissionDenied => Self::Permission(None),
            io::ErrorKind::ResourceBusy | io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted => {
                Self::Busy { attempts: 1 }
            }
            io::ErrorKind::TimedOut => Self::TimedOut,
            _ if error.raw_os_error() == Some(ENXIO) => Self::NoProvider,
            _ => Self::Io(error),
        }
    }
}

impl From<AttesterError> for AttestError {
    /// What is not there or cannot be used is unavailable; what was asked and gave nothing refused.
    fn from(error: AttesterError) -> Self {
        let interface = error.interface.display().to_string();
        match error.fault {
            fault @ (Fault::Missing
            | Fault::NoProvider
            | Fault::WrongTee { .. }
            | Fault::NotDcap { .. }
            | Fault::Permission(_)
            | Fault::Io(_)) => Self::Unavailable { interface, source: Box::new(fault) },
            fault => Self::Refused { interface, reason: fault.to_string() },
        }
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error;

    use super::*;

    #[test]
    fn operating_systems_errors_become_what_can_be_done_about_them() {
        let fault = |code| Fault::from(io::Error::from_raw_os_error(code));
        // ENOENT, EACCES, EPERM, EBUSY, EAGAIN, EINTR, ETIMEDOUT, ENXIO, EIO.
        assert!(matches!(fault(2), Fault::Missing));
        assert!(matches!(fault(13), Fault::Permission(None)));
        assert!(matches!(fault(1), Fault::Permission(None)));
        for code in [16, 11, 4] {
            assert!(matches!(fault(code), Fault::Busy { attempts: 1 }), "{code}");
        }
        assert!(matches!(fault(110), Fault::TimedOut));
        assert!(matches!(fault(6), Fault::NoProvider));
        assert!(matches!(fault(5), Fault::Io(_)));
    }

    #[test]
    fn permission_names_the_file_and_its_group() {
        let owner = Owner { uid: 0, gid: 107, mode: 0o660 };
        let error = Fault::Permission(Some(owner)).of(Path::new("/var/run/dstack.sock"));
        assert_eq!(
            error.to_string(),
            "/var/run/dstack.sock: permission denied (user 0, group 107, mode 0660)"
        );
        let AttestError::Unavailable { interface, source } = AttestError::from(error) else {
            panic!("cannot be used");
        };
        assert_eq!(interface, "/var/run/dstack.sock");
        let fault = source.downcast_ref::<Fault>().expect("callers can look at the fault");
        assert!(matches!(fault, Fault::Permission(Some(owner)) if owner.gid == 107));
    }

    #[test]
    fn what_passes_is_a_refusal_with_its_reason() {
        let error = AttestError::from(Fault::Busy { attempts: 1 }.after(5).of(Path::new("/x")));
        assert_eq!(error.to_string(), "/x gave no quote: busy, also at attempt 5");
        assert!(error.source().is_none());
    }
}
