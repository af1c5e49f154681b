//! How the program ends: one table of exit codes, and what is said when something failed.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::process::ExitCode;

use anstyle::{AnsiColor, Style};

const BOLD: Style = Style::new().bold();
const BAD: Style = AnsiColor::Red.on_default().bold();

/// The program's exit codes; scripts rely on them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Exit {
    /// Done, and the answer is yes.
    Ok = 0,
    /// The question could not be answered.
    Error = 1,
    /// The command line is wrong.
    Usage = 2,
    /// The evidence was judged and does not hold, or the contract and does not do as the rules say.
    NotTrusted = 3,
    /// The subject is unknown, or what is known of it is too old.
    UnknownOrStale = 4,
    /// No chain answers.
    ChainUnreachable = 5,
}

impl Exit {
    const ALL: [Self; 6] =
        [Self::Ok, Self::Error, Self::Usage, Self::NotTrusted, Self::UnknownOrStale, Self::ChainUnreachable];

    fn meaning(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Error => "error: a file is missing, malformed, too large …",
            Self::Usage => "usage: the command line is wrong",
            Self::NotTrusted => "not trusted: judged, and the policy does not hold, or the rules do not",
            Self::UnknownOrStale => "unknown or stale: nothing is known, or nothing recent enough",
            Self::ChainUnreachable => "chain unreachable",
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// The table as `--help` shows it.
pub(crate) fn table() -> String {
    Exit::ALL.iter().fold("Exit codes:".to_owned(), |mut text, exit| {
        // Writing to a string cannot fail.
        let _ = write!(text, "\n  {}  {}", *exit as u8, exit.meaning());
        text
    })
}

/// Prints what the parser has to say: help, version, or what is wrong with the command line.
pub(crate) fn answer(answer: &clap::Error) -> Exit {
    // Whoever closed the pipe wants no more of it.
    let _ = answer.print();
    if answer.use_stderr() { Exit::Usage } else { Exit::Ok }
}

/// Prints why the program failed and how to fix it.
pub(crate) fn explain(error: &miette::Report) -> Exit {
    // The stream takes colours out where they are not wanted; a closed one leaves nothing to do.
    let _ = anstream::stderr().write_all(explanation(error).as_bytes());
    Exit::Error
}

/// The error's code and message, its causes and the help, each on a line of its own. Lines are left whole, so that
/// paths in them can be copied.
fn explanation(error: &miette::Report) -> String {
    let code = error.code().map(|code| format!("[{code}]")).unwrap_or_default();
    let mut said = error.to_string();
    let mut text = format!("{BAD}error{code}{BAD:#}: {said}\n");
    for cause in error.chain().skip(1).map(ToString::to_string) {
        // Many errors end in the words of their cause.
        if !said.ends_with(&cause) {
            let _ = writeln!(text, "  because: {cause}");
            said = cause;
        }
    }
    if let Some(help) = error.help() {
        let _ = writeln!(text, "  {BOLD}help{BOLD:#}: {help}");
    }
    text
}

/// Prints an answer to stdout, with colours where the terminal shows them.
///
/// # Errors
/// When it cannot be written; a reader that closed its end early has seen what it wanted.
pub(crate) fn print(text: &str) -> io::Result<()> {
    let mut stdout = anstream::stdout();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_lists_every_code_once_in_order() {
        let codes: Vec<u8> = Exit::ALL.iter().map(|exit| *exit as u8).collect();
        assert_eq!(codes, [0, 1, 2, 3, 4, 5]);
        assert_eq!(table().lines().count(), 7);
    }
}
