//! What is simulated: a network, its adversary, and the rules.

use multee_protocol::machine::Variation;
use multee_protocol::{Fixed, ParameterError, Parameters};
use serde::Serialize;

use crate::strategy::{Evidence, Order, Strategy};

/// Seats that a network can have (R14).
const DEVICES_MAX: u32 = 1 << 20;
/// Epochs of a run at most: ten years of days.
const EPOCHS_MAX: u32 = 3650;

/// By which rules a network is played.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rules {
    /// R1 to R17: the state machine of `multee-protocol`.
    Multee,
    /// The confirmation protocol as Super Protocol published it: the baseline ([`crate::published_rows`]).
    Published,
}

impl Rules {
    /// The name on the command line and in documents.
    pub fn name(self) -> &'static str {
        match self {
            Self::Multee => "multee",
            Self::Published => "published",
        }
    }
}

/// A share of the honest devices cannot verify for some epochs, say for an outage of collateral, and abstains (4.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Outage {
    /// Of the honest, in percent.
    pub share_percent: u8,
    /// The first epoch of the outage.
    pub from_epoch: u32,
    /// How many epochs it lasts.
    pub epochs: u32,
}

/// One simulation: what is played, and from which seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Scenario {
    /// By which rules.
    pub rules: Rules,
    /// Devices in all.
    pub devices: u32,
    /// How many of them have one owner, the adversary.
    pub abusive: u32,
    /// What the adversary's devices do.
    pub strategy: Strategy,
    /// Whether the evidence of those who lie verifies all the same.
    pub evidence: Evidence,
    /// Who publishes first in an epoch.
    pub order: Order,
    /// An outage of honest verifiers, whatever the strategy.
    pub outage: Option<Outage>,
    /// L1, L2, K, Q, gain and all else; the published rules read only the first four.
    pub parameters: Parameters,
    /// What is varied of R7 and R9; the default is the rules as they are. The published rules have none of it.
    pub variation: Variation,
    /// When a run ends, if neither camp is blocked before.
    pub epochs_max: u32,
    /// What chance grows from.
    pub seed: u64,
}

