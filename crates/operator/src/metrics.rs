//! What monitoring is told, in Prometheus's text format; names begin with `multee_` and end in their unit.

use std::sync::atomic::AtomicU64;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use multee_protocol::Mark;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

type Number = Gauge<f64, AtomicU64>;

/// A label that tells kinds apart.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub struct Kind {
    /// Which.
    pub kind: &'static str,
}

/// A label that names an endpoint: scheme, host and port.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub struct OfEndpoint {
    /// Its name.
    pub endpoint: String,
}

/// All that is counted and measured.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    /// Number of the chain's newest block.
    pub head_number: Gauge,
    /// Time of the chain's newest block, in seconds since the Unix epoch.
    pub head_time_s: Gauge,
    /// The epoch now.
    pub epoch: Gauge,
    /// The last epoch that the seat published in.
    pub last_published_epoch: Gauge,
    /// Epochs that went by without a publication while the node ran.
    pub missed_epochs: Counter,
    /// Publications that the contract took.
    pub publications: Counter,
    /// Publications that it did not take.
    pub publications_refused: Counter,
    /// Gas that publications used.
    pub publication_gas: Counter,
    /// Blocks settled.
    pub settled_blocks: Counter,
    /// Incarnations begun.
    pub restarts: Counter,
    /// Marks given, by kind.
    pub marks: Family<Kind, Counter>,
    /// The seat's score, 0 to 1.
    pub score: Number,
    /// The seat's tier by its number in the contract: 1 probation, 2 full, 3 warning, 4 restricted, 5 suspended,
    /// 6 blocked.
    pub tier: Gauge,
    /// The seat's penalty points.
    pub penalties: Gauge,
    /// What the operator's account has for gas, in wei.
    pub balance_wei: Number,
    /// Looks at the chain that ended early, by cause.
    pub errors: Family<Kind, Counter>,
    /// When one last ended well, in seconds since the Unix epoch.
    pub last_tick_time_s: Gauge,
    /// How long one takes.
    pub tick_time: Histogram,
    /// Whether an endpoint answered when it was asked last.
    pub endpoint_up: Family<OfEndpoint, Gauge>,
    /// Pieces of collateral that should be fresh and are not.
    pub collateral_alarms: Gauge,
    /// How old the oldest piece is that could not be fetched anew, in seconds.
    pub collateral_age_s: Gauge,
}

impl Metrics {
    /// All at zero, of a node of this version and seat.
    pub fn new(version: &str, seat: u32) -> Self {
        let labels = [("seat".into(), seat.to_string().into())];
        let mut registry = Registry::with_prefix_and_labels("multee", labels.into_iter());
        let build = prometheus_client::metrics::info::Info::new(vec![("version", version.to_owned())]);
        registry.register("build", "The program", build);
        let mut r = Registrar(&mut registry);
        Self {
            head_number: r.plain("chain_head_number", "Number of the chain's newest block"),
            head_time_s: r.unit("chain_head_time", "Time of the chain's newest block", Unit::Seconds),
            epoch: r.plain("epoch", "The epoch now"),
            last_published_epoch: r.plain("last_published_epoch", "Last epoch that the seat published in"),
            missed_epochs: r.plain("missed_epochs", "Epochs that went by without a publication"),
            publications: r.plain("publications", "Publications that the contract took"),
            publications_refused: r.plain("publications_refused", "Publications that it did not take"),
            publication_gas: r.plain("publication_gas", "Gas that publications used"),
            settled_blocks: r.plain("settled_blocks", "Blocks settled"),
            restarts: r.plain("restarts", "Incarnations begun"),
            marks: r.marks(),
            score: r.unit("seat_score", "Score of the seat, 0 to 1", Unit::Ratios),
            tier: r.plain(
                "seat_tier",
                "Tier: 1 probation, 2 full, 3 warning, 4 restricted, 5 suspended, 6 blocked",
            ),
            penalties: r.plain("seat_penalties", "Penalty points of the seat"),
            balance_wei: r.unit(
                "operator_balance",
                "What the operator has for gas",
                Unit::Other("wei".to_owned()),
            ),
            errors: r.plain("errors", "Looks at the chain that ended early, by cause"),
            last_tick_time_s: r.unit(
                "last_tick_time",
                "When a look at the chain last ended well",
                Unit::Seconds,
            ),
            tick_time: r.histogram("tick_duration", "How long a look at the chain takes"),
            endpoint_up: r.plain("rpc_endpoint_up", "Whether an endpoint answered when it was asked last"),
            collateral_alarms: r
                .plain("collateral_alarms", "Pieces of collateral that should be fresh and are not"),
            collateral_age_s: r.unit(
                "collateral_age",
                "Age of the oldest piece that is not fresh",
                Unit::Seconds,
            ),
            registry,
        }
    }

