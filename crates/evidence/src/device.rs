//! What a quote shows by itself, without any collateral: its layout, its signatures, its certificate chain up
//! to an accepted root, and the attributes of what it attests. All faults found here are the device's, save
//! those of a chain given beside the quote.

use std::time::Duration;

use dcap_qvl::INTEL_QE_VENDOR_ID;
use dcap_qvl::config::{Config, CryptoProvider, EcdsaSigEncoder};
use dcap_qvl::intel::{PckExtension, parse_pck_extension_with};
use dcap_qvl::quote::{AuthDataV3, EnclaveReport, Quote, Report, TDAttributes};
use multee_protocol::TeeType;
use rustls_pki_types::{CertificateDer, UnixTime};
use scale::Decode;
use webpki::{EndEntityCert, KeyUsage};

use crate::error::{AppraisalError, ChainFault, CollateralFault, CollateralPart};

/// The largest quote, in bytes.
pub const QUOTE_BYTES_MAX: usize = 64 * 1024;

/// As in the verification library: the path builder's work grows steeply with the candidates.
const ISSUERS_MAX: usize = 4;
pub(crate) const TEE_TYPE_SGX: u32 = 0;
pub(crate) const TEE_TYPE_TDX: u32 = 0x81;
const ECDSA_P256: u16 = 2;
const CERTIFICATION_CHAIN: u16 = 5;
const QE_AUTHENTICATION_BYTES: usize = 32;

/// A quote that holds by itself.
pub(crate) struct Device {
    pub(crate) quote: Quote,
    pub(crate) tee: TeeType,
    pub(crate) qe_report: EnclaveReport,
    pub(crate) pck: PckExtension,
    /// The verified path: the platform's certificate, then its issuers below the root.
    pub(crate) path: Vec<CertificateDer<'static>>,
    /// The root it leads to, DER.
    pub(crate) root: Vec<u8>,
    /// Whether the path's certificates came in the quote, not beside it.
    pub(crate) carries_chain: bool,
}

/// Checks all that needs no collateral. Signatures inside the quote come first, for they depend on nothing
/// that anyone else could have given.
pub(crate) fn examine<C: Config>(
    raw: &[u8],
    given_chain_pem: Option<&[u8]>,
    roots: &[Vec<u8>],
    now_s: u64,
) -> Result<Device, AppraisalError> {
    let (quote, tee) = parse(raw)?;
    let auth = quote.auth_data.clone().into_v3();
    let qe_report = check_attestation_key::<C>(&auth)?;
    check_quote_signature::<C>(raw, &quote, &auth)?;
    check_attributes(&quote.report)?;
    let chain = Chain::of(&auth, given_chain_pem)?;
    let platform = chain.examine::<C>(&auth, roots, now_s)?;
    check_hardware_id(tee, &platform.pck.ppid)?;
    Ok(Device {
        quote,
        tee,
        qe_report,
        pck: platform.pck,
        path: platform.path,
        root: platform.root,
        carries_chain: !chain.given,
    })
}

/// The quote and its kind of TEE.
pub(crate) fn parse(raw: &[u8]) -> Result<(Quote, TeeType), AppraisalError> {
    if raw.len() > QUOTE_BYTES_MAX {
        return Err(AppraisalError::QuoteTooLarge { len: raw.len() });
    }
    let quote = Quote::parse(raw).map_err(|_| AppraisalError::QuoteMalformed)?;
    let (tee_type, version) = (quote.header.tee_type, quote.header.version);
    let tee = match (tee_type, version, &quote.report) {
        (TEE_TYPE_SGX, 3, Report::SgxEnclave(_)) => TeeType::Sgx,
        (TEE_TYPE_TDX, 4 | 5, Report::TD10(_) | Report::TD15(_) | Report::TD15Ex(_)) => TeeType::Tdx,
        _ => return Err(AppraisalError::QuoteKindUnsupported { tee_type, version }),
    };
    if quote.header.qe_vendor_id != INTEL_QE_VENDOR_ID {
        return Err(AppraisalError::QuotingEnclaveVendorUnknown);
    }
    if quote.header.attestation_key_type != ECDSA_P256 {
        return Err(AppraisalError::AttestationKeyTypeUnsupported(quote.header.attestation_key_type));
    }
    Ok((quote, tee))
}

/// The quoting enclave's report starts its report data with SHA-256(attestation key ‖ authentication data).
fn check_attestation_key<C: Config>(auth: &AuthDataV3) -> Result<EnclaveReport, AppraisalError> {
    let report =
        EnclaveReport::decode(&mut auth.qe_report.as_slice()).map_err(|_| AppraisalError::QuoteMalformed)?;
    let authentication = &auth.qe_auth_data.data;
    let vouched = C::Crypto::sha256(&[&auth.ecdsa_attestation_key[..], authentication].concat());
    if authentication.len() != QE_AUTHENTICATION_BYTES || !report.report_data.starts_with(&vouched) {
        return Err(AppraisalError::AttestationKeyUnbound);
    }
    Ok(report)
}

