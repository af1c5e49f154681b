//! The Confirmation Application, its TEE, and the collateral for it.

use multee_attester::{Choice, Places, select};
use multee_collateral::{Evaluation, Source};
use multee_confirmation::{ConfirmError, Introduction, Refusal};
use multee_evidence::{
    AppraisalError, ClaimedPlatform, Collateral, Policy, Verifier, VerifierConfig, is_snp_quote, tcb_outlook,
};

use super::Line;
use super::chain::Known;
use crate::application::{self, ApplicationError};
use crate::assemble;
use crate::config::NodeConfig;
use crate::introduction;
use crate::node::chain_of;

pub(super) fn examine(config: &NodeConfig, known: Option<&Known>, now_s: u64) -> Vec<Line> {
    let introduction = match introduced(config) {
        Ok(introduction) => introduction,
        Err(line) => {
            let rest = ["platform", "collateral", "TCB outlook"];
            let skipped = rest.map(|name| Line::skipped(name, "an application that answers"));
            return std::iter::once(line).chain(skipped).collect();
        }
    };
    let mut lines = vec![of_incarnation(&introduction, known)];
    match policy(known) {
        Some(policy) => lines.extend(of_platform(config, &policy, &introduction, now_s)),
        None => {
            lines.extend(["platform", "collateral"].map(|name| Line::skipped(name, "the network's policy")));
        }
    }
    lines
}

fn introduced(config: &NodeConfig) -> Result<Introduction, Line> {
    let mut app =
        application::running(&config.confirm.application).map_err(|error| of_absence(config, &error))?;
    app.introduce().map_err(|error| match &error {
        ConfirmError::Refused(Refusal::NoQuote(why)) => Line::failed(
            "TEE",
            format!("gives no quote: {why}"),
            "see docs/operating.md, section TEE devices",
        ),
        _ => Line::failed("application", chain_of(&error), "look at its standard error; start it anew"),
    })
}

/// Where the application does not run, the TEE is looked for on this machine.
fn of_absence(config: &NodeConfig, error: &ApplicationError) -> Line {
    let says = chain_of(error);
    if matches!(config.confirm.application, crate::config::ApplicationConfig::Socket { .. }) {
        return Line::failed(
            "application",
            says,
            "start it (`systemctl start multee-confirm` in the guest), and check confirm.socket",
        );
    }
    // Only whether there is one is asked: no report is made.
    match select(Choice::Automatic, &Places::default(), |_| Vec::new(), None) {
        Ok(tee) => Line::warning(
            "application",
            format!("{says}; a {} TEE is here", tee.tee().name()),
            "start the node: it starts the application",
        ),
        Err(tee) => Line::failed(
            "application",
            format!("{says}; {}", chain_of(&tee)),
            "see docs/operating.md, section TEE devices",
        ),
    }
}

fn of_incarnation(introduction: &Introduction, known: Option<&Known>) -> Line {
    let ours = introduction.status.incarnation;
    match known {
        Some(known) if known.incarnation != ours => Line::warning(
            "application",
            format!(
                "the application that answers has key {ours}, the seat's incarnation is {}",
                known.incarnation
            ),
            "its key is lost with the process that had it: the node begins a new incarnation, on probation",
        ),
        _ => Line::ok("application", format!("answers, with key {ours}")),
    }
}

fn policy(known: Option<&Known>) -> Option<Policy> {
    Policy::from_json(known?.policy.as_deref()?).ok()
}

fn of_platform(config: &NodeConfig, policy: &Policy, introduction: &Introduction, now_s: u64) -> Vec<Line> {
    // A root that cannot be read is missing below, and said to be.
    let roots = assemble::roots(&config.collateral).unwrap_or_default();
    let roots: Vec<Vec<u8>> = introduction::accepted(policy, roots);
    let measured = of_measurement(config, policy, introduction, roots.clone(), now_s);
    let source = match assemble::source(&config.collateral) {
        Ok(source) => source,
        Err(error) => {
            return vec![Line::failed(
                "collateral",
                chain_of(&error),
                "check collateral.cache and its certificates",
            )];
        }
    };
    let number = Evaluation::Number(policy.tcb_evaluation_number());
    let quote = &introduction.quote;
    let mut lines = vec![measured];
    match source.collateral(quote, number, now_s, now_s) {
        Ok(document) => {
            lines.push(of_fetched(&source, now_s));
            lines.push(of_verdict(policy, roots, quote, &document, now_s));
        }
        Err(error) => lines.push(Line::failed(
            "collateral",
            chain_of(&error),
            "check collateral.pcs and collateral.amd, and the way to them; without collateral the node abstains",
        )),
    }
    if !is_snp_quote(quote) {
        lines.push(of_outlook(&source, quote, now_s));
    }
    lines
}

