//! A bar on the terminal while runs are played; nothing elsewhere.

use std::io::{IsTerminal, Write};
use std::sync::Mutex;
use std::time::{Duration, Instant};

const WIDTH: u64 = 32;
const PAUSE: Duration = Duration::from_millis(100);

/// How far the runs are. Runs that end early let it jump.
pub(crate) struct Progress {
    state: Option<Mutex<State>>,
    whole: u64,
}

struct State {
    done: u64,
    drawn: Instant,
}

impl Progress {
    /// Of so many epochs in all.
    pub(crate) fn new(whole: u64) -> Self {
        let state = State { done: 0, drawn: Instant::now() };
        Self { state: std::io::stderr().is_terminal().then(|| Mutex::new(state)), whole }
    }

    /// One epoch more is played.
    pub(crate) fn step(&self) {
        let Some(state) = &self.state else { return };
        let Ok(mut state) = state.lock() else { return };
        state.done += 1;
        if state.drawn.elapsed() >= PAUSE {
            state.drawn = Instant::now();
            // A terminal that takes no more is no reason to stop.
            let _ = write!(std::io::stderr(), "\r{}", bar(state.done, self.whole));
        }
    }

    /// Takes the bar away.
    pub(crate) fn clear(&self) {
        if self.state.is_some() {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
    }
}

fn bar(done: u64, whole: u64) -> String {
    let whole = whole.max(1);
    let done = done.min(whole);
    let filled = usize::try_from(WIDTH * done / whole).unwrap_or(0);
    let rest = usize::try_from(WIDTH).unwrap_or(0).saturating_sub(filled);
    format!(
        "[{}{}] {:>3} %  {done} of at most {whole} epochs",
        "█".repeat(filled),
        "·".repeat(rest),
        100 * done / whole
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bar_fills_with_the_epochs() {
        assert!(bar(0, 10).starts_with("[································]   0 %"));
        assert!(bar(5, 10).starts_with("[████████████████················]  50 %  5 of at most 10"));
        assert!(bar(11, 10).contains("100 %"));
        assert!(bar(0, 0).contains("0 %"));
    }
}
