//! Whose fault it is that the verification library refused: the collateral's, judged on its own, or else the
//! platform's, judged by that collateral.
//!
//! The library says no in words. This room asks the same questions again, one by one, to give a cause. It
//! never turns a no into a yes.

use chrono::DateTime;
use dcap_qvl::config::{Config, CryptoProvider};
use dcap_qvl::tcb_info::{TdxModuleIdentity, TdxModuleTcbLevel};
use dcap_qvl::{QeIdentity, QeTcbLevel, TcbInfo, TcbLevel, TcbStatus};
use multee_protocol::TeeType;
use rustls_pki_types::CertificateDer;
use webpki::{
    CertRevocationList, EndEntityCert, ExpirationPolicy, KeyUsage, OwnedCertRevocationList,
    RevocationCheckDepth, RevocationOptions, RevocationOptionsBuilder, UnknownStatusPolicy,
};

use crate::collateral::DcapCollateral;
use crate::device::{Device, der_signature, parse_pem, unix_time};
use crate::error::{AppraisalError, CollateralFault, CollateralPart};
use crate::status;

/// Why `device` was refused under `collateral`. The device's own faults are known to be none.
pub(crate) fn diagnose<C: Config>(
    device: &Device,
    collateral: &DcapCollateral,
    evaluation_number: u32,
    now_s: u64,
) -> AppraisalError {
    let fault = find_fault::<C>(device, collateral, evaluation_number, now_s);
    fault.err().unwrap_or(AppraisalError::Unexplained)
}

fn find_fault<C: Config>(
    device: &Device,
    collateral: &DcapCollateral,
    evaluation_number: u32,
    now_s: u64,
) -> Result<(), AppraisalError> {
    let lists = RevocationLists::read::<C>(collateral, &device.root, now_s)?;
    let tcb_info = check_tcb_info::<C>(collateral, &lists, &device.root, now_s)?;
    let qe_identity = check_qe_identity::<C>(collateral, &lists, &device.root, now_s)?;
    check_relevance(device, &tcb_info, &qe_identity)?;
    check_evaluation_numbers(&tcb_info, &qe_identity, evaluation_number)?;
    check_revocation::<C>(device, &lists, now_s)?;
    check_quoting_enclave(device, &qe_identity)?;
    check_tcb(device, tcb_info, &qe_identity)
}

fn fault(part: CollateralPart, fault: CollateralFault) -> AppraisalError {
    AppraisalError::Collateral { part, fault }
}

/// Both revocation lists: the root's with its signature verified, the platforms' not yet, for its signer
/// stands in the platform's chain.
struct RevocationLists {
    root: CertRevocationList<'static>,
    pck: CertRevocationList<'static>,
}

impl RevocationLists {
    fn read<C: Config>(
        collateral: &DcapCollateral,
        root_der: &[u8],
        now_s: u64,
    ) -> Result<Self, AppraisalError> {
        let root_certificate = CertificateDer::from(root_der);
        let anchor =
            webpki::anchor_from_trusted_cert(&root_certificate).map_err(|_| AppraisalError::Unexplained)?;
        let algorithm = C::Crypto::sig_algo();
        let root = OwnedCertRevocationList::from_der_verified(
            &collateral.parts.root_ca_crl,
            &anchor.subject_public_key_info,
            &[algorithm],
        );
        let root = root.map_err(|error| fault(CollateralPart::RootCrl, list_fault(&error)))?.into();
        let pck = OwnedCertRevocationList::from_der(&collateral.parts.pck_crl)
            .map_err(|error| fault(CollateralPart::PckCrl, list_fault(&error)))?
            .into();
        webpki::check_single_cert_revocation(root_der, &[&root], &[algorithm], unix_time(now_s))
            .map_err(|error| fault(CollateralPart::RootCrl, list_fault(&error)))?;
        collateral.check_lists_issued(now_s)?;
        Ok(Self { root, pck })
    }
}

fn list_fault(error: &webpki::Error) -> CollateralFault {
    match error {
        webpki::Error::CrlExpired { .. } => CollateralFault::Expired,
        webpki::Error::CertRevoked => CollateralFault::SignerRevoked,
        webpki::Error::UnknownRevocationStatus => CollateralFault::NotForPlatform,
        webpki::Error::InvalidCrlSignatureForPublicKey
        | webpki::Error::InvalidSignatureForPublicKey
        | webpki::Error::IssuerNotCrlSigner => CollateralFault::NotSigned,
        _ => CollateralFault::Malformed,
    }
}

