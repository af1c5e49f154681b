//! The published results: averages of five runs under collusion with forged evidence, with unwinding, in random order,
//! at most 100 days.

use std::num::{ParseFloatError, ParseIntError};

use crate::scenario::{Rules, Scenario};

/// Super Protocol's white paper, chapter "TEE Confirmation Protocol", "Mathematical justification of consensus".
const ROWS: &str = include_str!("../published.csv");

/// A row of the published tables.
#[derive(Clone, Debug, PartialEq)]
pub struct PublishedRow {
    /// Where it was published.
    pub source: String,
    /// What was simulated.
    pub scenario: Scenario,
    /// Abusive devices blocked, on average.
    pub abusive_blocked: f64,
    /// Honest devices wrongly blocked, on average.
    pub honest_blocked: f64,
    /// Days until all of one camp were blocked, on average.
    pub days: f64,
}

/// Why the table cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RowError {
    /// A row has another number of columns.
    #[error("{0:?} is no row of the table")]
    Columns(String),
    /// A count is none.
    #[error(transparent)]
    Count(#[from] ParseIntError),
    /// An average is none.
    #[error(transparent)]
    Average(#[from] ParseFloatError),
}

/// All published rows, as the paper orders them.
///
/// # Errors
/// If the table, which is part of this crate, cannot be read.
pub fn published_rows() -> Result<Vec<PublishedRow>, RowError> {
    ROWS.lines().skip(1).map(row).collect()
}

fn row(line: &str) -> Result<PublishedRow, RowError> {
    let columns: Vec<&str> = line.split(',').collect();
    let [source, devices, abusive, l1, l2, k, p, abusive_blocked, honest_blocked, days] = columns[..] else {
        return Err(RowError::Columns(line.to_owned()));
    };
    let mut scenario = Scenario::new(Rules::Published, devices.parse()?, abusive.parse()?);
    scenario.parameters.latest_checks = l1.parse()?;
    scenario.parameters.suspicious_checks = l2.parse()?;
    scenario.parameters.decision_marks = k.parse()?;
    scenario.parameters.max_penalties = p.parse()?;
    Ok(PublishedRow {
        source: source.to_owned(),
        scenario,
        abusive_blocked: abusive_blocked.parse()?,
        honest_blocked: honest_blocked.parse()?,
        days: days.parse()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_names_its_source_and_can_be_simulated() {
        let rows = published_rows().expect("readable");
        assert_eq!(rows.len(), 26);
        for row in rows {
            assert!(row.source.starts_with("Super Protocol white paper; chapter TEE Confirmation Protocol"));
            assert_eq!(row.scenario.validate(), Ok(()));
        }
    }

    #[test]
    fn rows_without_their_columns_are_refused() {
        assert!(matches!(row("a,1,2"), Err(RowError::Columns(_))));
        assert!(matches!(row("a,x,2,3,4,5,6,7,8,9"), Err(RowError::Count(_))));
    }
}
