//! A gateway killed again and again while it catches up.

use std::path::Path;
use std::time::{Duration, Instant};

use multee_chain::Chain;
use multee_gateway::index::{Config, Index};
use multee_gateway::reader::Reader;
use multee_protocol::Deployment;

use crate::dump::dump;
use crate::running::{Demo, Running};

/// A deterministic die (xorshift).
struct Die(u64);

impl Die {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }
}

fn newest(db: &Path) -> u64 {
    let reader = Reader::open(db).expect("an index");
    reader.newest().expect("read").map_or(0, |newest| newest.number)
}

/// Looks until the index has this block, which it gets while nobody hinders it.
fn until(db: &Path, number: u64) {
    let deadline = Instant::now() + Duration::from_mins(1);
    let reader = Reader::open(db).expect("an index");
    while reader.newest().expect("read").is_none_or(|newest| newest.number < number) {
        assert!(Instant::now() < deadline, "block {number} is not read");
        std::thread::yield_now();
    }
}

fn open(demo: &Demo, db: &Path) -> Index {
    let chain_id = demo.chain.head().expect("a head").chain_id;
    let deployment = Deployment { chain_id, contract: demo.contract };
    Index::open(db, deployment, Config::default()).expect("an index")
}

/// Killed (SIGKILL) at random moments, it goes on where it was; in the end the index is what one is that was never
/// disturbed, and what a replay gives: nothing is missing, and nothing twice.
#[test]
fn a_gateway_that_is_killed_while_it_catches_up_goes_on_where_it_was() {
    let seed = 0x5eed_4b17_u64;
    println!("seed {seed:#x}");
    let (mut die, directory) = (Die(seed), tempfile::tempdir().expect("a directory"));
    let demo = Demo::played(directory.path());
    let (db, undisturbed) = (directory.path().join("index"), directory.path().join("undisturbed"));
    let head = demo.chain.head().expect("a head").number;
    let (mut kills, mut before) = (0, 0);
    loop {
        let running = Running::start(&demo, &db, &["--batch-blocks-max", "1"]);
        let goal = before + 1 + die.roll(head / 12);
        if goal >= head {
            until(&db, head);
            assert_eq!(running.end(), Some(0));
            break;
        }
        until(&db, goal);
        // Anywhere in what it does next; nothing waits for this.
        std::thread::sleep(Duration::from_micros(die.roll(4_000)));
        drop(running);
        kills += 1;
        let now = newest(&db);
        assert!(now >= goal, "block {now} after {goal} was there");
        before = now;
        let verified = open(&demo, &db).verify(demo.chain.as_ref()).expect("verified");
        assert!(verified.agrees(), "killed {kills} times, at block {now}: {verified:#?}");
    }
    println!("killed {kills} times in {head} blocks");
    assert!(kills >= 10, "{kills}");
    let mut index = open(&demo, &undisturbed);
    index.sync(demo.chain.as_ref()).expect("synced");
    drop(index);
    assert_eq!(dump(&db), dump(&undisturbed));
}
