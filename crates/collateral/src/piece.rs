//! From an answer to what is cached: its parts, and from when until when it holds.
//!
//! No signature is checked here: whoever judges evidence does that. What is checked is that this is plainly what was
//! asked for, so that a confused or hostile endpoint is passed over while another one may have it.

use multee_evidence::PckCa;
use multee_protocol::TeeType;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use x509_cert::Certificate;
use x509_cert::certificate::Rfc5280;
use x509_cert::crl::CertificateList;
use x509_cert::der::Decode;
use x509_cert::ext::pkix::CrlDistributionPoints;
use x509_cert::ext::pkix::name::{DistributionPointName, GeneralName};
use x509_cert::name::Name;
use x509_cert::time::Time;

use crate::endpoint::may_be_followed;
use crate::error::FetchError;
use crate::http::Answer;
use crate::item::{AmdItem, Evaluation, Item, ca_name, digits};

/// What is cached of an answer. All text, so that it is a file that a person can read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Piece {
    /// A document as it was signed, or in hex what is binary.
    pub(crate) document: String,
    /// In hex; empty where the document carries its own.
    pub(crate) signature: String,
    /// Of whoever signed it, PEM; empty where it came without.
    pub(crate) chain_pem: String,
}

/// From when until when something holds, Unix time in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Window {
    pub(crate) issued_s: u64,
    pub(crate) until_s: u64,
}

type Read = Result<(Piece, Window), FetchError>;

/// Reads an answer as what was asked for.
pub(crate) fn read(item: &Item, answer: &Answer) -> Read {
    match item {
        Item::TcbInfo { tee, .. } => {
            let chain = chain(answer, &["TCB-Info-Issuer-Chain", "SGX-TCB-Info-Issuer-Chain"])?;
            let answer: TcbInfoAnswer<'_> = json(&answer.body)?;
            check_tcb_info(item, *tee, answer.tcb_info.get())?;
            signed(answer.tcb_info, answer.signature, chain)
        }
        Item::QeIdentity { tee, evaluation } => {
            let chain = chain(answer, &["SGX-Enclave-Identity-Issuer-Chain"])?;
            let answer: QeIdentityAnswer<'_> = json(&answer.body)?;
            check_qe_identity(*tee, *evaluation, answer.enclave_identity.get())?;
            signed(answer.enclave_identity, answer.signature, chain)
        }
        Item::PckCrl { ca } => {
            let chain = chain(answer, &["SGX-PCK-CRL-Issuer-Chain"])?;
            let (list, window) = read_list(&answer.body)?;
            check_ca(*ca, &list)?;
            Ok((binary(&list.der, chain), window))
        }
        Item::RootCrl { root_der } => {
            let (list, window) = read_list(&answer.body)?;
            check_root(root_der, &list)?;
            Ok((binary(&list.der, String::new()), window))
        }
        Item::Amd(AmdItem::Crl(..)) => {
            let (list, window) = read_list(&answer.body)?;
            Ok((binary(&list.der, String::new()), window))
        }
        Item::Amd(AmdItem::Chain(..)) => read_chain(&answer.body),
        Item::Amd(AmdItem::Vcek(_)) => {
            let window = certificate_window(&answer.body)?;
            Ok((binary(&answer.body, String::new()), window))
        }
    }
}

/// The chain in one of these headers.
fn chain(answer: &Answer, headers: &[&str]) -> Result<String, FetchError> {
    let chain_pem = answer.chain(headers)?;
    match root_of(&chain_pem) {
        Some(_) => Ok(chain_pem),
        None => Err(FetchError::Unexpected("issuer chain is not PEM")),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TcbInfoAnswer<'a> {
    #[serde(borrow)]
    tcb_info: &'a RawValue,
    signature: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct QeIdentityAnswer<'a> {
    #[serde(borrow)]
    enclave_identity: &'a RawValue,
    signature: String,
}

/// What both documents begin with.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Beginning {
    id: String,
    #[serde(default)]
    fmspc: String,
    issue_date: String,
    next_update: String,
    tcb_evaluation_data_number: u32,
}

fn json<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, FetchError> {
    serde_json::from_slice(body).map_err(|_| FetchError::Unexpected("answer is not the JSON asked for"))
}

