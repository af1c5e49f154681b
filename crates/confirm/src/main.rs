//! The program `multee-confirm`: parse, run, say why not.

use std::error::Error;
use std::process::ExitCode;

use clap::Parser;
use multee_confirm::{Args, run};

fn main() -> ExitCode {
    let Err(error) = run(&Args::parse());
    eprintln!("multee-confirm: {error}");
    let mut cause = error.source();
    while let Some(error) = cause {
        eprintln!("  because: {error}");
        cause = error.source();
    }
    ExitCode::FAILURE
}
