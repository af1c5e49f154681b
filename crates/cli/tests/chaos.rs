//! A network of real processes that are killed again and again. `cargo xtask chaos` runs more of it.

use std::path::{Path, PathBuf};

use multee_devnet::chaos::{ChaosConfig, run};
use multee_devnet::crew::Programs;

/// Where npm puts it.
const ANVIL: &str = "../../contracts/node_modules/@foundry-rs/anvil-linux-amd64/bin/anvil";

/// A number from the environment, as `cargo xtask chaos` sets it.
fn number<N: std::str::FromStr>(name: &str, default: N) -> N {
    std::env::var(name).ok().map_or(default, |text| {
        text.parse().unwrap_or_else(|_| panic!("{name} is no number in range: {text}"))
    })
}

#[test]
fn killed_nodes_and_applications_lose_nothing_and_come_back_by_themselves() {
    let directory = tempfile::tempdir().expect("a directory");
    let config = ChaosConfig {
        directory: directory.path().to_owned(),
        programs: Programs { multee: PathBuf::from(env!("CARGO_BIN_EXE_multee")) },
        anvil: Path::new(env!("CARGO_MANIFEST_DIR")).join(ANVIL),
        devices: 5,
        epochs: number("MULTEE_CHAOS_EPOCHS", 20),
        seed: number("MULTEE_CHAOS_SEED", 1),
    };
    println!("chaos: seed {}, {} epochs", config.seed, config.epochs);
    let outcome = run(&config, &mut |line| println!("{line}"));
    let outcome = outcome.unwrap_or_else(|error| {
        // What the nodes said is worth more than the space it takes.
        let kept = directory.keep();
        panic!("seed {}: {error}\n{error:?}\nall files are in {}", config.seed, kept.display())
    });
    println!("chaos: {outcome:?}");
    assert_eq!(outcome.nodes_killed, config.epochs);
    assert_eq!(outcome.applications_killed, config.epochs / 6);
    assert_eq!(outcome.readmitted, outcome.applications_killed);
    // A seat whose key was lost waits for its last block's verdict, and then for that on its first new one.
    assert!(outcome.held_back <= 3 * outcome.applications_killed as usize, "{outcome:?}");
    assert!(outcome.acknowledged > 0 && outcome.acknowledged <= outcome.published, "{outcome:?}");
}
