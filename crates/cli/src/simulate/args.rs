//! The command line of `multee simulate`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum, value_parser};
use multee_protocol::Parameters;
use multee_protocol::machine::{Combination, Variation};
use multee_simulator::{Evidence, Order, Outage, Range, Rules, Runs, Scenario, Strategy};

use crate::exit;

/// Attack a network of thousands of devices, on the rules that run on chain
///
/// Plays the protocol's state machine epoch by epoch: every device publishes, marks what it is assigned, and is judged;
/// the adversary's devices do what --strategy says. Signatures and evidence are not made: which evidence verifies is
/// given by --evidence. The same seed gives the same runs, on any number of cores.
#[derive(Debug, Args)]
#[command(after_help = exit::table(), args_conflicts_with_subcommands = true)]
pub(crate) struct SimulateArgs {
    #[command(subcommand)]
    pub(crate) command: Option<SimulateCommand>,
    #[command(flatten)]
    pub(crate) asked: ScenarioArgs,
    #[command(flatten)]
    pub(crate) often: RunArgs,
    /// What gas costs, in billionths of the chain's coin
    #[arg(long, value_name = "GWEI", default_value_t = 1.0, value_parser = positive)]
    pub(crate) gas_price: f64,
    /// Print one JSON document: scenario, runs[], mean, least, most, deviation
    #[arg(long)]
    pub(crate) json: bool,
    /// Print a line of comma-separated values for each run
    #[arg(long, conflicts_with = "json")]
    pub(crate) csv: bool,
    /// Write a page with plots into this directory, too: index.html
    #[arg(long, value_name = "DIR")]
    pub(crate) report: Option<PathBuf>,
    /// Tell of every epoch of every run in the JSON document
    #[arg(long, requires = "json")]
    pub(crate) series: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SimulateCommand {
    Sweep(SweepArgs),
}

/// Attack networks over ranges of any number
#[derive(Debug, Args)]
#[command(after_help = exit::table())]
pub(crate) struct SweepArgs {
    /// The values of a number, as NAME=A,B,C or NAME=FROM..TO:STEP, where NAME is that of its flag; repeatable, then
    /// every combination is played
    #[arg(long = "over", value_name = "RANGE", required = true)]
    pub(crate) ranges: Vec<Range>,
    #[command(flatten)]
    pub(crate) asked: ScenarioArgs,
    #[command(flatten)]
    pub(crate) often: RunArgs,
    /// Print one JSON document: scenario, ranges[], points[]
    #[arg(long)]
    pub(crate) json: bool,
    /// Print a line of comma-separated values for each combination
    #[arg(long, conflicts_with = "json")]
    pub(crate) csv: bool,
}

/// How often, and on how many cores.
#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// How often it is played, each time with other chance; 1 to 10000
    #[arg(long, default_value_t = 5, value_name = "N", value_parser = value_parser!(u32).range(1..=10_000))]
    pub(crate) runs: u32,
    /// On how many threads at most [default: all cores]
    #[arg(long, value_name = "N", value_parser = value_parser!(u32).range(1..=1024))]
    threads: Option<u32>,
}

impl RunArgs {
    pub(crate) fn runs(&self) -> Runs {
        let all = Runs::on_all_cores(self.runs);
        let threads = self.threads.and_then(|threads| usize::try_from(threads).ok());
        Runs { threads: threads.unwrap_or(all.threads), ..all }
    }
}

