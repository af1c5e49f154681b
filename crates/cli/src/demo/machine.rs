//! The story's machines. Each boots the real Confirmation Application over a SIMULATED TEE, except the slanderers,
//! who run a program of their own with keys taken out of theirs.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use alloy_primitives::{Address, B256, Bytes};
use multee_confirmation::{
    AppConfig, Confirm, ConfirmError, ConfirmationApp, Duty, IncarnationKey, PowerSource, Refusal, Remote,
    SignedBlock, Status, Verdict,
};
use multee_evidence::{AttestError, EvidenceBundle, ObtainQuote, Policy, Properties};
use multee_mock_vendor::{Platform, QuoteSpec};
use multee_node::{Boot, Booted};
use multee_protocol::{ConfirmationBlock, Mark, Marks, Power, SeatId, TeeType};
use rand_chacha::ChaCha20Rng;

use super::vendor::{ALLOWED_IMAGE, measurement};

/// What every device of the story declares as its power.
pub(crate) const DECLARED_POWER: Power = 1_000;

/// How many quotes all applications have verified.
pub(crate) type QuotesVerified = Arc<AtomicU64>;

/// A SIMULATED TEE that runs `image`.
pub(crate) struct SimulatedTee {
    pub(crate) platform: Arc<Platform>,
    pub(crate) image: &'static str,
}

impl ObtainQuote for SimulatedTee {
    fn tee(&self) -> TeeType {
        self.platform.spec().tee
    }

    fn quote(&self, report_data: &[u8; 64]) -> Result<Vec<u8>, AttestError> {
        let spec = QuoteSpec::of_program(self.tee(), self.image, *report_data);
        self.platform.quote(&spec).map_err(|error| AttestError::Refused {
            interface: "SIMULATED TEE".to_owned(),
            reason: error.to_string(),
        })
    }
}

/// A machine that boots the Confirmation Application from the image it is given.
pub(crate) struct Machine {
    pub(crate) platform: Arc<Platform>,
    /// Image of the next boot. After a boot the operator sets the one that the network allows.
    pub(crate) image: &'static str,
    pub(crate) policy: Arc<Policy>,
    pub(crate) rng: ChaCha20Rng,
    pub(crate) quotes_verified: QuotesVerified,
}

impl Boot for Machine {
    fn boot(&mut self) -> Result<Booted, ConfirmError> {
        let tee = self.platform.spec().tee;
        let image = std::mem::replace(&mut self.image, ALLOWED_IMAGE);
        let attester = SimulatedTee { platform: Arc::clone(&self.platform), image };
        let config = AppConfig { power: PowerSource::Declared(DECLARED_POWER), properties: properties(tee) };
        let mut app = ConfirmationApp::new(config, Box::new(attester), &mut self.rng);
        // Through bytes, as between a host and a real TEE.
        let app = Remote::connect(move |request: &[u8]| Ok(app.handle(request)))?;
        let counted = Counted { app, before: 0, quotes_verified: Arc::clone(&self.quotes_verified) };
        let measurement = measurement(&self.policy, tee, image).unwrap_or_default();
        Ok(Booted { app: Box::new(counted), measurement, socket: None })
    }
}

/// An application whose verifications are counted.
struct Counted<A> {
    app: A,
    before: u64,
    quotes_verified: QuotesVerified,
}

impl<A: Confirm> Confirm for Counted<A> {
    fn incarnation(&self) -> Address {
        self.app.incarnation()
    }

    fn status(&mut self) -> Result<Status, ConfirmError> {
        self.app.status()
    }

    fn confirm(&mut self, duty: &Duty) -> Result<SignedBlock, ConfirmError> {
        let signed = self.app.confirm(duty);
        let now = self.status()?.quotes_verified;
        self.quotes_verified.fetch_add(now - self.before, Ordering::Relaxed);
        self.before = now;
        signed
    }
}

