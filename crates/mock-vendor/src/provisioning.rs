//! Collateral as a provisioning service publishes it: what is at which path, with which headers.
//!
//! Source: Intel SGX and TDX Provisioning Certification Service API, version 4.

use std::fmt::Write as _;

use multee_protocol::TeeType;

use crate::collateral::{CollateralSpec, Document};

/// Where the revocation list is of the authority that certifies machines, DER.
pub const CRL_OF_PROCESSORS: &str = "/sgx/certification/v4/pckcrl?ca=processor&encoding=der";
/// Where the root's revocation list is, DER in hex, as the usual cache of Intel's service has it.
pub const CRL_OF_ROOT: &str = "/sgx/certification/v4/rootcacrl";

/// One thing that a provisioning service has. It is SIMULATED.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publication {
    /// Path and query at which it is asked for.
    pub target: String,
    /// Headers that belong to it: the chain of its signer, percent-encoded PEM.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// TCB info and identity are at three paths: as those in force, as the newest, and by their number.
pub(crate) fn publications(spec: CollateralSpec, document: &Document) -> Vec<Publication> {
    let tee = if spec.tee == TeeType::Tdx { "tdx" } else { "sgx" };
    let fmspc = hex::encode_upper(spec.fmspc);
    let tcb = signed("tcbInfo", &document.tcb_info, &document.tcb_info_signature);
    let identity = signed("enclaveIdentity", &document.qe_identity, &document.qe_identity_signature);
    let (tcb_chain, identity_chain) =
        (encode(&document.tcb_info_issuer_chain), encode(&document.qe_identity_issuer_chain));
    let number = format!("tcbEvaluationDataNumber={}", spec.tcb_evaluation_number);
    let mut published = Vec::new();
    for evaluation in ["update=standard", "update=early", &number] {
        published.push(Publication {
            target: format!("/{tee}/certification/v4/tcb?fmspc={fmspc}&{evaluation}"),
            headers: vec![("tcb-info-issuer-chain", tcb_chain.clone())],
            body: tcb.clone().into_bytes(),
        });
        published.push(Publication {
            target: format!("/{tee}/certification/v4/qe/identity?{evaluation}"),
            headers: vec![("sgx-enclave-identity-issuer-chain", identity_chain.clone())],
            body: identity.clone().into_bytes(),
        });
    }
    published.push(Publication {
        target: CRL_OF_PROCESSORS.to_owned(),
        headers: vec![("sgx-pck-crl-issuer-chain", encode(&document.pck_crl_issuer_chain))],
        // The document has it in hex, made a moment ago.
        body: hex::decode(&document.pck_crl).unwrap_or_default(),
    });
    let root_crl = document.root_ca_crl.clone().into_bytes();
    published.push(Publication { target: CRL_OF_ROOT.to_owned(), headers: Vec::new(), body: root_crl });
    published
}

/// What is signed goes into the answer byte for byte.
fn signed(name: &str, what: &str, signature: &str) -> String {
    format!(r#"{{"{name}":{what},"signature":"{signature}"}}"#)
}

/// Percent-encodes, as services do with chains.
fn encode(text: &str) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' => encoded.push(byte.into()),
            // Writing to a string cannot fail.
            _ => drop(write!(encoded, "%{byte:02X}")),
        }
        encoded
    })
}
