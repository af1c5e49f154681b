//! What can go wrong.

use multee_protocol::machine::Rejection;

use crate::scenario::ScenarioError;

/// Why there is no result.
#[derive(Debug, thiserror::Error)]
pub enum SimulationError {
    /// The scenario makes no sense.
    #[error(transparent)]
    Scenario(#[from] ScenarioError),
    /// The machine refused a call that agents take for allowed: a defect of the simulator.
    #[error("the protocol refused {call}: {rejection}")]
    Rejected {
        /// The contract's function.
        call: &'static str,
        /// Its error.
        rejection: Box<Rejection>,
    },
}

impl SimulationError {
    pub(crate) fn new(call: &'static str, rejection: Rejection) -> Self {
        Self::Rejected { call, rejection: Box::new(rejection) }
    }
}
