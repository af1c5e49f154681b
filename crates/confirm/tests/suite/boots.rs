//! How the program starts and ends, and what a controller sees of it.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use multee_confirmation::{Confirm, ConfirmError, Request, Response, Wire};
use multee_node::{Boot, Link, Process, ProcessError, Socket, SocketConfig};
use multee_protocol::TeeType;

use crate::program::{LONG, MEASUREMENT, Program, beside, config, directory, mock_args};
use crate::world::POWER;

#[test]
fn process_says_who_it_is() {
    let mut program = Program::start();
    let status = program.status().expect("answers");
    assert_eq!(status.incarnation, program.incarnation());
    assert_eq!((status.tee, status.power, status.power_measured), (TeeType::Sgx, POWER, false));
    let other = Program::start();
    assert_ne!(program.incarnation(), other.incarnation(), "each has a key of its own");
}

#[test]
fn killed_process_is_unreachable_and_boots_anew_as_another_incarnation() {
    let mut program = Program::start();
    let before = program.incarnation();
    program.kill();
    let Err(ConfirmError::Unreachable(error)) = program.status() else { panic!("nobody is there") };
    assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);

    let directory = directory();
    let mut machine = Process::new(config(&directory, &[]));
    let mut booted = machine.boot().expect("boots");
    assert_eq!(booted.measurement, MEASUREMENT);
    assert_ne!(booted.app.incarnation(), before);
    let again = machine.boot().expect("boots beside the first");
    assert_ne!(again.app.incarnation(), booted.app.incarnation());
    booted.app.status().expect("the first one is not disturbed");
}

#[test]
fn dropped_process_ends_and_takes_its_socket_along() {
    let directory = directory();
    let running = Process::new(config(&directory, &[])).start().expect("starts");
    let (process, socket) = (format!("/proc/{}", running.id()), running.socket().to_owned());
    assert!(Path::new(&process).exists() && socket.exists());
    drop(running);
    assert!(!Path::new(&process).exists() && !socket.exists());
}

#[test]
fn other_incarnation_on_the_same_socket_is_noticed() {
    let mut program = Program::start();
    let socket = program.socket().to_owned();
    let config = SocketConfig::new(socket.clone());
    program.kill();
    // The dead one's socket is still there, and replaced.
    let mut second = Command::new(crate::program::PROGRAM);
    second.arg("--socket").arg(&socket).args(mock_args(1)).stdout(std::process::Stdio::piped());
    let mut second = Ended(second.spawn().expect("starts"));
    assert!(second.first_line().contains("answers"));
    let error = program.status().expect_err("another");
    assert!(matches!(error, ConfirmError::OtherIncarnation { .. }), "{error}");
    let mut remote = Socket::new(config).hello().expect("says hello");
    remote.status().expect("who says hello to the second, gets the second");
}

#[test]
fn controller_outside_of_an_enclave_reaches_it_over_the_loopback_interface() {
    // The system hands a port out anew only after all others.
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("binds").local_addr().expect("bound");
    let mut program = Command::new(crate::program::PROGRAM);
    program.arg("--listen").arg(free.to_string()).args(mock_args(1)).stdout(std::process::Stdio::piped());
    let mut program = Ended(program.spawn().expect("starts"));
    assert!(program.first_line().contains("answers"));
    let link: Link = format!("tcp:{free}").parse().expect("a link");
    for _ in 0..2 {
        let mut wire = Wire::new(link.connect(LONG).expect("connects"));
        wire.send(&Request::Hello.encode().expect("small"), LONG).expect("sent");
        let answer = wire.receive(Response::BYTES_MAX, LONG).expect("received").expect("an answer");
        assert!(matches!(Response::decode(&answer), Ok(Response::Hello(_))));
    }
}

/// A child that is ended with the test.
struct Ended(std::process::Child);

impl Ended {
    fn first_line(&mut self) -> String {
        let mut line = String::new();
        let output = self.0.stdout.as_mut().expect("piped");
        io::BufRead::read_line(&mut io::BufReader::new(output), &mut line).expect("readable");
        line
    }
}

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.kill().and_then(|()| self.0.wait()).expect("ended");
    }
}

/// A start that must not succeed, and what the program says.
fn refused(socket: &Path, args: &[String]) -> String {
    let mut command = Command::new(crate::program::PROGRAM);
    let Output { status, stdout, stderr } =
        command.arg("--socket").arg(socket).args(args).output().expect("runs");
    assert!(!status.success() && stdout.is_empty(), "{status}");
    String::from_utf8(stderr).expect("text")
}

#[test]
fn live_socket_is_refused_and_goes_on() {
    let mut program = Program::start();
    let said = refused(program.socket(), &mock_args(1));
    assert!(said.ends_with(" is in use\n"), "{said}");
    program.status().expect("still answers");
}

#[test]
fn directory_that_others_can_write_to_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let directory = directory();
    std::fs::set_permissions(directory.path(), PermissionsExt::from_mode(0o777)).expect("changed");
    let said = refused(&directory.path().join("socket"), &mock_args(1));
    assert!(said.contains("can be written to by others"), "{said}");
}

#[test]
fn simulated_tee_needs_its_name_and_says_what_it_is() {
    let directory = directory();
    let socket = directory.path().join("socket");
    let all_but_the_name = &mock_args(1)[2..];
    let said = refused(&socket, all_but_the_name);
    assert!(said.contains("this machine has no TEE") || said.contains("cannot be used"), "{said}");
    let said = refused(&socket, &["--attester", "mock"].map(str::to_owned));
    assert!(said.contains("--attester mock needs --mock-seed"), "{said}");
    let said = refused(Path::new("/nonexistent/socket"), &mock_args(1));
    assert!(said.starts_with("multee-confirm: SIMULATED"), "{said}");
}

#[test]
fn process_that_does_not_become_ready_is_told_apart() {
    let directory = directory();
    let start = |program: PathBuf, args: &[&str]| {
        let mut config = config(&directory, args);
        (config.program, config.start_ms_max) = (program, 300);
        let Err(ConfirmError::Unreachable(error)) = Process::new(config).start() else { panic!("starts") };
        *error.into_inner().expect("typed").downcast::<ProcessError>().expect("of this type")
    };
    let absent = start(directory.path().join("none"), &[]);
    assert!(matches!(absent, ProcessError::NotStarted { .. }), "{absent}");
    let silent = start(beside("silent.sh"), &[]);
    assert!(matches!(silent, ProcessError::NotReady { ms_max: 300 }), "{silent}");
    // It may not even get to its complaint in this time on a busy machine, so it gets more.
    let mut config = config(&directory, &["--no-such-flag"]);
    config.start_ms_max = 60_000;
    let Err(ConfirmError::Unreachable(error)) = Process::new(config).start() else { panic!("starts") };
    assert_eq!(error.to_string(), "process ended at its start: exit status: 2");
}

#[test]
fn process_is_locked_down() {
    let program = Program::start();
    let read =
        |file: &str| std::fs::read_to_string(format!("/proc/{}/{file}", program.id())).expect("readable");
    let limits = read("limits");
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).expect("listed");
    assert_eq!(core.split_whitespace().collect::<Vec<_>>()[4..6], ["0", "0"], "{core}");
    assert!(read("status").contains("NoNewPrivs:\t1\n"));
}
