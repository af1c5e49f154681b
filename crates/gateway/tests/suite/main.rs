//! A network's history indexed, and asked about.

mod api;
mod devices;
mod dump;
mod ear;
mod forking;
mod index;
mod live;
mod overview;
mod questions;
mod scale;
mod served;
mod story;
mod town;
mod trust;
mod watching;
