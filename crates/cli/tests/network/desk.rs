//! A directory in which the program is run as a user would.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::anvil::Anvil;

/// The key of the account that anvil gives money to.
pub(crate) const KEY: &str = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";
pub(crate) const PASSWORD: &str = "correct horse battery staple";
/// Anvil's first block: 2027-01-15, 08:00 UTC.
pub(crate) const START_S: &str = "1800000000";

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
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("network").join(test);
        // What an earlier run left would hide that this one wrote nothing.
        let _ = fs::remove_dir_all(&directory);
        fs::create_dir_all(&directory).expect("directory");
        Self(directory)
    }

    pub(crate) fn path(&self, file: &str) -> PathBuf {
        self.0.join(file)
    }

    /// Puts a file that its owner alone can use.
    pub(crate) fn put(&self, file: &str, content: &str) -> &Self {
        fs::write(self.path(file), content).expect("written");
        self.mode(file, 0o600)
    }

    pub(crate) fn mode(&self, file: &str, mode: u32) -> &Self {
        fs::set_permissions(self.path(file), Permissions::from_mode(mode)).expect("set");
        self
    }

    pub(crate) fn read(&self, file: &str) -> String {
        fs::read_to_string(self.path(file)).expect("read")
    }

    /// Puts the keystore of the rich account, and its password. It opens fast, for its scrypt is next to nothing.
    pub(crate) fn put_account(&self) -> &Self {
        self.put("password", PASSWORD).put("key.json", include_str!("anvil-key.json"))
    }

    /// Puts a devnet's configuration with a fixed genesis, one measurement, and a founding seat that runs it.
    pub(crate) fn put_network(&self) -> &Self {
        assert_eq!(self.run(&["network", "init", "--devnet"]).code, 0);
        let (measurement, device) = ("07".repeat(32), "01".repeat(32));
        let account = |byte: &str| byte.repeat(20);
        let text = self.read("network.toml").replacen(
            "\ngenesis_after_s = 600",
            "\ngenesis = \"2027-01-16T00:00:00Z\"",
            1,
        );
        let seat = format!(
            "\n[[reference]]\nmeasurement = \"0x{measurement}\"\n\n[[seat]]\nprovider = \"0x{}\"\noperator = \"0x{}\"\n\
             device_id = \"0x{device}\"\nincarnation = \"0x{}\"\nmeasurement = \"0x{measurement}\"\nverified_power = 1000\n",
            account("01"),
            account("02"),
            account("03"),
        );
        self.put("network.toml", &(text + &seat))
    }

    /// Runs `multee` here, with nothing on stdin.
    pub(crate) fn run(&self, args: &[&str]) -> Seen {
        self.see(Command::new(env!("CARGO_BIN_EXE_multee")).args(args))
    }

    /// Runs `multee` here, in a session that has no terminal.
    #[cfg(target_os = "linux")]
    pub(crate) fn run_detached(&self, args: &[&str]) -> Seen {
        self.see(Command::new("setsid").args(["--wait", env!("CARGO_BIN_EXE_multee")]).args(args))
    }

    /// Starts `multee` here, and lets it run.
    pub(crate) fn start(&self, args: &[&str]) -> Child {
        let mut command = Command::new(env!("CARGO_BIN_EXE_multee"));
        command
            .args(args)
            .current_dir(&self.0)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command.spawn().expect("starts")
    }

    fn see(&self, command: &mut Command) -> Seen {
        let output = command.current_dir(&self.0).stdin(Stdio::null()).output().expect("runs");
        Seen {
            code: output.status.code().expect("a code"),
            stdout: String::from_utf8(output.stdout).expect("UTF-8"),
            stderr: String::from_utf8(output.stderr).expect("UTF-8"),
        }
    }

    /// Runs `multee network` on `anvil`, with the rich account.
    pub(crate) fn network(&self, anvil: &Anvil, args: &[&str]) -> Seen {
        let url = anvil.url();
        let account = ["--keystore", "key.json", "--password-file", "password"];
        self.run(&[&["network"], args, &["--rpc", &url], &account].concat())
    }
}

/// A young chain whose clock begins at a time of ours.
pub(crate) fn anvil() -> Anvil {
    Anvil::with(&["--timestamp", START_S])
}

/// With hashes of blocks, code and transactions, and what hangs on the time of the run, put aside.
pub(crate) fn steady(text: &str) -> String {
    let words = |line: &str| -> String {
        line.split_inclusive(' ')
            .map(|word| {
                if is_hash(word) {
                    "HASH".to_owned() + &word[word.trim_end().len()..]
                } else {
                    word.to_owned()
                }
            })
            .collect()
    };
    text.lines().map(|line| words(line) + "\n").collect()
}

fn is_hash(word: &str) -> bool {
    let word = word.trim_end().trim_matches('"');
    word.len() == 66 && word.starts_with("0x") && !word.contains("0707")
}
