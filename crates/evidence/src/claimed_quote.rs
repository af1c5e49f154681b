//! What a quote and the certificates in it say, unverified: to show it to people. It is no evidence.

use multee_protocol::TeeType;
use x509_cert::Certificate;
use x509_cert::der::Decode;

use crate::appraisal::report_data;
use crate::device::{QUOTE_BYTES_MAX, parse};
use crate::error::AppraisalError;
use crate::measurement::{RegisterValue, registers};
use crate::snp::{Container, Report, framed_certificates, is_snp_quote};

/// Certificates that are read of a chain: more than any has.
const CERTIFICATES_MAX: usize = 8;
/// Characters of a name that are kept.
const NAME_CHARS_MAX: usize = 200;

/// A quote as it describes itself. Anybody can write one: nothing of it is checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimedQuote {
    /// The TEE.
    pub tee: TeeType,
    /// The version of the quote, or of the SEV-SNP report.
    pub version: u32,
    /// What the attested program put into it.
    pub report_data: [u8; 64],
    /// Its registers, in order of code.
    pub registers: Vec<RegisterValue>,
}

impl ClaimedQuote {
    /// Reads it off a quote, or an SEV-SNP report, with its certificates.
    ///
    /// # Errors
    /// When this is neither.
    pub fn read(quote: &[u8]) -> Result<Self, AppraisalError> {
        if is_snp_quote(quote) {
            return Self::read_snp(quote);
        }
        let (quote, tee) = parse(quote)?;
        Ok(Self {
            tee,
            version: quote.header.version.into(),
            report_data: report_data(&quote.report),
            registers: registers(&quote.report),
        })
    }

    fn read_snp(quote: &[u8]) -> Result<Self, AppraisalError> {
        if quote.len() > QUOTE_BYTES_MAX {
            return Err(AppraisalError::QuoteTooLarge { len: quote.len() });
        }
        let report = Report::parse(Container::decode(quote)?.report)?;
        let report_data: [u8; 64] =
            report.fields.report_data.as_slice().try_into().map_err(|_| AppraisalError::QuoteMalformed)?;
        Ok(Self {
            tee: TeeType::Snp,
            version: report.fields.version,
            report_data,
            registers: report.registers(),
        })
    }
}

/// A certificate as it describes itself: no signature of it is checked. Its names are what its maker chose, cut short, and
/// all but printable ASCII replaced by `?`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimedCertificate {
    /// The certificate, DER.
    pub der: Vec<u8>,
    /// Whose it is.
    pub subject: String,
    /// Who it says issued it.
    pub issuer: String,
    /// Its serial number, in hex.
    pub serial: String,
    /// Unix seconds from which it holds.
    pub not_before_s: u64,
    /// Unix seconds up to which it holds.
    pub not_after_s: u64,
}

impl ClaimedCertificate {
    /// The certificates that were taken out of a quote ([`SplitQuote`](crate::SplitQuote)): PEM of DCAP quotes, or those of
    /// SEV-SNP evidence. Those that cannot be read are left out, and so are those after the eighth.
    pub fn read_all(certificates: &[u8]) -> Vec<Self> {
        let framed = framed_certificates(certificates).map(|both| both.map(<[u8]>::to_vec).to_vec());
        let all = framed.unwrap_or_else(|| in_pem(certificates));
        all.into_iter().take(CERTIFICATES_MAX).filter_map(Self::from_der).collect()
    }

    fn from_der(der: Vec<u8>) -> Option<Self> {
        let parsed = Certificate::from_der(&der).ok()?;
        let tbs = parsed.tbs_certificate();
        let [not_before_s, not_after_s] = [&tbs.validity().not_before, &tbs.validity().not_after]
            .map(|time| time.to_unix_duration().as_secs());
        let (subject, issuer) = (printable(&tbs.subject().to_string()), printable(&tbs.issuer().to_string()));
        let serial = hex::encode(tbs.serial_number().as_bytes());
        Some(Self { der, subject, issuer, serial, not_before_s, not_after_s })
    }
}

fn in_pem(certificates: &[u8]) -> Vec<Vec<u8>> {
    let blocks = pem::parse_many(certificates).unwrap_or_default();
    let certificates = blocks.into_iter().filter(|block| block.tag() == "CERTIFICATE");
    certificates.map(pem::Pem::into_contents).collect()
}

