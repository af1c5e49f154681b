//! Certificates of AMD's authorities and signing keys, read twice: by the `sev` crate, which checks what signs what,
//! and here for all that it does not look at.
//!
//! Source: AMD, VCEK and VLEK Certificate Definitions, and KDS Interface Specification (57230).

use x509_cert::Certificate as X509;
use x509_cert::certificate::Rfc5280;
use x509_cert::der::asn1::{ObjectIdentifier, OctetStringRef};
use x509_cert::der::{Decode, Encode};
use x509_cert::ext::pkix::{BasicConstraints, KeyUsage};
use x509_cert::serial_number::SerialNumber;

use crate::error::ChainFault;
use crate::snp::product::{SnpProduct, SnpTcb};

const EXTENSIONS: &str = "1.3.6.1.4.1.3704.1";
const PRODUCT_NAME: u32 = 2;
const SECURITY_VERSIONS: u32 = 3;
const HARDWARE_ID: u32 = 4;
const CLOUD_PROVIDER: u32 = 5;

/// A certificate, none of whose signatures are checked yet.
#[derive(Clone, Debug)]
pub(crate) struct Certificate {
    pub(crate) der: Vec<u8>,
    /// As the `sev` crate reads it.
    pub(crate) signed: sev::certs::snp::Certificate,
    x509: X509,
}

impl Certificate {
    pub(crate) fn from_der(der: &[u8]) -> Result<Self, ChainFault> {
        let x509 = X509::from_der(der).map_err(|_| ChainFault::Malformed)?;
        let signed = sev::certs::snp::Certificate::from_der(der).map_err(|_| ChainFault::Malformed)?;
        // Signatures are checked over the library's encoding, so it must be the one that was given. The algorithm that
        // is named beside a signature, and the number of bits that this leaves unused, are under none.
        let same =
            signed.to_der().is_ok_and(|encoded| encoded == der) && x509.signature().as_bytes().is_some();
        if !same || x509.signature_algorithm() != x509.tbs_certificate().signature() {
            return Err(ChainFault::Malformed);
        }
        Ok(Self { der: der.to_vec(), signed, x509 })
    }

    pub(crate) fn is_issued_in_the_name_of(&self, issuer: &Self) -> bool {
        self.x509.tbs_certificate().issuer() == issuer.x509.tbs_certificate().subject()
    }

    pub(crate) fn serial_number(&self) -> &SerialNumber<Rfc5280> {
        self.x509.tbs_certificate().serial_number()
    }

    pub(crate) fn subject(&self) -> &x509_cert::name::Name {
        self.x509.tbs_certificate().subject()
    }

    /// The key, as `SubjectPublicKeyInfo`, DER.
    pub(crate) fn public_key(&self) -> Option<Vec<u8>> {
        self.x509.tbs_certificate().subject_public_key_info().to_der().ok()
    }

    /// Unix time in seconds from which and up to which it holds.
    fn window(&self) -> (u64, u64) {
        let validity = self.x509.tbs_certificate().validity();
        let [from, until] = [&validity.not_before, &validity.not_after];
        (from.to_unix_duration().as_secs(), until.to_unix_duration().as_secs())
    }

    pub(crate) fn holds_until_s(&self) -> u64 {
        self.window().1
    }

    pub(crate) fn check_time(&self, now_s: u64) -> Result<(), ChainFault> {
        match self.window() {
            (from_s, _) if now_s < from_s => Err(ChainFault::NotYetValid),
            (_, until_s) if now_s > until_s => Err(ChainFault::Expired),
            _ => Ok(()),
        }
    }

    /// Whether it may issue certificates.
    pub(crate) fn is_authority(&self) -> bool {
        let tbs = self.x509.tbs_certificate();
        let constraints = tbs.get_extension::<BasicConstraints>();
        let usage = tbs.get_extension::<KeyUsage>();
        matches!(constraints, Ok(Some((_, constraints))) if constraints.ca)
            && matches!(usage, Ok(Some((_, usage))) if usage.key_cert_sign())
    }

    /// Whether it has a critical extension that nothing here understands.
    pub(crate) fn demands_the_unknown(&self) -> bool {
        const KNOWN: [&str; 2] = ["2.5.29.15", "2.5.29.19"];
        let extensions = self.x509.tbs_certificate().extensions();
        extensions
            .into_iter()
            .flatten()
            .any(|extension| extension.critical && !KNOWN.contains(&extension.extn_id.to_string().as_str()))
    }

    /// The content of AMD's extension of this number, if it is there once.
    fn extension(&self, numbers: &[u32]) -> Option<&[u8]> {
        let name = numbers.iter().fold(EXTENSIONS.to_owned(), |oid, number| format!("{oid}.{number}"));
        let oid = ObjectIdentifier::new(&name).ok()?;
        let extensions = self.x509.tbs_certificate().extensions()?;
        let mut found = extensions.iter().filter(|extension| extension.extn_id == oid);
        let content = found.next()?.extn_value.as_bytes();
        found.next().is_none().then_some(content)
    }

    fn security_version(&self, number: u32) -> Option<u8> {
        u8::from_der(self.extension(&[SECURITY_VERSIONS, number])?).ok()
    }
}

/// What the certificate of a report's signing key says of the platform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Endorsement {
    pub(crate) product: SnpProduct,
    pub(crate) tcb: SnpTcb,
    pub(crate) key: EndorsedKey,
}

/// Which kind of key it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum EndorsedKey {
    /// Of one chip, whose hardware id this is: 64 bytes, 8 on Turin.
    Chip(Vec<u8>),
    /// Of a cloud provider, on any of its chips.
    Loaded,
}

impl Endorsement {
    /// Reads AMD's extensions.
    pub(crate) fn of(certificate: &Certificate) -> Option<Self> {
        let product = product_name(certificate.extension(&[PRODUCT_NAME])?)?;
        let key = match (certificate.extension(&[HARDWARE_ID]), certificate.extension(&[CLOUD_PROVIDER])) {
            (Some(id), None) => EndorsedKey::Chip(hardware_id(id).to_vec()),
            (None, Some(_)) => EndorsedKey::Loaded,
            _ => return None,
        };
        Some(Self { product, tcb: security_versions(certificate, product)?, key })
    }
}

/// The bytes of a hardware id: AMD writes them as the extension's content, some tools as an octet string in it.
fn hardware_id(content: &[u8]) -> &[u8] {
    match content.len() {
        8 | 64 => content,
        _ => <&OctetStringRef>::from_der(content).map_or(content, OctetStringRef::as_bytes),
    }
}

/// An ASN.1 `IA5String`, ASCII.
fn product_name(content: &[u8]) -> Option<SnpProduct> {
    let name = x509_cert::der::asn1::Ia5StringRef::from_der(content).ok()?;
    SnpProduct::from_certificate(name.as_str())
}

/// Versions that the report's layout has no place for must be zero where a certificate names them.
fn security_versions(certificate: &Certificate, product: SnpProduct) -> Option<SnpTcb> {
    const RESERVED: [u32; 4] = [4, 5, 6, 7];
    let reserved =
        RESERVED.into_iter().filter_map(|number| certificate.extension(&[SECURITY_VERSIONS, number]));
    if reserved.into_iter().any(|content| u8::from_der(content) != Ok(0)) {
        return None;
    }
    let fmc = if product == SnpProduct::Turin { certificate.security_version(9)? } else { 0 };
    Some(SnpTcb {
        boot_loader: certificate.security_version(1)?,
        tee: certificate.security_version(2)?,
        snp: certificate.security_version(3)?,
        microcode: certificate.security_version(8)?,
        fmc,
    })
}
