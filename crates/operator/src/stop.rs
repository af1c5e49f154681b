//! When to end: SIGTERM or SIGINT once ends in order, twice at once.

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use multee_chain::rpc::Interrupt;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

/// Tells whoever waits that it is time to end.
#[derive(Clone, Debug, Default)]
pub struct Stop(Interrupt);

impl Stop {
    /// Asked by the process's signals. The second one ends the process there and then, with exit code 130: what a node
    /// does is safe to be cut off anywhere.
    ///
    /// # Errors
    /// When the system takes no handlers.
    pub fn on_signals() -> io::Result<Self> {
        let twice = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM] {
            // In this order: the second signal finds the flag set.
            signal_hook::flag::register_conditional_shutdown(signal, 130, Arc::clone(&twice))?;
            signal_hook::flag::register(signal, Arc::clone(&twice))?;
        }
        Self::on_any_signal()
    }

    /// Asked by the process's signals, however many come: for whoever has something to clear away.
    ///
    /// # Errors
    /// When the system takes no handlers.
    pub fn on_any_signal() -> io::Result<Self> {
        let stop = Self::default();
        let mut signals = Signals::new([SIGINT, SIGTERM])?;
        let asked = stop.clone();
        std::thread::spawn(move || {
            if signals.forever().next().is_some() {
                asked.ask();
            }
        });
        Ok(stop)
    }

    /// Asks to end.
    pub fn ask(&self) {
        self.0.ask();
    }

    /// Whether it was asked for.
    pub fn is_asked(&self) -> bool {
        self.0.is_asked()
    }

    /// Waits so long, or until it is asked for. Returns whether it is.
    pub fn wait(&self, time: Duration) -> bool {
        self.0.wait(time)
    }

    /// The same, for what waits for a chain.
    pub fn interrupt(&self) -> Interrupt {
        self.0.clone()
    }
}
