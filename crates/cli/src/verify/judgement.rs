//! What is found out about a quote: the verdict, what is established, and each check by itself.
//!
//! The verdict is the verifier's under the chosen policy, and nothing else. So that the report can also say
//! what *is* there when the policy does not hold, the same verifier is asked again under a lenient policy
//! with the same roots.

use alloy_primitives::B256;
use multee_evidence::{
    AppraisalError, ChainFault, Collateral, CollateralFault, CollateralKey, PlatformFlag, Policy,
    PolicyError, TcbStatus, VerifiedEvidence, Verifier, VerifierConfig, VerifierError,
};
use multee_protocol::Mark;
use sha2::{Digest, Sha256};

use super::checks::{Check, checks};
use super::policy::ChosenPolicy;

/// What is to be judged, and by what.
pub(crate) struct Case<'a> {
    pub(crate) quote: &'a [u8],
    pub(crate) collateral: &'a Collateral,
    /// What the collateral's TCB info states, unverified.
    pub(crate) stated_evaluation_number: Option<u32>,
    pub(crate) chosen: &'a ChosenPolicy,
    /// DER, all accepted by the policy.
    pub(crate) roots: &'a [Vec<u8>],
    /// None given: any measurement will do.
    pub(crate) reference_values: &'a [B256],
    /// Unix time in seconds.
    pub(crate) now_s: u64,
}

/// What was found.
pub(crate) struct Judgement {
    pub(crate) verdict: Result<(), Refusal>,
    pub(crate) established: Established,
    pub(crate) checks: Vec<Check>,
}

/// Why the policy does not hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    #[error(transparent)]
    Evidence(#[from] AppraisalError),
    #[error("measurement {0} is not among the reference values given")]
    Measurement(B256),
}

/// What holds whatever the policy says of statuses, flags and advisories; `None` where nothing is known.
pub(crate) struct Established {
    /// SHA-256 of the root that the quote's chain leads to.
    pub(crate) root_sha256: Option<B256>,
    /// What the quote shows without collateral.
    pub(crate) key: Option<CollateralKey>,
    pub(crate) debug: Option<bool>,
    /// What it shows with collateral.
    pub(crate) evidence: Option<VerifiedEvidence>,
    /// What the platform's certificate says, for each of [`FLAGS`].
    pub(crate) flags: Option<[bool; 3]>,
    /// Why not all is established.
    pub(crate) obstacle: Option<AppraisalError>,
}

/// The flags of platform certificates, as policies name them.
pub(crate) const FLAGS: [(PlatformFlag, &str); 3] = [
    (PlatformFlag::DynamicPlatform, "accept_dynamic_platform"),
    (PlatformFlag::CachedKeys, "accept_cached_keys"),
    (PlatformFlag::Smt, "accept_smt"),
];

