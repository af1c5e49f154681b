//! Who is in the story.

use multee_protocol::TeeType;
use serde::Serialize;

/// A device's part in the story.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Role {
    /// Attests and verifies as it should.
    Honest,
    /// Honest, but comes later and must be admitted by its peers.
    Joiner,
    /// Boots an image that is not among the reference values; its operator mends that at the restart.
    WrongMeasurement,
    /// Its platform's certificate is revoked in the course of the story.
    Revoked,
    /// Its own evidence is genuine, but it marks honest peers' blocks as bad.
    Slanderer,
    /// Another machine, with a key extracted from an admitted one, that claims that one's hardware id.
    Clone,
}

impl Role {
    /// The name as tables show it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Honest => "honest",
            Self::Joiner => "joiner",
            Self::WrongMeasurement => "wrong measurement",
            Self::Revoked => "revoked",
            Self::Slanderer => "slanderer",
            Self::Clone => "clone",
        }
    }

    /// Whether the device is there at genesis.
    pub(crate) fn founds(self) -> bool {
        !matches!(self, Self::Joiner | Self::Clone)
    }
}

/// One device of the cast.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Part {
    /// Its number, from 0: the machine's number at the simulated vendor.
    pub(crate) index: u32,
    /// Its role.
    pub(crate) role: Role,
    /// Its kind of TEE.
    pub(crate) tee: TeeType,
}

/// Epoch in which the revocation is published.
pub(crate) const REVOKED_AT: u32 = 2;
/// Epoch in which the joiner joins.
pub(crate) const JOINED_AT: u32 = 4;
/// Epoch in which the clone tries to.
pub(crate) const CLONED_AT: u32 = 5;
/// The admitted device that the clone's key comes from.
pub(crate) const CLONED: u32 = 0;

/// The cast of `devices`, the troubled ones last. TEE types alternate; the clone has that of its victim.
pub(crate) fn cast(devices: u32) -> Vec<Part> {
    use Role::{Clone, Honest, Joiner, Revoked, Slanderer, WrongMeasurement};
    let troubled = [WrongMeasurement, Revoked, Slanderer, Slanderer, Joiner, Clone];
    let honest = (devices as usize).saturating_sub(troubled.len());
    let roles = std::iter::repeat_n(Honest, honest).chain(troubled);
    let tee = |index: u32| if index.is_multiple_of(2) { TeeType::Tdx } else { TeeType::Sgx };
    (0..devices)
        .zip(roles)
        .map(|(index, role)| Part { index, role, tee: tee(if role == Clone { CLONED } else { index }) })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_role_is_cast_and_honest_devices_are_the_majority_of_founders() {
        // The range that the command line takes: fewer leave no majority beside the troubled ones, and more would take
        // longer than a demo should.
        for devices in 10..=40 {
            let cast = cast(devices);
            assert_eq!(cast.len(), devices as usize);
            let count = |role| cast.iter().filter(|part| part.role == role).count();
            assert_eq!(count(Role::Slanderer), 2);
            for role in [Role::Joiner, Role::WrongMeasurement, Role::Revoked, Role::Clone] {
                assert_eq!(count(role), 1);
            }
            assert!(2 * count(Role::Honest) >= cast.iter().filter(|part| part.role.founds()).count());
        }
    }
}