fn options<'a>(lists: &'a [&'a CertRevocationList<'a>]) -> Option<RevocationOptions<'a>> {
    let builder = RevocationOptionsBuilder::new(lists).ok()?;
    Some(
        builder
            .with_depth(RevocationCheckDepth::Chain)
            .with_status_policy(UnknownStatusPolicy::Deny)
            .with_expiration_policy(ExpirationPolicy::Enforce)
            .build(),
    )
}

/// A signed JSON document of the collateral: its bytes, its raw signature, its signer's chain, its dates.
struct Signed<'a> {
    part: CollateralPart,
    text: &'a str,
    signature: &'a [u8],
    chain_pem: &'a str,
    issue_date: &'a str,
    next_update: &'a str,
}

impl Signed<'_> {
    fn check<C: Config>(
        &self,
        lists: &RevocationLists,
        root: &[u8],
        now_s: u64,
    ) -> Result<(), AppraisalError> {
        self.check_dates(now_s)?;
        let chain = parse_pem(self.chain_pem.as_bytes()).unwrap_or_default();
        let (leaf, issuers) = chain.split_first().ok_or(fault(self.part, CollateralFault::Malformed))?;
        let signer =
            EndEntityCert::try_from(leaf).map_err(|_| fault(self.part, CollateralFault::Malformed))?;
        check_chain::<C>(&signer, issuers, lists, root, now_s)
            .map_err(|signer_fault| fault(self.part, signer_fault))?;
        der_signature::<C>(self.signature)
            .and_then(|signature| {
                signer.verify_signature(C::Crypto::sig_algo(), self.text.as_bytes(), &signature).ok()
            })
            .ok_or(fault(self.part, CollateralFault::NotSigned))
    }

    fn check_dates(&self, now_s: u64) -> Result<(), AppraisalError> {
        let malformed = || fault(self.part, CollateralFault::Malformed);
        let issued_s = parse_date_s(self.issue_date).ok_or_else(malformed)?;
        let due_s = parse_date_s(self.next_update).ok_or_else(malformed)?;
        if now_s < issued_s {
            return Err(fault(self.part, CollateralFault::NotYetValid));
        }
        if now_s > due_s {
            return Err(fault(self.part, CollateralFault::Expired));
        }
        Ok(())
    }
}

fn parse_date_s(text: &str) -> Option<u64> {
    DateTime::parse_from_rfc3339(text).ok()?.timestamp().try_into().ok()
}

