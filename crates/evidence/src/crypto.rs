//! Which code checks signatures, and the memory of those that were good.
//!
//! One appraisal is nine P-256 checks, of which all but two are of certificates and collateral that the
//! next appraisal meets again. A good signature stays good, so successes are remembered, by SHA-256 over
//! key, message and signature; failures are not. What can change with time (expiry, revocation, TCB level)
//! is no signature and is evaluated every time.

use std::collections::BTreeSet;
use std::fmt;
use std::marker::PhantomData;
use std::sync::{Mutex, PoisonError};

use dcap_qvl::config::{Config, CryptoProvider};
use dcap_qvl::configs::{RingConfig, RustCryptoConfig};
use dcap_qvl::crypto::{RingCrypto, RustCryptoCrypto};
use rustls_pki_types::{AlgorithmIdentifier, InvalidSignature, SignatureVerificationAlgorithm};
use sha2::{Digest, Sha256};

/// Which library checks signatures and hashes of DCAP quotes. Both must give the same verdicts; that they do is tested.
/// SEV-SNP evidence is `RustCrypto`'s in either case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum CryptoBackend {
    /// ring: assembly, the faster.
    #[default]
    Ring,
    /// `RustCrypto`: Rust alone.
    RustCrypto,
}

/// dcap-qvl's configuration with remembered signatures, over the one for `C`.
pub(crate) struct Remembering<C>(PhantomData<C>);

impl<C> Config for Remembering<C>
where
    C: Config,
    Self: CryptoProvider,
{
    type X509 = C::X509;
    type SigEncoder = C::SigEncoder;
    type Crypto = Self;
}

impl CryptoProvider for Remembering<RingConfig> {
    fn sig_algo() -> &'static dyn SignatureVerificationAlgorithm {
        static ALGORITHM: RememberingAlgorithm = RememberingAlgorithm::new(RingCrypto::sig_algo);
        &ALGORITHM
    }

    fn sha256(data: &[u8]) -> [u8; 32] {
        RingCrypto::sha256(data)
    }

    fn sha384(data: &[u8]) -> [u8; 48] {
        RingCrypto::sha384(data)
    }
}

impl CryptoProvider for Remembering<RustCryptoConfig> {
    fn sig_algo() -> &'static dyn SignatureVerificationAlgorithm {
        static ALGORITHM: RememberingAlgorithm = RememberingAlgorithm::new(RustCryptoCrypto::sig_algo);
        &ALGORITHM
    }

    fn sha256(data: &[u8]) -> [u8; 32] {
        RustCryptoCrypto::sha256(data)
    }

    fn sha384(data: &[u8]) -> [u8; 48] {
        RustCryptoCrypto::sha384(data)
    }
}

/// A signature algorithm that remembers its successes.
struct RememberingAlgorithm {
    inner: fn() -> &'static dyn SignatureVerificationAlgorithm,
    good: Mutex<Generations>,
}

impl RememberingAlgorithm {
    const fn new(inner: fn() -> &'static dyn SignatureVerificationAlgorithm) -> Self {
        Self { inner, good: Mutex::new(Generations::new()) }
    }
}

impl fmt::Debug for RememberingAlgorithm {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Remembering({:?})", (self.inner)())
    }
}

impl SignatureVerificationAlgorithm for RememberingAlgorithm {
    fn verify_signature(
        &self,
        public_key: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), InvalidSignature> {
        let print = fingerprint(public_key, message, signature);
        if self.good.lock().unwrap_or_else(PoisonError::into_inner).knows(&print) {
            return Ok(());
        }
        (self.inner)().verify_signature(public_key, message, signature)?;
        self.good.lock().unwrap_or_else(PoisonError::into_inner).remember(print);
        Ok(())
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        (self.inner)().public_key_alg_id()
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        (self.inner)().signature_alg_id()
    }
}

