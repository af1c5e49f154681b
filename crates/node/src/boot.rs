//! Machines that run Confirmation Applications.

use std::path::PathBuf;

use alloy_primitives::{Address, B256};
use multee_confirmation::{Confirm, ConfirmError};

use crate::socket::is_nobody;
use crate::state::Application;

/// A machine that can boot Confirmation Applications.
pub trait Boot {
    /// Boots one: a new incarnation with a new key. Returns it with the measurement it boots from.
    ///
    /// # Errors
    /// When the machine cannot boot.
    fn boot(&mut self) -> Result<Booted, ConfirmError>;

    /// An application that somebody else booted there and that is none of `spent`: it need not be booted again.
    ///
    /// # Errors
    /// When one may be alive and gives no answer.
    fn fresh(&mut self, _spent: &[Address]) -> Result<Option<Booted>, ConfirmError> {
        Ok(None)
    }

    /// The applications that run there already and that nobody in this process holds: a controller that was killed left
    /// them. It may have recorded sockets. What was started there and is not an application that answers is ended.
    ///
    /// # Errors
    /// When the machine cannot be looked at, or something there cannot be ended.
    fn running(&mut self, _recorded: &[PathBuf]) -> Result<Vec<Booted>, ConfirmError> {
        Ok(Vec::new())
    }
}

/// A running incarnation. Where the machine can end it, it ends when this is dropped.
pub struct Booted {
    /// The application.
    pub app: Box<dyn Confirm>,
    /// The measurement of the image it was booted from.
    pub measurement: B256,
    /// Where it listens; `None` if it is part of this process.
    pub socket: Option<PathBuf>,
}

impl Booted {
    /// What is recorded of it.
    pub(crate) fn application(&self) -> Application {
        Application {
            incarnation: self.app.incarnation(),
            measurement: self.measurement,
            socket: self.socket.clone(),
        }
    }
}

/// Whether an application is gone for good and its key with it. One that only takes too long is not.
pub(crate) fn is_gone(error: &ConfirmError) -> bool {
    match error {
        ConfirmError::OtherIncarnation { .. } => true,
        ConfirmError::Unreachable(error) => is_nobody(error),
        ConfirmError::Refused(_) | ConfirmError::BadAnswer(_) => false,
    }
}
