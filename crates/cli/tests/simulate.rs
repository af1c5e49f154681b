//! `multee simulate` as users and scripts see it. Snapshots hold the exact text.

use std::process::{Command, Output, Stdio};

use insta::assert_snapshot;
use serde_json::Value;

fn multee(command: &str, args: &str) -> Output {
    let mut program = Command::new(env!("CARGO_BIN_EXE_multee"));
    program.args(command.split_whitespace()).args(args.split_whitespace()).stdin(Stdio::null());
    program.output().expect("the program runs")
}

fn simulate(args: &str) -> Output {
    multee("simulate", args)
}

fn shown(args: &str) -> String {
    let output = simulate(args);
    assert_eq!(
        (output.status.code(), output.stderr.as_slice()),
        (Some(0), &[][..]),
        "no bar but on a terminal"
    );
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[test]
fn runs_are_told_in_a_table_with_what_the_adversary_gains() {
    assert_snapshot!(shown("--devices 120 --abusive 40 --runs 3 --seed 5"));
}

#[test]
fn published_rules_are_told_without_scores_and_money() {
    assert_snapshot!(shown("--rules published --devices 120 --abusive 40 --runs 3"));
}

#[test]
fn what_makes_no_sense_is_a_wrong_command_line_and_says_why() {
    let cases = [
        "--devices 10 --abusive 11",
        "--latest-checks 30",
        "--decision-marks 91",
        "--score-gain 0",
        "--devices 1",
        "--rules published --devices 40 --abusive 4",
        "--rules published --strategy on-off",
    ];
    let complaints = cases.map(|args| {
        let output = simulate(args);
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{args}");
        format!("{args}\n{}", String::from_utf8_lossy(&output.stderr))
    });
    assert_snapshot!(complaints.join("\n"));
}

#[test]
fn json_has_every_run_and_their_mean() {
    let args = "--devices 60 --abusive 20 --runs 2 --json";
    let document: Value = serde_json::from_str(&shown(args)).expect("one JSON document");
    let runs = document["runs"].as_array().expect("runs");
    assert_eq!(runs.len(), 2);
    for measures in runs.iter().chain([&document["mean"]]) {
        for name in [
            "abusive_blocked",
            "honest_blocked",
            "days",
            "abusive_weight_under_5pct_epoch",
            "honest_score_min",
            "honest_ever_below_full",
            "honest_ever_below_warning",
            "device_days_per_s",
        ] {
            assert!(measures[name].is_number(), "{name} in {measures}");
        }
        assert!(measures.get("series").is_none());
    }
    let with_series: Value = serde_json::from_str(&shown(&format!("{args} --series"))).expect("JSON");
    let series = with_series["runs"][0]["series"].as_array().expect("a series");
    assert_eq!(series.len() as u64, with_series["runs"][0]["days"].as_u64().expect("days"));
}

#[test]
fn csv_has_a_line_of_names_and_one_for_each_run() {
    let text = shown("--devices 60 --abusive 20 --runs 3 --csv");
    let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split(',').collect()).collect();
    assert_eq!(lines.len(), 4);
    assert!(lines.iter().all(|line| line.len() == lines[0].len()));
    assert_eq!(lines[0][..4], ["run", "abusive_blocked", "honest_blocked", "days"]);
    assert_eq!(lines[3][..3], ["2", "20", "0"]);
}

#[test]
fn threads_change_nothing_but_the_speed() {
    let runs = |threads: u32| shown(&format!("--devices 80 --abusive 30 --runs 4 --threads {threads}"));
    assert_eq!(runs(1), runs(3));
}

#[test]
fn sweeps_tell_of_every_combination() {
    assert_snapshot!(shown(
        "sweep --devices 60 --over abusive=15,25 --over score-gain=1000..3000:1000 --runs 3"
    ));
    let csv = shown("sweep --devices 60 --over abusive=15,25 --runs 2 --csv");
    assert!(csv.starts_with("abusive,won,lost,unharmed,days,"), "{csv}");
    let json: Value = serde_json::from_str(&shown("sweep --devices 60 --over abusive=15,25 --runs 2 --json"))
        .expect("one JSON document");
    assert_eq!(json["points"].as_array().map(Vec::len), Some(2));
    let refused = simulate("sweep --over gain=3");
    assert_eq!(refused.status.code(), Some(2));
}

#[test]
fn report_is_one_page_with_its_plots_in_it() {
    let directory = tempfile::tempdir().expect("directory");
    let path = directory.path().join("new").join("report");
    shown(&format!("--devices 60 --abusive 20 --runs 2 --report {}", path.display()));
    let page = std::fs::read_to_string(path.join("index.html")).expect("a page");
    assert_eq!(page.matches("<svg").count(), 4, "with the published rules beside");
    assert_eq!(page.matches("<polyline").count(), 2 + 1 + 2 + 4);
    for outside in ["http://", "https://", "<script", "src="] {
        assert!(!page.contains(outside), "{outside}");
    }
    shown(&format!("--devices 40 --abusive 10 --runs 1 --report {}", path.display()));
    let page = std::fs::read_to_string(path.join("index.html")).expect("a page");
    assert_eq!(page.matches("<svg").count(), 3, "too few devices for the published rules");
}

#[test]
fn parameters_are_recommended_with_what_they_withstand() {
    let output = multee("params recommend", "--devices 40 --expected-abusive 20 --runs 2");
    assert_eq!(output.status.code(), Some(0));
    assert_snapshot!(String::from_utf8_lossy(&output.stdout));
    assert_eq!(multee("params recommend", "--devices 40 --expected-abusive 50").status.code(), Some(2));
}
