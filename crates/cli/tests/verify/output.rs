//! How input comes in and output goes out: hex, stdin, pipes, colours, help.

use std::process::Command;

use multee_protocol::TeeType;

use crate::desk::{Desk, NOW_S, broken_pipe, platform, see, vendor};

const SAMPLE: &str = "verify --quote quote --collateral collateral --now 1750400000";

fn sample(test: &str) -> Desk {
    let desk = Desk::new(test);
    desk.put_sample("tdx_quote");
    desk
}

#[test]
fn hex_and_stdin_give_the_same_report() {
    let desk = sample("hex");
    let quote = desk.read("quote");
    let expected = desk.run(SAMPLE);
    assert_eq!(expected.code, 0);
    let digits = hex::encode(&quote);
    let lines: Vec<&str> =
        digits.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).expect("ASCII")).collect();
    let from_stdin = SAMPLE.replace("--quote quote", "--quote -");
    for text in [digits.clone(), format!("0x{}\n", digits.to_uppercase()), lines.join("\r\n")] {
        assert_eq!(desk.put("quote", &text).run(SAMPLE), expected);
        assert_eq!(desk.run_with_stdin(&from_stdin, text.as_bytes()), expected);
    }
    assert_eq!(desk.run_with_stdin(&from_stdin, &quote), expected);
}

#[test]
fn root_in_pem_is_the_root_in_der() {
    let (desk, vendor) = (Desk::new("pem"), vendor());
    desk.put_simulated(&vendor, &platform(&vendor, TeeType::Sgx));
    let root = pem::encode(&pem::Pem::new("CERTIFICATE", vendor.root_der()));
    desk.put("root.pem", root);
    let args = format!("verify --quote quote --collateral collateral --policy policy --now {NOW_S} --root");
    let seen = desk.run(&format!("{args} root.pem"));
    assert_eq!(seen.code, 0, "{seen:?}");
    assert_eq!(seen, desk.run(&format!("{args} root")));
}

#[test]
fn host_clock_is_the_default() {
    let desk = sample("clock");
    // The sample's collateral expired in 2025.
    let seen = desk.run("verify --quote quote --collateral collateral");
    assert_eq!(seen.code, 3);
    assert!(seen.stdout.contains("expired"), "{}", seen.stdout);
}

#[test]
fn closed_pipes_change_nothing() {
    let desk = sample("pipes");
    for (args, code) in [(SAMPLE, 0), (&format!("{SAMPLE} --json"), 0), ("--help", 0), ("verify --help", 0)] {
        let mut command = desk.command(args);
        command.stdout(broken_pipe());
        let seen = see(command);
        assert_eq!((seen.code, seen.stderr.as_str()), (code, ""), "{args}");
    }
    for (args, code) in [("verify --quote nowhere --collateral nowhere", 1), ("verify --nothing", 2)] {
        let mut command = desk.command(args);
        command.stderr(broken_pipe());
        assert_eq!(see(command).code, code, "{args}");
    }
}

#[test]
fn colours_show_only_where_they_are_wanted() {
    let desk = sample("colours");
    let coloured = |command: Command| see(command).stdout.contains('\u{1b}');
    assert!(!coloured(desk.command(SAMPLE)), "a pipe is no terminal");
    let mut forced = desk.command(SAMPLE);
    forced.env("CLICOLOR_FORCE", "1");
    assert!(coloured(forced));
    let mut refused = desk.command(SAMPLE);
    refused.env("CLICOLOR_FORCE", "1").env("NO_COLOR", "1");
    assert!(!coloured(refused));
    let mut document = desk.command(&format!("{SAMPLE} --json"));
    document.env("CLICOLOR_FORCE", "1");
    assert!(!coloured(document), "JSON has no colours");
}

#[test]
fn help_shows_the_exit_codes() {
    let desk = Desk::new("help");
    for args in ["--help", "-h", "verify --help", "verify -h"] {
        let seen = desk.run(args);
        assert_eq!(seen.code, 0);
        for line in [
            "\nExit codes:\n  0  ok\n  1  error",
            "\n  2  usage",
            "\n  3  not trusted",
            "\n  4  unknown or stale",
            "\n  5  chain unreachable",
        ] {
            assert!(seen.stdout.contains(line), "{args}: {}", seen.stdout);
        }
    }
}

#[test]
fn version_is_told() {
    let seen = Desk::new("version").run("--version");
    assert_eq!((seen.code, seen.stdout.as_str()), (0, concat!("multee ", env!("CARGO_PKG_VERSION"), "\n")));
}
