//! TCB info and quoting enclave identity, as Intel's provisioning service serves them, signed.
//!
//! Source: Intel SGX and TDX Provisioning Certification Service API, versions 3 and 4.

use multee_protocol::TeeType;
use serde::Serialize;
use time::format_description::well_known::Rfc3339;

use crate::certificate::{Issued, Window, date};
use crate::key::Key;
use crate::platform::{PCE_SVN, QE_ISV_SVN, TcbLevel, qe_product, qe_signer};
use crate::vendor::VendorError;

/// Which collateral, and from when until when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CollateralSpec {
    /// The kind of TEE: SGX or TDX.
    pub tee: TeeType,
    /// The platform family.
    pub fmspc: [u8; 6],
    /// When it was issued, Unix time in seconds.
    pub issued_s: u64,
    /// When it is due for renewal, Unix time in seconds; after this it has expired.
    pub next_update_s: u64,
    /// The TCB evaluation that it belongs to.
    pub tcb_evaluation_number: u32,
}

/// The document that verifiers read, its fields named as dcap-qvl names them.
#[derive(Serialize)]
pub(crate) struct Document {
    pub(crate) pck_crl_issuer_chain: String,
    pub(crate) root_ca_crl: String,
    pub(crate) pck_crl: String,
    pub(crate) tcb_info_issuer_chain: String,
    pub(crate) tcb_info: String,
    pub(crate) tcb_info_signature: String,
    pub(crate) qe_identity_issuer_chain: String,
    pub(crate) qe_identity: String,
    pub(crate) qe_identity_signature: String,
}

/// What a document is made from.
pub(crate) struct Parts<'a> {
    pub(crate) spec: CollateralSpec,
    pub(crate) root: &'a Issued,
    pub(crate) pck_ca: &'a Issued,
    pub(crate) signer: &'a Issued,
    pub(crate) signer_key: &'a Key,
    pub(crate) root_crl: Vec<u8>,
    pub(crate) pck_crl: Vec<u8>,
}

impl Parts<'_> {
    pub(crate) fn document(&self) -> Result<Document, VendorError> {
        let tcb_info = serde_json::to_string(&TcbInfo::new(self.spec)?)?;
        let qe_identity = serde_json::to_string(&QeIdentity::new(self.spec)?)?;
        let signer_chain = [self.signer.pem.as_str(), &self.root.pem].concat();
        Ok(Document {
            pck_crl_issuer_chain: [self.pck_ca.pem.as_str(), &self.root.pem].concat(),
            root_ca_crl: hex::encode(&self.root_crl),
            pck_crl: hex::encode(&self.pck_crl),
            tcb_info_issuer_chain: signer_chain.clone(),
            tcb_info_signature: hex::encode(self.signer_key.sign_raw(tcb_info.as_bytes())),
            tcb_info,
            qe_identity_issuer_chain: signer_chain,
            qe_identity_signature: hex::encode(self.signer_key.sign_raw(qe_identity.as_bytes())),
            qe_identity,
        })
    }
}

impl CollateralSpec {
    pub(crate) fn window(&self) -> Window {
        Window { from_s: self.issued_s, until_s: self.next_update_s }
    }

    fn is_tdx(&self) -> bool {
        self.tee == TeeType::Tdx
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TcbInfo {
    id: &'static str,
    version: u8,
    issue_date: String,
    next_update: String,
    fmspc: String,
    pce_id: &'static str,
    tcb_type: u8,
    tcb_evaluation_data_number: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    tdx_module: Option<TdxModule>,
    tcb_levels: Vec<Level<Tcb>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TdxModule {
    mrsigner: String,
    attributes: &'static str,
    attributes_mask: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Level<T> {
    tcb: T,
    tcb_date: String,
    tcb_status: &'static str,
    #[serde(rename = "advisoryIDs", skip_serializing_if = "Vec::is_empty")]
    advisory_ids: Vec<&'static str>,
}

#[derive(Serialize)]
struct Tcb {
    sgxtcbcomponents: Vec<Component>,
    pcesvn: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    tdxtcbcomponents: Option<Vec<Component>>,
}

#[derive(Serialize)]
struct Component {
    svn: u8,
}

impl TcbInfo {
    fn new(spec: CollateralSpec) -> Result<Self, VendorError> {
        let tdx_module = TdxModule {
            mrsigner: "00".repeat(48),
            attributes: "0000000000000000",
            attributes_mask: "FFFFFFFFFFFFFFFF",
        };
        Ok(Self {
            id: if spec.is_tdx() { "TDX" } else { "SGX" },
            version: 3,
            issue_date: rfc3339(spec.issued_s)?,
            next_update: rfc3339(spec.next_update_s)?,
            fmspc: hex::encode_upper(spec.fmspc),
            pce_id: "0000",
            tcb_type: 0,
            tcb_evaluation_data_number: spec.tcb_evaluation_number,
            tdx_module: spec.is_tdx().then_some(tdx_module),
            tcb_levels: vec![
                level(spec, TcbLevel::Current, "UpToDate", vec![])?,
                level(spec, TcbLevel::Outdated, "OutOfDate", vec!["SIMULATED-SA-00001"])?,
                level(spec, TcbLevel::Revoked, "Revoked", vec!["SIMULATED-SA-00002"])?,
            ],
        })
    }
}

fn level(
    spec: CollateralSpec,
    level: TcbLevel,
    tcb_status: &'static str,
    advisory_ids: Vec<&'static str>,
) -> Result<Level<Tcb>, VendorError> {
    let components = |svns: [u8; 16]| svns.into_iter().map(|svn| Component { svn }).collect();
    let tcb = Tcb {
        sgxtcbcomponents: components(level.cpu_svn()),
        pcesvn: PCE_SVN,
        tdxtcbcomponents: spec.is_tdx().then(|| components(level.tee_tcb_svn())),
    };
    Ok(Level { tcb, tcb_date: rfc3339(spec.issued_s)?, tcb_status, advisory_ids })
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct QeIdentity {
    id: &'static str,
    version: u8,
    issue_date: String,
    next_update: String,
    tcb_evaluation_data_number: u32,
    miscselect: &'static str,
    miscselect_mask: &'static str,
    attributes: &'static str,
    attributes_mask: &'static str,
    mrsigner: String,
    isvprodid: u16,
    tcb_levels: Vec<Level<QeTcb>>,
}

#[derive(Serialize)]
struct QeTcb {
    isvsvn: u16,
}

impl QeIdentity {
    fn new(spec: CollateralSpec) -> Result<Self, VendorError> {
        let level = Level {
            tcb: QeTcb { isvsvn: QE_ISV_SVN },
            tcb_date: rfc3339(spec.issued_s)?,
            tcb_status: "UpToDate",
            advisory_ids: vec![],
        };
        Ok(Self {
            id: if spec.is_tdx() { "TD_QE" } else { "QE" },
            version: 2,
            issue_date: rfc3339(spec.issued_s)?,
            next_update: rfc3339(spec.next_update_s)?,
            tcb_evaluation_data_number: spec.tcb_evaluation_number,
            miscselect: "00000000",
            miscselect_mask: "FFFFFFFF",
            attributes: "11000000000000000000000000000000",
            attributes_mask: "FBFFFFFFFFFFFFFF0000000000000000",
            mrsigner: hex::encode_upper(qe_signer()),
            isvprodid: qe_product(spec.tee),
            tcb_levels: vec![level],
        })
    }
}

fn rfc3339(unix_s: u64) -> Result<String, VendorError> {
    date(unix_s)?.format(&Rfc3339).map_err(|_| VendorError::DateOutOfRange(unix_s))
}