fn check_tcb_info(item: &Item, tee: TeeType, document: &str) -> Result<(), FetchError> {
    let Item::TcbInfo { fmspc, evaluation, .. } = item else { return Ok(()) };
    let beginning: Beginning = json(document.as_bytes())?;
    if !beginning.id.eq_ignore_ascii_case(tee.name()) {
        return Err(FetchError::Unexpected("TCB info is of another TEE"));
    }
    if !beginning.fmspc.eq_ignore_ascii_case(&digits(*fmspc)) {
        return Err(FetchError::Unexpected("TCB info is of another platform"));
    }
    check_evaluation(*evaluation, &beginning)
}

fn check_qe_identity(tee: TeeType, evaluation: Evaluation, document: &str) -> Result<(), FetchError> {
    let beginning: Beginning = json(document.as_bytes())?;
    let expected = if tee == TeeType::Tdx { "TD_QE" } else { "QE" };
    if beginning.id != expected {
        return Err(FetchError::Unexpected("identity is of another quoting enclave"));
    }
    check_evaluation(evaluation, &beginning)
}

fn check_evaluation(asked: Evaluation, beginning: &Beginning) -> Result<(), FetchError> {
    match asked {
        Evaluation::Number(number) if beginning.tcb_evaluation_data_number != number => {
            Err(FetchError::Unexpected("answer is of another TCB evaluation"))
        }
        _ => Ok(()),
    }
}

/// A document as it was signed: not a byte of it may change.
fn signed(document: &RawValue, signature: String, chain_pem: String) -> Read {
    const SIGNATURE_DIGITS: usize = 128;
    if signature.len() != SIGNATURE_DIGITS || hex::decode(&signature).is_err() {
        return Err(FetchError::Unexpected("signature is not 64 bytes in hex"));
    }
    let beginning: Beginning = json(document.get().as_bytes())?;
    let (issued_s, until_s) = (unix_s(&beginning.issue_date)?, unix_s(&beginning.next_update)?);
    let document = document.get().to_owned();
    Ok((Piece { document, signature, chain_pem }, Window { issued_s, until_s }))
}

fn binary(der: &[u8], chain_pem: String) -> Piece {
    Piece { document: hex::encode(der), signature: String::new(), chain_pem }
}

fn unix_s(rfc3339: &str) -> Result<u64, FetchError> {
    let date = chrono::DateTime::parse_from_rfc3339(rfc3339).ok();
    date.and_then(|date| u64::try_from(date.timestamp()).ok()).ok_or(FetchError::Unexpected("date is none"))
}

struct List {
    der: Vec<u8>,
    issuer: Name,
}

/// A revocation list in DER, or, as some caches have it, in hex.
fn read_list(body: &[u8]) -> Result<(List, Window), FetchError> {
    const SEQUENCE: u8 = 0x30;
    const NOT_A_LIST: FetchError = FetchError::Unexpected("answer is not a revocation list");
    // In ASCII this byte is the digit 0: no longer form of a list's length is a digit, too.
    let is_hex = body.iter().all(u8::is_ascii_hexdigit);
    let der = if is_hex { hex::decode(body).map_err(|_| NOT_A_LIST)? } else { body.to_vec() };
    if der.first() != Some(&SEQUENCE) {
        return Err(NOT_A_LIST);
    }
    let list = CertificateList::<Rfc5280>::from_der(&der).map_err(|_| NOT_A_LIST)?.tbs_cert_list;
    let next_update = list.next_update.ok_or(FetchError::Unexpected("revocation list is for ever"))?;
    let window = Window { issued_s: seconds(&list.this_update), until_s: seconds(&next_update) };
    Ok((List { issuer: list.issuer, der }, window))
}

/// Intel's two authorities have "Processor" and "Platform" in their names.
fn check_ca(ca: PckCa, list: &List) -> Result<(), FetchError> {
    let is_of_ca = list.issuer.to_string().to_ascii_lowercase().contains(ca_name(ca));
    if is_of_ca { Ok(()) } else { Err(FetchError::Unexpected("revocation list is of another CA")) }
}

fn check_root(root_der: &[u8], list: &List) -> Result<(), FetchError> {
    let root = Certificate::from_der(root_der).ok();
    let is_of_root = root.is_some_and(|root| *root.tbs_certificate().subject() == list.issuer);
    if is_of_root { Ok(()) } else { Err(FetchError::Unexpected("revocation list is of another root")) }
}

fn seconds(time: &Time) -> u64 {
    time.to_unix_duration().as_secs()
}

