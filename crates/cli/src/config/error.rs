//! Why there is no configuration, and how to fix it.

use std::io;

use multee_operator::config::{ConfigError, ConfigFaults};

/// Why there is no configuration.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub(crate) enum ConfigCommandError {
    #[error("the configuration cannot be read")]
    #[diagnostic(
        code(multee::config::unreadable),
        help("`multee config show --origin` lists what can be set")
    )]
    Unreadable(#[from] ConfigError),

    #[error("the configuration does not make a node:\n{0}")]
    #[diagnostic(
        code(multee::config::faults),
        help("`multee config show --origin` says what each setting is, and where it is from")
    )]
    Faults(#[from] ConfigFaults),

    #[error("the configuration cannot be written as JSON")]
    #[diagnostic(code(multee::config::json))]
    Json(#[from] serde_json::Error),

    #[error("the configuration cannot be printed")]
    #[diagnostic(code(multee::config::output), help("standard output is closed or full"))]
    Output(#[from] io::Error),
}
