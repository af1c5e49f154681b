//! What is kept of what was fetched: freshness, outages, and a directory that survives what happens to directories.

use std::fs;
use std::path::{Path, PathBuf};

use multee_collateral::{Endpoint, Evaluation, HttpConfig, Source, SourceConfig, SourceError, TlsRoots};
use multee_mock_vendor::{CollateralSpec, PlatformSpec, QuoteSpec, Vendor, VendorConfig};
use multee_protocol::TeeType;
use tempfile::TempDir;

mod pcs;

use pcs::{Mood, Pcs};

const DAY_S: u64 = 86_400;
const START_S: u64 = 1_800_000_000;
const TEE: TeeType = TeeType::Tdx;

/// A service, a source that asks it, and the directory it keeps things in.
struct Node {
    vendor: Vendor,
    service: Pcs,
    directory: TempDir,
    config: SourceConfig,
    source: Source,
}

impl Node {
    /// Everything was issued at the start and holds for 30 days; refreshed after 10 days, and 5 days before it expires.
    fn start() -> Self {
        let config = VendorConfig {
            not_before_s: START_S,
            not_after_s: START_S + 365 * DAY_S,
            tcb_evaluation_number: 19,
        };
        let vendor = Vendor::from_seed([7; 32], config).expect("dates in range");
        let service = Pcs::with(&vendor, issued(START_S));
        let directory = tempfile::tempdir().expect("directory");
        let config = SourceConfig {
            intel: vec![service.url().parse().expect("URL")],
            amd: vec![],
            cache: Some(directory.path().join("collateral")),
            refresh_margin_s: 5 * DAY_S,
            age_s_max: 10 * DAY_S,
            http: HttpConfig { time_ms_max: 30_000, tls_roots: TlsRoots::These(vec![]) },
        };
        let source = Source::open(config.clone()).expect("opens");
        Self { vendor, service, directory, config, source }
    }

    fn restart(&mut self) {
        self.source = Source::open(self.config.clone()).expect("opens");
    }

    fn ask(&self, at_s: u64, now_s: u64) -> Result<Vec<u8>, SourceError> {
        let platform = self.vendor.platform(PlatformSpec::sound(1, TEE)).expect("simulated");
        let quote = platform.quote(&QuoteSpec::of_program(TEE, "agent", [0; 64])).expect("same TEE");
        self.source.collateral(&quote, Evaluation::Standard, at_s, now_s)
    }

    fn files(&self) -> Vec<PathBuf> {
        let directory = self.directory.path().join("collateral");
        let files = fs::read_dir(directory).expect("lists");
        let mut files: Vec<PathBuf> = files.map(|file| file.expect("lists").path()).collect();
        files.sort();
        files
    }

    fn pieces(&self) -> Vec<PathBuf> {
        self.files().into_iter().filter(|file| name(file).len() == 64).collect()
    }

    fn index(&self) -> PathBuf {
        self.directory.path().join("collateral/index.json")
    }
}

fn name(path: &Path) -> &str {
    path.file_name().and_then(|name| name.to_str()).expect("text")
}

fn issued(issued_s: u64) -> CollateralSpec {
    let fmspc = PlatformSpec::sound(1, TEE).fmspc;
    CollateralSpec {
        tee: TEE,
        fmspc,
        issued_s,
        next_update_s: issued_s + 30 * DAY_S,
        tcb_evaluation_number: 19,
    }
}

#[test]
fn what_is_fresh_is_not_asked_for_again() {
    let node = Node::start();
    let first = node.ask(START_S, START_S).expect("fetched");
    assert_eq!(node.service.asked().len(), 4);
    assert_eq!(node.ask(START_S + 9 * DAY_S, START_S + 9 * DAY_S).expect("cached"), first);
    assert_eq!(node.service.asked().len(), 0);
    node.ask(START_S + 10 * DAY_S, START_S + 10 * DAY_S).expect("refreshed for its age");
    assert_eq!(node.service.asked().len(), 4);
    node.ask(START_S + 19 * DAY_S, START_S + 19 * DAY_S).expect("cached");
    assert_eq!(node.service.asked().len(), 0);
}

#[test]
fn what_expires_soon_is_refreshed() {
    let node = Node::start();
    let late_s = START_S + 24 * DAY_S;
    node.ask(late_s, late_s).expect("fetched");
    node.service.asked();
    let due_s = START_S + 25 * DAY_S;
    node.service.serve(&node.vendor, issued(due_s));
    let text = String::from_utf8(node.ask(due_s, due_s).expect("refreshed")).expect("text");
    assert_eq!(node.service.asked().len(), 4);
    assert!(text.contains("2027-02-09"), "{text}");
}

