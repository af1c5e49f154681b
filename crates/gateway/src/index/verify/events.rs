//! Each event and its row.

use std::collections::BTreeMap;

use multee_protocol::SeatId;
use multee_protocol::machine::{Event, State};
use multee_replay::{Place, Watch};
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, params_from_iter};

use super::Verified;
use crate::index::apply::change_of;
use crate::index::error::Fault;
use crate::index::words::{Taking, address, amount, bytes};

/// Tables in which events have rows of their own.
const COUNTED: [&str; 5] = ["blocks", "log", "steps", "rewards", "changes"];

/// What became of a block, as events tell it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Fate {
    passed: bool,
    decided: Option<String>,
    finished: bool,
}

/// Compares events with their rows as the replay goes along.
pub(super) struct Comparing<'a> {
    db: &'a Connection,
    verified: Verified,
    /// Rows that there must be, in the order of [`COUNTED`].
    rows: [u64; 5],
    /// By seat and epoch.
    fates: BTreeMap<(u32, u32), Fate>,
    /// Newest log positions, by epoch and order.
    positions: BTreeMap<(u32, u32), u64>,
    fault: Option<Fault>,
}

impl Watch for Comparing<'_> {
    fn event(&mut self, place: &Place, event: &Event, state: &State) {
        self.verified.events += 1;
        self.note(event);
        if self.fault.is_none() {
            let compared = self.compare(place, event);
            self.fault = compared.and_then(|()| self.compare_state(place, event, state)).err();
        }
    }
}

/// What a row must be, and where.
struct Expected {
    table: usize,
    columns: &'static str,
    place: &'static str,
    at: Vec<Value>,
    row: Vec<Value>,
}

impl<'a> Comparing<'a> {
    pub(super) fn new(db: &'a Connection) -> Self {
        Self {
            db,
            verified: Verified::default(),
            rows: [0; 5],
            fates: BTreeMap::new(),
            positions: BTreeMap::new(),
            fault: None,
        }
    }

    /// What was found; and that no row is without an event.
    pub(super) fn finish(mut self) -> Result<Verified, Fault> {
        if let Some(fault) = self.fault.take() {
            return Err(fault);
        }
        self.compare_fates()?;
        for (table, expected) in COUNTED.into_iter().zip(self.rows) {
            let sql = format!("SELECT count(*) FROM {table}");
            let found: i64 = self.db.query_row(&sql, [], |row| row.get(0))?;
            let found = u64::try_from(found).unwrap_or(0);
            self.verified.same(|| format!("rows of {table}"), &found, &expected);
        }
        Ok(self.verified)
    }

    /// Remembers what befalls blocks.
    fn note(&mut self, event: &Event) {
        let mut fate = |seat: &SeatId, epoch: &u32, change: &dyn Fn(&mut Fate)| {
            change(self.fates.entry((seat.0, *epoch)).or_default());
        };
        match event {
            Event::BlockPublished { seat, epoch, .. } => fate(seat, epoch, &|_| ()),
            Event::BlockPassed { seat, epoch, .. } => fate(seat, epoch, &|it| it.passed = true),
            Event::BlockFinal { seat, epoch, .. } => fate(seat, epoch, &|it| it.finished = true),
            Event::BlockDecided { seat, epoch, malicious, .. } => {
                let decided = if *malicious { "malicious" } else { "honest" };
                fate(seat, epoch, &|it| it.decided = Some(decided.to_owned()));
            }
            Event::BlockLogged { epoch, order, position, .. } => {
                self.positions.insert((*epoch, *order), *position);
            }
            _ => {}
        }
    }

