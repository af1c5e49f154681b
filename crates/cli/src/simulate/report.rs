//! `--report`: one HTML page that explains itself, for who does not know the program.

use std::fmt::Write as _;
use std::path::Path;

use multee_simulator::{Knob, Point, Range, Rules, Run, Runs, Scenario, simulate, sweep};

use super::SimulateError;
use super::chart::{Chart, Line};

/// Devices of the networks in which shares of abusive devices are compared, at most.
const COMPARED_DEVICES: u32 = 1000;
/// Shares of abusive devices that are compared, in percent.
const SHARES: [u32; 9] = [5, 10, 20, 30, 40, 44, 47, 49, 51];

const HONEST: &str = "#1a7f37";
const ABUSIVE: &str = "#cf222e";
const BASELINE: &str = "#8250df";

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem;color:#1f2328}\
pre{background:#f6f8fa;padding:1rem;overflow-x:auto;font-size:13px}svg{width:100%;height:auto}svg text{font-size:11px;fill:#57606a}\
polyline{fill:none;stroke-width:2}.grid{stroke:#d0d7de;stroke-width:1}.legend{font-size:14px;margin-top:0}h2{margin-top:2.5rem}";

/// Writes `index.html` into the directory, which is made if it is missing.
pub(super) fn write(
    directory: &Path,
    scenario: &Scenario,
    runs: &[Run],
    how: Runs,
    text: &str,
) -> Result<(), SimulateError> {
    let baseline = Scenario { rules: Rules::Published, ..*scenario };
    let published = if scenario.rules == Rules::Multee && baseline.validate().is_ok() {
        Some(averaged(&simulate(&baseline, how, &|| ())?))
    } else {
        None
    };
    let page = page(text, &averaged(runs), published.as_deref(), &harmed_by_share(scenario, how)?);
    std::fs::create_dir_all(directory)?;
    std::fs::write(directory.join("index.html"), page)?;
    Ok(())
}

/// The mean of the runs, day by day; a run that has ended stays as it ended.
fn averaged(runs: &[Run]) -> Vec<Point> {
    let days = runs.iter().map(|run| run.series.len()).max().unwrap_or(0);
    let count = u32::try_from(runs.len()).unwrap_or(u32::MAX);
    let on = |day: usize| runs.iter().filter_map(move |run| run.series.get(day).or(run.series.last()));
    (0..days)
        .filter_map(|day| {
            let first = on(day).next()?;
            let mean = |of: fn(&Point) -> f64| on(day).map(of).sum::<f64>() / f64::from(count);
            let blocked = |of: fn(&Point) -> u32| on(day).map(of).sum::<u32>() / count;
            Some(Point {
                day: u32::try_from(day + 1).unwrap_or(u32::MAX),
                abusive_weight: mean(|point| point.abusive_weight),
                abusive_score_mean: mean(|point| point.abusive_score_mean),
                honest_score_mean: mean(|point| point.honest_score_mean),
                honest_blocked: blocked(|point| point.honest_blocked),
                abusive_blocked: blocked(|point| point.abusive_blocked),
                ..*first
            })
        })
        .collect()
}

/// Honest devices that were ever below Full, and that were blocked, in percent, for each share of abusive devices.
fn harmed_by_share(scenario: &Scenario, how: Runs) -> Result<[Vec<(f64, f64)>; 2], SimulateError> {
    let devices = scenario.devices.min(COMPARED_DEVICES);
    let values: Vec<u32> = SHARES.iter().map(|share| devices * share / 100).collect();
    let base = Scenario { devices, ..*scenario };
    let range = Range { knob: Knob::Abusive, values };
    let points = sweep(&base, &[range], Runs { runs: how.runs.min(3), ..how }, &|| ())?;
    let mut lines = [Vec::new(), Vec::new()];
    for (share, point) in SHARES.iter().zip(&points) {
        let honest = f64::from(devices - point.values.first().copied().unwrap_or(0));
        let mean = &point.summary.mean;
        let [below, blocked] = &mut lines;
        below.push((f64::from(*share), 100.0 * mean.honest_ever_below_full / honest));
        blocked.push((f64::from(*share), 100.0 * mean.honest_blocked / honest));
    }
    Ok(lines)
}

fn line(name: &'static str, colour: &'static str, points: &[Point], of: fn(&Point) -> f64) -> Line {
    let points = points.iter().map(|point| (f64::from(point.day), of(point))).collect();
    Line { name, colour, points }
}

fn page(text: &str, ours: &[Point], published: Option<&[Point]>, harmed: &[Vec<(f64, f64)>; 2]) -> String {
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>A network under attack</title>\
         <meta name=\"viewport\" content=\"width=device-width\"><style>{STYLE}</style></head><body>\n\
         <h1>A network under attack</h1>\n<p>Devices judge each other once a day. Each has a score from 0 to 10,000: \
         from 9,000 on it is fully trusted, below 5,000 it is suspended. A device\u{2019}s verdicts weigh by its score \
         squared. All figures are simulated on the rules that the contract enforces, and are means of all runs.</p>\n\
         <pre>{}</pre>\n",
        escaped(text)
    );
    let mut section = |title: &str, explanation: &str, chart: Chart| {
        let _ = write!(page, "<h2>{title}</h2>\n<p>{explanation}</p>\n{}", chart.svg());
    };
    let scores = vec![
        line("honest devices", HONEST, ours, |point| point.honest_score_mean),
        line("abusive devices", ABUSIVE, ours, |point| point.abusive_score_mean),
    ];
    section(
        "Scores",
        "The mean score of each camp at the end of each day; blocked devices count as 0.",
        Chart { x: "day", y: "mean score", y_max: 10_000.0, lines: scores },
    );
    let weight = vec![line("abusive devices", ABUSIVE, ours, |point| 100.0 * point.abusive_weight)];
    section(
        "Weight of the abusive",
        "Their part of all votes. Above 50 % they decide; under 5 % they are heard no more.",
        Chart { x: "day", y: "weight, %", y_max: 60.0, lines: weight },
    );
    let [below, blocked] = harmed.clone();
    let lines = vec![
        Line { name: "ever below full trust", colour: HONEST, points: below },
        Line { name: "blocked for good", colour: ABUSIVE, points: blocked },
    ];
    section(
        "Harmed honest devices",
        "How many honest devices are harmed, by the share of abusive ones (networks of at most 1,000 devices).",
        Chart { x: "abusive devices, %", y: "honest devices, %", y_max: 100.0, lines },
    );
    if let Some(published) = published {
        let lines = vec![
            line("abusive blocked, these rules", ABUSIVE, ours, |point| point.abusive_blocked.into()),
            line("abusive blocked, as published", BASELINE, published, |point| point.abusive_blocked.into()),
            line("honest blocked, these rules", HONEST, ours, |point| point.honest_blocked.into()),
            line("honest blocked, as published", "#bf8700", published, |point| point.honest_blocked.into()),
        ];
        section(
            "Beside the published protocol",
            "The same attack on the confirmation protocol as Super Protocol published it, where every mark weighs the \
             same and there are no scores.",
            Chart { x: "day", y: "devices blocked", y_max: 1.0, lines },
        );
    }
    page.push_str("</body></html>\n");
    page
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
