//! The gateway's API held against its `OpenAPI` document by schemathesis, over a network that went through a lot.

use std::io::{BufRead, BufReader, Lines};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use crate::command::{self, cargo};
use crate::error::ChoreError;
use crate::installs;

const VERSION: &str = "4.32.5";
/// Questions of each kind to each path, after all that are drawn systematically. With the seed: the same each time.
const EXAMPLES: &str = "25";
const SEED: &str = "1";
/// Of an API that anybody may read, and nobody write: these have nothing to look at.
const EXCLUDED_CHECKS: &str =
    "use_after_free,ensure_resource_availability,ignored_auth,object_level_authorization";

/// Asks a gateway all that its document allows, and more.
///
/// # Errors
/// If it cannot be installed or built, or an answer is not as documented.
pub(crate) fn run(root: &Path) -> Result<(), ChoreError> {
    let program = installed(root)?;
    let mut gateway = Gateway::start(root)?;
    let address = gateway.address()?;
    command::run(&mut asking(root, &program, &address))
}

/// The program in an environment of its own, of the version above.
fn installed(root: &Path) -> Result<PathBuf, ChoreError> {
    let home = root.join("target").join("schemathesis");
    let program = home.join("bin").join("schemathesis");
    let version = command::output(Command::new(&program).arg("--version"));
    if version.is_ok_and(|version| version.trim().ends_with(VERSION)) {
        return Ok(program);
    }
    installs::python(&home)?;
    let pip = ["install", "--quiet", "--disable-pip-version-check"];
    let package = format!("schemathesis=={VERSION}");
    command::run(Command::new(home.join("bin").join("pip")).args(pip).arg(package))?;
    Ok(program)
}

fn asking(root: &Path, program: &Path, address: &str) -> Command {
    let mut command = Command::new(program);
    command.args(["run", &format!("{address}/openapi.json"), "--checks", "all"]);
    // A stream has no end: it has tests of its own.
    command.args(["--exclude-path", "/v1/live", "--exclude-checks", EXCLUDED_CHECKS]);
    command.args(["--phases", "examples,coverage,fuzzing", "--max-examples", EXAMPLES, "--seed", SEED]);
    command.args(["--continue-on-failure", "--request-timeout", "10", "--warnings", "off"]);
    // What it remembers of former runs would change this one.
    command.args(["--generation-database", "none"]);
    command.env("NO_COLOR", "1").current_dir(root.join("target").join("schemathesis"));
    command
}

/// A gateway in a test's process, which ends when its input does.
struct Gateway {
    child: Child,
    /// What it says: to be read to the end, or it could not say it.
    says: Lines<BufReader<ChildStdout>>,
}

impl Gateway {
    fn start(root: &Path) -> Result<Self, ChoreError> {
        let test = "schemathesis::it_serves_until_stdin_ends";
        let mut command = cargo(root, &["test", "-p", "multee-gateway", "--test", "suite", "--"]);
        command.args(["--ignored", "--exact", test, "--nocapture"]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let program = command::line(&command);
        let mut child = command.spawn().map_err(|source| ChoreError::Start { program, source })?;
        let says = child.stdout.take().ok_or(ChoreError::NoGateway)?;
        Ok(Self { child, says: BufReader::new(says).lines() })
    }

    fn address(&mut self) -> Result<String, ChoreError> {
        let mut lines = self.says.by_ref().map_while(Result::ok);
        lines.find(|line| line.starts_with("http://")).ok_or(ChoreError::NoGateway)
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        self.says.by_ref().for_each(drop);
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_the_same_each_time_and_bounded() {
        let command = asking(Path::new("/"), Path::new("schemathesis"), "http://here");
        let line = command::line(&command);
        assert!(
            line.contains("--seed 1") && line.contains("--max-examples 25") && !line.contains("--max-time")
        );
    }
}
