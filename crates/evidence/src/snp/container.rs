//! How SEV-SNP evidence travels: the report with the two certificates that vouch for its signing key.
//!
//! ```text
//! magic        3 bytes   "SNP"
//! version      u8        1
//! report       1184      as the firmware made it (SEV-SNP Firmware ABI, ATTESTATION_REPORT)
//! length       u16 be    of the signing key's certificate
//! certificate  DER       VCEK or VLEK, as the report's KEY_INFO says
//! length       u16 be    of its issuer's certificate
//! certificate  DER       ASK or ASVK
//! ```
//!
//! Nothing may trail. From offset 1188 on are the certificates, the same in every report of a machine until its
//! firmware is updated: [`SplitQuote`](crate::SplitQuote) takes them out, to be published once. The root (ARK) is
//! not carried, for verifiers have those that they accept. A container that ends after the report, and a bare report,
//! are evidence without certificates.

use crate::error::AppraisalError;

/// "SNP" and the version of the format.
const MAGIC: [u8; 4] = *b"SNP\x01";
/// The length of a report with its signature.
pub(crate) const REPORT_BYTES: usize = 1184;
/// Where the certificates begin.
pub(crate) const CERTIFICATES_AT: usize = MAGIC.len() + REPORT_BYTES;

/// Why SEV-SNP evidence could not be put together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SnpQuoteError {
    /// A report has 1184 bytes.
    #[error("report of {0} bytes does not have {REPORT_BYTES}")]
    ReportLength(usize),
    /// A certificate has 1 to 65535 bytes.
    #[error("certificate of {0} bytes does not have 1 to {max}", max = u16::MAX)]
    CertificateLength(usize),
}

/// Puts a report and the certificates of its signing key (DER: VCEK and ASK, or VLEK and ASVK) together.
///
/// # Errors
/// When a part does not have the length of what it should be.
pub fn snp_quote(report: &[u8], key: &[u8], issuer: &[u8]) -> Result<Vec<u8>, SnpQuoteError> {
    if report.len() != REPORT_BYTES {
        return Err(SnpQuoteError::ReportLength(report.len()));
    }
    let mut quote = [&MAGIC[..], report].concat();
    for certificate in [key, issuer] {
        let len = u16::try_from(certificate.len()).ok().filter(|len| *len > 0);
        let len = len.ok_or(SnpQuoteError::CertificateLength(certificate.len()))?;
        quote.extend_from_slice(&len.to_be_bytes());
        quote.extend_from_slice(certificate);
    }
    Ok(quote)
}

/// Evidence taken apart; nothing in it is verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Container<'a> {
    pub(crate) report: &'a [u8; REPORT_BYTES],
    pub(crate) certificates: Option<Certificates<'a>>,
}

/// The certificates of a signing key and of its issuer, DER.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Certificates<'a> {
    pub(crate) key: &'a [u8],
    pub(crate) issuer: &'a [u8],
}

/// Whether bytes are meant to be SEV-SNP evidence: they open as a container of any version, or have the length of a
/// bare report and its zeros where a DCAP quote names its attestation key.
pub fn is_snp_quote(quote: &[u8]) -> bool {
    let bare = quote.len() == REPORT_BYTES && quote.get(2..4) == Some(&[0, 0]);
    quote.starts_with(&MAGIC[..3]) || bare
}

impl<'a> Container<'a> {
    pub(crate) fn decode(quote: &'a [u8]) -> Result<Self, AppraisalError> {
        if let Ok(report) = quote.try_into() {
            return Ok(Self { report, certificates: None });
        }
        Self::decode_framed(quote).ok_or(AppraisalError::QuoteMalformed)
    }

    fn decode_framed(quote: &'a [u8]) -> Option<Self> {
        let (report, rest) = quote.strip_prefix(&MAGIC)?.split_first_chunk()?;
        if rest.is_empty() {
            return Some(Self { report, certificates: None });
        }
        let [key, issuer] = framed_certificates(rest)?;
        Some(Self { report, certificates: Some(Certificates { key, issuer }) })
    }
}

