//! Why the state cannot be used, with the way out.

use std::io;
use std::path::{Path, PathBuf};

use multee_chain::StorageError;
use multee_protocol::{Deployment, SeatId};
use rusqlite::ErrorCode;

/// The controller's state cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// Another controller works with the file.
    #[error("{} is in use by another controller; a seat has one at a time", .0.display())]
    InUse(PathBuf),
    /// Others may read or write the file.
    #[error("{} can be read or written by others (mode {mode:o}); make it 600", path.display())]
    OpenToOthers {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The file holds something else.
    #[error("{} is not a controller's state; name another file", .0.display())]
    NotAState(PathBuf),
    /// The file was written by another version of this program.
    #[error("{} has schema version {found}, this program reads {supported}; run the program that wrote it", path.display())]
    SchemaVersion {
        /// The file.
        path: PathBuf,
        /// The version found.
        found: i64,
        /// The version this program reads and writes.
        supported: i64,
    },
    /// The state is of another network.
    #[error("{} is the state of contract {} on chain {}, not of {} on chain {}; name another file", path.display(), found.contract, found.chain_id, expected.contract, expected.chain_id)]
    OtherNetwork {
        /// The file.
        path: PathBuf,
        /// Whose it is.
        found: Deployment,
        /// Whose it was to be.
        expected: Deployment,
    },
    /// The state is of another seat.
    #[error("{} is the state of seat {}, not of seat {}; name another file", path.display(), found.0, expected.0)]
    OtherSeat {
        /// The file.
        path: PathBuf,
        /// Whose it is.
        found: SeatId,
        /// Whose it was to be.
        expected: SeatId,
    },
    /// The file is cut off or altered. See the [module](crate::state) for what is lost with it.
    #[error("{} is damaged ({cause}); move it away: a controller without it starts anew from the chain", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What does not fit.
        cause: String,
    },
    /// The system does not let the file be made or looked at.
    #[error("{} cannot be used", path.display())]
    System {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The database failed: most likely, the disk is full or broken.
    #[error("{} cannot be read or written", path.display())]
    Database {
        /// The file.
        path: PathBuf,
        /// What the database says.
        source: rusqlite::Error,
    },
}

/// What is wrong with what was read, before it is known in which file.
#[derive(Debug)]
pub(super) enum Fault {
    Database(rusqlite::Error),
    Misfit(String),
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(error)
    }
}

impl Fault {
    pub(super) fn misfit(what: impl Into<String>) -> Self {
        Self::Misfit(what.into())
    }

    pub(super) fn at(self, path: &Path) -> StateError {
        let path = path.to_owned();
        match self {
            Self::Misfit(cause) => StateError::Damaged { path, cause },
            Self::Database(error) => match error.sqlite_error_code() {
                Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StateError::InUse(path),
                Some(ErrorCode::NotADatabase) => StateError::NotAState(path),
                Some(ErrorCode::DatabaseCorrupt) => StateError::Damaged { path, cause: error.to_string() },
                _ if is_misfit(&error) => StateError::Damaged { path, cause: error.to_string() },
                _ => StateError::Database { path, source: error },
            },
        }
    }
}

/// What is there is not of the type or number that was written.
fn is_misfit(error: &rusqlite::Error) -> bool {
    use rusqlite::Error::{
        FromSqlConversionFailure, IntegralValueOutOfRange, InvalidColumnType, QueryReturnedNoRows,
    };
    matches!(
        error,
        FromSqlConversionFailure(..)
            | IntegralValueOutOfRange(..)
            | InvalidColumnType(..)
            | QueryReturnedNoRows
    )
}

impl From<StateError> for StorageError {
    fn from(error: StateError) -> Self {
        Self::Journal(error.to_string())
    }
}
