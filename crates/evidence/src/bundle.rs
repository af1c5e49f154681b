//! The evidence bundle: the bytes a device publishes on chain beside its confirmation block (R6).
//!
//! ```text
//! version   u8      1
//! length    u32 be  of the properties
//! properties
//! length    u32 be  of the quote
//! quote
//! ```
//!
//! Nothing may trail. There is exactly one encoding of a bundle, so the hash of the bytes is the hash of
//! the bundle.

use alloy_primitives::{B256, keccak256};

/// What a device publishes: its properties record and the quote over its block's digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EvidenceBundle {
    /// An encoded [`Properties`](crate::Properties) record; not decoded here, so that a block with a bad
    /// record can still be marked for what else is wrong with it.
    pub properties: Vec<u8>,
    /// A DCAP quote as its quoting enclave made it.
    pub quote: Vec<u8>,
}

/// Why bytes are no evidence bundle, or a bundle cannot become bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BundleError {
    /// More bytes than the contract accepts as evidence (R6).
    #[error("bundle of {len} bytes exceeds {max}", max = EvidenceBundle::BYTES_MAX)]
    TooLarge {
        /// How many bytes there are or would be.
        len: usize,
    },
    /// The first byte names a format unknown here.
    #[error("bundle version {0} is unknown")]
    UnknownVersion(u8),
    /// The bytes end before the bundle does.
    #[error("bundle is cut short")]
    Truncated,
    /// Bytes follow the end of the bundle.
    #[error("{0} bytes trail the bundle")]
    TrailingBytes(usize),
}

impl EvidenceBundle {
    /// The largest encoded bundle, in bytes: the contract reverts beyond it (R6).
    pub const BYTES_MAX: usize = 16 * 1024;
    /// The only version of the format so far.
    pub const VERSION: u8 = 1;
    const OVERHEAD: usize = 1 + 4 + 4;

    /// The bytes to publish.
    ///
    /// # Errors
    /// [`BundleError::TooLarge`] beyond [`Self::BYTES_MAX`].
    pub fn encode(&self) -> Result<Vec<u8>, BundleError> {
        let len = Self::OVERHEAD.saturating_add(self.properties.len()).saturating_add(self.quote.len());
        if len > Self::BYTES_MAX {
            return Err(BundleError::TooLarge { len });
        }
        let mut bytes = Vec::with_capacity(len);
        bytes.push(Self::VERSION);
        for field in [&self.properties, &self.quote] {
            let field_len = u32::try_from(field.len()).map_err(|_| BundleError::TooLarge { len })?;
            bytes.extend_from_slice(&field_len.to_be_bytes());
            bytes.extend_from_slice(field);
        }
        Ok(bytes)
    }

    /// The bundle that `bytes` encode.
    ///
    /// # Errors
    /// For every string of bytes that [`Self::encode`] does not give.
    pub fn decode(bytes: &[u8]) -> Result<Self, BundleError> {
        if bytes.len() > Self::BYTES_MAX {
            return Err(BundleError::TooLarge { len: bytes.len() });
        }
        let (version, rest) = bytes.split_first().ok_or(BundleError::Truncated)?;
        if *version != Self::VERSION {
            return Err(BundleError::UnknownVersion(*version));
        }
        let (properties, rest) = take_field(rest)?;
        let (quote, rest) = take_field(rest)?;
        if !rest.is_empty() {
            return Err(BundleError::TrailingBytes(rest.len()));
        }
        Ok(Self { properties: properties.to_vec(), quote: quote.to_vec() })
    }

    /// The evidence hash that goes into the block's record: keccak256 of the encoded bytes (R6).
    ///
    /// # Errors
    /// As [`Self::encode`].
    pub fn hash(&self) -> Result<B256, BundleError> {
        self.encode().map(keccak256)
    }
}

fn take_field(bytes: &[u8]) -> Result<(&[u8], &[u8]), BundleError> {
    let (len, rest) = bytes.split_first_chunk::<4>().ok_or(BundleError::Truncated)?;
    let len = usize::try_from(u32::from_be_bytes(*len)).map_err(|_| BundleError::Truncated)?;
    rest.split_at_checked(len).ok_or(BundleError::Truncated)
}

#[cfg(test)]
mod tests {
    use alloy_primitives::b256;

    use super::*;

    fn bundle() -> EvidenceBundle {
        EvidenceBundle { properties: b"properties".to_vec(), quote: b"quote".to_vec() }
    }

    #[test]
    fn encoding_is_golden() {
        let bytes = bundle().encode().expect("small");
        assert_eq!(hex::encode(&bytes), "010000000a70726f706572746965730000000571756f7465");
        assert_eq!(
            bundle().hash().expect("small"),
            b256!("0x1df43d01a7da683b0ea72df09dff883b501f4a2951535952e0f9a9da153373ab")
        );
    }

    #[test]
    fn only_the_encoding_decodes() {
        let bytes = bundle().encode().expect("small");
        assert_eq!(EvidenceBundle::decode(&bytes), Ok(bundle()));
        for cut in 0..bytes.len() {
            assert!(EvidenceBundle::decode(&bytes[..cut]).is_err(), "cut at {cut}");
        }
        let mut longer = bytes.clone();
        longer.push(0);
        assert_eq!(EvidenceBundle::decode(&longer), Err(BundleError::TrailingBytes(1)));
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            assert_ne!(EvidenceBundle::decode(&changed), Ok(bundle()), "byte {at}");
        }
    }

    #[test]
    fn sixteen_kibibytes_fit_and_not_one_more() {
        let mut full = EvidenceBundle { properties: vec![], quote: vec![7; EvidenceBundle::BYTES_MAX - 9] };
        let bytes = full.encode().expect("fits");
        assert_eq!(bytes.len(), EvidenceBundle::BYTES_MAX);
        assert_eq!(EvidenceBundle::decode(&bytes).as_ref(), Ok(&full));
        full.properties.push(1);
        assert_eq!(full.encode(), Err(BundleError::TooLarge { len: EvidenceBundle::BYTES_MAX + 1 }));
        let larger = vec![1; EvidenceBundle::BYTES_MAX + 1];
        assert_eq!(EvidenceBundle::decode(&larger), Err(BundleError::TooLarge { len: larger.len() }));
    }
}
