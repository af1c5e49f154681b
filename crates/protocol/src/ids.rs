//! Identifiers and their fixed encodings.

use alloy_primitives::{B256, keccak256};
use serde::{Deserialize, Serialize};

use crate::domain;

/// An epoch's number: whole `epochSeconds` since genesis (R2).
pub type Epoch = u32;

/// A benchmark result, in the unit of the power benchmark (R10).
pub type Power = u64;

/// A seat's number, from 1 up to `maxSeats` ≤ 2²⁰; 0 names no seat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SeatId(pub u32);

/// The kind of trusted execution environment, with the number that stands for it in hashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[repr(u8)]
pub enum TeeType {
    /// Intel SGX: an enclave, DCAP quote version 3.
    Sgx = 1,
    /// Intel TDX: a trust domain, DCAP quote version 4 or 5.
    Tdx = 2,
    /// AMD SEV-SNP: a guest, attestation report.
    Snp = 3,
}

impl TeeType {
    /// The name as the command line and JSON documents show it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sgx => "sgx",
            Self::Tdx => "tdx",
            Self::Snp => "snp",
        }
    }
}

/// A machine as its hardware vendor names it, read by verifiers from evidence, never taken on an
/// operator's word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DeviceId(pub B256);

impl DeviceId {
    /// The id of the machine whose vendor calls it `hardware_id` (DCAP: the PPID of its PCK certificate,
    /// SEV-SNP: its `CHIP_ID`).
    ///
    /// `keccak256(abi.encode(keccak256("multee/device/v1"), uint8 teeType, keccak256(hardwareId)))`: the inner
    /// hash makes the field's width fixed, whatever the vendor's is.
    pub fn from_hardware(tee: TeeType, hardware_id: &[u8]) -> Self {
        let mut preimage = [0_u8; 96];
        preimage[..32].copy_from_slice(domain::DEVICE.as_slice());
        preimage[63] = tee as u8;
        preimage[64..].copy_from_slice(keccak256(hardware_id).as_slice());
        Self(keccak256(preimage))
    }
}

/// A confirmation block's place: its epoch and its order of publication in it (R3), packed as the
/// contract's log does, `(epoch mod 4096)·2²⁰ + order` (R14).
///
/// Blocks with weight are ordered upward from 0, blocks without weight downward from 2²⁰ − 1, so that a
/// weighted block's order is also its rank in a roster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct BlockId {
    /// The epoch in which the block was published.
    pub epoch: Epoch,
    /// Its order there, below 2²⁰.
    pub order: u32,
}

/// Why a block id was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BlockIdError {
    /// The order does not fit 20 bits.
    #[error("order {0} is not below 2^20")]
    OrderTooLarge(u32),
}

impl BlockId {
    const ORDER_BITS: u32 = 20;
    const ORDERS: u32 = 1 << Self::ORDER_BITS;
    const EPOCHS: u32 = 4096;

    /// The id as the log holds it.
    ///
    /// # Errors
    /// When the order does not fit 20 bits.
    pub fn packed(self) -> Result<u32, BlockIdError> {
        if self.order >= Self::ORDERS {
            return Err(BlockIdError::OrderTooLarge(self.order));
        }
        Ok((self.epoch % Self::EPOCHS) << Self::ORDER_BITS | self.order)
    }

    /// The id that `packed` stands for, seen in epoch `now`: the newest such epoch not after `now`.
    /// `None` if `packed` can only stand for an epoch before the first.
    pub fn unpack(packed: u32, now: Epoch) -> Option<Self> {
        let age = now.wrapping_sub(packed >> Self::ORDER_BITS) % Self::EPOCHS;
        Some(Self { epoch: now.checked_sub(age)?, order: packed % Self::ORDERS })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn device_ids_differ_by_tee_type_and_hardware() {
        let sgx = DeviceId::from_hardware(TeeType::Sgx, &[7; 16]);
        assert_ne!(sgx, DeviceId::from_hardware(TeeType::Tdx, &[7; 16]));
        assert_ne!(sgx, DeviceId::from_hardware(TeeType::Sgx, &[8; 16]));
    }

    #[test]
    fn block_id_survives_packing_across_the_wrap() {
        for epoch in [0, 1, 4095, 4096, 4097, 1_000_000] {
            let id = BlockId { epoch, order: 0xF_FFFF };
            let packed = id.packed().expect("fits");
            for later in [0, 1, 64, 4095] {
                assert_eq!(BlockId::unpack(packed, epoch + later), Some(id));
            }
        }
        assert_eq!(BlockId::unpack(5 << 20, 4), None);
        assert_eq!(BlockId { epoch: 0, order: 1 << 20 }.packed(), Err(BlockIdError::OrderTooLarge(1 << 20)));
    }
}
