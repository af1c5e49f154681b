//! A gateway for those who ask it from outside.

use std::io::Write as _;

use crate::served::{config, served};
use crate::story::played;

/// Tells its address and serves until stdin ends.
#[test]
#[ignore = "cargo xtask schemathesis asks it"]
fn it_serves_until_stdin_ends() {
    let dir = tempfile::tempdir().expect("a directory");
    let served = served(dir.path(), played(), config());
    println!("\nhttp://{}", served.gateway.address());
    std::io::stdout().flush().expect("written");
    std::io::copy(&mut std::io::stdin(), &mut std::io::sink()).expect("read");
}
