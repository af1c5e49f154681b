//! `multee doctor`: whether a node can work here, line by line, and what to do where it cannot.
//!
//! It changes nothing, sends nothing, and asks nobody for a password. What depends on something that failed is not
//! looked at, and says so.

mod application;
mod chain;
mod host;

use serde::Serialize;

use crate::config::{NodeConfig, Values};

/// How something stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Finding {
    /// As it should be.
    Ok,
    /// The node works, and somebody should look at it.
    Warning,
    /// The node cannot work.
    Failed,
    /// Not looked at, because of something that failed.
    Skipped,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Line {
    /// What.
    pub name: String,
    /// How it stands.
    pub finding: Finding,
    /// What was found.
    pub says: String,
    /// What to do about it; `None` where nothing has to be done.
    pub remedy: Option<String>,
}

impl Line {
    fn ok(name: impl Into<String>, says: impl Into<String>) -> Self {
        Self { name: name.into(), finding: Finding::Ok, says: says.into(), remedy: None }
    }

    fn warning(name: impl Into<String>, says: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { name: name.into(), finding: Finding::Warning, says: says.into(), remedy: Some(remedy.into()) }
    }

    fn failed(name: impl Into<String>, says: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { name: name.into(), finding: Finding::Failed, says: says.into(), remedy: Some(remedy.into()) }
    }

    fn skipped(name: impl Into<String>, without: &str) -> Self {
        Self {
            name: name.into(),
            finding: Finding::Skipped,
            says: format!("not looked at without {without}"),
            remedy: None,
        }
    }
}

/// Looks at everything that the configuration names, as of `now_s` (the host's clock, Unix time in seconds).
pub fn examine(values: &Values, now_s: u64) -> Vec<Line> {
    let config = match NodeConfig::read(values) {
        Ok(config) => config,
        Err(faults) => return faults.0.iter().map(|fault| of_fault(&fault.to_string())).collect(),
    };
    let mut lines = vec![Line::ok("configuration", "complete")];
    lines.extend(host::examine(&config));
    let (chain_lines, chain) = chain::examine(&config, now_s);
    lines.extend(chain_lines);
    lines.extend(application::examine(&config, chain.as_ref(), now_s));
    lines
}

fn of_fault(fault: &str) -> Line {
    let remedy = "set it in node.toml, as a variable MULTEE_SECTION_NAME, or with --set; `multee config show --origin` lists all";
    Line::failed("configuration", fault, remedy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_configuration_only_that_is_told() {
        let lines = examine(&Values::gather(&[], [], None).expect("values"), 0);
        assert!(lines.len() >= 7);
        assert!(lines.iter().all(|line| line.finding == Finding::Failed && line.name == "configuration"));
    }

    /// Nothing that is named is there: every line says so, with what to do, and none is ok that cannot be known.
    #[test]
    fn where_nothing_is_there_every_failure_has_a_remedy() {
        let directory = tempfile::tempdir().expect("a directory");
        let at = |name: &str| directory.path().join(name).display().to_string();
        let flags = [
            ("network.contract", "0x00000000000000000000000000000000000000aa".to_owned()),
            ("network.chain_id", "31337".to_owned()),
            // A port that nobody listens on: the system's discard port on this machine's own address.
            ("rpc.endpoints", "http://127.0.0.1:9".to_owned()),
            ("rpc.timeout_ms", "500".to_owned()),
            ("operator.keystore", at("operator.json")),
            ("operator.password_file", at("password")),
            ("seat.id", "1".to_owned()),
            ("confirm.program", at("multee-confirm")),
            ("confirm.directory", at("run")),
            ("confirm.measurement", format!("0x{}", "11".repeat(32))),
            ("collateral.cache", at("collateral")),
            ("state.path", at("none/state.sqlite")),
        ];
        let flags: Vec<(String, String)> =
            flags.into_iter().map(|(key, text)| (key.to_owned(), text)).collect();
        let lines = examine(&Values::gather(&flags, [], None).expect("values"), 1_800_000_000);
        let found = |name: &str| {
            let line = lines.iter().find(|line| line.name == name);
            line.unwrap_or_else(|| panic!("{name} in {lines:#?}")).finding
        };
        for name in
            ["keystore", "password file", "application program", "application directory", "state directory"]
        {
            assert_eq!(found(name), Finding::Failed, "{name}");
        }
        assert_eq!(found("endpoint http://127.0.0.1:9"), Finding::Failed);
        assert_eq!(found("contract"), Finding::Skipped);
        assert_eq!(found("application"), Finding::Failed);
        for line in &lines {
            let needs = matches!(line.finding, Finding::Failed | Finding::Warning);
            assert_eq!(line.remedy.is_some(), needs, "{line:?}");
        }
    }
}
