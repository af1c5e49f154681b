//! Sentinels: a password, a key and the secrets in URLs, looked for in all that a node says.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::desk::Desk;

const PASSWORD: &str = "sentinel-password-5d41402abc";
const IN_URL: &str = "sentinel-in-url-7d793037a0";
const KEY: [u8; 32] = [0xA7; 32];

fn desk(url: &str) -> Desk {
    let desk = Desk::new();
    desk.put_keystore(KEY, PASSWORD);
    std::fs::create_dir(desk.path().join("run")).expect("a directory");
    desk.put_config(&format!("endpoints = [\"{url}\"]\ntimeout_ms = 500\npoll_ms = 50"));
    desk
}

fn assert_clean(what: &str, text: &str) {
    let key = "a7".repeat(32);
    for secret in [PASSWORD, IN_URL, &key, &key[..16]] {
        assert!(!text.to_lowercase().contains(secret), "{what} tells {secret}: {text}");
    }
}

fn page(address: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(address).expect("connects");
    write!(stream, "GET {path} HTTP/1.1\r\n\r\n").expect("asks");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("answers");
    answer
}

/// No chain answers, so the node says what it can of its configuration and troubles, over and over.
#[test]
fn a_node_in_trouble_tells_no_secret() {
    for format in ["human", "json"] {
        let desk = desk(&format!("http://user:{IN_URL}@127.0.0.1:9/{IN_URL}?key={IN_URL}"));
        let mut command =
            desk.command(&["node", "run", "--set", "log.level=trace", "--set", "metrics.listen=127.0.0.1:0"]);
        command.args(["--set", &format!("log.format={format}")]);
        let mut node = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("starts");
        let mut said = BufReader::new(node.stderr.take().expect("a pipe"));
        let (mut log, mut address, until) = (String::new(), None, Instant::now() + Duration::from_mins(2));
        // Until it has said twice that nobody answers.
        while log.matches("chain_unreachable").count() < 2 {
            assert!(Instant::now() < until, "{log}");
            let mut line = String::new();
            assert!(said.read_line(&mut line).expect("says") > 0, "{log}");
            let mut words = line.split(['"', '=', ' ', ',']).map(str::trim);
            address = address.or_else(|| words.find_map(|word| word.parse().ok()));
            log += &line;
        }
        let address: SocketAddr = address.unwrap_or_else(|| panic!("an address in {log}"));
        assert!(page(address, "/metrics").contains("multee_build_info"));
        assert!(page(address, "/health").contains("503"));
        assert_clean("metrics", &page(address, "/metrics"));
        assert_clean("health", &page(address, "/health"));
        assert_no_core_dumps(node.id());
        terminate(node.id());
        said.read_to_string(&mut log).expect("says");
        assert!(node.wait().expect("ends").success(), "{log}");
        assert_clean("log", &log);
        assert_clean(
            "file",
            &String::from_utf8_lossy(&std::fs::read(desk.path().join("state.sqlite")).expect("reads")),
        );
    }
}

/// Nothing of the process is written by the kernel, and nobody else's debugger may look.
fn assert_no_core_dumps(process: u32) {
    let limits = std::fs::read_to_string(format!("/proc/{process}/limits")).expect("reads");
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).expect("a limit");
    let numbers: Vec<&str> = core.split_whitespace().skip(4).take(2).collect();
    assert_eq!(numbers, ["0", "0"], "{core}");
}

fn terminate(process: u32) {
    let ended = std::process::Command::new("kill").arg(process.to_string()).status().expect("runs");
    assert!(ended.success());
}

#[test]
fn other_commands_tell_no_secret_either() {
    let desk = desk(&format!("http://127.0.0.1:9/{IN_URL}"));
    for args in [
        &["config", "show", "--origin"][..],
        &["doctor"],
        &["device", "status"],
        &["device", "join", "--yes"],
    ] {
        let ended = desk.run(args);
        assert_clean(&format!("{args:?}"), &(ended.stdout + &ended.stderr));
    }
}

#[test]
fn a_wrong_password_is_not_repeated() {
    let desk = desk("http://127.0.0.1:9");
    desk.put("password", &format!("{PASSWORD}-wrong"), 0o600);
    let ended = desk.run(&["node", "run"]);
    assert_eq!(ended.code, 1);
    assert!(ended.stderr.contains("password"), "{}", ended.stderr);
    assert_clean("error", &ended.stderr);
}
