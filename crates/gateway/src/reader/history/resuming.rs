//! Going on after something that was told, or finding that it was taken back.

use core::fmt::{self, Display};
use core::str::FromStr;

use alloy_primitives::B256;
use rusqlite::{Connection, OptionalExtension};
use serde::{Serialize, Serializer};

use super::feed::{FeedItem, after, newest as newest_item};
use crate::index::error::Fault;
use crate::index::{IndexError, Network, Newest, trail};
use crate::reader::Reader;

/// Where something is in the history: the chain's block, its place there, and of which fork that block is, while blocks
/// that old can still be taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    block: u64,
    log_index: u32,
    /// The first four bytes of the block's hash.
    fork: Option<[u8; 4]>,
}

impl Cursor {
    pub(super) fn new(block: u64, log_index: u32, hash: Option<B256>) -> Self {
        Self { block, log_index, fork: hash.map(fork) }
    }

    /// Block and place.
    pub fn place(&self) -> (u64, u32) {
        (self.block, self.log_index)
    }
}

fn fork(hash: B256) -> [u8; 4] {
    let [a, b, c, d, ..] = hash.0;
    [a, b, c, d]
}

impl Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.block, self.log_index)?;
        self.fork.map_or(Ok(()), |fork| write!(f, "-{:08x}", u32::from_be_bytes(fork)))
    }
}

impl FromStr for Cursor {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let mut parts = text.splitn(3, '-');
        let mut number = || parts.next().filter(|part| part.bytes().all(|byte| byte.is_ascii_digit()));
        let block = number().and_then(|part| part.parse().ok()).ok_or(())?;
        let log_index = number().and_then(|part| part.parse().ok()).ok_or(())?;
        let fork = parts.next().map(|part| u32::from_str_radix(part, 16).map(u32::to_be_bytes));
        Ok(Self { block, log_index, fork: fork.transpose().map_err(|_| ())? })
    }
}

impl Serialize for Cursor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// What was told since.
#[derive(Clone, Debug, PartialEq)]
pub enum Resumed {
    /// This, oldest first.
    Items(Vec<FeedItem>),
    /// It cannot be said: too much, or what it was to go on after was taken back, or is too old to tell.
    Lost,
}

/// What was told since the last look, by one who looks again and again.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct News {
    /// The newest block now.
    pub(crate) newest: Option<Newest>,
    /// The epoch by its time.
    pub(crate) epoch: Option<u32>,
    /// The block after which all was taken back, if something was.
    pub(crate) back_to: Option<u64>,
    /// What was told since, or since that block.
    pub(crate) told: Resumed,
    /// What the next look goes on from.
    pub(crate) seen: Seen,
}

/// What was seen at a look.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Seen {
    /// Blocks by which forks are told apart, newest first.
    trail: Vec<Newest>,
    /// Where the newest item is.
    at: Option<(u64, u32)>,
}

impl Reader {
    /// What was told after an item, so many at most.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn resume(&self, id: Cursor, items_max: u32) -> Result<Resumed, IndexError> {
        self.at_once(|db| {
            let place = (trail::number(id.block)?, id.log_index);
            if is_vouched_for(db, &id)? { told(db, place, items_max) } else { Ok(Resumed::Lost) }
        })
    }

    /// What was told since what was seen; so many items at most.
    pub(crate) fn news(&self, seen: &Seen, items_max: u32) -> Result<News, IndexError> {
        self.at_once(|db| {
            let trail = trail::all(db)?;
            let (common, back_to) = common(&seen.trail, &trail);
            let place = match (seen.at, back_to) {
                (Some(at), Some(to)) => at.min((to, u32::MAX)),
                (Some(at), None) => at,
                // Nothing was there to be seen.
                (None, _) => (0, 0),
            };
            let is_first = seen.trail.is_empty();
            let told = match (is_first, common) {
                (true, _) => Resumed::Items(Vec::new()),
                (false, false) => Resumed::Lost,
                (false, true) => told(db, (trail::number(place.0)?, place.1), items_max)?,
            };
            let at = newest_item(db)?.map(|item| (item.block, item.log_index));
            let newest = trail.first().copied();
            let network = Network::find(db)?.zip(newest);
            let epoch = network.and_then(|(network, newest)| network.epoch_at(newest.timestamp_s));
            Ok(News { newest, epoch, back_to: back_to.filter(|_| common), told, seen: Seen { trail, at } })
        })
    }
}

/// Whether the block of an id is still the chain's: by the trail, or because it cannot be taken back.
fn is_vouched_for(db: &Connection, id: &Cursor) -> Result<bool, Fault> {
    let number = trail::number(id.block)?;
    let Some(fork_then) = id.fork else { return Ok(number <= trail::sunk(db)?) };
    let mut found = db.prepare_cached("SELECT hash FROM trail WHERE number = ?")?;
    let hash = found.query_row([number], |row| row.get::<_, [u8; 32]>(0)).optional()?;
    Ok(hash.is_some_and(|hash| fork(hash.into()) == fork_then))
}

fn told(db: &Connection, place: (i64, u32), items_max: u32) -> Result<Resumed, Fault> {
    let items = after(db, place, items_max.saturating_add(1))?;
    let is_too_much = items.len() > usize::try_from(items_max).unwrap_or(usize::MAX);
    Ok(if is_too_much { Resumed::Lost } else { Resumed::Items(items) })
}

/// Whether two looks have a block in common, and which is the newest, if the former's newest was taken back.
fn common(before: &[Newest], now: &[Newest]) -> (bool, Option<u64>) {
    let kept = before.iter().position(|then| now.iter().any(|it| it.num_hash() == then.num_hash()));
    match kept {
        None => (false, None),
        Some(0) => (true, None),
        Some(at) => (true, before.get(at).map(|block| block.number)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_read_as_they_are_written() {
        for id in [
            Cursor::new(7, 0, None),
            Cursor::new(u64::MAX, u32::MAX, Some(B256::repeat_byte(0x0a))),
            Cursor::new(3, 1, Some(B256::ZERO)),
        ] {
            assert_eq!(id.to_string().parse(), Ok(id), "{id}");
        }
        for wrong in
            ["", "1", "1-", "-1", "1-2-", "1-2-xyz", "1-2-3-4", "+1-2", "1--2", "99999999999999999999-1"]
        {
            assert_eq!(wrong.parse::<Cursor>(), Err(()), "{wrong}");
        }
    }
}