/// What is simulated. Numbers out of the protocol's bounds are refused.
#[derive(Debug, Args)]
pub(crate) struct ScenarioArgs {
    /// The rules: the protocol's, or the confirmation protocol as Super Protocol published it, for comparison
    #[arg(long, value_enum, default_value = "multee")]
    rules: RulesName,
    /// Devices in all
    #[arg(long, value_name = "N", default_value_t = 1000)]
    devices: u32,
    /// How many of them are the adversary's
    #[arg(long, value_name = "N", default_value_t = 330)]
    abusive: u32,
    /// What the adversary's devices do
    #[arg(long, value_enum, default_value = "collusion")]
    strategy: StrategyName,
    /// Whether the evidence of devices that lie verifies all the same
    #[arg(long, value_enum, default_value = "forged")]
    evidence: EvidenceName,
    /// Who publishes first in an epoch
    #[arg(long, value_enum, default_value = "random")]
    order: OrderName,
    /// The epoch in which sleepers turn, a flood joins, power is inflated, clones run, a vendor is broken
    #[arg(long, value_name = "EPOCH", default_value_t = 20)]
    turn: u32,
    /// The score in basis points below which on-off devices are honest
    #[arg(long, value_name = "BPS", default_value_t = 9000)]
    edge: u16,
    /// What power-at-once claims in percent of what it has, or what power-creeping adds an epoch. Verifiers believe 200
    /// at most [default: 190 at once, 5 creeping]
    #[arg(long, value_name = "PERCENT")]
    power: Option<u32>,
    /// The epoch from which on verifiers refuse the evidence of a broken vendor [default: ten after --turn]
    #[arg(long, value_name = "EPOCH")]
    disclosed: Option<u32>,
    /// Percent of the honest devices that cannot verify for a while
    #[arg(long, value_name = "PERCENT", default_value_t = 0)]
    outage: u8,
    /// The epoch in which the outage begins
    #[arg(long, value_name = "EPOCH", default_value_t = 10)]
    outage_from: u32,
    /// How many epochs the outage lasts
    #[arg(long, value_name = "N", default_value_t = 3)]
    outage_epochs: u32,
    #[command(flatten)]
    parameters: ParameterArgs,
    #[command(flatten)]
    variation: VariationArgs,
    /// When a run ends, if neither camp is blocked before
    #[arg(long, value_name = "N", default_value_t = 100)]
    epochs_max: u32,
    /// What chance grows from
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
}

/// The protocol's parameters (docs/protocol.md, section 3).
#[derive(Debug, Args)]
struct ParameterArgs {
    /// L1, latest blocks each device checks [default: 2]
    #[arg(long, value_name = "N")]
    latest_checks: Option<u8>,
    /// L2, suspicious blocks each device checks [default: 40]
    #[arg(long, value_name = "N")]
    suspicious_checks: Option<u8>,
    /// K, marks that a decision asks for [default: 52]
    #[arg(long, value_name = "N")]
    decision_marks: Option<u8>,
    /// Q, penalty points that block a seat [default: 13]
    #[arg(long, value_name = "N")]
    max_penalties: Option<u8>,
    /// The part of the distance to its target that a score moves in one step, basis points [default: 3000]
    #[arg(long, value_name = "BPS")]
    score_gain: Option<u16>,
    /// S, good steps in a row until a rise is full [default: 5]
    #[arg(long, value_name = "N")]
    full_gain_streak: Option<u8>,
    /// Epochs from passing to honest for good [default: 8]
    #[arg(long, value_name = "N")]
    finality_epochs: Option<u8>,
    /// The most that a restarted seat keeps of its score, basis points [default: 7500]
    #[arg(long, value_name = "BPS")]
    admission_score: Option<u16>,
    /// Epochs a suspended seat waits before it restarts [default: 1]
    #[arg(long, value_name = "N")]
    restart_cooldown: Option<u16>,
}

const VARIATIONS: &str = "Variations of the rules, which no contract computes";

/// Other rules than those that run on chain, to see what these are for.
#[derive(Debug, Args)]
struct VariationArgs {
    /// A mark weighs by this power of its giver's score, 1 to 4 (R7)
    #[arg(long, value_name = "E", default_value_t = 2, help_heading = VARIATIONS)]
    weight_exponent: u8,
    /// How validity and judgement make the target of a score's step (R9)
    #[arg(long, value_enum, default_value = "product", help_heading = VARIATIONS)]
    combination: CombinationName,
    /// Move scores by the bare verdict, however close it was (R9)
    #[arg(long, help_heading = VARIATIONS)]
    ungraded: bool,
}

