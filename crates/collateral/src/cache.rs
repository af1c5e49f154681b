//! What was fetched, in memory and on disk.
//!
//! A directory holds one file for each piece, named by the SHA-256 of its content, and `index.json`, which says what
//! each is for and from when until when it holds. Files are written whole: into a temporary file, to the disk, renamed.
//! So a killed process leaves the old file or the new one. What a damaged disk makes of a file does not have its name's
//! hash any more, and is dropped when the directory is opened, as is an index that cannot be read: it is all fetched
//! again. Several programs may use one directory; the worst that comes of it is that something is fetched twice.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use alloy_primitives::B256;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::piece::{Piece, Window};

/// How many versions of one thing are kept: evidence of an epoch is judged by what was issued before it began, so the
/// newest will not do for all.
const VERSIONS_MAX: usize = 8;

/// How many pieces there are at most, of whatever quotes claimed to need.
const PIECES_MAX: usize = 512;

/// Three texts of at most the largest answer each.
const FILE_BYTES_MAX: u64 = 3 * 2 * crate::http::ANSWER_BYTES_MAX;
const INDEX: &str = "index.json";
const TEMPORARY: &str = ".tmp";
const INDEX_VERSION: u32 = 1;

/// Pieces by what they are for.
#[derive(Debug, Default)]
pub(crate) struct Cache {
    directory: Option<PathBuf>,
    entries: Vec<Entry>,
}

/// A piece and what is known of it.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) line: Line,
    pub(crate) piece: Piece,
}

/// What the index says of a piece.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Line {
    pub(crate) item: String,
    pub(crate) sha256: B256,
    pub(crate) window: Window,
    pub(crate) fetched_s: u64,
    pub(crate) endpoint: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Index {
    version: u32,
    pieces: Vec<Line>,
}

impl Cache {
    /// What is in `directory`, which is made if it does not exist.
    ///
    /// # Errors
    /// When it cannot be made or listed. What is damaged in it is not an error.
    pub(crate) fn open(directory: &Path) -> io::Result<Self> {
        fs::create_dir_all(directory)?;
        let lines = read_index(&directory.join(INDEX)).unwrap_or_default();
        let entries = lines.into_iter().take(PIECES_MAX);
        let entries = entries.filter_map(|line| Some(Entry { piece: read_piece(directory, &line)?, line }));
        let cache = Self { directory: Some(directory.to_owned()), entries: entries.collect() };
        cache.sweep(directory)?;
        Ok(cache)
    }

    /// The newest version of a thing.
    pub(crate) fn newest(&self, item: &str) -> Option<&Entry> {
        self.versions(item).max_by_key(|entry| entry.line.window.issued_s)
    }

    /// The newest version that was issued by then and still holds then.
    pub(crate) fn as_of(&self, item: &str, at_s: u64) -> Option<&Entry> {
        let holds = |entry: &&Entry| {
            let window = entry.line.window;
            window.issued_s <= at_s && at_s < window.until_s
        };
        self.versions(item).filter(holds).max_by_key(|entry| entry.line.window.issued_s)
    }

    /// When any version was last fetched.
    pub(crate) fn fetched_s(&self, item: &str) -> Option<u64> {
        self.versions(item).map(|entry| entry.line.fetched_s).max()
    }

