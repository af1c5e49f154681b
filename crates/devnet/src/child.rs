//! Processes of a devnet. Each is in a process group of its own, so that a terminal's interrupt reaches only who ends
//! them in order, and writes what it says to a file.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// How often something that is waited for is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// Bytes of a log's end that an error shows.
const TAIL_BYTES: u64 = 2000;

/// A process. It is killed when dropped.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    log: PathBuf,
}

/// What went wrong with a process.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    /// It cannot be started, or its log cannot be written.
    #[error("{name} cannot be started")]
    NotStarted {
        /// Which.
        name: String,
        /// Why.
        source: io::Error,
    },
    /// It ended, and nobody asked it to.
    #[error("{name} ended: {status}; the end of {}:\n{tail}", log.display())]
    Ended {
        /// Which.
        name: String,
        /// How.
        status: ExitStatus,
        /// What it wrote to.
        log: PathBuf,
        /// The end of that.
        tail: String,
    },
    /// It was not ready in time.
    #[error("{name} was not ready in {} s; the end of {}:\n{tail}", within.as_secs(), log.display())]
    NotReady {
        /// Which.
        name: String,
        /// The time it had.
        within: Duration,
        /// What it wrote to.
        log: PathBuf,
        /// The end of that.
        tail: String,
    },
    /// The system does not let it be looked at or ended.
    #[error("{name} cannot be watched")]
    System {
        /// Which.
        name: String,
        /// Why.
        source: io::Error,
    },
}

impl Process {
    /// Starts it; output and errors are appended to `log`.
    ///
    /// # Errors
    /// When there is no such program, or the log cannot be opened.
    pub fn start(name: &str, mut command: Command, log: &Path) -> Result<Self, ProcessError> {
        let failed = |source| ProcessError::NotStarted { name: name.to_owned(), source };
        let file = OpenOptions::new().create(true).append(true).open(log).map_err(failed)?;
        let other = file.try_clone().map_err(failed)?;
        command.stdin(Stdio::null()).stdout(file).stderr(other).process_group(0);
        let child = command.spawn().map_err(failed)?;
        Ok(Self { name: name.to_owned(), child, log: log.to_owned() })
    }

    /// What it is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its number.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it writes to.
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// Waits until `ready` finds something.
    ///
    /// # Errors
    /// When it ends, or the time is over.
    pub fn wait_for<T>(
        &mut self,
        within: Duration,
        mut ready: impl FnMut() -> Option<T>,
    ) -> Result<T, ProcessError> {
        let until = Instant::now() + within;
        loop {
            if let Some(found) = ready() {
                return Ok(found);
            }
            self.check()?;
            if Instant::now() >= until {
                let (name, log, tail) = self.told();
                return Err(ProcessError::NotReady { name, within, log, tail });
            }
            thread::sleep(LOOK_EVERY);
        }
    }

    /// Looks whether it still runs.
    ///
    /// # Errors
    /// When it does not.
    pub fn check(&mut self) -> Result<(), ProcessError> {
        let name = self.name.clone();
        let ended = self.child.try_wait().map_err(|source| ProcessError::System { name, source })?;
        let Some(status) = ended else { return Ok(()) };
        let (name, log, tail) = self.told();
        Err(ProcessError::Ended { name, status, log, tail })
    }

    /// SIGKILL. The process is gone when this returns.
    ///
    /// # Errors
    /// When the system does not allow it.
    pub fn kill(&mut self) -> Result<ExitStatus, ProcessError> {
        let killed = self.child.kill().and_then(|()| self.child.wait());
        killed.map_err(|source| ProcessError::System { name: self.name.clone(), source })
    }

    /// Asks it to end.
    pub fn terminate(&self) {
        // One that has ended already needs no asking.
        let _ = i32::try_from(self.child.id())
            .ok()
            .and_then(Pid::from_raw)
            .map(|id| kill_process(id, Signal::TERM));
    }

    /// Waits for its end, and kills it when the time is over. Returns how it ended.
    ///
    /// # Errors
    /// When the system does not allow it.
    pub fn end(&mut self, within: Duration) -> Result<ExitStatus, ProcessError> {
        let until = Instant::now() + within;
        while Instant::now() < until {
            let ended = self.child.try_wait();
            match ended.map_err(|source| ProcessError::System { name: self.name.clone(), source })? {
                Some(status) => return Ok(status),
                None => thread::sleep(LOOK_EVERY),
            }
        }
        self.kill()
    }

    /// The end of what it wrote.
    pub fn tail(&self) -> String {
        tail(&self.log).unwrap_or_default()
    }

    fn told(&self) -> (String, PathBuf, String) {
        (self.name.clone(), self.log.clone(), self.tail())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.kill();
    }
}

fn tail(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let len = file.metadata()?.len();
    file.seek(SeekFrom::Start(len.saturating_sub(TAIL_BYTES)))?;
    let mut bytes = Vec::new();
    file.take(TAIL_BYTES).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::process::ExitStatusExt;

    const LONG: Duration = Duration::from_mins(1);

    fn shell(script: &str, log: &Path) -> Process {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script]);
        Process::start("shell", command, log).expect("starts")
    }

    fn log() -> (tempfile::TempDir, PathBuf) {
        let directory = tempfile::tempdir().expect("a directory");
        let log = directory.path().join("log");
        (directory, log)
    }

    #[test]
    fn what_ends_by_itself_is_told_with_what_it_said() {
        let (_directory, log) = log();
        let mut process = shell("echo 'out of paper' >&2; exit 3", &log);
        let error = process.wait_for(LONG, || None::<()>).expect_err("ended");
        let ProcessError::Ended { status, tail, .. } = &error else { panic!("{error}") };
        assert_eq!((status.code(), tail.as_str()), (Some(3), "out of paper\n"));
    }

    #[test]
    fn what_is_asked_to_end_ends_in_its_own_way_and_who_does_not_is_killed() {
        let (_directory, log) = log();
        let begun = || std::fs::read_to_string(&log).ok().filter(|text| text.ends_with("begun\n"));
        let mut polite = shell("trap 'exit 7' TERM; echo begun; while :; do sleep 0.01; done", &log);
        polite.wait_for(LONG, begun).expect("begins");
        polite.terminate();
        assert_eq!(polite.end(LONG).expect("ends").code(), Some(7));
        std::fs::remove_file(&log).expect("there");
        let mut deaf = shell("trap '' TERM; echo begun; while :; do sleep 0.01; done", &log);
        deaf.wait_for(LONG, begun).expect("begins");
        deaf.terminate();
        assert_eq!(deaf.end(Duration::from_millis(100)).expect("ends").signal(), Some(9));
    }

    #[test]
    fn what_is_not_ready_in_time_and_what_is_not_there_is_told() {
        let (_directory, log) = log();
        let mut process = shell("sleep 60", &log);
        let error = process.wait_for(Duration::from_millis(50), || None::<()>).expect_err("not ready");
        assert!(matches!(error, ProcessError::NotReady { .. }), "{error}");
        let absent = Process::start("absent", Command::new("/nonexistent/program"), &log);
        assert!(matches!(absent, Err(ProcessError::NotStarted { .. })), "{absent:?}");
    }
}
