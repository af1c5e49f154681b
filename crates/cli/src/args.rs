//! The command line.

use std::path::PathBuf;

use alloy_primitives::{Address, B256};
use clap::{Args, Parser, Subcommand, value_parser};
use multee_collateral::Endpoint;

use crate::config::ConfigCommandArgs;
use crate::demo::WatchArgs;
use crate::device::DeviceArgs;
use crate::devnet::{DevnetArgs, DevnetChildArgs, DevnetConfirmArgs};
use crate::doctor::DoctorArgs;
use crate::exit;
use crate::gateway::GatewayArgs;
use crate::key::KeyArgs;
use crate::measure::MeasureArgs;
use crate::network::NetworkArgs;
use crate::node::NodeArgs;
use crate::params::ParamsArgs;
use crate::shell::{CompletionsArgs, ManArgs};
use crate::simulate::SimulateArgs;
use crate::trust::TrustArgs;
use crate::verify::Moment;

/// A network of TEEs that verify each other's evidence.
#[derive(Debug, Parser)]
#[command(name = "multee", version, after_help = exit::table(), subcommand_required = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Verify(VerifyArgs),
    Measure(Box<MeasureArgs>),
    Demo(DemoArgs),
    Audit(AuditArgs),
    Trust(TrustArgs),
    Gateway(GatewayArgs),
    Simulate(Box<SimulateArgs>),
    Params(ParamsArgs),
    Node(NodeArgs),
    Device(DeviceArgs),
    Doctor(DoctorArgs),
    Config(ConfigCommandArgs),
    Completions(CompletionsArgs),
    Man(ManArgs),
    Devnet(DevnetArgs),
    #[command(hide = true)]
    DevnetChild(DevnetChildArgs),
    #[command(hide = true)]
    DevnetConfirm(DevnetConfirmArgs),
    Network(Box<NetworkArgs>),
    Key(KeyArgs),
}

/// Play a network of devices on this machine, with its troubles. Evidence is SIMULATED
///
/// Devices quote in Intel's formats under a software hardware-vendor, verify each other, and publish to the contract's
/// bytecode in an embedded EVM. One boots a wrong image, one's platform is revoked, two slander their peers, one is
/// cloned, one joins late; the rest are honest. The same seed gives the same story.
#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// How many devices there are, those with troubles included; 10 to 40
    #[arg(long, default_value_t = 12, value_name = "N", value_parser = value_parser!(u32).range(10..=40))]
    pub(crate) devices: u32,
    /// How many epochs the story lasts; 1 to 200
    #[arg(long, default_value_t = 20, value_name = "N", value_parser = value_parser!(u32).range(1..=200))]
    pub(crate) epochs: u32,
    /// What the story grows from
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub(crate) seed: u64,
    /// Print one JSON document at the end instead of a table
    #[arg(long)]
    pub(crate) json: bool,
    /// Keep the chain (chain.sqlite) and the story (story.json) in this directory, for `multee audit --chain DIR`; with
    /// --watch the index (index.sqlite), too
    #[arg(long, value_name = "DIR")]
    pub(crate) keep: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) watch: WatchArgs,
}

/// Replay a chain's events by the rules, and say whether the contract's state is what they give
///
/// Every event of the contract is held against what the rules give at that point, with digests and signatures; in the
/// end every view is. After `multee demo --keep DIR`, `multee audit --chain DIR` audits that demo's chain. Exit code 0:
/// the contract does as the rules say. 3: it does not; stdout names the place. 1, 4, 5: nothing could be found out.
#[derive(Debug, Args)]
#[command(after_help = exit::table(), after_long_help = audit_long_help())]
pub(crate) struct AuditArgs {
    /// An embedded chain's file, or the directory that `multee demo --keep` left
    #[arg(long, value_name = "FILE")]
    pub(crate) chain: PathBuf,
    /// The contract's address [default: the only one that the chain tells of]
    #[arg(long, value_name = "ADDR")]
    pub(crate) contract: Option<Address>,
    /// Print one JSON document instead of text
    #[arg(long)]
    pub(crate) json: bool,
}

