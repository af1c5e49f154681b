//! What is on this machine: keys and their modes, directories, programs, ports.

use std::fs;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

use multee_keystore::{Keystore, KeystoreError, Password};

use super::Line;
use crate::config::{ApplicationConfig, KeyConfig, NodeConfig};

/// Permission bits that anybody but the owner has.
const OTHERS: u32 = 0o077;
const WRITABLE_BY_OTHERS: u32 = 0o022;
const EXECUTABLE: u32 = 0o111;

pub(super) fn examine(config: &NodeConfig) -> Vec<Line> {
    let mut lines = keys(&config.operator.key);
    lines.extend(application(&config.confirm.application));
    lines.push(state(&config.state));
    lines.push(cache(&config.collateral.cache));
    lines.extend(config.metrics.map(port));
    lines
}

fn keys(key: &KeyConfig) -> Vec<Line> {
    let KeyConfig::Keystore { path, password_file } = key else {
        return vec![Line::ok(
            "signer",
            "transactions are signed elsewhere; it is asked when the first one is sent",
        )];
    };
    let keystore = match Keystore::address(path) {
        Ok(address) => Line::ok("keystore", format!("{} holds the key of {address}", path.display())),
        Err(error) => of_keystore("keystore", &error, "make one with `multee key new --out FILE`"),
    };
    let password = match password_file {
        None => Line::warning(
            "password file",
            "none: the terminal is asked at each start",
            "set operator.password_file where the node is to start by itself",
        ),
        Some(path) => match Password::from_file(path) {
            Ok(_) => Line::ok("password file", format!("{} is there and private", path.display())),
            Err(error) => {
                of_keystore("password file", &error, "write the keystore's password into it, with mode 600")
            }
        },
    };
    vec![keystore, password]
}

fn of_keystore(name: &str, error: &KeystoreError, remedy: &str) -> Line {
    Line::failed(name, crate::node::chain_of(error), remedy)
}

fn application(application: &ApplicationConfig) -> Vec<Line> {
    match application {
        ApplicationConfig::Program { program, directory, .. } => {
            vec![executable(program), private(directory)]
        }
        ApplicationConfig::Socket { restart_command, .. } if restart_command.is_empty() => {
            vec![Line::warning(
                "application restart",
                "nothing is configured that boots the application anew",
                "set confirm.restart_command, or a suspended seat waits for you",
            )]
        }
        ApplicationConfig::Socket { .. } => Vec::new(),
    }
}

fn executable(program: &Path) -> Line {
    let remedy = "build it with `cargo build --release -p multee-confirm` and set confirm.program";
    match fs::metadata(program) {
        Ok(file) if file.is_file() && file.mode() & EXECUTABLE != 0 => {
            Line::ok("application program", program.display().to_string())
        }
        Ok(_) => {
            Line::failed("application program", format!("{} cannot be executed", program.display()), remedy)
        }
        Err(error) => Line::failed("application program", format!("{}: {error}", program.display()), remedy),
    }
}

/// Whoever can write there can put a socket in place of the application's.
fn private(directory: &Path) -> Line {
    let name = "application directory";
    let shown = directory.display();
    match fs::metadata(directory) {
        Ok(found) if !found.is_dir() => {
            Line::failed(name, format!("{shown} is no directory"), "set confirm.directory")
        }
        Ok(found) if found.mode() & WRITABLE_BY_OTHERS != 0 => Line::failed(
            name,
            format!("others can write to {shown} (mode {:o})", found.mode() & 0o7777),
            format!("chmod 700 {shown}"),
        ),
        Ok(_) => Line::ok(name, format!("{shown} is private")),
        Err(error) => Line::failed(name, format!("{shown}: {error}"), format!("mkdir -m 700 {shown}")),
    }
}

fn state(path: &Path) -> Line {
    let directory =
        path.parent().filter(|directory| !directory.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if !directory.is_dir() {
        let shown = directory.display();
        return Line::failed(
            "state directory",
            format!("{shown} is not there"),
            format!("mkdir -m 700 -p {shown}"),
        );
    }
    match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Line::ok("state", format!("{} is made at the first start", path.display()))
        }
        Err(error) => {
            Line::failed("state", format!("{}: {error}", path.display()), "run this as the node's user")
        }
        Ok(file) if file.mode() & OTHERS != 0 => Line::failed(
            "state",
            format!("others can open {} (mode {:o})", path.display(), file.mode() & 0o7777),
            format!("chmod 600 {}", path.display()),
        ),
        Ok(_) => Line::ok("state", format!("{} is there and private", path.display())),
    }
}

/// What is not there is made at the start, if the directory above can be written to.
fn cache(path: &Path) -> Line {
    let existing = path.ancestors().find(|path| path.is_dir()).unwrap_or(Path::new("/"));
    let writable = rustix::fs::access(existing, rustix::fs::Access::WRITE_OK).is_ok();
    let shown = path.display();
    if writable {
        return Line::ok("collateral cache", shown.to_string());
    }
    Line::failed(
        "collateral cache",
        format!("{shown} cannot be written to"),
        format!("mkdir -p {shown}, for the node's user"),
    )
}

/// Free, or the node's own.
fn port(address: SocketAddr) -> Line {
    let name = "metrics port";
    match TcpListener::bind(address) {
        Ok(_) => Line::ok(name, format!("{address} is free: no node runs")),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => match health(address) {
            Some(health) => Line::ok(name, format!("a node answers at {address}: {health}")),
            None => Line::failed(
                name,
                format!("something else listens at {address}"),
                "set metrics.listen to another port",
            ),
        },
        Err(error) => Line::failed(
            name,
            format!("{address}: {error}"),
            "set metrics.listen to an address of this machine",
        ),
    }
}

fn health(address: SocketAddr) -> Option<String> {
    const TIME_MAX: Duration = Duration::from_secs(2);
    let mut stream = TcpStream::connect_timeout(&address, TIME_MAX).ok()?;
    stream.set_read_timeout(Some(TIME_MAX)).ok()?;
    stream.write_all(b"GET /health HTTP/1.1\r\nHost: node\r\n\r\n").ok()?;
    let mut answer = String::new();
    stream.take(4096).read_to_string(&mut answer).ok()?;
    let (_, body) = answer.split_once("\r\n\r\n")?;
    body.contains("last_good_round_age_s").then(|| body.trim().to_owned())
}
