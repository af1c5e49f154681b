//! What answers cost, against the bare SQL that they need, in one run.
//!
//! *Bare SQL* is the statements that the reader asks for the answer, stepped through to the end on one connection, each
//! prepared once, every column looked at and nothing made of it. An *answer* is all of it over HTTP on a connection that
//! is kept: the request, the reader, its snapshot, JSON, the response, and this test's reading of it. Both are asked by
//! turns, so that whatever else the machine does hits both, and the quicker quarters are compared: others only add.
//!
//! 1,000 devices × 10 epochs, unless `MULTEE_SCALE=10000x35` says otherwise. What HTTP costs at all is measured with an
//! answer that needs next to no SQL, and printed.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use multee_gateway::index::{Config, Index};
use multee_gateway::serve;
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use crate::scale::{DEPLOYMENT, Told, scale};
use crate::town::device;

/// How many times the bare SQL an answer may cost.
const TIMES_MAX: u32 = 5;
const RUNS: usize = 201;

/// Where the reader's statements stand.
const SOURCES: [&str; 4] = [
    include_str!("../../src/reader/overview.rs"),
    include_str!("../../src/reader/devices/mod.rs"),
    include_str!("../../src/reader/devices/record.rs"),
    include_str!("../../src/reader/devices/score.rs"),
];

/// A statement, and what is put into it.
type Statement = (&'static str, Vec<Value>);

/// As the source has it, without line ends and what continues them; with `VERDICT` put in where it is named.
fn stands_in_the_source(sql: &str) -> bool {
    let plain = |text: &str| text.replace("\\\n", " ").split_whitespace().collect::<Vec<_>>().join(" ");
    let stands = |text: &str| SOURCES.iter().any(|source| plain(source).contains(&plain(text)));
    let verdict = sql.find("CASE").zip(sql.find("END")).map(|(from, to)| &sql[from..to + "END".len()]);
    let by_name = |verdict| stands(verdict) && stands(&sql.replace(verdict, "{VERDICT}"));
    stands(sql) || verdict.is_some_and(by_name)
}

/// Steps through all rows of all statements, and looks at every column.
fn bare(db: &Connection, statements: &[Statement]) -> usize {
    let mut columns = 0;
    for (sql, values) in statements {
        let mut statement = db.prepare_cached(sql).expect("a statement");
        let width = statement.column_count();
        let mut rows = statement.query(params_from_iter(values)).expect("rows");
        while let Some(row) = rows.next().expect("a row") {
            columns += (0..width).filter(|column| row.get_ref(*column).is_ok()).count();
        }
    }
    columns
}

/// A client that keeps its connection.
struct Client(BufReader<TcpStream>);

impl Client {
    fn get(&mut self, path: &str) -> Vec<u8> {
        // In one piece: the system waits with the second for an answer to the first.
        let request = format!("GET {path} HTTP/1.1\r\nhost: here\r\n\r\n");
        self.0.get_mut().write_all(request.as_bytes()).expect("written");
        let (mut line, mut length) = (String::new(), 0);
        self.0.read_line(&mut line).expect("a status");
        assert!(line.starts_with("HTTP/1.1 200"), "{path}: {line}");
        while line != "\r\n" {
            line.clear();
            self.0.read_line(&mut line).expect("a header");
            if let Some((_, value)) = line.split_once("content-length: ") {
                length = value.trim().parse().expect("a length");
            }
        }
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).expect("a body");
        body
    }
}

fn timed<T>(ask: impl FnOnce() -> T) -> Duration {
    let start = Instant::now();
    drop(ask());
    start.elapsed()
}

/// A quarter of the runs took no longer.
fn quick(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 4]
}

/// The overview's numbers: what `Reader::numbers` asks.
fn overview(db: &Connection) -> Vec<Statement> {
    let number = |sql: &str| db.query_row(sql, [], |row| row.get::<_, i64>(0)).expect("a number");
    let last = number("SELECT last_opened FROM network");
    let oldest = (last - number("SELECT retention_epochs FROM network")).max(0);
    let day: Vec<Value> = vec![last.into(), u32::MAX.into()];
    let judged = number("SELECT coalesce(max(epoch), -1) FROM epochs WHERE passed + honest + malicious > 0");
    let became = "SELECT min(epoch), max(epoch), coalesce(sum(published), 0), coalesce(sum(passed + honest), 0), \
        coalesce(sum(malicious), 0) FROM epochs WHERE epoch BETWEEN ? AND ?";
    let twice = "SELECT count(*) FROM blocks WHERE epoch BETWEEN ? AND ? AND passed AND decided IS NOT NULL";
    vec![
        ("SELECT tier, count(*) FROM seats GROUP BY tier", vec![]),
        ("SELECT count(*) FROM seats WHERE exiting", vec![]),
        ("SELECT count(*) FROM seats WHERE operational AND last_epoch IS NULL", vec![]),
        ("SELECT count(*) FROM seats WHERE operational AND last_epoch < ?", vec![last.into()]),
        (
            "SELECT count(*) FROM blocks WHERE epoch >= ? AND log_position IS NOT NULL AND decided IS NULL",
            vec![oldest.into()],
        ),
        (
            "SELECT count(*) FROM blocks WHERE epoch >= ? \
                AND NOT passed AND decided IS NULL AND log_position IS NULL AND NOT final",
            vec![oldest.into()],
        ),
        (became, day.clone()),
        (twice, day),
        ("SELECT coalesce(max(epoch), -1) FROM epochs WHERE passed + honest + malicious > 0", vec![]),
        (became, vec![judged.into(), judged.into()]),
        (twice, vec![judged.into(), judged.into()]),
    ]
}

