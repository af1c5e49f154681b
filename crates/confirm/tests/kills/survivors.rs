//! Applications that outlive their controller, and processes that are none of it.

use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use multee_confirmation::{Confirm, ConfirmError};
use multee_node::{Boot, Process, ProcessError};
use rustix::process::{Pid, Signal, kill_process};

use crate::network::{Directory, applications, machine, process};
use crate::world::World;

/// A process that was started like an application and is none.
struct Other(Child);

impl Other {
    fn start(socket: &Path) -> Self {
        let mut command = Command::new("sh");
        // It reads what never comes, and keeps its arguments meanwhile.
        command
            .args(["-c", "read line; true", "idle", "--socket"])
            .arg(socket)
            .stdin(Stdio::piped())
            .stdout(Stdio::null());
        Self(command.spawn().expect("starts"))
    }

    fn is_alive(&mut self) -> bool {
        self.0.try_wait().expect("asked").is_none()
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        self.0.kill().and_then(|()| self.0.wait()).expect("ended");
    }
}

fn fault(error: ConfirmError) -> ProcessError {
    let ConfirmError::Unreachable(error) = error else { panic!("{error}") };
    *error.into_inner().expect("typed").downcast().expect("of this type")
}

#[test]
fn application_that_was_left_is_taken_over_and_ends_with_its_new_holder() {
    let directory = Directory::new();
    let mut first = machine(&World::new(), 0, directory.path());
    let running = first.start().expect("starts");
    let (incarnation, socket) = (running.incarnation(), running.socket().to_owned());
    assert!(first.running(&[]).expect("looks").is_empty(), "what is held is nobody else's");
    running.leave();
    drop(first);

    let mut second = machine(&World::new(), 0, directory.path());
    let mut found = second.running(&[]).expect("looks");
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].app.incarnation(), found[0].socket.as_ref()), (incarnation, Some(&socket)));
    found[0].app.status().expect("answers");
    assert!(second.running(&[]).expect("looks").is_empty(), "it is held");
    drop(found);
    assert!(applications(directory.path()).is_empty() && !socket.exists());
}

#[test]
fn recorded_application_is_found_where_it_was_when_the_directory_is_another() {
    let (before, after) = (Directory::new(), Directory::new());
    let running = machine(&World::new(), 0, before.path()).start().expect("starts");
    let (incarnation, socket) = (running.incarnation(), running.socket().to_owned());
    running.leave();
    let mut second = machine(&World::new(), 0, after.path());
    assert!(second.running(&[]).expect("looks").is_empty());
    let found = second.running(&[socket]).expect("looks");
    assert_eq!(found[0].app.incarnation(), incarnation);
    drop(found);
    assert!(applications(before.path()).is_empty());
}

#[test]
fn process_that_does_not_listen_yet_is_ended_and_one_of_another_directory_is_not() {
    let (directory, elsewhere) = (Directory::new(), Directory::new());
    let mut orphan = Other::start(&directory.path().join("confirm-1-0.sock"));
    let mut strangers = [
        Other::start(&elsewhere.path().join("confirm-1-0.sock")),
        Other::start(&directory.path().join("below/confirm-1-0.sock")),
        Other::start(&directory.path().join("other.sock")),
    ];
    assert!(machine(&World::new(), 0, directory.path()).running(&[]).expect("looks").is_empty());
    assert!(!orphan.is_alive());
    assert!(strangers.iter_mut().all(Other::is_alive));
}

#[test]
fn socket_that_nobody_listens_on_is_removed_and_other_files_are_left() {
    let directory = Directory::new();
    let (dead, file) = (directory.path().join("confirm-1-0.sock"), directory.path().join("confirm-1-1.sock"));
    drop(UnixListener::bind(&dead).expect("bound"));
    std::fs::write(&file, "precious").expect("written");
    let mut machine = machine(&World::new(), 0, directory.path());
    assert!(machine.running(&[file.clone(), dead.clone()]).expect("looks").is_empty());
    assert!(!dead.exists() && file.exists());
}

#[test]
fn application_that_never_answers_is_ended_and_those_that_do_are_taken_over() {
    let directory = Directory::new();
    let ids = [(); 2].map(|()| {
        let running = machine(&World::new(), 0, directory.path()).start().expect("starts");
        let id = running.id();
        running.leave();
        id
    });
    // It is connected to, and stands still.
    let stopped = Pid::from_raw(i32::try_from(ids[0]).expect("small")).expect("not zero");
    kill_process(stopped, Signal::STOP).expect("stopped");
    let mut config = process(&World::new(), 0, directory.path());
    config.answer_ms_max = 300;
    let found = Process::new(config).running(&[]).expect("looks");
    assert_eq!(found.len(), 1);
    let alive: Vec<u32> = applications(directory.path()).into_iter().map(|(id, _)| id).collect();
    assert_eq!(alive, ids[1..]);
}

#[test]
fn two_controllers_do_not_share_a_directory() {
    let directory = Directory::new();
    let mut first = machine(&World::new(), 0, directory.path());
    first.running(&[]).expect("looks");
    let booted = first.boot().expect("boots");
    let mut second = machine(&World::new(), 0, directory.path());
    let error = fault(second.running(&[]).map(drop).expect_err("it is another's"));
    assert!(matches!(error, ProcessError::DirectoryInUse(_)), "{error}");
    assert_eq!(applications(directory.path()).len(), 1, "nobody was ended");
    drop((first, booted));
    second.running(&[]).expect("looks");
}
