//! A small network: a SIMULATED vendor, one policy, one list of reference values, and who publishes in it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use alloy_primitives::{Address, B256, Bytes, keccak256};
use multee_confirmation::{
    AppConfig, AssignedBlock, Confirm, ConfirmationApp, Duty, EpochContext, IncarnationKey, PowerSource,
    ReferenceValue, Verdict,
};
use multee_evidence::{
    AttestError, Collateral, EpochRange, EvidenceBundle, ObtainQuote, Policy, Properties, ReferenceValues,
    Verifier, VerifierConfig,
};
use multee_mock_vendor::{Platform, PlatformSpec, QuoteSpec, Vendor, VendorConfig};
use multee_protocol::{
    ConfirmationBlock, Deployment, DeviceId, Epoch, Mark, Marks, Power, SeatId, TeeType, evidence_binding,
};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use sha2::{Digest, Sha256};

pub(crate) const GENESIS_S: u64 = 1_800_000_000;
pub(crate) const EPOCH_S: u64 = 86_400;
pub(crate) const NUMBER: u32 = 19;
pub(crate) const AGENT: &str = "agent";
/// Allowed until epoch 5, while `AGENT` is from 3 on.
pub(crate) const OLD_AGENT: &str = "old agent";
pub(crate) const POWER: Power = 1000;
pub(crate) const SGX_POWER_MAX: Power = 5000;
pub(crate) const TEES: [TeeType; 2] = [TeeType::Sgx, TeeType::Tdx];
pub(crate) const DEPLOYMENT: Deployment =
    Deployment { chain_id: 31_337, contract: Address::repeat_byte(0xC0) };

pub(crate) struct World {
    pub(crate) vendor: Vendor,
    pub(crate) policy: Bytes,
    pub(crate) references: Vec<ReferenceValue>,
}

/// Somebody with a seat: whatever is made can be changed before the next thing is made of it.
pub(crate) struct Peer {
    pub(crate) platform: Platform,
    pub(crate) key: IncarnationKey,
    pub(crate) seat: SeatId,
    pub(crate) device_id: DeviceId,
    pub(crate) program: &'static str,
    pub(crate) debug: bool,
    pub(crate) power: Power,
    pub(crate) properties: Properties,
}

/// What is to be published, before the certificates are taken out of the quote.
#[derive(Clone)]
pub(crate) struct Evidence {
    pub(crate) properties: Vec<u8>,
    pub(crate) quote: Vec<u8>,
}

/// A SIMULATED TEE that counts its quotes and can be told to fail.
#[derive(Clone)]
pub(crate) struct Tee {
    pub(crate) platform: Arc<Platform>,
    pub(crate) quotes: Arc<AtomicUsize>,
    pub(crate) answer: fn(Vec<u8>) -> Result<Vec<u8>, AttestError>,
}

impl ObtainQuote for Tee {
    fn tee(&self) -> TeeType {
        self.platform.spec().tee
    }

    fn quote(&self, report_data: &[u8; 64]) -> Result<Vec<u8>, AttestError> {
        self.quotes.fetch_add(1, Ordering::Relaxed);
        (self.answer)(
            self.platform.quote(&QuoteSpec::of_program(self.tee(), AGENT, *report_data)).expect("same TEE"),
        )
    }
}

pub(crate) fn refuses(_: Vec<u8>) -> Result<Vec<u8>, AttestError> {
    Err(AttestError::Refused { interface: "SIMULATED TEE".to_owned(), reason: "out of order".to_owned() })
}

