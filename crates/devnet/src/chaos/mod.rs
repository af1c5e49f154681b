//! Chaos: a network of processes on `anvil`, in which a node is killed in every epoch and an application in every sixth.
//!
//! Nodes are what operators run, `multee node run`, and SIGKILL is what a power cut does to them. After each kill the
//! node is started again, and that is all that is done for it. One device's application is a service of the system's,
//! which this starts anew as that would; another one's node is not killed but told to end, and leaves its application to
//! the next. What must hold:
//!
//! - every seat publishes in every epoch in which the rules let it, the one whose node was killed, too;
//! - what a node said to have published is on chain;
//! - no key is lost but those of applications that were killed;
//! - no key signs two blocks for one challenge, whatever was sent;
//! - a seat whose application was killed begins a new incarnation by itself, and that is admitted again.
//!
//! Time is the chain's, and it goes on when everybody who can publish has: a slow machine makes a run longer and its
//! verdict no other. What waits in vain for [`EPOCH_TIME_MAX`] ends it as an error. Who is killed when follows from the
//! seed; what a kill meets does not, for processes run as they are scheduled.

mod fates;
mod judgement;
mod scene;

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use alloy_primitives::Address;
use multee_chain::{ChainError, ReadError};
use serde::Serialize;

use crate::anvil::AnvilError;
use crate::chain::StartChainError;
use crate::child::ProcessError;
use crate::crew::Programs;
use crate::devices::DevicesError;
use crate::network::NetworkError;
use crate::observed::{ObserveError, Tier};
use crate::pcs::PcsError;
use fates::{Fates, Kill};
use scene::Scene;

pub use judgement::Violation;

/// How long an epoch may take on this machine: a hundred times of what it takes on an idle one.
pub const EPOCH_TIME_MAX: Duration = Duration::from_mins(5);
/// Epochs after a restart within which the new incarnation must be admitted.
const ADMISSION_EPOCHS_MAX: u32 = 5;

/// What a run is made with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChaosConfig {
    /// An empty directory.
    pub directory: PathBuf,
    /// The programs.
    pub programs: Programs,
    /// `anvil`.
    pub anvil: PathBuf,
    /// How many devices.
    pub devices: u32,
    /// How many epochs with kills.
    pub epochs: u32,
    /// What devices and kills are drawn from.
    pub seed: u64,
}

/// What a run came to, if nothing was violated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// Epochs, those after the last kill included.
    pub epochs: u32,
    /// Nodes killed.
    pub nodes_killed: u32,
    /// Applications killed.
    pub applications_killed: u32,
    /// Incarnations that began after them, all of which were admitted.
    pub readmitted: u32,
    /// Blocks published.
    pub published: usize,
    /// Of these, acknowledged by a node that lived to say so.
    pub acknowledged: usize,
    /// Publications that the rules did not let a seat make.
    pub held_back: usize,
    /// How long it took, in milliseconds.
    pub wall_ms: u128,
}

