//! Two builds of one program: whether they are the same, and if not, where they begin to differ.
//!
//! Source: System V ABI, "Object Files", for 64 bits and little-endian. What does not parse has no sections.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use crate::error::ChoreError;

const MAGIC: &[u8] = b"\x7fELF\x02\x01";
/// In the file's header: where section headers begin, how long and how many they are, and which has the names.
const TABLE_AT: usize = 0x28;
const ENTRY_BYTES_AT: usize = 0x3A;
const ENTRIES_AT: usize = 0x3C;
const NAMES_AT: usize = 0x3E;
/// Sections that take no room in the file.
const NOBITS: u64 = 8;

/// A section that lies in the file.
#[derive(Debug, PartialEq, Eq)]
struct Section<'a> {
    name: String,
    bytes: &'a [u8],
}

/// The SHA-256 of both, in hex.
///
/// # Errors
/// With the first section that is not the same in both, and both hashes.
pub(crate) fn same(first: &[u8], second: &[u8]) -> Result<String, ChoreError> {
    let [first_hash, second_hash] = [first, second].map(sha256);
    if first == second {
        return Ok(first_hash);
    }
    Err(ChoreError::NotReproduced { section: first_difference(first, second), first_hash, second_hash })
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The name of the first section that differs, or what else does.
fn first_difference(first: &[u8], second: &[u8]) -> String {
    let (Some(first), Some(second)) = (sections(first), sections(second)) else {
        return "(not ELF)".to_owned();
    };
    if first.len() != second.len() {
        return "(number of sections)".to_owned();
    }
    let differing = first.into_iter().zip(second).find(|(first, second)| first != second);
    differing.map_or("(headers)".to_owned(), |(first, _)| first.name)
}

fn sections(file: &[u8]) -> Option<Vec<Section<'_>>> {
    if !file.starts_with(MAGIC) {
        return None;
    }
    let table = usize::try_from(number(file, TABLE_AT, 8)?).ok()?;
    let [entry_bytes, entries, names] = [ENTRY_BYTES_AT, ENTRIES_AT, NAMES_AT].map(|at| number(file, at, 2));
    let entry_bytes = usize::try_from(entry_bytes?).ok()?;
    let header = |index: u64| {
        let at = table.checked_add(usize::try_from(index).ok()?.checked_mul(entry_bytes)?)?;
        file.get(at..at.checked_add(entry_bytes)?)
    };
    let names = content(file, header(names?)?)?;
    (0..entries?).map(|index| section(file, header(index)?, names)).collect()
}

fn section<'a>(file: &'a [u8], header: &[u8], names: &[u8]) -> Option<Section<'a>> {
    let name = names.get(usize::try_from(number(header, 0, 4)?).ok()?..)?;
    let name = name.split(|byte| *byte == 0).next()?;
    Some(Section { name: String::from_utf8_lossy(name).into_owned(), bytes: content(file, header)? })
}

fn content<'a>(file: &'a [u8], header: &[u8]) -> Option<&'a [u8]> {
    if number(header, 4, 4)? == NOBITS {
        return Some(&[]);
    }
    let (at, len) = (number(header, 0x18, 8)?, number(header, 0x20, 8)?);
    file.get(usize::try_from(at).ok()?..)?.get(..usize::try_from(len).ok()?)
}

/// A little-endian number of up to eight bytes.
fn number(bytes: &[u8], at: usize, len: usize) -> Option<u64> {
    let bytes = bytes.get(at..at.checked_add(len)?)?;
    Some(bytes.iter().rev().fold(0, |sum, byte| sum << 8 | u64::from(*byte)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// This very program.
    fn program() -> Vec<u8> {
        std::fs::read(std::env::current_exe().expect("known")).expect("read")
    }

    fn named(error: &ChoreError) -> &str {
        match error {
            ChoreError::NotReproduced { section, .. } => section,
            _ => panic!("{error}"),
        }
    }

    #[test]
    fn same_bytes_have_one_hash() {
        let hash = same(b"abc", b"abc").expect("same");
        assert_eq!(hash, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }

    #[test]
    fn first_section_that_differs_is_named() {
        let program = program();
        for name in [".text", ".rodata", ".comment"] {
            let sections = sections(&program).expect("ELF");
            let section = sections.iter().find(|section| section.name == name).expect(name);
            let at = section.bytes.as_ptr() as usize - program.as_ptr() as usize;
            let mut other = program.clone();
            other[at] ^= 1;
            assert_eq!(named(&same(&program, &other).expect_err("differ")), name);
        }
    }

    #[test]
    fn what_is_no_program_differs_without_sections() {
        assert_eq!(named(&same(b"abc", b"abd").expect_err("differ")), "(not ELF)");
        let program = program();
        for len in [4, 16, 64, program.len() / 2] {
            assert_eq!(named(&same(&program, &program[..len]).expect_err("differ")), "(not ELF)", "{len}");
        }
        let mut other = program.clone();
        other[8] ^= 1;
        assert_eq!(named(&same(&program, &other).expect_err("differ")), "(headers)");
    }
}
