//! Marks: verdicts on assigned blocks, four bits each.

use alloy_primitives::U256;
use serde::{Deserialize, Serialize};

/// A verifier's verdict on one assigned confirmation block.
///
/// A negative mark needs bytes that hash to the block's evidence hash: without them the verdict is
/// [`Mark::Abstain`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Mark {
    /// Could not determine: bytes withheld, collateral unreachable.
    #[default]
    Abstain = 0,
    /// The evidence verifies and means what the block says.
    Valid = 1,
    /// The evidence does not verify.
    EvidenceInvalid = 2,
    /// The measurement is not among the reference values.
    MeasurementNotAllowed = 3,
    /// Report data, device id or key do not bind the evidence to the block.
    BindingWrong = 4,
    /// Platform TCB status, debug mode or revocation is not acceptable.
    PlatformNotAccepted = 5,
    /// The properties lack a required feature, or the power is beyond its platform's bounds.
    PropertiesNotAccepted = 6,
}

/// Why a mark's code was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MarkError {
    /// The code stands for no mark.
    #[error("mark code {0} is not in 0..=6")]
    UnknownCode(u8),
    /// A block carries at most 64 marks.
    #[error("place {0} is not below 64")]
    PlaceTooLarge(usize),
}

impl Mark {
    /// Its name in logs, metrics and documents.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Abstain => "abstain",
            Self::Valid => "valid",
            Self::EvidenceInvalid => "evidence_invalid",
            Self::MeasurementNotAllowed => "measurement_not_allowed",
            Self::BindingWrong => "binding_wrong",
            Self::PlatformNotAccepted => "platform_not_accepted",
            Self::PropertiesNotAccepted => "properties_not_accepted",
        }
    }

    /// The mark that `code` stands for.
    ///
    /// # Errors
    /// For a code above 6.
    pub fn from_code(code: u8) -> Result<Self, MarkError> {
        Ok(match code {
            0 => Self::Abstain,
            1 => Self::Valid,
            2 => Self::EvidenceInvalid,
            3 => Self::MeasurementNotAllowed,
            4 => Self::BindingWrong,
            5 => Self::PlatformNotAccepted,
            6 => Self::PropertiesNotAccepted,
            _ => return Err(MarkError::UnknownCode(code)),
        })
    }

    /// The mark's four-bit code.
    pub fn code(self) -> u8 {
        self as u8
    }

    /// Whether the mark speaks against the block.
    pub fn is_negative(self) -> bool {
        self.code() >= 2
    }
}

/// The marks of one block: 64 places of four bits in a word, place 0 in the lowest bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Marks(pub U256);

impl Marks {
    /// How many places a word has, and so the bound on L1 + L2.
    pub const PLACES: usize = 64;

    /// The mark at `place`.
    ///
    /// # Errors
    /// For a place from 64 on, or a code that stands for no mark.
    pub fn get(self, place: usize) -> Result<Mark, MarkError> {
        if place >= Self::PLACES {
            return Err(MarkError::PlaceTooLarge(place));
        }
        let code: U256 = (self.0 >> (4 * place)) & U256::from(0xF_u8);
        Mark::from_code(code.to::<u8>())
    }

    /// The codes that are not zero, each with its place, in order of place. They may be above 6.
    pub fn given(self) -> impl Iterator<Item = (usize, u8)> {
        let limbs = self.0.into_limbs().into_iter().enumerate();
        limbs.flat_map(|(limb, codes)| {
            std::iter::successors(lowest(codes), |(rest, ..)| lowest(*rest))
                .map(move |(_, place, code)| (16 * limb + place, code))
        })
    }

    /// How many places hold a mark.
    pub fn count_given(self) -> u32 {
        const LOW: u64 = 0x1111_1111_1111_1111;
        let any = |codes: u64| (codes | codes >> 1 | codes >> 2 | codes >> 3) & LOW;
        self.0.as_limbs().iter().map(|codes| any(*codes).count_ones()).sum()
    }

    /// Whether all codes stand for marks: none is above 6.
    pub fn are_known(self) -> bool {
        self.given().all(|(_, code)| Mark::from_code(code).is_ok())
    }

    /// These marks with `mark` at `place`.
    ///
    /// # Errors
    /// For a place from 64 on.
    pub fn with(self, place: usize, mark: Mark) -> Result<Self, MarkError> {
        if place >= Self::PLACES {
            return Err(MarkError::PlaceTooLarge(place));
        }
        let cleared = self.0 & !(U256::from(0xF_u8) << (4 * place));
        Ok(Self(cleared | U256::from(mark.code()) << (4 * place)))
    }
}

/// The lowest of 16 codes that is not zero, with its place there, and what is left without it.
fn lowest(codes: u64) -> Option<(u64, usize, u8)> {
    if codes == 0 {
        return None;
    }
    let place = codes.trailing_zeros() / 4;
    let code = codes >> (4 * place) & 0xF;
    let rest = codes & !(0xF << (4 * place));
    Some((rest, usize::try_from(place).unwrap_or(0), u8::try_from(code).unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_its_own_mark_and_no_other() {
        for code in 0..=6 {
            assert_eq!(Mark::from_code(code).expect("known").code(), code);
        }
        for code in 7..=255 {
            assert_eq!(Mark::from_code(code), Err(MarkError::UnknownCode(code)));
        }
    }

    #[test]
    fn marks_keep_their_places() {
        let marks = Marks::default().with(0, Mark::Valid).expect("place");
        let marks = marks.with(63, Mark::PropertiesNotAccepted).expect("place");
        let marks = marks.with(0, Mark::BindingWrong).expect("place");
        assert_eq!(marks.get(0), Ok(Mark::BindingWrong));
        assert_eq!(marks.get(1), Ok(Mark::Abstain));
        assert_eq!(marks.get(63), Ok(Mark::PropertiesNotAccepted));
        assert_eq!(marks.get(64), Err(MarkError::PlaceTooLarge(64)));
        assert_eq!(Marks(U256::from(7)).get(0), Err(MarkError::UnknownCode(7)));
    }

    #[test]
    fn given_marks_come_in_order_of_place() {
        let marks = Marks::default().with(0, Mark::Valid).expect("place");
        let marks = marks.with(17, Mark::BindingWrong).expect("place").with(63, Mark::Valid).expect("place");
        assert_eq!(marks.given().collect::<Vec<_>>(), [(0, 1), (17, 4), (63, 1)]);
        assert_eq!(marks.count_given(), 3);
        assert!(marks.are_known());
        assert_eq!(Marks(U256::MAX).given().filter(|(_, code)| *code == 15).count(), 64);
        assert_eq!(Marks(U256::MAX).count_given(), 64);
        assert_eq!((Marks::default().given().count(), Marks::default().count_given()), (0, 0));
    }

    #[test]
    fn one_code_above_6_anywhere_is_unknown() {
        for place in 0..64 {
            for code in 7..=15_u8 {
                assert!(!Marks(U256::from(code) << (4 * place)).are_known());
            }
            assert!(Marks(U256::from(6) << (4 * place)).are_known());
        }
    }
}