/// Why a run failed.
#[derive(Debug, thiserror::Error)]
pub enum ChaosError {
    /// Something that must not be.
    #[error(transparent)]
    Violation(#[from] Violation),
    /// Somebody did not do in time what he should.
    #[error("in epoch {epoch} nothing goes on: seats {waited_for:?} should {what}\n{tails}")]
    Stuck {
        /// When.
        epoch: u32,
        /// Who.
        waited_for: Vec<u32>,
        /// What is waited for.
        what: &'static str,
        /// The ends of the nodes' logs.
        tails: String,
    },
    /// A new incarnation is not admitted in time.
    #[error("seat {seat} was restarted in epoch {since} and is {} in epoch {epoch}", tier.name())]
    NotAdmitted {
        /// Which.
        seat: u32,
        /// When its application was killed.
        since: u32,
        /// Now.
        epoch: u32,
        /// How it stands.
        tier: Tier,
    },
    /// A key was lost that nobody took.
    #[error("seat {seat} began a new incarnation in epoch {epoch}, and its application was not killed")]
    Lost {
        /// Which.
        seat: u32,
        /// When it was seen.
        epoch: u32,
    },
    /// A log cannot be read.
    #[error("{} cannot be read", path.display())]
    Log {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The devices.
    #[error(transparent)]
    Devices(#[from] DevicesError),
    /// `anvil`.
    #[error(transparent)]
    Anvil(#[from] AnvilError),
    /// The way to it.
    #[error(transparent)]
    StartChain(#[from] StartChainError),
    /// The chain.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// A view.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The vendor's service.
    #[error(transparent)]
    Pcs(#[from] PcsError),
    /// The network.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// A process did not start, or ended and was not killed.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// What is published cannot be seen, or contradicts the rules.
    #[error(transparent)]
    Observe(#[from] ObserveError),
}

/// Runs it, and tells of each epoch in a line.
///
/// # Errors
/// When something does not hold, or the machine does not play along.
pub fn run(config: &ChaosConfig, tell: &mut dyn FnMut(&str)) -> Result<Outcome, ChaosError> {
    let started = Instant::now();
    let mut run = Run {
        scene: Scene::set(config)?,
        fates: Fates::new(config.seed, config.devices),
        devices: config.devices,
        restarting: BTreeMap::new(),
        incarnations: BTreeMap::new(),
        outcome: Outcome::default(),
    };
    for epoch in 0..config.epochs {
        run.epoch(epoch, true, tell)?;
    }
    let mut epoch = config.epochs;
    while !run.restarting.is_empty() {
        run.epoch(epoch, false, tell)?;
        epoch += 1;
    }
    let mut outcome = run.judge()?;
    (outcome.epochs, outcome.wall_ms) = (epoch, started.elapsed().as_millis());
    run.scene.end()?;
    Ok(outcome)
}

struct Run {
    scene: Scene,
    fates: Fates,
    devices: u32,
    /// Seats whose application was killed: when, and with which key. Until the next one is admitted.
    restarting: BTreeMap<u32, (u32, Address)>,
    /// Each seat's key when it was seen last.
    incarnations: BTreeMap<u32, Address>,
    outcome: Outcome,
}

/// A kill that is still to come.
struct Pending {
    kill: Kill,
    /// When it was its turn.
    since: Option<Instant>,
}

impl Run {
    fn epoch(&mut self, epoch: u32, with_kills: bool, tell: &mut dyn FnMut(&str)) -> Result<(), ChaosError> {
        let began = Instant::now();
        let fate = self.fates.draw(epoch);
        let mut node = with_kills.then_some(Pending { kill: fate.node, since: None });
        let application = fate.application.filter(|_| with_kills);
        let mut application = self.victim(application)?.map(|kill| Pending { kill, since: None });
        let told =
            format!("{} {}", describe("node", node.as_ref()), describe("application", application.as_ref()));
        self.scene.begin(epoch)?;
        loop {
            self.scene.turn()?;
            self.perhaps_kill(epoch, &mut node, &mut application)?;
            let waited_for = self.scene.waited_for(epoch)?;
            if node.is_none() && application.is_none() && waited_for.is_empty() {
                break;
            }
            if began.elapsed() > EPOCH_TIME_MAX {
                let tails = self.scene.tails();
                return Err(ChaosError::Stuck { epoch, waited_for, what: "publish", tails });
            }
        }
        self.look_for_losses(epoch)?;
        self.look_for_admissions(epoch)?;
        judgement::check_signed_once(self.scene.statements()?)?;
        let published = self.scene.publications().in_epoch(epoch).len();
        let held_back = (self.devices as usize).saturating_sub(published);
        self.outcome.held_back += held_back;
        let took = began.elapsed().as_millis();
        tell(&format!(
            "epoch {epoch:>3}  {published} published, {held_back} held back  {took:>6} ms  {told}"
        ));
        Ok(())
    }

    fn perhaps_kill(
        &mut self,
        epoch: u32,
        node: &mut Option<Pending>,
        application: &mut Option<Pending>,
    ) -> Result<(), ChaosError> {
        let published = self.scene.publications().in_epoch(epoch).len();
        // Seats that are held back publish nothing, and somebody may wait for them.
        let is_over = self.scene.waited_for(epoch)?.is_empty();
        if node.as_mut().is_some_and(|pending| pending.is_due(published, is_over)) {
            let device = node.take().map_or(0, |pending| pending.kill.device);
            self.scene.kill_node(device)?;
            self.outcome.nodes_killed += 1;
        }
        if application.as_mut().is_some_and(|pending| pending.is_due(published, is_over)) {
            let device = application.as_ref().map_or(0, |pending| pending.kill.device);
            let incarnation = self.scene.incarnation(device + 1)?;
            // None runs for a moment when its node has just begun to boot one.
            if self.scene.kill_application(device)? {
                application.take();
                self.restarting.insert(device + 1, (epoch, incarnation));
                self.outcome.applications_killed += 1;
            }
        }
        Ok(())
    }

    /// One whose last restart is over: what is on probation may be killed, too, but then nobody could tell whether it
    /// would have been admitted.
    fn victim(&self, kill: Option<Kill>) -> Result<Option<Kill>, ChaosError> {
        let Some(kill) = kill else { return Ok(None) };
        for step in 0..self.devices {
            let device = (kill.device + step) % self.devices;
            if self.scene.tier(device + 1)? != Tier::Probation && !self.restarting.contains_key(&(device + 1))
            {
                return Ok(Some(Kill { device, ..kill }));
            }
        }
        Ok(None)
    }

    /// Whatever becomes of nodes, keys are lost only with the applications that were killed.
    fn look_for_losses(&mut self, epoch: u32) -> Result<(), ChaosError> {
        for seat in 1..=self.devices {
            let now = self.scene.incarnation(seat)?;
            let before = self.incarnations.insert(seat, now);
            if before.is_some_and(|before| before != now) && !self.restarting.contains_key(&seat) {
                return Err(ChaosError::Lost { seat, epoch });
            }
        }
        Ok(())
    }

    fn look_for_admissions(&mut self, epoch: u32) -> Result<(), ChaosError> {
        for (seat, (since, before)) in self.restarting.clone() {
            let (tier, incarnation) = (self.scene.tier(seat)?, self.scene.incarnation(seat)?);
            let is_admitted = matches!(tier, Tier::Full | Tier::Warning | Tier::Restricted);
            if incarnation != before && is_admitted {
                self.restarting.remove(&seat);
                self.outcome.readmitted += 1;
            } else if epoch > since + ADMISSION_EPOCHS_MAX {
                return Err(ChaosError::NotAdmitted { seat, since, epoch, tier });
            }
        }
        Ok(())
    }

    fn judge(&mut self) -> Result<Outcome, ChaosError> {
        let mut said = BTreeMap::new();
        for device in 0..self.devices {
            said.insert(device + 1, judgement::acknowledged(&self.scene.log(device)?));
        }
        let publications = self.scene.publications();
        self.outcome.acknowledged =
            judgement::check_acknowledged(&said, |seat, epoch| publications.of(seat, epoch))?;
        self.outcome.published = publications.count();
        Ok(self.outcome)
    }
}

impl Pending {
    /// Enough have published, or all that can, and the delay is over.
    fn is_due(&mut self, published: usize, is_over: bool) -> bool {
        if published < self.kill.after as usize && !is_over {
            return false;
        }
        let since = *self.since.get_or_insert_with(Instant::now);
        since.elapsed() >= Duration::from_millis(self.kill.delay_ms)
    }
}

fn describe(what: &str, pending: Option<&Pending>) -> String {
    let Some(Pending { kill: Kill { device, after, delay_ms }, .. }) = pending else { return String::new() };
    format!("{what} {} killed after {after} + {delay_ms} ms", device + 1)
}
