//! Why one endpoint gave no usable answer.

use alloy_primitives::{Address, B256, Bytes};

/// Characters of an endpoint's own message that are kept.
const MESSAGE_CHARS_MAX: usize = 200;

/// Why one endpoint gave no usable answer. Another is asked; a caller sees it only in a
/// [`ChainError`](crate::ChainError) when no endpoint is left, and in [`Standing`](super::Standing).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Nothing, or not all of it, came in time.
    #[error("no answer within {limit_ms} ms")]
    Timeout {
        /// The configured limit, in milliseconds.
        limit_ms: u64,
    },
    /// The connection failed or broke off.
    #[error("connection: {0}")]
    Connection(String),
    /// The server answered with an HTTP status that is not a success.
    #[error("http status {status}")]
    Status {
        /// The status.
        status: u16,
        /// How long the server asks to be left alone, in seconds.
        retry_after_s: Option<u64>,
    },
    /// The answer was longer than one may be. No more than that was read.
    #[error("answer is longer than {limit} bytes")]
    TooLarge {
        /// The limit, in bytes.
        limit: u64,
    },
    /// The answer is cut off, no JSON-RPC, or not an answer to what was asked.
    #[error("answer is malformed: {0}")]
    Malformed(String),
    /// The endpoint answered with an error of its own.
    #[error("error {code}: {message}")]
    Error {
        /// JSON-RPC's or the node's error code.
        code: i64,
        /// What it says, shortened.
        message: String,
        /// What it adds; for a revert, the revert data.
        data: Option<Bytes>,
    },
    /// What was asked about is so old that the endpoint deleted it.
    #[error("history is pruned: error {code}: {message}")]
    Pruned {
        /// JSON-RPC's or the node's error code.
        code: i64,
        /// What it says, shortened.
        message: String,
    },
    /// It has not got a block that the answer was to be based on.
    #[error("block {number} with hash {hash} is not there")]
    OtherFork {
        /// The block's number.
        number: u64,
        /// The hash it was to have.
        hash: B256,
    },
    /// It was not asked: this program was told to end.
    #[error("told to end")]
    Interrupted,
    /// It is an endpoint of another chain.
    #[error("chain id is {found}, expected {expected}")]
    WrongChain {
        /// The id that was expected.
        expected: u64,
        /// The id it has.
        found: u64,
    },
    /// The contract has another code there, or none.
    #[error("code at {address} has hash {found}, expected {expected}")]
    WrongCode {
        /// The contract's address.
        address: Address,
        /// keccak256 of the code that was expected.
        expected: B256,
        /// keccak256 of the code it has; of nothing, if there is none.
        found: B256,
    },
    /// Its newest block is too old, in blocks or in time, next to other endpoints' or to a block already seen.
    #[error("head {head} at {time_s} s is behind: others are at {others} and {others_time_s} s")]
    Stale {
        /// Its newest block.
        head: u64,
        /// That block's time, in seconds since the Unix epoch.
        time_s: u64,
        /// The block that others have.
        others: u64,
        /// That block's time, in seconds since the Unix epoch; 0 if not known.
        others_time_s: u64,
    },
}

impl Fault {
    /// An endpoint's own error, with what it says made safe to show.
    pub(super) fn error(code: i64, message: &str, data: Option<Bytes>) -> Self {
        let message = shown(message);
        if is_pruned(code, &message) {
            Self::Pruned { code, message }
        } else {
            Self::Error { code, message, data }
        }
    }

    /// The endpoint is one of another chain, or of another contract: trying again soon is no use.
    pub(super) fn is_disagreement(&self) -> bool {
        matches!(self, Self::WrongChain { .. } | Self::WrongCode { .. })
    }

    /// The endpoint is asked no more for a while. An error of its own may concern one question only.
    pub(super) fn needs_rest(&self) -> bool {
        match self {
            Self::Error { code, message, .. } => is_rate_limit(*code, message),
            Self::Pruned { .. } | Self::OtherFork { .. } | Self::Interrupted => false,
            _ => true,
        }
    }

    /// How long the endpoint itself asked to be left alone, in seconds.
    pub(super) fn asked_rest_s(&self) -> u64 {
        match self {
            Self::Status { retry_after_s, .. } => retry_after_s.unwrap_or(0),
            _ => 0,
        }
    }
}

/// As used by public endpoints: EIP-1474's "limit exceeded", and HTTP's number as a JSON-RPC code.
fn is_rate_limit(code: i64, message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    code == 429 || message.contains("rate limit") || message.contains("too many requests")
}

/// 4444 is what execution-apis lays down for it; older nodes have only texts, geth's, Erigon's and reth's first.
fn is_pruned(code: i64, message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    let texts = [
        "pruned",
        "missing trie node",
        "historical state",
        "history unavailable",
        "history is not available",
    ];
    code == 4444 || texts.iter().any(|text| message.contains(text))
}

/// Shortened, and without characters that could disturb a terminal or a log.
fn shown(message: &str) -> String {
    message.chars().take(MESSAGE_CHARS_MAX).map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_message_with_control_characters_is_made_safe() {
        let fault = Fault::error(-32000, &format!("\u{1b}[2J\n{}", "x".repeat(1000)), None);
        let Fault::Error { message, .. } = fault else { panic!("an error") };
        assert_eq!(message.chars().count(), MESSAGE_CHARS_MAX);
        assert!(message.starts_with(" [2J x"));
    }

    #[test]
    fn an_error_about_one_question_needs_no_rest_but_a_rate_limit_does() {
        assert!(!Fault::error(-32000, "header not found", None).needs_rest());
        assert!(Fault::error(429, "slow down", None).needs_rest());
        assert!(
            Fault::error(-32005, "daily request count exceeded, request rate limited", None).needs_rest()
        );
        assert!(Fault::Timeout { limit_ms: 1 }.needs_rest());
    }

    #[test]
    fn what_nodes_say_of_deleted_history_is_understood() {
        for (code, message) in [
            (4444, "pruned history unavailable"),
            (4444, "resource gone"),
            (-32000, "missing trie node 0a1b (path )"),
            (-32000, "history has been pruned for this block"),
            (-32000, "historical state 0a1b is not available"),
        ] {
            let fault = Fault::error(code, message, None);
            assert!(matches!(fault, Fault::Pruned { .. }) && !fault.needs_rest(), "{fault}");
        }
        for message in ["header not found", "block range is too wide", "execution reverted"] {
            assert!(matches!(Fault::error(-32000, message, None), Fault::Error { .. }), "{message}");
        }
    }
}
