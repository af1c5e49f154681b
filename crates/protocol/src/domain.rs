//! Domain tags: every hash of the protocol that could be mistaken for another begins with one.
//!
//! A tag is the keccak256 of a name that ends in its version, so that a change of what is hashed is a change
//! of tag. The contract holds the same constants.

use alloy_primitives::{B256, b256};

/// Opens the hash that makes a device id (`"multee/device/v1"`, see [`crate::DeviceId::from_hardware`]).
pub const DEVICE: B256 = b256!("1c1310188cf237c01bbd65ba39e6db86754233acf68d3415986a7c858c51b37e");

/// Opens the hash that makes an epoch's seed (`"multee/seed/v1"`, R2).
pub const SEED: B256 = b256!("a34c30c21bbb32626e28d0306a255ceb36400a51d866d75c7e30a569a0fa9a82");

/// Opens the hash that makes a challenge (`"multee/challenge/v1"`, R4).
pub const CHALLENGE: B256 = b256!("6a0cfc17406a41f5f2421b0bf128b16498c5ababbaa4207bf510f64a344764b1");

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::keccak256;

    #[test]
    fn tags_are_the_hashes_of_their_names() {
        assert_eq!(DEVICE, keccak256("multee/device/v1"));
        assert_eq!(SEED, keccak256("multee/seed/v1"));
        assert_eq!(CHALLENGE, keccak256("multee/challenge/v1"));
    }
}
