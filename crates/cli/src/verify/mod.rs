//! `multee verify`: judges a quote by a policy and prints a report.
//!
//! ```text
//! files ── input ──▶ Case ── judgement ──▶ verdict, facts, checks ── report ──▶ text or JSON
//! ```
//!
//! The verdict is made by `multee-evidence` alone; this module reads, asks and prints.

mod checks;
mod error;
mod fetch;
mod input;
mod judgement;
mod moment;
mod policy;
mod report;
mod snp;
mod text;

use std::path::{Path, PathBuf};

use multee_evidence::{
    AMD_ARK_DER, AMD_ARK_SHA256, Collateral, INTEL_SGX_ROOT_CA_DER, INTEL_SGX_ROOT_CA_SHA256, Policy,
    Verifier, VerifierConfig, VerifierError, is_snp_quote,
};

pub(crate) use self::error::VerifyError;
pub(crate) use self::input::{Kind, read, read_quote};
use self::judgement::{Case, CaseError};
pub(crate) use self::moment::Moment;
pub(crate) use self::policy::ChosenPolicy;
use self::policy::stated_evaluation_number;
use self::report::Report;
pub(crate) use self::report::{PolicySource, RegisterLine};
use self::text::Text;
use crate::args::VerifyArgs;
use crate::exit::{self, Exit};

/// Judges the quote that the command line names, and prints what it found.
///
/// # Errors
/// When no verdict came about: a file is missing, too large, or not what it should be.
pub(crate) fn run(args: &VerifyArgs) -> Result<Exit, VerifyError> {
    let quote = input::read_quote(&args.quote)?;
    let now = args.now.unwrap_or_else(Moment::from_host_clock);
    let given = args.policy.as_deref().map(read_policy).transpose()?;
    let document = match &args.collateral {
        Some(path) => input::read(Kind::Collateral, path)?,
        None => fetch::collateral(args, &quote, given.as_ref(), now)?,
    };
    let collateral = Collateral::from_json(&document).map_err(|source| VerifyError::NotCollateral {
        path: args.collateral.clone().unwrap_or_default(),
        source,
    })?;
    let stated_evaluation_number = stated_evaluation_number(&document);
    let chosen = match given {
        Some(chosen) => chosen,
        None => built_in_policy(is_snp_quote(&quote), stated_evaluation_number)?,
    };
    let case = Case {
        quote: &quote,
        collateral: &collateral,
        stated_evaluation_number,
        chosen: &chosen,
        roots: &gather_roots(&args.roots, &chosen.policy)?,
        reference_values: &args.reference_values,
        now_s: now.0,
    };
    let judgement = case.judge().map_err(|error| explain(error, args))?;
    let report = Report::new(&case, judgement);
    print(&report, args.json)?;
    Ok(if report.trusted { Exit::Ok } else { Exit::NotTrusted })
}

/// The policy that a file states.
///
/// # Errors
/// When it states none.
pub(crate) fn read_policy(path: &Path) -> Result<ChosenPolicy, VerifyError> {
    let document = input::read(Kind::Policy, path)?;
    ChosenPolicy::from_json(&document)
        .map_err(|source| VerifyError::NotAPolicy { path: path.to_owned(), source })
}

/// What is accepted when nobody says otherwise.
///
/// # Errors
/// Never: the documents are sound.
pub(crate) fn built_in_policy(
    is_snp: bool,
    stated_evaluation_number: Option<u32>,
) -> Result<ChosenPolicy, VerifyError> {
    let chosen = if is_snp {
        ChosenPolicy::built_in_snp()
    } else {
        // Collateral that states no number is malformed, and judged to be so under any.
        ChosenPolicy::built_in(stated_evaluation_number.unwrap_or_default())
    };
    chosen.map_err(|source| VerifyError::NotAPolicy { path: PathBuf::new(), source })
}

/// Intel's and AMD's roots where the policy accepts them, and those given.
fn gather_roots(paths: &[PathBuf], policy: &Policy) -> Result<Vec<Vec<u8>>, VerifyError> {
    let amds = AMD_ARK_SHA256.into_iter().zip(AMD_ARK_DER);
    let known = std::iter::once((INTEL_SGX_ROOT_CA_SHA256, INTEL_SGX_ROOT_CA_DER)).chain(amds);
    let accepted = known.filter(|(sha256, _)| policy.roots().contains(sha256));
    let mut roots: Vec<Vec<u8>> = accepted.map(|(_, der)| der.to_vec()).collect();
    for path in paths {
        let root = input::read_root(path)?;
        check_root(path, &root, policy)?;
        roots.push(root);
    }
    if roots.is_empty() {
        return Err(VerifyError::NoRoot);
    }
    Ok(roots)
}

/// Malformed goes first: what is no certificate need not be added to any policy.
fn check_root(path: &Path, root: &[u8], policy: &Policy) -> Result<(), VerifyError> {
    match Verifier::new(policy, [root.to_vec()], VerifierConfig::default()) {
        Ok(_) => Ok(()),
        Err(VerifierError::RootNotAccepted(sha256)) => {
            Err(VerifyError::RootNotAccepted { path: path.to_owned(), sha256 })
        }
        Err(_) => Err(VerifyError::NotARoot { path: path.to_owned() }),
    }
}

fn explain(error: CaseError, args: &VerifyArgs) -> VerifyError {
    match error {
        CaseError::NotAQuote => VerifyError::NotAQuote { path: args.quote.clone() },
        CaseError::Policy(source) => {
            VerifyError::NotAPolicy { path: args.policy.clone().unwrap_or_default(), source }
        }
        CaseError::Verifier(source) => VerifyError::NoVerifier(source),
    }
}

fn print(report: &Report, json: bool) -> Result<(), VerifyError> {
    let text = if json {
        let document = serde_json::to_string_pretty(report).map_err(std::io::Error::other);
        document.map_err(VerifyError::Unwritable)? + "\n"
    } else {
        Text(report).to_string()
    };
    exit::print(&text).map_err(VerifyError::Unwritable)
}
