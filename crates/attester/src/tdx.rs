//! TDX: a trust domain quotes through configfs-tsm.

use multee_evidence::{AttestError, ObtainQuote};
use multee_protocol::{REPORT_DATA_BYTES, TeeType};

use crate::tsm::{Provider, Tsm, TsmConfig};

/// A TDX guest whose kernel has the driver `tdx_guest`.
pub struct TdxGuest {
    tsm: Tsm,
}

impl TdxGuest {
    /// Nothing is asked of the kernel before the first quote.
    pub fn new(config: TsmConfig) -> Self {
        Self::over(Tsm::new(config))
    }

    pub(crate) fn over(tsm: Tsm) -> Self {
        Self { tsm }
    }
}

impl ObtainQuote for TdxGuest {
    fn tee(&self) -> TeeType {
        TeeType::Tdx
    }

    fn quote(&self, report_data: &[u8; REPORT_DATA_BYTES]) -> Result<Vec<u8>, AttestError> {
        Ok(self.tsm.report(Provider::Tdx, report_data)?.outblob)
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::path::PathBuf;
    use std::sync::Arc;

    use multee_evidence::{Collateral, Policy, Verifier, VerifierConfig};
    use sha2::{Digest, Sha256};

    use super::*;
    use crate::error::{AttesterError, Fault, Owner};
    use crate::kernel::{DIRECTORY, EBUSY, ETIMEDOUT, Event, Kernel};

    const DATA: [u8; REPORT_DATA_BYTES] = [0x5A; REPORT_DATA_BYTES];

    fn config() -> TsmConfig {
        TsmConfig { directory: DIRECTORY.into(), attempts_max: 4, pause_ms: 0 }
    }

    fn report(kernel: &Kernel) -> Result<Vec<u8>, AttesterError> {
        let tsm = Tsm::over(config(), Arc::new(kernel.clone()));
        let report = tsm.report(Provider::Tdx, &DATA);
        assert_eq!(kernel.entries(), 0, "the directory is removed whatever happens");
        report.map(|report| report.outblob)
    }

    fn fault(kernel: &Kernel) -> Fault {
        report(kernel).expect_err("no quote").fault
    }

    #[test]
    fn quote_of_a_trust_domain_verifies_and_is_about_what_was_asked() {
        let kernel = Kernel::tdx();
        let guest = TdxGuest::over(Tsm::over(config(), Arc::new(kernel.clone())));
        let quote = guest.quote(&DATA).expect("quotes");
        let vendor = Kernel::vendor();
        let root = hex::encode(Sha256::digest(vendor.root_der()));
        let number = vendor.config().tcb_evaluation_number;
        let policy = Policy::from_json(
            format!(
                r#"{{"version":1,"roots":["0x{root}"],"platform_statuses":["UpToDate"],"tcb_evaluation_number":{number}}}"#
            )
            .as_bytes(),
        );
        let policy = policy.expect("policy");
        let verifier = Verifier::new(&policy, [vendor.root_der().to_vec()], VerifierConfig::default());
        let collateral = vendor.collateral(TeeType::Tdx, *b"SIMTDX").expect("simulated");
        let collateral = Collateral::from_json(&collateral).expect("collateral");
        let now_s = vendor.config().not_before_s + 1;
        let evidence = verifier.expect("verifier").appraise(&quote, &collateral, now_s).expect("verifies");
        assert_eq!(evidence.report_data(), &DATA);
        assert_eq!(kernel.entries(), 0);
    }

    #[test]
    fn busy_driver_is_asked_again_and_not_for_ever() {
        let kernel = Kernel::tdx();
        kernel.will([Event::Fails(EBUSY), Event::Fails(EBUSY), Event::Fails(EBUSY)]);
        report(&kernel).expect("fourth attempt");
        kernel.will([Event::Fails(EBUSY); 4]);
        assert!(matches!(fault(&kernel), Fault::Busy { attempts: 4 }));
        assert_eq!(kernel.reports_made(), 1, "and the fifth is not made");
    }

    #[test]
    fn report_that_another_writer_may_have_changed_is_not_taken() {
        let kernel = Kernel::tdx();
        for interference in [Event::WrittenBeforeRead, Event::WrittenAfterRead] {
            kernel.will([interference; 3]);
            assert!(report(&kernel).is_ok(), "{interference:?}");
            kernel.will([interference; 4]);
            assert!(matches!(fault(&kernel), Fault::Interfered { attempts: 4 }), "{interference:?}");
        }
    }

    #[test]
    fn write_that_the_kernel_dropped_unsaid_is_found_out() {
        let kernel = Kernel::tdx();
        kernel.will([Event::WriteDropped]);
        // Without a report's bytes the kernel refuses to read; with older ones it would report those.
        assert!(report(&kernel).is_err());
        kernel.will([Event::WriteReplaced, Event::Sound]);
        report(&kernel).expect("second attempt");
    }

    #[test]
    fn report_over_other_bytes_is_refused_even_if_nobody_wrote() {
        let kernel = Kernel::tdx();
        kernel.will([Event::ReportsOther]);
        assert!(matches!(fault(&kernel), Fault::Unexpected("quote is about other report data")));
    }

    #[test]
    fn quoting_service_that_does_not_answer_is_not_asked_again() {
        let kernel = Kernel::tdx();
        kernel.will([Event::Fails(ETIMEDOUT)]);
        let tsm = Tsm::over(config(), Arc::new(kernel.clone()));
        let error = TdxGuest::over(tsm).quote(&DATA).expect_err("no answer");
        assert!(matches!(error, AttestError::Refused { .. }), "{error}");
        assert_eq!(kernel.reports_made(), 0);
    }

    #[test]
    fn missing_module_driver_and_permission_are_told_apart() {
        let kernel = Kernel::tdx();
        kernel.change(|state| state.provider = None);
        assert!(matches!(fault(&kernel), Fault::NoProvider));
        kernel.change(|state| state.mkdir_fails = Some(io::ErrorKind::PermissionDenied));
        assert!(matches!(fault(&kernel), Fault::Permission(Some(Owner { uid: 0, gid: 0, mode: 0o755 }))));
        let nowhere = TsmConfig { directory: "/nowhere".into(), ..config() };
        let error = Tsm::over(nowhere, Arc::new(Kernel::tdx())).provider().expect_err("not mounted");
        assert!(matches!(error.fault, Fault::Missing));
        assert_eq!(error.interface, PathBuf::from("/nowhere"));
    }

    #[test]
    fn guest_of_another_kind_is_named() {
        let kernel = Kernel::snp(0);
        let Fault::WrongTee { expected, found } = fault(&kernel) else { panic!("wrong TEE") };
        assert_eq!((expected, found.as_str()), ("tdx_guest", "sev_guest"));
    }

    #[test]
    fn names_that_a_killed_process_left_are_passed_over() {
        let kernel = Kernel::tdx();
        kernel.change(|state| state.names_taken = 3);
        report(&kernel).expect("fourth name");
        kernel.change(|state| state.names_taken = u32::MAX);
        assert!(matches!(fault(&kernel), Fault::Busy { .. }));
    }

    #[test]
    fn endless_report_is_refused() {
        let kernel = Kernel::tdx();
        kernel.will([Event::ReportsEndlessly]);
        assert!(matches!(fault(&kernel), Fault::TooLarge { .. }));
    }
}
