//! The founder's journal: what was signed, in a file of lines, so that an interrupted founding sends nothing twice.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use alloy_primitives::{Address, B256, Bytes, U256};
use multee_chain::rpc::{Attempt, Entry, Fees, Journal};
use multee_chain::{Once, StorageError, Transaction};
use serde::{Deserialize, Serialize};

/// Bytes that a journal may have: three contracts and a thousand seats take two million.
const JOURNAL_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// A [`Journal`] in a file, one line for each writing. A line is on the disk before [`Journal::write`] returns; one that
/// was cut short by the end of its process was never acted on, and is cut off. One process at a time has the file.
#[derive(Debug)]
pub struct FileJournal {
    path: PathBuf,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    file: File,
    entries: BTreeMap<B256, Entry>,
}

#[derive(Deserialize, Serialize)]
struct Line {
    id: B256,
    sender: Address,
    nonce: u64,
    to: Option<Address>,
    data: Bytes,
    value: U256,
    gas_limit: u64,
    key: Option<B256>,
    attempts: Vec<LineAttempt>,
    settled: bool,
}

#[derive(Deserialize, Serialize)]
struct LineAttempt {
    hash: B256,
    raw: Bytes,
    cap_wei: u128,
    tip_wei: u128,
}

impl FileJournal {
    /// The journal at `path`, which is made if there is none.
    ///
    /// # Errors
    /// When it cannot be opened, another process has it, or it is damaged.
    pub fn open(path: &Path) -> Result<Self, StorageError> {
        let failed = |what: &str| {
            let text = format!("{} {what}", path.display());
            move |error: std::io::Error| StorageError::Journal(format!("{text}: {error}"))
        };
        let options = OpenOptions::new().read(true).append(true).create(true).to_owned();
        let mut file = options.open(path).map_err(failed("cannot be opened"))?;
        file.try_lock().map_err(|error| failed("is in use")(error.into()))?;
        let (entries, whole) = load(&file, path)?;
        file.set_len(whole).map_err(failed("cannot be written"))?;
        file.seek(SeekFrom::End(0)).map_err(failed("cannot be written"))?;
        file.sync_all().map_err(failed("cannot be written"))?;
        Ok(Self { path: path.to_owned(), inner: Mutex::new(Inner { file, entries }) })
    }

