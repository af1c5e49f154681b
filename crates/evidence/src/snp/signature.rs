//! Which signatures are good, and the memory of those that were.
//!
//! The `sev` crate checks certificates and reports (RSA-PSS and ECDSA over P-384, SHA-384); it has no revocation
//! lists, so theirs are checked here, by the same library that it uses.

use std::sync::{Mutex, PoisonError};

use rsa::RsaPublicKey;
use rsa::pkcs8::DecodePublicKey;
use rsa::pss::{Signature, VerifyingKey};
use rsa::sha2::Sha384;
use rsa::signature::Verifier;
use sev::certs::snp::Verifiable;
use sev::firmware::guest::AttestationReport;

use crate::crypto::{Generations, fingerprint};
use crate::snp::certificate::Certificate;

static GOOD: Mutex<Generations> = Mutex::new(Generations::new());

/// Whether good signatures are remembered across appraisals.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Memory(pub(crate) bool);

impl Memory {
    /// Whether the issuer's key signed the certificate.
    pub(crate) fn signs_certificate(self, issuer: &Certificate, certificate: &Certificate) -> bool {
        let check = || (&issuer.signed, &certificate.signed).verify().is_ok();
        self.recall([&issuer.der, &certificate.der, b"certificate"], check)
    }

    /// Whether the issuer's key made `signature` over a revocation list's content.
    pub(crate) fn signs_list(self, issuer: &Certificate, content: &[u8], signature: &[u8]) -> bool {
        let check = || check_list(issuer, content, signature).is_some();
        self.recall([&issuer.der, content, signature], check)
    }

    fn recall(self, question: [&[u8]; 3], check: impl FnOnce() -> bool) -> bool {
        let [key, message, signature] = question;
        let print = fingerprint(key, message, signature);
        if self.0 && GOOD.lock().unwrap_or_else(PoisonError::into_inner).knows(&print) {
            return true;
        }
        let good = check();
        if self.0 && good {
            GOOD.lock().unwrap_or_else(PoisonError::into_inner).remember(print);
        }
        good
    }
}

/// Whether the certified key signed the report. Not remembered: no report comes twice.
pub(crate) fn signs_report(key: &Certificate, report: &AttestationReport) -> bool {
    (&key.signed, report).verify().is_ok()
}

fn check_list(issuer: &Certificate, content: &[u8], signature: &[u8]) -> Option<()> {
    let key = RsaPublicKey::from_public_key_der(&issuer.public_key()?).ok()?;
    let signature = Signature::try_from(signature).ok()?;
    VerifyingKey::<Sha384>::new(key).verify(content, &signature).ok()
}

#[cfg(test)]
mod tests {
    use x509_cert::der::{Decode, Encode};

    use super::*;
    use crate::policy::AMD_ARK_DER;

    /// AMD's roots have signed themselves as they sign their lists.
    #[test]
    fn lists_are_checked_as_amd_signs() {
        for root in AMD_ARK_DER {
            let x509 = x509_cert::Certificate::from_der(root).expect("a certificate");
            let mut content = x509.tbs_certificate().to_der().expect("DER");
            let signature = x509.signature().raw_bytes();
            let root = Certificate::from_der(root).expect("a certificate");
            let signs =
                |content: &[u8]| [true, false].map(|on| Memory(on).signs_list(&root, content, signature));
            assert_eq!(signs(&content), [true, true]);
            content[100] ^= 1;
            assert_eq!(signs(&content), [false, false]);
        }
    }
}