#[test]
fn service_that_has_nothing_fresher_is_not_asked_at_every_turn() {
    let node = Node::start();
    let late_s = START_S + 26 * DAY_S;
    node.ask(late_s, late_s).expect("fetched, though it expires soon");
    node.service.asked();
    node.ask(late_s + 599, late_s + 599).expect("cached");
    assert_eq!(node.service.asked().len(), 0);
    node.ask(late_s + 600, late_s + 600).expect("fetched");
    assert_eq!(node.service.asked().len(), 4);
    node.service.serve(&node.vendor, issued(START_S - DAY_S));
    for turn in 2..4 {
        node.ask(late_s + 600 * turn, late_s + 600 * turn).expect("the newest there was");
        node.ask(late_s + 600 * turn + 1, late_s + 600 * turn + 1).expect("cached");
        assert_eq!(node.service.asked().len(), 4, "an older one counts as an answer");
    }
}

#[test]
fn outage_is_bridged_for_as_long_as_the_cache_holds_and_then_nothing_is_served() {
    let node = Node::start();
    let first = node.ask(START_S, START_S).expect("fetched");
    node.service.is(Mood::Status(500));
    let late_s = START_S + 29 * DAY_S;
    assert_eq!(node.ask(late_s, late_s).expect("cached"), first);
    let alarms = node.source.alarms(late_s);
    assert_eq!(alarms.len(), 4);
    let alarm = &alarms[0];
    assert_eq!((alarm.since_s, alarm.age_s(late_s)), (late_s, Some(29 * DAY_S)));
    assert_eq!(alarm.cached_until_s, Some(START_S + 30 * DAY_S));
    let said = format!("{} cannot be fetched; {}: status 500", alarm.item, node.service.url());
    assert_eq!(alarm.to_string(), said);
    let end_s = START_S + 30 * DAY_S;
    assert_eq!(node.ask(end_s - 1, end_s).expect("holds for an earlier epoch"), first);
    let error = node.ask(end_s, end_s).expect_err("expired");
    let SourceError::Unavailable(alarm) = error else { panic!("{error}") };
    assert_eq!(alarm.since_s, late_s, "the outage's beginning");
    node.service.is(Mood::Sound);
    node.service.serve(&node.vendor, issued(end_s));
    let back_s = end_s + 3_600;
    node.ask(back_s, back_s).expect("fetched again");
    assert_eq!(node.source.alarms(back_s), []);
}

#[test]
fn endpoint_in_an_outage_is_asked_seldom() {
    let node = Node::start();
    node.service.is(Mood::Status(500));
    for second in 0..600 {
        assert!(node.ask(START_S, START_S + second).is_err());
    }
    // At 0, 30, 90, 210 and 450 seconds.
    assert_eq!(node.service.asked().len(), 5);
}

#[test]
fn evidence_is_judged_by_what_was_issued_until_its_epoch_began() {
    let node = Node::start();
    let first = node.ask(START_S, START_S).expect("fetched");
    let (epoch_s, later_s) = (START_S + 10 * DAY_S, START_S + 10 * DAY_S + 3_600);
    node.service.serve(&node.vendor, issued(later_s));
    assert_eq!(node.ask(epoch_s, later_s).expect("the older one"), first);
    assert_eq!(node.service.asked().len(), 8, "though the newer one was fetched");
    assert_ne!(node.ask(later_s, later_s).expect("the newer one"), first);
    let error = node.ask(START_S - 1, later_s).expect_err("nothing is that old");
    assert!(matches!(error, SourceError::IssuedLater { .. }), "{error}");
}

#[test]
fn old_versions_are_let_go() {
    let node = Node::start();
    for version in 0..20 {
        let now_s = START_S + version * 10 * DAY_S;
        node.service.serve(&node.vendor, issued(now_s));
        node.ask(now_s, now_s).expect("fetched");
    }
    // Each holds for 30 days: three of each of the four are left.
    assert_eq!(node.pieces().len(), 12);
}

#[test]
fn versions_are_bounded_however_fast_they_come() {
    let mut node = Node::start();
    node.config.age_s_max = 1;
    node.restart();
    let moment = |version: u64| START_S + version * 600;
    for version in 0..20 {
        node.service.serve(&node.vendor, issued(moment(version)));
        node.ask(moment(version), moment(version)).expect("fetched");
    }
    assert_eq!(node.pieces().len(), 4 * 8);
    let error = node.ask(moment(11), moment(19)).expect_err("let go");
    assert!(matches!(error, SourceError::IssuedLater { .. }), "{error}");
    node.ask(moment(12), moment(19)).expect("the oldest that is kept");
}