/// A signer of collateral stands directly under the root and is not revoked.
fn check_chain<C: Config>(
    signer: &EndEntityCert<'_>,
    issuers: &[CertificateDer<'_>],
    lists: &RevocationLists,
    root: &[u8],
    now_s: u64,
) -> Result<(), CollateralFault> {
    let root = CertificateDer::from(root);
    let anchors = [webpki::anchor_from_trusted_cert(&root).map_err(|_| CollateralFault::Malformed)?];
    let lists = [&lists.root, &lists.pck];
    let path = signer.verify_for_usage(
        &[C::Crypto::sig_algo()],
        &anchors,
        issuers,
        unix_time(now_s),
        KeyUsage::server_auth(),
        options(&lists),
        None,
    );
    match path {
        Ok(path) if path.intermediate_certificates().next().is_none() => Ok(()),
        Err(webpki::Error::CertRevoked) => Err(CollateralFault::SignerRevoked),
        Err(webpki::Error::CertExpired { .. } | webpki::Error::CrlExpired { .. }) => {
            Err(CollateralFault::Expired)
        }
        Err(webpki::Error::CertNotValidYet { .. }) => Err(CollateralFault::NotYetValid),
        Ok(_) | Err(_) => Err(CollateralFault::NotSigned),
    }
}

fn check_tcb_info<C: Config>(
    collateral: &DcapCollateral,
    lists: &RevocationLists,
    root: &[u8],
    now_s: u64,
) -> Result<TcbInfo, AppraisalError> {
    let part = CollateralPart::TcbInfo;
    let info = collateral.tcb_info().ok_or(fault(part, CollateralFault::Malformed))?;
    let signed = Signed {
        part,
        text: &collateral.parts.tcb_info,
        signature: &collateral.parts.tcb_info_signature,
        chain_pem: &collateral.parts.tcb_info_issuer_chain,
        issue_date: &info.issue_date,
        next_update: &info.next_update,
    };
    signed.check::<C>(lists, root, now_s)?;
    Ok(info)
}

fn check_qe_identity<C: Config>(
    collateral: &DcapCollateral,
    lists: &RevocationLists,
    root: &[u8],
    now_s: u64,
) -> Result<QeIdentity, AppraisalError> {
    let part = CollateralPart::QeIdentity;
    let identity = collateral.qe_identity().ok_or(fault(part, CollateralFault::Malformed))?;
    let signed = Signed {
        part,
        text: &collateral.parts.qe_identity,
        signature: &collateral.parts.qe_identity_signature,
        chain_pem: &collateral.parts.qe_identity_issuer_chain,
        issue_date: &identity.issue_date,
        next_update: &identity.next_update,
    };
    signed.check::<C>(lists, root, now_s)?;
    Ok(identity)
}

/// Genuine collateral about something else proves nothing about this platform.
fn check_relevance(
    device: &Device,
    tcb_info: &TcbInfo,
    qe_identity: &QeIdentity,
) -> Result<(), AppraisalError> {
    let (tcb_id, tcb_version_min, qe_id, qe_versions) = match device.tee {
        TeeType::Tdx => ("TDX", 3, "TD_QE", 2..=3),
        TeeType::Sgx | TeeType::Snp => ("SGX", 2, "QE", 2..=2),
    };
    let same_family =
        hex::decode(&tcb_info.fmspc).is_ok_and(|fmspc| fmspc.as_slice() == device.pck.fmspc.as_slice());
    if !same_family || tcb_info.id != tcb_id || tcb_info.version < tcb_version_min {
        return Err(fault(CollateralPart::TcbInfo, CollateralFault::NotForPlatform));
    }
    if qe_identity.id != qe_id || !qe_versions.contains(&qe_identity.version) {
        return Err(fault(CollateralPart::QeIdentity, CollateralFault::NotForPlatform));
    }
    Ok(())
}

fn check_evaluation_numbers(
    tcb_info: &TcbInfo,
    qe_identity: &QeIdentity,
    expected: u32,
) -> Result<(), AppraisalError> {
    let numbers = [
        (CollateralPart::TcbInfo, tcb_info.tcb_evaluation_data_number),
        (CollateralPart::QeIdentity, qe_identity.tcb_evaluation_data_number),
    ];
    match numbers.into_iter().find(|(_, found)| *found != expected) {
        Some((part, found)) => Err(fault(part, CollateralFault::WrongEvaluationNumber { expected, found })),
        None => Ok(()),
    }
}

/// Whether the platform's certificate, or an issuer of it, is revoked. Only the verified path is asked about:
/// further certificates, which a device may add at will, cannot blur the answer.
fn check_revocation<C: Config>(
    device: &Device,
    lists: &RevocationLists,
    now_s: u64,
) -> Result<(), AppraisalError> {
    let unexplained = || AppraisalError::Unexplained;
    let root = CertificateDer::from(device.root.as_slice());
    let anchors = [webpki::anchor_from_trusted_cert(&root).map_err(|_| unexplained())?];
    let (leaf, issuers) = device.path.split_first().ok_or_else(unexplained)?;
    let leaf = EndEntityCert::try_from(leaf).map_err(|_| unexplained())?;
    let lists = [&lists.root, &lists.pck];
    let path = leaf.verify_for_usage(
        &[C::Crypto::sig_algo()],
        &anchors,
        issuers,
        unix_time(now_s),
        KeyUsage::server_auth(),
        options(&lists),
        None,
    );
    match path {
        Ok(_) => Ok(()),
        Err(webpki::Error::CertRevoked) => Err(AppraisalError::CertificateRevoked),
        // The path held without revocation lists, so these are at fault.
        Err(error) => Err(fault(CollateralPart::PckCrl, list_fault(&error))),
    }
}

/// Intel, "QE identity": signer, product and masked attributes are fixed. An enclave of anyone else's can get
/// its report signed by a genuine platform; only this tells it from the vendor's.
fn check_quoting_enclave(device: &Device, identity: &QeIdentity) -> Result<(), AppraisalError> {
    const SGX_DEBUG: u8 = 2;
    let report = &device.qe_report;
    let masked = |ours: &[u8], theirs: &[u8], mask: &[u8]| {
        ours.iter().zip(theirs).zip(mask).all(|((ours, theirs), mask)| ours & mask == theirs & mask)
    };
    let [flags, ..] = report.attributes;
    let genuine = report.mr_signer == identity.mrsigner
        && report.isv_prod_id == identity.isvprodid
        && flags & SGX_DEBUG == 0
        && masked(&report.misc_select.to_le_bytes(), &identity.miscselect, &identity.miscselect_mask)
        && masked(&report.attributes, &identity.attributes, &identity.attributes_mask);
    if genuine { Ok(()) } else { Err(AppraisalError::QuotingEnclaveNotGenuine) }
}

/// Finds the levels of platform, TDX module and quoting enclave; one that is missing, or revoked, is why.
fn check_tcb(device: &Device, mut tcb_info: TcbInfo, qe_identity: &QeIdentity) -> Result<(), AppraisalError> {
    tcb_info.tcb_levels.sort_by(highest_first);
    let qe_level = find_qe_level(device, qe_identity).ok_or(AppraisalError::TcbLevelUnknown)?;
    let mut statuses = vec![qe_level.tcb_status];
    for svn in tdx_svns(device) {
        let level = find_level(device, &tcb_info, svn.as_ref()).ok_or(AppraisalError::TcbLevelUnknown)?;
        statuses.push(level.tcb_status);
        let Some(svn) = svn else { continue };
        if let Some(module) = find_module(&tcb_info, &svn)? {
            let level = find_module_level(module, &svn).ok_or(AppraisalError::TcbLevelUnknown)?;
            statuses.push(level.tcb_status);
        }
    }
    check_module(device, &tcb_info)?;
    if statuses.contains(&TcbStatus::Revoked) {
        return Err(AppraisalError::TcbStatusNotAccepted(status::TcbStatus::Revoked));
    }
    Ok(())
}

/// The order in which Intel's library tries levels, whatever their order in the document.
fn highest_first(a: &TcbLevel, b: &TcbLevel) -> std::cmp::Ordering {
    let key = |level: &TcbLevel| {
        let tcb = &level.tcb;
        (tcb.sgx_components.clone(), tcb.pce_svn, tcb.tdx_components.clone())
    };
    key(b).cmp(&key(a))
}

/// The security versions by which levels are found: none for SGX, those at launch for a TD, and those of now
/// for a TD that says so (TDX 1.5).
fn tdx_svns(device: &Device) -> Vec<Option<[u8; 16]>> {
    let report = &device.quote.report;
    let Some(td) = report.as_td10() else { return vec![None] };
    std::iter::once(td.tee_tcb_svn).chain(report.as_td15().map(|td| td.tee_tcb_svn2)).map(Some).collect()
}

fn find_qe_level<'a>(device: &Device, identity: &'a QeIdentity) -> Option<&'a QeTcbLevel> {
    identity.tcb_levels.iter().find(|level| device.qe_report.isv_svn >= level.tcb.isvsvn)
}