/// Why a scenario makes no sense. Nothing has run then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScenarioError {
    /// A network of one marks nothing; seats have 20 bits.
    #[error("{devices} devices: a network has 2 to {DEVICES_MAX}")]
    Devices {
        /// What was asked for.
        devices: u32,
    },
    /// More of them than there are.
    #[error("{abusive} abusive devices of {devices}: there cannot be more of them than devices in all")]
    Abusive {
        /// Abusive devices asked for.
        abusive: u32,
        /// Devices in all.
        devices: u32,
    },
    /// No time at all, or too much of it.
    #[error("{epochs} epochs: a run lasts 1 to {EPOCHS_MAX}")]
    Epochs {
        /// What was asked for.
        epochs: u32,
    },
    /// L1 + L2 do not fit the marks of a block (4.6).
    #[error("{latest} latest and {suspicious} suspicious checks are {}: a block has 64 places for marks", u16::from(*latest) + u16::from(*suspicious))]
    TooManyChecks {
        /// L1.
        latest: u8,
        /// L2.
        suspicious: u8,
    },
    /// More marks than a block can ever get.
    #[error("{decision_marks} decision marks are never reached: a block gets at most {most}")]
    DecisionUnreachable {
        /// K.
        decision_marks: u8,
        /// Marks a block can get.
        most: u32,
    },
    /// A number of the published rules is zero.
    #[error("{0} is 0: nothing would ever be decided")]
    Zero(&'static str),
    /// A parameter lies outside of the protocol's bounds (docs/protocol.md, section 3).
    #[error(transparent)]
    Parameter(#[from] ParameterError),
    /// The published rules have no scores, deposits, powers or restarts.
    #[error("the published rules know nothing of what the strategy {0} is about")]
    NotPublished(&'static str),
    /// A mark weighs by no power of the score below the first, and not beyond the fourth.
    #[error("weight exponent {0}: it must be 1..={max}", max = Variation::WEIGHT_EXPONENT_MAX)]
    WeightExponent(u8),
    /// The published rules have no scores to vary.
    #[error("the published rules have no scores, and so no variation of them")]
    NotVaried,
    /// A share above the whole.
    #[error("an outage of {0} % of the honest devices: at most all of them can be out")]
    Outage(u8),
    /// A number of the strategy is out of reach.
    #[error("{what} is {value}: it must be {bounds}")]
    Strategy {
        /// Which number.
        what: &'static str,
        /// What was asked for.
        value: u32,
        /// What it may be.
        bounds: &'static str,
    },
}

impl Scenario {
    /// A network with the protocol's defaults, under collusion with forged evidence.
    pub fn new(rules: Rules, devices: u32, abusive: u32) -> Self {
        Self {
            rules,
            devices,
            abusive,
            strategy: Strategy::Collusion,
            evidence: Evidence::Forged,
            order: Order::Random,
            outage: None,
            parameters: Parameters::default(),
            variation: Variation::default(),
            epochs_max: 100,
            seed: 1,
        }
    }

    /// How many devices are not the adversary's.
    pub fn honest(&self) -> u32 {
        self.devices.saturating_sub(self.abusive)
    }

    /// The network's settings: the protocol's, with room for just these devices.
    pub(crate) fn fixed(&self) -> Fixed {
        Fixed { max_seats: self.devices, ..Fixed::default() }
    }

    /// Whether this can be simulated.
    ///
    /// # Errors
    /// Says what makes no sense, and why.
    pub fn validate(&self) -> Result<(), ScenarioError> {
        let Self { devices, abusive, .. } = *self;
        if !(2..=DEVICES_MAX).contains(&devices) {
            return Err(ScenarioError::Devices { devices });
        }
        if abusive > devices {
            return Err(ScenarioError::Abusive { abusive, devices });
        }
        if !(1..=EPOCHS_MAX).contains(&self.epochs_max) {
            return Err(ScenarioError::Epochs { epochs: self.epochs_max });
        }
        if let Some(outage) = self.outage.filter(|outage| outage.share_percent > 100) {
            return Err(ScenarioError::Outage(outage.share_percent));
        }
        self.strategy.validate()?;
        match self.rules {
            Rules::Multee => self.validate_multee(),
            Rules::Published => self.validate_published(),
        }
    }

    fn validate_multee(&self) -> Result<(), ScenarioError> {
        let Parameters { latest_checks: latest, suspicious_checks: suspicious, .. } = self.parameters;
        if u16::from(latest) + u16::from(suspicious) > 64 {
            return Err(ScenarioError::TooManyChecks { latest, suspicious });
        }
        let exponent = self.variation.weight_exponent;
        if !(1..=Variation::WEIGHT_EXPONENT_MAX).contains(&exponent) {
            return Err(ScenarioError::WeightExponent(exponent));
        }
        // A decision asks for no more marks than the network can give (R5); the bound on K is the rest.
        if self.parameters.decision_marks > 90 {
            let decision_marks = self.parameters.decision_marks;
            return Err(ScenarioError::DecisionUnreachable { decision_marks, most: 90 });
        }
        Ok(self.parameters.validate()?)
    }

    fn validate_published(&self) -> Result<(), ScenarioError> {
        let Parameters { latest_checks, suspicious_checks, decision_marks, max_penalties, .. } =
            self.parameters;
        let numbers = [
            ("latest_checks", latest_checks),
            ("suspicious_checks", suspicious_checks),
            ("decision_marks", decision_marks),
            ("max_penalties", max_penalties),
        ];
        if let Some((name, _)) = numbers.iter().find(|(_, number)| *number == 0) {
            return Err(ScenarioError::Zero(name));
        }
        // Each other device marks a block once.
        let most = self.devices - 1;
        if u32::from(decision_marks) > most {
            return Err(ScenarioError::DecisionUnreachable { decision_marks, most });
        }
        if self.variation != Variation::default() {
            return Err(ScenarioError::NotVaried);
        }
        if !self.strategy.is_about_marks() || self.outage.is_some() {
            let name = if self.outage.is_some() { "outage" } else { self.strategy.name() };
            return Err(ScenarioError::NotPublished(name));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(change: impl FnOnce(&mut Scenario)) -> String {
        let mut scenario = Scenario::new(Rules::Multee, 100, 10);
        change(&mut scenario);
        scenario.validate().expect_err("refused").to_string()
    }

    #[test]
    fn what_makes_no_sense_is_refused_with_the_reason() {
        let said = refusal(|scenario| scenario.abusive = 101);
        assert_eq!(said, "101 abusive devices of 100: there cannot be more of them than devices in all");
        let said = refusal(|scenario| scenario.parameters.latest_checks = 30);
        assert_eq!(said, "30 latest and 40 suspicious checks are 70: a block has 64 places for marks");
        let said = refusal(|scenario| scenario.parameters.decision_marks = 91);
        assert_eq!(said, "91 decision marks are never reached: a block gets at most 90");
        let said = refusal(|scenario| scenario.parameters.score_gain_bps = 0);
        assert_eq!(said, "score_gain_bps is 0, outside 1..=10000");
        let said = refusal(|scenario| scenario.variation.weight_exponent = 5);
        assert_eq!(said, "weight exponent 5: it must be 1..=4");
        assert!(refusal(|scenario| scenario.devices = 1).starts_with("1 devices"));
        assert!(refusal(|scenario| scenario.epochs_max = 0).starts_with("0 epochs"));
    }

    #[test]
    fn published_rules_need_a_reachable_decision_and_may_check_more_than_a_block_holds() {
        let mut scenario = Scenario { rules: Rules::Published, ..Scenario::new(Rules::Multee, 1000, 10) };
        (scenario.parameters.latest_checks, scenario.parameters.suspicious_checks) = (60, 60);
        assert_eq!(scenario.validate(), Ok(()));
        scenario.devices = 52;
        let refused = ScenarioError::DecisionUnreachable { decision_marks: 52, most: 51 };
        assert_eq!(scenario.validate(), Err(refused));
        scenario.devices = 100;
        scenario.strategy = Strategy::WhitewashRestart;
        assert_eq!(scenario.validate(), Err(ScenarioError::NotPublished("whitewash-restart")));
    }

    #[test]
    fn networks_smaller_than_k_are_played_with_fewer_marks() {
        assert_eq!(Scenario::new(Rules::Multee, 5, 1).validate(), Ok(()));
    }
}
