//! `multee demo`: a network of devices on one machine, and the troubles it stands.
//!
//! Everything is real but the hardware and the time: quotes in Intel's formats, verified by each peer's Confirmation
//! Application; the contract's bytecode in an EVM; scores as the contract keeps them. The hardware vendor is
//! SIMULATED, the chain's clock is set, and power is declared. What befalls the devices is the story's; what their
//! peers find and what the contract makes of it is not. With `--watch` a gateway serves what is seen of it.

mod cast;
mod chronicle;
mod counting;
mod machine;
mod pacing;
mod report;
mod stage;
mod vendor;
mod watch;

use std::io::{IsTerminal, Write};
use std::time::Instant;

use multee_chain::{ChainError, InvalidKey, ReadError};
use multee_confirmation::ConfirmError;
use multee_evidence::{PolicyError, VerifierError};
use multee_founding::FoundingError;
use multee_mock_vendor::VendorError;
use multee_node::{ControllerError, LedgerError};

use crate::args::DemoArgs;
use crate::exit::Exit;
use report::{Report, SIMULATED, Spread, Totals};
use stage::Stage;
use watch::{Watch, WatchError};

pub(crate) use watch::WatchArgs;

/// Why the story broke off.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub(crate) enum DemoError {
    /// The directory already holds a story.
    #[error("{0} already holds a chain")]
    Kept(String),
    /// Files could not be written.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// The report could not be written.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    /// The chain gave no answer.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// A view gave none.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// An account's key is none.
    #[error(transparent)]
    Key(#[from] InvalidKey),
    /// The network could not be founded.
    #[error(transparent)]
    Founding(#[from] FoundingError),
    /// A controller gave up.
    #[error(transparent)]
    Controller(#[from] ControllerError),
    /// A ledger could not follow.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// A machine did not boot.
    #[error(transparent)]
    Confirm(#[from] ConfirmError),
    /// The simulated vendor could not make something.
    #[error(transparent)]
    Vendor(#[from] VendorError),
    /// The story's policy is wrong.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// No verifier could be made.
    #[error(transparent)]
    Verifier(#[from] VerifierError),
    /// It cannot be watched.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Watch(#[from] WatchError),
}

/// Plays the story and shows it.
pub(crate) fn run(args: &DemoArgs) -> Result<Exit, DemoError> {
    if let Some(directory) = &args.keep {
        std::fs::create_dir_all(directory)?;
        if directory.join("chain.sqlite").exists() {
            return Err(DemoError::Kept(directory.display().to_string()));
        }
    }
    let started = Instant::now();
    let stop = args.watch.prepare()?;
    let mut stage = Stage::set(args.devices, args.epochs, args.seed, args.keep.as_deref())?;
    let watch = |stop| Watch::start(&args.watch, &stage, args.keep.as_deref(), stop);
    let mut watch = stop.map(watch).transpose()?;
    let mut screen = Screen::new(args.json, args.watch.watch);
    watch.as_ref().map_or(Ok(()), Watch::greet)?;
    screen.open()?;
    let epochs = play(&mut stage, args.epochs, watch.as_mut(), &mut screen)?;
    let report = report(&stage, args.seed, epochs, started)?;
    if let Some(directory) = &args.keep {
        std::fs::write(directory.join("story.json"), serde_json::to_vec_pretty(&report)?)?;
    }
    screen.close(&report)?;
    watch.map_or(Ok(()), Watch::linger)?;
    Ok(Exit::Ok)
}

/// Plays so many epochs, or fewer if nobody wants to watch on. Returns how many.
fn play(
    stage: &mut Stage,
    epochs: u32,
    mut watch: Option<&mut Watch>,
    screen: &mut Screen,
) -> Result<u32, DemoError> {
    for epoch in 0..epochs {
        if let Some(watch) = &mut watch {
            if !watch.wait()? {
                return Ok(epoch);
            }
            screen.rows += watch.echoed_rows();
        }
        stage.play(epoch)?;
        screen.show(stage, epoch)?;
    }
    Ok(epochs)
}

fn report(stage: &Stage, seed: u64, epochs: u32, started: Instant) -> Result<Report, DemoError> {
    let chronicle = stage.chronicle();
    Ok(Report {
        evidence: SIMULATED,
        seed,
        devices: stage.devices()?,
        events: chronicle.events.clone(),
        totals: Totals {
            epochs,
            transactions: stage.transactions(),
            quotes_verified: stage.quotes_verified(),
            decided_honest: chronicle.decided_honest,
            decided_malicious: chronicle.decided_malicious,
            publication_gas: Spread::of(chronicle.publication_gas.clone()),
            wall_s: started.elapsed().as_secs_f64(),
        },
    })
}

/// Where the story is shown: a table that is redrawn on a terminal, lines elsewhere, nothing before the end as JSON.
struct Screen {
    json: bool,
    watched: bool,
    terminal: bool,
    rows: usize,
    told: usize,
}

impl Screen {
    fn new(json: bool, watched: bool) -> Self {
        Self { json, watched, terminal: std::io::stdout().is_terminal(), rows: 0, told: 0 }
    }

    fn open(&self) -> std::io::Result<()> {
        if self.json { Ok(()) } else { writeln!(std::io::stdout(), "{SIMULATED}\n") }
    }

    fn show(&mut self, stage: &Stage, epoch: u32) -> Result<(), DemoError> {
        if self.json {
            return Ok(());
        }
        let mut out = std::io::stdout().lock();
        if self.terminal {
            let text = format!("epoch {epoch}\n{}", report::table(&stage.devices()?, width()));
            if self.rows > 0 {
                // Up to the table's first line, and clear from there.
                write!(out, "\x1b[{}A\x1b[J", self.rows)?;
            }
            self.rows = text.lines().count();
            write!(out, "{text}")?;
        } else {
            let events = &stage.chronicle().events;
            for event in events.iter().skip(self.told) {
                writeln!(out, "epoch {:>2}  device {:>2}  {}", event.epoch, event.device, event.what)?;
            }
            self.told = events.len();
            if self.watched {
                // What the page has read of the chain can be held against it.
                writeln!(out, "epoch {epoch:>2}  played up to block {}", stage.chain().head()?.number)?;
            }
        }
        Ok(out.flush()?)
    }

    fn close(&self, report: &Report) -> Result<(), DemoError> {
        let mut out = std::io::stdout().lock();
        if self.json {
            serde_json::to_writer_pretty(&mut out, report)?;
            return Ok(writeln!(out)?);
        }
        if !self.terminal {
            writeln!(out)?;
            write!(out, "{}", report::table(&report.devices, width()))?;
        }
        Ok(write!(out, "\n{}", report::summary(report))?)
    }
}

/// Columns of the terminal, as the shell says; 120 where nobody says.
fn width() -> usize {
    std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok()).unwrap_or(120).max(60)
}
