//! An epoch's work through the socket.

use alloy_primitives::{Address, B256, Signature, keccak256};
use multee_confirmation::{AssignedBlock, Confirm, ConfirmError, Refusal, SignedBlock};
use multee_protocol::{Epoch, Mark, SeatId, TeeType, evidence_binding};

use crate::program::Program;
use crate::world::{DEPLOYMENT, World};

pub(crate) const EPOCH: Epoch = 4;

fn signer(signed: &SignedBlock) -> Address {
    let compact = [signed.signature.r.0, signed.signature.vs.0].concat();
    let signature = Signature::from_erc2098(&compact);
    signature.recover_address_from_prehash(&signed.block.digest(&DEPLOYMENT)).expect("recovers")
}

/// What a signed block becomes when it is published and assigned.
fn assigned(world: &World, signed: &SignedBlock) -> AssignedBlock {
    let (evidence_hash, certificates_hash) = (keccak256(&signed.evidence), keccak256(&signed.certificates));
    let digest = signed.block.digest(&DEPLOYMENT);
    AssignedBlock {
        place: 3,
        block: signed.block,
        context: world.context(signed.block.epoch),
        evidence_binding: evidence_binding(digest, evidence_hash, certificates_hash),
        evidence_hash,
        evidence: Some(signed.evidence.clone()),
        certificates_hash,
        certificates: Some(signed.certificates.clone()),
        collateral: Some(0),
    }
}

#[test]
fn one_process_finds_the_block_of_another_valid() {
    let world = World::new();
    let (mut first, mut second) = (Program::start(), Program::start());
    let signed = first.confirm(&world.duty(EPOCH, Vec::new())).expect("confirms");
    assert_eq!(signer(&signed), first.incarnation());
    assert_eq!(signed.block.incarnation, first.incarnation());

    let mut duty = world.duty(EPOCH + 1, vec![assigned(&world, &signed)]);
    duty.seat = SeatId(2);
    let judged = second.confirm(&duty).expect("confirms");
    assert_eq!(judged.block.marks.get(3), Ok(Mark::Valid), "{:?}", judged.verdicts);
    assert_eq!(second.status().expect("answers").quotes_verified, 1);

    // Its evidence vouches for its own block and for no other.
    let mut altered = signed;
    altered.block.previous_digest = B256::repeat_byte(1);
    let mut duty = world.duty(EPOCH + 2, vec![assigned(&world, &altered)]);
    duty.seat = SeatId(2);
    let judged = second.confirm(&duty).expect("confirms");
    assert_ne!(judged.block.marks.get(3), Ok(Mark::Valid), "{:?}", judged.verdicts);
}

#[test]
fn challenge_is_signed_once() {
    let world = World::new();
    let mut program = Program::start();
    let duty = world.duty(EPOCH + 1, vec![world.sound_peer(5, TeeType::Sgx).publish(&world, EPOCH)]);
    let signed = program.confirm(&duty).expect("confirms");
    // Each exchange is a connection of its own: what was signed is not the connection's.
    assert_eq!(program.confirm(&duty).expect("confirms"), signed);
    let mut other = duty;
    other.assigned.clear();
    let Err(ConfirmError::Refused(Refusal::AlreadySigned(earlier))) = program.confirm(&other) else {
        panic!("signed twice")
    };
    assert_eq!(*earlier, signed);
}
