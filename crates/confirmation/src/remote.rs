//! The application as the controller sees it: through bytes.

use std::io;

use alloy_primitives::Address;

use crate::confirm::{Confirm, ConfirmError, Introduction, Status};
use crate::duty::{Duty, SignedBlock};
use crate::messages::{MessageError, Request, Response};

/// Carries a request to an application and its response back: a socket, a pipe, a function call.
pub trait Exchange {
    /// The response to `request`.
    ///
    /// # Errors
    /// When the way is broken, or the response would exceed [`Response::BYTES_MAX`].
    fn exchange(&mut self, request: &[u8]) -> io::Result<Vec<u8>>;
}

impl<F: FnMut(&[u8]) -> io::Result<Vec<u8>>> Exchange for F {
    fn exchange(&mut self, request: &[u8]) -> io::Result<Vec<u8>> {
        self(request)
    }
}

/// An application on the other side of the boundary.
#[derive(Debug)]
pub struct Remote<E> {
    exchange: E,
    incarnation: Address,
}

impl<E: Exchange> Remote<E> {
    /// Says hello to the application behind `exchange`.
    ///
    /// # Errors
    /// When it cannot be reached or gives no proper answer.
    pub fn connect(mut exchange: E) -> Result<Self, ConfirmError> {
        let status = hello(&mut exchange)?;
        Ok(Self { exchange, incarnation: status.incarnation })
    }

    /// Has the TEE vouch for who the application is.
    ///
    /// # Errors
    /// When it refuses, or cannot be reached.
    pub fn introduce(&mut self) -> Result<Introduction, ConfirmError> {
        match ask(&mut self.exchange, &Request::Introduce)? {
            Response::Introduced(introduction) => {
                self.check(introduction.status.incarnation)?;
                Ok(*introduction)
            }
            Response::Refused(refusal) => Err(refusal.into()),
            Response::Hello(_) | Response::Confirmed(_) => Err(MessageError::OtherKind.into()),
        }
    }

    /// Where a way is found anew for each exchange, another application may stand at its end.
    fn check(&self, found: Address) -> Result<(), ConfirmError> {
        let expected = self.incarnation;
        if found == expected { Ok(()) } else { Err(ConfirmError::OtherIncarnation { expected, found }) }
    }
}

impl<E: Exchange> Confirm for Remote<E> {
    fn incarnation(&self) -> Address {
        self.incarnation
    }

    fn status(&mut self) -> Result<Status, ConfirmError> {
        let status = hello(&mut self.exchange)?;
        self.check(status.incarnation)?;
        Ok(status)
    }

    fn confirm(&mut self, duty: &Duty) -> Result<SignedBlock, ConfirmError> {
        match ask(&mut self.exchange, &Request::Confirm(Box::new(duty.clone())))? {
            Response::Confirmed(signed) => {
                self.check(signed.block.incarnation)?;
                Ok(*signed)
            }
            Response::Refused(refusal) => Err(refusal.into()),
            Response::Hello(_) | Response::Introduced(_) => Err(MessageError::OtherKind.into()),
        }
    }
}

fn hello(exchange: &mut impl Exchange) -> Result<Status, ConfirmError> {
    match ask(exchange, &Request::Hello)? {
        Response::Hello(status) => Ok(status),
        Response::Refused(refusal) => Err(refusal.into()),
        Response::Confirmed(_) | Response::Introduced(_) => Err(MessageError::OtherKind.into()),
    }
}

fn ask(exchange: &mut impl Exchange, request: &Request) -> Result<Response, ConfirmError> {
    let answer = exchange.exchange(&request.encode()?)?;
    Ok(Response::decode(&answer)?)
}
