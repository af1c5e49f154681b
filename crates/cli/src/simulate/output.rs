//! What a simulation shows: a text, one JSON document, or lines of CSV.

use std::fmt::Write as _;

use multee_protocol::machine::{Combination, Variation};
use multee_simulator::{Measures, PUBLICATION_GAS_MAX, Rules, Run, Scenario, Strategy, Summary};
use serde::Serialize;

const GAS_PER_COIN_GWEI: f64 = 1e9;

/// The JSON document.
#[derive(Serialize)]
pub(crate) struct Document<'a> {
    version: u32,
    scenario: &'a Scenario,
    runs: &'a [Run],
    #[serde(flatten)]
    summary: Summary,
}

impl<'a> Document<'a> {
    pub(crate) fn new(scenario: &'a Scenario, runs: &'a [Run]) -> Self {
        Self { version: 1, scenario, runs, summary: Summary::of(runs) }
    }
}

/// One line for each run under one of names.
pub(crate) fn csv(runs: &[Run]) -> serde_json::Result<String> {
    let mut text = String::new();
    for (index, run) in runs.iter().enumerate() {
        let serde_json::Value::Object(mut fields) = serde_json::to_value(run)? else { continue };
        fields.remove("series");
        if index == 0 {
            let names: Vec<&str> = fields.keys().map(String::as_str).collect();
            text.push_str(&names.join(","));
            text.push('\n');
        }
        let values =
            fields.values().map(|value| if value.is_null() { String::new() } else { value.to_string() });
        text.push_str(&values.collect::<Vec<_>>().join(","));
        text.push('\n');
    }
    Ok(text)
}

/// What a person reads.
pub(crate) fn text(scenario: &Scenario, runs: &[Run], gas_price_gwei: f64) -> String {
    let summary = Summary::of(runs);
    let mut text = format!("{}\n\n", headline(scenario, runs.len()));
    let _ = writeln!(text, "{:44} {:>10} {:>10} {:>10}", "", "mean", "least", "most");
    for (name, of) in rows(scenario.rules) {
        let shown = |measures: &Measures| of(measures).map_or("never".to_owned(), number);
        let [mean, least, most] = [&summary.mean, &summary.least, &summary.most].map(shown);
        let _ = writeln!(text, "{name:44} {mean:>10} {least:>10} {most:>10}");
    }
    if scenario.rules == Rules::Multee {
        text.push_str(&money(scenario, &summary.mean, gas_price_gwei));
    }
    let _ = writeln!(text, "\n{}", verdict(scenario, runs));
    text
}

fn headline(scenario: &Scenario, runs: usize) -> String {
    let p = &scenario.parameters;
    let conduct = match scenario.strategy {
        Strategy::Sleeper { turn } => format!("sleeper from epoch {turn} on"),
        Strategy::OnOff { edge_bps } => format!("on-off at {edge_bps}"),
        Strategy::SybilFlood { turn } => format!("flood of joiners in epoch {turn}"),
        Strategy::PowerAtOnce { turn, percent } => format!("{percent} % power from epoch {turn} on"),
        Strategy::PowerCreeping { percent } => format!("{percent} % more power each epoch"),
        Strategy::Clone { turn } => format!("clones from epoch {turn} on"),
        Strategy::VendorBreak { turn, disclosed } => {
            format!("vendor broken in epoch {turn}, known from {disclosed} on")
        }
        other => other.name().to_owned(),
    };
    format!(
        "{} rules: {} devices, {} of them abusive: {conduct}, {} evidence, order {}\n\
         L1 {}, L2 {}, K {}, {} penalties, gain {}; seed {}, {runs} {} of at most {} epochs{}",
        scenario.rules.name(),
        scenario.devices,
        scenario.abusive,
        scenario.evidence.name(),
        scenario.order.name(),
        p.latest_checks,
        p.suspicious_checks,
        p.decision_marks,
        p.max_penalties,
        p.score_gain_bps,
        scenario.seed,
        if runs == 1 { "run" } else { "runs" },
        scenario.epochs_max,
        varied(scenario.variation),
    )
}

