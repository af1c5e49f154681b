//! Domain tags: every hash of the protocol that could be mistaken for another begins with one.
//!
//! A tag is the keccak256 of a name that ends in its version, so that a change of what is hashed is a change
//! of tag. The contract holds the same constants.

use alloy_primitives::{B256, b256};

/// Opens the hash that makes a device id (`"multee/device/v1"`, see [`crate::DeviceId::from_hardware`]).
pub const DEVICE: B256 = b256!("1c1310188cf237c01bbd65ba39e6db86754233acf68d3415986a7c858c51b37e");

/// Opens the hash that makes an epoch's seed (`"multee/seed/v1"`, R2).
pub const SEED: B256 = b256!("a34c30c21bbb32626e28d0306a255ceb36400a51d866d75c7e30a569a0fa9a82");

/// Opens the hash that makes an epoch's root (`"multee/epoch/v1"`, R4).
pub const EPOCH: B256 = b256!("db1e90a9f6e5164c8e5e5e25ffe09a6ddb3ecb0ebc3ff328baa41da14cd416f3");

/// Opens the hash that makes a challenge (`"multee/challenge/v2"`, R4).
pub const CHALLENGE: B256 = b256!("219ae2144862f2327aba4540f83c059c1447dfca2b8cef32a09acf15d41d1986");

/// Opens the hash of what a publication must know of its seat (`"multee/identity/v1"`, R6).
pub const IDENTITY: B256 = b256!("5e33554e89eec76d9c645123a3d9f8d0d0aa3ae8ba1c9e450e25bd09dc5c472f");

/// Stands in an introduction's report data where a block's has its digest (`"multee/introduction/v1"`, R1).
pub const INTRODUCTION: B256 = b256!("327254160bf3b26b8e07fc4f6dae90212a299fb6f7f9e0bde2ca7ba5cf15e881");

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::keccak256;

    #[test]
    fn tags_are_the_hashes_of_their_names() {
        assert_eq!(DEVICE, keccak256("multee/device/v1"));
        assert_eq!(SEED, keccak256("multee/seed/v1"));
        assert_eq!(EPOCH, keccak256("multee/epoch/v1"));
        assert_eq!(CHALLENGE, keccak256("multee/challenge/v2"));
        assert_eq!(IDENTITY, keccak256("multee/identity/v1"));
        assert_eq!(INTRODUCTION, keccak256("multee/introduction/v1"));
    }
}
