//! Keystores from the command line.

use std::fs;
use std::os::unix::fs::MetadataExt as _;

use insta::assert_snapshot;

use crate::desk::{Desk, KEY, PASSWORD};

/// Of the key that anvil gives money to.
const ACCOUNT: &str = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266\n";

#[test]
fn a_new_key_is_its_owners_alone_and_tells_its_address() {
    let desk = Desk::new("new-key");
    desk.put("password", PASSWORD);
    let new = ["key", "new", "--out", "key.json", "--password-file", "password"];
    let made = desk.run(&new);
    assert_eq!(made.code, 0, "{made:?}");
    assert_eq!(fs::metadata(desk.path("key.json")).expect("there").mode() & 0o777, 0o600);
    let told = desk.run(&["key", "address", "key.json"]);
    let opened = desk.run(&["key", "address", "key.json", "--password-file", "password"]);
    assert!(made.stdout.starts_with(&told.stdout), "{made:?}");
    assert_eq!((told.code, &told), (0, &opened));
}

#[test]
fn an_imported_key_is_the_one_that_was_given() {
    let desk = Desk::new("import");
    desk.put("password", PASSWORD).put("secret", KEY);
    let import =
        ["key", "import", "--out", "key.json", "--key-file", "secret", "--password-file", "password"];
    assert_eq!(desk.run(&import).code, 0);
    assert_eq!(desk.run(&["key", "address", "key.json", "--password-file", "password"]).stdout, ACCOUNT);
    let text = desk.read("key.json");
    assert!(!text.contains(&KEY[2..]) && !text.contains(PASSWORD), "{text}");
}

#[test]
fn every_failure_says_how_to_fix_it_and_shows_no_secret() {
    let desk = Desk::new("key-failures");
    desk.put_account().put("wrong", "wrong").put("empty", "\n").put("no-key", "0x1234");
    desk.put("open", &desk.read("key.json")).mode("open", 0o644);
    desk.put("anonymous", &desk.read("key.json").replace("\"address\"", "\"name\""));
    desk.put("costly", &desk.read("key.json").replace("\"n\": 2", "\"n\": 1073741824"));
    let failure = |args: &[&str]| {
        let seen = desk.run(args);
        assert_eq!((seen.code, seen.stdout.as_str()), (1, ""), "{seen:?}");
        assert!(!seen.stderr.contains(PASSWORD) && !seen.stderr.contains(&KEY[2..]), "{seen:?}");
        seen.stderr
    };
    let out = ["--out", "key.json", "--password-file", "password"];
    let cases = [
        ("exists", failure(&[&["key", "new"], &out[..]].concat())),
        ("empty password", failure(&["key", "new", "--out", "new.json", "--password-file", "empty"])),
        (
            "no key",
            failure(&[
                "key",
                "import",
                "--out",
                "n.json",
                "--key-file",
                "no-key",
                "--password-file",
                "password",
            ]),
        ),
        ("readable by all", failure(&["key", "address", "open"])),
        ("wrong password", failure(&["key", "address", "key.json", "--password-file", "wrong"])),
        ("no address", failure(&["key", "address", "anonymous"])),
        ("too costly", failure(&["key", "address", "costly"])),
        ("no keystore", failure(&["key", "address", "password"])),
        ("missing", failure(&["key", "address", "nowhere"])),
    ];
    assert!(!desk.path("new.json").exists() && !desk.path("n.json").exists());
    let told: Vec<String> = cases.iter().map(|(case, stderr)| format!("{case}\n{stderr}")).collect();
    assert_snapshot!(told.join("\n"));
}

#[cfg(target_os = "linux")]
#[test]
fn without_a_terminal_a_password_file_must_be_named() {
    let desk = Desk::new("no-terminal");
    let seen = desk.run_detached(&["key", "new", "--out", "key.json"]);
    assert_eq!((seen.code, seen.stdout.as_str()), (1, ""), "{seen:?}");
    assert!(seen.stderr.contains("--password-file"), "{seen:?}");
    assert!(!desk.path("key.json").exists());
}
