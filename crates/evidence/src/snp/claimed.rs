//! What SEV-SNP evidence claims of its platform, unverified: enough to fetch collateral by. It is no evidence.

use crate::device::QUOTE_BYTES_MAX;
use crate::error::AppraisalError;
use crate::snp::certificate::{Certificate, Endorsement};
use crate::snp::container::Container;
use crate::snp::product::{SnpProduct, SnpTcb};
use crate::snp::report::Report;

/// A machine as its report describes it. Anybody can write such a report: nothing of this is checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimedSnp {
    products: Vec<SnpProduct>,
    is_signed_by_vlek: bool,
    carries_certificates: bool,
    chip_id: [u8; 64],
    tcb: SnpTcb,
}

impl ClaimedSnp {
    /// Reads it off a report, with or without certificates.
    ///
    /// # Errors
    /// When this is no SEV-SNP evidence, or its certificate none of AMD's kind.
    pub fn read(quote: &[u8]) -> Result<Self, AppraisalError> {
        if quote.len() > QUOTE_BYTES_MAX {
            return Err(AppraisalError::QuoteTooLarge { len: quote.len() });
        }
        let container = Container::decode(quote)?;
        let report = Report::parse(container.report)?;
        let certified = container.certificates.map(|certificates| certified(certificates.key)).transpose()?;
        let possible = || SnpProduct::ALL.into_iter().filter(|product| report.is_of(*product)).collect();
        Ok(Self {
            products: certified.map_or_else(possible, |product| vec![product]),
            is_signed_by_vlek: report.is_signed_by_vlek(),
            carries_certificates: certified.is_some(),
            chip_id: report.fields.chip_id,
            tcb: report.fields.reported_tcb.into(),
        })
    }

    /// The families it may be of: one, if its certificate names it or the report is of version 3 or later.
    pub fn products(&self) -> &[SnpProduct] {
        &self.products
    }

    /// Whether a cloud provider's key signed, whose certificate AMD gives to that provider alone.
    pub fn is_signed_by_vlek(&self) -> bool {
        self.is_signed_by_vlek
    }

    /// Whether it brings the certificates of the key that signed.
    pub fn carries_certificates(&self) -> bool {
        self.carries_certificates
    }

    /// `CHIP_ID`.
    pub fn chip_id(&self) -> &[u8; 64] {
        &self.chip_id
    }

    /// `REPORTED_TCB`: the versions that the chip's key is for.
    pub fn tcb(&self) -> SnpTcb {
        self.tcb
    }
}

fn certified(key: &[u8]) -> Result<SnpProduct, AppraisalError> {
    let certificate = Certificate::from_der(key).map_err(AppraisalError::CertificateChainInvalid)?;
    let endorsement = Endorsement::of(&certificate);
    let malformed = AppraisalError::CertificateChainInvalid(crate::error::ChainFault::Malformed);
    endorsement.map(|endorsement| endorsement.product).ok_or(malformed)
}

#[cfg(test)]
mod tests {
    use multee_mock_vendor::{SnpFamily, SnpKey, SnpMachineSpec, SnpReportSpec, SnpVendor, SnpVendorConfig};

    use super::*;

    #[test]
    fn report_tells_which_machine_to_ask_about() {
        let config = SnpVendorConfig { not_before_s: 1, not_after_s: 1000 };
        let vendor = SnpVendor::from_seed([7; 32], config).expect("dates in range");
        for (family, product) in [
            (SnpFamily::Milan, SnpProduct::Milan),
            (SnpFamily::Genoa, SnpProduct::Genoa),
            (SnpFamily::Turin, SnpProduct::Turin),
        ] {
            for key in [SnpKey::Chip, SnpKey::Provider] {
                let spec = SnpMachineSpec { key, ..SnpMachineSpec::sound(1, family) };
                let machine = vendor.machine(spec).expect("dates in range");
                let report = SnpReportSpec::of_program("agent", [0; 64]);
                for (quote, carried) in [(machine.quote(&report), true), (machine.report(&report), false)] {
                    let claimed = ClaimedSnp::read(&quote).expect("a report");
                    assert_eq!(claimed.products(), [product]);
                    assert_eq!(claimed.carries_certificates(), carried);
                    assert_eq!(claimed.is_signed_by_vlek(), key == SnpKey::Provider);
                    assert_eq!(claimed.chip_id(), machine.chip_id());
                    let SnpTcb { boot_loader, tee, snp, microcode, fmc } = claimed.tcb();
                    let fmc_expected = u8::from(family == SnpFamily::Turin);
                    assert_eq!((boot_loader, tee, snp, microcode, fmc), (4, 1, 24, 219, fmc_expected));
                }
            }
        }
        assert_eq!(ClaimedSnp::read(b"SNP\x01"), Err(AppraisalError::QuoteMalformed));
    }
}