    fn versions(&self, item: &str) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(move |entry| entry.line.item == item)
    }

    /// Adds a version, and writes it down.
    ///
    /// # Errors
    /// When the disk does not take it; in memory it is there all the same.
    pub(crate) fn put(
        &mut self,
        item: &str,
        piece: Piece,
        window: Window,
        origin: &str,
        now_s: u64,
    ) -> io::Result<()> {
        let content = encode(&piece);
        let sha256 = digest(&content);
        let line =
            Line { item: item.to_owned(), sha256, window, fetched_s: now_s, endpoint: origin.to_owned() };
        self.entries.retain(|entry| entry.line.item != line.item || entry.line.sha256 != line.sha256);
        let file = file_name(&line);
        self.entries.push(Entry { line, piece });
        self.forget(item, now_s);
        let Some(directory) = &self.directory else { return Ok(()) };
        write_whole(directory, &file, &content)?;
        self.write_index(directory)
    }

    /// Lets go of what no longer holds, and of the oldest where there is too much.
    fn forget(&mut self, item: &str, now_s: u64) {
        self.entries.retain(|entry| entry.line.item != item || entry.line.window.until_s > now_s);
        while self.versions(item).count() > VERSIONS_MAX {
            let oldest = self.versions(item).map(|entry| entry.line.window.issued_s).min();
            self.remove_first(|line| line.item == item && Some(line.window.issued_s) == oldest);
        }
        while self.entries.len() > PIECES_MAX {
            let stalest = self.entries.iter().map(|entry| entry.line.fetched_s).min();
            self.remove_first(|line| Some(line.fetched_s) == stalest);
        }
    }

    fn remove_first(&mut self, is_meant: impl Fn(&Line) -> bool) {
        if let Some(place) = self.entries.iter().position(|entry| is_meant(&entry.line)) {
            self.entries.remove(place);
        }
    }

    fn write_index(&self, directory: &Path) -> io::Result<()> {
        let pieces = self.entries.iter().map(|entry| entry.line.clone()).collect();
        let index = serde_json::to_vec_pretty(&Index { version: INDEX_VERSION, pieces })?;
        write_whole(directory, INDEX, &index)?;
        self.sweep(directory)
    }

    /// Removes the files of pieces that are let go, and temporary ones that a killed process left.
    fn sweep(&self, directory: &Path) -> io::Result<()> {
        let kept: BTreeSet<String> = self.entries.iter().map(|entry| file_name(&entry.line)).collect();
        for file in fs::read_dir(directory)? {
            let file = file?;
            let name = file.file_name();
            let name = name.to_string_lossy();
            if is_ours(&name) && !kept.contains(&*name) {
                // Another program may have removed it first.
                let _ = fs::remove_file(file.path());
            }
        }
        Ok(())
    }
}

/// Whether a file looks like one that this module writes, besides the index. Nobody else's is touched.
fn is_ours(name: &str) -> bool {
    const SHA256_DIGITS: usize = 64;
    let temporary = name.strip_suffix(TEMPORARY);
    let stem = temporary.map_or(name, |rest| rest.rsplit_once('.').map_or(rest, |(stem, _)| stem));
    let is_digest = stem.len() == SHA256_DIGITS && stem.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_digest || temporary.is_some() && stem == INDEX
}

fn encode(piece: &Piece) -> Vec<u8> {
    // Three strings: there is nothing in them that cannot be written.
    serde_json::to_vec(piece).unwrap_or_default()
}

fn read_index(path: &Path) -> Option<Vec<Line>> {
    let index: Index = serde_json::from_slice(&read_bounded(path)?).ok()?;
    (index.version == INDEX_VERSION).then_some(index.pieces)
}

/// The piece if it is what was written.
fn read_piece(directory: &Path, line: &Line) -> Option<Piece> {
    let content = read_bounded(&directory.join(file_name(line)))?;
    if digest(&content) == line.sha256 { serde_json::from_slice(&content).ok() } else { None }
}

fn file_name(line: &Line) -> String {
    hex::encode(line.sha256)
}

fn digest(content: &[u8]) -> B256 {
    B256::from_slice(&Sha256::digest(content))
}

fn read_bounded(path: &Path) -> Option<Vec<u8>> {
    let mut content = Vec::new();
    File::open(path).ok()?.take(FILE_BYTES_MAX + 1).read_to_end(&mut content).ok()?;
    (content.len() as u64 <= FILE_BYTES_MAX).then_some(content)
}

/// Writes a file such that it is there in whole or not at all, whenever the machine stops.
fn write_whole(directory: &Path, name: &str, content: &[u8]) -> io::Result<()> {
    let temporary = directory.join(format!("{name}.{}{TEMPORARY}", std::process::id()));
    let mut file = File::create(&temporary)?;
    file.write_all(content)?;
    file.sync_all()?;
    fs::rename(&temporary, directory.join(name))?;
    // The new name is in the directory, which is to be on the disk, too.
    File::open(directory)?.sync_all()
}
