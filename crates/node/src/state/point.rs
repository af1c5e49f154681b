//! The moments around each write, by name, at which a test can kill the process.

/// A moment before or after something becomes durable. Whatever happens at one, the next controller goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PersistencePoint {
    /// An attempt is signed, and nobody has seen it.
    EntryToBeWritten,
    /// It is in the journal, and no endpoint has it.
    EntryWritten,
    /// A transaction has come to its end, and the journal does not say so yet.
    EntryToBeSettled,
    /// The journal says so; who had it sent does not know yet.
    EntrySettled,
    /// Its outcome has come back to the controller, which has not acted on it.
    OutcomeKnown,
    /// The application that is to publish for the seat is known, and not recorded.
    ApplicationToBeRecorded,
    /// It is recorded.
    ApplicationRecorded,
    /// An application is to be booted; it counts as booted from here on.
    BootToBeCounted,
    /// The boot is counted, and has not begun.
    BootCounted,
    /// An application runs that nothing knows of but the process table.
    RestartToBeRecorded,
    /// It is recorded as the one for the seat's restart, and the contract does not know it.
    RestartRecorded,
    /// The contract has the restart; the record still says that it is to be.
    RestartToBeAdopted,
    /// The record says that the new incarnation is the seat's.
    RestartAdopted,
    /// The first block of an incarnation is published, and boots before it still count.
    RecoveryToBeRecorded,
    /// They count no longer.
    RecoveryRecorded,
}

impl PersistencePoint {
    /// All of them, in the order of a life.
    pub const ALL: [Self; 15] = [
        Self::EntryToBeWritten,
        Self::EntryWritten,
        Self::EntryToBeSettled,
        Self::EntrySettled,
        Self::OutcomeKnown,
        Self::ApplicationToBeRecorded,
        Self::ApplicationRecorded,
        Self::BootToBeCounted,
        Self::BootCounted,
        Self::RestartToBeRecorded,
        Self::RestartRecorded,
        Self::RestartToBeAdopted,
        Self::RestartAdopted,
        Self::RecoveryToBeRecorded,
        Self::RecoveryRecorded,
    ];

    /// Its name, in lower case and with hyphens.
    pub fn name(self) -> &'static str {
        match self {
            Self::EntryToBeWritten => "entry-to-be-written",
            Self::EntryWritten => "entry-written",
            Self::EntryToBeSettled => "entry-to-be-settled",
            Self::EntrySettled => "entry-settled",
            Self::OutcomeKnown => "outcome-known",
            Self::ApplicationToBeRecorded => "application-to-be-recorded",
            Self::ApplicationRecorded => "application-recorded",
            Self::BootToBeCounted => "boot-to-be-counted",
            Self::BootCounted => "boot-counted",
            Self::RestartToBeRecorded => "restart-to-be-recorded",
            Self::RestartRecorded => "restart-recorded",
            Self::RestartToBeAdopted => "restart-to-be-adopted",
            Self::RestartAdopted => "restart-adopted",
            Self::RecoveryToBeRecorded => "recovery-to-be-recorded",
            Self::RecoveryRecorded => "recovery-recorded",
        }
    }

    /// The point with this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|point| point.name() == name)
    }
}

/// Told of each persistence point as it is reached; the process goes on when it returns.
pub trait AtPersistencePoint: Send + Sync {
    /// The process is at this point.
    fn reached(&self, point: PersistencePoint);
}

/// Takes no notice.
#[derive(Clone, Copy, Debug, Default)]
pub struct GoOn;

impl AtPersistencePoint for GoOn {
    fn reached(&self, _: PersistencePoint) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_point_has_a_name_of_its_own() {
        for (index, point) in PersistencePoint::ALL.into_iter().enumerate() {
            assert_eq!(PersistencePoint::named(point.name()), Some(point));
            assert_eq!(point as usize, index, "all are listed in their order");
        }
        assert_eq!(PersistencePoint::named("nowhere"), None);
    }
}
