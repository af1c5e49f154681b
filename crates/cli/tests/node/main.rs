//! The commands of an operator, as a user sees them.

mod config;
mod desk;
mod doctor;
mod secrets;
mod shell;
mod starting;
