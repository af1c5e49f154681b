//! How often one client may ask: a bucket of tokens for each address.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// Clients that are told apart at a time.
const CLIENTS_MAX: usize = 10_000;

/// What one client may ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Questions a second, on average; at least 1.
    pub per_second: u32,
    /// Questions at once.
    pub burst: u32,
    /// Connections at a time, streams among them; further ones are closed unanswered.
    pub connections: usize,
}

pub(super) struct Buckets {
    rate: Rate,
    clients: Mutex<HashMap<IpAddr, Bucket>>,
}

#[derive(Clone, Copy)]
struct Bucket {
    /// Thousandths of a question.
    left: u64,
    at: Instant,
}

impl Buckets {
    pub(super) fn new(rate: Rate) -> Self {
        Self { rate, clients: Mutex::default() }
    }

    /// Whether a client may ask now.
    pub(super) fn take(&self, address: IpAddr, now: Instant) -> bool {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if clients.len() >= CLIENTS_MAX {
            clients.retain(|_, bucket| self.left(*bucket, now) < self.full());
        }
        let full = Bucket { left: self.full(), at: now };
        let key = network_of(address);
        if clients.len() >= CLIENTS_MAX && !clients.contains_key(&key) {
            // All of them are at it: newcomers wait.
            return false;
        }
        let bucket = clients.entry(key).or_insert(full);
        let left = self.left(*bucket, now);
        *bucket = Bucket { left: left.saturating_sub(1000), at: now };
        if left < 1000 {
            bucket.left = left;
        }
        left >= 1000
    }

    fn full(&self) -> u64 {
        u64::from(self.rate.burst.max(1)) * 1000
    }

    fn left(&self, bucket: Bucket, now: Instant) -> u64 {
        let elapsed_ms = u64::try_from(now.saturating_duration_since(bucket.at).as_millis());
        let regained = elapsed_ms.unwrap_or(u64::MAX).saturating_mul(self.rate.per_second.max(1).into());
        bucket.left.saturating_add(regained).min(self.full())
    }
}

/// Whoever has one IPv6 address has 2⁶⁴ of them.
pub(super) fn network_of(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(address) => match address.to_ipv4_mapped() {
            Some(address) => address.into(),
            None => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
        },
        IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::time::Duration;

    fn client(last: u8) -> IpAddr {
        IpAddr::from([10, 0, 0, last])
    }

    #[test]
    fn a_burst_is_answered_and_then_the_rate() {
        let (buckets, start) =
            (Buckets::new(Rate { per_second: 2, burst: 3, connections: 1 }), Instant::now());
        let asked = |ms| buckets.take(client(1), start + Duration::from_millis(ms));
        assert_eq!([asked(0), asked(0), asked(0), asked(0)], [true, true, true, false]);
        assert_eq!([asked(499), asked(500), asked(501)], [false, true, false]);
        assert!(buckets.take(client(2), start), "another client");
        assert_eq!([asked(60_000), asked(60_000), asked(60_000), asked(60_000)], [true, true, true, false]);
    }

    #[test]
    fn one_network_of_ipv6_is_one_client() {
        let (buckets, now) = (Buckets::new(Rate { per_second: 1, burst: 1, connections: 1 }), Instant::now());
        let address = |text: &str| text.parse::<IpAddr>().expect("an address");
        assert!(buckets.take(address("2001:db8::1"), now));
        assert!(!buckets.take(address("2001:db8::2"), now));
        assert!(buckets.take(address("2001:db8:0:1::1"), now));
        assert!(buckets.take(address("::ffff:10.0.0.1"), now));
        assert!(!buckets.take(client(1), now), "the same in IPv4");
    }

    #[test]
    fn clients_beyond_the_limit_wait_until_others_are_idle() {
        let (buckets, start) =
            (Buckets::new(Rate { per_second: 1, burst: 1, connections: 1 }), Instant::now());
        let many = (0..u32::try_from(CLIENTS_MAX).expect("few")).map(|n| IpAddr::from(n.to_be_bytes()));
        assert!(many.into_iter().all(|client| buckets.take(client, start)));
        assert!(!buckets.take(client(1), start));
        assert!(buckets.take(client(1), start + Duration::from_secs(1)));
    }
}