    fn compare_fates(&mut self) -> Result<(), Fault> {
        let sql = "SELECT seat, epoch, block_order, passed, decided, final, log_position FROM blocks";
        let mut rows = self.db.prepare(sql)?;
        let mut rows = rows.query([])?;
        while let Some(row) = rows.next()? {
            let mut row = Taking::of(row);
            let (seat, epoch, order): (u32, u32, u32) = (row.next()?, row.next()?, row.next()?);
            let fate = Fate { passed: row.next()?, decided: row.next()?, finished: row.next()? };
            let position = row.next::<Option<i64>>()?.and_then(|position| u64::try_from(position).ok());
            let rules = (self.fates.get(&(seat, epoch)), self.positions.get(&(epoch, order)));
            let named = || format!("fate of block {epoch}/{order}");
            self.verified.same(named, &(Some(&fate), position.as_ref()), &rules);
        }
        Ok(())
    }

    /// What an event does not tell and the state shows while the ring holds it.
    fn compare_state(&mut self, place: &Place, event: &Event, state: &State) -> Result<(), Fault> {
        match event {
            Event::EpochSeeded { epoch, seed, .. } => {
                let Ok(view) = state.epoch_view(*epoch, place.timestamp_s) else { return Ok(()) };
                self.hold_of(
                    "epochs",
                    &Expected {
                        table: BLOCKS,
                        columns: "seed, root, roster_epoch, roster_size, window_size, decision_marks, \
                            latest_checks, suspicious_checks, pot, policy_digest, reference_digest",
                        place: "epoch = ?",
                        at: vec![(*epoch).into()],
                        row: vec![
                            bytes(*seed),
                            bytes(view.root),
                            view.roster_epoch.into(),
                            view.roster_size.into(),
                            view.window_size.into(),
                            view.decision_marks.into(),
                            view.latest_checks.into(),
                            view.suspicious_checks.into(),
                            amount(view.pot),
                            bytes(view.policy_digest),
                            bytes(view.reference_digest),
                        ],
                    },
                )
            }
            Event::BlockPublished { seat, epoch, order, .. } => {
                let Ok(block) = state.block_view(*epoch, *order, place.timestamp_s) else { return Ok(()) };
                let Ok(seat) = state.seat_view(*seat) else { return Ok(()) };
                self.hold(&Expected {
                    table: BLOCKS,
                    columns: "off, incarnation, measurement",
                    place: "epoch = ? AND block_order = ?",
                    at: vec![(*epoch).into(), (*order).into()],
                    row: vec![block.off.into(), address(seat.incarnation), bytes(seat.measurement)],
                })
            }
            _ => Ok(()),
        }
    }

    fn compare(&mut self, place: &Place, event: &Event) -> Result<(), Fault> {
        let block = i64::try_from(place.block_number).map_err(|_| Fault::Misfit("a block's number"))?;
        let at: Vec<Value> = vec![block.into(), place.log_index.unwrap_or(u32::MAX).into()];
        for expected in expected(event, &at) {
            if let Some(count) = self.rows.get_mut(expected.table) {
                *count += 1;
            }
            self.hold(&expected)?;
        }
        if let Event::CertificatesPublished { seat, epoch, certificates } = event {
            self.hold(&Expected {
                table: BLOCKS,
                columns: "certificates_hash",
                place: "seat = ? AND epoch = ?",
                at: vec![seat.0.into(), (*epoch).into()],
                row: vec![bytes(certificates.digest)],
            })?;
        }
        Ok(())
    }

    fn hold(&mut self, expected: &Expected) -> Result<(), Fault> {
        self.hold_of(COUNTED.get(expected.table).copied().unwrap_or_default(), expected)
    }

    fn hold_of(&mut self, table: &str, expected: &Expected) -> Result<(), Fault> {
        let Expected { columns, place, at, row, .. } = expected;
        let sql = format!("SELECT {columns} FROM {table} WHERE {place}");
        let mut found = self.db.prepare_cached(&sql)?;
        let width = row.len();
        let read = |found: &rusqlite::Row<'_>| (0..width).map(|column| found.get(column)).collect();
        let found: Option<Vec<Value>> = found.query_row(params_from_iter(at), read).optional()?;
        let named = || format!("{table} ({columns}) at {at:?}");
        self.verified.same(named, &found.as_ref(), &Some(row));
        Ok(())
    }
}