/// Why a case could not be judged.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CaseError {
    /// Too large or no quote at all: nothing is there to be judged.
    #[error("not a quote")]
    NotAQuote,
    #[error(transparent)]
    Policy(#[from] PolicyError),
    #[error(transparent)]
    Verifier(#[from] VerifierError),
}

impl Case<'_> {
    /// Judges.
    ///
    /// # Errors
    /// When there is no quote, or roots that are none.
    pub(crate) fn judge(&self) -> Result<Judgement, CaseError> {
        let established = self.establish()?;
        let verdict = self.verdict()?;
        let checks = checks(self, &established);
        Ok(Judgement { verdict, established, checks })
    }

    fn verdict(&self) -> Result<Result<(), Refusal>, CaseError> {
        let evidence = match self.appraise(&self.chosen.policy)? {
            Ok(evidence) => evidence,
            Err(error) => return Ok(Err(error.into())),
        };
        let measurement = evidence.measurement();
        let allowed = self.reference_values.is_empty() || self.reference_values.contains(&measurement);
        Ok(if allowed { Ok(()) } else { Err(Refusal::Measurement(measurement)) })
    }

    fn establish(&self) -> Result<Established, CaseError> {
        let number = self.number_in_force();
        let lenient = self.chosen.lenient(number)?;
        let examined = self.examine(&lenient, self.roots)?;
        if let Err(AppraisalError::QuoteMalformed | AppraisalError::QuoteTooLarge { .. }) = examined {
            return Err(CaseError::NotAQuote);
        }
        let appraised = self.appraise(&lenient)?;
        let debug = match &examined {
            Ok(_) => Some(false),
            Err(AppraisalError::Debug) => Some(true),
            Err(_) => None,
        };
        Ok(Established {
            root_sha256: self.find_root(&lenient)?,
            debug,
            flags: if appraised.is_ok() { Some(self.find_flags(number)?) } else { None },
            obstacle: examined.clone().err().or_else(|| appraised.clone().err()),
            key: examined.ok(),
            evidence: appraised.ok(),
        })
    }

    /// The evaluation number by which to find out what is there. Collateral that states none is found to be
    /// malformed under any.
    pub(crate) fn number_in_force(&self) -> u32 {
        self.stated_evaluation_number.unwrap_or(self.chosen.policy.tcb_evaluation_number())
    }

    fn find_root(&self, lenient: &Policy) -> Result<Option<B256>, CaseError> {
        for root in self.roots {
            if self.examine(lenient, std::slice::from_ref(root))?.is_ok() {
                return Ok(Some(B256::from_slice(&Sha256::digest(root))));
            }
        }
        Ok(None)
    }

    /// A flag is on where refusing it makes the verifier refuse.
    fn find_flags(&self, number: u32) -> Result<[bool; 3], CaseError> {
        let mut found = [false; 3];
        for (found, (flag, name)) in found.iter_mut().zip(FLAGS) {
            let refusal = self.appraise(&self.chosen.lenient_but(name, number)?)?.err();
            *found = refusal == Some(AppraisalError::FlagNotAccepted(flag));
        }
        Ok(found)
    }

    fn examine(
        &self,
        policy: &Policy,
        roots: &[Vec<u8>],
    ) -> Result<Result<CollateralKey, AppraisalError>, CaseError> {
        let verifier = Verifier::new(policy, roots.to_vec(), VerifierConfig::default())?;
        let examined = verifier.examine(self.quote, self.collateral.pck_chain_pem(), self.now_s);
        Ok(examined.map(|examined| examined.collateral))
    }

    fn appraise(&self, policy: &Policy) -> Result<Result<VerifiedEvidence, AppraisalError>, CaseError> {
        let verifier = Verifier::new(policy, self.roots.to_vec(), VerifierConfig::default())?;
        Ok(match self.collateral.pck_chain_pem() {
            Some(chain) => verifier.appraise_with_chain(self.quote, chain, self.collateral, self.now_s),
            None => verifier.appraise(self.quote, self.collateral, self.now_s),
        })
    }
}

impl Refusal {
    /// The mark that a block with this evidence earns.
    pub(crate) fn mark(&self) -> Mark {
        match self {
            Self::Evidence(error) => error.mark(),
            Self::Measurement(_) => Mark::MeasurementNotAllowed,
        }
    }

    /// What could be done about it by whoever asked, where something can.
    pub(crate) fn hint(&self) -> Option<&'static str> {
        let Self::Evidence(error) = self else {
            return Some("if the program is meant to run, give its measurement with --reference-value");
        };
        Some(match error {
            AppraisalError::CertificateChainMissing { .. } => {
                "put the platform's chain into the collateral, as PEM in `pck_certificate_chain`"
            }
            AppraisalError::EndorsementMissing => {
                "put the certificates of its key and of the key's issuer into the collateral, as PEM in `vek_chain`"
            }
            AppraisalError::TcbBelowMinimum { .. } => {
                "update the platform's firmware and start the guest anew, or lower a policy's `snp.tcb_min`"
            }
            AppraisalError::VlekNotAccepted => {
                "accept such keys in a policy, if it is to trust cloud providers with chips' identities"
            }
            AppraisalError::CertificateChainInvalid(ChainFault::NotFromAcceptedRoot) => {
                "if its vendor is to be trusted, name the root in a policy and give it with --root"
            }
            AppraisalError::CertificateChainInvalid(ChainFault::Expired | ChainFault::NotYetValid) => {
                "judge as of a time at which its certificates held, with --now"
            }
            AppraisalError::TcbStatusNotAccepted(status) if *status != TcbStatus::Revoked => {
                "update the platform, or accept its status in a policy's `platform_statuses`"
            }
            AppraisalError::FlagNotAccepted(_) => {
                "accept the flag in a policy, if what it allows can do no harm there"
            }
            AppraisalError::Collateral { fault, .. } => collateral_hint(*fault),
            _ => return None,
        })
    }
}

fn collateral_hint(fault: CollateralFault) -> &'static str {
    match fault {
        CollateralFault::Expired | CollateralFault::NotYetValid => {
            "fetch collateral anew, or judge as of a time at which it held, with --now"
        }
        CollateralFault::NotForPlatform => "fetch collateral for this platform's FMSPC and TEE type",
        CollateralFault::WrongEvaluationNumber { .. } => {
            "fetch collateral of the policy's TCB evaluation, or change the policy's number"
        }
        CollateralFault::Malformed | CollateralFault::NotSigned | CollateralFault::SignerRevoked => {
            "fetch collateral anew from a source that passes on what the vendor signed"
        }
    }
}
