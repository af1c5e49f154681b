//! A directory with a configuration, and the program run in it.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use multee_keystore::{Keystore, Password};

pub(crate) struct Desk {
    directory: tempfile::TempDir,
}

/// How a program ended.
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Desk {
    pub(crate) fn new() -> Self {
        Self { directory: tempfile::tempdir().expect("a directory") }
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) fn put(&self, name: &str, content: &str, mode: u32) -> PathBuf {
        let path = self.path().join(name);
        std::fs::write(&path, content).expect("writes");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).expect("sets the mode");
        path
    }

    /// A keystore with this key under this password, and a file with the password.
    pub(crate) fn put_keystore(&self, key: [u8; 32], password: &str) {
        self.put("password", password, 0o600);
        let password = Password::from_text(password).expect("a password");
        Keystore::create(&self.path().join("operator.json"), Some(key), &password).expect("a keystore");
    }

    /// A whole configuration, with these lines in section `rpc` besides.
    pub(crate) fn put_config(&self, rpc: &str) {
        let text = format!(
            "[network]\ncontract = \"0x00000000000000000000000000000000000000aa\"\nchain_id = 31337\n\n\
             [rpc]\n{rpc}\n\n[operator]\nkeystore = \"operator.json\"\npassword_file = \"password\"\n\n\
             [seat]\nid = 1\n\n[confirm]\nprogram = \"multee-confirm\"\ndirectory = \"run\"\n\
             measurement = \"0x{}\"\n\n[collateral]\ncache = \"collateral\"\n\n[state]\npath = \"state.sqlite\"\n",
            "11".repeat(32)
        );
        self.put("node.toml", &text, 0o644);
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_multee"));
        command.args(args).current_dir(self.path()).env_clear().env("NO_COLOR", "1");
        command
    }

    pub(crate) fn run(&self, args: &[&str]) -> Ended {
        Ended::of(&self.command(args).output().expect("runs"), self)
    }
}

impl Ended {
    /// Paths of the desk are told as DESK.
    pub(crate) fn of(output: &Output, desk: &Desk) -> Self {
        let text =
            |bytes: &[u8]| String::from_utf8_lossy(bytes).replace(&desk.path().display().to_string(), "DESK");
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: text(&output.stdout),
            stderr: text(&output.stderr),
        }
    }
}
