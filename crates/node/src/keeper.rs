//! Keeps the seat's application: takes it over, boots another, and records both.

use alloy_primitives::Address;
use multee_confirmation::{Confirm, ConfirmError, Duty, SignedBlock};
use multee_protocol::Epoch;

use crate::boot::{Boot, Booted, is_gone};
use crate::controller::ControllerError;
use crate::restart::RestartPolicy;
use crate::socket::UNANSWERED_MAX;
use crate::state::PersistencePoint::{
    self, ApplicationRecorded, ApplicationToBeRecorded, BootCounted, BootToBeCounted, RecoveryRecorded,
    RecoveryToBeRecorded, RestartAdopted, RestartRecorded, RestartToBeAdopted, RestartToBeRecorded,
};
use crate::state::{Recorded, State, StateError};

/// The applications of one seat on one machine.
pub(crate) struct Keeper {
    machine: Box<dyn Boot>,
    /// None if nothing is to outlive the process.
    state: Option<State>,
    recorded: Recorded,
    app: Option<Box<dyn Confirm>>,
    /// Booted for a restart whose outcome is not known yet.
    booted: Option<Booted>,
    /// How often in a row the application gave no answer.
    unanswered: u32,
}

impl Keeper {
    /// Of an application that this process booted.
    pub(crate) fn of(machine: Box<dyn Boot>, app: Box<dyn Confirm>) -> Self {
        let recorded = Recorded::default();
        Self { machine, state: None, recorded, app: Some(app), booted: None, unanswered: 0 }
    }

    /// Of whatever runs on the machine.
    pub(crate) fn resume(machine: Box<dyn Boot>, state: State) -> Result<Self, StateError> {
        let recorded = state.recorded()?;
        Ok(Self { machine, state: Some(state), recorded, app: None, booted: None, unanswered: 0 })
    }

    /// Whether it has the application of this incarnation.
    pub(crate) fn serves(&self, incarnation: Address) -> bool {
        self.app.as_ref().is_some_and(|app| app.incarnation() == incarnation)
    }

    /// Whether it ever had the application of this incarnation.
    pub(crate) fn knew(&self, incarnation: Address) -> bool {
        self.recorded.running.as_ref().is_some_and(|running| running.incarnation == incarnation)
    }

    /// Goes on with the application of the seat's incarnation, if it is here. Whether that is the one booted for a
    /// restart, which then got through.
    pub(crate) fn attach(&mut self, incarnation: Address) -> Result<bool, ControllerError> {
        self.drop_gone();
        if self.serves(incarnation) {
            return Ok(false);
        }
        if self.booted.is_none() {
            self.look(incarnation)?;
        }
        let Some(booted) = self.booted.take_if(|booted| booted.app.incarnation() == incarnation) else {
            return Ok(false);
        };
        let recorded =
            Recorded { running: Some(booted.application()), restart: None, ..self.recorded.clone() };
        self.app = Some(booted.app);
        self.record(recorded, [RestartToBeAdopted, RestartAdopted])?;
        Ok(true)
    }

    /// Takes over what an earlier controller left: the seat's application, and the one booted for a restart. Others are
    /// dropped, and so ended.
    fn look(&mut self, incarnation: Address) -> Result<(), ControllerError> {
        let known = [&self.recorded.running, &self.recorded.restart].into_iter().flatten();
        let sockets: Vec<_> = known.filter_map(|application| application.socket.clone()).collect();
        for booted in self.machine.running(&sockets)? {
            let restart = self.recorded.restart.as_ref();
            let restart = restart.filter(|restart| restart.incarnation == booted.app.incarnation());
            if let Some(restart) = restart {
                self.booted = Some(Booted { measurement: restart.measurement, ..booted });
            } else if booted.app.incarnation() == incarnation {
                self.take_over(booted)?;
            }
        }
        Ok(())
    }

    /// An application that died is noticed at once, not when the next epoch has work for it.
    fn drop_gone(&mut self) {
        let is_gone = |app: &mut Box<dyn Confirm>| app.status().is_err_and(|error| is_gone(&error));
        drop(self.app.take_if(is_gone));
    }