fn check_quote_signature<C: Config>(
    raw: &[u8],
    quote: &Quote,
    auth: &AuthDataV3,
) -> Result<(), AppraisalError> {
    let signed = raw.get(..quote.signed_length()).ok_or(AppraisalError::QuoteMalformed)?;
    // SEC 1 writes an uncompressed point as 4 and both coordinates.
    let key = [&[4][..], &auth.ecdsa_attestation_key].concat();
    der_signature::<C>(&auth.ecdsa_signature)
        .and_then(|signature| C::Crypto::sig_algo().verify_signature(&key, signed, &signature).ok())
        .ok_or(AppraisalError::QuoteSignatureInvalid)
}

/// What may be attested at all, as the verification library has it: no debugging, no profiling, no
/// migration, no service TD, and a TD that is told when the host takes its pages away.
fn check_attributes(report: &Report) -> Result<(), AppraisalError> {
    const SGX_DEBUG: u8 = 2;
    if let Some([flags, ..]) = report.as_sgx().map(|sgx| sgx.attributes) {
        return if flags & SGX_DEBUG == 0 { Ok(()) } else { Err(AppraisalError::Debug) };
    }
    let td = report.as_td10().ok_or(AppraisalError::QuoteMalformed)?;
    let attributes = TDAttributes::parse(td.td_attributes).map_err(|_| AppraisalError::QuoteMalformed)?;
    if attributes.tud & 1 != 0 {
        return Err(AppraisalError::Debug);
    }
    let service_td = report.as_td15().is_some_and(|td| td.mr_service_td != [0; 48]);
    let refused = attributes.tud != 0
        || attributes.reserved != 0
        || attributes.sec.migratable
        || attributes.sec.servtd_ext
        || !attributes.sec.sept_ve_disable
        || service_td;
    if refused { Err(AppraisalError::AttributesNotAccepted) } else { Ok(()) }
}

/// Refuses what would be equal on different machines: an id of one repeated byte, zero above all.
pub(crate) fn check_hardware_id(tee: TeeType, id: &[u8]) -> Result<(), AppraisalError> {
    let len = match tee {
        TeeType::Sgx | TeeType::Tdx => 16,
        TeeType::Snp => 64,
    };
    match id {
        [first, rest @ ..] if id.len() == len && rest.iter().any(|byte| byte != first) => Ok(()),
        _ => Err(AppraisalError::HardwareIdMasked),
    }
}

/// A certificate chain and who brought it, which decides whose its faults are.
struct Chain<'a> {
    pem: &'a [u8],
    given: bool,
}

struct Platform {
    pck: PckExtension,
    path: Vec<CertificateDer<'static>>,
    root: Vec<u8>,
}

impl<'a> Chain<'a> {
    /// The quote's own chain if it carries one; else the given one.
    fn of(auth: &'a AuthDataV3, given_pem: Option<&'a [u8]>) -> Result<Self, AppraisalError> {
        let certification = &auth.certification_data;
        if certification.cert_type == CERTIFICATION_CHAIN {
            return Ok(Self { pem: &certification.body.data, given: false });
        }
        given_pem
            .map(|pem| Self { pem, given: true })
            .ok_or(AppraisalError::CertificateChainMissing { certification_type: certification.cert_type })
    }

    fn fault(&self, fault: ChainFault) -> AppraisalError {
        if !self.given {
            return AppraisalError::CertificateChainInvalid(fault);
        }
        let fault = CollateralFault::of_given_chain(fault);
        AppraisalError::Collateral { part: CollateralPart::PckChain, fault }
    }

    fn examine<C: Config>(
        &self,
        auth: &AuthDataV3,
        roots: &[Vec<u8>],
        now_s: u64,
    ) -> Result<Platform, AppraisalError> {
        let certificates = parse_pem(self.pem).ok_or_else(|| self.fault(ChainFault::Malformed))?;
        let (path, root) = find_path::<C>(&certificates, roots, now_s).map_err(|fault| self.fault(fault))?;
        let leaf = path.first().ok_or_else(|| self.fault(ChainFault::Malformed))?;
        let pck = parse_pck_extension_with::<C>(leaf).map_err(|_| self.fault(ChainFault::Malformed))?;
        check_qe_signature::<C>(leaf, auth).ok_or(if self.given {
            let (part, fault) = (CollateralPart::PckChain, CollateralFault::NotForPlatform);
            AppraisalError::Collateral { part, fault }
        } else {
            AppraisalError::QuotingEnclaveReportInvalid
        })?;
        Ok(Platform { pck, path, root })
    }
}

