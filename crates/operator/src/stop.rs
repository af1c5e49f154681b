//! When to end: SIGTERM or SIGINT once ends in order, twice at once.

use std::io;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

/// Tells whoever waits that it is time to end.
#[derive(Clone, Debug, Default)]
pub struct Stop {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    asked: Mutex<bool>,
    changed: Condvar,
}

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
        *self.shared.asked.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.shared.changed.notify_all();
    }

    /// Whether it was asked for.
    pub fn is_asked(&self) -> bool {
        *self.shared.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits so long, or until it is asked for. Returns whether it is.
    pub fn wait(&self, time: Duration) -> bool {
        let asked = self.shared.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.shared.changed.wait_timeout_while(asked, time, |asked| !*asked);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU8, Ordering};

    #[test]
    fn waiting_ends_when_it_is_asked_for() {
        let (stop, seen) = (Stop::default(), Arc::new(AtomicU8::new(0)));
        assert!(!stop.wait(Duration::from_millis(1)) && !stop.is_asked());
        let waiting = {
            let (stop, seen) = (stop.clone(), Arc::clone(&seen));
            std::thread::spawn(move || {
                let asked = stop.wait(Duration::from_hours(1));
                seen.store(1, Ordering::SeqCst);
                asked
            })
        };
        stop.ask();
        assert!(waiting.join().expect("ends"));
        assert!(stop.is_asked() && stop.wait(Duration::from_hours(1)));
    }
}
