//! A quote and its platform's certificate chain: taken apart and put together again.
//!
//! A quote carries the chain as certification data of type 5. Three quarters of a quote's bytes are the chain, and
//! they are the same in every quote of a platform: so they are published once, and quotes without them. SEV-SNP
//! evidence has its certificates at its end (module `snp::container`).
//!
//! Sources: Intel SGX ECDSA Quote Library Reference (quote version 3), Intel TDX DCAP Quoting Library API
//! (versions 4 and 5). Numbers are little endian.

use std::ops::Range;

use crate::bundle::{BundleError, EvidenceBundle};
use crate::snp::{CERTIFICATES_AT, Container, is_snp_quote};

/// A quote without a piece of it, with the place where the piece belongs.
///
/// Which piece that is only who splits decides: with any piece back in any place the result is judged as the quote
/// that it then is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SplitQuote {
    /// At most the length of `rest`.
    at: usize,
    rest: Vec<u8>,
}

impl SplitQuote {
    /// Takes the certificate chain out of a quote. A quote without a chain in it, or that is none, stays whole, and
    /// the certificates are empty.
    pub fn split(quote: &[u8]) -> (Self, Vec<u8>) {
        let parts = certificates_of(quote).and_then(|chain| {
            let (before, after) = (quote.get(..chain.start)?, quote.get(chain.end..)?);
            Some((Self { at: chain.start, rest: [before, after].concat() }, quote.get(chain)?.to_vec()))
        });
        parts
            .filter(|(_, certificates)| !certificates.is_empty())
            .unwrap_or_else(|| (Self::whole(quote), vec![]))
    }

    /// A quote of which nothing is taken out.
    pub fn whole(quote: &[u8]) -> Self {
        Self { at: 0, rest: quote.to_vec() }
    }

    /// The quote `rest` from which something is missing at offset `at`.
    ///
    /// # Errors
    /// [`BundleError::OffsetBeyondQuote`] when there is no such place.
    pub fn new(at: usize, rest: Vec<u8>) -> Result<Self, BundleError> {
        if at > rest.len() {
            return Err(BundleError::OffsetBeyondQuote { at, len: rest.len() });
        }
        Ok(Self { at, rest })
    }

    /// The quote with `certificates` in their place: byte for byte what was split.
    ///
    /// # Errors
    /// [`BundleError::TooLarge`] for more certificates than can be published (R6).
    pub fn join(&self, certificates: &[u8]) -> Result<Vec<u8>, BundleError> {
        if certificates.len() > EvidenceBundle::BYTES_MAX {
            return Err(BundleError::TooLarge { len: certificates.len() });
        }
        let (before, after) = self.rest.split_at_checked(self.at).unwrap_or((&self.rest, &[]));
        Ok([before, certificates, after].concat())
    }

    /// The offset in the quote at which the certificates belong.
    pub fn at(&self) -> usize {
        self.at
    }

    /// The quote without its certificates.
    pub fn rest(&self) -> &[u8] {
        &self.rest
    }
}

/// Where in a quote its certificates are, if it is one that carries them.
fn certificates_of(quote: &[u8]) -> Option<Range<usize>> {
    if is_snp_quote(quote) {
        let container = Container::decode(quote).ok()?;
        return container.certificates.map(|_| CERTIFICATES_AT..quote.len());
    }
    chain_of(quote)
}

/// Where in a DCAP quote its certificate chain is.
fn chain_of(quote: &[u8]) -> Option<Range<usize>> {
    const HEADER: usize = 48;
    const SGX: u32 = 0;
    const TDX: u32 = 0x81;
    const ENCLAVE_REPORT: usize = 384;
    const TD_REPORT: usize = 584;
    const SIGNATURE: usize = 64;
    const KEY: usize = 64;
    const CERTIFICATE_CHAIN: u16 = 5;
    const QUOTING_ENCLAVES_REPORT: u16 = 6;

    let mut part = Part { all: quote, range: 0..quote.len() };
    let version = part.u16()?;
    let _key_type = part.u16()?;
    let tee_type = part.u32()?;
    part.take(HEADER - 8)?;
    let body = match (version, tee_type) {
        (3, SGX) => ENCLAVE_REPORT,
        (4, TDX) => TD_REPORT,
        (5, TDX) => {
            let _body_type = part.u16()?;
            part.length()?
        }
        _ => return None,
    };
    part.take(body)?;
    let len = part.length()?;
    let mut proof = part.take(len)?;
    proof.take(SIGNATURE + KEY)?;
    if version > 3 {
        if proof.u16()? != QUOTING_ENCLAVES_REPORT {
            return None;
        }
        let len = proof.length()?;
        proof = proof.take(len)?;
    }
    proof.take(ENCLAVE_REPORT + SIGNATURE)?;
    let authentication = proof.u16()?;
    proof.take(authentication.into())?;
    if proof.u16()? != CERTIFICATE_CHAIN {
        return None;
    }
    let len = proof.length()?;
    Some(proof.take(len)?.range)
}

/// A part of the bytes, read from its start.
struct Part<'a> {
    all: &'a [u8],
    range: Range<usize>,
}