    fn with<T>(&self, act: impl FnOnce(&mut Inner) -> T) -> T {
        act(&mut self.inner.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Journal for FileJournal {
    fn find(&self, id: B256) -> Result<Option<Entry>, StorageError> {
        Ok(self.with(|inner| inner.entries.get(&id).cloned()))
    }

    fn unsettled(&self, sender: Address) -> Result<Vec<Entry>, StorageError> {
        let open = |entry: &&Entry| entry.sender == sender && !entry.settled;
        let mut found: Vec<Entry> = self.with(|inner| inner.entries.values().filter(open).cloned().collect());
        found.sort_unstable_by_key(|entry| entry.nonce);
        Ok(found)
    }

    fn write(&self, entry: &Entry) -> Result<(), StorageError> {
        let failed = |error: &dyn core::fmt::Display| {
            StorageError::Journal(format!("{} cannot be written: {error}", self.path.display()))
        };
        let mut line = serde_json::to_vec(&Line::from(entry)).map_err(|error| failed(&error))?;
        line.push(b'\n');
        self.with(|inner| {
            inner
                .file
                .write_all(&line)
                .and_then(|()| inner.file.sync_data())
                .map_err(|error| failed(&error))?;
            inner.entries.insert(entry.id, entry.clone());
            Ok(())
        })
    }
}

/// The newest entry of each id, and how many bytes are whole lines.
fn load(file: &File, path: &Path) -> Result<(BTreeMap<B256, Entry>, u64), StorageError> {
    let damaged = |what: &str| StorageError::Journal(format!("{} is damaged: {what}", path.display()));
    let mut reader = BufReader::new(file.take(JOURNAL_BYTES_MAX));
    let (mut entries, mut whole, mut line) = (BTreeMap::new(), 0_u64, Vec::new());
    loop {
        line.clear();
        let read = reader.read_until(b'\n', &mut line).map_err(|error| damaged(&error.to_string()))?;
        if line.last() != Some(&b'\n') {
            // The end, or a line that was cut short.
            return if whole.saturating_add(read as u64) < JOURNAL_BYTES_MAX {
                Ok((entries, whole))
            } else {
                Err(damaged("it is too long"))
            };
        }
        let parsed: Line = serde_json::from_slice(&line).map_err(|error| damaged(&error.to_string()))?;
        let entry = Entry::from(parsed);
        entries.insert(entry.id, entry);
        whole = whole.saturating_add(read as u64);
    }
}

impl From<&Entry> for Line {
    fn from(entry: &Entry) -> Self {
        let transaction = &entry.transaction;
        let attempt = |attempt: &Attempt| LineAttempt {
            hash: attempt.hash,
            raw: attempt.raw.clone(),
            cap_wei: attempt.fees.cap_wei,
            tip_wei: attempt.fees.tip_wei,
        };
        Self {
            id: entry.id,
            sender: entry.sender,
            nonce: entry.nonce,
            to: transaction.to,
            data: transaction.data.clone(),
            value: transaction.value,
            gas_limit: transaction.gas_limit,
            key: match transaction.once {
                Once::Nonce => None,
                Once::Key(key) => Some(key),
            },
            attempts: entry.attempts.iter().map(attempt).collect(),
            settled: entry.settled,
        }
    }
}

impl From<Line> for Entry {
    fn from(line: Line) -> Self {
        let attempt = |attempt: LineAttempt| Attempt {
            hash: attempt.hash,
            raw: attempt.raw,
            fees: Fees { cap_wei: attempt.cap_wei, tip_wei: attempt.tip_wei },
        };
        Self {
            id: line.id,
            sender: line.sender,
            nonce: line.nonce,
            transaction: Transaction {
                to: line.to,
                data: line.data,
                value: line.value,
                gas_limit: line.gas_limit,
                once: line.key.map_or(Once::Nonce, Once::Key),
            },
            attempts: line.attempts.into_iter().map(attempt).collect(),
            settled: line.settled,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn entry(nonce: u64, settled: bool) -> Entry {
        let transaction = Transaction::transfer(Address::repeat_byte(2), U256::from(u128::MAX));
        let fees = Fees { cap_wei: u128::MAX, tip_wei: 1 };
        Entry {
            id: B256::left_padding_from(&nonce.to_be_bytes()),
            sender: Address::repeat_byte(1),
            nonce,
            transaction: transaction.once(B256::repeat_byte(3)),
            attempts: vec![Attempt { hash: B256::repeat_byte(4), raw: vec![5; 3].into(), fees }],
            settled,
        }
    }

    #[test]
    fn what_was_written_is_there_after_the_process() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("journal");
        let journal = FileJournal::open(&path).expect("opened");
        for entry in [entry(300, false), entry(2, false), entry(1, true)] {
            journal.write(&entry).expect("written");
        }
        journal.write(&entry(2, true)).expect("written");
        assert!(FileJournal::open(&path).is_err(), "two have it");
        drop(journal);
        let journal = FileJournal::open(&path).expect("opened");
        assert_eq!(journal.find(entry(2, true).id).expect("reads"), Some(entry(2, true)));
        assert_eq!(journal.unsettled(Address::repeat_byte(1)).expect("reads"), [entry(300, false)]);
        assert_eq!(journal.unsettled(Address::ZERO).expect("reads"), []);
    }

    #[test]
    fn a_line_cut_short_is_cut_off_and_a_damaged_one_is_told() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("journal");
        FileJournal::open(&path).expect("opened").write(&entry(1, false)).expect("written");
        let whole = fs::read(&path).expect("read");
        fs::write(&path, [&whole[..], &whole[..whole.len() / 2]].concat()).expect("written");
        let journal = FileJournal::open(&path).expect("opened");
        journal.write(&entry(2, false)).expect("written");
        drop(journal);
        let journal = FileJournal::open(&path).expect("opened");
        assert_eq!(journal.unsettled(Address::repeat_byte(1)).expect("reads").len(), 2);
        drop(journal);
        fs::write(&path, [b"nonsense\n", &whole[..]].concat()).expect("written");
        assert!(FileJournal::open(&path).expect_err("refused").to_string().contains("damaged"));
    }
}
