//! The story as it runs: a chain, a founded network, one controller a device, and time.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use alloy_primitives::{Address, B256};
use multee_chain::bindings::IProofOfAttestation as contract;
use multee_chain::embedded::{Config, Embedded};
use multee_chain::{Chain, Sender};
use multee_confirmation::ReferenceValue;
use multee_evidence::Policy;
use multee_founding::{Founded, Founding, FoundingSeat, found_devnet, fund_devnet, join_devnet};
use multee_mock_vendor::Platform;
use multee_node::{
    Action, Boot, Booted, Controller, ControllerConfig, Ledger, ReadCollateral, RestartPolicy,
};
use multee_operator::status::tier_name;
use multee_protocol::{Deployment, DeviceId, Epoch, Fixed, Parameters, SeatId, TeeType};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

use super::DemoError;
use super::cast::{CLONED, CLONED_AT, JOINED_AT, Part, REVOKED_AT, Role, cast};
use super::chronicle::Chronicle;
use super::counting::CountingChain;
use super::machine::{DECLARED_POWER, Machine, QuotesVerified, SlanderersMachine, account_key};
use super::report::{DeviceReport, Tokens};
use super::vendor::{ALLOWED_IMAGE, OTHER_IMAGE, StoryVendor, measurement, policy};

/// The story's chain.
const CHAIN_ID: u64 = 7_833_743;
/// The story's first epoch starts at this Unix time: 2027-01-15, 08:00 UTC.
const GENESIS_S: u64 = 1_800_000_000;
/// The story's epochs are short: an hour of the chain's clock.
pub(crate) const EPOCH_S: u32 = 3_600;
/// Chain blocks after which an opening's seed is surely known (R2).
const SEED_BLOCKS: u64 = 3;

/// A device and all that belongs to it.
struct Actor {
    part: Part,
    platform: Arc<Platform>,
    seat: Option<SeatId>,
    controller: Option<Controller>,
    score_by_epoch: Vec<Option<u16>>,
    /// Its tier at the end of the last epoch, once it had a seat.
    tier: Option<&'static str>,
}

/// A network in the middle of its story.
pub(crate) struct Stage {
    seed: u64,
    chain: Arc<Embedded>,
    counted: Arc<CountingChain>,
    vendor: Arc<StoryVendor>,
    policy: Arc<Policy>,
    founded: Founded,
    actors: Vec<Actor>,
    rng: ChaCha20Rng,
    quotes_verified: QuotesVerified,
    chronicle: Chronicle,
}

impl Stage {
    /// Founds the network. With `keep`, the chain is a file there.
    pub(crate) fn set(devices: u32, epochs: u32, seed: u64, keep: Option<&Path>) -> Result<Self, DemoError> {
        let config = Config::devnet(CHAIN_ID, GENESIS_S - u64::from(EPOCH_S));
        let chain = Arc::new(match keep {
            Some(directory) => Embedded::open(&directory.join("chain.sqlite"), config)?,
            None => Embedded::in_memory(config)?,
        });
        let counted = Arc::new(CountingChain::new(Arc::clone(&chain)));
        let until_s = GENESIS_S + u64::from(EPOCH_S) * u64::from(epochs + 1);
        let vendor = Arc::new(StoryVendor::new(seed, GENESIS_S - u64::from(EPOCH_S), until_s)?);
        let document = policy(&vendor.root_der());
        let policy = Arc::new(Policy::from_json(&document)?);
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let quotes_verified = QuotesVerified::default();
        let parts = cast(devices);
        let platforms: Vec<Arc<Platform>> = platforms(&vendor, &parts)?;
        let mut booted: Vec<(Box<dyn Boot>, Booted)> = Vec::new();
        for (part, platform) in parts.iter().zip(&platforms) {
            let mut machine = machine(*part, platform, &parts, &policy, &quotes_verified, &mut rng);
            let first = machine.boot()?;
            booted.push((machine, first));
        }
        let seats: Vec<FoundingSeat> = parts
            .iter()
            .zip(&platforms)
            .zip(&booted)
            .filter(|((part, _), _)| part.role.founds())
            .map(|((part, platform), (_, booted))| founding_seat(seed, *part, platform, booted))
            .collect();
        let plan = Founding {
            genesis_s: GENESIS_S,
            fixed: Fixed { epoch_seconds: EPOCH_S, ..Fixed::default() },
            parameters: Parameters::default(),
            policy: document,
            references: references(&policy),
            seats,
        };
        let shared: Arc<dyn Chain> = Arc::<CountingChain>::clone(&counted);
        let owner = account(seed, "owner")?;
        let founded = found_devnet(&shared, &owner, &plan)?;
        fund_devnet(&founded, &owner, plan.parameters.reward_per_epoch * u128::from(epochs))?;
        let mut stage = Self {
            seed,
            chain,
            counted,
            vendor,
            policy,
            founded,
            actors: Vec::new(),
            rng,
            quotes_verified,
            chronicle: Chronicle::default(),
        };
        for ((part, platform), (machine, booted)) in parts.into_iter().zip(platforms).zip(booted) {
            let seat = part.role.founds().then(|| SeatId(part.index + 1));
            let controller = match seat {
                Some(seat) => Some(stage.controller(part, seat, machine, booted)?),
                None => None,
            };
            stage.actors.push(Actor {
                part,
                platform,
                seat,
                controller,
                score_by_epoch: Vec::new(),
                tier: None,
            });
        }
        Ok(stage)
    }

