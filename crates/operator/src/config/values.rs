//! The layers, put over each other.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::Value;

use super::setting::{Kind, SETTINGS, Setting, VARIABLE_PREFIX};

/// The largest configuration file, in bytes.
const FILE_BYTES_MAX: u64 = 256 * 1024;

/// Where a value is from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The command line.
    Flag,
    /// This variable of the environment.
    Environment(String),
    /// A configuration file.
    File {
        /// Which.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// Nobody set it.
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag => f.write_str("flag"),
            Self::Environment(name) => write!(f, "{name}"),
            Self::File { path, line } => write!(f, "{}:{line}", path.display()),
            Self::Default => f.write_str("default"),
        }
    }
}

/// Why the layers cannot be read. Whether their values make sense, [`NodeConfig::read`](super::NodeConfig::read) says.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A file that was named cannot be read.
    #[error("{} cannot be read", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file is larger than any configuration.
    #[error("{} is larger than {FILE_BYTES_MAX} bytes", path.display())]
    TooLarge {
        /// Which.
        path: PathBuf,
    },
    /// A file is not TOML of sections with values.
    #[error("{}: {what}", path.display())]
    Toml {
        /// Which.
        path: PathBuf,
        /// What is wrong, with the place.
        what: String,
    },
    /// There is no such setting.
    #[error("{origin}: there is no setting {key}{}", hint.map(|hint| format!(", is {hint} meant?")).unwrap_or_default())]
    Unknown {
        /// What was set.
        key: String,
        /// Where.
        origin: Origin,
        /// The setting that has almost this name.
        hint: Option<&'static str>,
    },
    /// The text is not of the setting's kind.
    #[error("{origin}: {key}: {what}")]
    Kind {
        /// What was set.
        key: &'static str,
        /// Where.
        origin: Origin,
        /// What it should be.
        what: &'static str,
    },
}

/// A value of each setting that has one.
#[derive(Clone, Debug, Default)]
pub struct Values {
    pub(super) values: BTreeMap<&'static str, (Value, Origin)>,
}

impl Values {
    /// The layers over each other: `flags` (key and text) over `environment` (all of it; other variables than ours are
    /// passed over) over `file` over the defaults.
    ///
    /// # Errors
    /// When the file cannot be read, or a layer sets what there is not.
    pub fn gather(
        flags: &[(String, String)],
        environment: impl IntoIterator<Item = (String, String)>,
        file: Option<&Path>,
    ) -> Result<Self, ConfigError> {
        let mut values = Self::default();
        values.take_defaults();
        if let Some(path) = file {
            values.take_file(path)?;
        }
        for (name, text) in environment {
            values.take_variable(&name, &text)?;
        }
        for (key, text) in flags {
            let setting = known(key, &Origin::Flag)?;
            values.put(setting, parse(setting, text, &Origin::Flag)?, Origin::Flag);
        }
        Ok(values)
    }

    fn put(&mut self, setting: &'static Setting, value: Value, origin: Origin) {
        self.values.insert(setting.key, (value, origin));
    }

    fn take_defaults(&mut self) {
        for setting in SETTINGS {
            let default = setting.default.and_then(literal);
            if let Some(value) = default {
                self.put(setting, value, Origin::Default);
            }
        }
    }

    /// An empty variable sets nothing: that is how a unit file takes one back.
    fn take_variable(&mut self, name: &str, text: &str) -> Result<(), ConfigError> {
        if !names_a_section(name) || text.is_empty() {
            return Ok(());
        }
        let setting = SETTINGS.iter().find(|setting| setting.variable() == name);
        let origin = Origin::Environment(name.to_owned());
        let setting = setting.ok_or_else(|| unknown(&key_of(name), &origin))?;
        self.put(setting, parse(setting, text, &origin)?, origin);
        Ok(())
    }

    fn take_file(&mut self, path: &Path) -> Result<(), ConfigError> {
        let text = read(path)?;
        let fault =
            |error: toml::de::Error| ConfigError::Toml { path: path.to_owned(), what: error.to_string() };
        let sections: BTreeMap<String, BTreeMap<String, Spanned<Value>>> =
            toml::from_str(&text).map_err(fault)?;
        for (section, entries) in sections {
            for (name, value) in entries {
                let line = line_of(&text, value.span().start);
                let origin = Origin::File { path: path.to_owned(), line };
                let setting = known(&format!("{section}.{name}"), &origin)?;
                let value = of_kind(setting, value.into_inner(), &origin)?;
                self.put(setting, value, origin);
            }
        }
        Ok(())
    }
}

