//! From values to types: every fault is told, not only the first.

use std::cell::RefCell;
use std::fmt;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use toml::Value;

use super::values::{Origin, Values};

/// Something that is wrong with a setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The setting.
    pub key: &'static str,
    /// Where it was set; `None`: nowhere, and it has to be.
    pub origin: Option<Origin>,
    /// What is wrong.
    pub what: String,
}

/// All that is wrong with a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigFaults(pub Vec<Fault>);

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.origin {
            Some(origin) => write!(f, "{}: {} ({origin})", self.key, self.what),
            None => write!(f, "{}: {}", self.key, self.what),
        }
    }
}

impl fmt::Display for ConfigFaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl std::error::Error for ConfigFaults {}

/// Makes types of values and gathers what is wrong. What it returns after a fault is of no use: ask
/// [`finish`](Self::finish).
pub(super) struct Reader<'a> {
    values: &'a Values,
    faults: RefCell<Vec<Fault>>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(values: &'a Values) -> Self {
        Self { values, faults: RefCell::default() }
    }

    pub(super) fn finish<T>(self, read: Option<T>) -> Result<T, ConfigFaults> {
        let faults = self.faults.into_inner();
        match read {
            Some(read) if faults.is_empty() => Ok(read),
            _ => Err(ConfigFaults(faults)),
        }
    }

    pub(super) fn fault(&self, key: &'static str, what: impl Into<String>) {
        let origin = self.values.values.get(key).map(|(_, origin)| origin.clone());
        self.faults.borrow_mut().push(Fault { key, origin, what: what.into() });
    }

    fn value(&self, key: &'static str) -> Option<&Value> {
        self.values.values.get(key).map(|(value, _)| value)
    }

    pub(super) fn is_set(&self, key: &'static str) -> bool {
        self.value(key).is_some()
    }

    /// `None` after a fault, and where nothing is set.
    pub(super) fn optional<T: FromStr<Err: fmt::Display>>(&self, key: &'static str) -> Option<T> {
        let text = self.value(key)?.as_str()?;
        text.parse().map_err(|error| self.fault(key, format!("{error}"))).ok()
    }

    pub(super) fn required<T: FromStr<Err: fmt::Display>>(&self, key: &'static str) -> Option<T> {
        self.require(key)?;
        self.optional(key)
    }

    fn require(&self, key: &'static str) -> Option<()> {
        if self.is_set(key) {
            return Some(());
        }
        self.fault(key, "must be set");
        None
    }

    pub(super) fn integer(&self, key: &'static str, range: RangeInclusive<u64>) -> Option<u64> {
        self.require(key)?;
        let number = self.value(key)?.as_integer().and_then(|number| u64::try_from(number).ok())?;
        if range.contains(&number) {
            return Some(number);
        }
        self.fault(key, format!("must be from {} to {}", range.start(), range.end()));
        None
    }

    pub(super) fn switch(&self, key: &'static str) -> Option<bool> {
        self.require(key)?;
        self.value(key)?.as_bool()
    }

    pub(super) fn texts(&self, key: &'static str) -> Option<Vec<String>> {
        self.require(key)?;
        let items = self.value(key)?.as_array()?;
        Some(items.iter().filter_map(Value::as_str).map(str::to_owned).collect())
    }

    /// What is wrong with an item is told by its number, as the item may be a secret.
    pub(super) fn list<T: FromStr<Err: fmt::Display>>(
        &self,
        key: &'static str,
        count: RangeInclusive<usize>,
    ) -> Option<Vec<T>> {
        let texts = self.texts(key)?;
        if !count.contains(&texts.len()) {
            self.fault(key, format!("must be {} to {} of them", count.start(), count.end()));
            return None;
        }
        let parsed = (1..).zip(&texts).map(|(number, text)| {
            text.parse().map_err(|error| self.fault(key, format!("number {number}: {error}"))).ok()
        });
        parsed.collect::<Vec<Option<T>>>().into_iter().collect()
    }

    pub(super) fn path(&self, key: &'static str) -> Option<PathBuf> {
        let text = self.value(key)?.as_str()?;
        Some(self.beside(key, text))
    }

    pub(super) fn required_path(&self, key: &'static str) -> Option<PathBuf> {
        self.require(key)?;
        self.path(key)
    }

    pub(super) fn paths(&self, key: &'static str) -> Option<Vec<PathBuf>> {
        Some(self.texts(key)?.iter().map(|text| self.beside(key, text)).collect())
    }

    /// Paths in a file are relative to its directory.
    pub(super) fn beside(&self, key: &'static str, text: &str) -> PathBuf {
        let directory = match self.values.values.get(key) {
            Some((_, Origin::File { path, .. })) => path.parent(),
            _ => None,
        };
        directory.unwrap_or(Path::new("")).join(text)
    }
}
