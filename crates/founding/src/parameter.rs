//! The parameters by name: what they are, in which unit and within which bounds, for files and people.

use multee_protocol::Parameters;

/// One of the numbers that an announcement may change.
#[derive(Clone, Copy)]
pub struct Parameter {
    /// The field's name in files and on the command line.
    pub name: &'static str,
    /// The rule that uses it.
    pub rule: &'static str,
    /// Its unit.
    pub unit: &'static str,
    /// Its bounds, as text.
    pub range: &'static str,
    /// What it is.
    pub what: &'static str,
    get: fn(&Parameters) -> u128,
    set: fn(&mut Parameters, u128) -> bool,
}

impl Parameter {
    /// All of them, in the protocol's order.
    pub const ALL: &'static [Self] = &TABLE;

    /// The one of this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        TABLE.iter().find(|parameter| parameter.name == name)
    }

    /// Its value.
    pub fn get(&self, parameters: &Parameters) -> u128 {
        (self.get)(parameters)
    }

    /// Gives it a value; `false` if that is larger than any of its type. Its bounds are checked by
    /// [`Parameters::violations`], for some depend on others.
    #[must_use]
    pub fn set(&self, parameters: &mut Parameters, value: u128) -> bool {
        (self.set)(parameters, value)
    }
}

impl core::fmt::Debug for Parameter {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Parameter").field("name", &self.name).finish_non_exhaustive()
    }
}

macro_rules! parameter {
    ($field:ident, $rule:literal, $unit:literal, $range:literal, $what:literal) => {
        Parameter {
            name: stringify!($field),
            rule: $rule,
            unit: $unit,
            range: $range,
            what: $what,
            get: |parameters| parameters.$field.into(),
            set: |parameters, value| value.try_into().map(|value| parameters.$field = value).is_ok(),
        }
    };
}

const TABLE: [Parameter; 16] = [
    parameter!(latest_checks, "R4", "blocks", "1..=8", "L1: latest blocks that each device checks"),
    parameter!(
        suspicious_checks,
        "R4",
        "blocks",
        "2..=64 - L1",
        "L2: suspicious blocks that each device checks"
    ),
    parameter!(
        decision_marks,
        "R5",
        "marks",
        "L2..=90",
        "K: marks that a decision asks for in a large network"
    ),
    parameter!(max_penalties, "R9", "points", "1..=255", "Q: penalty points that block a seat"),
    parameter!(
        full_gain_streak,
        "R9",
        "blocks",
        "1..=15",
        "S: good blocks in a row until steps upward are full ones"
    ),
    parameter!(
        finality_epochs,
        "R9",
        "epochs",
        "1..=11",
        "how long after its passing a block is honest for good"
    ),
    parameter!(
        power_tolerance_bps,
        "R10",
        "1/10000",
        "0..=10000",
        "how far power may lie from the last verified"
    ),
    parameter!(
        score_gain_bps,
        "R9",
        "1/10000",
        "1..=10000",
        "part of the distance to its target that a step moves a score"
    ),
    parameter!(
        admission_score,
        "R1, R11",
        "1/10000",
        "5000..=8999",
        "score of a new seat, and the most a restarted one keeps"
    ),
    parameter!(
        restart_cooldown_epochs,
        "R11",
        "epochs",
        "0..=1000",
        "how long a suspended seat waits before it may restart"
    ),
    parameter!(
        reward_delay_epochs,
        "R12",
        "epochs",
        "1..=1825",
        "how long a bucket of rewards takes to mature"
    ),
    parameter!(
        unbonding_epochs,
        "R13",
        "epochs",
        "1..=3650",
        "how long after an announced exit the deposit is paid"
    ),
    parameter!(
        restricted_reward_bps,
        "R11",
        "1/10000",
        "0..=10000",
        "part of a full reward that tier Restricted earns"
    ),
    parameter!(
        bounty_bps,
        "R1, R15",
        "1/10000",
        "0..=5000",
        "part of a deposit that goes to who reports or removes a seat"
    ),
    parameter!(
        min_deposit,
        "R1",
        "the token's smallest unit",
        "1..=10^30",
        "deposit of a new seat: what there is to slash"
    ),
    parameter!(
        reward_per_epoch,
        "R12",
        "the token's smallest unit",
        "0..=10^30",
        "pot of an epoch, from unallocated funds and as much again out of carry"
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn bound(text: &str, parameters: &Parameters) -> u128 {
        match text {
            "L2" => parameters.suspicious_checks.into(),
            "64 - L1" => u128::from(64 - parameters.latest_checks),
            "10^30" => 10_u128.pow(30),
            number => number.parse().expect("a number"),
        }
    }

    /// Whether the protocol takes it, with everything else at its default.
    fn taken(parameter: &Parameter, value: u128) -> bool {
        // So that every number of checks has marks to decide it.
        let mut parameters = Parameters { decision_marks: 90, ..Parameters::default() };
        parameter.set(&mut parameters, value) && parameters.validate().is_ok()
    }

    #[test]
    fn the_ranges_that_people_are_told_are_those_of_the_protocol() {
        let parameters = Parameters::default();
        for parameter in Parameter::ALL {
            let (least, most) = parameter.range.split_once("..=").expect("a range");
            let (least, most) = (bound(least, &parameters), bound(most, &parameters));
            assert!(taken(parameter, least) && taken(parameter, most), "{parameter:?}");
            assert!(least == 0 || !taken(parameter, least - 1), "{parameter:?}");
            assert!(!taken(parameter, most + 1), "{parameter:?}");
        }
    }

    #[test]
    fn each_field_is_there_once_and_gets_what_was_set() {
        // JSON's numbers end below the default deposit.
        let small = Parameters { min_deposit: 1, reward_per_epoch: 1, ..Parameters::default() };
        let names: Vec<String> = match serde_json::to_value(small).expect("JSON") {
            serde_json::Value::Object(fields) => fields.keys().cloned().collect(),
            other => panic!("{other}"),
        };
        assert_eq!(names.len(), Parameter::ALL.len());
        for name in names {
            let parameter = Parameter::named(&name).expect("in the table");
            let mut parameters = Parameters::default();
            assert!(parameter.set(&mut parameters, 3));
            assert_eq!(parameter.get(&parameters), 3);
        }
        assert!(Parameter::named("genesis").is_none());
    }
}
