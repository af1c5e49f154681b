//! What an adversary's devices do: how they mark, when, with what evidence, and what else they try.

use serde::Serialize;

use crate::scenario::ScenarioError;

/// Whether the evidence under a liar's own blocks verifies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Evidence {
    /// It does not: honest verifiers mark every block of a device that lies negative.
    Forged,
    /// It does, for the key was extracted or only the host is bad: honest verifiers cannot but mark it valid.
    Genuine,
}

impl Evidence {
    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Forged => "forged",
            Self::Genuine => "genuine",
        }
    }
}

/// The order in which devices publish within an epoch. The adversary may choose it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Order {
    /// Any, drawn anew each epoch.
    Random,
    /// The adversary's devices before all others.
    AbusiveFirst,
    /// The adversary's devices after all others, when they have seen all other marks.
    AbusiveLast,
}

impl Order {
    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Random => "random",
            Self::AbusiveFirst => "abusive-first",
            Self::AbusiveLast => "abusive-last",
        }
    }
}

/// What the adversary's devices do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case", tag = "name")]
pub enum Strategy {
    /// The same as everybody: the yardstick.
    Honest,
    /// Friends are marked valid, all others negative.
    Collusion,
    /// Others are marked negative, friends by their evidence.
    Slander,
    /// Friends are marked valid, others by their evidence.
    Promotion,
    /// Each mark by the toss of a coin.
    Random,
    /// Everything is marked valid without a look.
    Lazy,
    /// Publishes, and marks nothing.
    Absent,
    /// Honest up to an epoch, colludes from then on.
    Sleeper {
        /// The epoch in which it turns.
        turn: u32,
    },
    /// Colludes while its score is at or above an edge, honest below.
    OnOff {
        /// The edge, basis points.
        edge_bps: u16,
    },
    /// Slanders latest blocks while in tier Full, and lies in the window only where its camp is going to prevail, which
    /// assignments and scores tell beforehand (R4).
    Opportunist,
    /// Colludes, and restarts whenever its score is below Full, in the hope of a clean slate.
    WhitewashRestart,
    /// Colludes, leaves when its score falls below Warning, and rejoins its seat when it is paid out (R13).
    WhitewashRejoin,
    /// Colludes on seats that all join in one epoch and pay a deposit each (R1).
    SybilFlood {
        /// The epoch in which they join.
        turn: u32,
    },
    /// Claims more power than it has from an epoch on (R10).
    PowerAtOnce {
        /// The epoch in which it begins.
        turn: u32,
        /// What it claims, in percent of what it has.
        percent: u32,
    },
    /// Claims a little more power each epoch, up to the most that verifiers believe of its platform (R10).
    PowerCreeping {
        /// By how much, in percent an epoch.
        percent: u32,
    },
    /// Runs its key on two machines from an epoch on: two blocks for one challenge, which somebody reports (R15).
    Clone {
        /// The epoch in which it begins.
        turn: u32,
    },
    /// A whole vendor or platform family is broken: its devices collude and their evidence verifies, until the break
    /// is known and the policy no longer accepts it (R16).
    VendorBreak {
        /// The epoch in which they turn.
        turn: u32,
        /// The epoch from which on verifiers refuse their evidence.
        disclosed: u32,
    },
}

impl Strategy {
    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Honest => "honest",
            Self::Collusion => "collusion",
            Self::Slander => "slander",
            Self::Promotion => "promotion",
            Self::Random => "random",
            Self::Lazy => "lazy",
            Self::Absent => "absent",
            Self::Sleeper { .. } => "sleeper",
            Self::OnOff { .. } => "on-off",
            Self::Opportunist => "opportunist",
            Self::WhitewashRestart => "whitewash-restart",
            Self::WhitewashRejoin => "whitewash-rejoin",
            Self::SybilFlood { .. } => "sybil-flood",
            Self::PowerAtOnce { .. } => "power-at-once",
            Self::PowerCreeping { .. } => "power-creeping",
            Self::Clone { .. } => "clone",
            Self::VendorBreak { .. } => "vendor-break",
        }
    }

    /// Whether it is about marks alone, and so can be played by the published rules.
    pub(crate) fn is_about_marks(self) -> bool {
        match self {
            Self::Honest
            | Self::Collusion
            | Self::Slander
            | Self::Promotion
            | Self::Random
            | Self::Lazy
            | Self::Absent
            | Self::Sleeper { .. }
            | Self::VendorBreak { .. } => true,
            Self::OnOff { .. }
            | Self::Opportunist
            | Self::WhitewashRestart
            | Self::WhitewashRejoin
            | Self::SybilFlood { .. }
            | Self::PowerAtOnce { .. }
            | Self::PowerCreeping { .. }
            | Self::Clone { .. } => false,
        }
    }

    pub(crate) fn validate(self) -> Result<(), ScenarioError> {
        match self {
            Self::OnOff { edge_bps } if edge_bps > 10_000 => Err(ScenarioError::Strategy {
                what: "the edge",
                value: edge_bps.into(),
                bounds: "a score, at most 10000",
            }),
            Self::PowerAtOnce { percent, .. } | Self::PowerCreeping { percent } if percent > 100_000 => {
                Err(ScenarioError::Strategy {
                    what: "the percentage of power",
                    value: percent,
                    bounds: "at most 100000",
                })
            }
            Self::VendorBreak { turn, disclosed } if disclosed < turn => Err(ScenarioError::Strategy {
                what: "the epoch of disclosure",
                value: disclosed,
                bounds: "no earlier than the break",
            }),
            _ => Ok(()),
        }
    }
}
