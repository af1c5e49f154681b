//! One key, encrypted: AES-128-CTR, and Keccak-256 over half of the derived key and the ciphertext.

use aes::Aes128;
use alloy_primitives::Keccak256;
use ctr::Ctr128BE;
use ctr::cipher::{KeyIvInit as _, StreamCipher as _};
use zeroize::Zeroizing;

use crate::kdf::DerivedKey;

/// A secp256k1 key in the clear.
pub(crate) type SecretKey = Zeroizing<[u8; 32]>;

/// A key as it lies in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sealed {
    pub(crate) iv: [u8; 16],
    pub(crate) ciphertext: [u8; 32],
    pub(crate) mac: [u8; 32],
}

impl Sealed {
    pub(crate) fn seal(key: &SecretKey, derived: &DerivedKey, iv: [u8; 16]) -> Self {
        let mut ciphertext = **key;
        apply_keystream(derived, &iv, &mut ciphertext);
        Self { iv, ciphertext, mac: mac(derived, &ciphertext) }
    }

    /// The key, or `None` if the password was another or a byte was changed.
    pub(crate) fn open(&self, derived: &DerivedKey) -> Option<SecretKey> {
        // No secret hangs on the time of this: who has the file can try passwords without asking.
        if mac(derived, &self.ciphertext) != self.mac {
            return None;
        }
        let mut key = Zeroizing::new(self.ciphertext);
        apply_keystream(derived, &self.iv, &mut key);
        Some(key)
    }
}

fn apply_keystream(derived: &DerivedKey, iv: &[u8; 16], bytes: &mut [u8; 32]) {
    let (encrypting, _) = halves(derived);
    Ctr128BE::<Aes128>::new(&(*encrypting).into(), &(*iv).into()).apply_keystream(bytes);
}

fn mac(derived: &DerivedKey, ciphertext: &[u8; 32]) -> [u8; 32] {
    let (_, authenticating) = halves(derived);
    let mut hasher = Keccak256::new();
    hasher.update(*authenticating);
    hasher.update(ciphertext);
    hasher.finalize().0
}

fn halves(derived: &DerivedKey) -> (Zeroizing<[u8; 16]>, Zeroizing<[u8; 16]>) {
    let (mut first, mut second) = (Zeroizing::new([0; 16]), Zeroizing::new([0; 16]));
    let (left, right) = derived.split_at(16);
    first.copy_from_slice(left);
    second.copy_from_slice(right);
    (first, second)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sealed_opens_with_the_same_key_and_no_other() {
        let (key, derived) = (Zeroizing::new([3; 32]), Zeroizing::new([5; 32]));
        let sealed = Sealed::seal(&key, &derived, [9; 16]);
        assert_ne!(sealed.ciphertext, *key);
        assert_eq!(sealed.open(&derived).as_ref(), Some(&key));
        assert_eq!(sealed.open(&Zeroizing::new([6; 32])), None);
    }

    #[test]
    fn a_changed_byte_of_ciphertext_or_mac_opens_nothing() {
        let (key, derived) = (Zeroizing::new([3; 32]), Zeroizing::new([5; 32]));
        let sealed = Sealed::seal(&key, &derived, [9; 16]);
        for index in 0..32 {
            let mut other = sealed.clone();
            other.ciphertext[index] ^= 1;
            assert_eq!(other.open(&derived), None);
            let mut other = sealed.clone();
            other.mac[index] ^= 1;
            assert_eq!(other.open(&derived), None);
        }
    }
}
