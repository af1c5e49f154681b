//! A network's history indexed, and asked about.

mod api;
mod dump;
mod forking;
mod index;
mod story;
mod town;
mod trust;