/// Judge a DCAP quote or an SEV-SNP report by a policy, and say why
///
/// Exit code 0: the policy holds. 3: it does not; the reason is on stdout. 1: the question could not be
/// answered, say for a missing file or bytes that are no quote; the reason is on stderr, stdout is empty.
#[derive(Debug, Args)]
#[command(after_help = exit::table(), after_long_help = long_help())]
pub(crate) struct VerifyArgs {
    /// The quote (SGX version 3, TDX versions 4 and 5, SEV-SNP report versions 2 to 5), binary or in hex, at most 64 KiB;
    /// - reads stdin
    #[arg(long, value_name = "FILE")]
    pub(crate) quote: PathBuf,
    /// What the hardware vendor has signed about the platform, JSON of at most 1 MiB
    #[arg(long, value_name = "FILE", required_unless_present = "fetch", conflicts_with = "fetch")]
    pub(crate) collateral: Option<PathBuf>,
    /// Fetch the collateral from Intel's or AMD's service, or from those given with --pccs or --kds
    #[arg(long)]
    pub(crate) fetch: bool,
    /// A service to fetch from instead of Intel's: a PCCS, http or https; repeatable, asked in this order
    #[arg(long, value_name = "URL", requires = "fetch", conflicts_with = "collateral")]
    pub(crate) pccs: Vec<Endpoint>,
    /// A service to fetch from instead of AMD's: a cache of its KDS, http or https; repeatable, asked in this order
    #[arg(long, value_name = "URL", requires = "fetch", conflicts_with = "collateral")]
    pub(crate) kds: Vec<Endpoint>,
    /// Keep what is fetched in this directory, and fetch only what is not there or older than a day
    #[arg(long, value_name = "DIR", requires = "fetch", conflicts_with = "collateral")]
    pub(crate) cache: Option<PathBuf>,
    /// What to accept, JSON of at most 64 KiB [default: a built-in policy, see --help]
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: Option<PathBuf>,
    /// Judge as of this time, Unix seconds or RFC 3339 [default: now]
    #[arg(long, value_name = "TIME")]
    pub(crate) now: Option<Moment>,
    /// A root certificate besides Intel's and AMD's, DER or PEM, that the policy accepts; repeatable
    #[arg(long = "root", value_name = "FILE")]
    pub(crate) roots: Vec<PathBuf>,
    /// Require the measurement digest to be this one, or one of these; repeatable
    #[arg(long = "reference-value", value_name = "HEX")]
    pub(crate) reference_values: Vec<B256>,
    /// Print one JSON document instead of text
    #[arg(long)]
    pub(crate) json: bool,
}

fn long_help() -> String {
    format!("{VERIFY_LONG_HELP}\n\n{}", exit::table())
}

fn audit_long_help() -> String {
    format!("{AUDIT_LONG_HELP}\n\n{}", exit::table())
}

const AUDIT_LONG_HELP: &str = "\
What events cannot tell is taken as it is: who called (one who may), and the two blocks by which an
equivocation was proven. A token that moves balances without Transfer events shows as a divergence.

The JSON document (every field is always there; null where nothing is established):
  version        1
  agrees         whether all events and all views are as the rules give them
  chain_id, contract, block, time_s
                 what was audited, and the newest block
  replayed       transactions, events, calls, blocks (confirmation blocks), donations (transfers to
                 the contract that no call asked for); up to the divergence if there is one
  seats, epochs, log_entries
                 by the contract
  views          how many views were compared; 0 after a divergence
  sums           deposits, bounties, carry, purses, unallocated, balance (text, in the token's
                 smallest unit), add_up
  divergence     the first event that is not as the rules give it: block, time_s, transaction,
                 log_index (null: an event is missing), what; or null
  differing_fields, differences[]
                 fields of views that differ: how many, and the first 32 with view, field, rules,
                 chain
  wall_s, events_per_s";

const VERIFY_LONG_HELP: &str = "\
The built-in policy:
  roots                   Intel SGX Root CA, no other
  platform_statuses       UpToDate, no other
  tcb_evaluation_number   the one that the collateral's TCB info states: any evaluation that Intel
                          signed and that has not expired. The report says so.
  measurement             SGX: mrenclave; TDX: mrtd, rtmr1, rtmr2, mrconfigid
  accept_dynamic_platform, accept_cached_keys, accept_smt
                          true, as multi-socket servers in data centres are set up; the report
                          shows each

For SEV-SNP the built-in policy is another one:
  roots                   AMD's root keys (ARK) for Milan, Genoa and Turin
  snp                     tcb_min: none, firmware of any version; measurement: launchdigest,
                          hostdata; vmpl_max: 0; no cloud provider's keys (VLEK), no CXL memory
  accept_smt              true

An SEV-SNP quote is the report followed by the certificates of its key, as docs/protocol.md tells
in 4.3, or the report alone; then the collateral brings the certificates. Collateral for SEV-SNP:
  {\"tee\": \"snp\", \"ark_crl\": AMD's revocation list, DER in hex, \"vek_chain\": PEM of VCEK and ASK}

Debug mode and revoked platforms are never accepted, whatever the policy.

Fetched from Intel is the TCB evaluation that the policy demands, with the built-in one that which Intel has in force.
Services are not trusted: what they give is judged as a file would be. Nothing is fetched for a DCAP quote that
carries no certificate chain; a bare SEV-SNP report's certificates are fetched, too, if the chip's own key signed.

The JSON document (every field is always there; null where nothing is established):
  version        1
  trusted        whether the policy holds
  reason         why not, or null
  mark           the mark that such evidence earns a confirmation block, as far as the quote
                 decides: valid, abstain, evidence_invalid, measurement_not_allowed,
                 binding_wrong, platform_not_accepted
  hint           what could be done about it, or null
  warning        text if the root is neither Intel's nor AMD's, else null
  now_s, now     the time of judgement, Unix seconds and RFC 3339
  evidence       root_sha256, root_is_intels, tee, fmspc (SEV-SNP: the family's name in
                 ASCII, padded with zeros), debug (established by quote and root; debug is true as
                 soon as the quote admits it); hardware_id, device_id,
                 status, advisory_ids[], report_data, registers[] {name, value, measured},
                 measurement, holds_until_s, holds_until (established with collateral)
  policy         source (built_in, file), digest, tcb_evaluation_number,
                 tcb_evaluation_number_source (collateral, policy)
  checks[]       name, passed (null: not reached or not decidable here), detail";
