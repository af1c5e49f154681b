//! The command line of `multee node`.

use clap::{Args, Subcommand};

use crate::config::ConfigArgs;

/// Run a node: the part on the host, which works for one seat
#[derive(Args, Debug)]
pub(crate) struct NodeArgs {
    #[command(subcommand)]
    pub(crate) command: NodeCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum NodeCommand {
    Run(RunArgs),
}

/// Work for a seat until SIGTERM or Ctrl-C: open epochs, settle, publish, restart
///
/// It may be killed at any moment and started again. What stands in the way for a while is logged and tried again; what
/// another try cannot mend ends it, with exit code 1 and what can be done. When it ends in order it leaves the
/// Confirmation Application running (`confirm.keep_running`), for the key is only there.
#[derive(Args, Debug)]
pub(crate) struct RunArgs {
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
}
