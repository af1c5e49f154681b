//! The application: verifies what is assigned, marks, signs once, has the TEE vouch for it.

use std::collections::BTreeMap;
use std::panic::{self, AssertUnwindSafe};

use alloy_primitives::{Address, B256};
use multee_evidence::{EvidenceBundle, ObtainQuote, Properties};
use multee_protocol::{ConfirmationBlock, Deployment, Epoch, Mark, Marks, Power, REPORT_DATA_BYTES, SeatId};
use rand_core::CryptoRngCore;

use crate::appraise::Appraiser;
use crate::confirm::{Confirm, ConfirmError, Introduction, Refusal, Status};
use crate::duty::{AssignedBlock, Duty, SignedBlock, Verdict};
use crate::key::IncarnationKey;
use crate::messages::{Request, Response};
use crate::power::MeasuredPower;

/// Where the power in the application's blocks comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PowerSource {
    /// The benchmark measured it on this machine.
    Measured(MeasuredPower),
    /// Somebody says so: for demonstrations whose story is to repeat. A network takes it as it takes any power,
    /// and marks it if it is beyond the bound of the platform's family.
    Declared(Power),
}

/// What an application is started with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppConfig {
    /// The power it publishes.
    pub power: PowerSource,
    /// The properties record it publishes.
    pub properties: Properties,
}

/// A Confirmation Application. One value is one boot, and so one incarnation.
#[derive(Debug)]
pub struct ConfirmationApp {
    key: IncarnationKey,
    config: AppConfig,
    attester: Attester,
    appraiser: Appraiser,
    signed: Signed,
}

struct Attester(Box<dyn ObtainQuote>);

/// What was signed: the seat that is served, and the blocks of the newest epoch by challenge.
#[derive(Debug, Default)]
struct Signed {
    seat: Option<(Deployment, SeatId)>,
    epoch: Epoch,
    blocks: BTreeMap<B256, SignedBlock>,
}

impl PowerSource {
    /// The power.
    pub fn power(self) -> Power {
        match self {
            Self::Measured(measured) => measured.power(),
            Self::Declared(power) => power,
        }
    }
}

impl ConfirmationApp {
    /// Boots an application with a new key from `rng`, which must be the TEE's own source of randomness.
    pub fn new(config: AppConfig, attester: Box<dyn ObtainQuote>, rng: &mut impl CryptoRngCore) -> Self {
        Self {
            key: IncarnationKey::generate(rng),
            config,
            attester: Attester(attester),
            appraiser: Appraiser::default(),
            signed: Signed::default(),
        }
    }

    /// Answers the bytes of a request with the bytes of a response, whatever the request is: not even a panic ends the
    /// application, for its key would end with it.
    ///
    /// What was signed before a panic stays signed. A block that was signed and not yet noted down is gone with the
    /// panic, has left nobody a signature, and its challenge can be answered again.
    pub fn handle(&mut self, request: &[u8]) -> Vec<u8> {
        let response = caught(|| self.respond(request)).unwrap_or_else(|| {
            // It may be half loaded; every duty brings all that it is loaded with.
            self.appraiser = Appraiser::default();
            Response::Refused(Refusal::Unexpected)
        });
        // All that goes into a response is bounded where it is made. No bytes are no response.
        response.encode().unwrap_or_default()
    }

    fn respond(&mut self, request: &[u8]) -> Response {
        match Request::decode(request) {
            Ok(Request::Hello) => Response::Hello(self.describe()),
            Ok(Request::Confirm(duty)) => match self.confirm_duty(&duty) {
                Ok(signed) => Response::Confirmed(Box::new(signed)),
                Err(refusal) => Response::Refused(refusal),
            },
            Ok(Request::Introduce) => match self.introduce() {
                Ok(introduction) => Response::Introduced(Box::new(introduction)),
                Err(refusal) => Response::Refused(refusal),
            },
            Err(error) => Response::Refused(Refusal::Unreadable(cut(error.to_string()))),
        }
    }

