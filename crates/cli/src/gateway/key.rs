//! A gateway's key: what signs its tokens.

use std::path::Path;

use multee_gateway::ear::Key;
use multee_keystore::{create_private, read_private};

use super::args::KeyArgs;
use super::error::GatewayError;
use crate::exit::{self, Exit};

/// Bytes of a key's file: far more than there are.
const KEY_BYTES_MAX: u64 = 16 * 1024;

/// Makes a key in a file, and tells its public half.
///
/// # Errors
/// When there is no randomness, or the file is there or cannot be made.
pub(super) fn make(args: &KeyArgs) -> Result<Exit, GatewayError> {
    let made = |source| GatewayError::Key { path: args.out.clone(), source };
    let key = Key::generate().map_err(made)?;
    create_private(&args.out, key.to_pem().map_err(made)?.as_bytes())?;
    let jwk = serde_json::to_string(&key.public().to_jwk())
        .map_err(|error| GatewayError::Unwritable(error.into()))?;
    exit::print(&format!("{jwk}\n")).map_err(GatewayError::Unwritable)?;
    Ok(Exit::Ok)
}

/// The key in a file.
///
/// # Errors
/// When others can read the file, or it holds something else.
pub(super) fn load(path: &Path) -> Result<Key, GatewayError> {
    let none = |source| GatewayError::Key { path: path.to_owned(), source };
    let bytes = read_private(path, KEY_BYTES_MAX)?;
    let text = core::str::from_utf8(&bytes).unwrap_or_default();
    Key::from_pem(text).map_err(none)
}
