//! The application as a service of the system's, which here is a shell script.

use alloy_primitives::Address;
use std::path::{Path, PathBuf};

use multee_confirmation::ConfirmError;
use multee_node::{Boot, Service, ServiceConfig, ServiceError};

use crate::network::{Directory, answers, applications, process};
use crate::world::World;

/// Ends the service that it started before, and starts it anew.
const MANAGER: &str = r#"
[ -f "$0/id" ] && kill -9 "$(cat "$0/id")"
"$@" >/dev/null 2>&1 &
echo $! > "$0/id"
"#;

struct Unit {
    directory: Directory,
}

impl Unit {
    fn new() -> Self {
        Self { directory: Directory::new() }
    }

    fn socket(&self) -> PathBuf {
        self.directory.path().join("service.sock")
    }

    fn config(&self, command: &[&str]) -> ServiceConfig {
        let restart = command.iter().map(|&part| part.to_owned()).collect();
        let process = process(&World::new(), 0, self.directory.path());
        ServiceConfig::new(self.socket(), process.measurement, restart)
    }

    /// What `systemctl restart` would be.
    fn sound(&self) -> ServiceConfig {
        let process = process(&World::new(), 0, self.directory.path());
        let (place, socket) = (self.directory.path().display().to_string(), self.socket());
        let (program, socket) = (process.program.display().to_string(), socket.display().to_string());
        let mut command = vec!["sh", "-c", MANAGER, &place, &program, "--socket", &socket];
        command.extend(process.args.iter().map(String::as_str));
        self.config(&command)
    }
}

fn fault(config: ServiceConfig) -> ServiceError {
    let Err(ConfirmError::Unreachable(error)) = Service::new(config).boot() else { panic!("boots") };
    *error.into_inner().expect("typed").downcast().expect("of this type")
}

fn shell(script: &str) -> [&str; 3] {
    ["sh", "-c", script]
}

#[test]
fn service_is_started_anew_as_another_incarnation_and_found_again() {
    let unit = Unit::new();
    let mut service = Service::new(unit.sound());
    assert!(service.running(&[]).expect("looks").is_empty());
    let first = service.boot().expect("boots");
    let mut second = service.boot().expect("boots anew");
    assert_ne!(first.app.incarnation(), second.app.incarnation());
    second.app.status().expect("answers");
    let incarnation = second.app.incarnation();
    drop((first, second, service));
    assert_eq!(answers(&unit.socket()), incarnation, "the system ends it, not who asks it");
    let found = Service::new(unit.sound()).running(&[]).expect("looks");
    assert_eq!((found.len(), found[0].app.incarnation()), (1, incarnation));
    assert_eq!(applications(unit.directory.path()).len(), 1);
}

#[test]
fn one_controller_at_a_time_works_with_it() {
    let unit = Unit::new();
    let mut first = Service::new(unit.sound());
    first.boot().expect("boots");
    assert_eq!(first.running(&[]).expect("looks").len(), 1);
    assert_eq!(first.running(&[]).expect("looks again").len(), 1);
    let mut second = Service::new(unit.sound());
    let Err(ConfirmError::Unreachable(error)) = second.running(&[]) else { panic!("is refused") };
    let error = error.into_inner().expect("typed").downcast::<ServiceError>().expect("of this type");
    assert!(matches!(*error, ServiceError::InUse(_)), "{error}");
    drop(first);
    assert_eq!(second.running(&[]).expect("looks").len(), 1);
}

#[test]
fn one_that_the_system_started_anew_by_itself_is_used_as_it_is() {
    let unit = Unit::new();
    assert!(Service::new(unit.config(&["false"])).fresh(&[]).expect("looks").is_none(), "nobody is there");
    let incarnation = Service::new(unit.sound()).boot().expect("boots").app.incarnation();
    let mut service = Service::new(unit.config(&["false"]));
    let found = service.fresh(&[Address::ZERO]).expect("looks").expect("is there");
    assert_eq!(found.app.incarnation(), incarnation);
    assert!(service.fresh(&[incarnation]).expect("looks").is_none(), "the seat had that one");
}

#[test]
fn the_one_from_before_is_not_taken_for_a_new_one() {
    let unit = Unit::new();
    Service::new(unit.sound()).boot().expect("boots");
    let idle = ServiceConfig { start_ms_max: 200, ..unit.config(&["true"]) };
    assert!(matches!(fault(idle), ServiceError::NotReady { ms_max: 200, .. }));
}

#[test]
fn commands_that_do_not_start_it_are_told_apart() {
    let unit = Unit::new();
    assert!(matches!(fault(unit.config(&[])), ServiceError::NoCommand));
    assert!(matches!(fault(unit.config(&["/nonexistent/program"])), ServiceError::NotRun { .. }));
    let failed = fault(unit.config(&shell("exit 3")));
    assert_eq!(failed.to_string(), "sh failed: exit status: 3");
    let nobody = ServiceConfig { start_ms_max: 200, ..unit.config(&["true"]) };
    assert!(matches!(fault(nobody), ServiceError::NotReady { .. }));
}

#[test]
fn command_that_does_not_end_is_ended() {
    let unit = Unit::new();
    let slow = ServiceConfig { restart_ms_max: 200, ..unit.config(&shell("exec sleep 60")) };
    assert!(matches!(fault(slow), ServiceError::TooSlow { ms_max: 200, .. }));
}

#[test]
fn command_has_nothing_of_the_environment_but_the_path() {
    let unit = Unit::new();
    let told = unit.directory.path().join("environment");
    let script = format!("env > {}", told.display());
    let config = ServiceConfig { start_ms_max: 0, ..unit.config(&shell(&script)) };
    assert!(matches!(fault(config), ServiceError::NotReady { .. }));
    let environment = std::fs::read_to_string(Path::new(&told)).expect("written");
    // The shell adds these itself.
    let own = ["PATH=", "PWD=", "SHLVL=", "_="];
    assert!(environment.lines().all(|line| own.iter().any(|name| line.starts_with(name))), "{environment}");
}
