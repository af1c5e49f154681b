//! Keystores: one key in one file, encrypted under a password.

use std::path::Path;

use alloy_primitives::Address;
use multee_chain::Sender;
use zeroize::{Zeroize as _, Zeroizing};

use crate::document::Document;
use crate::kdf::{Demand, Kdf};
use crate::sealing::{Sealed, SecretKey};
use crate::{KEYSTORE_BYTES_MAX, KeystoreError, Password, file};

/// scrypt's N as geth writes it; with r and p, 256 MiB for about a second.
const SCRYPT_N: u64 = 1 << 18;
const SCRYPT_R: u64 = 8;
const SCRYPT_P: u64 = 1;
/// How often randomness is asked for a key; that one draw is none has odds of 2⁻¹²⁸.
const DRAWS_MAX: usize = 4;

/// One account's key in a file, in the format of web3 keystores, version 3.
#[derive(Clone, Copy, Debug)]
pub struct Keystore;

impl Keystore {
    /// Opens the keystore at `path`; this takes the memory and time that its writer chose, within this room's limits.
    ///
    /// # Errors
    /// When the file cannot be read, others can use it, it is no keystore, demands too much, holds another key than it
    /// says, or the password does not open it.
    pub fn open(path: &Path, password: &Password) -> Result<Sender, KeystoreError> {
        let document = read(path)?;
        let derived = document.kdf.derive(password, &document.salt);
        let wrong = || KeystoreError::WrongPassword { path: path.to_owned() };
        let key = document.sealed.open(&derived).ok_or_else(wrong)?;
        let sender = Sender::from_key(&key).map_err(|_| KeystoreError::InvalidKey)?;
        match document.address {
            Some(told) if told != sender.address() => {
                Err(KeystoreError::AddressMismatch { path: path.to_owned(), told, found: sender.address() })
            }
            _ => Ok(sender),
        }
    }

    /// Writes a new keystore at `path`, of mode 0600, with `key` or with one drawn from the operating system, and
    /// returns its account. The file is on the disk when this returns; a file that exists is never overwritten.
    ///
    /// # Errors
    /// When there is a file at `path`, it cannot be written, `key` is none, or there is no randomness.
    pub fn create(path: &Path, key: Option<[u8; 32]>, password: &Password) -> Result<Address, KeystoreError> {
        file::refuse_existing(path)?;
        let key = match key {
            Some(mut bytes) => {
                let key = Zeroizing::new(bytes);
                bytes.zeroize();
                key
            }
            None => draw_key()?,
        };
        let address = Sender::from_key(&key).map_err(|_| KeystoreError::InvalidKey)?.address();
        let text = encrypt(&key, address, password, path)?;
        file::create_private(path, text.as_bytes())?;
        Ok(address)
    }

    /// Writes a new keystore, as [`Keystore::create`] does, with a key that somebody has as a line of 64 hexadecimal
    /// digits, with or without `0x`. It is read as passwords are, from a file or the terminal.
    ///
    /// # Errors
    /// As [`Keystore::create`], and when the line is no key.
    pub fn import(path: &Path, line: &Password, password: &Password) -> Result<Address, KeystoreError> {
        let digits = line.as_bytes().strip_prefix(b"0x").unwrap_or(line.as_bytes());
        let mut key = Zeroizing::new([0; 32]);
        hex::decode_to_slice(digits, &mut *key).map_err(|_| KeystoreError::InvalidKey)?;
        Self::create(path, Some(*key), password)
    }

    /// Whose key the file says it holds. Only [`Keystore::open`] finds out whether that is so.
    ///
    /// # Errors
    /// As [`Keystore::open`], and when the file does not say.
    pub fn address(path: &Path) -> Result<Address, KeystoreError> {
        read(path)?.address.ok_or_else(|| KeystoreError::NoAddress { path: path.to_owned() })
    }
}

fn read(path: &Path) -> Result<Document, KeystoreError> {
    let bytes = file::read_private(path, KEYSTORE_BYTES_MAX)?;
    Document::parse(&bytes).map_err(|demand| match demand {
        Demand::Malformed(what) => KeystoreError::NotAKeystore { path: path.to_owned(), what },
        Demand::TooCostly(what) => KeystoreError::TooCostly { path: path.to_owned(), what },
    })
}

fn encrypt(
    key: &SecretKey,
    address: Address,
    password: &Password,
    path: &Path,
) -> Result<String, KeystoreError> {
    let unfit = |what| KeystoreError::NotAKeystore { path: path.to_owned(), what };
    let kdf = Kdf::scrypt(SCRYPT_N, SCRYPT_R, SCRYPT_P)
        .map_err(|(Demand::Malformed(what) | Demand::TooCostly(what))| unfit(what))?;
    let salt: [u8; 32] = random()?;
    let derived = kdf.derive(password, &salt);
    let sealed = Sealed::seal(key, &derived, random()?);
    let document = Document { address: Some(address), kdf, salt: salt.to_vec(), sealed };
    document.to_json(random()?).map_err(|_| unfit("it cannot be written as JSON"))
}

fn draw_key() -> Result<SecretKey, KeystoreError> {
    for _ in 0..DRAWS_MAX {
        let mut key = Zeroizing::new([0; 32]);
        getrandom::fill(&mut *key).map_err(KeystoreError::NoRandomness)?;
        if Sender::from_key(&key).is_ok() {
            return Ok(key);
        }
    }
    Err(KeystoreError::InvalidKey)
}

fn random<const N: usize>() -> Result<[u8; N], KeystoreError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(KeystoreError::NoRandomness)?;
    Ok(bytes)
}
