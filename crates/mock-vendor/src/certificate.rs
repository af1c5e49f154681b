//! Certificates and revocation lists, in the shape that Intel gives its own.
//!
//! Source: Intel SGX PCK Certificate and Certificate Revocation List Profile Specification.

use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CustomExtension, DistinguishedName,
    DnType, IsCa, Issuer, KeyIdMethod, KeyUsagePurpose, RevocationReason, RevokedCertParams, SerialNumber,
};
use time::OffsetDateTime;
use yasna::models::ObjectIdentifier;
use yasna::{DERWriter, DERWriterSeq};

use crate::key::Key;
use crate::vendor::VendorError;

/// The root of Intel's extension arc: 1.2.840.113741.1.13.1.
const SGX_EXTENSIONS: [u64; 7] = [1, 2, 840, 113_741, 1, 13, 1];

/// Who a certificate names.
#[derive(Clone, Copy)]
pub(crate) enum Role {
    Root,
    PckCa,
    CollateralSigner,
    Platform,
}

impl Role {
    fn common_name(self) -> &'static str {
        match self {
            Self::Root => "SIMULATED SGX Root CA",
            // "Processor" tells verifiers which of the two kinds of authority it is.
            Self::PckCa => "SIMULATED SGX PCK Processor CA",
            Self::CollateralSigner => "SIMULATED SGX TCB Signing",
            Self::Platform => "SIMULATED SGX PCK Certificate",
        }
    }

    fn authority(self) -> IsCa {
        match self {
            Self::Root => IsCa::Ca(BasicConstraints::Constrained(1)),
            Self::PckCa => IsCa::Ca(BasicConstraints::Constrained(0)),
            Self::CollateralSigner | Self::Platform => IsCa::ExplicitNoCa,
        }
    }

    fn usages(self) -> Vec<KeyUsagePurpose> {
        match self {
            Self::Root | Self::PckCa => vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign],
            Self::CollateralSigner | Self::Platform => {
                vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::ContentCommitment]
            }
        }
    }
}

/// From when until when something holds, Unix time in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) from_s: u64,
    pub(crate) until_s: u64,
}

/// What tells one platform's certificate from another's.
pub(crate) struct PckExtension {
    pub(crate) ppid: [u8; 16],
    pub(crate) cpu_svn: [u8; 16],
    pub(crate) pce_svn: u16,
    pub(crate) pce_id: [u8; 2],
    pub(crate) fmspc: [u8; 6],
}

/// A certificate to be made.
pub(crate) struct Certificate<'a> {
    pub(crate) role: Role,
    pub(crate) serial: u64,
    pub(crate) window: Window,
    pub(crate) key: &'a Key,
    pub(crate) extension: Option<&'a PckExtension>,
}

/// A certificate as bytes and as text.
#[derive(Clone)]
pub(crate) struct Issued {
    pub(crate) der: Vec<u8>,
    pub(crate) pem: String,
}

impl Certificate<'_> {
    pub(crate) fn self_signed(&self) -> Result<Issued, VendorError> {
        Ok(issued(&self.params(self.key)?.self_signed(self.key)?))
    }

    pub(crate) fn signed_by(&self, issuer: Role, issuer_key: &Key) -> Result<Issued, VendorError> {
        let issuer = issuer_of(issuer, issuer_key);
        Ok(issued(&self.params(self.key)?.signed_by(self.key, &issuer)?))
    }

    fn params(&self, key: &Key) -> Result<CertificateParams, VendorError> {
        let mut params = CertificateParams::default();
        params.serial_number = Some(serial_number(self.serial));
        params.distinguished_name = name(self.role);
        params.not_before = date(self.window.from_s)?;
        params.not_after = date(self.window.until_s)?;
        params.is_ca = self.role.authority();
        params.key_usages = self.role.usages();
        params.use_authority_key_identifier_extension = true;
        params.key_identifier_method = KeyIdMethod::PreSpecified(key.identifier());
        params.custom_extensions = self.extension.map(sgx_extension).into_iter().collect();
        Ok(params)
    }
}

/// The revocation list of `issuer`, signed.
pub(crate) fn revocation_list(
    issuer: Role,
    issuer_key: &Key,
    window: Window,
    revoked_serials: impl Iterator<Item = u64>,
) -> Result<Vec<u8>, VendorError> {
    let this_update = date(window.from_s)?;
    let revoked_certs = revoked_serials.map(|serial| RevokedCertParams {
        serial_number: serial_number(serial),
        revocation_time: this_update,
        reason_code: Some(RevocationReason::KeyCompromise),
        invalidity_date: None,
    });
    let list = CertificateRevocationListParams {
        this_update,
        next_update: date(window.until_s)?,
        crl_number: SerialNumber::from(1_u64),
        issuing_distribution_point: None,
        revoked_certs: revoked_certs.collect(),
        key_identifier_method: KeyIdMethod::PreSpecified(issuer_key.identifier()),
    };
    Ok(list.signed_by(&issuer_of(issuer, issuer_key))?.der().to_vec())
}

/// Unix time as certificates want it.
pub(crate) fn date(unix_s: u64) -> Result<OffsetDateTime, VendorError> {
    i64::try_from(unix_s)
        .ok()
        .and_then(|unix_s| OffsetDateTime::from_unix_timestamp(unix_s).ok())
        .ok_or(VendorError::DateOutOfRange(unix_s))
}

fn issued(certificate: &rcgen::Certificate) -> Issued {
    Issued { der: certificate.der().to_vec(), pem: certificate.pem() }
}

fn issuer_of(role: Role, key: &Key) -> Issuer<'static, &Key> {
    let mut params = CertificateParams::default();
    params.distinguished_name = name(role);
    params.key_usages = role.usages();
    params.key_identifier_method = KeyIdMethod::PreSpecified(key.identifier());
    Issuer::new(params, key)
}

fn name(role: Role) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, role.common_name());
    name.push(DnType::OrganizationName, "MulTEEverse SIMULATED vendor");
    name
}

fn serial_number(serial: u64) -> SerialNumber {
    SerialNumber::from(serial)
}

/// The extension that makes a certificate a platform's.
fn sgx_extension(values: &PckExtension) -> CustomExtension {
    let content = yasna::construct_der(|writer| {
        writer.write_sequence(|writer| {
            entry(writer, &[1], |value| value.write_bytes(&values.ppid));
            entry(writer, &[2], |value| value.write_sequence(|writer| tcb(writer, values)));
            entry(writer, &[3], |value| value.write_bytes(&values.pce_id));
            entry(writer, &[4], |value| value.write_bytes(&values.fmspc));
            // SGX type 0: Standard.
            entry(writer, &[5], |value| value.write_enum(0));
        });
    });
    CustomExtension::from_oid_content(&SGX_EXTENSIONS, content)
}

fn tcb(writer: &mut DERWriterSeq<'_>, values: &PckExtension) {
    for (number, svn) in (1..).zip(values.cpu_svn) {
        entry(writer, &[2, number], |value| value.write_u8(svn));
    }
    entry(writer, &[2, 17], |value| value.write_u16(values.pce_svn));
    entry(writer, &[2, 18], |value| value.write_bytes(&values.cpu_svn));
}

fn entry(writer: &mut DERWriterSeq<'_>, below: &[u64], value: impl FnOnce(DERWriter<'_>)) {
    writer.next().write_sequence(|writer| {
        let oid = [&SGX_EXTENSIONS, below].concat();
        writer.next().write_oid(&ObjectIdentifier::from_slice(&oid));
        value(writer.next());
    });
}
