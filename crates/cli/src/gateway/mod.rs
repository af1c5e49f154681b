//! `multee gateway`: a network's history, and answers about it, as a service; and its key.

mod args;
mod error;
mod key;

use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use multee_chain::Chain;
use multee_gateway::index::{self, Index};
use multee_gateway::serve::{Config, Gateway};
use multee_operator::Stop;
use multee_protocol::Deployment;

pub(crate) use args::GatewayArgs;
use args::{GatewayCommand, RunArgs};
use error::GatewayError;

use crate::exit::{self, Exit};
use crate::trust::connect::connect;
use crate::verify::Moment;

/// How often it is looked whether all is well.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Runs until it is told to end.
///
/// # Errors
/// When it cannot start, or what the chain tells is not what a contract of this protocol does.
pub(crate) fn run(args: &GatewayArgs) -> Result<Exit, GatewayError> {
    let args = match &args.command {
        GatewayCommand::Run(args) => args,
        GatewayCommand::Key(args) => return key::make(args),
    };
    match serve(args) {
        Err(error @ GatewayError::Chain(_)) => {
            exit::explain(&error.into());
            Ok(Exit::ChainUnreachable)
        }
        served => served,
    }
}

fn serve(args: &RunArgs) -> Result<Exit, GatewayError> {
    let stop = Stop::on_signals().map_err(GatewayError::Signals)?;
    let contract = args.chain.contract.filter(|_| !args.chain.endpoints.is_empty());
    let contract = contract.ok_or(GatewayError::Whom)?;
    let chain = connect(&args.chain).map_err(GatewayError::Chain)?;
    let chain_id = chain.head().map_err(GatewayError::Chain)?.chain_id;
    let config = index::Config {
        from_block: args.from_block,
        reorg_blocks_max: args.reorg_blocks_max,
        batch_blocks_max: args.batch_blocks_max,
    };
    let index = Index::open(&args.db, Deployment { chain_id, contract }, config)?;
    let defaults = Config::new(args.listen);
    let config = Config {
        head_age_s_max: args.head_age_max,
        rate: defaults.rate.filter(|_| !args.no_rate_limit),
        cors: args.cors.clone(),
        name: args.name.clone(),
        simulated: args.simulated.as_ref().map(|why| format!("SIMULATED: {why}")),
        streams_max: args.streams_max,
        ear_key: args.ear_key.as_deref().map(key::load).transpose()?.map(Arc::new),
        ..defaults
    };
    let now = || Moment::from_host_clock().0;
    let gateway = Gateway::start(index, &args.db, Arc::new(chain), config, Arc::new(now))?;
    let greeting = format!("contract {contract} on chain {chain_id}: http://{}\n", gateway.address());
    exit::print(&greeting).map_err(GatewayError::Unwritable)?;
    watch(gateway, &stop)
}

/// Says what stands in the way, once each, until it is time to end or nothing can be done.
fn watch(mut gateway: Gateway, stop: &Stop) -> Result<Exit, GatewayError> {
    let mut said = None;
    while !stop.wait(LOOK_EVERY) {
        if let Some(error) = gateway.gave_up() {
            return Err(error.into());
        }
        let trouble = gateway.trouble();
        if let Some(trouble) = trouble.as_ref().filter(|_| trouble != said) {
            // A closed stream leaves nothing to do.
            let _ = writeln!(anstream::stderr(), "{trouble}");
        }
        said = trouble;
    }
    Ok(Exit::Ok)
}