/// Lengths go first, so that no other split of the same bytes has the same print.
pub(crate) fn fingerprint(public_key: &[u8], message: &[u8], signature: &[u8]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in [public_key, message, signature] {
        hash.update((part.len() as u64).to_be_bytes());
    }
    for part in [public_key, message, signature] {
        hash.update(part);
    }
    hash.finalize().into()
}

/// A set that forgets what was not asked for lately: when the young half is full, the old half goes.
#[derive(Debug)]
pub(crate) struct Generations {
    young: BTreeSet<[u8; 32]>,
    old: BTreeSet<[u8; 32]>,
}

impl Generations {
    /// Prints in one half. Two halves of 4,096 prints of 32 bytes take well under a megabyte.
    const HALF_MAX: usize = 4096;

    pub(crate) const fn new() -> Self {
        Self { young: BTreeSet::new(), old: BTreeSet::new() }
    }

    pub(crate) fn knows(&mut self, print: &[u8; 32]) -> bool {
        if self.young.contains(print) {
            return true;
        }
        let known = self.old.contains(print);
        if known {
            self.remember(*print);
        }
        known
    }

    pub(crate) fn remember(&mut self, print: [u8; 32]) {
        if self.young.len() >= Self::HALF_MAX {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(print);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// Accepts a signature that equals its message, and counts how often it was asked.
    #[derive(Debug)]
    struct Echo;

    static ASKED: AtomicUsize = AtomicUsize::new(0);

    impl SignatureVerificationAlgorithm for Echo {
        fn verify_signature(
            &self,
            _: &[u8],
            message: &[u8],
            signature: &[u8],
        ) -> Result<(), InvalidSignature> {
            ASKED.fetch_add(1, Ordering::SeqCst);
            if message == signature { Ok(()) } else { Err(InvalidSignature) }
        }

        fn public_key_alg_id(&self) -> AlgorithmIdentifier {
            rustls_pki_types::alg_id::ECDSA_P256
        }

        fn signature_alg_id(&self) -> AlgorithmIdentifier {
            rustls_pki_types::alg_id::ECDSA_SHA256
        }
    }

    #[test]
    fn only_the_same_good_signature_is_remembered() {
        let algorithm = RememberingAlgorithm::new(|| &Echo);
        let asked = |key: &[u8], message: &[u8], signature: &[u8]| {
            let before = ASKED.load(Ordering::SeqCst);
            let good = algorithm.verify_signature(key, message, signature).is_ok();
            (good, ASKED.load(Ordering::SeqCst) - before)
        };
        assert_eq!(asked(b"key", b"ab", b"ab"), (true, 1));
        assert_eq!(asked(b"key", b"ab", b"ab"), (true, 0), "remembered");
        assert_eq!(asked(b"kex", b"ab", b"ab"), (true, 1), "another key is another question");
        assert_eq!(asked(b"key", b"xb", b"xb"), (true, 1), "so is another message");
        assert_eq!(asked(b"key", b"xb", b"ab"), (false, 1), "or signature");
        assert_eq!(asked(b"key", b"abc", b"ab"), (false, 1), "a longer message");
        assert_eq!(asked(b"key", b"ab", b"abc"), (false, 1), "a longer signature");
        assert_eq!(asked(b"key", b"ab", b"abc"), (false, 1), "failures are asked again");
        assert_eq!(asked(b"keya", b"b", b"ab"), (false, 1), "the same bytes split elsewhere");
    }

    #[test]
    fn memory_is_bounded_and_keeps_what_is_in_use() {
        let mut set = Generations::new();
        let print = |n: usize| {
            let mut print = [0; 32];
            print[..8].copy_from_slice(&n.to_be_bytes());
            print
        };
        for n in 0..10 * Generations::HALF_MAX {
            set.remember(print(n));
            assert!(n == 0 || set.knows(&print(0)), "in use at {n}");
            assert!(set.young.len() + set.old.len() <= 2 * Generations::HALF_MAX);
        }
        assert!(!set.knows(&print(1)));
    }
}
