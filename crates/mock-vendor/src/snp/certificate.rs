//! Certificates and revocation lists, in the shape that AMD gives its own.
//!
//! Source: AMD, VCEK and VLEK Certificate Definitions, and KDS Interface Specification (57230).

use yasna::models::{ObjectIdentifier, UTCTime};
use yasna::{DERWriter, DERWriterSeq, Tag};

use crate::certificate::date;
use crate::snp::key::AuthorityKey;
use crate::snp::{SnpFamily, SnpVendorError, SnpVersions};

const AMD: [u64; 8] = [1, 3, 6, 1, 4, 1, 3704, 1];
const SHA384: [u64; 9] = [2, 16, 840, 1, 101, 3, 4, 2, 2];
const RSA_PSS: [u64; 7] = [1, 2, 840, 113_549, 1, 1, 10];
const MGF1: [u64; 7] = [1, 2, 840, 113_549, 1, 1, 8];
const BASIC_CONSTRAINTS: [u64; 4] = [2, 5, 29, 19];
const KEY_USAGE: [u64; 4] = [2, 5, 29, 15];

/// What a certificate is of.
pub(crate) enum Role<'a> {
    /// A root or an issuer.
    Authority,
    /// A key that signs reports.
    Endorsement(&'a Endorsement),
}

/// What a report key's certificate says.
pub(crate) struct Endorsement {
    pub(crate) family: SnpFamily,
    pub(crate) versions: SnpVersions,
    /// `None`: a cloud provider's.
    pub(crate) chip_id: Option<[u8; 64]>,
}

/// A certificate to be made.
pub(crate) struct Certificate<'a> {
    pub(crate) serial: u64,
    pub(crate) issuer: &'a str,
    pub(crate) subject: &'a str,
    /// Unix time in seconds.
    pub(crate) window: (u64, u64),
    /// `SubjectPublicKeyInfo`, DER.
    pub(crate) public: &'a [u8],
    pub(crate) role: Role<'a>,
}

impl Certificate<'_> {
    /// DER.
    pub(crate) fn signed_by(&self, issuer: &AuthorityKey) -> Result<Vec<u8>, SnpVendorError> {
        let (from, until) = (time(self.window.0)?, time(self.window.1)?);
        let content = yasna::construct_der(|writer| {
            writer.write_sequence(|writer| {
                writer.next().write_tagged(Tag::context(0), |writer| writer.write_u8(2));
                writer.next().write_u64(self.serial);
                algorithm(writer.next());
                name(writer.next(), self.issuer);
                writer.next().write_sequence(|writer| {
                    writer.next().write_utctime(&from);
                    writer.next().write_utctime(&until);
                });
                name(writer.next(), self.subject);
                writer.next().write_der(self.public);
                writer.next().write_tagged(Tag::context(3), |writer| {
                    writer.write_sequence(|writer| self.extensions(writer));
                });
            });
        });
        Ok(signed(&content, issuer))
    }

    fn extensions(&self, writer: &mut DERWriterSeq<'_>) {
        match self.role {
            Role::Authority => {
                extension(
                    writer,
                    &BASIC_CONSTRAINTS,
                    true,
                    &der(|writer| writer.write_sequence(|writer| writer.next().write_bool(true))),
                );
                // Key and list signing, bits 5 and 6.
                extension(
                    writer,
                    &KEY_USAGE,
                    true,
                    &der(|writer| writer.write_bitvec_bytes(&[0b0000_0110], 7)),
                );
            }
            Role::Endorsement(endorsement) => endorsement.extensions(writer),
        }
    }
}

impl Endorsement {
    fn extensions(&self, writer: &mut DERWriterSeq<'_>) {
        let mut put =
            |below: &[u64], content: &[u8]| extension(writer, &[&AMD, below].concat(), false, content);
        let number = |value: u8| der(|writer| writer.write_u8(value));
        let stepping = if self.chip_id.is_some() { "-B0" } else { "" };
        let product = format!("{}{stepping}", self.family.name());
        put(&[1], &number(1));
        put(&[2], &der(|writer| writer.write_ia5_string(&product)));
        let versions = self.versions;
        put(&[3, 1], &number(versions.boot_loader));
        put(&[3, 2], &number(versions.tee));
        put(&[3, 3], &number(versions.snp));
        put(&[3, 8], &number(versions.microcode));
        if self.family == SnpFamily::Turin {
            put(&[3, 9], &number(versions.fmc));
        }
        match &self.chip_id {
            Some(id) => put(&[4], &id[..self.family.chip_id_bytes()]),
            None => put(&[5], &der(|writer| writer.write_utf8_string("SIMULATED provider"))),
        }
    }
}