    /// How many quotes it has verified with collateral, good and bad ones.
    pub fn quotes_verified(&self) -> u64 {
        self.appraiser.quotes_verified()
    }

    fn describe(&self) -> Status {
        Status {
            incarnation: self.key.address(),
            tee: self.attester.0.tee(),
            power: self.config.power.power(),
            power_measured: matches!(self.config.power, PowerSource::Measured(_)),
            properties: self.config.properties.encode().into(),
            quotes_verified: self.quotes_verified(),
        }
    }

    /// Has the TEE vouch for the key.
    ///
    /// # Errors
    /// When it gives no quote, or one that the contract would not take.
    pub fn introduce(&self) -> Result<Introduction, Refusal> {
        let quote = self.quote(&Introduction::report_data(self.key.address()))?;
        let introduction = Introduction { status: self.describe(), quote: quote.into() };
        introduction.check_limits()?;
        Ok(introduction)
    }

    fn quote(&self, report_data: &[u8; REPORT_DATA_BYTES]) -> Result<Vec<u8>, Refusal> {
        self.attester.0.quote(report_data).map_err(|error| Refusal::NoQuote(cut(error.to_string())))
    }

    fn confirm_duty(&mut self, duty: &Duty) -> Result<SignedBlock, Refusal> {
        duty.check_limits()?;
        check_places(&duty.assigned)?;
        self.signed.admit(duty)?;
        self.appraiser.load(duty);
        let verdicts = self.verdicts(duty);
        let block = self.block(duty, &verdicts)?;
        if let Some(signed) = self.signed.answer(&block)? {
            return Ok(signed);
        }
        let signed = self.sign(&block, &duty.deployment, verdicts)?;
        self.signed.record(duty, &signed);
        Ok(signed)
    }

    fn verdicts(&mut self, duty: &Duty) -> Vec<Verdict> {
        let mut verdicts: Vec<Verdict> = duty
            .assigned
            .iter()
            .map(|assigned| match caught(|| self.appraiser.appraise(&duty.deployment, assigned)) {
                Some(Ok(_)) => {
                    verdict(assigned, Mark::Valid, "the evidence verifies and means what the block says")
                }
                Some(Err(objection)) => verdict(assigned, objection.mark(), &objection.to_string()),
                // Else one device could keep all who are assigned to it from confirming. A fault of ours is not its.
                None => verdict(assigned, Mark::Abstain, "its appraisal came to an unexpected end"),
            })
            .collect();
        verdicts.sort_by_key(|verdict| verdict.place);
        verdicts
    }

    fn block(&self, duty: &Duty, verdicts: &[Verdict]) -> Result<ConfirmationBlock, Refusal> {
        let marks = verdicts.iter().try_fold(Marks::default(), |marks, verdict| {
            marks
                .with(usize::from(verdict.place), verdict.mark)
                .map_err(|_| Refusal::PlaceOutOfRange(verdict.place))
        })?;
        Ok(ConfirmationBlock {
            seat: duty.seat,
            device_id: duty.device_id,
            incarnation: self.key.address(),
            epoch: duty.context.epoch,
            previous_digest: duty.previous_digest,
            challenge: duty.challenge(),
            measurement: duty.measurement,
            power: self.config.power.power(),
            properties_digest: self.config.properties.digest(),
            marks,
            latest_bindings: duty.latest_bindings(marks),
        })
    }

    /// The quote comes first: if there is none, nothing is signed, and another block still can be.
    fn sign(
        &self,
        block: &ConfirmationBlock,
        deployment: &Deployment,
        verdicts: Vec<Verdict>,
    ) -> Result<SignedBlock, Refusal> {
        let quote = self.quote(&block.report_data(deployment))?;
        let (bundle, certificates) = EvidenceBundle::split(self.config.properties.encode(), &quote);
        let evidence = bundle.encode_beside(&certificates).map_err(|_| too_large(&bundle, &certificates))?;
        let signature =
            self.key.sign(block, deployment).map_err(|_| Refusal::NotSigned(block.digest(deployment)))?;
        Ok(SignedBlock {
            block: *block,
            signature,
            evidence: evidence.into(),
            certificates: certificates.into(),
            verdicts,
        })
    }
}

