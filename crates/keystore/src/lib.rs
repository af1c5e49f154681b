//! Operator keys in files: web3 keystores of version 3, as Ethereum's clients and wallets read and write them.
//!
//! | module     | what it holds                                                                       |
//! |------------|-------------------------------------------------------------------------------------|
//! | `keystore` | [`Keystore`]: create, open, and the address without a password                      |
//! | `password` | [`Password`]: from a file or the terminal, never from the command line              |
//! | `document` | the JSON of a keystore, checked and limited                                          |
//! | `kdf`      | scrypt and PBKDF2, and what they may cost                                            |
//! | `sealing`  | AES-128-CTR with a Keccak-256 MAC over the ciphertext                                |
//! | `file`     | files that only their owner can read, written whole or not at all                    |
//! | `error`    | [`KeystoreError`]                                                                    |
//!
//! Keystores are written with scrypt (N = 2¹⁸, r = 8, p = 1: what geth writes, 256 MiB for about a second), and read
//! with scrypt or PBKDF2-HMAC-SHA-256. The format is the [Web3 Secret Storage Definition][definition], in our own few
//! lines over `RustCrypto`: the library that there is for it sets no limits on what a file may demand.
//!
//! No secret is in an error, in `Debug` or in a log. Keys and passwords are overwritten when they are dropped; what
//! scrypt wrote while it worked is not, for its crate does not offer it.
//!
//! [definition]: https://ethereum.org/developers/docs/data-structures-and-encoding/web3-secret-storage/

mod document;
mod error;
mod file;
mod kdf;
mod keystore;
mod password;
mod sealing;

pub use error::KeystoreError;
pub use file::{create_private, read_private};
pub use keystore::Keystore;
pub use password::Password;

/// Bytes that a keystore may have; those in use have about 500.
pub const KEYSTORE_BYTES_MAX: u64 = 16 * 1024;
/// Bytes that a password may have, the line's end not counted.
pub const PASSWORD_BYTES_MAX: usize = 1024;
/// Bytes of memory that scrypt may take to open a keystore, 128·N·r: twice of what geth's take.
pub const SCRYPT_BYTES_MAX: u64 = 512 * 1024 * 1024;
/// The work N·r·p that scrypt may take to open a keystore, at about a third of a microsecond each: eight times of what
/// geth's take, some six seconds.
pub const SCRYPT_WORK_MAX: u64 = 1 << 24;
/// Rounds that PBKDF2 may take to open a keystore: forty times of what wallets write, some seconds.
pub const PBKDF2_ROUNDS_MAX: u32 = 10_000_000;