/// What the TEE reports against what is configured: a node begins incarnations with the latter.
fn of_measurement(
    config: &NodeConfig,
    policy: &Policy,
    introduction: &Introduction,
    roots: Vec<Vec<u8>>,
    now_s: u64,
) -> Line {
    let name = "image";
    let configured = config.confirm.measurement;
    match introduction::describe(introduction, policy, roots, now_s) {
        Ok(device) if device.measurement == configured => {
            Line::ok(name, "the TEE reports confirm.measurement")
        }
        Ok(device) => Line::failed(
            name,
            format!("the TEE reports {}, confirm.measurement is {configured}", device.measurement),
            "set confirm.measurement to what it reports and start the node again: peers would mark its blocks",
        ),
        Err(error) => Line::failed(name, chain_of(&error), "see line platform"),
    }
}

fn of_fetched(source: &Source, now_s: u64) -> Line {
    let alarms = source.alarms(now_s);
    match alarms.first() {
        None => Line::ok("collateral", "fresh"),
        Some(alarm) => Line::warning(
            "collateral",
            format!("{alarm}; what is cached is {} s old", alarm.age_s(now_s).unwrap_or(0)),
            "check collateral.pcs and collateral.amd before what is cached expires",
        ),
    }
}

fn of_verdict(policy: &Policy, roots: Vec<Vec<u8>>, quote: &[u8], document: &[u8], now_s: u64) -> Line {
    let name = "platform";
    let verifier = match Verifier::new(policy, roots, VerifierConfig::default()) {
        Ok(verifier) => verifier,
        Err(error) => {
            return Line::failed(
                name,
                chain_of(&error),
                "put the root that the policy names into collateral.roots",
            );
        }
    };
    let collateral = match Collateral::from_json(document) {
        Ok(collateral) => collateral,
        Err(error) => return Line::failed(name, chain_of(&error), "check collateral.pcs"),
    };
    match verifier.appraise(quote, &collateral, now_s) {
        Ok(evidence) => {
            Line::ok(name, format!("accepted by the network's policy, status {:?}", evidence.status()))
        }
        Err(error) => Line::failed(name, error.to_string(), of_appraisal(&error)),
    }
}

fn of_appraisal(error: &AppraisalError) -> &'static str {
    match error {
        AppraisalError::Collateral { .. } => {
            "the collateral is at fault, not the platform: try another service"
        }
        _ => "peers will mark this device so: update BIOS, microcode and firmware, or see docs/operating.md",
    }
}

/// What the newest evaluation will ask for, months before it is in force.
fn of_outlook(source: &Source, quote: &[u8], now_s: u64) -> Line {
    let name = "TCB outlook";
    let outlook = source.collateral(quote, Evaluation::Early, now_s, now_s).ok().and_then(|document| {
        let collateral = Collateral::from_json(&document).ok()?;
        tcb_outlook(&ClaimedPlatform::read(quote).ok()?, &collateral).ok()
    });
    let Some(outlook) = outlook else {
        return Line::warning(name, "the newest evaluation is not to be had", "check collateral.pcs");
    };
    let number = outlook.evaluation_number;
    if outlook.shortfalls.is_empty() {
        return Line::ok(name, format!("nothing is short of TCB evaluation {number}"));
    }
    let short: Vec<String> = outlook.shortfalls.iter().map(ToString::to_string).collect();
    Line::warning(
        name,
        format!("by TCB evaluation {number}: {}", short.join("; ")),
        "update BIOS and microcode before the network's policy names that evaluation",
    )
}
