//! Connections, with a limit on everything that a client can make the server wait for or keep.

use core::time::Duration;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Instant;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Request, StatusCode, header};
use axum::response::{IntoResponse, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{Semaphore, oneshot};

use super::problem::Problem;
use super::{Origin, READERS, Shared, routes};

/// Bytes of a request's head.
const HEAD_BYTES_MAX: usize = 16 * 1024;
/// How long a connection may last, whatever is read of it.
const CONNECTION_MAX: Duration = Duration::from_mins(5);
/// What keeps a system from accepting connections, such as a full table of files, passes.
const PAUSE: Duration = Duration::from_millis(200);

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
        let accepting = tokio::spawn(accept(listener, shared));
        let _ = stopped.await;
        accepting.abort();
    });
    // Whatever is still worked on is nobody's any more.
    runtime.shutdown_background();
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let Ok(listener) = tokio::net::TcpListener::from_std(listener) else { return };
    let places = Arc::new(Semaphore::new(shared.config.connections_max));
    let routes = TowerToHyperService::new(routes::router(Arc::clone(&shared)));
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        let Ok((stream, client)) = listener.accept().await else {
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        let (shared, routes) = (Arc::clone(&shared), routes.clone());
        tokio::spawn(async move {
            let request_max = shared.config.request_max;
            let service = service_fn(move |request: Request<Incoming>| {
                let (shared, routes) = (Arc::clone(&shared), routes.clone());
                async move {
                    let origin = request.headers().get(header::ORIGIN).cloned();
                    let mut response = if may_ask(&shared, client) {
                        let asked = routes.call(request.map(|_| Body::empty()));
                        in_time(request_max, asked).await
                    } else {
                        too_often()
                    };
                    mark(response.headers_mut(), &shared.config.cors, origin);
                    Ok::<_, std::convert::Infallible>(response)
                }
            });
            let mut http = http1::Builder::new();
            http.timer(TokioTimer::new()).header_read_timeout(request_max).max_buf_size(HEAD_BYTES_MAX);
            // A client that breaks off is nobody's error here.
            let serving = http.serve_connection(TokioIo::new(stream), service);
            let _ = tokio::time::timeout(CONNECTION_MAX, serving).await;
            drop(place);
        });
    }
}

fn may_ask(shared: &Shared, client: SocketAddr) -> bool {
    shared.buckets.as_ref().is_none_or(|buckets| buckets.take(client.ip(), Instant::now()))
}

fn too_often() -> Response {
    Problem::later(StatusCode::TOO_MANY_REQUESTS, 1, "more questions than one client may ask").into_response()
}

async fn in_time(
    request_max: Duration,
    asked: impl Future<Output = Result<Response, std::convert::Infallible>>,
) -> Response {
    match tokio::time::timeout(request_max, asked).await {
        Ok(Ok(response)) => response,
        Ok(Err(never)) => match never {},
        Err(_) => {
            let detail = "the answer takes too long: too much is asked at once";
            Problem::later(StatusCode::SERVICE_UNAVAILABLE, 5, detail).into_response()
        }
    }
}

/// What every answer says: that it is what it says it is, who may read it, and that it is of this moment.
fn mark(headers: &mut HeaderMap, cors: &[Origin], origin: Option<HeaderValue>) {
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'"));
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