fn read(path: &Path) -> Result<String, ConfigError> {
    let failed = |source| ConfigError::File { path: path.to_owned(), source };
    let mut text = String::new();
    let file = File::open(path).map_err(failed)?;
    let bytes = file.take(FILE_BYTES_MAX + 1).read_to_string(&mut text).map_err(failed)?;
    if bytes as u64 > FILE_BYTES_MAX {
        return Err(ConfigError::TooLarge { path: path.to_owned() });
    }
    Ok(text)
}

fn line_of(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1
}

/// Whether the variable is of ours: a misspelt one must not be passed over.
fn names_a_section(name: &str) -> bool {
    let Some(rest) = name.strip_prefix(VARIABLE_PREFIX) else { return false };
    let sections = SETTINGS.iter().filter_map(|setting| setting.key.split_once('.'));
    sections.into_iter().any(|(section, _)| {
        rest.strip_prefix(&section.to_uppercase()).is_some_and(|rest| rest.starts_with('_'))
    })
}

/// The key that a variable's name would have.
fn key_of(name: &str) -> String {
    name.trim_start_matches(VARIABLE_PREFIX).to_lowercase().replacen('_', ".", 1)
}

fn known(key: &str, origin: &Origin) -> Result<&'static Setting, ConfigError> {
    Setting::find(key).ok_or_else(|| unknown(key, origin))
}

fn unknown(key: &str, origin: &Origin) -> ConfigError {
    ConfigError::Unknown { key: key.to_owned(), origin: origin.clone(), hint: closest(key) }
}

/// The setting whose key takes the fewest changes, if they are few.
fn closest(key: &str) -> Option<&'static str> {
    const CHANGES_MAX: usize = 3;
    let distances = SETTINGS.iter().map(|setting| (distance(key, setting.key), setting.key));
    distances.min().filter(|(distance, _)| *distance <= CHANGES_MAX).map(|(_, key)| key)
}

