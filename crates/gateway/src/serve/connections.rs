//! Connections, with a limit on everything that a client can make the server wait for or keep.

use core::time::Duration;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Request, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::future;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use super::clients::Clients;
use super::problem::Problem;
use super::{Origin, READERS, Shared, live, routes};

/// Bytes of a request's head.
const HEAD_BYTES_MAX: usize = 16 * 1024;
/// How long a connection may last, whatever is read of it.
const CONNECTION_MAX: Duration = Duration::from_mins(5);
/// How long, if it is a stream of events: then its client resumes.
const STREAM_MAX: Duration = Duration::from_hours(1);
/// What keeps a system from accepting connections, such as a full table of files, passes.
const PAUSE: Duration = Duration::from_millis(200);

/// A client's connection.
pub(super) struct Connection {
    /// Its place among the others, unless it is a stream: these have places of their own.
    place: Mutex<Option<OwnedSemaphorePermit>>,
    ends_at: Mutex<Instant>,
}

impl Connection {
    fn new(place: OwnedSemaphorePermit) -> Self {
        Self { place: Mutex::new(Some(place)), ends_at: Mutex::new(Instant::now() + CONNECTION_MAX) }
    }

    /// It leaves its place to others, and may last longer.
    pub(super) fn becomes_a_stream(&self) {
        drop(self.place.lock().unwrap_or_else(PoisonError::into_inner).take());
        *self.ends_at.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now() + STREAM_MAX;
    }

    /// Until its time is up, which may be put off meanwhile.
    async fn ended(&self) {
        loop {
            let ends_at = *self.ends_at.lock().unwrap_or_else(PoisonError::into_inner);
            if ends_at <= Instant::now() {
                return;
            }
            tokio::time::sleep_until(ends_at.into()).await;
        }
    }
}

/// It is gone when dropped.
pub(super) struct Server {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    pub(super) fn start(shared: Arc<Shared>) -> io::Result<Self> {
        let listener = TcpListener::bind(shared.config.listen)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let runtime = Builder::new_current_thread().enable_all().max_blocking_threads(READERS).build()?;
        let (stop, stopped) = oneshot::channel();
        let thread = thread::Builder::new()
            .name(format!("http-{}", address.port()))
            .spawn(move || run(runtime, listener, shared, stopped))?;
        Ok(Self { address, stop: Some(stop), thread: Some(thread) })
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Dropping the sender is the signal.
        drop(self.stop.take());
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

fn run(runtime: Runtime, listener: TcpListener, shared: Arc<Shared>, stopped: oneshot::Receiver<()>) {
    runtime.block_on(async {
        tokio::spawn(live::tell(Arc::clone(&shared)));
        tokio::spawn(accept(listener, shared));
        let _ = stopped.await;
    });
    // Whatever is still worked on is nobody's any more.
    runtime.shutdown_background();
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let Ok(listener) = tokio::net::TcpListener::from_std(listener) else { return };
    let places = Arc::new(Semaphore::new(shared.config.connections_max));
    let of_a_client = shared.config.rate.map_or(usize::MAX, |rate| rate.connections);
    let clients = Arc::new(Clients::new(of_a_client));
    let routes = TowerToHyperService::new(routes::router(Arc::clone(&shared)));
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        let Ok((stream, client)) = listener.accept().await else {
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        let Some(counted) = clients.count(client.ip()) else { continue };
        let (shared, routes) = (Arc::clone(&shared), routes.clone());
        tokio::spawn(async move {
            let _counted = counted;
            let request_max = shared.config.request_max;
            let connection = Arc::new(Connection::new(place));
            let of_requests = Arc::clone(&connection);
            let service = service_fn(move |mut request: Request<Incoming>| {
                let (shared, routes) = (Arc::clone(&shared), routes.clone());
                request.extensions_mut().insert(Arc::clone(&of_requests));
                async move {
                    let origin = request.headers().get(header::ORIGIN).cloned();
                    let mut response = if may_ask(&shared, client) {
                        let asked = routes.call(request.map(|_| Body::empty()));
                        in_time(&shared, request_max, asked).await
                    } else {
                        too_often(&shared)
                    };
                    mark(response.headers_mut(), &shared.config.cors, origin);
                    Ok::<_, std::convert::Infallible>(response)
                }
            });
            let mut http = http1::Builder::new();
            http.timer(TokioTimer::new()).header_read_timeout(request_max).max_buf_size(HEAD_BYTES_MAX);
            let serving = http.serve_connection(TokioIo::new(stream), service);
            // A client that breaks off is nobody's error here.
            let _ = future::select(pin!(serving), pin!(connection.ended())).await;
        });
    }
}

fn may_ask(shared: &Shared, client: SocketAddr) -> bool {
    shared.buckets.as_ref().is_none_or(|buckets| buckets.take(client.ip(), Instant::now()))
}

fn too_often(shared: &Shared) -> Response {
    shared.metrics.answered(None, StatusCode::TOO_MANY_REQUESTS.as_u16(), Duration::ZERO);
    Problem::later(StatusCode::TOO_MANY_REQUESTS, 1, "more questions than one client may ask").into_response()
}

async fn in_time(
    shared: &Shared,
    request_max: Duration,
    asked: impl Future<Output = Result<Response, std::convert::Infallible>>,
) -> Response {
    match tokio::time::timeout(request_max, asked).await {
        Ok(Ok(response)) => response,
        Ok(Err(never)) => match never {},
        Err(_) => {
            shared.metrics.answered(None, StatusCode::SERVICE_UNAVAILABLE.as_u16(), request_max);
            let detail = "the answer takes too long: too much is asked at once";
            Problem::later(StatusCode::SERVICE_UNAVAILABLE, 5, detail).into_response()
        }
    }
}

/// What every answer says: that it is what it says it is, who may read it, and that it is of this moment.
fn mark(headers: &mut HeaderMap, cors: &[Origin], origin: Option<HeaderValue>) {
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static("default-src 'none'"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    if cors.is_empty() {
        return;
    }
    headers.insert(header::VARY, HeaderValue::from_static("origin"));
    let all = HeaderValue::from_static("*");
    if cors.iter().any(|Origin(allowed)| *allowed == all) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, all);
    } else if let Some(origin) = origin.filter(|origin| cors.iter().any(|Origin(allowed)| allowed == origin))
    {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    }
}