impl Confirm for ConfirmationApp {
    fn incarnation(&self) -> Address {
        self.key.address()
    }

    fn status(&mut self) -> Result<Status, ConfirmError> {
        Ok(self.describe())
    }

    fn confirm(&mut self, duty: &Duty) -> Result<SignedBlock, ConfirmError> {
        Ok(self.confirm_duty(duty)?)
    }
}

impl Signed {
    /// Challenges answered in one epoch: each reorganisation that takes the seed's source along makes another.
    const CHALLENGES_MAX: usize = 16;

    /// Whether the duty is one that may still be signed or was.
    fn admit(&self, duty: &Duty) -> Result<(), Refusal> {
        let Some(seat) = self.seat else { return Ok(()) };
        if seat != (duty.deployment, duty.seat) {
            return Err(Refusal::OtherSeat);
        }
        if duty.context.epoch < self.epoch {
            return Err(Refusal::EpochPassed { asked: duty.context.epoch, last: self.epoch });
        }
        Ok(())
    }

    /// What the block's challenge was answered with, if it was.
    fn answer(&self, block: &ConfirmationBlock) -> Result<Option<SignedBlock>, Refusal> {
        match self.blocks.get(&block.challenge) {
            Some(signed) if signed.block == *block => Ok(Some(signed.clone())),
            Some(signed) => Err(Refusal::AlreadySigned(Box::new(signed.clone()))),
            None if block.epoch == self.epoch && self.blocks.len() >= Self::CHALLENGES_MAX => {
                Err(Refusal::TooManyChallenges(self.blocks.len() as u64))
            }
            None => Ok(None),
        }
    }

    fn record(&mut self, duty: &Duty, signed: &SignedBlock) {
        if self.epoch != signed.block.epoch {
            self.blocks.clear();
        }
        self.seat = Some((duty.deployment, duty.seat));
        self.epoch = signed.block.epoch;
        self.blocks.insert(signed.block.challenge, signed.clone());
    }
}

/// What the work gives; `None` if it panics. Whoever calls sees to it that nothing half changed is used after that.
fn caught<T>(work: impl FnOnce() -> T) -> Option<T> {
    panic::catch_unwind(AssertUnwindSafe(work)).ok()
}

fn check_places(assigned: &[AssignedBlock]) -> Result<(), Refusal> {
    let mut taken = 0_u64;
    for AssignedBlock { place, .. } in assigned {
        let bit = 1_u64.checked_shl(u32::from(*place)).ok_or(Refusal::PlaceOutOfRange(*place))?;
        if taken & bit != 0 {
            return Err(Refusal::PlaceTwice(*place));
        }
        taken |= bit;
    }
    Ok(())
}

fn verdict(assigned: &AssignedBlock, mark: Mark, reason: &str) -> Verdict {
    Verdict { place: assigned.place, mark, reason: cut(reason.to_owned()) }
}

/// Words of others, at their limit.
fn cut(mut text: String) -> String {
    text.truncate(text.floor_char_boundary(Verdict::REASON_BYTES_MAX));
    text
}

fn too_large(bundle: &EvidenceBundle, certificates: &[u8]) -> Refusal {
    let len = bundle.properties.len() + bundle.quote.rest().len() + certificates.len();
    Refusal::EvidenceTooLarge { len: len as u64, max: EvidenceBundle::BYTES_MAX as u64 }
}

impl std::fmt::Debug for Attester {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Attester").field(&self.0.tee()).finish()
    }
}
