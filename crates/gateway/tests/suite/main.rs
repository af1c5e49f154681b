//! A network's history indexed, and asked about.

mod dump;
mod forking;
mod index;
mod story;
mod town;
