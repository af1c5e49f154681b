//! What monitoring is told, in Prometheus's text format; names begin with `multee_gateway_` and end in their unit, as a
//! node's do.

use core::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

/// Which questions: by the path as it is documented, never as it was asked, and by how it was answered.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(super) struct Question {
    path: String,
    /// `2xx`, `4xx`, `5xx`.
    status: &'static str,
}

/// All that is counted and measured.
#[derive(Debug)]
pub(super) struct Metrics {
    registry: Registry,
    requests: Family<Question, Counter>,
    times: Histogram,
    /// Looks at the chain that failed.
    pub(super) sync_failures: Counter,
    /// Times that the chain went onto another fork.
    pub(super) reorganisations: Counter,
    head_number: Gauge,
    head_time: Gauge,
    head_age: Gauge,
    streams: Gauge,
    database: Gauge,
}

/// What is measured when it is asked for.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Measured {
    pub(super) head_number: u64,
    pub(super) head_time_s: u64,
    pub(super) head_age_s: u64,
    pub(super) streams: usize,
    pub(super) database_bytes: u64,
}

impl Metrics {
    /// All at zero.
    pub(super) fn new() -> Self {
        let mut registry = Registry::with_prefix("multee_gateway");
        let metrics = Self {
            registry: Registry::default(),
            requests: Family::default(),
            times: Histogram::new(exponential_buckets(0.0005, 3.0, 10)),
            sync_failures: Counter::default(),
            reorganisations: Counter::default(),
            head_number: Gauge::default(),
            head_time: Gauge::default(),
            head_age: Gauge::default(),
            streams: Gauge::default(),
            database: Gauge::default(),
        };
        let r = &mut registry;
        r.register("requests", "Questions that were answered, by path and status", metrics.requests.clone());
        r.register_with_unit(
            "request_duration",
            "How long answers take, without their sending",
            Unit::Seconds,
            metrics.times.clone(),
        );
        r.register("sync_failures", "Looks at the chain that failed", metrics.sync_failures.clone());
        r.register(
            "reorganisations",
            "Times that the chain took blocks back",
            metrics.reorganisations.clone(),
        );
        r.register("head_number", "Number of the newest block that was read", metrics.head_number.clone());
        r.register_with_unit("head_time", "Its time", Unit::Seconds, metrics.head_time.clone());
        r.register_with_unit("head_age", "How old it is", Unit::Seconds, metrics.head_age.clone());
        r.register("streams", "Streams of events that are open", metrics.streams.clone());
        r.register_with_unit("database", "Size of the index", Unit::Bytes, metrics.database.clone());
        Self { registry, ..metrics }
    }

    /// One question was answered. The path is that of a route, or of none.
    pub(super) fn answered(&self, path: Option<&str>, status: u16, took: Duration) {
        let status = match status {
            ..300 => "2xx",
            300..400 => "3xx",
            400..500 => "4xx",
            500.. => "5xx",
        };
        let path = path.unwrap_or("other").to_owned();
        self.requests.get_or_create(&Question { path, status }).inc();
        self.times.observe(took.as_secs_f64());
    }

    /// The text that a scraper reads (`OpenMetrics`).
    pub(super) fn text(&self, measured: &Measured) -> String {
        let signed = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        self.head_number.set(signed(measured.head_number));
        self.head_time.set(signed(measured.head_time_s));
        self.head_age.set(signed(measured.head_age_s));
        self.streams.set(signed(measured.streams as u64));
        self.database.set(signed(measured.database_bytes));
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}
