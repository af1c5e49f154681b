//! The evidence bundle: the bytes a device publishes on chain beside its confirmation block (R6).
//!
//! ```text
//! version   u8      2
//! length    u32 be  of the properties
//! properties
//! at        u32 be  where in the quote its certificates belong
//! length    u32 be  of the quote without them
//! quote without its certificates
//! ```
//!
//! Nothing may trail. There is exactly one encoding of a bundle, so the hash of the bytes is the hash of
//! the bundle. The certificates are published apart, once for an incarnation.

use alloy_primitives::{B256, keccak256};

use crate::split::SplitQuote;

/// What a device publishes each epoch: its properties record, and the quote over its block's digest without the
/// certificates, which are published apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EvidenceBundle {
    /// An encoded [`Properties`](crate::Properties) record; not decoded here, so that a block with a bad
    /// record can still be marked for what else is wrong with it.
    pub properties: Vec<u8>,
    /// A DCAP quote as its quoting enclave made it, without its platform's certificate chain.
    pub quote: SplitQuote,
}

/// Why bytes are no evidence bundle, or a bundle cannot become bytes, or be joined with certificates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BundleError {
    /// More bytes than the contract accepts as evidence and certificates together (R6).
    #[error("evidence of {len} bytes exceeds {max}", max = EvidenceBundle::BYTES_MAX)]
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
    /// The certificates belong where there is nothing.
    #[error("certificates belong at {at} of a quote of {len} bytes")]
    OffsetBeyondQuote {
        /// Where they belong.
        at: usize,
        /// How long the quote is without them.
        len: usize,
    },
}

impl EvidenceBundle {
    /// The most bytes of an encoded bundle and of the certificates published with it together: the contract reverts
    /// beyond it (R6).
    pub const BYTES_MAX: usize = 16 * 1024;
    /// The only version of the format that is read or written.
    pub const VERSION: u8 = 2;
    const OVERHEAD: usize = 1 + 4 + 4 + 4;

    /// A bundle of a whole quote, and the certificates that were in it: empty if there were none.
    pub fn split(properties: Vec<u8>, quote: &[u8]) -> (Self, Vec<u8>) {
        let (quote, certificates) = SplitQuote::split(quote);
        (Self { properties, quote }, certificates)
    }

    /// The bytes to publish.
    ///
    /// # Errors
    /// [`BundleError::TooLarge`] beyond [`Self::BYTES_MAX`].
    pub fn encode(&self) -> Result<Vec<u8>, BundleError> {
        self.encode_beside(&[])
    }

    /// The bytes to publish, if they fit into one publication with these certificates.
    ///
    /// # Errors
    /// [`BundleError::TooLarge`] beyond [`Self::BYTES_MAX`].
    pub fn encode_beside(&self, certificates: &[u8]) -> Result<Vec<u8>, BundleError> {
        let rest = self.quote.rest();
        let parts = [Self::OVERHEAD, self.properties.len(), rest.len(), certificates.len()];
        let len = parts.into_iter().fold(0, usize::saturating_add);
        if len > Self::BYTES_MAX {
            return Err(BundleError::TooLarge { len });
        }
        let number = |value: usize| {
            u32::try_from(value).map(u32::to_be_bytes).map_err(|_| BundleError::TooLarge { len })
        };
        let mut bytes = Vec::with_capacity(len);
        bytes.push(Self::VERSION);
        bytes.extend_from_slice(&number(self.properties.len())?);
        bytes.extend_from_slice(&self.properties);
        bytes.extend_from_slice(&number(self.quote.at())?);
        bytes.extend_from_slice(&number(rest.len())?);
        bytes.extend_from_slice(rest);
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
        let (at, rest) = take_number(rest)?;
        let (quote, rest) = take_field(rest)?;
        if !rest.is_empty() {
            return Err(BundleError::TrailingBytes(rest.len()));
        }
        Ok(Self { properties: properties.to_vec(), quote: SplitQuote::new(at, quote.to_vec())? })
    }

    /// The evidence hash that the contract binds to the block: keccak256 of the encoded bytes (R6).
    ///
    /// # Errors
    /// As [`Self::encode`].
    pub fn hash(&self) -> Result<B256, BundleError> {
        self.encode().map(keccak256)
    }
}

