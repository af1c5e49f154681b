//! `--fetch`: the collateral from a service instead of a file.

use std::path::Path;

use multee_collateral::{Evaluation, Source, SourceConfig, SourceError};
use multee_evidence::AppraisalError;

use super::error::VerifyError;
use super::moment::Moment;
use super::policy::ChosenPolicy;
use crate::args::VerifyArgs;

/// The collateral that the quote needs as of `now`, in the JSON form that files have.
///
/// # Errors
/// When it is not to be had.
pub(crate) fn collateral(
    args: &VerifyArgs,
    quote: &[u8],
    policy: Option<&ChosenPolicy>,
    now: Moment,
) -> Result<Vec<u8>, VerifyError> {
    let mut config = SourceConfig { cache: args.cache.clone(), ..SourceConfig::vendors() };
    if !args.pccs.is_empty() {
        config.intel.clone_from(&args.pccs);
    }
    if !args.kds.is_empty() {
        config.amd.clone_from(&args.kds);
    }
    let source = Source::open(config).map_err(|source| VerifyError::CacheUnusable {
        path: args.cache.as_deref().unwrap_or(Path::new("")).to_owned(),
        source,
    })?;
    let number = policy.map(|chosen| chosen.policy.tcb_evaluation_number());
    let evaluation = number.map_or(Evaluation::Standard, Evaluation::Number);
    source.collateral(quote, evaluation, now.0, now.0).map_err(|error| explain(error, args))
}

fn explain(error: SourceError, args: &VerifyArgs) -> VerifyError {
    match error {
        SourceError::Quote(AppraisalError::QuoteMalformed | AppraisalError::QuoteTooLarge { .. }) => {
            VerifyError::NotAQuote { path: args.quote.clone() }
        }
        SourceError::Quote(error) => VerifyError::NotFetchable(error),
        SourceError::IssuedLater { item, issued_s, .. } => {
            VerifyError::FetchedTooLate { item, from: Moment(issued_s) }
        }
        error => VerifyError::NotFetched(error),
    }
}
