//! Asking before anything is sent.

use std::io::{self, BufRead as _, IsTerminal as _, Read as _, Write as _};

use super::NetworkError;

/// Characters of an answer that are read.
const ANSWER_MAX: u64 = 64;

/// Goes on if `yes`, or if somebody at a terminal says so.
///
/// # Errors
/// When nobody does.
pub(super) fn confirm(question: &str, yes: bool) -> Result<(), NetworkError> {
    if yes {
        return Ok(());
    }
    if !io::stdin().is_terminal() {
        return Err(NetworkError::NotConfirmed);
    }
    let mut stderr = io::stderr();
    // Whoever cannot see the question does not say yes.
    let _ = write!(stderr, "{question} [y/N] ").and_then(|()| stderr.flush());
    let mut answer = String::new();
    let read = io::stdin().lock().take(ANSWER_MAX).read_line(&mut answer);
    match (read, answer.trim()) {
        (Ok(_), "y" | "Y" | "yes") => Ok(()),
        _ => Err(NetworkError::NotConfirmed),
    }
}
