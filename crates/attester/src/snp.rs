//! SEV-SNP: a guest reports through configfs-tsm.

use multee_evidence::{AttestError, ObtainQuote};
use multee_protocol::{REPORT_DATA_BYTES, TeeType};

use crate::error::AttesterError;
use crate::tsm::{Provider, Tsm, TsmConfig};

/// What an SEV-SNP guest gets from its kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnpReport {
    /// The attestation report (SEV-SNP Firmware ABI, `ATTESTATION_REPORT`).
    pub report: Vec<u8>,
    /// The host's table of certificates for it (GHCB specification, `MSG_REPORT_REQ`); often empty, and then the
    /// VCEK is fetched from AMD's key distribution service.
    pub certificates: Vec<u8>,
}

/// Makes the bytes that are published of a report and its certificates.
pub type EncodeSnpReport = fn(&SnpReport) -> Vec<u8>;

/// An SEV-SNP guest whose kernel has the driver `sev-guest`.
pub struct SnpGuest {
    tsm: Tsm,
    encode: EncodeSnpReport,
}

impl SnpGuest {
    /// Nothing is asked of the kernel before the first report.
    pub fn new(config: TsmConfig, encode: EncodeSnpReport) -> Self {
        Self::over(Tsm::new(config), encode)
    }

    pub(crate) fn over(tsm: Tsm, encode: EncodeSnpReport) -> Self {
        Self { tsm, encode }
    }

    /// A report over `report_data`, and the certificates that the host gave with it.
    ///
    /// # Errors
    /// By what can be done about it.
    pub fn report(&self, report_data: &[u8; REPORT_DATA_BYTES]) -> Result<SnpReport, AttesterError> {
        let report = self.tsm.report(Provider::Snp, report_data)?;
        Ok(SnpReport { report: report.outblob, certificates: report.auxblob })
    }
}

impl ObtainQuote for SnpGuest {
    fn tee(&self) -> TeeType {
        TeeType::Snp
    }

    fn quote(&self, report_data: &[u8; REPORT_DATA_BYTES]) -> Result<Vec<u8>, AttestError> {
        Ok((self.encode)(&self.report(report_data)?))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::error::Fault;
    use crate::kernel::{DIRECTORY, Event, Kernel, SNP_CERTIFICATES, SNP_REPORT_DATA_AT};

    fn guest(kernel: &Kernel) -> SnpGuest {
        let config = TsmConfig { directory: DIRECTORY.into(), attempts_max: 3, pause_ms: 0 };
        let encode = |report: &SnpReport| [&report.report[..], &report.certificates].concat();
        SnpGuest::over(Tsm::over(config, Arc::new(kernel.clone())), encode)
    }

    #[test]
    fn report_comes_with_the_hosts_certificates() {
        let kernel = Kernel::snp(0);
        let report = guest(&kernel).report(&[7; 64]).expect("reports");
        assert_eq!(report.report[SNP_REPORT_DATA_AT..][..64], [7; 64]);
        assert_eq!(report.certificates, SNP_CERTIFICATES);
        let quote = guest(&kernel).quote(&[7; 64]).expect("reports");
        assert_eq!(quote, [&report.report[..], SNP_CERTIFICATES].concat());
        assert_eq!(kernel.entries(), 0);
    }

    #[test]
    fn host_without_certificates_gives_none() {
        let kernel = Kernel::snp(0);
        for auxblob in [Some(Vec::new()), None] {
            kernel.change(|state| state.auxblob = auxblob);
            assert!(guest(&kernel).report(&[7; 64]).expect("reports").certificates.is_empty());
        }
    }

    #[test]
    fn kernel_below_a_paravisor_reports_for_its_own_level() {
        let kernel = Kernel::snp(2);
        let report = guest(&kernel).report(&[7; 64]).expect("reports");
        assert_eq!(report.report[crate::kernel::SNP_VMPL_AT], 2);
        kernel.will([Event::WrittenBeforeRead; 3]);
        let error = guest(&kernel).report(&[7; 64]).expect_err("never alone");
        assert!(matches!(error.fault, Fault::Interfered { attempts: 3 }), "both writes are counted");
    }
}
