//! Domain-separated digests over fixed-width words, so that the contract and other tools can repeat them.

use alloy_primitives::{B256, Keccak256, keccak256};

/// `keccak256(keccak256(domain) ‖ content)`: the digest of something already hashed, under its domain.
pub(crate) fn tagged(domain: &str, content: B256) -> B256 {
    let mut words = Words::new(domain);
    words.put(content);
    words.finish()
}

/// A running digest over 32-byte words that starts with the domain's hash, as `abi.encode` would lay
/// them out.
pub(crate) struct Words(Keccak256);

impl Words {
    pub(crate) fn new(domain: &str) -> Self {
        let mut words = Self(Keccak256::new());
        words.put(keccak256(domain));
        words
    }

    pub(crate) fn put(&mut self, word: B256) {
        self.0.update(word);
    }

    pub(crate) fn put_number(&mut self, number: u64) {
        self.put(B256::left_padding_from(&number.to_be_bytes()));
    }

    pub(crate) fn finish(self) -> B256 {
        self.0.finalize()
    }
}
