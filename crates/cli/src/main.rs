//! The `multee` program: parse, call, print.

fn main() {}
