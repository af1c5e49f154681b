//! What systemd is told: readiness, signs of life, and the end. Without systemd these calls do nothing.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use sd_notify::NotifyState;

/// Signs of life for the service manager's watchdog, given as long as the work they vouch for goes on.
#[derive(Debug)]
pub struct Watchdog {
    pulse: Arc<Pulse>,
}

#[derive(Debug)]
struct Pulse {
    began: Instant,
    beat_ms: AtomicU64,
}

impl Watchdog {
    /// Gives signs of life as often as the service manager asks for, as long as the last [`beat`](Self::beat) is not older
    /// than `silence_max`. They end with the value.
    pub fn start(silence_max: Duration) -> Self {
        let pulse = Arc::new(Pulse { began: Instant::now(), beat_ms: AtomicU64::new(0) });
        if let Some(within) = sd_notify::watchdog_enabled() {
            let watched = Arc::downgrade(&pulse);
            std::thread::spawn(move || watch(&watched, within / 2, silence_max));
        }
        Self { pulse }
    }

    /// The work goes on.
    pub fn beat(&self) {
        self.pulse.beat_ms.store(millis(self.pulse.began.elapsed()), Ordering::Relaxed);
    }
}

fn watch(watched: &Weak<Pulse>, every: Duration, silence_max: Duration) {
    while let Some(pulse) = watched.upgrade() {
        if pulse.silence() <= silence_max {
            tell(&[NotifyState::Watchdog]);
        }
        drop(pulse);
        std::thread::sleep(every);
    }
}

impl Pulse {
    fn silence(&self) -> Duration {
        self.began.elapsed().saturating_sub(Duration::from_millis(self.beat_ms.load(Ordering::Relaxed)))
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// The node is not ready yet, and needs more time than it said before: for so long again.
pub fn starting(time: Duration) {
    let usec = u32::try_from(time.as_micros()).unwrap_or(u32::MAX);
    tell(&[NotifyState::ExtendTimeoutUsec(usec)]);
}

/// The node works.
pub fn ready() {
    tell(&[NotifyState::Ready]);
}

/// A line for `systemctl status`.
pub fn status(line: &str) {
    tell(&[NotifyState::Status(line)]);
}

/// The node is about to end.
pub fn stopping() {
    tell(&[NotifyState::Stopping]);
}

fn tell(states: &[NotifyState<'_>]) {
    // Nobody may be there to be told.
    let _ = sd_notify::notify(states);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_is_counted_from_the_last_beat() {
        let pulse = Pulse { began: Instant::now(), beat_ms: AtomicU64::new(0) };
        std::thread::sleep(Duration::from_millis(20));
        assert!(pulse.silence() >= Duration::from_millis(20));
        let watchdog = Watchdog { pulse: Arc::new(pulse) };
        watchdog.beat();
        assert!(watchdog.pulse.silence() < Duration::from_millis(20));
    }
}
