//! The command line of `multee trust`.

use std::path::PathBuf;

use alloy_primitives::B256;
use clap::{Args, Subcommand, value_parser};

use super::connect::ContractArgs;
use crate::verify::Moment;

/// Ask whether a device is trusted now
#[derive(Args, Debug)]
pub(crate) struct TrustArgs {
    #[command(subcommand)]
    pub(crate) command: TrustCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum TrustCommand {
    Check(CheckArgs),
    VerifyToken(TokenArgs),
}

/// Ask the contract, or a gateway, whether a device is trusted now, and why
///
/// Exit code 0: trusted. 3: not trusted; stdout says why. 4: unknown, or what is known is too old to say. 5: no chain
/// answers, or no gateway. A gateway is believed; the contract needs not be.
#[derive(Args, Debug)]
pub(crate) struct CheckArgs {
    /// The device's id, 0x and 64 hex digits
    #[arg(value_name = "ID")]
    pub(crate) device_id: B256,
    /// The least score, in basis points; 0 to 10000
    #[arg(long, value_name = "BPS", default_value_t = 0, value_parser = value_parser!(u16).range(0..=10_000))]
    pub(crate) min_score: u16,
    /// How many epochs old its newest good block may be
    #[arg(long = "max-age", value_name = "EPOCHS", default_value_t = multee_gateway::trust::AGE_EPOCHS_DEFAULT)]
    pub(crate) max_age_epochs: u32,
    #[command(flatten)]
    pub(crate) chain: ContractArgs,
    /// Ask this gateway instead of a chain: the URL before /v1
    #[arg(long, value_name = "URL", conflicts_with_all = ["endpoints", "contract", "chain_id"])]
    pub(crate) gateway: Option<String>,
    /// How old the chain's newest block may be, in seconds
    #[arg(long, value_name = "S", default_value_t = 120, conflicts_with = "gateway")]
    pub(crate) head_age_max: u64,
    /// Judge as of this time, Unix seconds or RFC 3339 [default: now]
    #[arg(long, value_name = "TIME", conflicts_with = "gateway")]
    pub(crate) now: Option<Moment>,
    /// Print one JSON document instead of text
    #[arg(long)]
    pub(crate) json: bool,
}

/// Check a gateway's token about a device (`/v1/devices/{id}/ear`), and say what it claims; nobody is asked
///
/// Exit code 0: the key signed it, it has not expired, it answers what is asked here, and it affirms. 3: it does not
/// affirm; stdout says why. 4: it makes no claim, or has expired. 1: it is no token of this key, or answers another
/// question.
#[derive(Args, Debug)]
pub(crate) struct TokenArgs {
    /// The device's id, 0x and 64 hex digits
    #[arg(value_name = "ID")]
    pub(crate) device_id: B256,
    /// The token
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// The gateway's public key, a JWK: from somebody whom you trust, or from its /v1/ear/key
    #[arg(long, value_name = "FILE")]
    pub(crate) key: PathBuf,
    /// The least score, in basis points; 0 to 10000
    #[arg(long, value_name = "BPS", default_value_t = 0, value_parser = value_parser!(u16).range(0..=10_000))]
    pub(crate) min_score: u16,
    /// How many epochs old its newest good block may be
    #[arg(long = "max-age", value_name = "EPOCHS", default_value_t = multee_gateway::trust::AGE_EPOCHS_DEFAULT)]
    pub(crate) max_age_epochs: u32,
    /// The nonce that the token was asked for with
    #[arg(long, value_name = "TEXT")]
    pub(crate) nonce: Option<String>,
    /// Judge as of this time, Unix seconds or RFC 3339 [default: now]
    #[arg(long, value_name = "TIME")]
    pub(crate) now: Option<Moment>,
    /// Print the claims as one JSON document instead of text
    #[arg(long)]
    pub(crate) json: bool,
}
