//! The reference value as a document, and as people read it. `multee measure --help` tells the document's fields.

use std::fmt::Write as _;
use std::io;

use alloy_primitives::B256;
use anstyle::{AnsiColor, Style};
use multee_evidence::{Register, RegisterValue};
use multee_protocol::TeeType;
use serde::Serialize;

use super::error::MeasureError;
use super::image::{Found, Image};
use crate::verify::{ChosenPolicy, PolicySource, RegisterLine};

const BOLD: Style = Style::new().bold();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();

#[derive(Debug, Serialize)]
pub(crate) struct Value {
    version: u32,
    measurement: B256,
    tee: TeeType,
    image: Image,
    policy: PolicyUsed,
    registers: Vec<RegisterLine>,
    warnings: Vec<&'static str>,
}

#[derive(Debug, Serialize)]
struct PolicyUsed {
    source: PolicySource,
    digest: Option<B256>,
}

impl Value {
    const VERSION: u32 = 1;

    pub(crate) fn new(
        tee: TeeType,
        measurement: B256,
        chosen: &ChosenPolicy,
        measured: &[Register],
        found: &Found,
    ) -> Self {
        let source = if chosen.is_built_in { PolicySource::BuiltIn } else { PolicySource::File };
        let mut registers: Vec<&RegisterValue> = found.registers.iter().collect();
        registers.sort_by_key(|value| value.register);
        let line = |value: &RegisterValue| RegisterLine::new(value, measured);
        Self {
            version: Self::VERSION,
            measurement,
            tee,
            image: found.image,
            policy: PolicyUsed { source, digest: (!chosen.is_built_in).then(|| chosen.policy.digest()) },
            registers: registers.into_iter().map(line).collect(),
            warnings: found.warnings.clone(),
        }
    }

    pub(crate) fn json(&self) -> Result<String, MeasureError> {
        let document = serde_json::to_string_pretty(self).map_err(io::Error::other);
        Ok(document.map_err(MeasureError::Unwritable)? + "\n")
    }

    pub(crate) fn text(&self) -> String {
        let mut text = format!("{BOLD}{}{BOLD:#}\n", self.measurement);
        let policy = match self.policy.digest {
            Some(digest) => digest.to_string(),
            None => "none given: the selection of `multee verify`".to_owned(),
        };
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{:<16} {}\n{:<16} {policy}", "TEE", self.tee.name(), "policy");
        for RegisterLine { name, value, measured } in &self.registers {
            let mark = if *measured { "measured" } else { "-" };
            let _ = writeln!(text, "{:<16} {mark:<8} {value}", name.to_string());
        }
        for warning in &self.warnings {
            let _ = writeln!(text, "{WARNING}WARNING{WARNING:#}          {warning}");
        }
        text
    }
}
