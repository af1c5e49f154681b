//! `multee devnet`: a network of real processes on this machine, over a SIMULATED vendor.

mod args;
mod screen;

use std::convert::Infallible;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use miette::Diagnostic;
use multee_devnet::anvil::Anvil;
use multee_devnet::chain::{ChainKind, StartChainError};
use multee_devnet::chronicle::Chronicle;
use multee_devnet::confirm::{self, ConfirmError};
use multee_devnet::crew::Programs;
use multee_devnet::devices::Devices;
use multee_devnet::observed::ObserveError;
use multee_devnet::tether;
use multee_devnet::up::{Config, Devnet, DevnetError};
use multee_operator::Stop;

use crate::exit::Exit;
use screen::Screen;

pub(crate) use args::{DevnetArgs, DevnetChildArgs, DevnetConfirmArgs};
use args::{DevnetCommand, UpArgs};

/// How often to look what became of the network.
const LOOK_EVERY: Duration = Duration::from_millis(300);

/// Why the devnet ended.
#[derive(Debug, thiserror::Error, Diagnostic)]
pub(crate) enum DevnetCliError {
    /// It did not start, or did not go on.
    #[error(transparent)]
    #[diagnostic(code(multee::devnet), help("{}", help_for(.0)))]
    Devnet(Box<DevnetError>),
    /// It cannot be seen.
    #[error("the network cannot be watched")]
    #[diagnostic(code(multee::devnet::watching))]
    Observe(#[from] ObserveError),
    /// Somebody did not publish.
    #[error("{missing} publications are missing")]
    #[diagnostic(code(multee::devnet::missing), help("the nodes' logs are in {}", directory.display()))]
    Missing {
        /// How many.
        missing: usize,
        /// Where to look.
        directory: PathBuf,
    },
    /// Signals or output.
    #[error("this process cannot be told to end, or cannot print")]
    #[diagnostic(code(multee::devnet::system))]
    System(#[from] io::Error),
    /// A process of the devnet.
    #[error("child of the devnet cannot be started")]
    #[diagnostic(code(multee::devnet::child))]
    Child(#[source] io::Error),
    /// The application of a device.
    #[error(transparent)]
    #[diagnostic(code(multee::devnet::confirm))]
    Confirm(#[from] ConfirmError),
}

impl From<DevnetError> for DevnetCliError {
    fn from(error: DevnetError) -> Self {
        Self::Devnet(Box::new(error))
    }
}

fn help_for(error: &DevnetError) -> &'static str {
    match error {
        DevnetError::NotEmpty(_) => "name another directory with --dir, or remove that one",
        DevnetError::Chain(StartChainError::Port { .. }) => {
            "name another port with --port, 0 for any that is free"
        }
        DevnetError::Chain(_) => "anvil comes with `npm ci` in contracts/; --anvil-path says where it is",
        _ => "the logs are in the devnet's directory",
    }
}

/// Runs `multee devnet`.
pub(crate) fn run(args: &DevnetArgs) -> Result<Exit, DevnetCliError> {
    match &args.command {
        DevnetCommand::Up(args) => up(args),
    }
}

/// Runs the application of a device until it is ended.
pub(crate) fn confirm(args: &DevnetConfirmArgs) -> Result<Infallible, DevnetCliError> {
    let devices = Devices { seed: args.seed, from_s: args.from_s, until_s: args.until_s };
    Ok(confirm::run(&devices, args.device, &args.socket, &args.tether)?)
}

/// Becomes another program, as a child of a devnet.
pub(crate) fn child(args: &DevnetChildArgs) -> Result<Infallible, DevnetCliError> {
    Err(DevnetCliError::Child(tether::become_child(args.parent, &args.program, &args.arguments)))
}

fn up(args: &UpArgs) -> Result<Exit, DevnetCliError> {
    let stop = Stop::on_any_signal()?;
    let screen = Screen::new(args.json);
    screen.open()?;
    let mut devnet = Devnet::start(&config(args)?)?;
    screen.started(args, &devnet)?;
    let missing = watch(args, &stop, &screen, &mut devnet);
    devnet.end()?;
    let missing = missing?;
    screen.close(missing)?;
    if missing > 0 && args.epochs.is_some() {
        return Err(DevnetCliError::Missing { missing, directory: args.dir.clone() });
    }
    Ok(Exit::Ok)
}

/// Until it is told to stop, or so many epochs are over. Returns how many publications are missing.
fn watch(args: &UpArgs, stop: &Stop, screen: &Screen, devnet: &mut Devnet) -> Result<usize, DevnetCliError> {
    let network = devnet.founded().network.clone();
    let seats = devnet.founded().seats.iter().map(|seat| seat.0).collect();
    let mut chronicle = Chronicle::new(network.deployment().contract, seats, devnet.genesis_s());
    let mut missing = 0;
    while !stop.wait(LOOK_EVERY) {
        devnet.check()?;
        for name in devnet.ended_applications() {
            screen.application_ended(&name)?;
        }
        for report in chronicle.look(network.chain())? {
            if args.epochs.is_some_and(|epochs| report.epoch >= epochs) {
                return Ok(missing);
            }
            missing += report.missing.len();
            screen.epoch(&report)?;
        }
        if args.epochs.is_some_and(|epochs| chronicle.reported() >= epochs) {
            break;
        }
    }
    Ok(missing)
}

fn config(args: &UpArgs) -> io::Result<Config> {
    let anvil = || args.anvil_path.clone().unwrap_or_else(Anvil::usual_program);
    Ok(Config {
        directory: args.dir.clone(),
        devices: args.devices,
        seed: args.seed,
        epoch_seconds: args.epoch_seconds,
        chain: if args.anvil { ChainKind::Anvil(anvil()) } else { ChainKind::Embedded },
        port: args.port,
        gateway: (!args.no_gateway).then_some(args.listen),
        programs: Programs { multee: std::env::current_exe()? },
    })
}
