//! SEV-SNP evidence: the report, and of the host's table of certificates those that verify it.
//!
//! The table is the GHCB specification's (section 4.1.8.1): entries of a GUID, an offset and a length, both 32 bits,
//! little-endian, counted from the table's start, until an entry of zeros. The host wrote it, and verifiers trust only
//! signatures: a table that is wrong or missing costs the certificates, no more.

use multee_attester::SnpReport;
use multee_evidence::snp_quote;

type Guid = [u8; 16];

/// 63da758d-e664-4564-adc5-f4b93be8accd: the chip's own key.
const VCEK: Guid = 0x63da_758d_e664_4564_adc5_f4b9_3be8_accd_u128.to_be_bytes();
/// a8074bc2-a25a-483e-aae6-39c045a0b8a1: a key that the cloud provider had from AMD.
const VLEK: Guid = 0xa807_4bc2_a25a_483e_aae6_39c0_45a0_b8a1_u128.to_be_bytes();
/// 4ab7b379-bbac-4fe4-a02f-05aef327c782: the issuer of either.
const ASK: Guid = 0x4ab7_b379_bbac_4fe4_a02f_05ae_f327_c782_u128.to_be_bytes();
/// A GUID, an offset, a length.
const ENTRY_BYTES: usize = 24;

/// The bytes to publish of a report: with the certificates of the key that signed it if the host gave them, else the
/// bare report, whose certificates verifiers fetch from AMD.
pub fn encode_snp_report(report: &SnpReport) -> Vec<u8> {
    with_certificates(report).unwrap_or_else(|| report.report.clone())
}

fn with_certificates(report: &SnpReport) -> Option<Vec<u8>> {
    let named = |guid| certificate(&report.certificates, guid);
    // Both keys at once are in no table of AMD's; the report says which one signed, and a verifier looks.
    let key = named(VCEK).or_else(|| named(VLEK))?;
    snp_quote(&report.report, key, named(ASK)?).ok()
}

/// The certificate with this name, DER.
fn certificate(table: &[u8], guid: Guid) -> Option<&[u8]> {
    let entries = table.chunks_exact(ENTRY_BYTES).take_while(|entry| entry.iter().any(|byte| *byte != 0));
    let entry = entries.into_iter().find(|entry| entry.starts_with(&guid))?;
    let number = |at: usize| {
        entry.get(at..)?.first_chunk().and_then(|bytes| u32::from_le_bytes(*bytes).try_into().ok())
    };
    let (offset, len): (usize, usize) = (number(16)?, number(20)?);
    table.get(offset..)?.get(..len)
}

#[cfg(test)]
mod tests {
    use multee_evidence::is_snp_quote;

    use super::*;

    const REPORT_BYTES: usize = 1184;

    /// A table as a host's tool writes it.
    fn table(certificates: &[(Guid, &[u8])]) -> Vec<u8> {
        let mut offset = (certificates.len() + 1) * ENTRY_BYTES;
        let (mut head, mut body) = (Vec::new(), Vec::new());
        for (guid, certificate) in certificates {
            head.extend_from_slice(guid);
            for number in [offset, certificate.len()] {
                head.extend_from_slice(&u32::try_from(number).expect("small").to_le_bytes());
            }
            body.extend_from_slice(certificate);
            offset += certificate.len();
        }
        [head, vec![0; ENTRY_BYTES], body].concat()
    }

    fn encoded(certificates: Vec<u8>) -> Vec<u8> {
        encode_snp_report(&SnpReport { report: vec![0; REPORT_BYTES], certificates })
    }

    #[test]
    fn guids_are_written_as_they_are_read_aloud() {
        assert_eq!(hex::encode(VCEK), "63da758de6644564adc5f4b93be8accd");
        assert_eq!(hex::encode(VLEK), "a8074bc2a25a483eaae639c045a0b8a1");
        assert_eq!(hex::encode(ASK), "4ab7b379bbac4fe4a02f05aef327c782");
    }

    #[test]
    fn key_and_issuer_are_taken_out_of_the_table() {
        let ark = [0xC0; 16];
        for key in [VCEK, VLEK] {
            let found = encoded(table(&[(ark, b"root"), (ASK, b"issuer"), (key, b"key")]));
            assert_eq!(found, snp_quote(&[0; REPORT_BYTES], b"key", b"issuer").expect("fits"));
            assert!(is_snp_quote(&found));
        }
    }

    #[test]
    fn without_both_certificates_the_report_stands_alone() {
        let cut = |len: usize| table(&[(VCEK, b"key"), (ASK, b"issuer")])[..len].to_vec();
        let whole = cut(0).len() + table(&[(VCEK, b"key"), (ASK, b"issuer")]).len();
        let mut tables: Vec<Vec<u8>> = (0..whole).map(cut).collect();
        tables.push(table(&[(VCEK, b"key")]));
        tables.push(table(&[(ASK, b"issuer")]));
        tables.push(table(&[(VCEK, b""), (ASK, b"issuer")]));
        tables.push([vec![0; ENTRY_BYTES], table(&[(VCEK, b"key"), (ASK, b"issuer")])].concat());
        tables.push([&VCEK[..], &[0xFF; 8], &ASK, &[0xFF; 8]].concat());
        for table in tables {
            assert_eq!(encoded(table.clone()), [0; REPORT_BYTES], "{table:?}");
        }
    }
}