/// Characters to insert, delete or replace (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut next = vec![i + 1];
        for (y, pair) in b.bytes().zip(row.windows(2)) {
            let &[diagonal, above] = pair else { continue };
            let left = next.last().copied().unwrap_or_default();
            next.push((diagonal + usize::from(x != y)).min(above + 1).min(left + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

/// A value as text on the command line or in the environment.
fn parse(setting: &'static Setting, text: &str, origin: &Origin) -> Result<Value, ConfigError> {
    let value = match setting.kind {
        Kind::Text => Some(Value::String(text.to_owned())),
        Kind::Integer => text.parse().ok().map(Value::Integer),
        Kind::Switch => text.parse().ok().map(Value::Boolean),
        Kind::List => Some(Value::Array(items(text))),
    };
    value.ok_or_else(|| wrong_kind(setting, origin)).and_then(|value| of_kind(setting, value, origin))
}

fn items(text: &str) -> Vec<Value> {
    let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
    items.map(|item| Value::String(item.to_owned())).collect()
}

fn of_kind(setting: &'static Setting, value: Value, origin: &Origin) -> Result<Value, ConfigError> {
    let fits = match (setting.kind, &value) {
        (Kind::Text, Value::String(_)) | (Kind::Switch, Value::Boolean(_)) => true,
        (Kind::Integer, Value::Integer(number)) => *number >= 0,
        (Kind::List, Value::Array(items)) => items.iter().all(Value::is_str),
        _ => false,
    };
    if fits { Ok(value) } else { Err(wrong_kind(setting, origin)) }
}

fn wrong_kind(setting: &'static Setting, origin: &Origin) -> ConfigError {
    let what = match setting.kind {
        Kind::Text => "not a string",
        Kind::Integer => "not an integer from 0 on",
        Kind::Switch => "neither true nor false",
        Kind::List => "not an array of strings",
    };
    ConfigError::Kind { key: setting.key, origin: origin.clone(), what }
}

/// A default as TOML has it.
fn literal(text: &str) -> Option<Value> {
    let table: toml::Table = toml::from_str(&format!("value = {text}")).ok()?;
    table.get("value").cloned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gathered(
        flags: &[(&str, &str)],
        environment: &[(&str, &str)],
        file: Option<&str>,
    ) -> Result<Values, ConfigError> {
        let owned = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
            pairs.iter().map(|&(key, text)| (key.to_owned(), text.to_owned())).collect()
        };
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("node.toml");
        if let Some(text) = file {
            std::fs::write(&path, text).expect("writes");
        }
        Values::gather(&owned(flags), owned(environment), file.map(|_| path.as_path()))
    }

    fn value(values: &Values, key: &str) -> (String, Origin) {
        let (value, origin) = values.values.get(key).expect("a value").clone();
        (value.to_string(), origin)
    }

    #[test]
    fn defaults_are_values_of_their_kind() {
        let values = gathered(&[], &[], None).expect("defaults");
        for setting in SETTINGS.iter().filter(|setting| setting.default.is_some()) {
            let (value, origin) = values.values.get(setting.key).unwrap_or_else(|| panic!("{}", setting.key));
            of_kind(setting, value.clone(), origin).expect(setting.key);
        }
    }

    #[test]
    fn flags_go_over_variables_over_the_file_over_defaults() {
        let file = "# how deep\n[rpc]\nconfirmations = 5\npoll_ms = 700\ntimeout_ms = 900\n";
        let environment =
            [("MULTEE_RPC_CONFIRMATIONS", "6"), ("MULTEE_RPC_POLL_MS", "800"), ("PATH", "/bin")];
        let values = gathered(&[("rpc.confirmations", "7")], &environment, Some(file)).expect("values");
        assert_eq!(value(&values, "rpc.confirmations"), ("7".to_owned(), Origin::Flag));
        let variable = Origin::Environment("MULTEE_RPC_POLL_MS".to_owned());
        assert_eq!(value(&values, "rpc.poll_ms"), ("800".to_owned(), variable));
        let (timeout, origin) = value(&values, "rpc.timeout_ms");
        assert_eq!(timeout, "900");
        assert!(matches!(origin, Origin::File { line: 5, .. }), "{origin}");
        assert_eq!(value(&values, "rpc.bump_after_s").1, Origin::Default);
    }

    #[test]
    fn lists_are_separated_by_commas_and_an_empty_variable_sets_nothing() {
        let environment = [("MULTEE_RPC_ENDPOINTS", "http://a, ws://b"), ("MULTEE_RPC_POLL_MS", "")];
        let values = gathered(&[], &environment, None).expect("values");
        assert_eq!(value(&values, "rpc.endpoints").0, r#"["http://a", "ws://b"]"#);
        assert_eq!(value(&values, "rpc.poll_ms").1, Origin::Default);
    }

    #[test]
    fn what_there_is_not_is_refused_with_what_may_be_meant() {
        let error = gathered(&[], &[], Some("[rpc]\nendpoint = []\n")).expect_err("unknown");
        assert!(
            error
                .to_string()
                .ends_with("node.toml:2: there is no setting rpc.endpoint, is rpc.endpoints meant?"),
            "{error}"
        );
        let error = gathered(&[("nonsense.at.all", "1")], &[], None).expect_err("unknown");
        assert_eq!(error.to_string(), "flag: there is no setting nonsense.at.all");
        let error = gathered(&[], &[("MULTEE_RPC_ENDPOINT", "http://a")], None).expect_err("unknown");
        assert!(error.to_string().ends_with("is rpc.endpoints meant?"), "{error}");
        gathered(&[], &[("MULTEE_BLESS", "1")], None).expect("not ours");
    }

    #[test]
    fn values_of_another_kind_are_refused_wherever_they_are() {
        for file in [
            "[rpc]\npoll_ms = \"1\"\n",
            "[rpc]\npoll_ms = -1\n",
            "[rpc]\nendpoints = [1]\n",
            "[seat]\nrestart = 1\n",
        ] {
            let error = gathered(&[], &[], Some(file)).expect_err(file);
            assert!(matches!(error, ConfigError::Kind { .. }), "{error}");
        }
        for (name, text) in
            [("MULTEE_RPC_POLL_MS", "soon"), ("MULTEE_RPC_POLL_MS", "-1"), ("MULTEE_SEAT_RESTART", "yes")]
        {
            let error = gathered(&[], &[(name, text)], None).expect_err(name);
            assert!(error.to_string().starts_with(name), "{error}");
        }
    }

    #[test]
    fn a_file_that_is_none_is_told_with_its_place() {
        let error = gathered(&[], &[], Some("[rpc\n")).expect_err("not TOML");
        assert!(matches!(error, ConfigError::Toml { .. }), "{error}");
        let error = gathered(&[], &[], Some("poll_ms = 1\n")).expect_err("no section");
        assert!(matches!(error, ConfigError::Toml { .. }), "{error}");
        let error = gathered(&[], &[], Some(&"#".repeat(300_000))).expect_err("too large");
        assert!(matches!(error, ConfigError::TooLarge { .. }), "{error}");
        let error = Values::gather(&[], [], Some(Path::new("/nowhere/node.toml"))).expect_err("not there");
        assert!(matches!(error, ConfigError::File { .. }), "{error}");
    }
}
