//! How the two sides differ, field by field.

use std::fmt::{self, Debug, Display};

/// Something that the sides tell differently.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Difference {
    /// What was compared.
    pub(crate) about: String,
    model: Vec<String>,
    contract: Vec<String>,
}

impl Difference {
    /// Of two values of one type.
    pub(crate) fn of(about: impl Into<String>, model: &impl Debug, contract: &impl Debug) -> Self {
        let lines = |text: String| text.lines().map(str::to_owned).collect();
        Self {
            about: about.into(),
            model: lines(format!("{model:#?}")),
            contract: lines(format!("{contract:#?}")),
        }
    }
}

impl Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} differs", self.about)?;
        if self.model.len() != self.contract.len() {
            writeln!(f, "  model:")?;
            self.model.iter().try_for_each(|line| writeln!(f, "    {line}"))?;
            writeln!(f, "  contract:")?;
            return self.contract.iter().try_for_each(|line| writeln!(f, "    {line}"));
        }
        // Of one shape: the lines that open what encloses a difference are told with it.
        let mut open: Vec<(usize, &str)> = Vec::new();
        let mut told = 0;
        for (model, contract) in self.model.iter().zip(&self.contract) {
            let depth = model.len() - model.trim_start().len();
            while open.last().is_some_and(|(outer, _)| *outer >= depth) {
                open.pop();
                told = told.min(open.len());
            }
            if model != contract {
                for (outer, line) in open.iter().skip(told) {
                    writeln!(f, "  {:outer$}{}", "", line.trim_start())?;
                }
                told = open.len();
                writeln!(f, "  {:depth$}model:    {}", "", model.trim_start())?;
                writeln!(f, "  {:depth$}contract: {}", "", contract.trim_start())?;
            }
            open.push((depth, model));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    #[allow(dead_code, reason = "shown")]
    struct Seat {
        score: u16,
        funds: (u8, u8),
        rest: Option<u8>,
    }

    #[test]
    fn only_what_differs_is_told_with_what_encloses_it() {
        let seat = |score, old| Seat { score, funds: (1, old), rest: None };
        let text = Difference::of("seat 1", &seat(9, 2), &seat(9, 3)).to_string();
        assert_eq!(
            text,
            "seat 1 differs\n  Seat {\n      funds: (\n          model:    2,\n          contract: 3,\n"
        );
    }

    #[test]
    fn values_of_different_shape_are_told_whole() {
        let text = Difference::of("it", &Some(1), &None::<u8>).to_string();
        assert!(text.contains("  model:\n    Some(\n        1,\n    )\n  contract:\n    None\n"), "{text}");
    }
}
