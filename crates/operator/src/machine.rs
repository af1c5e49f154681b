//! A machine whose applications are held against the configuration before a seat is restarted with them.

use std::io;

use alloy_primitives::{Address, B256};
use multee_confirmation::{ConfirmError, Introduction};
use multee_evidence::Policy;
use multee_node::{Boot, Booted, Link, Socket, SocketConfig};

use crate::introduction::describe;
use crate::metrics::now_s;

/// Boots what another machine boots, if its TEE reports the measurement that is configured: with another one, every peer
/// would mark the new incarnation's blocks.
pub(crate) struct Checked {
    machine: Box<dyn Boot>,
    /// Where an application listens that has no socket of its own on this host.
    link: Option<Link>,
    policy: Option<Policy>,
    roots: Vec<Vec<u8>>,
}

/// The TEE reports something else than is configured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the TEE reports measurement {reported}, confirm.measurement is {configured}: set it to what it reports, if the \
     network allows that, and start the node again"
)]
pub(crate) struct OtherMeasurement {
    reported: B256,
    configured: B256,
}

impl Checked {
    pub(crate) fn new(
        machine: Box<dyn Boot>,
        link: Option<Link>,
        policy: Option<Policy>,
        roots: Vec<Vec<u8>>,
    ) -> Self {
        Self { machine, link, policy, roots }
    }

    /// What cannot be found out stands in nobody's way: only a report of something else does.
    fn check(&self, booted: Booted) -> Result<Booted, ConfirmError> {
        let configured = booted.measurement;
        match self.reported(&booted) {
            Some(reported) if reported != configured => {
                let error = OtherMeasurement { reported, configured };
                Err(ConfirmError::Unreachable(io::Error::new(io::ErrorKind::InvalidData, error)))
            }
            _ => Ok(booted),
        }
    }

    fn reported(&self, booted: &Booted) -> Option<B256> {
        let policy = self.policy.as_ref()?;
        let link = booted.socket.clone().map(Link::from).or_else(|| self.link.clone())?;
        let introduction: Introduction =
            Socket::new(SocketConfig::new(link)).hello().ok()?.introduce().ok()?;
        describe(&introduction, policy, self.roots.clone(), now_s()).ok().map(|device| device.measurement)
    }
}

impl Boot for Checked {
    fn boot(&mut self) -> Result<Booted, ConfirmError> {
        let booted = self.machine.boot()?;
        self.check(booted)
    }

    fn fresh(&mut self, spent: &[Address]) -> Result<Option<Booted>, ConfirmError> {
        self.machine.fresh(spent)?.map(|booted| self.check(booted)).transpose()
    }

    fn running(&mut self, recorded: &[std::path::PathBuf]) -> Result<Vec<Booted>, ConfirmError> {
        self.machine.running(recorded)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;
    use std::path::PathBuf;
    use std::time::Duration;

    use multee_confirmation::{Request, Wire};

    use super::*;
    use crate::introduction::tests::simulated;

    struct Machine(PathBuf, B256);

    impl Boot for Machine {
        fn boot(&mut self) -> Result<Booted, ConfirmError> {
            let app = Socket::new(SocketConfig::new(self.0.clone())).hello()?;
            Ok(Booted { app: Box::new(app), measurement: self.1, socket: Some(self.0.clone()) })
        }
    }

    #[test]
    fn an_application_that_reports_something_else_is_not_restarted_with() {
        let (mut app, policy, root, _) = simulated();
        let introduction = app.introduce().expect("introduces itself");
        let reported =
            describe(&introduction, &policy, vec![root.clone()], now_s()).expect("describes").measurement;
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("confirm.sock");
        let listener = UnixListener::bind(&path).expect("listens");
        std::thread::spawn(move || {
            const TIME_MAX: Duration = Duration::from_secs(10);
            for client in listener.incoming() {
                let mut wire = Wire::new(client.expect("a client"));
                while let Ok(Some(request)) = wire.receive(Request::BYTES_MAX, TIME_MAX) {
                    wire.send(&app.handle(&request), TIME_MAX).expect("sends");
                }
            }
        });
        let boot = |measurement, policy| {
            let machine = Box::new(Machine(path.clone(), measurement));
            Checked::new(machine, None, policy, vec![root.clone()]).boot()
        };
        assert!(boot(reported, Some(policy.clone())).is_ok());
        let Err(ConfirmError::Unreachable(error)) = boot(B256::ZERO, Some(policy)) else { panic!("boots") };
        assert!(error.to_string().contains(&reported.to_string()), "{error}");
        assert!(boot(B256::ZERO, None).is_ok(), "without a policy nothing is known");
    }
}