pub(crate) fn parse_pem(pem: &[u8]) -> Option<Vec<CertificateDer<'static>>> {
    let blocks = pem::parse_many(pem).ok()?;
    Some(blocks.into_iter().map(|block| CertificateDer::from(block.into_contents())).collect())
}

/// The path from the first certificate to one of the roots. With several roots the most telling fault is
/// that of the root the chain almost leads to.
fn find_path<C: Config>(
    certificates: &[CertificateDer<'static>],
    roots: &[Vec<u8>],
    now_s: u64,
) -> Result<(Vec<CertificateDer<'static>>, Vec<u8>), ChainFault> {
    let (leaf, issuers) = certificates.split_first().ok_or(ChainFault::Malformed)?;
    if issuers.len() > ISSUERS_MAX {
        return Err(ChainFault::TooLong);
    }
    let mut fault = ChainFault::NotFromAcceptedRoot;
    for root in roots {
        match path_to::<C>(leaf, issuers, root, now_s) {
            Ok(path) => return Ok((path, root.clone())),
            Err(ChainFault::NotFromAcceptedRoot) => {}
            Err(nearer) => fault = nearer,
        }
    }
    Err(fault)
}

fn path_to<C: Config>(
    leaf: &CertificateDer<'static>,
    issuers: &[CertificateDer<'static>],
    root: &[u8],
    now_s: u64,
) -> Result<Vec<CertificateDer<'static>>, ChainFault> {
    let root = CertificateDer::from(root);
    let anchor = webpki::anchor_from_trusted_cert(&root).map_err(|_| ChainFault::NotFromAcceptedRoot)?;
    let end = EndEntityCert::try_from(leaf).map_err(|_| ChainFault::Malformed)?;
    let anchors = [anchor];
    let path = end.verify_for_usage(
        &[C::Crypto::sig_algo()],
        &anchors,
        issuers,
        unix_time(now_s),
        KeyUsage::server_auth(),
        None,
        None,
    );
    let path = path.map_err(|error| match error {
        webpki::Error::CertExpired { .. } => ChainFault::Expired,
        webpki::Error::CertNotValidYet { .. } => ChainFault::NotYetValid,
        _ => ChainFault::NotFromAcceptedRoot,
    })?;
    let issuers = path.intermediate_certificates().map(|issuer| issuer.der().into_owned());
    Ok(std::iter::once(leaf.clone()).chain(issuers).collect())
}

fn check_qe_signature<C: Config>(leaf: &CertificateDer<'_>, auth: &AuthDataV3) -> Option<()> {
    let certificate = EndEntityCert::try_from(leaf).ok()?;
    let signature = der_signature::<C>(&auth.qe_report_signature)?;
    certificate.verify_signature(C::Crypto::sig_algo(), &auth.qe_report, &signature).ok()
}

/// A raw `r ‖ s` signature as DER, as certificates have it.
pub(crate) fn der_signature<C: Config>(raw: &[u8]) -> Option<Vec<u8>> {
    let (r, s) = raw.split_at_checked(32)?;
    C::SigEncoder::encode_ecdsa_sig(r, s).ok()
}

pub(crate) fn unix_time(now_s: u64) -> UnixTime {
    UnixTime::since_unix_epoch(Duration::from_secs(now_s))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masked_hardware_ids_are_refused() {
        for ppid in [&[0; 16][..], &[0xFF; 16], &[7; 16], &[], &[1, 2, 3], &[1; 17]] {
            assert_eq!(
                check_hardware_id(TeeType::Sgx, ppid),
                Err(AppraisalError::HardwareIdMasked),
                "{ppid:?}"
            );
        }
        let mut ppid = [0; 16];
        ppid[15] = 1;
        assert_eq!(check_hardware_id(TeeType::Sgx, &ppid), Ok(()));
        assert_eq!(check_hardware_id(TeeType::Snp, &ppid), Err(AppraisalError::HardwareIdMasked));
        let chip_id = [&ppid[..], &[0; 48]].concat();
        assert_eq!(check_hardware_id(TeeType::Snp, &chip_id), Ok(()));
    }

    #[test]
    fn quotes_beyond_the_limit_are_refused_unread() {
        let large = vec![3; QUOTE_BYTES_MAX + 1];
        assert_eq!(parse(&large).err(), Some(AppraisalError::QuoteTooLarge { len: large.len() }));
        assert_eq!(parse(&large[1..]).err(), Some(AppraisalError::QuoteMalformed));
    }
}
