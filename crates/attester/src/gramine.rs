//! SGX: an enclave that Gramine runs.
//!
//! Source: Gramine's documentation, "Attestation and Secret Provisioning", low-level `/dev/attestation` interface. The
//! pseudo-files are the process's own, not safe for threads, and the report data takes effect when its file is closed.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use multee_evidence::{AttestError, ObtainQuote, QUOTE_BYTES_MAX};
use multee_protocol::{REPORT_DATA_BYTES, TeeType};

use crate::error::{AttesterError, Fault};
use crate::files::{self, Files, HostFiles};

/// Where Gramine has it.
pub const GRAMINE_DIRECTORY: &str = "/dev/attestation";

/// One caller at a time, whichever value it goes through: the files behind all of them are the same.
static TURN: Mutex<()> = Mutex::new(());

/// An SGX enclave under Gramine.
pub struct Gramine {
    directory: PathBuf,
    files: Arc<dyn Files>,
}

impl Gramine {
    /// Through the pseudo-files in `directory`, usually [`GRAMINE_DIRECTORY`]. Nothing is read before the first quote.
    pub fn new(directory: PathBuf) -> Self {
        Self::over(directory, Arc::new(HostFiles))
    }

    pub(crate) fn over(directory: PathBuf, files: Arc<dyn Files>) -> Self {
        Self { directory, files }
    }

    /// Whether the enclave was set up to quote by DCAP.
    pub(crate) fn check(&self) -> Result<(), AttesterError> {
        let path = self.directory.join("attestation_type");
        let found = files::read_line(self.files.as_ref(), &path)?;
        if found == "dcap" { Ok(()) } else { Err(Fault::NotDcap { found }.of(&path)) }
    }

    fn obtain(&self, report_data: &[u8; REPORT_DATA_BYTES]) -> Result<Vec<u8>, AttesterError> {
        // A caller that panicked left nothing behind that the next one would not write anew.
        let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        self.check()?;
        files::write(self.files.as_ref(), &self.directory.join("user_report_data"), report_data)?;
        let path = self.directory.join("quote");
        let quote = files::read(self.files.as_ref(), &path, QUOTE_BYTES_MAX);
        let quote = quote.map_err(|error| explain_quote(&path, error))?;
        files::about(report_data, quote).map_err(|fault| fault.of(&path))
    }
}

/// Gramine says "permission denied" when the quoting enclave gave no quote.
fn explain_quote(path: &Path, error: AttesterError) -> AttesterError {
    match error.fault {
        Fault::Permission(_) => {
            Fault::Refused { reason: "the quoting enclave gave no quote, or aesmd does not run".to_owned() }
                .of(path)
        }
        _ => error,
    }
}

impl ObtainQuote for Gramine {
    fn tee(&self) -> TeeType {
        TeeType::Sgx
    }

    fn quote(&self, report_data: &[u8; REPORT_DATA_BYTES]) -> Result<Vec<u8>, AttestError> {
        Ok(self.obtain(report_data)?)
    }
}

#[cfg(test)]
mod tests {
    use std::io::{self, Cursor, Read, Write};

    use multee_mock_vendor::{PlatformSpec, QuoteSpec, Vendor, VendorConfig};

    use super::*;
    use crate::error::Owner;

    /// Gramine's pseudo-files: the report data is taken over at close, the quote is made at open.
    #[derive(Clone)]
    struct Enclave(Arc<Mutex<State>>);

    struct State {
        kind: &'static str,
        report_data: [u8; 64],
        refuses: bool,
        forgets: bool,
    }

    struct ReportData(Enclave, Vec<u8>);

    impl Enclave {
        fn new(kind: &'static str) -> Self {
            Self(Arc::new(Mutex::new(State { kind, report_data: [0; 64], refuses: false, forgets: false })))
        }

        fn attester(&self) -> Gramine {
            Gramine::over(GRAMINE_DIRECTORY.into(), Arc::new(self.clone()))
        }

