//! Who judged whom in an epoch, as a graph.

use std::collections::{BTreeMap, BTreeSet};

use alloy_primitives::B256;
use multee_protocol::{Check, Mark as Verdict, Marks};
use rusqlite::{Connection, Row, params};
use serde::Serialize;
use utoipa::ToSchema;

use super::Reader;
use super::marks::Opened;
use crate::index::IndexError;
use crate::index::error::Fault;
use crate::index::words::Taking;
use crate::shown::Hash;

/// Blocks of an epoch beyond which seats are put together by their tiers.
const SEATS_SHOWN: usize = 300;

/// Who judged whom in an epoch. Up to 300 blocks the nodes are seats; beyond that they are tiers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Graph {
    /// The epoch.
    pub epoch: u32,
    /// Blocks that were published in it.
    pub blocks: u64,
    /// Whether the nodes are tiers.
    pub aggregated: bool,
    /// Seats that published in it or were judged, or their tiers.
    pub nodes: Vec<Node>,
    /// Who judged whom, with how many marks.
    pub edges: Vec<Edge>,
}

/// A seat, or all seats of a tier.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Node {
    /// What edges call it: `seat-7`, `tier-full`.
    pub id: String,
    /// Its tier as it is now (R11).
    pub tier: String,
    /// How many seats it stands for.
    pub seats: u32,
    /// The seat, if it is one.
    pub seat: Option<u32>,
    /// That seat's device.
    #[schema(value_type = Option<Hash>)]
    pub device_id: Option<B256>,
    /// That seat's score as it is now, in basis points.
    pub score: Option<u16>,
}

/// Marks from one node on another's blocks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Edge {
    /// Whose blocks gave them.
    pub source: String,
    /// Whose blocks got them.
    pub target: String,
    /// Valid marks.
    pub positive: u32,
    /// Negative marks.
    pub negative: u32,
    /// Which negative ones (4.6), each named once.
    pub negative_marks: BTreeSet<&'static str>,
}

impl Edge {
    fn add(&mut self, mark: Verdict) {
        if mark == Verdict::Valid {
            self.positive = self.positive.saturating_add(1);
        } else {
            self.negative = self.negative.saturating_add(1);
            self.negative_marks.insert(mark.name());
        }
    }
}

impl Reader {
    /// Who judged whom in an epoch; `None` if it was not opened.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn graph(&self, epoch: u32) -> Result<Option<Graph>, IndexError> {
        self.at_once(|db| {
            let Some(opened) = Opened::find(db, epoch)? else { return Ok(None) };
            let (given, targets) = (given(db, epoch)?, Targets::of(db, &opened)?);
            let marks = given.iter().flat_map(|(seat, marks)| targets.of_marks(&opened, *seat, *marks));
            let marks: Vec<(u32, u32, Verdict)> = marks.collect();
            let judged = marks.iter().map(|(_, target, _)| *target);
            let seats: BTreeSet<u32> = given.iter().map(|(seat, _)| *seat).chain(judged).collect();
            let nodes = seats.into_iter().map(|seat| node(db, seat)).collect::<Result<Vec<_>, _>>()?;
            Ok(Some(graph(epoch, given.len(), nodes, &marks)))
        })
    }
}

/// The epoch's blocks: who gave which marks.
fn given(db: &Connection, epoch: u32) -> Result<Vec<(u32, Marks)>, Fault> {
    let mut found = db.prepare_cached("SELECT seat, marks FROM blocks WHERE epoch = ?")?;
    let read = |row: &Row<'_>| {
        let mut row = Taking::of(row);
        Ok((row.next()?, Marks(row.hash()?.into())))
    };
    Ok(found.query_map([epoch], read)?.collect::<rusqlite::Result<_>>()?)
}

/// Whose blocks an epoch's places are about.
struct Targets {
    /// By rank.
    latest: BTreeMap<u32, u32>,
    /// By entry of the window.
    window: BTreeMap<u32, u32>,
    /// The seats' ranks.
    ranks: BTreeMap<u32, u32>,
}

