//! What a quote claims of its platform, unverified: enough to fetch collateral by, and to see how its security versions
//! compare; and the registers that it claims. It is no evidence.

use dcap_qvl::configs::RingConfig;
use dcap_qvl::intel::{extract_cert_chain, parse_pck_extension_with, pck_ca};
use dcap_qvl::quote::{EnclaveReport, Quote};
use multee_protocol::TeeType;
use scale::Decode;

use crate::appraisal::{CollateralKey, PckCa};
use crate::device::{QUOTE_BYTES_MAX, TEE_TYPE_SGX, TEE_TYPE_TDX, parse};
use crate::error::{AppraisalError, ChainFault};
use crate::measurement::{RegisterValue, registers};
use crate::snp::{Container, Report, is_snp_quote};

/// A platform as its quote describes it. Anybody can write such a quote: nothing of this is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClaimedPlatform {
    collateral: CollateralKey,
    pub(crate) cpu_svn: [u8; 16],
    pub(crate) pce_svn: u16,
    /// TDX only.
    pub(crate) tee_tcb_svn: Option<[u8; 16]>,
    pub(crate) qe_isv_svn: u16,
}

impl ClaimedPlatform {
    /// Reads it off a quote and the certificate chain in it.
    ///
    /// # Errors
    /// When this is no quote, or one without a chain that can be read.
    pub fn read(quote: &[u8]) -> Result<Self, AppraisalError> {
        let (quote, tee) = parse(quote)?;
        let leaf = leaf(&quote)?;
        let malformed = |_| AppraisalError::CertificateChainInvalid(ChainFault::Malformed);
        let pck = parse_pck_extension_with::<RingConfig>(&leaf).map_err(malformed)?;
        let ca = match pck_ca(&leaf).map_err(malformed)? {
            dcap_qvl::config::PckCa::Processor => PckCa::Processor,
            dcap_qvl::config::PckCa::Platform => PckCa::Platform,
        };
        Ok(Self {
            collateral: CollateralKey { tee, fmspc: pck.fmspc.into(), ca },
            cpu_svn: pck.cpu_svn,
            pce_svn: pck.pce_svn,
            tee_tcb_svn: quote.report.as_td10().filter(|_| tee == TeeType::Tdx).map(|td| td.tee_tcb_svn),
            qe_isv_svn: qe_isv_svn(&quote)?,
        })
    }

    /// The collateral that its quote needs.
    pub fn collateral(&self) -> CollateralKey {
        self.collateral
    }

    /// Security versions of the processor's components.
    pub fn cpu_svn(&self) -> [u8; 16] {
        self.cpu_svn
    }

    /// Security version of the provisioning certification enclave.
    pub fn pce_svn(&self) -> u16 {
        self.pce_svn
    }

    /// Security versions of the TDX module, of TDX.
    pub fn tee_tcb_svn(&self) -> Option<[u8; 16]> {
        self.tee_tcb_svn
    }

    /// Security version of the quoting enclave.
    pub fn qe_isv_svn(&self) -> u16 {
        self.qe_isv_svn
    }
}

/// The registers of the report in a quote, in order of code. Anybody can write such a quote: nothing of it is checked,
/// and whoever takes reference values from it answers for where it came from.
///
/// # Errors
/// When this is no quote and no SEV-SNP report.
pub fn claimed_registers(quote: &[u8]) -> Result<Vec<RegisterValue>, AppraisalError> {
    if !is_snp_quote(quote) {
        return Ok(registers(&parse(quote)?.0.report));
    }
    if quote.len() > QUOTE_BYTES_MAX {
        return Err(AppraisalError::QuoteTooLarge { len: quote.len() });
    }
    Ok(Report::parse(Container::decode(quote)?.report)?.registers())
}

/// The TEE that a quote claims to be of, by its first bytes, whether or not its certificates are in it. Anybody can write
/// these; that they are a quote's is not said.
pub fn claimed_tee(quote: &[u8]) -> Option<TeeType> {
    if is_snp_quote(quote) {
        return Some(TeeType::Snp);
    }
    // Intel's header: version, attestation key type, TEE type; little endian.
    let ([version, _, _, _, tee @ ..], _) = quote.split_first_chunk::<8>()?;
    match (version, u32::from_le_bytes(*tee)) {
        (3, TEE_TYPE_SGX) => Some(TeeType::Sgx),
        (4 | 5, TEE_TYPE_TDX) => Some(TeeType::Tdx),
        _ => None,
    }
}

