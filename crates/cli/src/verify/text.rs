//! The report as people read it.

use std::fmt::{self, Display, Formatter};

use alloy_primitives::B256;
use anstyle::{AnsiColor, Style};
use multee_evidence::{AMD_ARK_SHA256, INTEL_SGX_ROOT_CA_SHA256, SnpProduct};
use multee_protocol::{Mark, TeeType};

use super::checks::Check;
use super::moment::Moment;
use super::report::{Evidence, PolicySource, PolicyUsed, Report};

const BOLD: Style = Style::new().bold();
const GOOD: Style = AnsiColor::Green.on_default().bold();
const BAD: Style = AnsiColor::Red.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();

/// Displays a report with styles; whoever prints it takes them out where they are not wanted.
pub(crate) struct Text<'a>(pub(crate) &'a Report);

impl Display for Text<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let report = self.0;
        verdict(f, report)?;
        if let Some(warning) = report.warning {
            writeln!(f, "{WARNING}WARNING{WARNING:#}      {warning}")?;
        }
        head(f, "as of", Moment(report.now_s))?;
        head(f, "mark", mark(report.mark))?;
        evidence(f, &report.evidence)?;
        registers(f, &report.evidence)?;
        policy(f, &report.policy)?;
        report.checks.iter().try_for_each(|line| check(f, line))
    }
}

fn verdict(f: &mut Formatter<'_>, report: &Report) -> fmt::Result {
    match &report.reason {
        None => writeln!(f, "{GOOD}TRUSTED{GOOD:#}      the policy holds")?,
        Some(reason) => writeln!(f, "{BAD}NOT TRUSTED{BAD:#}  {reason}")?,
    }
    if let Some(hint) = report.hint {
        head(f, "hint", hint)?;
    }
    Ok(())
}

/// A line under the verdict, in its columns.
fn head(f: &mut Formatter<'_>, name: &str, value: impl Display) -> fmt::Result {
    writeln!(f, "{name:<12} {value}")
}

/// What such evidence earns a confirmation block, as far as the quote decides.
fn mark(mark: Mark) -> &'static str {
    match mark {
        Mark::Abstain => "abstain: nothing is held against the device",
        Mark::Valid => "valid",
        Mark::EvidenceInvalid => "evidence invalid",
        Mark::MeasurementNotAllowed => "measurement not allowed",
        Mark::BindingWrong => "binding wrong",
        Mark::PlatformNotAccepted => "platform not accepted",
        Mark::PropertiesNotAccepted => "properties not accepted",
    }
}

fn heading(f: &mut Formatter<'_>, text: &str) -> fmt::Result {
    writeln!(f, "\n{BOLD}{text}{BOLD:#}")
}

fn field(f: &mut Formatter<'_>, name: &str, value: impl Display) -> fmt::Result {
    writeln!(f, "{name:<18} {value}")
}

/// A line for what is established; nothing for what is not.
fn known(f: &mut Formatter<'_>, name: &str, value: Option<impl Display>) -> fmt::Result {
    value.map_or(Ok(()), |value| field(f, &format!("  {name}"), value))
}

fn evidence(f: &mut Formatter<'_>, evidence: &Evidence) -> fmt::Result {
    heading(f, "Evidence")?;
    let Some(tee) = evidence.tee else {
        known(f, "debug", evidence.debug.map(yes_or_no))?;
        return writeln!(f, "  Nothing that this quote says is established.");
    };
    known(f, "TEE", Some(tee.name().to_uppercase()))?;
    known(f, "root", evidence.root_sha256.map(|sha256| format!("{}, SHA-256 {sha256}", root_name(sha256))))?;
    known(f, "FMSPC", evidence.fmspc.filter(|_| tee != TeeType::Snp))?;
    known(f, "family", evidence.fmspc.and_then(SnpProduct::from_family).map(SnpProduct::name))?;
    known(f, "debug", evidence.debug.map(yes_or_no))?;
    if evidence.status.is_none() {
        return writeln!(f, "  Nothing further that this quote says is established.");
    }
    known(f, "hardware id", evidence.hardware_id.as_ref())?;
    known(f, "device id", evidence.device_id.map(|id| id.0))?;
    known(f, "platform TCB", evidence.status.map(|status| format!("{status:?}")))?;
    known(f, "advisories", evidence.advisory_ids.as_ref().map(|ids| list(ids)))?;
    known(f, "report data", evidence.report_data.as_ref())?;
    known(f, "holds until", evidence.holds_until_s.map(Moment))
}

fn root_name(sha256: B256) -> &'static str {
    let amds = AMD_ARK_SHA256.iter().position(|root| *root == sha256);
    match amds.and_then(|at| SnpProduct::ALL.get(at)) {
        _ if sha256 == INTEL_SGX_ROOT_CA_SHA256 => "Intel SGX Root CA",
        Some(SnpProduct::Milan) => "AMD ARK-Milan",
        Some(SnpProduct::Genoa) => "AMD ARK-Genoa",
        Some(SnpProduct::Turin) => "AMD ARK-Turin",
        None => "not Intel's",
    }
}

fn registers(f: &mut Formatter<'_>, evidence: &Evidence) -> fmt::Result {
    let Some(registers) = &evidence.registers else { return Ok(()) };
    heading(f, "Registers (* in the measurement)")?;
    for line in registers {
        let star = if line.measured { '*' } else { ' ' };
        field(f, &format!("{star} {}", line.name), &line.value)?;
    }
    known(f, "measurement", evidence.measurement)
}

fn policy(f: &mut Formatter<'_>, policy: &PolicyUsed) -> fmt::Result {
    let source = match policy.source {
        PolicySource::BuiltIn => "built in",
        PolicySource::File => "from file",
    };
    heading(f, &format!("Policy ({source}, digest {})", policy.digest))
}

fn check(f: &mut Formatter<'_>, check: &Check) -> fmt::Result {
    let (style, word) = match check.passed {
        Some(true) => (GOOD, "ok"),
        Some(false) => (BAD, "failed"),
        None => (Style::new(), "-"),
    };
    writeln!(f, "  {style}{word:<6}{style:#} {:<21} {}", check.name, check.detail)
}

fn yes_or_no(yes: bool) -> &'static str {
    if yes { "yes" } else { "no" }
}

fn list(ids: &[String]) -> String {
    if ids.is_empty() { "none".to_owned() } else { ids.join(", ") }
}