fn find_level<'a>(
    device: &Device,
    tcb_info: &'a TcbInfo,
    tee_tcb_svn: Option<&[u8; 16]>,
) -> Option<&'a TcbLevel> {
    let (cpu_svn, pce_svn) = (&device.pck.cpu_svn, device.pck.pce_svn);
    tcb_info.tcb_levels.iter().find(|level| {
        level.shortfalls(cpu_svn, pce_svn, tee_tcb_svn).is_ok_and(|shortfalls| shortfalls.is_empty())
    })
}

fn find_module<'a>(
    tcb_info: &'a TcbInfo,
    tee_tcb_svn: &[u8; 16],
) -> Result<Option<&'a TdxModuleIdentity>, AppraisalError> {
    tcb_info.tdx_module_identity(tee_tcb_svn).map_err(|_| AppraisalError::TcbLevelUnknown)
}

fn find_module_level<'a>(
    module: &'a TdxModuleIdentity,
    tee_tcb_svn: &[u8; 16],
) -> Option<&'a TdxModuleTcbLevel> {
    module.tcb_levels.iter().find(|level| level.shortfall(tee_tcb_svn).is_none())
}

/// The TDX module must be the vendor's: its signer and attributes stand in the collateral.
fn check_module(device: &Device, tcb_info: &TcbInfo) -> Result<(), AppraisalError> {
    let Some(td) = device.quote.report.as_td10() else { return Ok(()) };
    let malformed = || fault(CollateralPart::TcbInfo, CollateralFault::Malformed);
    let base = tcb_info.tdx_module.as_ref().ok_or_else(malformed)?;
    let (signer, attributes, mask) = match find_module(tcb_info, &td.tee_tcb_svn)? {
        Some(module) => (&module.mrsigner, &module.attributes, &module.attributes_mask),
        None => (&base.mrsigner, &base.attributes, &base.attributes_mask),
    };
    let bytes = |text: &str| hex::decode(text).map_err(|_| malformed());
    let (signer, attributes, mask) = (bytes(signer)?, bytes(attributes)?, bytes(mask)?);
    if (signer.len(), attributes.len(), mask.len()) != (48, 8, 8) {
        return Err(malformed());
    }
    let same_attributes = td
        .seam_attributes
        .iter()
        .zip(&attributes)
        .zip(&mask)
        .all(|((ours, theirs), mask)| ours & mask == theirs & mask && ours & !mask == 0);
    if signer != td.mr_signer_seam || !same_attributes {
        return Err(AppraisalError::TcbLevelUnknown);
    }
    Ok(())
}
