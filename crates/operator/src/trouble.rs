//! What stands in a node's way, and when it does no longer.

use multee_node::{Action, ControllerError};

use crate::node::chain_of;

/// What a round ended with.
pub(crate) struct Trouble {
    pub(crate) kind: &'static str,
    pub(crate) text: String,
}

impl Trouble {
    pub(crate) fn of(error: &ControllerError) -> Self {
        Self { kind: kind_of(error), text: chain_of(error) }
    }

    /// Whether a round that ended well, and did this, shows that it is over. One that had nothing to do shows only that
    /// the chain can be read.
    pub(crate) fn is_mended_by(&self, actions: &[Action]) -> bool {
        let by_the_application =
            |action: &Action| matches!(action, Action::Published { .. } | Action::Restarted(_));
        match self.kind {
            CHAIN | LEDGER => true,
            APPLICATION | DUTY => actions.iter().any(by_the_application),
            _ => !actions.is_empty(),
        }
    }
}

const CHAIN: &str = "chain";
const LEDGER: &str = "ledger";
const APPLICATION: &str = "application";
const DUTY: &str = "duty";

fn kind_of(error: &ControllerError) -> &'static str {
    match error {
        ControllerError::Chain(_) | ControllerError::Read(_) => CHAIN,
        ControllerError::Ledger(_) => LEDGER,
        ControllerError::Send(_) => "send",
        ControllerError::Duty(_) => DUTY,
        ControllerError::Confirm(_) | ControllerError::NoApplication(_) => APPLICATION,
        ControllerError::State(_) => "state",
        ControllerError::Refused(_) => "refused",
    }
}

#[cfg(test)]
mod tests {
    use alloy_primitives::Address;
    use multee_chain::ChainError;
    use multee_node::{LedgerError, SendError};

    use super::*;

    #[test]
    fn a_round_without_work_mends_only_what_kept_the_chain_from_being_read() {
        let outage = || ChainError::Unreachable { place: "a".to_owned(), cause: "b".to_owned() };
        let seen = [ControllerError::Chain(outage()), LedgerError::Chain(outage()).into()];
        assert!(seen.iter().all(|error| Trouble::of(error).is_mended_by(&[])));
        let sent = Trouble::of(&SendError::Chain(outage()).into());
        assert!(!sent.is_mended_by(&[]));
        assert!(sent.is_mended_by(&[Action::Settled(1)]));
        let gone = Trouble::of(&ControllerError::NoApplication(Address::ZERO));
        assert!(!gone.is_mended_by(&[Action::Settled(1), Action::Opened(1)]));
        assert!(gone.is_mended_by(&[Action::Restarted(Address::ZERO)]));
    }
}