    /// The text that a scraper reads (`OpenMetrics`).
    pub fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}

struct Registrar<'a>(&'a mut Registry);

impl Registrar<'_> {
    fn plain<M>(&mut self, name: &str, help: &str) -> M
    where
        M: prometheus_client::registry::Metric + Default + Clone,
    {
        let metric = M::default();
        self.0.register(name, help, metric.clone());
        metric
    }

    fn unit<M>(&mut self, name: &str, help: &str, unit: Unit) -> M
    where
        M: prometheus_client::registry::Metric + Default + Clone,
    {
        let metric = M::default();
        self.0.register_with_unit(name, help, unit, metric.clone());
        metric
    }

    /// All kinds from the start: the first marks would be no increase otherwise, and alerts would not see them.
    fn marks(&mut self) -> Family<Kind, Counter> {
        let marks: Family<Kind, Counter> = self.plain("marks", "Marks given, by kind");
        for mark in (0..).map_while(|code| Mark::from_code(code).ok()) {
            let _ = marks.get_or_create(&Kind { kind: mark.name() });
        }
        marks
    }

    /// From a hundredth of a second to some minutes.
    fn histogram(&mut self, name: &str, help: &str) -> Histogram {
        let histogram = Histogram::new(exponential_buckets(0.01, 3.0, 10));
        self.0.register_with_unit(name, help, Unit::Seconds, histogram.clone());
        histogram
    }
}

/// The host's clock, in seconds since the Unix epoch.
pub fn now_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs()
}

/// A number as gauges take it.
pub(crate) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_of_every_kind_are_told_before_the_first_is_given() {
        let text = Metrics::new("0.0.0", 7).text();
        let told = |kind: &str| {
            text.lines().any(|line| line.contains(&format!("kind=\"{kind}\"")) && line.ends_with(" 0"))
        };
        assert!(
            ["abstain", "valid", "evidence_invalid", "properties_not_accepted"].into_iter().all(told),
            "{text}"
        );
    }

    #[test]
    fn names_have_the_prefix_and_units_and_every_line_is_one_that_scrapers_read() {
        let metrics = Metrics::new("0.0.0", 7);
        metrics.score.set(0.75);
        metrics.errors.get_or_create(&Kind { kind: "chain" }).inc();
        metrics.endpoint_up.get_or_create(&OfEndpoint { endpoint: "http://a".to_owned() }).set(1);
        metrics.tick_time.observe(0.5);
        let text = metrics.text();
        for line in [
            "multee_seat_score_ratios{seat=\"7\"} 0.75",
            "multee_errors_total{kind=\"chain\",seat=\"7\"} 1",
            "multee_rpc_endpoint_up{endpoint=\"http://a\",seat=\"7\"} 1",
            "multee_operator_balance_wei{seat=\"7\"} 0.0",
            "multee_build_info{version=\"0.0.0\",seat=\"7\"} 1",
        ] {
            let sorted = |line: &str| {
                line.split([',', '{', '}']).map(str::to_owned).collect::<std::collections::BTreeSet<_>>()
            };
            assert!(text.lines().any(|found| sorted(found) == sorted(line)), "{line} in {text}");
        }
        assert!(
            text.lines().filter(|line| !line.starts_with('#')).all(|line| line.starts_with("multee_")),
            "{text}"
        );
    }
}