impl<'a> Part<'a> {
    fn take(&mut self, len: usize) -> Option<Part<'a>> {
        let end = self.range.start.checked_add(len).filter(|end| *end <= self.range.end)?;
        let range = self.range.start..end;
        self.range.start = end;
        Some(Part { all: self.all, range })
    }

    fn number<const N: usize>(&mut self) -> Option<[u8; N]> {
        let range = self.take(N)?.range;
        self.all.get(range)?.try_into().ok()
    }

    fn u16(&mut self) -> Option<u16> {
        self.number().map(u16::from_le_bytes)
    }

    fn u32(&mut self) -> Option<u32> {
        self.number().map(u32::from_le_bytes)
    }

    fn length(&mut self) -> Option<usize> {
        self.u32()?.try_into().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A quote's frame: lengths and types as in a real one, everything else zero.
    fn quote(version: u16, tee_type: u32, body: usize, certification: (u16, &[u8])) -> Vec<u8> {
        let mut vouching = vec![0; 384 + 64];
        vouching.extend_from_slice(&[3, 0, 7, 7, 7]);
        vouching.extend_from_slice(&certification.0.to_le_bytes());
        vouching.extend_from_slice(&u32::try_from(certification.1.len()).expect("small").to_le_bytes());
        vouching.extend_from_slice(certification.1);
        let mut proof = vec![0; 128];
        if version > 3 {
            proof.extend_from_slice(&6_u16.to_le_bytes());
            proof.extend_from_slice(&u32::try_from(vouching.len()).expect("small").to_le_bytes());
        }
        proof.extend_from_slice(&vouching);
        let mut quote = [&version.to_le_bytes()[..], &[2, 0], &tee_type.to_le_bytes(), &[0; 40]].concat();
        if version == 5 {
            quote.extend_from_slice(&[3, 0]);
            quote.extend_from_slice(&u32::try_from(body).expect("small").to_le_bytes());
        }
        quote.extend_from_slice(&vec![0; body]);
        quote.extend_from_slice(&u32::try_from(proof.len()).expect("small").to_le_bytes());
        [quote, proof].concat()
    }

    #[test]
    fn the_chain_is_taken_out_of_quotes_of_each_accepted_kind() {
        for (version, tee_type, body) in [(3, 0, 384), (4, 0x81, 584), (5, 0x81, 648), (5, 0x81, 885)] {
            let mut whole = quote(version, tee_type, body, (5, b"chain"));
            whole.extend_from_slice(&[0; 9]);
            let (split, certificates) = SplitQuote::split(&whole);
            assert_eq!(certificates, b"chain", "version {version}");
            assert_eq!(split.at(), whole.len() - 9 - 5);
            assert_eq!(split.rest().len(), whole.len() - 5);
            assert_eq!(split.join(&certificates), Ok(whole));
        }
    }

    #[test]
    fn a_quote_without_a_chain_stays_whole() {
        let none = |whole: Vec<u8>| {
            assert_eq!(SplitQuote::split(&whole), (SplitQuote::whole(&whole), vec![]));
            assert_eq!(SplitQuote::whole(&whole).join(&[]), Ok(whole));
        };
        none(quote(3, 0, 384, (3, b"encrypted")));
        none(quote(3, 0, 384, (5, b"")));
        none(quote(4, 0, 384, (5, b"chain")));
        none(quote(6, 0x81, 584, (5, b"chain")));
        none(b"no quote".to_vec());
        none(Vec::new());
        let mut outer_type = quote(4, 0x81, 584, (5, b"chain"));
        outer_type[48 + 584 + 4 + 128] = 5;
        none(outer_type);
    }

    #[test]
    fn a_chain_beyond_its_frame_is_none() {
        let whole = quote(4, 0x81, 584, (5, b"chain"));
        for len in 0..whole.len() {
            assert!(SplitQuote::split(&whole[..len]).1.is_empty(), "cut to {len}");
        }
        // Lengths of the signature data, of what vouches for its key, of the chain: one byte less or more than fits.
        let padded = [&whole[..], &[0]].concat();
        let (proof, outer, chain) = (48 + 584, 48 + 584 + 4 + 128 + 2, whole.len() - 9);
        for (at, change) in [(proof, -1), (outer, -1), (outer, 1), (chain, 1)] {
            let mut changed = padded.clone();
            changed[at] = changed[at].wrapping_add_signed(change);
            assert!(SplitQuote::split(&changed).1.is_empty(), "length at {at} changed by {change}");
        }
    }

    #[test]
    fn there_is_no_place_behind_a_quote() {
        assert!(SplitQuote::new(4, b"rest".to_vec()).is_ok());
        let beyond = BundleError::OffsetBeyondQuote { at: 5, len: 4 };
        assert_eq!(SplitQuote::new(5, b"rest".to_vec()), Err(beyond));
        let large = vec![0; EvidenceBundle::BYTES_MAX + 1];
        assert_eq!(
            SplitQuote::whole(b"rest").join(&large),
            Err(BundleError::TooLarge { len: large.len() }),
            "more than can be published"
        );
    }
}