fn printable(name: &str) -> String {
    let plain = |char: char| if char == ' ' || char.is_ascii_graphic() { char } else { '?' };
    name.chars().take(NAME_CHARS_MAX).map(plain).collect()
}

#[cfg(test)]
mod tests {
    use multee_mock_vendor::{
        PlatformSpec, QuoteSpec, SnpFamily, SnpMachineSpec, SnpReportSpec, SnpVendor, SnpVendorConfig,
        Vendor, VendorConfig,
    };

    use super::*;
    use crate::SplitQuote;

    fn quote(tee: TeeType) -> Vec<u8> {
        if tee == TeeType::Snp {
            let config = SnpVendorConfig { not_before_s: 1, not_after_s: 1000 };
            let vendor = SnpVendor::from_seed([7; 32], config).expect("dates in range");
            let machine = vendor.machine(SnpMachineSpec::sound(1, SnpFamily::Genoa)).expect("in range");
            return machine.quote(&SnpReportSpec::of_program("agent", [9; 64]));
        }
        let config = VendorConfig { not_before_s: 1, not_after_s: 1000, tcb_evaluation_number: 1 };
        let vendor = Vendor::from_seed([7; 32], config).expect("dates in range");
        let platform = vendor.platform(PlatformSpec::sound(1, tee)).expect("simulated");
        platform.quote(&QuoteSpec::of_program(tee, "agent", [9; 64])).expect("same TEE")
    }

    const ALL: [TeeType; 3] = [TeeType::Sgx, TeeType::Tdx, TeeType::Snp];

    #[test]
    fn quotes_and_their_certificates_are_read() {
        for tee in ALL {
            let quote = quote(tee);
            let claimed = ClaimedQuote::read(&quote).expect("a quote");
            assert_eq!((claimed.tee, claimed.report_data), (tee, [9; 64]));
            assert!(claimed.version >= 3 || tee == TeeType::Snp, "{claimed:?}");
            assert_eq!(claimed.registers, crate::claimed_registers(&quote).expect("a quote"));
            let (_, certificates) = SplitQuote::split(&quote);
            let chain = ClaimedCertificate::read_all(&certificates);
            assert!(chain.len() >= 2, "{tee:?}: {chain:?}");
            for pair in chain.windows(2) {
                assert_eq!(pair[0].issuer, pair[1].subject, "{tee:?}");
            }
            assert!(
                chain.iter().all(|it| it.subject.contains("SIMULATED") && it.not_before_s < it.not_after_s)
            );
        }
    }

    #[test]
    fn whatever_bytes_there_are_nothing_breaks_and_nothing_unprintable_is_shown() {
        let (mut seed, mut changed) = (0x9e37_79b9_7f4a_7c15_u64, 0);
        let mut random = |below: usize| {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            usize::try_from(seed % below as u64).expect("small")
        };
        for tee in ALL {
            let quote = quote(tee);
            let (_, certificates) = SplitQuote::split(&quote);
            for original in [&quote, &certificates] {
                for _ in 0..3000 {
                    let mut bytes = original.clone();
                    for _ in 0..=random(4) {
                        let at = random(bytes.len());
                        bytes[at] = u8::try_from(random(256)).expect("a byte");
                    }
                    bytes.truncate(bytes.len() - random(3) * random(bytes.len()) / 2);
                    drop(ClaimedQuote::read(&bytes));
                    for certificate in ClaimedCertificate::read_all(&bytes) {
                        let names = format!("{}{}", certificate.subject, certificate.issuer);
                        assert!(names.bytes().all(|byte| (32..127).contains(&byte)));
                        assert!(certificate.subject.len() <= NAME_CHARS_MAX);
                        changed += 1;
                    }
                }
            }
        }
        assert!(changed > 1000, "{changed}");
    }

    #[test]
    fn names_are_cut_short_and_plain() {
        assert_eq!(printable("CN=<b>\u{202e}\n\0é"), "CN=<b>????");
        assert_eq!(printable(&"x".repeat(1000)).len(), NAME_CHARS_MAX);
    }
}
