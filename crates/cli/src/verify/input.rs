//! Files from outside: never read beyond their limits.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use multee_evidence::{Collateral, Policy, QUOTE_BYTES_MAX, Sigstruct};

use super::error::VerifyError;

/// What a file is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Quote,
    Collateral,
    Policy,
    Root,
    Sigstruct,
    Firmware,
    Kernel,
    Initrd,
}

impl Kind {
    /// The most bytes its file has. A quote in hex has two digits for each byte, and room for spaces.
    pub(crate) const fn bytes_max(self) -> usize {
        const MIB: usize = 1024 * 1024;
        match self {
            Self::Quote => 3 * QUOTE_BYTES_MAX,
            Self::Collateral => Collateral::BYTES_MAX,
            Self::Policy => Policy::BYTES_MAX,
            Self::Root => 64 * 1024,
            Self::Sigstruct => Sigstruct::BYTES,
            Self::Firmware => 64 * MIB,
            Self::Kernel => 256 * MIB,
            Self::Initrd => 2048 * MIB,
        }
    }

    pub(crate) fn flag(self) -> &'static str {
        match self {
            Self::Quote => "quote",
            Self::Collateral => "collateral",
            Self::Policy => "policy",
            Self::Root => "root",
            Self::Sigstruct => "sigstruct",
            Self::Firmware => "ovmf",
            Self::Kernel => "kernel",
            Self::Initrd => "initrd",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Root => "root certificate",
            Self::Sigstruct => "signature",
            Self::Firmware => "firmware",
            other => other.flag(),
        })
    }
}

/// The bytes of a file.
///
/// # Errors
/// When it is missing, unreadable, or too large.
pub(crate) fn read(kind: Kind, path: &Path) -> Result<Vec<u8>, VerifyError> {
    let unreadable = |source: io::Error| {
        let path = path.to_owned();
        if source.kind() == io::ErrorKind::NotFound {
            return VerifyError::Missing { kind, path };
        }
        VerifyError::Unreadable { kind, path, source }
    };
    let file = File::open(path).map_err(unreadable)?;
    read_bounded(file, kind.bytes_max()).map_err(unreadable)?.ok_or_else(|| VerifyError::TooLarge {
        kind,
        path: path.to_owned(),
        bytes_max: kind.bytes_max(),
    })
}

/// The bytes of the quote that a file has, or stdin if the path is `-`.
///
/// # Errors
/// As [`read`], or when the text is no hex.
pub(crate) fn read_quote(path: &Path) -> Result<Vec<u8>, VerifyError> {
    let content = if path == Path::new("-") { read_stdin(path)? } else { read(Kind::Quote, path)? };
    let quote = if is_text(&content) {
        decode_hex(&content).ok_or_else(|| VerifyError::NotAQuote { path: path.to_owned() })?
    } else {
        content
    };
    if quote.len() > QUOTE_BYTES_MAX {
        return Err(VerifyError::QuoteTooLarge { path: path.to_owned() });
    }
    Ok(quote)
}

fn read_stdin(path: &Path) -> Result<Vec<u8>, VerifyError> {
    let (kind, path) = (Kind::Quote, path.to_owned());
    match read_bounded(io::stdin().lock(), kind.bytes_max()) {
        Ok(Some(content)) => Ok(content),
        Ok(None) => Err(VerifyError::TooLarge { kind, path, bytes_max: kind.bytes_max() }),
        Err(source) => Err(VerifyError::Unreadable { kind, path, source }),
    }
}

/// All bytes of `source`, or `None` if there are more than `bytes_max`; one more is read to know that.
fn read_bounded(source: impl Read, bytes_max: usize) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    source.take(bytes_max as u64 + 1).read_to_end(&mut bytes)?;
    Ok((bytes.len() <= bytes_max).then_some(bytes))
}

/// A quote starts with its version, 3 to 5, an SEV-SNP report with its own or with that of its format: never text.
fn is_text(content: &[u8]) -> bool {
    content.iter().all(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace())
}

/// The bytes that hex digits stand for: white space anywhere, `0x` in front.
fn decode_hex(text: &[u8]) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let digits = digits.strip_prefix(b"0x").or_else(|| digits.strip_prefix(b"0X")).unwrap_or(&digits);
    hex::decode(digits).ok()
}

/// The DER of the one certificate in a file of DER or PEM.
///
/// # Errors
/// As [`read`], or when it is PEM of something else.
pub(crate) fn read_root(path: &Path) -> Result<Vec<u8>, VerifyError> {
    let content = read(Kind::Root, path)?;
    if !is_text(&content) {
        return Ok(content);
    }
    let blocks = pem::parse_many(&content).unwrap_or_default();
    match <[pem::Pem; 1]>::try_from(blocks) {
        Ok([block]) if block.tag() == "CERTIFICATE" => Ok(block.into_contents()),
        _ => Err(VerifyError::NotARoot { path: path.to_owned() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Endless zeros that count how many were asked for.
    struct Endless(usize);

    impl Read for &mut Endless {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            buffer.fill(0);
            self.0 += buffer.len();
            Ok(buffer.len())
        }
    }

    #[test]
    fn nothing_is_read_beyond_one_byte_more_than_the_limit() {
        let mut endless = Endless(0);
        assert_eq!(read_bounded(&mut endless, 1000).expect("reads"), None);
        assert_eq!(endless.0, 1001);
        assert_eq!(read_bounded(&[7; 1000][..], 1000).expect("reads"), Some(vec![7; 1000]));
    }

    #[test]
    fn hex_is_read_with_prefix_and_white_space() {
        for text in ["030002ff", "0x030002FF", " 0x03 00\n02 ff\r\n", "0X030002ff"] {
            assert_eq!(decode_hex(text.as_bytes()), Some(vec![3, 0, 2, 0xff]), "{text:?}");
        }
        for text in ["030", "0x0g", "00 0x", "AwAC/w=="] {
            assert_eq!(decode_hex(text.as_bytes()), None, "{text:?}");
        }
    }

    #[test]
    fn quotes_are_never_text_and_hex_always_is() {
        assert!(!is_text(&[3, 0, b'a']) && !is_text(&[5, 0, b'a']));
        assert!(is_text(b"0x0300\n"));
    }
}