pub(crate) fn rng(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

pub(crate) fn vendor(seed: u8) -> Vendor {
    let config = VendorConfig {
        not_before_s: GENESIS_S,
        not_after_s: GENESIS_S + 100 * EPOCH_S,
        tcb_evaluation_number: NUMBER,
    };
    Vendor::from_seed([seed; 32], config).expect("dates in range")
}

pub(crate) fn policy_document(vendor: &Vendor) -> serde_json::Value {
    serde_json::json!({
        "version": 1,
        "roots": [B256::from_slice(&Sha256::digest(vendor.root_der()))],
        "platform_statuses": ["UpToDate"],
        "tcb_evaluation_number": NUMBER,
        "required_features": { "sgx": ["sgx.flc"], "tdx": ["tdx"] },
        "power_bounds": [{ "fmspc": "0x53494d534758", "power_max": SGX_POWER_MAX }],
    })
}

pub(crate) fn features(tee: TeeType) -> [String; 1] {
    [if tee == TeeType::Tdx { "tdx" } else { "sgx.flc" }.to_owned()]
}

impl World {
    pub(crate) fn new() -> Self {
        let vendor = vendor(1);
        let document = policy_document(&vendor);
        Self::with_policy(vendor, &document)
    }

    pub(crate) fn with_policy(vendor: Vendor, document: &serde_json::Value) -> Self {
        let mut world =
            Self { vendor, policy: document.to_string().into_bytes().into(), references: Vec::new() };
        for tee in TEES {
            let old = ReferenceValue {
                measurement: world.measurement(tee, OLD_AGENT),
                from_epoch: 0,
                until_epoch: 5,
            };
            let new = ReferenceValue {
                measurement: world.measurement(tee, AGENT),
                from_epoch: 3,
                until_epoch: Epoch::MAX,
            };
            world.references.extend([old, new]);
        }
        world
    }

    pub(crate) fn policy_digest(&self) -> B256 {
        Policy::from_json(&self.policy).expect("valid").digest()
    }

    pub(crate) fn reference_digest(&self) -> B256 {
        reference_digest(&self.references)
    }

    pub(crate) fn context(&self, epoch: Epoch) -> EpochContext {
        EpochContext {
            epoch,
            epoch_start_s: GENESIS_S + u64::from(epoch) * EPOCH_S,
            seed: keccak256(epoch.to_be_bytes()),
            policy_digest: self.policy_digest(),
            reference_digest: self.reference_digest(),
        }
    }

    pub(crate) fn collateral(&self, tee: TeeType) -> Bytes {
        self.vendor.collateral(tee, PlatformSpec::sound(0, tee).fmspc).expect("simulated").into()
    }

    /// What the policy makes of a program's registers, asked of a verifier.
    pub(crate) fn measurement(&self, tee: TeeType, program: &str) -> B256 {
        let lax = serde_json::json!({
            "version": 1,
            "roots": [B256::from_slice(&Sha256::digest(self.vendor.root_der()))],
            "platform_statuses": ["UpToDate"],
            "tcb_evaluation_number": NUMBER,
        });
        let policy = Policy::from_json(lax.to_string().as_bytes()).expect("valid");
        let root = self.vendor.root_der().to_vec();
        let verifier = Verifier::new(&policy, [root], VerifierConfig::default()).expect("own root");
        let platform = self.vendor.platform(PlatformSpec::sound(0, tee)).expect("simulated");
        let quote = platform.quote(&QuoteSpec::of_program(tee, program, [0; 64])).expect("same TEE");
        let collateral = Collateral::from_json(&self.collateral(tee)).expect("own");
        verifier.appraise(&quote, &collateral, GENESIS_S + 1).expect("sound").measurement()
    }

    pub(crate) fn peer(&self, spec: PlatformSpec) -> Peer {
        let platform = self.vendor.platform(spec).expect("simulated");
        Peer {
            device_id: DeviceId::from_hardware(spec.tee, platform.hardware_id()),
            platform,
            key: IncarnationKey::generate(&mut rng(u64::from(spec.index))),
            seat: SeatId(spec.index + 100),
            program: AGENT,
            debug: false,
            power: POWER,
            properties: Properties::new("SIMULATED CPU", 2, 4096, features(spec.tee)).expect("in range"),
        }
    }

    pub(crate) fn sound_peer(&self, index: u32, tee: TeeType) -> Peer {
        self.peer(PlatformSpec::sound(index, tee))
    }

    pub(crate) fn tee(&self) -> Tee {
        let platform = self.vendor.platform(PlatformSpec::sound(77, TeeType::Sgx)).expect("simulated");
        Tee { platform: Arc::new(platform), quotes: Arc::default(), answer: Ok }
    }

    pub(crate) fn app(&self) -> ConfirmationApp {
        app(self.tee())
    }

    /// What the verifier's seat is to do in an epoch, with all documents of the network.
    pub(crate) fn duty(&self, epoch: Epoch, assigned: Vec<AssignedBlock>) -> Duty {
        Duty {
            deployment: DEPLOYMENT,
            context: self.context(epoch),
            seat: SeatId(1),
            device_id: DeviceId::from_hardware(TeeType::Sgx, self.tee().platform.hardware_id()),
            measurement: self.measurement(TeeType::Sgx, AGENT),
            previous_digest: B256::ZERO,
            latest: 2,
            policies: vec![self.policy.clone()],
            roots: vec![self.vendor.root_der().to_vec().into()],
            references: vec![self.references.clone()],
            collaterals: TEES.map(|tee| self.collateral(tee)).to_vec(),
            assigned,
        }
    }

    /// What a fresh verifier finds about one block.
    pub(crate) fn verdict(&self, assigned: AssignedBlock) -> Verdict {
        verdict(&self.duty(assigned.block.epoch + 1, vec![assigned]))
    }
}

impl Peer {
    pub(crate) fn block(&self, world: &World, epoch: Epoch) -> ConfirmationBlock {
        ConfirmationBlock {
            seat: self.seat,
            device_id: self.device_id,
            incarnation: self.key.address(),
            epoch,
            previous_digest: B256::repeat_byte(9),
            challenge: world.context(epoch).challenge(DEPLOYMENT, self.seat),
            measurement: world.measurement(self.platform.spec().tee, self.program),
            power: self.power,
            properties_digest: self.properties.digest(),
            marks: Marks::default(),
            latest_bindings: B256::ZERO,
        }
    }

    pub(crate) fn quote(&self, report_data: [u8; 64]) -> Vec<u8> {
        let mut spec = QuoteSpec::of_program(self.platform.spec().tee, self.program, report_data);
        spec.debug = self.debug;
        self.platform.quote(&spec).expect("same TEE")
    }

    pub(crate) fn evidence(&self, block: &ConfirmationBlock) -> Evidence {
        Evidence { properties: self.properties.encode(), quote: self.quote(block.report_data(&DEPLOYMENT)) }
    }

    /// The block of `epoch` as it is published and assigned.
    pub(crate) fn publish(&self, world: &World, epoch: Epoch) -> AssignedBlock {
        let block = self.block(world, epoch);
        self.published(world, &block, &self.evidence(&block))
    }

    pub(crate) fn published(
        &self,
        world: &World,
        block: &ConfirmationBlock,
        evidence: &Evidence,
    ) -> AssignedBlock {
        let (bundle, certificates) = EvidenceBundle::split(evidence.properties.clone(), &evidence.quote);
        self.published_bytes(world, block, bundle.encode().expect("small"), certificates)
    }

    pub(crate) fn published_bytes(
        &self,
        world: &World,
        block: &ConfirmationBlock,
        evidence: Vec<u8>,
        certificates: Vec<u8>,
    ) -> AssignedBlock {
        let evidence_hash = keccak256(&evidence);
        let certificates_hash = if certificates.is_empty() { B256::ZERO } else { keccak256(&certificates) };
        AssignedBlock {
            place: 3,
            block: *block,
            context: world.context(block.epoch),
            evidence_binding: evidence_binding(block.digest(&DEPLOYMENT), evidence_hash, certificates_hash),
            evidence_hash,
            evidence: Some(evidence.into()),
            certificates_hash,
            certificates: Some(certificates.into()),
            collateral: Some(u16::from(self.platform.spec().tee == TeeType::Tdx)),
        }
    }
}

pub(crate) fn reference_digest(values: &[ReferenceValue]) -> B256 {
    let range = |value: &ReferenceValue| EpochRange { first: value.from_epoch, last: value.until_epoch };
    let entries = values.iter().map(|value| (value.measurement, range(value)));
    ReferenceValues::new(entries).expect("in range").digest()
}

pub(crate) fn app(tee: impl ObtainQuote + 'static) -> ConfirmationApp {
    boot(tee, 0)
}

/// The incarnation with this number.
pub(crate) fn boot(tee: impl ObtainQuote + 'static, number: u64) -> ConfirmationApp {
    let properties = Properties::new("SIMULATED CPU", 2, 4096, features(TeeType::Sgx)).expect("in range");
    let config = AppConfig { power: PowerSource::Declared(POWER), properties };
    ConfirmationApp::new(config, Box::new(tee), &mut rng(number))
}

/// What a fresh verifier finds about the one block of a duty; its own block must say the same.
pub(crate) fn verdict(duty: &Duty) -> Verdict {
    let signed = app(World::new().tee()).confirm(duty).expect("confirms");
    let [verdict] = &signed.verdicts[..] else { panic!("{} verdicts", signed.verdicts.len()) };
    for place in 0..64 {
        let expected = if place == usize::from(verdict.place) { verdict.mark } else { Mark::Abstain };
        assert_eq!(signed.block.marks.get(place), Ok(expected), "place {place}");
    }
    verdict.clone()
}