/// Holds as long as each of its certificates does.
fn read_chain(body: &[u8]) -> Read {
    const NOT_A_CHAIN: FetchError = FetchError::Unexpected("answer is not a certificate chain");
    let blocks = pem::parse_many(body).map_err(|_| NOT_A_CHAIN)?;
    let windows = blocks.iter().map(|block| certificate_window(block.contents()));
    let windows = windows.collect::<Result<Vec<_>, _>>()?;
    let issued_s = windows.iter().map(|window| window.issued_s).max().ok_or(NOT_A_CHAIN)?;
    let until_s = windows.iter().map(|window| window.until_s).min().ok_or(NOT_A_CHAIN)?;
    Ok((binary(body, String::new()), Window { issued_s, until_s }))
}

fn certificate_window(der: &[u8]) -> Result<Window, FetchError> {
    let certificate = Certificate::from_der(der);
    let certificate = certificate.map_err(|_| FetchError::Unexpected("answer is not a certificate"))?;
    let validity = certificate.tbs_certificate().validity();
    Ok(Window { issued_s: seconds(&validity.not_before), until_s: seconds(&validity.not_after) })
}

/// The last certificate of a chain, DER: the root.
pub(crate) fn root_of(chain_pem: &str) -> Option<Vec<u8>> {
    pem::parse_many(chain_pem).ok()?.pop().map(pem::Pem::into_contents)
}

/// Where a root says that its revocation list is, if that may be followed.
pub(crate) fn distribution_point(root_der: &[u8]) -> Option<String> {
    let root = Certificate::from_der(root_der).ok()?;
    let (_, points) = root.tbs_certificate().get_extension::<CrlDistributionPoints>().ok()??;
    let names = points.0.into_iter().filter_map(|point| match point.distribution_point {
        Some(DistributionPointName::FullName(names)) => Some(names),
        _ => None,
    });
    let mut urls = names.flatten().filter_map(|name| match name {
        GeneralName::UniformResourceIdentifier(url) => Some(url.to_string()),
        _ => None,
    });
    urls.find(|url| may_be_followed(url))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHAIN: (&str, &str) =
        ("tcb-info-issuer-chain", "-----BEGIN CERTIFICATE-----%0AAAAA%0A-----END CERTIFICATE-----");

    fn tcb_info(document: &str, signature: &str) -> Read {
        let item =
            Item::TcbInfo { tee: TeeType::Tdx, fmspc: [0xAB; 6].into(), evaluation: Evaluation::Number(19) };
        read(&item, &Answer::new(&[CHAIN], format!(r#"{{"signature":"{signature}","tcbInfo":{document}}}"#)))
    }

    fn document(issue_date: &str) -> String {
        format!(
            r#"{{ "tcbEvaluationDataNumber" :19,"id":"TDX","x":1.50,"fmspc":"abababababab",
            "issueDate":"{issue_date}","nextUpdate":"2027-01-15T08:00:00Z"}}"#
        )
    }

    #[test]
    fn signed_documents_are_kept_to_the_byte() {
        let document = document("2026-12-16T08:00:00Z");
        let (piece, window) = tcb_info(&document, &"ab".repeat(64)).expect("reads");
        assert_eq!(piece.document, document);
        assert_eq!((window.issued_s, window.until_s), (1_797_408_000, 1_800_000_000));
    }

    #[test]
    fn malformed_documents_say_what_is_wrong() {
        let date = "2026-12-16T08:00:00Z";
        let why = |read: Read| match read.expect_err("malformed") {
            FetchError::Unexpected(why) => why,
            other => panic!("{other}"),
        };
        let signature = "ab".repeat(64);
        assert_eq!(why(tcb_info(&document(date), &signature[2..])), "signature is not 64 bytes in hex");
        assert_eq!(why(tcb_info(&document(date), &"zz".repeat(64))), "signature is not 64 bytes in hex");
        for date in ["yesterday", "1969-12-31T23:59:59Z", ""] {
            assert_eq!(why(tcb_info(&document(date), &signature)), "date is none", "{date}");
        }
        let item = Item::QeIdentity { tee: TeeType::Sgx, evaluation: Evaluation::Standard };
        assert_eq!(why(read(&item, &Answer::new(&[], "{}"))), "answer has no issuer chain");
        let no_pem = Answer::new(&[("sgx-enclave-identity-issuer-chain", "Hello")], "{}");
        assert_eq!(why(read(&item, &no_pem)), "issuer chain is not PEM");
        let deep = "[".repeat(100_000);
        assert_eq!(why(tcb_info(&deep, &signature)), "answer is not the JSON asked for");
    }
}