/// A revocation list of these serial numbers, DER.
pub(crate) fn revocation_list(
    issuer: &str,
    key: &AuthorityKey,
    window: (u64, u64),
    serials: &[u64],
) -> Result<Vec<u8>, SnpVendorError> {
    let (from, until) = (time(window.0)?, time(window.1)?);
    let content = yasna::construct_der(|writer| {
        writer.write_sequence(|writer| {
            writer.next().write_u8(1);
            algorithm(writer.next());
            name(writer.next(), issuer);
            writer.next().write_utctime(&from);
            writer.next().write_utctime(&until);
            if !serials.is_empty() {
                writer.next().write_sequence_of(|writer| {
                    for serial in serials {
                        writer.next().write_sequence(|writer| {
                            writer.next().write_u64(*serial);
                            writer.next().write_utctime(&from);
                        });
                    }
                });
            }
        });
    });
    Ok(signed(&content, key))
}

fn signed(content: &[u8], key: &AuthorityKey) -> Vec<u8> {
    let signature = key.sign(content);
    yasna::construct_der(|writer| {
        writer.write_sequence(|writer| {
            writer.next().write_der(content);
            algorithm(writer.next());
            writer.next().write_bitvec_bytes(&signature, 8 * signature.len());
        });
    })
}

fn der(write: impl FnOnce(DERWriter<'_>)) -> Vec<u8> {
    yasna::construct_der(write)
}

/// RSA-PSS with SHA-384, its mask by the same, and a salt of 48 bytes.
fn algorithm(writer: DERWriter<'_>) {
    let sha384 = |writer: &mut DERWriterSeq<'_>| {
        writer.next().write_oid(&ObjectIdentifier::from_slice(&SHA384));
        writer.next().write_null();
    };
    writer.write_sequence(|writer| {
        writer.next().write_oid(&ObjectIdentifier::from_slice(&RSA_PSS));
        writer.next().write_sequence(|writer| {
            writer.next().write_tagged(Tag::context(0), |writer| writer.write_sequence(sha384));
            writer.next().write_tagged(Tag::context(1), |writer| {
                writer.write_sequence(|writer| {
                    writer.next().write_oid(&ObjectIdentifier::from_slice(&MGF1));
                    writer.next().write_sequence(sha384);
                });
            });
            writer.next().write_tagged(Tag::context(2), |writer| writer.write_u8(48));
        });
    });
}

fn name(writer: DERWriter<'_>, common_name: &str) {
    const ORGANIZATION: [u64; 4] = [2, 5, 4, 10];
    const COMMON_NAME: [u64; 4] = [2, 5, 4, 3];
    let entries = [(ORGANIZATION, "MulTEEverse SIMULATED vendor"), (COMMON_NAME, common_name)];
    writer.write_sequence(|writer| {
        for (kind, value) in entries {
            writer.next().write_set(|writer| {
                writer.next().write_sequence(|writer| {
                    writer.next().write_oid(&ObjectIdentifier::from_slice(&kind));
                    writer.next().write_utf8_string(value);
                });
            });
        }
    });
}

fn extension(writer: &mut DERWriterSeq<'_>, kind: &[u64], critical: bool, content: &[u8]) {
    writer.next().write_sequence(|writer| {
        writer.next().write_oid(&ObjectIdentifier::from_slice(kind));
        if critical {
            writer.next().write_bool(true);
        }
        writer.next().write_bytes(content);
    });
}

fn time(unix_s: u64) -> Result<UTCTime, SnpVendorError> {
    let moment = date(unix_s).map_err(|_| SnpVendorError::DateOutOfRange(unix_s))?;
    // Two digits of the year reach to 2049.
    if !(1950..2050).contains(&moment.year()) {
        return Err(SnpVendorError::DateOutOfRange(unix_s));
    }
    Ok(UTCTime::from_datetime(moment))
}