    /// Plays one epoch.
    pub(crate) fn play(&mut self, epoch: Epoch) -> Result<(), DemoError> {
        let start_s = GENESIS_S + u64::from(epoch) * u64::from(EPOCH_S);
        self.chain.set_time(start_s)?;
        self.stir(epoch, start_s)?;
        let order = self.shuffled();
        for &index in order.iter().take(1) {
            self.tick(index, epoch)?;
        }
        self.chain.mine(SEED_BLOCKS)?;
        for index in order {
            self.tick(index, epoch)?;
        }
        self.chronicle.follow(&self.founded.network, epoch)?;
        for actor in &mut self.actors {
            let Some(seat) = actor.seat else {
                actor.score_by_epoch.push(None);
                continue;
            };
            let view = self.founded.network.read(&contract::seatOfCall { seat: seat.0 })?;
            actor.score_by_epoch.push(Some(view.score));
            let tier = tier_name(view.tier);
            // Suspension, restart and blocking have events of their own.
            let by_score = ["full", "warning", "restricted"].contains(&tier);
            if actor.tier.replace(tier).is_some_and(|before| before != tier) && by_score {
                let what = format!("now in tier {tier}, score {}", view.score);
                self.chronicle.tell(epoch, actor.part.index, &what);
            }
        }
        Ok(())
    }

    /// The chain that it is played on.
    pub(crate) fn chain(&self) -> Arc<dyn Chain> {
        Arc::<Embedded>::clone(&self.chain)
    }

    /// The network's contract.
    pub(crate) fn deployment(&self) -> Deployment {
        self.founded.network.deployment()
    }

    /// The devices that lie together, each with what they are called. Only the story knows.
    pub(crate) fn colluders(&self) -> BTreeMap<B256, String> {
        let colluders = self.actors.iter().filter(|actor| actor.part.role == Role::Slanderer);
        colluders.map(|actor| (device_id(&actor.platform).0, "slanderers".to_owned())).collect()
    }

    /// What the story so far came to.
    pub(crate) fn chronicle(&self) -> &Chronicle {
        &self.chronicle
    }

    /// How many transactions were executed.
    pub(crate) fn transactions(&self) -> u64 {
        self.counted.transactions()
    }

    /// How many quotes the verifiers appraised.
    pub(crate) fn quotes_verified(&self) -> u64 {
        self.quotes_verified.load(Ordering::Relaxed)
    }

    /// The devices as they stand.
    pub(crate) fn devices(&self) -> Result<Vec<DeviceReport>, DemoError> {
        self.actors.iter().map(|actor| self.device(actor)).collect()
    }

