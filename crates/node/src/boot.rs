//! Machines that run Confirmation Applications.

use std::io::ErrorKind;
use std::path::PathBuf;

use alloy_primitives::B256;
use multee_confirmation::{Confirm, ConfirmError};

use crate::state::Application;

/// A machine that can boot Confirmation Applications.
pub trait Boot {
    /// Boots one: a new incarnation with a new key. Returns it with the measurement it boots from.
    ///
    /// # Errors
    /// When the machine cannot boot.
    fn boot(&mut self) -> Result<Booted, ConfirmError>;

    /// The applications that run there already and that nobody in this process holds: a controller that was killed left
    /// them. It may have recorded sockets. What is not an application that answers is ended.
    ///
    /// # Errors
    /// When one may be alive and gives no answer.
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
        ConfirmError::Unreachable(error) => {
            matches!(error.kind(), ErrorKind::ConnectionRefused | ErrorKind::NotFound)
        }
        ConfirmError::Refused(_) | ConfirmError::BadAnswer(_) => false,
    }
}
