//! How fast the story goes, for whoever looks on.

use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use multee_operator::Stop;

/// How often somebody who may press Enter is looked after besides.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// Seconds that an epoch may take at most.
const PACE_S_MAX: f64 = 3_600.0;

/// When the next epoch is played.
pub(crate) enum Pacing {
    /// So long after the last one.
    Every(Duration, Instant),
    /// When a line comes.
    Lines(Receiver<()>),
}

impl Pacing {
    /// An epoch each `pace`, the first one as long from now.
    pub(crate) fn every(pace: Duration) -> Self {
        Self::Every(pace, Instant::now())
    }

    /// An epoch for each line of stdin. When it ends, no further one is played.
    pub(crate) fn by_lines() -> Self {
        let (told, lines) = channel();
        // It ends with the process, or with stdin: there is no portable way to break off reading.
        thread::spawn(move || {
            let mut line = String::new();
            while io::stdin().read_line(&mut line).is_ok_and(|bytes| bytes > 0) && told.send(()).is_ok() {
                line.clear();
            }
        });
        Self::Lines(lines)
    }

    /// Waits until the next epoch is due, and returns true; or until it is time to stop, and returns false.
    pub(crate) fn wait(&mut self, stop: &Stop) -> bool {
        match self {
            Self::Every(pace, last) => {
                let stopped = stop.wait(pace.saturating_sub(last.elapsed()));
                *last = Instant::now();
                !stopped
            }
            Self::Lines(lines) => await_line(lines, stop),
        }
    }
}

fn await_line(lines: &Receiver<()>, stop: &Stop) -> bool {
    while !stop.is_asked() {
        match lines.recv_timeout(LOOK_EVERY) {
            Ok(()) => return true,
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => {
                stop.wait(Duration::MAX);
            }
        }
    }
    false
}

/// Seconds, whole or not.
pub(crate) fn parse(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "not a number of seconds".to_owned())?;
    if !(0.0..=PACE_S_MAX).contains(&seconds) {
        return Err(format!("not between 0 and {PACE_S_MAX} seconds"));
    }
    Ok(Duration::from_secs_f64(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_epoch_is_due_when_its_time_or_its_line_has_come_and_none_once_asked_to_stop() {
        let stop = Stop::default();
        let mut slow = Pacing::every(Duration::from_hours(1));
        assert!(Pacing::every(Duration::ZERO).wait(&stop));
        let (told, lines) = channel();
        told.send(()).expect("is read");
        let mut lines = Pacing::Lines(lines);
        assert!(lines.wait(&stop));
        stop.ask();
        told.send(()).expect("is read");
        assert!(!lines.wait(&stop) && !slow.wait(&stop));
    }

    #[test]
    fn without_further_lines_the_story_stands() {
        let (told, lines) = channel();
        drop(told);
        let stop = Stop::default();
        let asking = stop.clone();
        let waiting = thread::spawn(move || Pacing::Lines(lines).wait(&stop));
        asking.ask();
        assert!(!waiting.join().expect("ends"));
    }

    #[test]
    fn paces_are_seconds_within_bounds() {
        assert_eq!(parse("0.5"), Ok(Duration::from_millis(500)));
        assert_eq!(parse("0"), Ok(Duration::ZERO));
        for wrong in ["-1", "3601", "NaN", "inf", "fast"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
