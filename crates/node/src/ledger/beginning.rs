//! What a ledger begins with that does not know the contract's first events: views, and what hashes stand for.
//!
//! The views are read before the events. A seat of which no event tells was all the time what its view says, from before
//! the first event on to after the last. Of the others only that matters which was before their first event, and that
//! their first blocks tell: what their digests and bindings stand for.

use std::collections::{BTreeMap, BTreeSet};

use alloy_primitives::{B256, keccak256};
use multee_chain::ReadError;
use multee_chain::bindings::IProofOfAttestation::{self as contract, IProofOfAttestationEvents as Event};
use multee_confirmation::ReferenceValue;
use multee_protocol::{DeviceId, Epoch, Parameters, SeatId, evidence_binding, identity};
use multee_replay::words::parameters;

use super::LedgerError;
use super::book::{Book, Rules, Told};
use super::following::contradiction;
use super::knowledge::Checked;
use super::records::{Certificates, SeatRecord};
use super::terms::reference_value;
use crate::network::Network;

/// What views told.
pub(super) struct Views {
    seats: BTreeMap<SeatId, contract::SeatView>,
    parameters: Parameters,
    announced: Option<(Epoch, Parameters)>,
    pub(super) network: contract::NetworkView,
    policy: B256,
    references: (B256, Vec<ReferenceValue>),
}

impl Views {
    pub(super) fn read(network: &Network) -> Result<Self, ReadError> {
        let announced = network.read(&contract::announcedParametersCall {})?;
        let references = network.read(&contract::referenceValuesCall {})?;
        let standing = network.read(&contract::networkCall {})?;
        let seats = 1..=standing.seats;
        let seat = |seat| Ok((SeatId(seat), network.read(&contract::seatOfCall { seat })?));
        Ok(Self {
            seats: seats.map(seat).collect::<Result<_, ReadError>>()?,
            parameters: parameters(&network.read(&contract::parametersCall {})?),
            announced: announced.announced.then(|| (announced.fromEpoch, parameters(&announced.parameters_))),
            network: standing,
            policy: network.read(&contract::policyDigestCall {})?,
            references: (references.digest, references.values.iter().map(reference_value).collect()),
        })
    }
}

/// What there is to begin with.
pub(super) struct Beginning<'a> {
    pub(super) network: &'a Network,
    pub(super) rules: &'a Rules,
    pub(super) views: &'a Views,
    pub(super) content: Checked<'a>,
    /// All events from some block on.
    pub(super) told: &'a [Told],
}