/// A machine whose owner took the keys out of the TEE: its evidence is genuine, its program marks as it likes.
pub(crate) struct SlanderersMachine {
    pub(crate) platform: Arc<Platform>,
    pub(crate) policy: Arc<Policy>,
    pub(crate) friends: Vec<SeatId>,
    pub(crate) rng: ChaCha20Rng,
}

impl Boot for SlanderersMachine {
    fn boot(&mut self) -> Result<Booted, ConfirmError> {
        let tee = self.platform.spec().tee;
        let slanderer = Slanderer {
            key: IncarnationKey::generate(&mut self.rng),
            tee: SimulatedTee { platform: Arc::clone(&self.platform), image: ALLOWED_IMAGE },
            friends: self.friends.clone(),
        };
        let measurement = measurement(&self.policy, tee, ALLOWED_IMAGE).unwrap_or_default();
        Ok(Booted { app: Box::new(slanderer), measurement, socket: None })
    }
}

/// Marks friends valid and everybody else invalid, unread.
struct Slanderer {
    key: IncarnationKey,
    tee: SimulatedTee,
    friends: Vec<SeatId>,
}

impl Slanderer {
    fn mark(&self, seat: SeatId) -> Mark {
        if self.friends.contains(&seat) { Mark::Valid } else { Mark::EvidenceInvalid }
    }

    fn verdicts(&self, duty: &Duty) -> Vec<Verdict> {
        let verdict = |assigned: &multee_confirmation::AssignedBlock| Verdict {
            place: assigned.place,
            mark: self.mark(assigned.block.seat),
            reason: "slander".to_owned(),
        };
        duty.assigned.iter().map(verdict).collect()
    }
}

impl Confirm for Slanderer {
    fn incarnation(&self) -> Address {
        self.key.address()
    }

    fn status(&mut self) -> Result<Status, ConfirmError> {
        Ok(Status {
            incarnation: self.key.address(),
            tee: self.tee.tee(),
            power: DECLARED_POWER,
            power_measured: false,
            properties: properties(self.tee.tee()).encode().into(),
            quotes_verified: 0,
        })
    }

    fn confirm(&mut self, duty: &Duty) -> Result<SignedBlock, ConfirmError> {
        let verdicts = self.verdicts(duty);
        let mut marks = Marks::default();
        for verdict in &verdicts {
            marks = marks.with(usize::from(verdict.place), verdict.mark).unwrap_or(marks);
        }
        let properties = properties(self.tee.tee());
        let block = ConfirmationBlock {
            seat: duty.seat,
            device_id: duty.device_id,
            incarnation: self.key.address(),
            epoch: duty.context.epoch,
            previous_digest: duty.previous_digest,
            challenge: duty.challenge(),
            measurement: duty.measurement,
            power: DECLARED_POWER,
            properties_digest: properties.digest(),
            marks,
            latest_bindings: duty.latest_bindings(marks),
        };
        let no_quote = |reason: String| Refusal::NoQuote(reason);
        let signature =
            self.key.sign(&block, &duty.deployment).map_err(|error| no_quote(error.to_string()))?;
        let quote = self.tee.quote(&block.report_data(&duty.deployment));
        let quote = quote.map_err(|error| no_quote(error.to_string()))?;
        let (bundle, certificates) = EvidenceBundle::split(properties.encode(), &quote);
        let evidence = bundle.encode_beside(&certificates).map_err(|error| no_quote(error.to_string()))?;
        let (evidence, certificates) = (Bytes::from(evidence), Bytes::from(certificates));
        Ok(SignedBlock { block, signature, evidence, certificates, verdicts })
    }
}

/// The record of a machine that does not exist.
fn properties(tee: TeeType) -> Properties {
    let features = [tee.name().to_owned()];
    Properties::new("SIMULATED CPU", 2, 4096, features).expect("within every bound")
}

/// The key of a simulated account, from the story's seed and a name.
pub(crate) fn account_key(seed: u64, name: &str) -> B256 {
    alloy_primitives::keccak256(format!("multee demo account {seed} {name}"))
}
