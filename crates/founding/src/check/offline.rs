//! What the configuration and the policy alone show.

use alloy_primitives::B256;
use multee_confirmation::ReferenceValue;
use multee_evidence::Policy;

use super::{Checked, Problem, Warning};
use crate::step::Plan;
use crate::{FoundingSeat, NetworkConfig};

/// Reference values that the contract takes (R16).
const REFERENCES_MAX: usize = 32;

pub(super) fn check(plan: &Plan<'_>, checked: &mut Checked) {
    let config = plan.config;
    let violations = config.fixed.violations().into_iter().chain(config.parameters.violations());
    checked.problems.extend(violations.map(Problem::from));
    checked.problems.extend(config.token.filter(|token| token.is_zero()).map(|_| Problem::TokenMissing));
    if let Err(error) = Policy::from_json(plan.policy) {
        checked.problems.push(Problem::Policy(error.to_string()));
    }
    checked.problems.extend(references(&config.references));
    seats(config, &mut checked.problems);
    warn(config, &mut checked.warnings);
}

fn warn(config: &NetworkConfig, warnings: &mut Vec<Warning>) {
    warnings.extend(config.token.is_none().then_some(Warning::TestToken));
    warnings.extend(config.seats.is_empty().then_some(Warning::NoSeats));
    warnings.extend(config.references.is_empty().then_some(Warning::NoReferences));
}

/// What the contract would refuse of a list of reference values.
pub(crate) fn references(references: &[ReferenceValue]) -> Vec<Problem> {
    let mut problems = Vec::new();
    if references.len() > REFERENCES_MAX {
        problems.push(Problem::TooManyReferences { given: references.len(), max: REFERENCES_MAX });
    }
    let mut last = B256::ZERO;
    for (number, reference) in (1..).zip(references) {
        if reference.measurement <= last {
            let what = "its measurement is zero, or not above the one before";
            problems.push(Problem::Reference { number, what });
        }
        if reference.from_epoch > reference.until_epoch {
            problems.push(Problem::Reference { number, what: "it is allowed in no epoch" });
        }
        last = reference.measurement;
    }
    problems
}

fn seats(config: &NetworkConfig, problems: &mut Vec<Problem>) {
    let seats = &config.seats;
    if seats.len() as u64 > u64::from(config.fixed.max_seats) {
        problems.push(Problem::TooManySeats { given: seats.len(), max: config.fixed.max_seats });
    }
    for (number, seat) in (1..).zip(seats) {
        let zero = |field| Problem::SeatIncomplete { seat: number, field };
        problems.extend(zero_fields(seat).map(zero));
        let mut allowed = config.references.iter().filter(|reference| reference.from_epoch == 0);
        if !seat.measurement.is_zero() && !allowed.any(|reference| reference.measurement == seat.measurement)
        {
            problems.push(Problem::SeatNotAllowed { seat: number });
        }
        for (other, before) in (1..number).zip(seats) {
            let alike = |field| Problem::SeatsAlike { first: other, second: number, field };
            problems.extend((before.device_id == seat.device_id).then(|| alike("device_id")));
            problems.extend((before.incarnation == seat.incarnation).then(|| alike("incarnation")));
        }
    }
}

fn zero_fields(seat: &FoundingSeat) -> impl Iterator<Item = &'static str> {
    let fields = [
        ("provider", seat.provider.is_zero()),
        ("operator", seat.operator.is_zero()),
        ("device_id", seat.device_id.0.is_zero()),
        ("incarnation", seat.incarnation.is_zero()),
        ("measurement", seat.measurement.is_zero()),
    ];
    fields.into_iter().filter(|(_, zero)| *zero).map(|(field, _)| field)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::Address;
    use multee_protocol::DeviceId;

    const POLICY: &[u8] =
        br#"{"version": 1, "roots": ["0x44a0196b2b99f889b8e149e95b807a350e7424964399e885a7cbb8ccfab674d3"],
        "platform_statuses": ["UpToDate"], "tcb_evaluation_number": 17}"#;

    fn reference(byte: u8) -> ReferenceValue {
        ReferenceValue { measurement: B256::repeat_byte(byte), from_epoch: 0, until_epoch: 9 }
    }

    fn seat(byte: u8) -> FoundingSeat {
        FoundingSeat {
            provider: Address::repeat_byte(byte),
            operator: Address::repeat_byte(byte),
            device_id: DeviceId(B256::repeat_byte(byte)),
            incarnation: Address::repeat_byte(byte),
            measurement: B256::repeat_byte(7),
            verified_power: 1,
        }
    }

    fn sound() -> NetworkConfig {
        let seats = vec![seat(1), seat(2)];
        NetworkConfig {
            token: Some(Address::repeat_byte(1)),
            references: vec![reference(7), reference(8)],
            seats,
            ..NetworkConfig::example(false)
        }
    }

    fn found(change: impl FnOnce(&mut NetworkConfig)) -> Vec<String> {
        let mut config = sound();
        change(&mut config);
        let checked = super::super::check_offline(&Plan { config: &config, policy: POLICY });
        checked.problems.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_sound_configuration_has_no_problems() {
        assert_eq!(found(|_| {}), Vec::<String>::new());
    }

    #[test]
    fn everything_wrong_is_told_at_once() {
        let told = found(|config| {
            config.token = Some(Address::ZERO);
            config.fixed.epoch_seconds = 11;
            config.parameters.latest_checks = 9;
            config.parameters.bounty_bps = 5001;
            config.references = vec![reference(8), reference(7)];
            config.references[0].from_epoch = 10;
            config.seats[1].operator = Address::ZERO;
            config.seats.push(seat(1));
        });
        assert_eq!(
            told,
            [
                "epoch_seconds is 11, outside 12..=31536000",
                "latest_checks is 9, outside 1..=8",
                "bounty_bps is 5001, outside 0..=5000",
                "token is the zero address",
                "reference value 1: it is allowed in no epoch",
                "reference value 2: its measurement is zero, or not above the one before",
                "seat 2: operator is zero",
                "seats 1 and 3 have the same device_id",
                "seats 1 and 3 have the same incarnation",
            ]
        );
    }

    #[test]
    fn seats_must_run_what_is_allowed_from_the_start() {
        let late = found(|config| config.references[0].from_epoch = 1);
        assert_eq!(
            late,
            [
                "seat 1: its measurement is no reference value of epoch 0",
                "seat 2: its measurement is no reference value of epoch 0"
            ]
        );
        assert_eq!(
            found(|config| config.fixed.max_seats = 1),
            ["there are 2 founding seats, and max_seats is 1"]
        );
        let many = found(|config| {
            config.seats.clear();
            config.references = (1..=33).map(reference).collect();
        });
        assert_eq!(many, ["there are 33 reference values, the contract takes 32"]);
    }

    #[test]
    fn a_policy_that_is_none_is_told_and_empty_lists_are_warned_of() {
        let config = NetworkConfig::example(true);
        let checked = super::super::check_offline(&Plan { config: &config, policy: b"{}" });
        assert!(matches!(checked.problems.as_slice(), [Problem::Policy(_)]), "{checked:?}");
        assert_eq!(checked.warnings, [Warning::TestToken, Warning::NoSeats, Warning::NoReferences]);
    }
}
