//! What happens, as it happens: server-sent events.
//!
//! One task looks at the index after each look at the chain, and tells all streams what it finds. A stream that goes on
//! after an item gets what was told since from the index; one that is too slow is told to load anew, and goes on.

pub(super) mod stream;
mod telling;

use std::sync::Arc;
use std::sync::Mutex;

use serde::Serialize;
use tokio::sync::{Notify, Semaphore, broadcast};
use utoipa::ToSchema;

use crate::reader::FeedItem;

pub(super) use telling::tell;

/// Events that a stream may lag behind before it is told to load anew.
const LAG_MAX: usize = 1024;
/// Items that a stream is told of at once.
const ITEMS_MAX: u32 = 1000;

/// What streams and the task that tells them share.
pub(super) struct Live {
    /// That there was a look at the chain.
    pub(super) looked: Notify,
    /// A place for each stream.
    places: Arc<Semaphore>,
    streams_max: usize,
    told: broadcast::Sender<Arc<Told>>,
    /// The newest `head`, which streams begin with.
    head: Mutex<Option<Arc<Told>>>,
}

impl Live {
    pub(super) fn new(streams_max: usize) -> Self {
        let streams_max = streams_max.min(Semaphore::MAX_PERMITS);
        Self {
            looked: Notify::new(),
            places: Arc::new(Semaphore::new(streams_max)),
            streams_max,
            told: broadcast::Sender::new(LAG_MAX),
            head: Mutex::default(),
        }
    }

    /// Streams that are open.
    pub(super) fn streams(&self) -> usize {
        self.streams_max.saturating_sub(self.places.available_permits())
    }
}

/// An event as streams send it.
struct Told {
    what: What,
    text: String,
}

/// What a stream needs to know of an event.
enum What {
    Head,
    /// An item that stands there.
    Item((u64, u32)),
    /// All after this block was taken back.
    TakenBack(u64),
    Reset,
}

/// The chain's newest block that was read, or how the gateway is, has changed: `event: head`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct HeadEvent {
    /// The block.
    block_number: u64,
    /// Its time, Unix seconds.
    timestamp_s: u64,
    /// The epoch by that time, `null` before genesis.
    epoch: Option<u32>,
    /// As in `/health`.
    state: &'static str,
}

/// The chain went onto another fork: `event: reorg`. What was told of later blocks did not happen; what happened instead is
/// told next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct ReorgEvent {
    /// The newest block that is still there.
    block_number: u64,
}

/// It cannot be told what happened since: `event: reset`. Whoever shows lists loads them anew.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct ResetEvent {}

impl Told {
    fn new(what: What, event: &str, data: &impl Serialize, id: &str) -> Arc<Self> {
        // Our own types always have a text, in one line.
        let data = serde_json::to_string(data).unwrap_or_default();
        Arc::new(Self { what, text: format!("event: {event}\n{id}data: {data}\n\n") })
    }

    fn head(head: &HeadEvent) -> Arc<Self> {
        Self::new(What::Head, "head", head, "")
    }

    fn item(item: &FeedItem) -> Arc<Self> {
        Self::new(What::Item(item.cursor.place()), "change", item, &format!("id: {}\n", item.cursor))
    }

    fn taken_back(block_number: u64) -> Arc<Self> {
        Self::new(What::TakenBack(block_number), "reorg", &ReorgEvent { block_number }, "")
    }

    fn reset() -> Arc<Self> {
        Self::new(What::Reset, "reset", &ResetEvent {}, "")
    }
}