/// A device: what `Reader::device` asks, for one seat.
fn one_device(db: &Connection, number: u32) -> Vec<Statement> {
    let last: i64 = db.query_row("SELECT last_opened FROM network", [], |row| row.get(0)).expect("a number");
    let (seat, id) = (Value::from(number), Value::Blob(device(number).to_vec()));
    vec![
        (
            "SELECT * FROM seats WHERE device_id = ? ORDER BY admitted DESC, seat DESC LIMIT ?",
            vec![id, 50.into()],
        ),
        (
            "SELECT positive, negative FROM steps WHERE epoch = ? AND seat = ? AND positive IS NOT NULL",
            vec![(last - 2).into(), seat.clone()],
        ),
        (
            "SELECT epoch, rewards, rewarded FROM epochs WHERE epoch BETWEEN ? AND ? AND root IS NOT NULL \
                AND epoch < ? ORDER BY epoch",
            vec![0.into(), last.into(), last.into()],
        ),
        (
            "SELECT epoch, score FROM steps WHERE seat = ? ORDER BY told_block DESC, log_index DESC LIMIT ?",
            vec![seat.clone(), 24.into()],
        ),
        (
            "SELECT epoch, block_order, CASE WHEN decided IS NOT NULL THEN decided WHEN passed THEN 'passed' \
                WHEN final THEN 'final' ELSE 'open' END FROM blocks WHERE seat = ? ORDER BY epoch DESC LIMIT ?",
            vec![seat.clone(), 8.into()],
        ),
        ("SELECT epoch FROM blocks WHERE seat = ? AND epoch >= ?", vec![seat.clone(), 0.into()]),
        (
            "SELECT amount FROM rewards WHERE seat = ? AND epoch BETWEEN ? AND ? AND to_seat",
            vec![seat.clone(), 0.into(), last.into()],
        ),
        ("SELECT count(*) FROM steps WHERE seat = ?", vec![seat.clone()]),
        (
            "SELECT told_block, epoch, cause, rule, positive, negative, marks, validity, judgement, target, \
                gain_bps, full_streak, score_before, streak_before, score, streak FROM steps WHERE seat = ? \
                ORDER BY told_block DESC, log_index DESC LIMIT ? OFFSET ?",
            vec![seat.clone(), 50.into(), 0.into()],
        ),
        (
            "SELECT told_block, kind, epoch, detail FROM changes WHERE seat = ? \
                ORDER BY told_block DESC, log_index DESC LIMIT ?",
            vec![seat, 100.into()],
        ),
    ]
}

/// What every answer needs: of all columns, for the reader makes values of most.
fn common(db: &Connection) -> Vec<Statement> {
    let number: i64 = db.query_row("SELECT max(number) FROM trail", [], |row| row.get(0)).expect("a number");
    vec![("SELECT * FROM network", vec![]), ("SELECT * FROM trail WHERE number = ?", vec![number.into()])]
}

/// What the bare SQL and the answer take, asked by turns.
fn compared(
    db: &Connection,
    statements: &[Statement],
    client: &mut Client,
    path: &str,
) -> (Duration, Duration) {
    assert!(bare(db, statements) > 0 && !client.get(path).is_empty());
    let (mut sql, mut answers) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        sql.push(timed(|| {
            // One snapshot, as an answer is of one moment.
            let moment = db.unchecked_transaction().expect("a snapshot");
            bare(&moment, statements)
        }));
        answers.push(timed(|| client.get(path)));
    }
    (quick(sql), quick(answers))
}

fn served(path: &Path, told: Told) -> serve::Gateway {
    let index = Index::open(path, DEPLOYMENT, Config::default()).expect("an index");
    let now_s = told.timestamp_s;
    let listen = ([127, 0, 0, 1], 0).into();
    let config =
        serve::Config { rate: None, poll_every: Duration::from_hours(1), ..serve::Config::new(listen) };
    serve::Gateway::start(index, path, Arc::new(told), config, Arc::new(move || now_s)).expect("serves")
}

#[test]
fn answers_cost_a_few_times_the_bare_sql_that_they_need() {
    let ((devices, epochs), dir) = (scale((1_000, 10)), tempfile::tempdir().expect("a directory"));
    let path = dir.path().join("index");
    let mut told = Told::new(devices);
    (0..epochs).for_each(|epoch| told.epoch(epoch, devices));
    Index::open(&path, DEPLOYMENT, Config::default()).expect("an index").sync(&told).expect("synced");
    let gateway = served(&path, told);
    let db = Connection::open(&path).expect("an index");
    let mut client = Client(BufReader::new(TcpStream::connect(gateway.address()).expect("connects")));
    let common = common(&db);
    let floor = quick((0..RUNS).map(|_| timed(|| client.get("/health"))).collect());
    println!("{devices} devices, {epochs} epochs; HTTP alone {floor:?}");
    let number = 2 + devices / 2;
    for (what, statements, path) in [
        ("overview", overview(&db), "/v1/overview".to_owned()),
        ("device", one_device(&db, number), format!("/v1/devices/{}", device(number))),
    ] {
        // A seat's columns are named there.
        for (sql, _) in statements.iter().filter(|(sql, _)| !sql.starts_with("SELECT * FROM seats")) {
            assert!(stands_in_the_source(sql), "the reader asks otherwise: {sql}");
        }
        let all = [common.clone(), statements].concat();
        let (sql, answer) = compared(&db, &all, &mut client, &path);
        let times = answer.as_nanos() * 10 / sql.as_nanos().max(1);
        println!("{what}: {answer:?}, bare SQL {sql:?}, {}.{} times", times / 10, times % 10);
        assert!(answer <= sql * TIMES_MAX, "{what}: {answer:?} against {sql:?}");
    }
}
