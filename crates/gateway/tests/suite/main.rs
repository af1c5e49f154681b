//! A network's history indexed, and asked about.

mod api;
mod dump;
mod forking;
mod index;
mod scale;
mod story;
mod town;
mod trust;
