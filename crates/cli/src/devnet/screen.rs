//! What is shown of a devnet: lines for people, or a JSON object a line.

use std::fmt::Write as _;
use std::io::{self, Write};

use multee_devnet::chronicle::EpochReport;
use multee_devnet::up::Devnet;
use serde::Serialize;
use serde_json::{Value, json};

use super::args::UpArgs;

/// What everybody should know first.
const SIMULATED: &str = "SIMULATED: devices and hardware vendor are software; their evidence proves nothing.";

/// Where it is shown.
pub(crate) struct Screen {
    json: bool,
}

impl Screen {
    pub(crate) fn new(json: bool) -> Self {
        Self { json }
    }

    pub(crate) fn open(&self) -> io::Result<()> {
        if self.json { Ok(()) } else { line(&format!("{SIMULATED}\nstarting, which takes some seconds …")) }
    }

    pub(crate) fn started(&self, args: &UpArgs, devnet: &Devnet) -> io::Result<()> {
        let founded = devnet.founded();
        let contract = founded.network.deployment().contract;
        let (chain, pcs, directory) = (devnet.chain_url(), devnet.pcs_url(), args.dir.display().to_string());
        let gateway = devnet.gateway_url();
        if self.json {
            return object(&json!({
                "event": "started",
                "evidence": "SIMULATED",
                "chain_url": chain,
                "pcs_url": pcs,
                "gateway_url": gateway,
                "contract": contract,
                "token": founded.token,
                "devices": args.devices,
                "epoch_seconds": args.epoch_seconds,
                "genesis_s": devnet.genesis_s(),
                "directory": directory,
            }));
        }
        line(&format!(
            "chain      {chain}\ncontract   {contract}\ntoken      {}\nvendor     {pcs} (SIMULATED)\n\
             watch      {}\nnodes      {} in {directory}/node-*, each with its log\nepochs     {} s\n",
            founded.token,
            gateway.unwrap_or("no gateway"),
            args.devices,
            args.epoch_seconds
        ))
    }

    pub(crate) fn epoch(&self, report: &EpochReport) -> io::Result<()> {
        if self.json {
            return object(&Told { event: "epoch", report });
        }
        let seats = report.published.len() + report.missing.len();
        let mut text = format!("epoch {:>4}  published {}/{seats}", report.epoch, report.published.len());
        for (tier, count) in &report.tiers {
            let _ = write!(text, "  {} {count}", tier.name());
        }
        let _ = write!(text, "  lowest score {}", report.lowest_score);
        if !report.missing.is_empty() {
            let seats: Vec<String> = report.missing.iter().map(ToString::to_string).collect();
            let _ = write!(text, "  MISSING seats {}", seats.join(", "));
        }
        line(&text)
    }

    pub(crate) fn application_ended(&self, name: &str) -> io::Result<()> {
        if self.json {
            return object(&json!({"event": "application_ended", "name": name}));
        }
        line(&format!("{name} ended: its key is lost, and its node boots another"))
    }

    pub(crate) fn close(&self, missing: usize) -> io::Result<()> {
        if self.json {
            return object(&json!({"event": "ended", "missing": missing}));
        }
        line(&format!("ended; {missing} publications are missing"))
    }
}

#[derive(Serialize)]
struct Told<'a> {
    event: &'static str,
    #[serde(flatten)]
    report: &'a EpochReport,
}

fn object(value: &impl Serialize) -> io::Result<()> {
    line(&serde_json::to_value(value).map(|value: Value| value.to_string())?)
}

/// A reader that closed its end has seen what it wanted; the network goes on.
fn line(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match writeln!(out, "{text}").and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}
