//! What an index is asked. Each answer is of one moment, whoever writes meanwhile.
//!
//! Amounts and powers are text in the answers: numbers beyond 53 bits are none that a browser reads.

mod blocks;
mod devices;
mod epochs;
mod evidence;
mod graph;
mod history;
mod marks;
mod network;
mod overview;
mod prefix;
mod search;
mod weights;

use std::path::{Path, PathBuf};

use alloy_primitives::B256;
use multee_protocol::Deployment;
use rusqlite::{Connection, OptionalExtension};
use serde::Serialize;
use utoipa::ToSchema;

use crate::index::error::Fault;
use crate::index::{IndexError, Network, Newest, Seat, file, trail};
use crate::trust::{Clock, Facts, Question, TrustAnswer, judge};

pub use blocks::Block;
pub use devices::{
    Change, DeviceAnswer, DeviceFilter, LastVerdict, OwnBlock, ScorePoint, SeatSummary, Sort, Step,
};
pub use epochs::Epoch;
pub use evidence::{
    CertificateSays, DcapSays, EvidenceAnswer, PropertiesSay, QuoteSays, RegisterSays, SnpSays, Verify,
};
pub use graph::{Edge, Graph, Node};
pub use history::{Cursor, Decision, FeedItem, HistoryFilter, Resumed, Reward};
pub(crate) use history::{News, Seen};
pub use marks::{Mark, MarkedBlock, ReceivedMark, ReceivedMarks};
pub use network::NetworkAnswer;
pub use overview::{LastDay, Numbers, SeatsByTier};
pub use prefix::Prefix;
pub use search::{Hit, Hits};
pub use weights::{EpochWeight, LabelWeight, WeightsAnswer};

/// The part of a list that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// How many at most.
    pub limit: u32,
    /// How many are passed over.
    pub offset: u32,
}

/// A part of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Listed<T> {
    /// The part that was asked for.
    pub items: Vec<T>,
    /// How long the list is.
    pub total: u64,
    /// Where the next part begins, if there is one.
    pub next_offset: Option<u32>,
}

impl<T> Listed<T> {
    fn new(items: Vec<T>, total: u64, page: Page) -> Self {
        let next = page.offset.saturating_add(u32::try_from(items.len()).unwrap_or(u32::MAX));
        let next_offset = (!items.is_empty() && u64::from(next) < total).then_some(next);
        Self { items, total, next_offset }
    }
}

/// Reads an index that somebody else may be writing.
pub struct Reader {
    db: Connection,
    path: PathBuf,
    deployment: Deployment,
}

impl Reader {
    /// Of the index in the file at `path`.
    ///
    /// # Errors
    /// When there is none.
    pub fn open(path: &Path) -> Result<Self, IndexError> {
        let db = file::open_reader(path)?;
        let deployment = file::binding(&db).map_err(|fault| fault.at(path))?;
        Ok(Self { db, path: path.to_owned(), deployment })
    }

    /// The contract whose history it is.
    pub fn deployment(&self) -> Deployment {
        self.deployment
    }

    /// What `ask` finds in one moment's tables.
    fn at_once<T>(&self, ask: impl FnOnce(&Connection) -> Result<T, Fault>) -> Result<T, IndexError> {
        let snapshot = self.db.unchecked_transaction().map_err(|error| Fault::from(error).at(&self.path))?;
        ask(&snapshot).map_err(|fault| fault.at(&self.path))
    }

    /// The newest block of the chain that was read.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn newest(&self) -> Result<Option<Newest>, IndexError> {
        self.at_once(trail::newest)
    }

    /// Whether a device is trusted now (R17).
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn trust(&self, question: &Question, clock: &Clock) -> Result<TrustAnswer, IndexError> {
        self.at_once(|db| {
            let head = trail::newest(db)?;
            let network = Network::find(db)?;
            let seat = Seat::bound_to(db, question.device_id)?;
            let facts = network.as_ref().zip(seat.as_ref()).map(|(network, seat)| Facts::of(network, seat));
            let calendar = network.as_ref().map(Network::calendar);
            Ok(judge(question, self.deployment, head, facts.as_ref(), calendar, clock))
        })
    }

    /// What a hash stands for (keccak256), if the chain told it.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn content(&self, hash: B256) -> Result<Option<Vec<u8>>, IndexError> {
        self.at_once(|db| {
            let mut found = db.prepare_cached("SELECT bytes FROM content WHERE hash = ?")?;
            Ok(found.query_row([hash.as_slice()], |row| row.get(0)).optional()?)
        })
    }
}

impl Reader {
    /// How long the file is, in bytes.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn size_bytes(&self) -> Result<u64, IndexError> {
        let sql = "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()";
        self.at_once(|db| count(db, sql, []))
    }
}

fn count(db: &Connection, sql: &str, values: impl rusqlite::Params) -> Result<u64, Fault> {
    let count: i64 = db.prepare_cached(sql)?.query_row(values, |row| row.get(0))?;
    Ok(u64::try_from(count).unwrap_or(0))
}

impl core::fmt::Debug for Reader {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Reader").field("path", &self.path).finish_non_exhaustive()
    }
}
