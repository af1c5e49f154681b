//! The Confirmation Application: the part of a node that runs inside the TEE.
//!
//! In: a [`Duty`], the assigned blocks of one epoch with their evidence, and the documents to appraise them
//! by. Out: a [`SignedBlock`], the device's own confirmation block with its verdicts, signed by a key that
//! never leaves the TEE, and a quote by which the hardware vouches for block and key; apart from it the quote's
//! certificates, which need be published only once.
//!
//! The host brings every input and carries every output, and is not trusted with any:
//!
//! - *Time, policy, reference values.* They are hashed into the challenge that the block answers. A host that
//!   gives others gets a block that the contract refuses (R4), or an abstention on the assigned block.
//! - *Evidence and certificates.* A negative mark needs bytes that hash to what the block's record holds; for bytes
//!   that are withheld or exchanged there are abstentions only. Which hash the certificates have, and whether there
//!   are any, is bound to the block like the evidence.
//! - *Collateral and roots.* They are checked on their own first, and their faults are never the device's.
//! - *Marks.* They are under the signature.
//! - *Asking twice.* One signature for one challenge; asked again, the application gives the same one.
//!
//! - *Records.* What the application cannot see is which block the contract holds in a place: a host can put another block
//!   there, even one it made up, and the mark is then true of what was shown. In the places of latest blocks it signs what
//!   it judged ([`Duty::latest_bindings`]), made of the records themselves, and the contract refuses the block if it holds
//!   others (R6). In the window such marks count against the device that gave them when the block is decided (R9,
//!   judgement).
//!
//! | module | holds |
//! |---|---|
//! | `duty` | what is asked and answered, with its limits |
//! | `messages` | the bytes that cross the boundary |
//! | `bounded` | lists that are refused while they are read |
//! | `confirm` | the boundary as a trait, and why an application refuses |
//! | `appraise` | the verdict on one assigned block |
//! | `key` | the incarnation key |
//! | `app` | the application |
//! | `remote` | the application seen from the host, through bytes |
//! | `wire` | messages on a socket |
//! | [`power`] | the benchmark (R10) |
//! | [`machine`] | the properties record, read from what the operating system says |
//!
//! This room opens no socket and no file, has no clock but the benchmark's and what limits waiting, and draws randomness only from the source
//! it is given, once.

#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::float_arithmetic
    )
)]

mod app;
mod appraise;
mod bounded;
mod confirm;
mod duty;
mod key;
pub mod machine;
mod messages;
pub mod power;
mod remote;
mod wire;

pub use app::{AppConfig, ConfirmationApp, PowerSource};
pub use appraise::{Appraiser, Objection};
pub use confirm::{Confirm, ConfirmError, Introduction, Refusal, Status};
pub use duty::{AssignedBlock, Duty, EpochContext, LimitError, ReferenceValue, SignedBlock, Verdict};
pub use key::{IncarnationKey, Signature, SigningError};
pub use messages::{MessageError, Request, Response};
pub use remote::{Exchange, Remote};
pub use wire::{Wire, WireError};
