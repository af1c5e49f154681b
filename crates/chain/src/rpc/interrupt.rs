//! A word to whoever waits for a chain that it is time to end.

use core::time::Duration;
use std::sync::{Arc, Condvar, Mutex, PoisonError};

/// Tells whoever waits that it is time to end. Clones are told together.
#[derive(Clone, Debug, Default)]
pub struct Interrupt {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    asked: Mutex<bool>,
    changed: Condvar,
}

impl Interrupt {
    /// Asks to end, for good.
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

    #[test]
    fn waiting_ends_when_it_is_asked_for() {
        let interrupt = Interrupt::default();
        assert!(!interrupt.wait(Duration::from_millis(1)) && !interrupt.is_asked());
        let waiting = interrupt.clone();
        let waiting = std::thread::spawn(move || waiting.wait(Duration::from_hours(1)));
        interrupt.ask();
        assert!(waiting.join().expect("ends"));
        assert!(interrupt.is_asked() && interrupt.wait(Duration::from_hours(1)));
    }
}
