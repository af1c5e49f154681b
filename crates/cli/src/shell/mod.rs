//! What shells and manuals are told of this program, made of the same command line that it parses.

use std::io;
use std::path::{Path, PathBuf};

use clap::{Args, CommandFactory};
use clap_complete::Shell;
use miette::Diagnostic;

use crate::args::Cli;
use crate::exit::{self, Exit};

/// Print completions for a shell
///
/// For bash: `multee completions bash > ~/.local/share/bash-completion/completions/multee`.
#[derive(Args, Debug)]
pub(crate) struct CompletionsArgs {
    /// The shell
    pub(crate) shell: Shell,
}

/// Write manual pages, one for each command, into a directory
#[derive(Args, Debug)]
pub(crate) struct ManArgs {
    /// The directory, such as /usr/local/share/man/man1
    #[arg(value_name = "DIR")]
    pub(crate) directory: PathBuf,
}

#[derive(Debug, thiserror::Error, Diagnostic)]
pub(crate) enum ShellError {
    #[error("completions cannot be printed")]
    #[diagnostic(code(multee::shell::output))]
    Output(#[source] io::Error),
    #[error("manual pages cannot be written to {}", directory.display())]
    #[diagnostic(code(multee::shell::man), help("give a directory that is there and that you may write to"))]
    Man { directory: PathBuf, source: io::Error },
}

pub(crate) fn completions(args: &CompletionsArgs) -> Result<Exit, ShellError> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "multee", &mut script);
    exit::print(&String::from_utf8_lossy(&script)).map_err(ShellError::Output)?;
    Ok(Exit::Ok)
}

pub(crate) fn man(args: &ManArgs) -> Result<Exit, ShellError> {
    write_pages(&args.directory)
        .map_err(|source| ShellError::Man { directory: args.directory.clone(), source })?;
    Ok(Exit::Ok)
}

fn write_pages(directory: &Path) -> io::Result<()> {
    clap_mangen::generate_to(Cli::command(), directory)
}