fn leaf(quote: &Quote) -> Result<Vec<u8>, AppraisalError> {
    let certification_type = quote.inner_cert_type();
    let missing = AppraisalError::CertificateChainMissing { certification_type };
    let chain = extract_cert_chain(quote).map_err(|_| missing)?;
    chain.into_iter().next().ok_or(AppraisalError::CertificateChainInvalid(ChainFault::Malformed))
}

fn qe_isv_svn(quote: &Quote) -> Result<u16, AppraisalError> {
    let auth = quote.auth_data.clone().into_v3();
    let report = EnclaveReport::decode(&mut auth.qe_report.as_slice());
    Ok(report.map_err(|_| AppraisalError::QuoteMalformed)?.isv_svn)
}

#[cfg(test)]
mod tests {
    use multee_mock_vendor::{PlatformSpec, QuoteSpec, Vendor, VendorConfig};

    use super::*;

    fn platform(tee: TeeType) -> multee_mock_vendor::Platform {
        let config = VendorConfig { not_before_s: 1, not_after_s: 1000, tcb_evaluation_number: 1 };
        let vendor = Vendor::from_seed([7; 32], config).expect("dates in range");
        vendor.platform(PlatformSpec::sound(1, tee)).expect("simulated")
    }

    #[test]
    fn quotes_tell_which_collateral_they_need() {
        for (tee, fmspc) in [(TeeType::Sgx, *b"SIMSGX"), (TeeType::Tdx, *b"SIMTDX")] {
            let quote = platform(tee).quote(&QuoteSpec::of_program(tee, "agent", [0; 64])).expect("same TEE");
            let claimed = ClaimedPlatform::read(&quote).expect("carries its chain");
            let expected = CollateralKey { tee, fmspc: fmspc.into(), ca: PckCa::Processor };
            assert_eq!(claimed.collateral(), expected);
            assert_eq!((claimed.cpu_svn, claimed.pce_svn, claimed.qe_isv_svn), ([4; 16], 10, 8));
            assert_eq!(claimed.tee_tcb_svn.is_some(), tee == TeeType::Tdx);
        }
    }

    #[test]
    fn registers_are_those_that_verification_finds() {
        for tee in [TeeType::Sgx, TeeType::Tdx] {
            let spec = QuoteSpec::of_program(tee, "agent", [0; 64]);
            let quote = platform(tee).quote_without_chain(&spec).expect("same TEE");
            let claimed = claimed_registers(&quote).expect("a quote");
            let names: Vec<_> = claimed.iter().map(|value| value.register).collect();
            assert_eq!(names, crate::Register::of(tee));
            assert!(claimed.iter().all(|value| value.value.len() == value.register.bytes()));
        }
        assert_eq!(claimed_registers(b"quote"), Err(AppraisalError::QuoteMalformed));
        assert_eq!(claimed_registers(b"SNP\x01"), Err(AppraisalError::QuoteMalformed));
        let large = [&b"SNP\x01"[..], &vec![0; QUOTE_BYTES_MAX]].concat();
        assert_eq!(claimed_registers(&large), Err(AppraisalError::QuoteTooLarge { len: large.len() }));
    }

    #[test]
    fn the_tee_is_seen_whether_or_not_the_certificates_are_there() {
        for tee in [TeeType::Sgx, TeeType::Tdx] {
            let quote = platform(tee).quote(&QuoteSpec::of_program(tee, "agent", [0; 64])).expect("same TEE");
            let (split, certificates) = crate::SplitQuote::split(&quote);
            assert!(!certificates.is_empty());
            assert_eq!([claimed_tee(&quote), claimed_tee(split.rest())], [Some(tee); 2]);
        }
        assert_eq!(claimed_tee(b"SNP\x01"), Some(TeeType::Snp));
        for other in [&b""[..], b"evidence of seat 1", &[3, 0, 2, 0, 0x81, 0, 0, 0], &[4, 0, 2, 0, 0, 0, 0]] {
            assert_eq!(claimed_tee(other), None);
        }
    }

    #[test]
    fn quotes_without_a_chain_and_other_bytes_tell_nothing() {
        let spec = QuoteSpec::of_program(TeeType::Tdx, "agent", [0; 64]);
        let quote = platform(TeeType::Tdx).quote_without_chain(&spec).expect("same TEE");
        let missing = AppraisalError::CertificateChainMissing { certification_type: 3 };
        assert_eq!(ClaimedPlatform::read(&quote), Err(missing));
        assert_eq!(ClaimedPlatform::read(b"quote"), Err(AppraisalError::QuoteMalformed));
    }
}
