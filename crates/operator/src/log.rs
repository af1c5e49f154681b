//! What is told while a node runs, on standard error: lines for people, or a JSON object a line.
//!
//! Each event has a field `event` that programs can go by; the words after it are for people and may change.

use std::io::IsTerminal;

use crate::config::{LogConfig, LogFormat};

/// Tells from now on. The first call of a process counts.
pub fn init(config: LogConfig) {
    let builder = tracing_subscriber::fmt()
        .with_max_level(config.level)
        .with_target(false)
        .with_writer(std::io::stderr);
    // It fails when somebody else has begun to listen, and then nothing is missing.
    let _ = match config.format {
        LogFormat::Human => builder.with_ansi(std::io::stderr().is_terminal()).try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
}
