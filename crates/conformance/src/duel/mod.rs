//! Contract against model: random sequences of all calls, valid and not, honest and hostile, are executed by both, and
//! everything that can be seen is compared after each.
//!
//! | module | what it holds |
//! |---|---|
//! | `dice` | randomness from a seed |
//! | `setup`, `scenario` | networks, and sequences of steps as text |
//! | `script` | sequences in which things happen |
//! | `world` | both sides of one network, its keys and its clock |
//! | `choice` | what a step does, chosen by what the model shows |
//! | `request` | one call as calldata and as the model's input |
//! | `told`, `refused`, `query` | events, errors and views of the one in the words of the other |
//! | `watch` | which views must be asked again |
//! | `difference` | what differs, field by field |
//! | `bout` | one sequence on both sides |
//! | `campaign` | many of them |
//! | `shrink` | the shortest sequence that still differs |
//! | `coverage` | what has been seen |

mod bout;
mod campaign;
mod choice;
mod coverage;
mod dice;
mod difference;
mod query;
mod refused;
mod request;
mod scenario;
mod script;
mod setup;
mod shrink;
mod told;
mod watch;
mod world;

pub use bout::{Divergence, play, tell};
pub use campaign::{Verdict, run, scenarios};
pub use coverage::Coverage;
pub use scenario::Scenario;
pub use shrink::shrink;
