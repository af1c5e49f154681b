//! What a founding left on the chain, held against what it was to leave.

use core::fmt::Debug;

use alloy_primitives::Address;
use multee_chain::bindings::IProofOfAttestation as contract;
use multee_chain::bindings::deployed::{ProofOfAttestation, Registry};
use multee_chain::{ChainError, read};
use multee_evidence::Policy;
use multee_replay::words;

use crate::code::{CodeMismatch, Contract, check_code};
use crate::deploy::DeployError;
use crate::encoding;
use crate::record::Kept;
use crate::step::{Plan, owners};
use crate::{FoundingSeat, Site};

/// Something on the chain is not as it was to be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Mismatch {
    /// A contract has another code than the committed one.
    #[error("{} at {address}: {mismatch}", contract.name())]
    Code {
        /// Which contract.
        contract: Contract,
        /// Where.
        address: Address,
        /// How it differs.
        mismatch: CodeMismatch,
    },
    /// A setting does not read back.
    #[error("{what}: the chain has {found}, not {expected}")]
    Setting {
        /// Which.
        what: String,
        /// What it was to be.
        expected: String,
        /// What the chain has.
        found: String,
    },
    /// A contract was never deployed.
    #[error("{} was not deployed", .0.name())]
    NotDeployed(Contract),
}

/// Every difference between the chain and what `plan` was to leave there: code, immutables masked; settings, by all
/// three contracts; parameters, policy, reference values, seats, owner.
///
/// # Errors
/// When the chain gives no answer.
pub fn verify(site: &dyn Site, plan: &Plan<'_>, kept: &Kept) -> Result<Vec<Mismatch>, DeployError> {
    let mut found = verify_code(site, plan, kept)?;
    // Contracts that are not ours need not answer as ours do.
    if found.is_empty() {
        Readback { site, plan, kept, found: &mut found }.all()?;
    }
    Ok(found)
}

/// Every contract whose code on the chain is not the committed one, immutables masked.
///
/// # Errors
/// When the chain gives no answer.
pub fn verify_code(site: &dyn Site, plan: &Plan<'_>, kept: &Kept) -> Result<Vec<Mismatch>, ChainError> {
    let mut found = Vec::new();
    let token = plan.config.token.is_none().then_some(Contract::TestToken);
    let ours = [Contract::Reader, Contract::Registry, Contract::ProofOfAttestation];
    for contract in token.into_iter().chain(ours) {
        let Some(address) = kept.address(contract) else {
            found.push(Mismatch::NotDeployed(contract));
            continue;
        };
        if let Err(mismatch) = check_code(contract, &site.code(address)?) {
            found.push(Mismatch::Code { contract, address, mismatch });
        }
    }
    Ok(found)
}

struct Readback<'a> {
    site: &'a dyn Site,
    plan: &'a Plan<'a>,
    kept: &'a Kept,
    found: &'a mut Vec<Mismatch>,
}

impl Readback<'_> {
    fn all(&mut self) -> Result<(), DeployError> {
        let (Some(reader), Some(registry), Some(address)) =
            (self.kept.reader, self.kept.registry, self.kept.contract)
        else {
            return Err(DeployError::OutOfOrder);
        };
        self.settings(&[reader, registry, address])?;
        let found = read(self.site, registry, &Registry::readerCall {})?;
        self.expect("the registry's reader", &reader, &found);
        let found = read(self.site, address, &ProofOfAttestation::registryCall {})?;
        self.expect("the contract's registry", &registry, &found);
        self.governance(address)?;
        self.seats(address)
    }

    fn settings(&mut self, contracts: &[Address]) -> Result<(), DeployError> {
        let fixed = self.plan.config.fixed;
        for address in contracts {
            let found = read(self.site, *address, &contract::settingsCall {})?;
            let at = |name| format!("{name} at {address}");
            self.expect(&at("token"), &self.kept.token.unwrap_or_default(), &found.token);
            self.expect(&at("genesis"), &self.kept.genesis_s, &found.genesis);
            self.expect(&at("epoch_seconds"), &fixed.epoch_seconds, &found.epochSeconds);
            self.expect(&at("retention_epochs"), &u16::from(fixed.retention_epochs), &found.retentionEpochs);
            self.expect(&at("max_seats"), &fixed.max_seats, &found.maxSeats);
        }
        Ok(())
    }

    fn governance(&mut self, address: Address) -> Result<(), DeployError> {
        let config = self.plan.config;
        let parameters = words::parameters(&read(self.site, address, &contract::parametersCall {})?);
        for parameter in crate::Parameter::ALL {
            let expected = parameter.get(&config.parameters);
            self.expect(parameter.name, &expected, &parameter.get(&parameters));
        }
        let digest = Policy::from_json(self.plan.policy)?.digest();
        self.expect("policy digest", &digest, &read(self.site, address, &contract::policyDigestCall {})?);
        let references = read(self.site, address, &contract::referenceValuesCall {})?;
        self.expect("reference values", &config.references, &encoding::references(&references.values));
        let (owner, pending) = owners(self.site, self.kept)?;
        if config.owner != Some(owner) {
            self.expect("owner", &self.kept.founder, &owner);
            self.expect("offered owner", &config.owner.unwrap_or_default(), &pending);
        }
        Ok(())
    }

    fn seats(&mut self, address: Address) -> Result<(), DeployError> {
        for (number, seat) in (1..).zip(&self.plan.config.seats) {
            let view = read(self.site, address, &contract::seatOfCall { seat: number })?;
            let found = FoundingSeat {
                provider: view.provider,
                operator: view.operator,
                device_id: multee_protocol::DeviceId(view.deviceId),
                incarnation: view.incarnation,
                measurement: view.measurement,
                verified_power: view.power.verified,
            };
            self.expect(&format!("seat {number}"), seat, &found);
        }
        Ok(())
    }

    fn expect<T: PartialEq + Debug>(&mut self, what: &str, expected: &T, found: &T) {
        if expected != found {
            let (expected, found) = (format!("{expected:?}"), format!("{found:?}"));
            self.found.push(Mismatch::Setting { what: what.to_owned(), expected, found });
        }
    }
}
