//! The project's chores. `cargo xtask test` is the gate.

fn main() {}
