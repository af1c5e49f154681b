//! One stream.

use core::convert::Infallible;
use core::time::Duration;
use std::sync::{Arc, PoisonError};

use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use futures_util::stream::{Stream, unfold};
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use super::{ITEMS_MAX, Told, What};
use crate::reader::{Cursor, Resumed};
use crate::serve::Shared;
use crate::serve::asked::LiveQuery;
use crate::serve::connections::Connection;
use crate::serve::document::Refused;
use crate::serve::problem::Problem;
use crate::serve::routes::{Answer, Asked, query};

/// After so much silence a stream says that it is there.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// When a client that lost its stream tries again.
const RETRY_MS: u32 = 2000;

/// What happens, as it happens (server-sent events). `event: head` when the chain's newest block or the gateway's state
/// changes, `change` for each item of `/v1/changes`, with its id; `reorg` when all after a block was taken back, and
/// `reset` when lists are to be loaded anew. Going on after an item loses none.
#[utoipa::path(
    get,
    path = "/v1/live",
    operation_id = "live",
    params(
        LiveQuery,
        ("Last-Event-ID" = Option<String>, Header, description = "As `after`, which it goes before: sent by browsers"),
    ),
    responses(
        (status = 200, description = "The stream, until the client ends it, or an hour went by", content_type = "text/event-stream", body = String),
        Refused,
    )
)]
pub(in crate::serve) async fn open(
    State(shared): State<Arc<Shared>>,
    Extension(connection): Extension<Arc<Connection>>,
    asked: Asked<LiveQuery>,
    headers: HeaderMap,
) -> Answer {
    let after = query(asked)?.after()?;
    let full = |_| {
        let detail = "as many streams are open as this gateway serves";
        Problem::later(StatusCode::SERVICE_UNAVAILABLE, 30, detail)
    };
    let place = Arc::clone(&shared.live.places).try_acquire_owned().map_err(full)?;
    // Before anything is read: what is told meanwhile is told twice rather than never.
    let told = shared.live.told.subscribe();
    let last = headers.get("last-event-id").map(|id| id.to_str().ok().and_then(|id| id.parse().ok()));
    let (told_before, sent) = match last.or(after.map(Some)) {
        None => (Vec::new(), None),
        // What is no id of ours cannot be gone on after.
        Some(None) => (vec![Told::reset()], None),
        Some(Some(id)) => resume(&shared, id).await?,
    };
    connection.becomes_a_stream();
    let stream = Streaming { first: Some(first(&shared, &told_before)), told, sent, _place: place };
    let headers = [
        (header::CONTENT_TYPE, "text/event-stream"),
        // The connection was given an hour, once.
        (header::CONNECTION, "close"),
    ];
    Ok((headers, Body::from_stream(stream.events())).into_response())
}

/// What was told since an item, and up to where.
async fn resume(shared: &Arc<Shared>, id: Cursor) -> Result<(Vec<Arc<Told>>, Option<(u64, u32)>), Problem> {
    Ok(match shared.read(move |reader| reader.resume(id, ITEMS_MAX)).await? {
        Resumed::Items(items) => {
            let last = items.last().map_or(id, |item| item.cursor);
            (items.iter().map(Told::item).collect(), Some(last.place()))
        }
        Resumed::Lost => (vec![Told::reset()], None),
    })
}

fn first(shared: &Shared, told_before: &[Arc<Told>]) -> String {
    let head = shared.live.head.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let texts = head.iter().chain(told_before).map(|told| told.text.as_str());
    std::iter::once(format!("retry: {RETRY_MS}\n\n").as_str()).chain(texts).collect()
}

struct Streaming {
    first: Option<String>,
    told: Receiver<Arc<Told>>,
    /// Up to where items were sent, as far as that is known.
    sent: Option<(u64, u32)>,
    _place: OwnedSemaphorePermit,
}

impl Streaming {
    fn events(self) -> impl Stream<Item = Result<String, Infallible>> {
        unfold(self, |mut stream| async { stream.next().await.map(|text| (Ok(text), stream)) })
    }

    async fn next(&mut self) -> Option<String> {
        if let Some(first) = self.first.take() {
            return Some(first);
        }
        loop {
            match tokio::time::timeout(HEARTBEAT, self.told.recv()).await {
                Err(_) => return Some(":\n\n".to_owned()),
                Ok(Err(RecvError::Closed)) => return None,
                Ok(Err(RecvError::Lagged(_))) => {
                    self.sent = None;
                    return Some(Told::reset().text.clone());
                }
                Ok(Ok(told)) if self.is_new(&told.what) => return Some(told.text.clone()),
                Ok(Ok(_)) => {}
            }
        }
    }

    /// Whether it was not sent before.
    fn is_new(&mut self, what: &What) -> bool {
        match *what {
            What::Head => true,
            What::Reset => {
                self.sent = None;
                true
            }
            What::TakenBack(block) => {
                self.sent = self.sent.map(|sent| sent.min((block, u32::MAX)));
                true
            }
            What::Item(place) if self.sent.is_some_and(|sent| place <= sent) => false,
            What::Item(place) => {
                self.sent = self.sent.map(|_| place);
                true
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::serve::live::{LAG_MAX, Live};

    fn item(block: u64) -> Arc<Told> {
        Arc::new(Told { what: What::Item((block, 0)), text: block.to_string() })
    }

    fn stream(live: &Live, sent: Option<(u64, u32)>) -> Streaming {
        let place = Arc::clone(&live.places).try_acquire_owned().expect("a place");
        Streaming { first: None, told: live.told.subscribe(), sent, _place: place }
    }

    fn texts(stream: &mut Streaming, count: usize) -> Vec<String> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
        runtime.block_on(async {
            let mut texts = Vec::new();
            for _ in 0..count {
                texts.extend(stream.next().await);
            }
            texts
        })
    }

    #[test]
    fn a_stream_that_lags_is_told_to_load_anew_and_goes_on() {
        let live = Live::new(1);
        let mut stream = stream(&live, Some((0, 0)));
        let last = LAG_MAX as u64 + 10;
        (1..=last).for_each(|block| drop(live.told.send(item(block))));
        let found = texts(&mut stream, LAG_MAX + 1);
        assert_eq!(found.first().map(String::as_str), Some(Told::reset().text.as_str()));
        assert_eq!(found.last(), Some(&last.to_string()));
    }

    #[test]
    fn what_was_sent_is_not_sent_again_unless_it_was_taken_back() {
        let live = Live::new(1);
        let mut stream = stream(&live, Some((5, 0)));
        for told in [item(4), item(5), item(6), item(6), Told::taken_back(4), item(5), item(6)] {
            drop(live.told.send(told));
        }
        let found = texts(&mut stream, 4);
        assert_eq!(found, ["6", Told::taken_back(4).text.as_str(), "5", "6"]);
    }
}
