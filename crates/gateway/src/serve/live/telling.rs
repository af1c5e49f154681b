//! The one task that looks at the index for all streams.

use core::time::Duration;
use std::sync::{Arc, PoisonError};

use super::{HeadEvent, ITEMS_MAX, Live, Told};
use crate::reader::{News, Reader, Resumed, Seen};
use crate::serve::Shared;

/// A head grows old without the chain's doing.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Tells all streams what happens, for as long as it is asked to.
pub(in crate::serve) async fn tell(shared: Arc<Shared>) {
    let (mut seen, mut last) = (Seen::default(), None);
    loop {
        // Whether somebody looked or time went by is all the same.
        let _ = tokio::time::timeout(LOOK_EVERY, shared.live.looked.notified()).await;
        let before = seen.clone();
        let look = move |reader: &Reader| reader.news(&before, ITEMS_MAX);
        // An index that cannot be read now may be at the next look.
        let Ok(news) = shared.read(look).await else { continue };
        shared.live.tell(&news);
        let head = head(&shared, &news);
        if head != last {
            shared.live.tell_head(head.as_ref());
            last = head;
        }
        seen = news.seen;
    }
}

fn head(shared: &Shared, news: &News) -> Option<HeadEvent> {
    let newest = news.newest?;
    Some(HeadEvent {
        block_number: newest.number,
        timestamp_s: newest.timestamp_s,
        epoch: news.epoch,
        state: shared.health(Some(newest)).state,
    })
}

impl Live {
    fn tell(&self, news: &News) {
        // That nobody listens is no error.
        let send = |told| drop(self.told.send(told));
        if let Some(block_number) = news.back_to {
            send(Told::taken_back(block_number));
        }
        match &news.told {
            Resumed::Items(items) => items.iter().map(Told::item).for_each(send),
            Resumed::Lost => send(Told::reset()),
        }
    }

    fn tell_head(&self, head: Option<&HeadEvent>) {
        let Some(told) = head.map(Told::head) else { return };
        *self.head.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&told));
        drop(self.told.send(told));
    }
}
