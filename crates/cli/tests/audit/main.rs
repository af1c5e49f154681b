//! `multee audit` as users and scripts see it: on the chains that demos keep, as they are and tampered with.

mod agreement;
mod failures;
mod kept;
mod tampering;
