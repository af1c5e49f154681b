//! What has been seen: how often each call succeeded, and each error and event occurred.

use std::collections::BTreeMap;
use std::fmt::Write;

use multee_protocol::machine::{Event, Input, Refusal, Rejection, Suspicion};

/// A function that names the variants of an enum, and a list of all names. A variant that is missing does not compile.
macro_rules! names {
    ($list:ident, $function:ident, $type:ident: $($variant:ident),+ $(,)?) => {
        const $list: &[&str] = &[$(stringify!($variant)),+];

        fn $function(of: &$type) -> &'static str {
            match of {
                $($type::$variant { .. } => stringify!($variant)),+
            }
        }
    };
}

names!(INPUTS, input, Input: OpenEpoch, SeedEpoch, Publish, Settle, Found, SetPolicy, SetReferenceValues,
    AnnounceParameters, SetPaused, AnnounceStandstill, Revive, Join, Restart, Remove, SetOperator, Exit, Rejoin,
    ReportEquivocation, WithdrawDeposit, WithdrawRewards, WithdrawBounty, TransferOwnership, AcceptOwnership,
    RenounceOwnership, Donate);

names!(REJECTIONS, rejection, Rejection: SettingOutOfBounds, ParameterOutOfBounds, NetworkNotStarted,
    NetworkAlreadyStarted, NetworkPaused, ParametersPending, SeatLimitReached, SeatUnknown, CallerNotOperator,
    CallerNotProvider, IdentityWrong, RegistrationIncomplete, DeviceIdBound, SeatIsBlocked, SeatIsExiting,
    SeatNotRemovable, SeatNotExiting, SeatNotPaidOut, SeatPaidOut, DepositLocked, BlocksStillOpen, IncarnationUnknown,
    EquivocationUnproven, RestartTooEarly, IncarnationNotNew, NothingToPay, EpochAlreadyOpened, EpochNotOpened,
    SeedNotYetKnown, SeedExpired, EpochAlreadyPublished, PreviousDigestWrong, ChallengeWrong, SignatureWrong,
    MarkUnknown, MarkUnassigned, LatestBindingsWrong, EvidenceTooLarge, EvidenceMissing, TooMany, DocumentTooLarge, DocumentMissing,
    ReferenceValueInvalid, NoStandstill, StandstillTooEarly, StandstillNotAnnounced, BlockUnknown,
    LogEntryUnknown, OwnableUnauthorizedAccount, OwnableInvalidOwner);

names!(EVENTS, event, Event: NetworkDeployed, SeatRegistered, IncarnationBegun, SeatRestarted, SeatAdmitted,
    ProbationBegun, SeatSuspended, SeatPenalised, SeatBlocked, SeatRemoved, OperatorSet, SeatExiting, SeatRejoined,
    EquivocationProven, DepositPaid, RewardPaid, BountyPaid, EpochOpened, EpochSeeded, ParametersAnnounced,
    ParametersAdopted, PauseSet, BlockPublished, CertificatesPublished, PowerUnverified, PowerVerified,
    PublicationRefused, BlockLogged, BlockPassed, BlockDecided, BlockFinal, PolicySet, ReferenceValuesSet,
    StandstillAnnounced, SeatRevived, OwnershipTransferStarted, OwnershipTransferred);

names!(REASONS, reason, Suspicion: NegativeMark, Probation, UnverifiedPower, Unchecked, Unwinding, Flagged, Undecided);

names!(REFUSALS, refusal, Refusal: Blocked, Exiting, Suspended, BoundElsewhere, RivalClaim, UndecidedBlock);

/// Whether a block marked latest blocks, and whether that could count.
const JUDGED: &[&str] = &["no latest block", "latest blocks", "latest blocks, without weight"];

fn judged(weight: u16, any: bool) -> &'static str {
    match (any, weight) {
        (false, _) => "no latest block",
        (true, 0) => "latest blocks, without weight",
        (true, _) => "latest blocks",
    }
}

/// Errors of views only, which no call can meet. That views give them alike is compared with all else.
const OF_VIEWS: &[&str] = &["BlockUnknown", "LogEntryUnknown"];

/// Counters by kind and name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage(BTreeMap<(&'static str, &'static str), u64>);

impl Coverage {
    /// A call that succeeded.
    pub fn succeeded(&mut self, of: &Input) {
        self.count("call", input(of));
    }

    /// A call that was refused.
    pub fn rejected(&mut self, of: &Rejection) {
        self.count("error", rejection(of));
    }

    /// What happened.
    pub fn happened(&mut self, events: &[Event]) {
        for of in events {
            self.count("event", event(of));
            match of {
                Event::BlockLogged { reason: why, .. } => self.count("logged for", reason(why)),
                Event::PublicationRefused { reason: why, .. } => self.count("refused as", refusal(why)),
                Event::BlockPublished { weight, latest_bindings, .. } => {
                    self.count("judged", judged(*weight, !latest_bindings.is_zero()));
                }
                Event::BlockDecided { malicious, positive, negative, count, .. } => {
                    self.count("decided", if *malicious { "malicious" } else { "honest" });
                    if positive == negative && *positive != 0 {
                        self.count("decided", "tie");
                    }
                    if *count == 127 {
                        self.count("decided", "by 127 marks or more");
                    }
                    if positive + negative >= 2_000_000 {
                        self.count("decided", "with a closed tally");
                    }
                }
                _ => {}
            }
        }
    }

    /// Adds what was seen elsewhere.
    pub fn add(&mut self, other: &Self) {
        for (key, count) in &other.0 {
            *self.0.entry(*key).or_default() += count;
        }
    }

    fn count(&mut self, kind: &'static str, name: &'static str) {
        *self.0.entry((kind, name)).or_default() += 1;
    }

    /// What is to be seen in a long run and was not.
    pub fn missing(&self) -> Vec<String> {
        let lists = [
            ("call", INPUTS),
            ("error", REJECTIONS),
            ("event", EVENTS),
            ("logged for", REASONS),
            ("refused as", REFUSALS),
            ("judged", JUDGED),
            ("decided", &["malicious", "honest", "tie", "by 127 marks or more", "with a closed tally"]),
        ];
        let all = lists.into_iter().flat_map(|(kind, names)| names.iter().map(move |name| (kind, *name)));
        let seen = |key: &(_, _)| self.0.contains_key(key) || OF_VIEWS.contains(&key.1);
        all.filter(|key| !seen(key)).map(|(kind, name)| format!("{kind} {name}")).collect()
    }

    /// All counters, a line each.
    pub fn to_text(&self) -> String {
        self.0.iter().fold(String::new(), |mut text, ((kind, name), count)| {
            writeln!(text, "{count:>9}  {kind} {name}").expect("a string");
            text
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_seen_is_missing_until_it_is() {
        let mut coverage = Coverage::default();
        assert!(coverage.missing().contains(&"call SetPaused".to_owned()));
        assert!(!coverage.missing().iter().any(|name| name.contains("LogEntryUnknown")));
        coverage.succeeded(&Input::SetPaused(true));
        coverage.rejected(&Rejection::NetworkPaused);
        assert!(!coverage.missing().contains(&"call SetPaused".to_owned()));
        assert_eq!(coverage.to_text(), "        1  call SetPaused\n        1  error NetworkPaused\n");
    }
}
