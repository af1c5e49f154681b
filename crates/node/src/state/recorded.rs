//! What a controller records of its applications.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;

use alloy_primitives::{Address, B256};
use multee_protocol::Epoch;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::entry::number;
use super::error::Fault;

/// An application that was booted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Application {
    /// Its key's address.
    pub incarnation: Address,
    /// The measurement of the image it was booted from.
    pub measurement: B256,
    /// Where it listens; `None` if it is part of the controller's process.
    pub socket: Option<PathBuf>,
}

/// How often applications had to be booted, so that one that crashes is not booted in a tight loop (see
/// [`RestartLimits`](crate::RestartLimits)).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Boots {
    /// Boots since an incarnation last published.
    pub unrecovered: u32,
    /// The chain's time at the last of them, in seconds since the Unix epoch.
    pub last_boot_s: u64,
    /// The epoch of the last restart.
    pub restart_epoch: Epoch,
    /// Restarts in that epoch.
    pub restarts: u32,
}

/// All that is recorded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recorded {
    /// The application that publishes for the seat.
    pub running: Option<Application>,
    /// The one booted for a restart whose outcome is not known.
    pub restart: Option<Application>,
    /// How often there were boots.
    pub boots: Boots,
}

const RUNNING: &str = "running";
const RESTART: &str = "restart";

impl Recorded {
    pub(super) fn read(db: &Connection) -> Result<Self, Fault> {
        let (running, restart) = (application(db, RUNNING)?, application(db, RESTART)?);
        let columns = "SELECT unrecovered, last_boot_s, restart_epoch, restarts FROM boots";
        let boots = db.query_row(columns, [], boots).optional()?.unwrap_or_default();
        Ok(Self { running, restart, boots })
    }

    pub(super) fn write(&self, db: &Connection) -> Result<(), Fault> {
        db.prepare_cached("DELETE FROM applications")?.execute([])?;
        for (role, application) in [(RUNNING, &self.running), (RESTART, &self.restart)] {
            if let Some(application) = application {
                insert(db, role, application)?;
            }
        }
        let Boots { unrecovered, last_boot_s, restart_epoch, restarts } = self.boots;
        let last_boot_s = i64::try_from(last_boot_s).map_err(|_| Fault::misfit("a time above 2^63"))?;
        db.prepare_cached(
            "INSERT OR REPLACE INTO boots (only_row, unrecovered, last_boot_s, restart_epoch, restarts)
             VALUES (0, ?, ?, ?, ?)",
        )?
        .execute(params![unrecovered, last_boot_s, restart_epoch, restarts])?;
        Ok(())
    }
}

fn insert(db: &Connection, role: &str, application: &Application) -> Result<(), Fault> {
    let socket = application.socket.as_ref().map(|socket| socket.as_os_str().as_bytes());
    db.prepare_cached(
        "INSERT INTO applications (role, incarnation, measurement, socket) VALUES (?, ?, ?, ?)",
    )?
    .execute(params![
        role,
        application.incarnation.as_slice(),
        application.measurement.as_slice(),
        socket
    ])?;
    Ok(())
}

fn application(db: &Connection, role: &str) -> Result<Option<Application>, Fault> {
    let read = |row: &Row<'_>| {
        let socket: Option<Vec<u8>> = row.get(2)?;
        Ok(Application {
            incarnation: Address::from(row.get::<_, [u8; 20]>(0)?),
            measurement: B256::from(row.get::<_, [u8; 32]>(1)?),
            socket: socket.map(|bytes| PathBuf::from(OsString::from_vec(bytes))),
        })
    };
    let columns = "SELECT incarnation, measurement, socket FROM applications WHERE role = ?";
    Ok(db.query_row(columns, [role], read).optional()?)
}

fn boots(row: &Row<'_>) -> rusqlite::Result<Boots> {
    Ok(Boots {
        unrecovered: row.get(0)?,
        last_boot_s: number(row, 1)?,
        restart_epoch: row.get(2)?,
        restarts: row.get(3)?,
    })
}
