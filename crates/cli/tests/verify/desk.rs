//! Where cases lie as files: a directory, in which the program is run as a user would.

use std::fs;
use std::io::{PipeWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use multee_mock_vendor::{Platform, PlatformSpec, QuoteSpec, Vendor, VendorConfig};
use multee_protocol::TeeType;
use sha2::{Digest, Sha256};

use crate::samples;

pub(crate) const NOT_BEFORE_S: u64 = 1_800_000_000;
pub(crate) const NOW_S: u64 = NOT_BEFORE_S + 86_400;
pub(crate) const NOT_AFTER_S: u64 = NOT_BEFORE_S + 30 * 86_400;
pub(crate) const NUMBER: u32 = 19;

/// A directory of its own for one test.
pub(crate) struct Desk(PathBuf);

/// What the user sees, and what scripts see.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Desk {
    pub(crate) fn new(test: &str) -> Self {
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("verify").join(test);
        // What an earlier run left would hide that this one wrote nothing.
        let _ = fs::remove_dir_all(&directory);
        fs::create_dir_all(&directory).expect("directory");
        Self(directory)
    }

    pub(crate) fn put(&self, file: &str, content: impl AsRef<[u8]>) -> &Self {
        fs::write(self.0.join(file), content).expect("written");
        self
    }

    pub(crate) fn read(&self, file: &str) -> Vec<u8> {
        fs::read(self.0.join(file)).expect("read")
    }

    /// Puts an Intel-signed sample as `quote` and `collateral`.
    pub(crate) fn put_sample(&self, name: &str) -> &Self {
        let read = |file: String| fs::read(samples::directory().join(file)).expect("sample");
        self.put("quote", read(name.to_owned())).put("collateral", read(format!("{name}_collateral.json")))
    }

    /// Puts a SIMULATED quote, its collateral, the vendor's root, and a policy that names it.
    pub(crate) fn put_simulated(&self, vendor: &Vendor, platform: &Platform) -> &Self {
        let spec = platform.spec();
        let collateral = vendor.collateral(spec.tee, spec.fmspc).expect("simulated");
        self.put("quote", quote(platform))
            .put("collateral", collateral)
            .put("root", vendor.root_der())
            .put("policy", policy(vendor))
    }

    pub(crate) fn command(&self, args: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_multee"));
        command.args(args.split_whitespace()).current_dir(&self.0).stdin(Stdio::null());
        for variable in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"] {
            command.env_remove(variable);
        }
        command
    }

    pub(crate) fn run(&self, args: &str) -> Seen {
        see(self.command(args))
    }

    pub(crate) fn run_with_stdin(&self, args: &str, stdin: &[u8]) -> Seen {
        let (reader, mut writer) = std::io::pipe().expect("pipe");
        let mut command = self.command(args);
        command.stdin(reader);
        std::thread::scope(|scope| {
            scope.spawn(move || writer.write_all(stdin).expect("program reads all"));
            see(command)
        })
    }
}

pub(crate) fn see(mut command: Command) -> Seen {
    let Output { status, stdout, stderr } = command.output().expect("runs");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    Seen { code: status.code().expect("not killed"), stdout: text(stdout), stderr: text(stderr) }
}

/// A pipe that nobody reads any more.
pub(crate) fn broken_pipe() -> PipeWriter {
    let (reader, writer) = std::io::pipe().expect("pipe");
    drop(reader);
    writer
}

pub(crate) fn vendor() -> Vendor {
    let config =
        VendorConfig { not_before_s: NOT_BEFORE_S, not_after_s: NOT_AFTER_S, tcb_evaluation_number: NUMBER };
    Vendor::from_seed([7; 32], config).expect("dates in range")
}

pub(crate) fn platform(vendor: &Vendor, tee: TeeType) -> Platform {
    vendor.platform(PlatformSpec::sound(1, tee)).expect("simulated")
}

pub(crate) fn quote(platform: &Platform) -> Vec<u8> {
    platform.quote(&QuoteSpec::of_program(platform.spec().tee, "agent", [0x5A; 64])).expect("same TEE")
}

/// The strictest policy under the vendor's root.
pub(crate) fn policy(vendor: &Vendor) -> String {
    let root = hex::encode(Sha256::digest(vendor.root_der()));
    format!(
        r#"{{"version":1,"roots":["0x{root}"],"platform_statuses":["UpToDate"],"tcb_evaluation_number":{NUMBER}}}"#
    )
}

/// The policy document with one field set.
pub(crate) fn policy_with(vendor: &Vendor, field: &str, value: serde_json::Value) -> String {
    let mut document: serde_json::Value = serde_json::from_str(&policy(vendor)).expect("JSON");
    document[field] = value;
    document.to_string()
}
