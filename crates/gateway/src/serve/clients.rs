//! How many connections one client may have, so that no single one has them all.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use super::rate::network_of;

/// Connections by client. There are no more clients than connections.
pub(super) struct Clients {
    connections_max: usize,
    connections: Mutex<HashMap<IpAddr, usize>>,
}

/// A connection that is counted until this is dropped.
pub(super) struct Counted {
    clients: Arc<Clients>,
    client: IpAddr,
}

impl Clients {
    pub(super) fn new(connections_max: usize) -> Self {
        Self { connections_max, connections: Mutex::default() }
    }

    /// Counts a connection; `None` if its client has as many as it may.
    pub(super) fn count(self: &Arc<Self>, address: IpAddr) -> Option<Counted> {
        let client = network_of(address);
        let mut connections = self.connections.lock().unwrap_or_else(PoisonError::into_inner);
        let open = connections.get(&client).copied().unwrap_or(0);
        if open >= self.connections_max {
            return None;
        }
        connections.insert(client, open + 1);
        Some(Counted { clients: Arc::clone(self), client })
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let mut connections = self.clients.connections.lock().unwrap_or_else(PoisonError::into_inner);
        match connections.get_mut(&self.client) {
            Some(open) if *open > 1 => *open -= 1,
            _ => drop(connections.remove(&self.client)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_has_no_more_connections_than_it_may_and_leaves_none_behind() {
        let clients = Arc::new(Clients::new(2));
        let count = |last: u8| clients.count(IpAddr::from([10, 0, 0, last]));
        let (first, second) = (count(1), count(1));
        assert!(first.is_some() && second.is_some() && count(1).is_none());
        assert!(count(2).is_some(), "another client");
        drop(first);
        let third = count(1);
        assert!(third.is_some() && count(1).is_none());
        drop((second, third));
        assert!(clients.connections.lock().expect("not poisoned").is_empty());
    }
}
