//! Rejections of the model as the contract's errors, byte for byte.

use alloy_primitives::{B256, U256};
use alloy_sol_types::{SolError, SolInterface};
use multee_chain::bindings::IProofOfAttestation as Contract;
use multee_chain::bindings::deployed::Registry;
use multee_protocol::machine::Rejection;

/// What the contract reverts with.
///
/// # Panics
/// For a log position beyond 40 bits, which nobody can ask for.
#[allow(clippy::too_many_lines, reason = "one arm for each error")]
pub(crate) fn revert(rejection: &Rejection) -> Vec<u8> {
    use Contract as C;
    match *rejection {
        Rejection::SettingOutOfBounds(name) => C::SettingOutOfBounds { name: word(name) }.abi_encode(),
        Rejection::ParameterOutOfBounds(name) => C::ParameterOutOfBounds { name: word(name) }.abi_encode(),
        Rejection::NetworkNotStarted { genesis_s } => {
            C::NetworkNotStarted { genesis: genesis_s }.abi_encode()
        }
        Rejection::NetworkAlreadyStarted { genesis_s } => {
            C::NetworkAlreadyStarted { genesis: genesis_s }.abi_encode()
        }
        Rejection::NetworkPaused => C::NetworkPaused {}.abi_encode(),
        Rejection::ParametersPending { from_epoch } => {
            C::ParametersPending { fromEpoch: from_epoch }.abi_encode()
        }
        Rejection::SeatLimitReached { max_seats } => C::SeatLimitReached { maxSeats: max_seats }.abi_encode(),
        Rejection::SeatUnknown(seat) => C::SeatUnknown { seat: seat.0 }.abi_encode(),
        Rejection::CallerNotOperator { seat, caller } => {
            C::CallerNotOperator { seat: seat.0, caller }.abi_encode()
        }
        Rejection::CallerNotProvider { seat, caller } => {
            C::CallerNotProvider { seat: seat.0, caller }.abi_encode()
        }
        Rejection::IdentityWrong(seat) => C::IdentityWrong { seat: seat.0 }.abi_encode(),
        Rejection::RegistrationIncomplete => C::RegistrationIncomplete {}.abi_encode(),
        Rejection::DeviceIdBound { device_id, seat } => {
            C::DeviceIdBound { deviceId: device_id.0, seat: seat.0 }.abi_encode()
        }
        Rejection::SeatIsBlocked(seat) => C::SeatIsBlocked { seat: seat.0 }.abi_encode(),
        Rejection::SeatIsExiting(seat) => C::SeatIsExiting { seat: seat.0 }.abi_encode(),
        Rejection::SeatNotRemovable(seat) => C::SeatNotRemovable { seat: seat.0 }.abi_encode(),
        Rejection::SeatNotExiting(seat) => C::SeatNotExiting { seat: seat.0 }.abi_encode(),
        Rejection::SeatNotPaidOut(seat) => C::SeatNotPaidOut { seat: seat.0 }.abi_encode(),
        Rejection::SeatPaidOut(seat) => C::SeatPaidOut { seat: seat.0 }.abi_encode(),
        Rejection::DepositLocked { seat, from_epoch } => {
            C::DepositLocked { seat: seat.0, fromEpoch: from_epoch }.abi_encode()
        }
        Rejection::BlocksStillOpen(seat) => C::BlocksStillOpen { seat: seat.0 }.abi_encode(),
        Rejection::IncarnationUnknown { seat, incarnation } => {
            C::IncarnationUnknown { seat: seat.0, incarnation }.abi_encode()
        }
        Rejection::EquivocationUnproven => C::EquivocationUnproven {}.abi_encode(),
        Rejection::RestartTooEarly { seat, from_epoch } => {
            C::RestartTooEarly { seat: seat.0, fromEpoch: from_epoch }.abi_encode()
        }
        Rejection::IncarnationNotNew(incarnation) => C::IncarnationNotNew { incarnation }.abi_encode(),
        Rejection::NothingToPay(to) => C::NothingToPay { to }.abi_encode(),
        Rejection::EpochAlreadyOpened(epoch) => C::EpochAlreadyOpened { epoch }.abi_encode(),
        Rejection::EpochNotOpened(epoch) => C::EpochNotOpened { epoch }.abi_encode(),
        Rejection::SeedNotYetKnown { seed_block } => {
            C::SeedNotYetKnown { seedBlock: seed_block }.abi_encode()
        }
        Rejection::SeedExpired { seed_block } => C::SeedExpired { seedBlock: seed_block }.abi_encode(),
        Rejection::EpochAlreadyPublished { seat, epoch } => {
            C::EpochAlreadyPublished { seat: seat.0, epoch }.abi_encode()
        }
        Rejection::PreviousDigestWrong { expected } => C::PreviousDigestWrong { expected }.abi_encode(),
        Rejection::ChallengeWrong { expected } => C::ChallengeWrong { expected }.abi_encode(),
        Rejection::SignatureWrong { digest } => C::SignatureWrong { digest }.abi_encode(),
        Rejection::MarkUnknown(marks) => C::MarkUnknown { marks: marks.0 }.abi_encode(),
        Rejection::MarkUnassigned(marks) => C::MarkUnassigned { marks: marks.0 }.abi_encode(),
        Rejection::LatestBindingsWrong { expected } => C::LatestBindingsWrong { expected }.abi_encode(),
        Rejection::EvidenceTooLarge { size } => C::EvidenceTooLarge { size: U256::from(size) }.abi_encode(),
        Rejection::EvidenceMissing => C::EvidenceMissing {}.abi_encode(),
        Rejection::TooMany { given, limit } => {
            C::TooMany { given: U256::from(given), limit: U256::from(limit) }.abi_encode()
        }
        Rejection::DocumentTooLarge { size } => C::DocumentTooLarge { size: U256::from(size) }.abi_encode(),
        Rejection::DocumentMissing => C::DocumentMissing {}.abi_encode(),
        Rejection::ReferenceValueInvalid { index } => {
            C::ReferenceValueInvalid { index: U256::from(index) }.abi_encode()
        }
        Rejection::NoStandstill { last_epoch } => C::NoStandstill { lastEpoch: last_epoch }.abi_encode(),
        Rejection::StandstillTooEarly { from_epoch } => {
            C::StandstillTooEarly { fromEpoch: from_epoch }.abi_encode()
        }
        Rejection::StandstillNotAnnounced => C::StandstillNotAnnounced {}.abi_encode(),
        Rejection::BlockUnknown { epoch, order } => C::BlockUnknown { epoch, order }.abi_encode(),
        Rejection::LogEntryUnknown { position } => {
            C::LogEntryUnknown { position: position.try_into().expect("40 bits") }.abi_encode()
        }
        Rejection::OwnableUnauthorizedAccount(account) => {
            Registry::OwnableUnauthorizedAccount { account }.abi_encode()
        }
        Rejection::OwnableInvalidOwner(owner) => Registry::OwnableInvalidOwner { owner }.abi_encode(),
    }
}

/// What a revert says.
pub(crate) fn spoken(revert: &[u8]) -> String {
    if let Ok(error) = Contract::IProofOfAttestationErrors::abi_decode(revert) {
        return format!("{error:?}");
    }
    if let Ok(error) = Registry::OwnableUnauthorizedAccount::abi_decode(revert) {
        return format!("OwnableUnauthorizedAccount({})", error.account);
    }
    format!("revert {}", alloy_primitives::hex::encode_prefixed(revert))
}

/// A name as the contract's errors hold it: ASCII, zeros on the right.
fn word(name: &str) -> B256 {
    B256::right_padding_from(name.as_bytes())
}