/// Nobody is to take varied rules for those of a network.
fn varied(variation: Variation) -> String {
    let Variation { weight_exponent, combination, graded } = variation;
    if variation == Variation::default() {
        return String::new();
    }
    let graded = if graded { "by clarity" } else { "by the bare verdict" };
    let target = match combination {
        Combination::Product => "v·a",
        Combination::Weaker => "min(v, a)",
        Combination::Mean => "(v + a)/2",
        Combination::ValidityOnly => "v",
    };
    format!(
        "\nVARIED RULES, which no contract computes: weight by score^{weight_exponent}, r = {target}, {graded}"
    )
}

type Row = (&'static str, fn(&Measures) -> Option<f64>);

fn rows(rules: Rules) -> Vec<Row> {
    let mut rows: Vec<Row> = vec![
        ("abusive devices blocked", |m| Some(m.abusive_blocked)),
        ("honest devices blocked", |m| Some(m.honest_blocked)),
        ("days until one camp is blocked, or the end", |m| Some(m.days)),
        ("abusive weight under 5 % from epoch", |m| m.abusive_weight_under_5pct_epoch),
        ("abusive weight in the end, %", |m| Some(100.0 * m.abusive_weight_end)),
    ];
    if rules == Rules::Multee {
        rows.extend::<[Row; 6]>([
            ("lowest score of an honest device", |m| Some(m.honest_score_min)),
            ("lowest mean score of the honest", |m| Some(m.honest_score_mean)),
            ("honest devices ever below Full (9000)", |m| Some(m.honest_ever_below_full)),
            ("honest devices ever below Warning (7500)", |m| Some(m.honest_ever_below_warning)),
            ("honest devices ever below Restricted (5000)", |m| Some(m.honest_ever_below_restricted)),
            ("most epochs an honest device was below Full", |m| Some(m.honest_longest_below_full)),
        ]);
    }
    rows.extend::<[Row; 2]>([("publications", |m| Some(m.publications)), ("marks", |m| Some(m.marks))]);
    rows
}

/// What it is worth to the adversary, and what it costs everybody.
fn money(scenario: &Scenario, mean: &Measures, gas_price_gwei: f64) -> String {
    let mut text = String::new();
    if scenario.abusive > 0 {
        let each = f64::from(scenario.abusive);
        let _ = writeln!(
            text,
            "\nan abusive device earned {} tokens, where honesty would have earned it {}, and lost {} of its deposit",
            decimals(mean.reward_abusive / each),
            decimals(mean.reward_abusive_if_honest / each),
            decimals(mean.deposit_lost_abusive / each),
        );
    }
    let coins = mean.gas_per_device_year_at_most * gas_price_gwei / GAS_PER_COIN_GWEI;
    let _ = writeln!(
        text,
        "publications cost a device at most {} gas a year (at most {PUBLICATION_GAS_MAX} each): {} coins at {gas_price_gwei} gwei",
        number(mean.gas_per_device_year_at_most),
        decimals(coins),
    );
    text
}

fn verdict(scenario: &Scenario, runs: &[Run]) -> String {
    let all = runs.len();
    let won = runs.iter().filter(|run| run.is_won(scenario.abusive, scenario.honest())).count();
    let lost =
        runs.iter().filter(|run| scenario.honest() > 0 && run.honest_blocked == scenario.honest()).count();
    let unharmed = runs.iter().filter(|run| run.honest_blocked == 0).count();
    let mut text = format!("no honest device was blocked in {unharmed} of {all}");
    if scenario.abusive > 0 {
        let _ = write!(text, "; every abusive one was in {won}; the wrong camp won in {lost}");
    }
    text
}

/// Whole numbers as such, others with a digit.
fn number(value: f64) -> String {
    if (value - value.round()).abs() < 0.05 { format!("{value:.0}") } else { format!("{value:.1}") }
}

fn decimals(value: f64) -> String {
    format!("{value:.4}")
}
