//! An HTTP server for this machine, with a limit on everything that a client can make it wait for or keep.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::pin::pin;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{Semaphore, oneshot};

/// What a client may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a request's body.
    pub body_bytes_max: usize,
    /// Connections at a time; further ones wait.
    pub connections_max: usize,
    /// How long a request's head may take, and then its body, in milliseconds.
    pub request_ms_max: u64,
}

impl Default for Limits {
    /// Two MiB, 256 connections, ten seconds.
    fn default() -> Self {
        Self { body_bytes_max: 2 << 20, connections_max: 256, request_ms_max: 10_000 }
    }
}

/// A request, read to its end.
#[derive(Debug)]
pub struct Asked {
    /// Its method.
    pub method: Method,
    /// Path and query.
    pub target: String,
    /// Its body.
    pub body: Bytes,
}

/// What is answered.
#[derive(Debug)]
pub struct Given {
    /// The status.
    pub status: StatusCode,
    /// Headers besides the length.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// The body.
    pub body: Bytes,
}

impl Given {
    /// A status, and no more to say.
    pub fn status(status: StatusCode) -> Self {
        Self { status, headers: Vec::new(), body: Bytes::new() }
    }

    /// A JSON document.
    pub fn json(body: Vec<u8>) -> Self {
        let headers = vec![(CONTENT_TYPE, HeaderValue::from_static("application/json"))];
        Self { status: StatusCode::OK, headers, body: body.into() }
    }
}

/// Answers requests. May block.
pub trait Answer: Send + Sync + 'static {
    /// The answer to one of them.
    fn answer(&self, asked: &Asked) -> Given;
}

/// A server on this machine's own address. It is gone when dropped.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// Requests that are worked on at a time.
const WORKERS_MAX: usize = 8;
/// What keeps a system from accepting connections, such as a full table of files, passes.
const PAUSE: Duration = Duration::from_millis(200);

impl Server {
    /// Listens on 127.0.0.1 at `port`, 0 for any that is free.
    ///
    /// # Errors
    /// When the port is taken, or threads cannot be had.
    pub fn start(port: u16, limits: Limits, answer: Arc<dyn Answer>) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let runtime = Builder::new_current_thread().enable_all().max_blocking_threads(WORKERS_MAX).build()?;
        let (stop, stopped) = oneshot::channel();
        let thread = thread::Builder::new()
            .name(format!("http-{}", address.port()))
            .spawn(move || run(runtime, listener, limits, answer, stopped))?;
        Ok(Self { address, stop: Some(stop), thread: Some(thread) })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its URL.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Dropping the sender is the signal.
        drop(self.stop.take());
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

fn run(
    runtime: Runtime,
    listener: TcpListener,
    limits: Limits,
    answer: Arc<dyn Answer>,
    stopped: oneshot::Receiver<()>,
) {
    runtime.block_on(async {
        let mut accepting = pin!(accept(listener, limits, answer));
        let mut stopped = pin!(stopped);
        std::future::poll_fn(|context| {
            let over =
                stopped.as_mut().poll(context).is_ready() || accepting.as_mut().poll(context).is_ready();
            if over { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
        })
        .await;
    });
    // Whatever is still worked on is nobody's any more.
    runtime.shutdown_background();
}

async fn accept(listener: TcpListener, limits: Limits, answer: Arc<dyn Answer>) {
    let Ok(listener) = tokio::net::TcpListener::from_std(listener) else { return };
    let places = Arc::new(Semaphore::new(limits.connections_max));
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        let answer = Arc::clone(&answer);
        tokio::spawn(async move {
            let service = service_fn(move |request| serve(request, limits, Arc::clone(&answer)));
            let mut server = http1::Builder::new();
            server.timer(TokioTimer::new()).header_read_timeout(Duration::from_millis(limits.request_ms_max));
            // A client that breaks off is nobody's error here.
            let _ = server.serve_connection(TokioIo::new(stream), service).await;
            drop(place);
        });
    }
}

async fn serve(
    request: Request<Incoming>,
    limits: Limits,
    answer: Arc<dyn Answer>,
) -> Result<Response<Full<Bytes>>, std::convert::Infallible> {
    let given = match read(request, limits).await {
        Ok(asked) => tokio::task::spawn_blocking(move || answer.answer(&asked))
            .await
            .unwrap_or_else(|_| Given::status(StatusCode::INTERNAL_SERVER_ERROR)),
        Err(status) => Given::status(status),
    };
    let mut response = Response::new(Full::new(given.body));
    *response.status_mut() = given.status;
    response.headers_mut().extend(given.headers.into_iter().map(|(name, value)| (Some(name), value)));
    Ok(response)
}

async fn read(request: Request<Incoming>, limits: Limits) -> Result<Asked, StatusCode> {
    let (head, body) = request.into_parts();
    let target = head.uri.path_and_query().map(ToString::to_string).unwrap_or_default();
    let collecting = Limited::new(body, limits.body_bytes_max).collect();
    let time_max = Duration::from_millis(limits.request_ms_max);
    let collected = tokio::time::timeout(time_max, collecting).await;
    let body = collected.map_err(|_| StatusCode::REQUEST_TIMEOUT)?;
    let body = body.map_err(|_| StatusCode::PAYLOAD_TOO_LARGE)?.to_bytes();
    Ok(Asked { method: head.method, target, body })
}