impl VariationArgs {
    fn variation(&self) -> Variation {
        Variation {
            weight_exponent: self.weight_exponent,
            combination: match self.combination {
                CombinationName::Product => Combination::Product,
                CombinationName::Weaker => Combination::Weaker,
                CombinationName::Mean => Combination::Mean,
                CombinationName::ValidityOnly => Combination::ValidityOnly,
            },
            graded: !self.ungraded,
        }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum CombinationName {
    /// Both count: the rule
    Product,
    /// The weaker of the two
    Weaker,
    /// Their mean
    Mean,
    /// Nobody is judged by its marks
    ValidityOnly,
}

impl ParameterArgs {
    fn parameters(&self) -> Parameters {
        let usual = Parameters::default();
        Parameters {
            latest_checks: self.latest_checks.unwrap_or(usual.latest_checks),
            suspicious_checks: self.suspicious_checks.unwrap_or(usual.suspicious_checks),
            decision_marks: self.decision_marks.unwrap_or(usual.decision_marks),
            max_penalties: self.max_penalties.unwrap_or(usual.max_penalties),
            score_gain_bps: self.score_gain.unwrap_or(usual.score_gain_bps),
            full_gain_streak: self.full_gain_streak.unwrap_or(usual.full_gain_streak),
            finality_epochs: self.finality_epochs.unwrap_or(usual.finality_epochs),
            admission_score: self.admission_score.unwrap_or(usual.admission_score),
            restart_cooldown_epochs: self.restart_cooldown.unwrap_or(usual.restart_cooldown_epochs),
            ..usual
        }
    }
}

impl ScenarioArgs {
    /// What these flags describe.
    pub(crate) fn scenario(&self) -> Scenario {
        let outage =
            Outage { share_percent: self.outage, from_epoch: self.outage_from, epochs: self.outage_epochs };
        Scenario {
            rules: match self.rules {
                RulesName::Multee => Rules::Multee,
                RulesName::Published => Rules::Published,
            },
            devices: self.devices,
            abusive: self.abusive,
            strategy: self.strategy(),
            evidence: match self.evidence {
                EvidenceName::Forged => Evidence::Forged,
                EvidenceName::Genuine => Evidence::Genuine,
            },
            order: match self.order {
                OrderName::Random => Order::Random,
                OrderName::AbusiveFirst => Order::AbusiveFirst,
                OrderName::AbusiveLast => Order::AbusiveLast,
            },
            outage: (self.outage > 0).then_some(outage),
            parameters: self.parameters.parameters(),
            variation: self.variation.variation(),
            epochs_max: self.epochs_max,
            seed: self.seed,
        }
    }

    fn strategy(&self) -> Strategy {
        let turn = self.turn;
        match self.strategy {
            StrategyName::Honest => Strategy::Honest,
            StrategyName::Collusion => Strategy::Collusion,
            StrategyName::Slander => Strategy::Slander,
            StrategyName::Promotion => Strategy::Promotion,
            StrategyName::Random => Strategy::Random,
            StrategyName::Lazy => Strategy::Lazy,
            StrategyName::Absent => Strategy::Absent,
            StrategyName::Sleeper => Strategy::Sleeper { turn },
            StrategyName::OnOff => Strategy::OnOff { edge_bps: self.edge },
            StrategyName::Opportunist => Strategy::Opportunist,
            StrategyName::WhitewashRestart => Strategy::WhitewashRestart,
            StrategyName::WhitewashRejoin => Strategy::WhitewashRejoin,
            StrategyName::SybilFlood => Strategy::SybilFlood { turn },
            StrategyName::PowerAtOnce => Strategy::PowerAtOnce { turn, percent: self.power.unwrap_or(190) },
            StrategyName::PowerCreeping => Strategy::PowerCreeping { percent: self.power.unwrap_or(5) },
            StrategyName::Clone => Strategy::Clone { turn },
            StrategyName::VendorBreak => {
                let disclosed = self.disclosed.unwrap_or(turn.saturating_add(10));
                Strategy::VendorBreak { turn, disclosed }
            }
        }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum RulesName {
    Multee,
    Published,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum EvidenceName {
    /// It does not verify
    Forged,
    /// It verifies: an extracted key, or a bad host
    Genuine,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum OrderName {
    Random,
    AbusiveFirst,
    AbusiveLast,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum StrategyName {
    /// The same as everybody: the yardstick
    Honest,
    /// Mark friends valid and all others negative
    Collusion,
    /// Mark others negative, friends by their evidence
    Slander,
    /// Mark friends valid, others by their evidence
    Promotion,
    /// Mark by the toss of a coin
    Random,
    /// Mark everything valid without a look; own evidence verifies
    Lazy,
    /// Publish and mark nothing; own evidence verifies
    Absent,
    /// Honest up to epoch --turn, then collusion
    Sleeper,
    /// Collusion from score --edge on, honest below
    OnOff,
    /// Slander latest blocks while in tier Full; in the window lie only where the camp is going to prevail
    Opportunist,
    /// Collusion, and a restart whenever the score is below Full
    WhitewashRestart,
    /// Collusion; leave below Warning, and rejoin the seat when it is paid out
    WhitewashRejoin,
    /// Collusion on seats that all join in epoch --turn, with a deposit each
    SybilFlood,
    /// Claim --power percent of the true power from epoch --turn on
    PowerAtOnce,
    /// Claim --power percent more each epoch, up to what verifiers believe
    PowerCreeping,
    /// Run each key on two machines from epoch --turn on; somebody reports it
    Clone,
    /// A TEE vendor is broken: from epoch --turn on collusion with evidence that verifies, up to --disclosed
    VendorBreak,
}

fn positive(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() && number >= 0.0 => Ok(number),
        _ => Err("a number from 0 up is asked for".to_owned()),
    }
}
