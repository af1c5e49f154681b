//! Asking whoever can answer.

use core::time::Duration;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::client::{Block, Client};
use super::config::{Config, ExpectedCode};
use super::fault::Fault;
use super::interrupt::Interrupt;
use super::roster::{Roster, Standing};
use crate::ChainError;

/// All endpoints of a chain, and what is known of them.
pub(super) struct Pool {
    clients: Vec<Client>,
    roster: Mutex<Roster>,
    started: Instant,
    chain_id: u64,
    codes: Vec<ExpectedCode>,
    head_age_max: Duration,
    interrupt: Interrupt,
}

/// An endpoint that agrees and is not stale, while it is asked.
pub(super) struct Visit<'a> {
    pub(super) client: &'a Client,
    /// Its newest block, when it was asked last.
    pub(super) head: Block,
    pool: &'a Pool,
    index: usize,
}

impl Pool {
    pub(super) fn new(config: &Config) -> Self {
        Self {
            clients: config.endpoints.iter().map(|endpoint| Client::new(endpoint, config)).collect(),
            roster: Mutex::new(Roster::new(config)),
            started: Instant::now(),
            chain_id: config.chain_id,
            codes: config.expected_codes.clone(),
            head_age_max: config.head_age_max,
            interrupt: config.interrupt.clone(),
        }
    }

    /// Puts `question` to the first endpoint that has an answer.
    pub(super) fn ask<T>(&self, question: impl Fn(&Visit<'_>) -> Result<T, Fault>) -> Result<T, ChainError> {
        self.ask_knowing(self.head_age_max, question)
    }

    /// As [`ask`](Self::ask), with knowledge of the newest block that is no older than `head_age_max`.
    pub(super) fn ask_knowing<T>(
        &self,
        head_age_max: Duration,
        question: impl Fn(&Visit<'_>) -> Result<T, Fault>,
    ) -> Result<T, ChainError> {
        self.survey();
        for index in self.available() {
            let answer = self.visit(index, head_age_max).and_then(|visit| question(&visit));
            if let Some(answer) = self.noted(index, answer) {
                return Ok(answer);
            }
        }
        Err(self.unanswered())
    }

    /// Puts `question` to all that can be asked, and collects what comes of it.
    pub(super) fn ask_all<T>(
        &self,
        question: impl Fn(&Visit<'_>) -> Result<T, Fault>,
    ) -> Vec<Result<T, Fault>> {
        self.survey();
        let mut answers = Vec::new();
        for index in self.available() {
            let answer = self.visit(index, self.head_age_max).map(|visit| question(&visit));
            self.note(index, answer.as_ref().map_or_else(Some, |answer| answer.as_ref().err()));
            answers.extend(answer.ok());
        }
        answers
    }

    /// A caller was told of this block.
    pub(super) fn told(&self, number: u64) {
        self.roster().told(number, self.now());
    }

    /// How each endpoint stands, with its name.
    pub(super) fn standings(&self) -> Vec<(String, Standing)> {
        let standings = self.roster().standings(self.now());
        self.clients.iter().map(|client| client.name().to_owned()).zip(standings).collect()
    }

    /// No endpoint answered: when all are of another chain or contract, that is what the caller is to know.
    pub(super) fn unanswered(&self) -> ChainError {
        if self.interrupt.is_asked() {
            return ChainError::Interrupted;
        }
        let mut faults = Vec::new();
        for (name, standing) in self.standings() {
            match standing {
                Standing::Resting { fault, .. } | Standing::Failed(fault) => faults.push((name, fault)),
                Standing::Good | Standing::Unknown => {}
            }
        }
        unanswered(&faults)
    }

    fn survey(&self) {
        if !self.roster().begin_survey(self.now()) {
            return;
        }
        for index in self.available() {
            let looked = self.prepare(index, Duration::ZERO);
            self.note(index, looked.as_ref().err());
        }
    }

    fn visit(&self, index: usize, head_age_max: Duration) -> Result<Visit<'_>, Fault> {
        let visit = self.prepare(index, head_age_max)?;
        self.roster().check_fresh(index, self.now())?;
        Ok(visit)
    }

    fn prepare(&self, index: usize, head_age_max: Duration) -> Result<Visit<'_>, Fault> {
        let client =
            self.clients.get(index).ok_or_else(|| Fault::Malformed("no such endpoint".to_owned()))?;
        let check = self.roster().needs_check(index, self.now());
        if check {
            client.check(self.chain_id, &self.codes)?;
            self.roster().agreed(index, self.now());
        }
        let known = self.roster().head(index, self.now(), head_age_max);
        let head = match known {
            Some(head) => head,
            None => self.look(index, client)?,
        };
        Ok(Visit { client, head, pool: self, index })
    }

    fn look(&self, index: usize, client: &Client) -> Result<Block, Fault> {
        let head = client.head()?;
        self.roster().saw(index, head, self.now());
        Ok(head)
    }

    fn noted<T>(&self, index: usize, answer: Result<T, Fault>) -> Option<T> {
        self.note(index, answer.as_ref().err());
        answer.ok()
    }

    fn note(&self, index: usize, fault: Option<&Fault>) {
        let now = self.now();
        match fault {
            None => self.roster().succeeded(index),
            Some(fault) => self.roster().failed(index, fault, now),
        }
    }

    fn available(&self) -> Vec<usize> {
        self.roster().available(self.now())
    }

    /// Each change of the roster is whole, so a thread that panicked elsewhere has left it as good as it was.
    fn roster(&self) -> MutexGuard<'_, Roster> {
        self.roster.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Duration {
        self.started.elapsed()
    }
}

impl Visit<'_> {
    /// Blocks that the endpoint lets a log filter span, as far as it is known.
    pub(super) fn log_blocks_max(&self) -> u64 {
        self.pool.roster().log_blocks_max(self.index)
    }

