//! The contract's bindings, the `Chain` trait and the embedded chain.