    fn device(&self, actor: &Actor) -> Result<DeviceReport, DemoError> {
        let mut report = DeviceReport {
            index: actor.part.index,
            seat: actor.seat.map(|seat| seat.0),
            device_id: device_id(&actor.platform).0.to_string(),
            role: actor.part.role,
            tee: actor.part.tee.name(),
            tier: "no_seat",
            score: 0,
            penalties: 0,
            incarnations: 0,
            reward: Tokens(0),
            score_by_epoch: actor.score_by_epoch.clone(),
            note: self.chronicle.note(actor.part.index),
        };
        if let Some(seat) = actor.seat {
            let view = self.founded.network.read(&contract::seatOfCall { seat: seat.0 })?;
            report.tier = tier_name(view.tier);
            report.score = view.score;
            report.penalties = view.penalties;
            let funds = view.funds;
            report.reward = Tokens(funds.newRewards + funds.oldRewards + funds.maturedRewards);
            report.incarnations = self.chronicle.incarnations(seat);
        }
        Ok(report)
    }

    /// What befalls the network in this epoch from outside. What follows from it, nobody scripts.
    fn stir(&mut self, epoch: Epoch, start_s: u64) -> Result<(), DemoError> {
        if epoch == REVOKED_AT
            && let Some(index) = self.first(Role::Revoked)
        {
            let actor = &self.actors[index];
            self.vendor.revoke(&actor.platform, start_s)?;
            let what = "its vendor revokes the platform's certificate";
            self.chronicle.tell(epoch, actor.part.index, what);
        }
        if epoch == JOINED_AT
            && let Some(index) = self.first(Role::Joiner)
        {
            self.join(epoch, index)?;
        }
        if epoch == CLONED_AT
            && let Some(index) = self.first(Role::Clone)
        {
            self.join(epoch, index)?;
        }
        Ok(())
    }

    fn first(&self, role: Role) -> Option<usize> {
        self.actors.iter().position(|actor| actor.part.role == role)
    }

    /// A device that was not there at genesis boots and asks for a seat; the contract decides.
    fn join(&mut self, epoch: Epoch, index: usize) -> Result<(), DemoError> {
        let Actor { part, platform, .. } = &self.actors[index];
        let (part, platform) = (*part, Arc::clone(platform));
        let parts: Vec<Part> = self.actors.iter().map(|actor| actor.part).collect();
        let mut machine =
            machine(part, &platform, &parts, &self.policy, &self.quotes_verified, &mut self.rng);
        let booted = machine.boot()?;
        let provider = account(self.seed, &format!("provider {}", part.index))?;
        let registration = contract::Registration {
            operator: account(self.seed, &format!("operator {}", part.index))?.address(),
            deviceId: device_id(&platform).0,
            incarnation: booted.app.incarnation(),
            measurement: booted.measurement,
        };
        match join_devnet(&self.founded.network, self.founded.token, &provider, registration)? {
            Ok(seat) => {
                self.chronicle.seat(seat, part.index);
                self.chronicle.tell(epoch, part.index, &format!("joins as seat {}, on probation", seat.0));
                let controller = self.controller(part, seat, machine, booted)?;
                self.actors[index].seat = Some(seat);
                self.actors[index].controller = Some(controller);
            }
            Err(error) => self.chronicle.tell(epoch, part.index, &refusal(&error)),
        }
        Ok(())
    }

    fn controller(
        &mut self,
        part: Part,
        seat: SeatId,
        machine: Box<dyn Boot>,
        booted: Booted,
    ) -> Result<Controller, DemoError> {
        self.chronicle.seat(seat, part.index);
        let collateral: Arc<dyn ReadCollateral> = Arc::<StoryVendor>::clone(&self.vendor);
        let restart = match part.role {
            Role::Slanderer => RestartPolicy::Never,
            _ => RestartPolicy::WhenSuspended,
        };
        let operator = account(self.seed, &format!("operator {}", part.index))?;
        let config = ControllerConfig {
            seat,
            operator,
            collateral,
            restart,
            turn: Duration::ZERO,
            seed_depth_blocks: 1,
        };
        let ledger = Ledger::new(self.founded.network.clone(), 0)?;
        Ok(Controller::new(config, ledger, machine, booted.app))
    }

