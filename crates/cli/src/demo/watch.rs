//! The story, watched: a gateway follows its chain, and serves API and page while it runs and after.

use std::collections::BTreeMap;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use alloy_primitives::B256;
use clap::Args;
use miette::Diagnostic;
use multee_chain::Chain;
use multee_gateway::index::{self, Index, IndexError};
use multee_gateway::serve::{Config, Gateway, Now, ServeError};
use multee_operator::Stop;
use tempfile::TempDir;

use super::pacing::{self, Pacing};
use super::report::SIMULATED;
use super::stage::{EPOCH_S, Stage};
use crate::exit;

/// Between two looks at the chain, which is in this process.
const POLL_EVERY: Duration = Duration::from_millis(100);
/// What is to be known of times that are shown.
const CLOCK: &str =
    "an epoch is an hour of the chain's clock, which stands between epochs and when the story is over";
/// The index's file.
const INDEX: &str = "index.sqlite";

/// How the story is watched.
#[derive(Args, Debug)]
pub(crate) struct WatchArgs {
    /// Serve API and page while the story runs, and after it until Ctrl-C
    #[arg(long, conflicts_with = "json")]
    pub(crate) watch: bool,
    /// Where to listen; port 0 for any that is free
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8800", requires = "watch")]
    pub(crate) listen: SocketAddr,
    /// Seconds from an epoch to the next; 0 plays them as fast as can be
    #[arg(long, value_name = "SECONDS", default_value = "4", value_parser = pacing::parse, requires = "watch")]
    pub(crate) pace: Duration,
    /// Play an epoch whenever Enter is pressed, and not by the clock
    #[arg(long, requires = "watch", conflicts_with = "pace")]
    pub(crate) step: bool,
}

/// Why the story cannot be watched.
#[derive(Debug, thiserror::Error, Diagnostic)]
pub(crate) enum WatchError {
    #[error("cannot listen on {address}")]
    #[diagnostic(
        code(multee::demo::listen),
        help("if another program has that port: --listen 127.0.0.1:0 takes one that is free")
    )]
    Listen { address: SocketAddr, source: io::Error },

    #[error(transparent)]
    #[diagnostic(code(multee::demo::serve))]
    Serve(Box<ServeError>),

    #[error(transparent)]
    #[diagnostic(code(multee::demo::index))]
    Index(Box<IndexError>),

    #[error("the index's file cannot be made")]
    #[diagnostic(code(multee::demo::files))]
    Files(#[source] io::Error),

    #[error("signals cannot be handled")]
    #[diagnostic(code(multee::demo::signals))]
    Signals(#[source] io::Error),

    #[error("stdout cannot be written")]
    #[diagnostic(code(multee::demo::unwritable))]
    Unwritable(#[source] io::Error),
}

impl From<IndexError> for WatchError {
    fn from(error: IndexError) -> Self {
        Self::Index(Box::new(error))
    }
}

impl From<ServeError> for WatchError {
    fn from(error: ServeError) -> Self {
        Self::Serve(Box::new(error))
    }
}

/// A story that is watched.
pub(crate) struct Watch {
    gateway: Gateway,
    pacing: Pacing,
    stop: Stop,
    /// Removed after the gateway has ended.
    _files: Option<TempDir>,
}

impl WatchArgs {
    /// Takes signals over, and sees that the address can be had, before anything is made. Nothing without `--watch`.
    pub(crate) fn prepare(&self) -> Result<Option<Stop>, WatchError> {
        if !self.watch {
            return Ok(None);
        }
        let address = self.listen;
        TcpListener::bind(address).map_err(|source| WatchError::Listen { address, source })?;
        Stop::on_any_signal().map(Some).map_err(WatchError::Signals)
    }
}

impl Watch {
    /// Serves what is on `stage`. With `keep`, the index stays there.
    pub(crate) fn start(
        args: &WatchArgs,
        stage: &Stage,
        keep: Option<&Path>,
        stop: Stop,
    ) -> Result<Self, WatchError> {
        let (path, files) = place(keep)?;
        let chain = stage.chain();
        let index = Index::open(&path, stage.deployment(), index::Config::default())?;
        let now = clock(Arc::clone(&chain));
        let gateway = Gateway::start(index, &path, chain, config(args, stage.colluders()), now)?;
        let pacing = if args.step { Pacing::by_lines() } else { Pacing::every(args.pace) };
        Ok(Self { gateway, pacing, stop, _files: files })
    }

    /// Says where to look.
    pub(crate) fn greet(&self) -> Result<(), WatchError> {
        let enter = match self.pacing {
            Pacing::Lines(_) => "Enter plays an epoch, Ctrl-C ends all\n",
            Pacing::Every(..) => "Ctrl-C ends all\n",
        };
        let greeting = format!("watch: http://{}/\n{enter}", self.gateway.address());
        exit::print(&greeting).map_err(WatchError::Unwritable)
    }

    /// Waits until the next epoch is due, and returns true; or until Ctrl-C, and returns false.
    pub(crate) fn wait(&mut self) -> Result<bool, WatchError> {
        let goes_on = self.pacing.wait(&self.stop);
        self.gateway.gave_up().map_or(Ok(goes_on), |error| Err(error.into()))
    }

    /// Lines that a terminal showed of what was waited for.
    pub(crate) fn echoed_rows(&self) -> usize {
        usize::from(matches!(self.pacing, Pacing::Lines(_)))
    }

    /// Serves on until Ctrl-C.
    pub(crate) fn linger(self) -> Result<(), WatchError> {
        if self.stop.is_asked() {
            return Ok(());
        }
        let farewell = format!(
            "\nthe story is over, and its chain's clock stands; http://{}/ answers until Ctrl-C\n",
            self.gateway.address()
        );
        exit::print(&farewell).map_err(WatchError::Unwritable)?;
        self.stop.wait(Duration::MAX);
        Ok(())
    }
}

fn place(keep: Option<&Path>) -> Result<(PathBuf, Option<TempDir>), WatchError> {
    if let Some(directory) = keep {
        return Ok((directory.join(INDEX), None));
    }
    let files = TempDir::with_prefix("multee-demo-").map_err(WatchError::Files)?;
    Ok((files.path().join(INDEX), Some(files)))
}

fn config(args: &WatchArgs, labels: BTreeMap<B256, String>) -> Config {
    let defaults = Config::new(args.listen);
    Config {
        poll_every: POLL_EVERY,
        // The chain's clock leaps an epoch at a time, and the gateway sees it a moment later.
        head_age_s_max: EPOCH_S.into(),
        name: "multee demo".to_owned(),
        simulated: Some(format!("{SIMULATED}; {CLOCK}")),
        labels,
        // Programs of this machine need no bounds.
        rate: defaults.rate.filter(|_| !args.listen.ip().is_loopback()),
        ..defaults
    }
}

/// The chain's own clock: the story's time has nothing to do with the host's. Of a chain that does not tell, all is old.
fn clock(chain: Arc<dyn Chain>) -> Now {
    Arc::new(move || chain.head().map_or(u64::MAX, |head| head.timestamp_s))
}
