//! The node's configuration: flags over environment over file over defaults, each value with where it is from.
//!
//! [`SETTINGS`] is the one list of what can be set. [`Values::gather`] puts the layers over each other, and
//! [`NodeConfig::read`] makes types of them: it tells all that is wrong at once, each fault with its key and origin.
//! Relative paths in a file are relative to the file.

mod node;
mod read;
mod setting;
mod show;
mod values;

pub use node::{
    ApplicationConfig, CollateralConfig, ConfirmConfig, KeyConfig, LogConfig, LogFormat, NodeConfig,
    OperatorConfig, RpcConfig, SeatConfig,
};
pub use read::{ConfigFaults, Fault};
pub use setting::{Kind, SETTINGS, Setting};
pub use show::{Shown, shown};
pub use values::{ConfigError, Origin, Values};