const BLOCKS: usize = 0;
const LOG: usize = 1;
const STEPS: usize = 2;
const REWARDS: usize = 3;
const CHANGES: usize = 4;
const HERE: &str = "told_block = ? AND log_index = ?";

/// The rows that an event leaves.
fn expected(event: &Event, at: &[Value]) -> Vec<Expected> {
    let here = |table, columns, row| Expected { table, columns, place: HERE, at: at.to_vec(), row };
    let mut rows = Vec::new();
    match event {
        Event::BlockPublished { .. } => rows.extend(published(event, at)),
        Event::BlockLogged { epoch, order, position, .. } => rows.push(Expected {
            table: LOG,
            columns: "told_block, log_index, epoch, block_order",
            place: "position = ?",
            at: vec![i64::try_from(*position).unwrap_or(i64::MAX).into()],
            row: at.iter().cloned().chain([(*epoch).into(), (*order).into()]).collect(),
        }),
        Event::BlockPassed { seat, epoch, judgement, score, streak } => {
            let row: Vec<Value> = vec![
                seat.0.into(),
                (*epoch).into(),
                "passed".to_owned().into(),
                judgement.bps().into(),
                score.bps().into(),
                (*streak).into(),
            ];
            rows.push(here(STEPS, "seat, epoch, cause, judgement, score, streak", row));
        }
        Event::BlockDecided {
            seat,
            epoch,
            malicious,
            positive,
            negative,
            count,
            judgement,
            score,
            streak,
            reward,
        } => {
            let row: Vec<Value> = vec![
                seat.0.into(),
                (*epoch).into(),
                if *malicious { "malicious" } else { "honest" }.to_owned().into(),
                (*positive).into(),
                (*negative).into(),
                (*count).into(),
                judgement.bps().into(),
                score.bps().into(),
                (*streak).into(),
            ];
            rows.push(here(
                STEPS,
                "seat, epoch, cause, positive, negative, marks, judgement, score, streak",
                row,
            ));
            rows.push(here(
                REWARDS,
                "seat, epoch, amount",
                vec![seat.0.into(), (*epoch).into(), amount(*reward)],
            ));
        }
        Event::BlockFinal { seat, epoch, reward } => {
            rows.push(here(
                REWARDS,
                "seat, epoch, amount",
                vec![seat.0.into(), (*epoch).into(), amount(*reward)],
            ));
        }
        Event::SeatRestarted { seat, score, .. } | Event::SeatRevived { seat, score, .. } => {
            rows.push(here(
                STEPS,
                "seat, rule, score",
                vec![seat.0.into(), "set".to_owned().into(), score.bps().into()],
            ));
        }
        Event::SeatRegistered { seat, .. } => {
            rows.push(here(STEPS, "seat, cause", vec![seat.0.into(), "registered".to_owned().into()]));
        }
        _ => {}
    }
    if let Some((kind, detail)) = change_of(event) {
        rows.push(here(CHANGES, "kind, detail", vec![kind.to_owned().into(), detail.into()]));
    }
    rows
}

fn published(event: &Event, at: &[Value]) -> Option<Expected> {
    let Event::BlockPublished {
        seat,
        epoch,
        digest,
        order,
        weight,
        power,
        properties_digest,
        marks,
        latest_bindings,
        r,
        vs,
        evidence,
    } = event
    else {
        return None;
    };
    let row = vec![
        at.first().cloned().unwrap_or(Value::Null),
        seat.0.into(),
        bytes(*digest),
        (*weight).into(),
        Value::Blob(power.to_be_bytes().to_vec()),
        bytes(*properties_digest),
        Value::Blob(marks.0.to_be_bytes_vec()),
        bytes(*latest_bindings),
        bytes(*r),
        bytes(*vs),
        bytes(evidence.digest),
    ];
    Some(Expected {
        table: BLOCKS,
        columns: "told_block, seat, digest, weight, power, properties_digest, marks, latest_bindings, r, vs, \
                  evidence_hash",
        place: "epoch = ? AND block_order = ?",
        at: vec![(*epoch).into(), (*order).into()],
        row,
    })
}
