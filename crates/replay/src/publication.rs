//! Publications as the model wants them, from what their events tell.

use alloy_primitives::{Address, B256};
use multee_protocol::machine::{Event, Input, Publication, State};
use multee_protocol::{ConfirmationBlock, DeviceId, Marks, SeatId};

use crate::words::{document, signer};

/// What was published: what the event does not tell is the seat's by the rules, so that a digest or signature of
/// anything else is not the incarnation's.
pub(crate) fn published(id: SeatId, told: &[&Event], state: &State, timestamp_s: u64) -> Option<Publication> {
    let Event::BlockPublished { power, properties_digest, marks, latest_bindings, r, vs, evidence, .. } =
        told.first()?
    else {
        return None;
    };
    let seat = state.seat_view(id).ok()?;
    let certificates = match told.get(1) {
        Some(Event::CertificatesPublished { certificates, .. }) => Some(*certificates),
        _ => None,
    };
    let block = ConfirmationBlock {
        seat: id,
        device_id: seat.device_id,
        incarnation: seat.incarnation,
        epoch: state.network_view(timestamp_s).epoch,
        previous_digest: seat.last_digest,
        challenge: state.challenge_of(id, timestamp_s).ok()?,
        measurement: seat.measurement,
        power: *power,
        properties_digest: *properties_digest,
        marks: *marks,
        latest_bindings: *latest_bindings,
    };
    let digest = block.digest(&state.deployment());
    Some(Publication {
        seat: id,
        power: block.power,
        previous_digest: block.previous_digest,
        challenge: block.challenge,
        properties_digest: block.properties_digest,
        marks: block.marks,
        latest_bindings: block.latest_bindings,
        device_id: block.device_id,
        incarnation: block.incarnation,
        measurement: block.measurement,
        certificates_hash: state.certificates_hash(id).ok()?,
        r: *r,
        vs: *vs,
        evidence: *evidence,
        certificates,
        digest,
        signer: signer(digest, *r, *vs),
    })
}

/// Whether it is the publication that stands for one that was refused.
pub(crate) fn is_refusal(input: &Input) -> bool {
    matches!(input, Input::Publish(publication) if publication.digest.is_zero())
}

/// Of a refused publication nothing is told but its seat; whatever it was, the rules refuse it for the seat's sake.
pub(crate) fn refused(seat: SeatId) -> Publication {
    Publication {
        seat,
        power: 0,
        previous_digest: B256::ZERO,
        challenge: B256::ZERO,
        properties_digest: B256::ZERO,
        marks: Marks::default(),
        latest_bindings: B256::ZERO,
        device_id: DeviceId(B256::ZERO),
        incarnation: Address::ZERO,
        measurement: B256::ZERO,
        certificates_hash: B256::ZERO,
        r: B256::ZERO,
        vs: B256::ZERO,
        evidence: document(&[]),
        certificates: None,
        digest: B256::ZERO,
        signer: None,
    }
}
