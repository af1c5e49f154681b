//! Audits of small networks that do everything a network can, one call a transaction and several.

mod audits;
mod batch;
mod cut;
mod stage;