fn take_number(bytes: &[u8]) -> Result<(usize, &[u8]), BundleError> {
    let (number, rest) = bytes.split_first_chunk::<4>().ok_or(BundleError::Truncated)?;
    let number = usize::try_from(u32::from_be_bytes(*number)).map_err(|_| BundleError::Truncated)?;
    Ok((number, rest))
}

fn take_field(bytes: &[u8]) -> Result<(&[u8], &[u8]), BundleError> {
    let (len, rest) = take_number(bytes)?;
    rest.split_at_checked(len).ok_or(BundleError::Truncated)
}

#[cfg(test)]
mod tests {
    use alloy_primitives::b256;

    use super::*;

    fn bundle() -> EvidenceBundle {
        let quote = SplitQuote::new(3, b"quote".to_vec()).expect("inside");
        EvidenceBundle { properties: b"properties".to_vec(), quote }
    }

    #[test]
    fn encoding_is_golden() {
        let bytes = bundle().encode().expect("small");
        assert_eq!(hex::encode(&bytes), "020000000a70726f70657274696573000000030000000571756f7465");
        assert_eq!(
            bundle().hash().expect("small"),
            b256!("0x2f29d5a75376d7aec28bab8e0e7121e6e11cf978d421d5bc1a15888a60277b4d")
        );
    }

    #[test]
    fn only_the_encoding_decodes() {
        let bytes = bundle().encode().expect("small");
        assert_eq!(EvidenceBundle::decode(&bytes), Ok(bundle()));
        for cut in 0..bytes.len() {
            assert_eq!(EvidenceBundle::decode(&bytes[..cut]), Err(BundleError::Truncated), "cut at {cut}");
        }
        let mut longer = bytes.clone();
        longer.push(0);
        assert_eq!(EvidenceBundle::decode(&longer), Err(BundleError::TrailingBytes(1)));
        for at in 0..bytes.len() {
            for bit in 0..8 {
                let mut changed = bytes.clone();
                changed[at] ^= 1 << bit;
                // What still decodes is another bundle, whose one encoding this is.
                if let Ok(other) = EvidenceBundle::decode(&changed) {
                    assert_ne!(other, bundle(), "byte {at}");
                    assert_eq!(other.encode(), Ok(changed), "byte {at}");
                }
            }
        }
    }

    #[test]
    fn bundles_of_version_1_are_refused() {
        let first = hex::decode("010000000a70726f706572746965730000000571756f7465").expect("hex");
        assert_eq!(EvidenceBundle::decode(&first), Err(BundleError::UnknownVersion(1)));
    }

    #[test]
    fn certificates_belong_into_the_quote_or_at_its_end() {
        let mut bytes = bundle().encode().expect("small");
        bytes[18] = 5;
        assert_eq!(EvidenceBundle::decode(&bytes).map(|bundle| bundle.quote.at()), Ok(5));
        bytes[18] = 6;
        let beyond = BundleError::OffsetBeyondQuote { at: 6, len: 5 };
        assert_eq!(EvidenceBundle::decode(&bytes), Err(beyond));
    }

    #[test]
    fn sixteen_kibibytes_fit_and_not_one_more() {
        let quote = SplitQuote::whole(&vec![7; EvidenceBundle::BYTES_MAX - 13]);
        let mut full = EvidenceBundle { properties: vec![], quote };
        let bytes = full.encode().expect("fits");
        assert_eq!(bytes.len(), EvidenceBundle::BYTES_MAX);
        assert_eq!(EvidenceBundle::decode(&bytes).as_ref(), Ok(&full));
        let too_large = BundleError::TooLarge { len: EvidenceBundle::BYTES_MAX + 1 };
        assert_eq!(full.encode_beside(&[1]), Err(too_large), "with certificates");
        full.properties.push(1);
        assert_eq!(full.encode(), Err(too_large));
        let larger = vec![1; EvidenceBundle::BYTES_MAX + 1];
        assert_eq!(EvidenceBundle::decode(&larger), Err(BundleError::TooLarge { len: larger.len() }));
    }
}