        fn quote(&self) -> Vec<u8> {
            let config = VendorConfig { not_before_s: 1, not_after_s: 1000, tcb_evaluation_number: 1 };
            let vendor = Vendor::from_seed([7; 32], config).expect("dates in range");
            let platform = vendor.platform(PlatformSpec::sound(1, TeeType::Sgx)).expect("simulated");
            let data = self.0.lock().expect("lock").report_data;
            platform.quote(&QuoteSpec::of_program(TeeType::Sgx, "agent", data)).expect("same TEE")
        }
    }

    impl Files for Enclave {
        fn create_dir(&self, _: &Path) -> io::Result<()> {
            unreachable!("files only")
        }
        fn remove_dir(&self, _: &Path) -> io::Result<()> {
            unreachable!("files only")
        }
        fn open(&self, path: &Path) -> io::Result<Box<dyn Read>> {
            match path.to_str() {
                Some("/dev/attestation/attestation_type") => {
                    Ok(Box::new(Cursor::new(self.0.lock().expect("lock").kind)))
                }
                Some("/dev/attestation/quote") if self.0.lock().expect("lock").refuses => {
                    Err(io::ErrorKind::PermissionDenied.into())
                }
                Some("/dev/attestation/quote") => Ok(Box::new(Cursor::new(self.quote()))),
                _ => Err(io::ErrorKind::NotFound.into()),
            }
        }
        fn open_to_write(&self, path: &Path) -> io::Result<Box<dyn Write>> {
            assert_eq!(path, Path::new("/dev/attestation/user_report_data"));
            Ok(Box::new(ReportData(self.clone(), Vec::new())))
        }
        fn owner(&self, _: &Path) -> Option<Owner> {
            None
        }
    }

    impl Write for ReportData {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.1.extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Drop for ReportData {
        fn drop(&mut self) {
            let mut state = self.0.0.lock().expect("lock");
            if !state.forgets {
                state.report_data[..self.1.len()].copy_from_slice(&self.1);
            }
        }
    }

    #[test]
    fn enclave_quotes_over_what_was_asked() {
        let attester = Enclave::new("dcap").attester();
        assert_eq!(attester.tee(), TeeType::Sgx);
        let quote = attester.quote(&[0x5A; 64]).expect("quotes");
        // The report stands from byte 48 on, its report data at 320.
        assert_eq!(quote[48 + 320..][..64], [0x5A; 64]);
    }

    #[test]
    fn enclave_that_was_not_set_up_for_dcap_is_named() {
        for (kind, name) in [("none", "none"), ("epid\n", "epid"), ("", "")] {
            let error = Enclave::new(kind).attester().obtain(&[1; 64]).expect_err("not dcap");
            assert!(matches!(&error.fault, Fault::NotDcap { found } if found == name), "{error}");
            assert_eq!(error.interface, Path::new("/dev/attestation/attestation_type"));
        }
    }

    #[test]
    fn quoting_enclave_that_gives_nothing_is_no_question_of_permissions() {
        let enclave = Enclave::new("dcap");
        enclave.0.lock().expect("lock").refuses = true;
        let error = enclave.attester().obtain(&[1; 64]).expect_err("refused");
        assert!(matches!(error.fault, Fault::Refused { .. }), "{error}");
    }

    #[test]
    fn quote_over_earlier_report_data_is_refused() {
        let enclave = Enclave::new("dcap");
        enclave.0.lock().expect("lock").forgets = true;
        let error = enclave.attester().obtain(&[1; 64]).expect_err("stale");
        assert!(matches!(error.fault, Fault::Unexpected("quote is about other report data")), "{error}");
    }

    #[test]
    fn outside_of_gramine_the_missing_file_is_named() {
        let error = Gramine::new("/nowhere".into()).obtain(&[1; 64]).expect_err("missing");
        assert_eq!(error.to_string(), "/nowhere/attestation_type: does not exist");
    }

    #[test]
    fn threads_take_turns() {
        let enclave = Enclave::new("dcap");
        std::thread::scope(|scope| {
            for data in 1..=8 {
                let attester = enclave.attester();
                scope.spawn(move || attester.quote(&[data; 64]).expect("its own"));
            }
        });
    }
}