    pub(super) fn limit_log_blocks(&self, blocks: u64) {
        self.pool.roster().limit_log_blocks(self.index, blocks);
    }
}

fn unanswered(faults: &[(String, Fault)]) -> ChainError {
    if let [(_, first), rest @ ..] = faults
        && rest.iter().all(|(_, fault)| fault == first)
    {
        match *first {
            Fault::WrongChain { expected, found } => return ChainError::WrongChain { expected, found },
            Fault::WrongCode { address, expected, found } => {
                return ChainError::WrongCode { address, expected, found };
            }
            _ => {}
        }
    }
    let on_other_fork = |(_, fault): &(String, Fault)| match *fault {
        Fault::OtherFork { number, hash } => Some(ChainError::Reorganised { number, hash }),
        _ => None,
    };
    if let Some(reorganised) = faults.iter().find_map(on_other_fork) {
        return reorganised;
    }
    let (places, causes): (Vec<&str>, Vec<String>) =
        faults.iter().map(|(name, fault)| (name.as_str(), format!("{name}: {fault}"))).unzip();
    let (place, cause) = (places.join(", "), causes.join("; "));
    if faults.iter().any(|(_, fault)| matches!(fault, Fault::Pruned { .. })) {
        return ChainError::Pruned { place, cause };
    }
    ChainError::Unreachable { place, cause }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str, fault: Fault) -> (String, Fault) {
        (name.to_owned(), fault)
    }

    #[test]
    fn endpoints_that_all_are_of_another_chain_are_told_as_that() {
        let wrong = Fault::WrongChain { expected: 1, found: 2 };
        let error = unanswered(&[named("a", wrong.clone()), named("b", wrong.clone())]);
        assert!(matches!(error, ChainError::WrongChain { expected: 1, found: 2 }), "{error}");
        let error = unanswered(&[named("a", wrong), named("b", Fault::Timeout { limit_ms: 7 })]);
        assert_eq!(
            error.to_string(),
            "chain at a, b is unreachable: a: chain id is 2, expected 1; b: no answer within 7 ms"
        );
    }
}
