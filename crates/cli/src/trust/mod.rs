//! `multee trust`: whether a device is trusted now, as the contract or a gateway says, or a token says that a gateway said.

mod args;
pub(crate) mod connect;
mod error;
mod gateway;
mod text;
mod token;

use multee_gateway::trust::{Clock, Question, ask_contract};
use serde_json::Value;

pub(crate) use args::TrustArgs;
use args::{CheckArgs, TrustCommand};
use error::TrustError;

use crate::exit::{self, Exit};
use crate::verify::Moment;

/// Asks, prints the answer, and ends by it.
///
/// # Errors
/// When there is no answer, for another reason than that nobody could be reached.
pub(crate) fn run(args: &TrustArgs) -> Result<Exit, TrustError> {
    let checked = match &args.command {
        TrustCommand::Check(args) => check(args),
        TrustCommand::VerifyToken(args) => token::check(args),
    };
    match checked {
        Err(error) if error.exit() != Exit::Error => {
            let exit = error.exit();
            exit::explain(&error.into());
            Ok(exit)
        }
        checked => checked,
    }
}

fn check(args: &CheckArgs) -> Result<Exit, TrustError> {
    let CheckArgs { device_id, min_score, max_age_epochs, .. } = *args;
    let question = Question { device_id, min_score, max_age_epochs };
    let answer = match &args.gateway {
        Some(base) => gateway::ask(base, &question)?,
        None => of_contract(args, &question)?,
    };
    let text = if args.json { format!("{answer:#}\n") } else { text::shown(&answer) };
    exit::print(&text).map_err(TrustError::Unwritable)?;
    Ok(match answer["verdict"].as_str() {
        Some("trusted") => Exit::Ok,
        Some("not_trusted") => Exit::NotTrusted,
        _ => Exit::UnknownOrStale,
    })
}

fn of_contract(args: &CheckArgs, question: &Question) -> Result<Value, TrustError> {
    let contract = args.chain.contract.filter(|_| !args.chain.endpoints.is_empty());
    let contract = contract.ok_or(TrustError::Whom)?;
    let chain = connect::connect(&args.chain)?;
    let Moment(now_s) = args.now.unwrap_or_else(Moment::from_host_clock);
    let clock = Clock { now_s, head_age_s_max: args.head_age_max, in_touch: true };
    let answer = ask_contract(&chain, contract, question, &clock)?;
    serde_json::to_value(answer).map_err(|error| TrustError::Unwritable(error.into()))
}