    fn tick(&mut self, index: usize, epoch: Epoch) -> Result<(), DemoError> {
        let actor = &mut self.actors[index];
        let Some(controller) = &mut actor.controller else { return Ok(()) };
        for action in controller.tick()? {
            if let Action::Published { gas, signed, .. } = action {
                self.chronicle.published(controller.ledger(), epoch, gas, &signed);
            }
        }
        Ok(())
    }

    /// The order in which devices are served in an epoch (Fisher and Yates).
    fn shuffled(&mut self) -> Vec<usize> {
        let mut order: Vec<usize> =
            (0..self.actors.len()).filter(|&i| self.actors[i].seat.is_some()).collect();
        for last in (1..order.len()).rev() {
            let other = usize::try_from(self.rng.next_u64() % (last as u64 + 1)).unwrap_or(0);
            order.swap(last, other);
        }
        order
    }
}

fn platforms(vendor: &StoryVendor, parts: &[Part]) -> Result<Vec<Arc<Platform>>, DemoError> {
    let mut platforms: Vec<Arc<Platform>> = Vec::new();
    for part in parts {
        let platform = match (part.role, platforms.get(CLONED as usize)) {
            (Role::Clone, Some(victim)) => vendor.clone_of(victim)?,
            _ => vendor.platform(part.index, part.tee)?,
        };
        platforms.push(Arc::new(platform));
    }
    Ok(platforms)
}

fn machine(
    part: Part,
    platform: &Arc<Platform>,
    parts: &[Part],
    policy: &Arc<Policy>,
    quotes_verified: &QuotesVerified,
    rng: &mut ChaCha20Rng,
) -> Box<dyn Boot> {
    let (platform, policy) = (Arc::clone(platform), Arc::clone(policy));
    let rng = ChaCha20Rng::seed_from_u64(rng.next_u64());
    if part.role == Role::Slanderer {
        let slanderers = parts.iter().filter(|part| part.role == Role::Slanderer);
        let friends = slanderers.map(|part| SeatId(part.index + 1)).collect();
        return Box::new(SlanderersMachine { platform, policy, friends, rng });
    }
    let image = if part.role == Role::WrongMeasurement { OTHER_IMAGE } else { ALLOWED_IMAGE };
    Box::new(Machine { platform, image, policy, rng, quotes_verified: Arc::clone(quotes_verified) })
}

fn founding_seat(seed: u64, part: Part, platform: &Platform, booted: &Booted) -> FoundingSeat {
    let address = |name: &str| {
        account(seed, &format!("{name} {}", part.index)).map_or(Address::ZERO, |account| account.address())
    };
    FoundingSeat {
        provider: address("provider"),
        operator: address("operator"),
        device_id: device_id(platform),
        incarnation: booted.app.incarnation(),
        measurement: booted.measurement,
        verified_power: DECLARED_POWER,
    }
}

fn device_id(platform: &Platform) -> DeviceId {
    DeviceId::from_hardware(platform.spec().tee, platform.hardware_id())
}

fn references(policy: &Policy) -> Vec<ReferenceValue> {
    let tees = [TeeType::Sgx, TeeType::Tdx];
    let allowed = tees.into_iter().filter_map(|tee| measurement(policy, tee, ALLOWED_IMAGE));
    let measurements: BTreeSet<B256> = allowed.collect();
    let value = |measurement| ReferenceValue { measurement, from_epoch: 0, until_epoch: Epoch::MAX };
    measurements.into_iter().map(value).collect()
}

fn account(seed: u64, name: &str) -> Result<Sender, DemoError> {
    Ok(Sender::from_key(&account_key(seed, name).0)?)
}

fn refusal(error: &contract::IProofOfAttestationErrors) -> String {
    match error {
        contract::IProofOfAttestationErrors::DeviceIdBound(bound) => {
            format!("claims a device that is bound to seat {}: no seat", bound.seat)
        }
        other => format!("gets no seat: {other:?}"),
    }
}
