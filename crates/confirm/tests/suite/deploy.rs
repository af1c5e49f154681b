//! What `deploy/` says against what the program is.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::Parser;
use multee_attester::{Choice, Interface};
use multee_confirm::{Address, Args};

use crate::program::{PROGRAM, directory};

fn deploy(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy").join(file)
}

fn text(file: &str) -> String {
    fs::read_to_string(deploy(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// Arguments as the program reads them; panics if it does not.
fn parse<'a>(args: impl IntoIterator<Item = &'a str>) -> Args {
    Args::try_parse_from(std::iter::once("multee-confirm").chain(args))
        .unwrap_or_else(|error| panic!("{error}"))
}

/// The manifest with something in each place that Gramine's tool fills.
fn rendered() -> toml::Table {
    let mut manifest = text("gramine/multee-confirm.manifest.template");
    while let (Some(start), Some(end)) = (manifest.find("{{"), manifest.find("}}")) {
        manifest.replace_range(start..end + 2, "/rendered");
    }
    manifest.parse().expect("TOML")
}

#[test]
fn manifest_starts_the_program_as_it_can_be_started() {
    let manifest = rendered();
    let words = manifest["loader"]["argv"].as_array().expect("an array").iter();
    let words: Vec<&str> = words.map(|word| word.as_str().expect("text")).collect();
    assert_eq!(words[0], "multee-confirm");
    let args = parse(words[1..].iter().copied());
    assert_eq!(args.attester, Choice::Named(Interface::Gramine));
    assert!(args.listen.is_some(), "a Unix socket does not leave the enclave");
    assert_eq!(manifest["sgx"]["debug"].as_bool(), Some(false));
    assert_eq!(manifest["sgx"]["remote_attestation"].as_str(), Some("dcap"));
    assert!(manifest["loader"].get("insecure__use_cmdline_argv").is_none(), "the host adds no arguments");
}

#[test]
fn everything_that_the_manifest_maps_is_measured() {
    let manifest = rendered();
    let list = |value: &toml::Value, key: Option<&str>| -> Vec<String> {
        let entries = value.as_array().expect("an array").iter();
        let entries = entries.map(|entry| key.map_or(entry, |key| &entry[key]));
        entries.map(|entry| entry.as_str().expect("text").trim_end_matches('/').to_owned()).collect()
    };
    let trusted = list(&manifest["sgx"]["trusted_files"], None);
    for mounted in list(&manifest["fs"]["mounts"], Some("uri")) {
        assert!(trusted.contains(&mounted), "{mounted} is mapped and not trusted");
    }
    assert!(manifest["sgx"].get("allowed_files").is_none(), "and nothing unmeasured can be read");
    let entrypoint = manifest["libos"]["entrypoint"].as_str().expect("text");
    assert!(list(&manifest["fs"]["mounts"], Some("path")).iter().any(|path| path == entrypoint));
}

#[test]
fn compose_file_gives_the_application_no_network_and_a_socket_of_its_own() {
    let documents = yaml_rust2::YamlLoader::load_from_str(&text("dstack/docker-compose.yaml")).expect("YAML");
    let confirm = &documents[0]["services"]["confirm"];
    let command = confirm["command"].as_vec().expect("a list").iter();
    let args = parse(command.map(|arg| arg.as_str().expect("text")));
    assert_eq!(args.attester, Choice::Named(Interface::Dstack));
    assert_eq!(args.socket.as_deref(), Some(Path::new("/run/multee/confirm.sock")));
    assert_eq!(confirm["network_mode"].as_str(), Some("none"));
    let volumes: Vec<&str> = confirm["volumes"]
        .as_vec()
        .expect("a list")
        .iter()
        .map(|volume| volume.as_str().expect("text"))
        .collect();
    assert_eq!(volumes, ["/var/run/dstack.sock:/var/run/dstack.sock", "socket:/run/multee"]);
    let node = documents[0]["services"]["node"]["volumes"].as_vec().expect("a list");
    assert!(node.iter().any(|volume| volume.as_str() == Some("socket:/run/multee")));
    assert!(!node.iter().any(|volume| volume.as_str().is_some_and(|volume| volume.contains("dstack.sock"))));
}

/// The arguments on the one line of a file that starts the program.
fn started_with(file: &str, program: &str) -> Args {
    let text = text(file);
    let line = text.lines().find_map(|line| line.split_once(program)).unwrap_or_else(|| panic!("{file}"));
    parse(line.1.split_whitespace().take_while(|word| *word != "||"))
}

#[test]
fn guests_listen_where_their_readme_says() {
    for (file, program) in [
        ("guest/init", "\n/multee-confirm "),
        ("systemd/multee-confirm.service", "ExecStart=/usr/bin/multee-confirm "),
    ] {
        let args = started_with(file, program.trim_start());
        assert_eq!(args.vsock, Some(5100), "{file}");
    }
    assert!(text("guest/README.md").contains("`vsock:CID:5100`"));
    assert_eq!(Address::Vsock(5100).to_string(), "vsock port 5100");
}

#[test]
fn initial_file_system_is_the_same_twice_and_all_that_the_program_needs() {
    let busybox = Path::new("/bin/busybox");
    let has_cpio = Command::new("cpio").arg("--version").output().is_ok_and(|output| output.status.success());
    if !busybox.exists() || !has_cpio {
        eprintln!("SKIPPED: no cpio or no /bin/busybox here: the guest's file system was NOT built");
        return;
    }
    let directory = directory();
    let build = |name: &str| {
        let output = directory.path().join(name);
        let built =
            Command::new(deploy("guest/build.sh")).arg(PROGRAM).arg(busybox).arg("-").arg(&output).output();
        let built = built.expect("sh runs");
        assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
        fs::read(output).expect("written")
    };
    let (first, second) = (build("first"), build("second"));
    assert_eq!(first.len(), second.len());
    assert!(first == second, "same inputs, other bytes");
    let unpack = "gzip -dc first | cpio --quiet -id && ldd multee-confirm | sed -n 's,^.*[[:space:]]\\(/[^ ]*\\) (0x.*,.\\1,p' | xargs ls";
    let unpacked =
        Command::new("sh").args(["-c", unpack]).current_dir(directory.path()).output().expect("sh runs");
    assert!(unpacked.status.success(), "{}", String::from_utf8_lossy(&unpacked.stderr));
    assert!(directory.path().join("multee-confirm").exists() && directory.path().join("init").exists());
}

#[test]
fn units_are_what_systemd_understands() {
    let there =
        Command::new("systemd-analyze").arg("--version").output().is_ok_and(|output| output.status.success());
    if !there {
        eprintln!("SKIPPED: no systemd-analyze here: units were NOT verified");
        return;
    }
    for unit in ["multee-node.service", "multee-confirm.service"] {
        // systemd wants the program to be there.
        let directory = directory();
        let unit_text = text(&format!("systemd/{unit}"));
        let (program, _) =
            unit_text.split_once("ExecStart=").expect("starts").1.split_once(' ').expect("arguments");
        fs::write(directory.path().join(unit), unit_text.replace(program, "/bin/true")).expect("written");
        let verify = Command::new("systemd-analyze")
            .args(["verify", "--man=no", unit])
            .current_dir(directory.path())
            .output()
            .expect("runs");
        let said = String::from_utf8_lossy(&verify.stderr);
        assert!(verify.status.success() && !said.contains(unit), "{unit}: {said}");
        let security = ["security", "--offline=yes", "--threshold=30", unit];
        let security = Command::new("systemd-analyze").args(security).current_dir(directory.path()).output();
        let security = security.expect("runs");
        assert!(security.status.success(), "{unit}: {}", String::from_utf8_lossy(&security.stdout));
    }
}
