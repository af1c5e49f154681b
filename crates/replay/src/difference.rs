//! Two values of one type, field by field: what differs, and how each side has it.

use core::fmt::{self, Debug, Display};

/// A field that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Its name, with those of the structs around it; empty for the value as a whole.
    pub field: String,
    /// What the rules give.
    pub rules: String,
    /// What the chain says.
    pub chain: String,
}

impl Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { field, rules, chain } = self;
        let space = if field.is_empty() { "" } else { " " };
        write!(f, "{field}{space}is {rules} by the rules, {chain} on chain")
    }
}

/// The fields in which two values differ; the whole if they are of different shapes, or look alike.
///
/// It reads their `Debug` forms: for showing only, never for deciding whether they are equal.
pub(crate) fn between<T: Debug>(rules: &T, chain: &T) -> Vec<Difference> {
    let (mine, theirs) = (format!("{rules:?}"), format!("{chain:?}"));
    let (left, right) = (leaves(&mine), leaves(&theirs));
    let alike = name(&mine) == name(&theirs)
        && left.len() == right.len()
        && left.iter().zip(&right).all(|((mine, _), (theirs, _))| mine == theirs);
    let differing = left.into_iter().zip(right).filter(|_| alike).filter(|(mine, theirs)| mine.1 != theirs.1);
    let found: Vec<Difference> = differing
        .map(|((field, rules), (_, chain))| Difference {
            field,
            rules: rules.to_owned(),
            chain: chain.to_owned(),
        })
        .collect();
    if found.is_empty() {
        return vec![Difference { field: String::new(), rules: mine, chain: theirs }];
    }
    found
}

/// The name of an enum's variant or a struct: what its `Debug` form begins with.
pub(crate) fn name(shown: &str) -> &str {
    shown.split([' ', '(', '{']).next().unwrap_or(shown)
}

pub(crate) fn leaves(shown: &str) -> Vec<(String, &str)> {
    let mut found = Vec::new();
    gather("", shown, &mut found);
    found
}

fn gather<'a>(path: &str, shown: &'a str, found: &mut Vec<(String, &'a str)>) {
    let shown = shown.trim();
    if let Some(inside) = between_brackets(shown, '{', '}') {
        for part in parts(inside) {
            let (field, value) = part.split_once(": ").unwrap_or(("", part));
            gather(&joined(path, field.trim()), value, found);
        }
    } else if let Some(inside) = between_brackets(shown, '(', ')') {
        // A type around one value says nothing that the field's name does not.
        gather_numbered(path, inside, found);
    } else if let Some(inside) = between_brackets(shown, '[', ']') {
        match parts(inside).len() {
            0 | 1 => found.push((path.to_owned(), shown)),
            _ => gather_numbered(path, inside, found),
        }
    } else {
        found.push((path.to_owned(), shown));
    }
}

fn gather_numbered<'a>(path: &str, inside: &'a str, found: &mut Vec<(String, &'a str)>) {
    let all = parts(inside);
    if let [one] = all[..] {
        return gather(path, one, found);
    }
    for (number, part) in all.into_iter().enumerate() {
        gather(&joined(path, &number.to_string()), part, found);
    }
}

fn joined(path: &str, field: &str) -> String {
    if path.is_empty() { field.to_owned() } else { format!("{path}.{field}") }
}

fn between_brackets(shown: &str, open: char, close: char) -> Option<&str> {
    let inside = shown.strip_suffix(close)?;
    let (before, inside) = inside.split_once(open)?;
    before.chars().all(|c| c.is_alphanumeric() || c == '_' || c == ' ').then_some(inside)
}

/// What commas outside of brackets divide.
fn parts(inside: &str) -> Vec<&str> {
    let (mut depth, mut start, mut found) = (0_u32, 0, Vec::new());
    for (at, c) in inside.char_indices() {
        match c {
            '{' | '(' | '[' => depth += 1,
            '}' | ')' | ']' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                found.push(inside.get(start..at).unwrap_or_default().trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    found.push(inside.get(start..).unwrap_or_default().trim());
    found.retain(|part| !part.is_empty());
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Score(#[allow(dead_code, reason = "shown")] u16);

    #[derive(Debug)]
    #[allow(dead_code, reason = "shown")]
    enum Thing {
        Seat { score: Score, funds: Option<Funds>, list: Vec<u8> },
        Other { score: Score },
    }

    #[derive(Debug)]
    #[allow(dead_code, reason = "shown")]
    struct Funds {
        deposit: u128,
        paid: bool,
    }

    fn seat(score: u16, deposit: u128, list: &[u8]) -> Thing {
        let funds = Some(Funds { deposit, paid: false });
        Thing::Seat { score: Score(score), funds, list: list.to_vec() }
    }

    fn told(rules: &Thing, chain: &Thing) -> Vec<String> {
        between(rules, chain).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn only_what_differs_is_told_and_by_its_name() {
        let found = told(&seat(7000, 5, &[1, 2]), &seat(7001, 6, &[1, 2]));
        assert_eq!(
            found,
            ["score is 7000 by the rules, 7001 on chain", "funds.deposit is 5 by the rules, 6 on chain"]
        );
        assert_eq!(
            told(&seat(1, 1, &[1, 2]), &seat(1, 1, &[1, 3])),
            ["list.1 is 2 by the rules, 3 on chain"]
        );
    }

    #[test]
    fn values_of_different_shapes_are_told_as_a_whole() {
        let other = Thing::Other { score: Score(1) };
        for found in [told(&seat(1, 1, &[]), &other), told(&seat(1, 1, &[1]), &seat(1, 1, &[1, 2]))] {
            assert_eq!(found.len(), 1);
            assert!(found[0].starts_with("is ") || found[0].starts_with("list is "), "{found:?}");
        }
    }
}
