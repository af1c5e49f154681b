//! The attack laboratory: networks of thousands of devices under attack, on the rules themselves.
//!
//! | module | what it holds |
//! |---|---|
//! | `scenario` | what is simulated, and what makes no sense |
//! | `strategy` | what the adversary's devices do, and who publishes first |
//! | `conduct` | what one device does in one epoch |
//! | `multee` | a network on `multee_protocol::machine`: R1 to R17 |
//! | `published` | a network by the published confirmation protocol, the baseline |
//! | `rows` | the published results that the baseline is held against |
//! | `measure` | what is measured of a run |
//! | `summary` | means and spread over runs, and gas |
//! | `sweep` | a scenario over ranges of its numbers |
//! | `recommend` | parameters for a network, by search |
//! | `parallel` | runs on all cores |
//! | `dice` | chance, from a seed |
//!
//! A run is fixed by scenario, seed and its number, on any machine and any number of threads. Nothing here reads a
//! clock but for the speed. Floating point is in measures only, never in rules.

mod conduct;
mod dice;
mod error;
mod measure;
mod multee;
mod parallel;
mod published;
mod recommend;
mod rows;
mod scenario;
mod strategy;
mod summary;
mod sweep;

pub use error::SimulationError;
pub use measure::{Point, Run};
pub use parallel::{Runs, simulate};
pub use recommend::{Candidate, Need, Recommendation, recommend, recommend_epochs_max};
pub use rows::{PublishedRow, RowError, published_rows};
pub use scenario::{Outage, Rules, Scenario, ScenarioError};
pub use strategy::{Evidence, Order, Strategy};
pub use summary::{Measures, PUBLICATION_GAS_MAX, Summary};
pub use sweep::{Knob, Point as SweepPoint, Range, RangeError, sweep};