#[test]
fn directory_survives_a_restart() {
    let mut node = Node::start();
    let first = node.ask(START_S, START_S).expect("fetched");
    node.service.asked();
    node.restart();
    node.service.is(Mood::Status(500));
    assert_eq!(node.ask(START_S + DAY_S, START_S + DAY_S).expect("cached"), first);
    assert_eq!(node.service.asked().len(), 0);
}

#[test]
fn damaged_pieces_are_found_out_and_fetched_anew() {
    let mut node = Node::start();
    let first = node.ask(START_S, START_S).expect("fetched");
    let pieces = node.pieces();
    assert_eq!(pieces.len(), 4);
    let mut content = fs::read(&pieces[0]).expect("reads");
    let middle = content.len() / 2;
    content[middle] ^= 1;
    fs::write(&pieces[0], &content).expect("writes");
    fs::write(&pieces[1], "").expect("writes");
    fs::remove_file(&pieces[2]).expect("removes");
    node.restart();
    node.service.asked();
    assert_eq!(node.ask(START_S, START_S).expect("three fetched, one cached"), first);
    assert_eq!(node.service.asked().len(), 3);
    node.restart();
    assert_eq!(node.ask(START_S, START_S).expect("cached"), first);
    assert_eq!(node.service.asked().len(), 0);
}

#[test]
fn damaged_index_costs_fetching_everything_anew() {
    let mut node = Node::start();
    let first = node.ask(START_S, START_S).expect("fetched");
    let index = fs::read(node.index()).expect("reads");
    let other = String::from_utf8(index.clone()).expect("text").replace("\"version\": 1", "\"version\": 2");
    for damage in [&index[..index.len() / 2], b"", b"[]", other.as_bytes()] {
        fs::write(node.index(), damage).expect("writes");
        node.restart();
        node.service.asked();
        assert_eq!(node.ask(START_S, START_S).expect("fetched"), first);
        assert_eq!(node.service.asked().len(), 4);
    }
}

#[test]
fn index_leads_to_no_other_file() {
    let mut node = Node::start();
    node.ask(START_S, START_S).expect("fetched");
    let secret = node.directory.path().join("secret");
    fs::write(&secret, "{}").expect("writes");
    let pieces = node.pieces();
    let index = fs::read_to_string(node.index()).expect("reads");
    fs::write(node.index(), index.replace(&format!("0x{}", name(&pieces[0])), "../secret")).expect("writes");
    node.restart();
    node.service.asked();
    node.ask(START_S, START_S).expect("fetched");
    assert_eq!(node.service.asked().len(), 4, "an index that names anything but digests is damaged");
    assert!(secret.exists());
}

#[test]
fn what_a_killed_process_left_is_swept_and_nothing_else() {
    let mut node = Node::start();
    node.ask(START_S, START_S).expect("fetched");
    let directory = node.directory.path().join("collateral");
    let left = ["ab".repeat(32), format!("{}.123.tmp", "cd".repeat(32)), "index.json.77.tmp".to_owned()];
    let others = ["notes.txt", "notes.tmp", "index.json.bak"];
    for file in left.iter().map(String::as_str).chain(others) {
        fs::write(directory.join(file), "x").expect("writes");
    }
    node.restart();
    assert_eq!(node.pieces().len(), 4);
    for file in &left {
        assert!(!directory.join(file).exists(), "{file}");
    }
    for file in others {
        assert!(directory.join(file).exists(), "{file}");
    }
}

#[test]
fn directory_that_takes_nothing_more_is_an_alarm_and_no_outage() {
    let node = Node::start();
    let directory = node.directory.path().join("collateral");
    fs::remove_dir(&directory).expect("empty");
    fs::write(&directory, "a file in its place").expect("writes");
    node.ask(START_S, START_S).expect("from memory");
    let alarms = node.source.alarms(START_S);
    assert_eq!(alarms.len(), 4);
    assert_eq!(alarms[0].refusals[0].0, "cache");
    assert!(Source::open(node.config.clone()).is_err());
}

#[test]
fn endpoints_are_named_in_the_index() {
    let node = Node::start();
    node.ask(START_S, START_S).expect("fetched");
    let index = fs::read_to_string(node.index()).expect("reads");
    let endpoint: Endpoint = node.service.url().parse().expect("URL");
    assert_eq!(index.matches(&endpoint.to_string()).count(), 4);
    assert!(index.contains("TDX TCB info of FMSPC 53494D544458, evaluation in force,"), "{index}");
}
