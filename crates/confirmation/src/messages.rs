//! The bytes that cross the boundary between controller and application.
//!
//! A message is one byte of version and the [postcard](https://postcard.jamesmunns.com/wire-format) encoding of
//! a [`Request`] or a [`Response`]; nothing may trail. Both sides take the other's messages for hostile:
//! decoding never panics and allocates at most in proportion to the message, whose length is bounded first.

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::confirm::{Introduction, Refusal, Status};
use crate::duty::{Duty, LimitError, SignedBlock};

/// The only version of the messages that is read or written.
const VERSION: u8 = 3;

/// What a controller asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Request {
    /// Who are you?
    Hello,
    /// Do an epoch's work.
    Confirm(Box<Duty>),
    /// Have the TEE vouch for who you are, before there is a seat.
    Introduce,
}

/// What an application answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Response {
    /// To [`Request::Hello`].
    Hello(Status),
    /// To [`Request::Confirm`]: the work is done.
    Confirmed(Box<SignedBlock>),
    /// To anything: it is not.
    Refused(Refusal),
    /// To [`Request::Introduce`].
    Introduced(Box<Introduction>),
}

/// Why bytes are no message, or a message cannot become bytes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// The message, or a part of it, is larger than its limit.
    #[error(transparent)]
    TooLarge(#[from] LimitError),
    /// There is not even a version.
    #[error("message is empty")]
    Empty,
    /// The first byte names a format unknown here.
    #[error("message version {0} is unknown")]
    UnknownVersion(u8),
    /// Not an encoding of a message.
    #[error("message is malformed: {0}")]
    Malformed(#[from] postcard::Error),
    /// Bytes follow the end of the message.
    #[error("{0} bytes trail the message")]
    TrailingBytes(usize),
    /// A message of the wrong kind: not the answer to what was asked.
    #[error("answer is of another kind than the request")]
    OtherKind,
}

impl Request {
    /// The longest request, in bytes: collateral for as many platform families as a duty meets in practice.
    pub const BYTES_MAX: usize = 16 * 1024 * 1024;

    /// The bytes to send.
    ///
    /// # Errors
    /// When a limit is exceeded.
    pub fn encode(&self) -> Result<Vec<u8>, MessageError> {
        self.check_limits()?;
        encode(self, Self::BYTES_MAX)
    }

    /// The request that `bytes` encode.
    ///
    /// # Errors
    /// When they are too many, malformed, of another version, or a limit is exceeded.
    pub fn decode(bytes: &[u8]) -> Result<Self, MessageError> {
        let request: Self = decode(bytes, Self::BYTES_MAX)?;
        request.check_limits()?;
        Ok(request)
    }

    fn check_limits(&self) -> Result<(), LimitError> {
        match self {
            Self::Hello | Self::Introduce => Ok(()),
            Self::Confirm(duty) => duty.check_limits(),
        }
    }
}

impl Response {
    /// The longest response, in bytes.
    pub const BYTES_MAX: usize = 64 * 1024;

    /// The bytes to send.
    ///
    /// # Errors
    /// When a limit is exceeded.
    pub fn encode(&self) -> Result<Vec<u8>, MessageError> {
        self.check_limits()?;
        encode(self, Self::BYTES_MAX)
    }

    /// The response that `bytes` encode.
    ///
    /// # Errors
    /// When they are too many, malformed, of another version, or a limit is exceeded.
    pub fn decode(bytes: &[u8]) -> Result<Self, MessageError> {
        let response: Self = decode(bytes, Self::BYTES_MAX)?;
        response.check_limits()?;
        Ok(response)
    }

    fn check_limits(&self) -> Result<(), LimitError> {
        match self {
            Self::Confirmed(signed) | Self::Refused(Refusal::AlreadySigned(signed)) => signed.check_limits(),
            Self::Introduced(introduction) => introduction.check_limits(),
            Self::Hello(_) | Self::Refused(_) => Ok(()),
        }
    }
}

fn encode<T: Serialize>(message: &T, max: usize) -> Result<Vec<u8>, MessageError> {
    let bytes = postcard::to_extend(message, vec![VERSION])?;
    check_len(&bytes, max)?;
    Ok(bytes)
}

fn decode<T: DeserializeOwned>(bytes: &[u8], max: usize) -> Result<T, MessageError> {
    check_len(bytes, max)?;
    let (version, body) = bytes.split_first().ok_or(MessageError::Empty)?;
    if *version != VERSION {
        return Err(MessageError::UnknownVersion(*version));
    }
    let (message, rest) = postcard::take_from_bytes(body)?;
    if !rest.is_empty() {
        return Err(MessageError::TrailingBytes(rest.len()));
    }
    Ok(message)
}

fn check_len(bytes: &[u8], max: usize) -> Result<(), LimitError> {
    if bytes.len() <= max {
        return Ok(());
    }
    Err(LimitError { what: "bytes of the message".to_owned(), len: bytes.len() as u64, max: max as u64 })
}
