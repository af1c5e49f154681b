//! What an endpoint says to a transaction it is given.

use super::fault::Fault;
use crate::Refusal;

/// What came of giving a transaction to endpoints.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It waits in a pool, or is executed already.
    Taken,
    /// Nobody said no, but it may have got through.
    Unknown,
    /// It pays less than the pool takes, or than a replacement must.
    Underpriced,
    /// The account's nonce is beyond it.
    NonceUsed,
    /// It can never be executed.
    Refused(Refusal),
}

/// One endpoint's verdict. There are texts and no codes for it: geth's first, then as reth, Nethermind, Besu, Erigon and
/// anvil say it. What is not known leaves open whether the transaction was taken.
pub(super) fn verdict(result: &Result<(), Fault>) -> Verdict {
    let message = match result {
        Ok(()) => return Verdict::Taken,
        Err(Fault::Error { message, .. }) => message.to_ascii_lowercase(),
        Err(_) => return Verdict::Unknown,
    };
    let says = |texts: &[&str]| texts.iter().any(|text| message.contains(text));
    if says(&["already known", "alreadyknown", "already imported", "known transaction"]) {
        Verdict::Taken
    } else if says(&["nonce too low", "nonce is too low", "oldnonce"]) {
        Verdict::NonceUsed
    } else if says(&["underpriced", "max fee per gas less than block base fee", "feetoolow", "fee too low"]) {
        Verdict::Underpriced
    } else {
        refusal(&message).map_or(Verdict::Unknown, Verdict::Refused)
    }
}

/// Why a transaction can never be executed, if that is what the text says.
pub(super) fn refusal(message: &str) -> Option<Refusal> {
    let message = message.to_ascii_lowercase();
    let says = |texts: &[&str]| texts.iter().any(|text| message.contains(text));
    if says(&["sender not an eoa", "senders with deployed code", "eip-3607"]) {
        return Some(Refusal::SenderIsContract);
    }
    let refused = [
        "insufficient funds",
        "intrinsic gas",
        "floor data gas",
        "exceeds block gas limit",
        "gas limit too high",
        "exceeds the configured cap",
        "transaction type not supported",
        "invalid sender",
        "invalid chain id",
        "initcode size",
    ];
    says(&refused).then_some(Refusal::Invalid(message))
}

/// What all verdicts together mean, if there are any: one that took it is enough; one that may have forbids to say that nothing changed.
pub(super) fn together(verdicts: impl IntoIterator<Item = Verdict>) -> Option<Verdict> {
    let rank = |verdict: &Verdict| match verdict {
        Verdict::Taken => 0,
        Verdict::Unknown => 1,
        Verdict::Underpriced => 2,
        Verdict::NonceUsed => 3,
        Verdict::Refused(_) => 4,
    };
    verdicts.into_iter().min_by_key(rank)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(message: &str) -> Verdict {
        verdict(&Err(Fault::error(-32000, message, None)))
    }

    #[test]
    fn what_nodes_say_is_understood() {
        assert_eq!(verdict(&Ok(())), Verdict::Taken);
        for message in ["already known", "AlreadyKnown", "transaction already imported", "Known transaction"]
        {
            assert_eq!(said(message), Verdict::Taken, "{message}");
        }
        for message in ["nonce too low: next nonce 7, tx nonce 5", "OldNonce"] {
            assert_eq!(said(message), Verdict::NonceUsed, "{message}");
        }
        for message in [
            "replacement transaction underpriced",
            "transaction underpriced: gas tip cap 1",
            "max fee per gas less than block base fee: address 0x",
        ] {
            assert_eq!(said(message), Verdict::Underpriced, "{message}");
        }
        assert!(matches!(said("Insufficient funds for gas * price + value"), Verdict::Refused(_)));
        assert_eq!(said("sender not an eoa: address 0x"), Verdict::Refused(Refusal::SenderIsContract));
        assert_eq!(said("something broke"), Verdict::Unknown);
        assert_eq!(verdict(&Err(Fault::Timeout { limit_ms: 1 })), Verdict::Unknown);
    }

    #[test]
    fn one_that_took_it_counts_and_one_that_may_have_forbids_a_refusal() {
        let refused = Verdict::Refused(Refusal::CreationCodeTooLarge);
        assert_eq!(together([refused.clone(), Verdict::Taken, Verdict::Unknown]), Some(Verdict::Taken));
        let open = together([refused.clone(), Verdict::Unknown, Verdict::NonceUsed]);
        assert_eq!(open, Some(Verdict::Unknown));
        assert_eq!(together([refused.clone(), refused.clone()]), Some(refused));
        assert_eq!(together([]), None);
    }
}