impl Targets {
    fn of(db: &Connection, opened: &Opened) -> Result<Self, Fault> {
        let pair = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?));
        let sql = "SELECT block_order, seat FROM blocks WHERE epoch = ? AND block_order < ?";
        let mut found = db.prepare_cached(sql)?;
        let latest = found.query_map([opened.roster_epoch, opened.snapshot.roster_size], pair)?;
        let latest: BTreeMap<u32, u32> = latest.collect::<rusqlite::Result<_>>()?;
        let sql = "SELECT position - ?1, seat FROM log WHERE position >= ?1 AND position < ?1 + ?2";
        let start = i64::try_from(opened.window_start).map_err(|_| Fault::Misfit("a window's start"))?;
        let mut found = db.prepare_cached(sql)?;
        let window = found.query_map(params![start, opened.snapshot.window_size], pair)?;
        let window = window.collect::<rusqlite::Result<_>>()?;
        let ranks = latest.iter().map(|(rank, seat)| (*seat, *rank)).collect();
        Ok(Self { latest, window, ranks })
    }

    /// From whom, about whom, and what.
    fn of_marks(&self, opened: &Opened, seat: u32, marks: Marks) -> Vec<(u32, u32, Verdict)> {
        // Who has no rank gave no marks.
        let rank = self.ranks.get(&seat);
        let Some(assignment) = rank.and_then(|rank| opened.assignment(*rank)) else { return Vec::new() };
        let target = |place| match assignment.check(place)? {
            Check::Latest { rank } => self.latest.get(&rank).copied(),
            Check::Suspicious { entry } => self.window.get(&entry).copied(),
            Check::Empty => None,
        };
        let marks =
            marks.given().filter_map(|(place, code)| Some((target(place)?, Verdict::from_code(code).ok()?)));
        marks.map(|(target, mark)| (seat, target, mark)).collect()
    }
}

fn node(db: &Connection, seat: u32) -> Result<Node, Fault> {
    let mut found = db.prepare_cached("SELECT tier, device_id, score FROM seats WHERE seat = ?")?;
    Ok(found.query_row([seat], |row| {
        let mut row = Taking::of(row);
        let (tier, device_id, score) = (row.next()?, Some(row.hash()?), row.next()?);
        Ok(Node { id: format!("seat-{seat}"), tier, seats: 1, seat: Some(seat), device_id, score })
    })?)
}

fn graph(epoch: u32, blocks: usize, nodes: Vec<Node>, marks: &[(u32, u32, Verdict)]) -> Graph {
    let aggregated = blocks > SEATS_SHOWN;
    let called = |node: &Node| if aggregated { format!("tier-{}", node.tier) } else { node.id.clone() };
    let names: BTreeMap<u32, String> =
        nodes.iter().filter_map(|node| Some((node.seat?, called(node)))).collect();
    let mut edges: BTreeMap<(&str, &str), Edge> = BTreeMap::new();
    for (source, target, mark) in marks {
        let (Some(source), Some(target)) = (names.get(source), names.get(target)) else { continue };
        let edge = edges.entry((source, target)).or_insert_with(|| Edge {
            source: source.clone(),
            target: target.clone(),
            positive: 0,
            negative: 0,
            negative_marks: BTreeSet::new(),
        });
        edge.add(*mark);
    }
    let edges = edges.into_values().collect();
    let nodes = if aggregated { tiers(nodes) } else { nodes };
    Graph { epoch, blocks: blocks as u64, aggregated, nodes, edges }
}

/// One node for each tier.
fn tiers(seats: Vec<Node>) -> Vec<Node> {
    let mut tiers: BTreeMap<String, u32> = BTreeMap::new();
    for seat in seats {
        *tiers.entry(seat.tier).or_default() += 1;
    }
    let node = |(tier, seats): (String, u32)| Node {
        id: format!("tier-{tier}"),
        tier,
        seats,
        seat: None,
        device_id: None,
        score: None,
    };
    tiers.into_iter().map(node).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beyond_three_hundred_blocks_seats_are_put_together() {
        let node = |seat: u32| Node {
            id: format!("seat-{seat}"),
            tier: if seat == 1 { "warning" } else { "full" }.to_owned(),
            seats: 1,
            seat: Some(seat),
            device_id: None,
            score: None,
        };
        let marks = [
            (1, 2, Verdict::Valid),
            (2, 3, Verdict::Valid),
            (3, 1, Verdict::BindingWrong),
            (4, 1, Verdict::Valid),
        ];
        let of = |blocks| graph(7, blocks, (1..=4).map(node).collect(), &marks);
        let whole = of(300);
        assert_eq!((whole.aggregated, whole.nodes.len(), whole.edges.len()), (false, 4, 4));
        let tiers = of(301);
        assert!(tiers.aggregated);
        let nodes: Vec<_> = tiers.nodes.iter().map(|node| (node.id.as_str(), node.seats)).collect();
        assert_eq!(nodes, [("tier-full", 3), ("tier-warning", 1)]);
        let edges =
            tiers.edges.iter().map(|it| (it.source.as_str(), it.target.as_str(), it.positive, it.negative));
        let expected = [
            ("tier-full", "tier-full", 1, 0),
            ("tier-full", "tier-warning", 1, 1),
            ("tier-warning", "tier-full", 1, 0),
        ];
        assert_eq!(edges.collect::<Vec<_>>(), expected);
    }
}
