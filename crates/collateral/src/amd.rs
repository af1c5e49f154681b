//! What SEV-SNP evidence is judged by: the revocation list of its family's root, and the certificates of the chip's key
//! where it brings none.
//!
//! Evidence that brings none and tells no family (reports of version 2, read without its certificates) is asked about at
//! each family it may be of; AMD knows the chip in one of them.

use multee_evidence::{AppraisalError, ClaimedSnp, SnpProduct, SnpTcb};
use pem::Pem;
use serde::Serialize;

use crate::error::SourceError;
use crate::item::{AmdItem, AmdKey, Item, Vcek};
use crate::source::Source;

/// The document that verifiers read.
#[derive(Serialize)]
struct Document {
    tee: &'static str,
    ark_crl: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    vek_chain: Option<String>,
}

impl Source {
    pub(crate) fn snp_document(
        &self,
        claimed: &ClaimedSnp,
        at_s: u64,
        now_s: u64,
    ) -> Result<Vec<u8>, SourceError> {
        let missing = SourceError::Quote(AppraisalError::EndorsementMissing);
        // AMD gives the certificates of providers' keys to the providers.
        if claimed.is_signed_by_vlek() && !claimed.carries_certificates() {
            return Err(missing);
        }
        let mut refusal = missing;
        for product in claimed.products() {
            match self.snp_document_of(claimed, *product, at_s, now_s) {
                Err(error) => refusal = error,
                found => return found,
            }
        }
        Err(refusal)
    }

    fn snp_document_of(
        &self,
        claimed: &ClaimedSnp,
        product: SnpProduct,
        at_s: u64,
        now_s: u64,
    ) -> Result<Vec<u8>, SourceError> {
        let key = if claimed.is_signed_by_vlek() { AmdKey::Vlek } else { AmdKey::Vcek };
        let item = |item| self.piece(&Item::Amd(item), at_s, now_s);
        let vek_chain = if claimed.carries_certificates() {
            None
        } else {
            let certificate = item(AmdItem::Vcek(vcek(claimed, product)))?.document;
            let issuers = item(AmdItem::Chain(key, product))?.document;
            Some(chain(&bytes(&certificate), &bytes(&issuers)))
        };
        let document =
            Document { tee: "snp", ark_crl: item(AmdItem::Crl(key, product))?.document, vek_chain };
        serde_json::to_vec(&document).map_err(|error| SourceError::Malformed(error.into()))
    }
}

fn vcek(claimed: &ClaimedSnp, product: SnpProduct) -> Vcek {
    let SnpTcb { boot_loader: bootloader, tee, snp, microcode, fmc } = claimed.tcb();
    let fmc = (product == SnpProduct::Turin).then_some(fmc);
    Vcek { product, chip_id: *claimed.chip_id(), bootloader, tee, snp, microcode, fmc }
}

/// The certificate of the chip's key, and its issuer's: the first that AMD's chain has, before the root.
fn chain(certificate: &[u8], issuers: &[u8]) -> String {
    let issuer = pem::parse_many(issuers).ok().and_then(|blocks| blocks.into_iter().next());
    let certificate = Pem::new("CERTIFICATE", certificate);
    let blocks: Vec<Pem> = std::iter::once(certificate).chain(issuer).collect();
    pem::encode_many_config(&blocks, pem::EncodeConfig::new().set_line_ending(pem::LineEnding::LF))
}

/// Pieces are written by us in hex, and held against their hash since.
fn bytes(digits: &str) -> Vec<u8> {
    hex::decode(digits).unwrap_or_default()
}
