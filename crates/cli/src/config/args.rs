//! How a configuration is named on the command line.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::{Args, Subcommand};

/// Where the configuration is, if it is not named.
const PLACES: [&str; 2] = ["node.toml", "/etc/multee/node.toml"];

/// The configuration's layers.
#[derive(Args, Clone, Debug)]
pub(crate) struct ConfigArgs {
    /// The node's configuration [default: node.toml, or /etc/multee/node.toml, if there is one]
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Set one value over the environment (`MULTEE_SECTION_NAME`) and the file, such as rpc.confirmations=3; repeatable
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) set: Vec<Assignment>,
}

/// One value.
#[derive(Clone, Debug)]
pub(crate) struct Assignment {
    pub(crate) key: String,
    pub(crate) value: String,
}

/// Look at a node's configuration
#[derive(Args, Debug)]
pub(crate) struct ConfigCommandArgs {
    #[command(subcommand)]
    pub(crate) command: ConfigCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    Show(ShowArgs),
}

/// Print the configuration in force, as TOML. Of URLs, which may hold secrets, only scheme and host are shown
#[derive(Args, Debug)]
pub(crate) struct ShowArgs {
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
    /// Say where each value is from: flag, variable, line of a file, or default
    #[arg(long)]
    pub(crate) origin: bool,
    /// Print one JSON document instead: a list of objects with key, value (TOML), origin and about
    #[arg(long)]
    pub(crate) json: bool,
}

impl ConfigArgs {
    /// The file that is read.
    pub(crate) fn file(&self) -> Option<PathBuf> {
        let found = || PLACES.into_iter().map(Path::new).find(|path| path.exists()).map(Path::to_owned);
        self.config.clone().or_else(found)
    }
}

impl FromStr for Assignment {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (key, value) = text.split_once('=').ok_or("not of the form section.name=value")?;
        Ok(Self { key: key.to_owned(), value: value.to_owned() })
    }
}
