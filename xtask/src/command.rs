//! Running other programs: shown as they run, and remembered where their summary is to be read.

use std::io::{self, Read, Write};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;

use crate::error::ChoreError;

/// `cargo`, the very one that started this program, in `root`.
pub(crate) fn cargo(root: &Path, args: &[&str]) -> Command {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(program);
    command.args(args).current_dir(root);
    command
}

/// A program's name and arguments on one line, for messages.
pub(crate) fn line(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let name = program.file_name().unwrap_or(command.get_program()).to_string_lossy().into_owned();
    let words = command.get_args().map(|word| word.to_string_lossy().into_owned());
    std::iter::once(name).chain(words).collect::<Vec<_>>().join(" ")
}

/// Runs to the end, its output going where ours goes.
///
/// # Errors
/// If it cannot be started or does not succeed.
pub(crate) fn run(command: &mut Command) -> Result<(), ChoreError> {
    let status = command.stdin(Stdio::null()).status().map_err(|source| start_error(command, source))?;
    succeeded(command, status)
}

/// Runs to the end, shows its output and returns it (standard output, then standard error) with the status:
/// a failed test run has counts to be read as well.
///
/// # Errors
/// If it cannot be started.
pub(crate) fn run_and_read(command: &mut Command) -> Result<(String, ExitStatus), ChoreError> {
    run_through(command, io::stdout(), io::stderr())
}

fn run_through(
    command: &mut Command,
    out: impl Write,
    err: impl Write + Send,
) -> Result<(String, ExitStatus), ChoreError> {
    // Summaries are read as text, so no runner may colour them, whatever the environment asks for.
    command.env("NO_COLOR", "1").env("CARGO_TERM_COLOR", "never").env_remove("FORCE_COLOR");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|source| start_error(command, source))?;
    let text = read_both(&mut child, out, err);
    let status = child.wait().map_err(|source| start_error(command, source))?;
    Ok((text, status))
}

/// Runs to the end in silence and returns standard output.
///
/// # Errors
/// If it cannot be started or does not succeed.
pub(crate) fn output(command: &mut Command) -> Result<String, ChoreError> {
    command.stdin(Stdio::null()).stderr(Stdio::inherit());
    let output = command.output().map_err(|source| start_error(command, source))?;
    succeeded(command, output.status)?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Whether the program can be started and succeeds; nothing is shown.
pub(crate) fn works(command: &mut Command) -> bool {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// `Failed` unless `status` is success.
pub(crate) fn succeeded(command: &Command, status: ExitStatus) -> Result<(), ChoreError> {
    if status.success() { Ok(()) } else { Err(ChoreError::Failed { line: line(command), status }) }
}

fn start_error(command: &Command, source: io::Error) -> ChoreError {
    ChoreError::Start { program: command.get_program().to_string_lossy().into_owned(), source }
}

/// Both pipes at once: read one after the other, a child that fills the second would wait for ever.
fn read_both(child: &mut Child, out: impl Write, err: impl Write + Send) -> String {
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    thread::scope(|scope| {
        let errors = scope.spawn(|| stderr.map(|pipe| copy(pipe, err)).unwrap_or_default());
        let mut text = stdout.map(|pipe| copy(pipe, out)).unwrap_or_default();
        text.push(b'\n');
        text.extend(errors.join().unwrap_or_default());
        String::from_utf8_lossy(&text).into_owned()
    })
}

/// Passes everything on as it comes and keeps it. A reader that hung up does not stop the run.
fn copy(mut from: impl Read, mut to: impl Write) -> Vec<u8> {
    let mut kept = Vec::new();
    let mut buffer = [0_u8; 8192];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        let part = buffer.get(..length).unwrap_or_default();
        let _ = to.write_all(part).and_then(|()| to.flush());
        kept.extend_from_slice(part);
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn output_of_both_pipes_is_passed_on_and_kept_whole() {
        // More than a pipe holds on each side, so that reading them in turn would hang.
        let script =
            "head -c 200000 /dev/zero | tr '\\0' x >&2; head -c 200000 /dev/zero | tr '\\0' y; exit 3";
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let (text, status) = run_through(&mut shell(script), &mut out, &mut err).expect("sh runs");
        assert_eq!(out, vec![b'y'; 200_000]);
        assert_eq!(err, vec![b'x'; 200_000]);
        assert_eq!(text.matches('y').count() + text.matches('x').count(), 400_000);
        assert_eq!(status.code(), Some(3));
    }

    #[test]
    fn failure_is_an_error_that_names_the_command() {
        let error = run(&mut shell("exit 7")).expect_err("must fail");
        assert_eq!(error.to_string(), "`sh -c exit 7` ended with exit status: 7");
    }

    #[test]
    fn absent_program_is_an_error_and_does_not_work() {
        let mut command = Command::new("no-such-program-here");
        assert!(matches!(run(&mut command), Err(ChoreError::Start { .. })));
        assert!(!works(&mut command));
    }
}