/// The two certificates at the end of SEV-SNP evidence, of the key and of its issuer, if these bytes are that.
pub(crate) fn framed_certificates(bytes: &[u8]) -> Option<[&[u8]; 2]> {
    let (key, rest) = take_certificate(bytes)?;
    let (issuer, rest) = take_certificate(rest)?;
    rest.is_empty().then_some([key, issuer])
}

fn take_certificate(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (len, rest) = bytes.split_first_chunk()?;
    let len = usize::from(u16::from_be_bytes(*len));
    if len == 0 { None } else { rest.split_at_checked(len) }
}

#[cfg(test)]
mod tests {
    use alloy_primitives::{b256, keccak256};

    use super::*;
    use crate::split::SplitQuote;

    fn quote() -> Vec<u8> {
        snp_quote(&[7; REPORT_BYTES], b"key", b"issuer").expect("lengths fit")
    }

    #[test]
    fn format_is_golden() {
        let quote = quote();
        assert_eq!(quote[..5], *b"SNP\x01\x07");
        assert_eq!(quote[CERTIFICATES_AT..], *b"\x00\x03key\x00\x06issuer");
        assert_eq!(
            keccak256(&quote),
            b256!("0x96a602f14cfeaffcfcb3dc3f05c1a8752d090e46fe1da311fc2dd3b7bb75ffbb")
        );
    }

    #[test]
    fn only_the_format_decodes() {
        let quote = quote();
        let parts = Container::decode(&quote).expect("own");
        assert_eq!(parts.report, &[7; REPORT_BYTES]);
        assert_eq!(parts.certificates, Some(Certificates { key: b"key", issuer: b"issuer" }));
        for len in 0..quote.len() {
            let cut = Container::decode(&quote[..len]);
            if [CERTIFICATES_AT, REPORT_BYTES].contains(&len) {
                assert_eq!(cut.expect("a report").certificates, None);
            } else {
                assert_eq!(cut, Err(AppraisalError::QuoteMalformed), "cut to {len}");
            }
        }
        let longer = [&quote[..], &[0]].concat();
        assert_eq!(Container::decode(&longer), Err(AppraisalError::QuoteMalformed));
        let mut other = quote;
        other[3] = 2;
        assert!(is_snp_quote(&other));
        assert_eq!(Container::decode(&other), Err(AppraisalError::QuoteMalformed), "of another version");
    }

    #[test]
    fn parts_of_wrong_lengths_are_refused() {
        let report = [7; REPORT_BYTES];
        assert_eq!(snp_quote(&report[1..], b"key", b"issuer"), Err(SnpQuoteError::ReportLength(1183)));
        assert_eq!(snp_quote(&report, b"", b"issuer"), Err(SnpQuoteError::CertificateLength(0)));
        let large = vec![0; 65_536];
        assert_eq!(snp_quote(&report, b"key", &large), Err(SnpQuoteError::CertificateLength(65_536)));
    }

    #[test]
    fn certificates_are_taken_out_and_put_back() {
        let quote = quote();
        let (split, certificates) = SplitQuote::split(&quote);
        assert_eq!((split.at(), split.rest()), (CERTIFICATES_AT, &quote[..CERTIFICATES_AT]));
        assert_eq!(certificates, quote[CERTIFICATES_AT..]);
        assert_eq!(split.join(&certificates), Ok(quote));
    }

    #[test]
    fn dcap_quotes_are_not_taken_for_reports() {
        let mut sgx = vec![0; REPORT_BYTES];
        sgx[..8].copy_from_slice(&[3, 0, 2, 0, 0, 0, 0, 0]);
        assert!(!is_snp_quote(&sgx));
        sgx[2] = 0;
        assert!(is_snp_quote(&sgx));
        assert!(!is_snp_quote(&sgx[1..]));
    }
}
