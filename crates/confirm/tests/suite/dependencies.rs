//! What the program is made of, name by name: whoever trusts a measurement trusts all of it.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

const LIST: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/dependencies.txt");
/// Set to write the list anew.
const UPDATE: &str = "MULTEE_UPDATE_DEPENDENCIES";

/// As it is built for Linux on x86-64, without the simulated TEE; macros count, for they write code.
fn dependencies() -> BTreeSet<String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args("tree -p multee-confirm -e normal --prefix none --locked".split(' '));
    command.args(["--target", "x86_64-unknown-linux-gnu", "--format", "{p}"]);
    let output = command.current_dir(env!("CARGO_MANIFEST_DIR")).output().expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("text");
    // Behind name and version stand paths, and that something was listed before.
    let line = |line: &str| line.split(' ').take(2).collect::<Vec<_>>().join(" ");
    text.lines().filter(|text| !text.is_empty()).map(line).collect()
}

#[test]
fn dependencies_are_those_of_the_list() {
    let found = dependencies();
    if std::env::var_os(UPDATE).is_some() {
        let lines: Vec<&str> = found.iter().map(String::as_str).collect();
        std::fs::write(LIST, lines.join("\n") + "\n").expect("written");
    }
    let text = std::fs::read_to_string(Path::new(LIST)).expect("the list is there");
    let listed: BTreeSet<String> = text.lines().map(str::to_owned).collect();
    let new: Vec<_> = found.difference(&listed).collect();
    let gone: Vec<_> = listed.difference(&found).collect();
    assert!(
        new.is_empty() && gone.is_empty(),
        "crates/confirm/dependencies.txt lacks {new:?} and lists {gone:?} in vain; look at what is new, then run \
         `{UPDATE}=1 cargo test -p multee-confirm dependencies` and commit the list"
    );
}

#[test]
fn program_has_no_network_no_database_and_no_simulated_tee() {
    const BARRED: [&str; 23] = [
        "aws-lc-rs",
        "curl",
        "hyper",
        "hyper-util",
        "mio",
        "multee-chain",
        "multee-collateral",
        "multee-mock-vendor",
        "multee-node",
        "native-tls",
        "openssl",
        "openssl-sys",
        "quinn",
        "rcgen",
        "reqwest",
        "revm",
        "rusqlite",
        "rustls",
        "tokio",
        "tungstenite",
        "ureq",
        "webpki-roots",
        "smol",
    ];
    let found = dependencies();
    assert!(found.iter().any(|line| line.starts_with("multee-confirmation ")), "{found:?}");
    let names = found.iter().filter_map(|line| line.split(' ').next());
    let barred: Vec<_> = names.filter(|name| BARRED.contains(name)).collect();
    assert!(barred.is_empty(), "{barred:?}");
}