impl Beginning<'_> {
    /// The book as it was before the events; `next` is the first epoch that is not begun.
    pub(super) fn book(&self, next: Epoch) -> Result<Book, LedgerError> {
        let mut book = Book::new(self.views.parameters);
        book.begun = true;
        book.gaps.since = self.told.iter().find_map(opened).map_or(next, |(epoch, _)| epoch);
        book.announced = self.announced();
        let mut own: BTreeMap<SeatId, Vec<&Event>> = BTreeMap::new();
        for event in self.told.iter().map(|told| &told.event) {
            if let Some(seat) = concerned(event) {
                own.entry(seat).or_default().push(event);
            }
        }
        for (&seat, view) in &self.views.seats {
            let own = own.get(&seat).map_or(&[][..], Vec::as_slice);
            if !matches!(own.first(), Some(Event::SeatRegistered(_))) {
                book.seats.insert(seat, self.seat(view, own)?);
            }
        }
        book.references.insert(self.views.references.0, self.views.references.1.clone());
        let after = self.trial(&mut book)?;
        self.rebuild(&mut book, &after)?;
        self.add_documents(&mut book, &after);
        Ok(book)
    }

    /// Parameters that were announced before the events, if some were not adopted yet.
    fn announced(&self) -> Option<(Epoch, Parameters)> {
        let Views { parameters, announced, .. } = self.views;
        let first = self.told.iter().find_map(|told| match &told.event {
            Event::ParametersAnnounced(_) => Some(None),
            Event::ParametersAdopted(e) => Some(Some(e.epoch)),
            _ => None,
        });
        match first {
            None => *announced,
            Some(None) => None,
            // They were adopted before the views were read, or since.
            Some(Some(epoch)) => {
                let since = announced.filter(|(from, _)| *from <= epoch);
                Some(since.unwrap_or((epoch, *parameters)))
            }
        }
    }

    fn seat(&self, view: &contract::SeatView, own: &[&Event]) -> Result<SeatRecord, LedgerError> {
        let published = own.iter().any(|event| matches!(event, Event::BlockPublished(_)));
        Ok(SeatRecord {
            device_id: DeviceId(view.deviceId),
            operator: view.operator,
            incarnation: view.incarnation,
            measurement: view.measurement,
            certificates: self.certificates(view, own)?,
            last_digest: if published { B256::ZERO } else { view.lastDigest },
            last_epoch: (!published && view.hasPublished).then_some(view.lastEpoch),
        })
    }

    /// The certificates in force before the seat's first event that changes them.
    fn certificates(&self, view: &contract::SeatView, own: &[&Event]) -> Result<Certificates, LedgerError> {
        let Some(change) = own.iter().position(|event| changes_certificates(event)) else {
            let device = DeviceId(view.deviceId);
            let with = |hash| identity(view.operator, view.incarnation, device, view.measurement, hash);
            return Ok(self.certificates_in(view.identity, with));
        };
        let changed_in = match own.get(change) {
            Some(Event::CertificatesPublished(e)) => Some(e.epoch),
            _ => None,
        };
        let last = own.iter().take(change).rev().find_map(|event| match event {
            Event::BlockPublished(e) if Some(e.epoch) != changed_in => Some(e),
            _ => None,
        });
        let Some(e) = last else { return Ok(Certificates::default()) };
        match self.network.read(&contract::blockOfSeatCall { seat: e.seat, epoch: e.epoch }) {
            Ok(block) => {
                let with = |hash| evidence_binding(e.digest, keccak256(&e.evidence), hash);
                Ok(self.certificates_in(block.evidenceBinding, with))
            }
            // The contract keeps it no more, and nobody will judge it.
            Err(ReadError::Reverted(_)) => Ok(Certificates::missing(None)),
            Err(error) => Err(error.into()),
        }
    }

    /// The certificates whose hash is the last word of what `binding` stands for. That none were published needs nobody's
    /// word.
    pub(super) fn certificates_in(&self, binding: B256, with: impl Fn(B256) -> B256) -> Certificates {
        if with(B256::ZERO) == binding {
            return Certificates::default();
        }
        let hash = self.content.last_word(binding);
        let bytes = hash.and_then(|hash| self.content.bytes(hash));
        bytes.map_or_else(|| Certificates::missing(hash), Certificates::published)
    }

    /// Adds the events up on trial, to find the blocks that do not follow from what is known.
    fn trial(&self, book: &mut Book) -> Result<Book, LedgerError> {
        let mut trial = book.clone();
        for told in self.told {
            let Err(what) = trial.apply(self.rules, told) else { continue };
            let refused = |what| contradiction(told.block, what);
            let Event::BlockPublished(e) = &told.event else { return Err(refused(what)) };
            let known = self.content.block(e.digest);
            trial.gaps.blocks.insert(e.digest, known);
            trial.apply(self.rules, told).map_err(refused)?;
        }
        book.gaps.blocks.clone_from(&trial.gaps.blocks);
        Ok(trial)
    }

    /// Those that some epoch or the next one needs and none of the events brings along.
    fn add_documents(&self, book: &mut Book, after: &Book) {
        let records = book.epochs.values().chain(after.epochs.values());
        let named = records.map(|record| (record.context.policy_digest, record.context.reference_digest));
        let next = (self.views.policy, self.views.references.0);
        for (policy, references) in named.chain([next]).collect::<BTreeSet<_>>() {
            if !after.policies.contains_key(&policy) {
                book.policies.extend(self.content.policy(policy).map(|document| (policy, document)));
            }
            if !after.references.contains_key(&references) {
                let values = self.content.references(references);
                book.references.extend(values.map(|values| (references, values)));
            }
        }
    }
}

fn opened(told: &Told) -> Option<(Epoch, &contract::EpochOpened)> {
    match &told.event {
        Event::EpochOpened(e) => Some((e.epoch, e)),
        _ => None,
    }
}

/// Whose seat the event tells of, if what a seat is follows from it.
fn concerned(event: &Event) -> Option<SeatId> {
    Some(SeatId(match event {
        Event::SeatRegistered(e) => e.seat,
        Event::IncarnationBegun(e) => e.seat,
        Event::OperatorSet(e) => e.seat,
        Event::SeatRejoined(e) => e.seat,
        Event::BlockPublished(e) => e.seat,
        Event::CertificatesPublished(e) => e.seat,
        _ => return None,
    }))
}

fn changes_certificates(event: &Event) -> bool {
    !matches!(event, Event::BlockPublished(_) | Event::SeatRegistered(_))
}