    fn take_over(&mut self, booted: Booted) -> Result<(), StateError> {
        let application = booted.application();
        self.app = Some(booted.app);
        let known = self.recorded.running.as_ref();
        if known.is_some_and(|known| {
            (known.incarnation, &known.socket) == (application.incarnation, &application.socket)
        }) {
            return Ok(());
        }
        let recorded = Recorded { running: Some(application), ..self.recorded.clone() };
        self.record(recorded, [ApplicationToBeRecorded, ApplicationRecorded])
    }

    /// The application to restart the seat with: the one that was booted for it, or a new one if the policy allows
    /// to boot now.
    pub(crate) fn fresh(
        &mut self,
        policy: RestartPolicy,
        incarnation: Address,
        epoch: Epoch,
        now_s: u64,
    ) -> Result<Option<&Booted>, ControllerError> {
        self.drop_dead();
        if self.booted.is_none() {
            if !policy.allows(&self.recorded.boots, epoch, now_s) {
                return Ok(None);
            }
            let booted = if let Some(found) = self.machine.fresh(&self.spent(incarnation))? {
                found
            } else {
                self.count_boot(now_s)?;
                self.machine.boot()?
            };
            self.record_restart(&booted, epoch)?;
            self.booted = Some(booted);
        }
        Ok(self.booted.as_ref())
    }

    /// Incarnations that the seat cannot begin anew: the one that it has, and the one that was known last.
    fn spent(&self, incarnation: Address) -> Vec<Address> {
        let known = self.recorded.running.iter().map(|running| running.incarnation);
        known.chain([incarnation]).collect()
    }

    /// What was booted may have died since: the seat must not be given its key.
    fn drop_dead(&mut self) {
        let is_dead = |booted: &mut Booted| booted.app.status().is_err_and(|error| is_gone(&error));
        drop(self.booted.take_if(is_dead));
    }

    /// Before the boot: one that brings the machine down counts, too.
    fn count_boot(&mut self, now_s: u64) -> Result<(), StateError> {
        let mut recorded = self.recorded.clone();
        recorded.boots.unrecovered = recorded.boots.unrecovered.saturating_add(1);
        recorded.boots.last_boot_s = now_s;
        self.record(recorded, [BootToBeCounted, BootCounted])
    }

    /// Before it is sent: else nobody would know the application that has the seat's new key.
    fn record_restart(&mut self, booted: &Booted, epoch: Epoch) -> Result<(), StateError> {
        let mut recorded = Recorded { restart: Some(booted.application()), ..self.recorded.clone() };
        let boots = &mut recorded.boots;
        let before = if boots.restart_epoch == epoch { boots.restarts } else { 0 };
        (boots.restart_epoch, boots.restarts) = (epoch, before.saturating_add(1));
        self.record(recorded, [RestartToBeRecorded, RestartRecorded])
    }

    /// An incarnation published: what was booted before counts no longer.
    pub(crate) fn recovered(&mut self) -> Result<(), StateError> {
        if self.recorded.boots.unrecovered == 0 {
            return Ok(());
        }
        let mut recorded = self.recorded.clone();
        recorded.boots.unrecovered = 0;
        self.record(recorded, [RecoveryToBeRecorded, RecoveryRecorded])
    }

    /// Has the application confirm. If it is gone, or gives no answer time after time, it is let go of, and the machine
    /// is looked at anew.
    pub(crate) fn confirm(&mut self, duty: &Duty) -> Result<SignedBlock, ConfirmError> {
        let Some(app) = &mut self.app else {
            return Err(std::io::Error::from(std::io::ErrorKind::NotFound).into());
        };
        let signed = app.confirm(duty);
        self.unanswered = match signed {
            Err(ConfirmError::Unreachable(_)) => self.unanswered + 1,
            _ => 0,
        };
        if self.unanswered >= UNANSWERED_MAX || signed.as_ref().is_err_and(is_gone) {
            (self.app, self.unanswered) = (None, 0);
        }
        signed
    }

    /// Lets go of the applications without ending them.
    pub(crate) fn leave(self) {
        std::mem::forget((self.app, self.booted));
    }

    /// The process is at this point.
    pub(crate) fn reached(&self, point: PersistencePoint) {
        if let Some(state) = &self.state {
            state.reached(point);
        }
    }

    fn record(&mut self, recorded: Recorded, points: [PersistencePoint; 2]) -> Result<(), StateError> {
        if let Some(state) = &self.state {
            state.record(&recorded, points)?;
        }
        self.recorded = recorded;
        Ok(())
    }
}
