//! Passwords: from a file or the terminal, never from the command line, which every user of a machine can read.

use std::fmt;
use std::path::Path;

use zeroize::Zeroizing;

use crate::{KeystoreError, PASSWORD_BYTES_MAX, file};

/// A password: one line of UTF-8, not empty. It is shown by nothing and overwritten when it is dropped.
pub struct Password(Zeroizing<String>);

impl Password {
    /// The password in a file that only its owner can read. One line's end at the end is cut off.
    ///
    /// # Errors
    /// When the file cannot be read or others can use it, or when it does not hold a password.
    pub fn from_file(path: &Path) -> Result<Self, KeystoreError> {
        // The longest password and the longest line's end.
        let bytes = file::read_private(path, PASSWORD_BYTES_MAX as u64 + 2)?;
        let text = std::str::from_utf8(&bytes).map_err(|_| KeystoreError::NotAPassword)?;
        let line = text.strip_suffix('\n').map_or(text, |line| line.strip_suffix('\r').unwrap_or(line));
        Self::from_text(line)
    }

    /// Asks on the terminal, without showing what is typed.
    ///
    /// # Errors
    /// When there is no terminal, or what was typed is no password.
    pub fn prompt(question: &str) -> Result<Self, KeystoreError> {
        let typed = rpassword::prompt_password(question).map_err(KeystoreError::NoTerminal)?;
        Self::from_text(typed)
    }

    /// Asks twice for a password that is new: one mistyped would lock its owner out.
    ///
    /// # Errors
    /// As [`Password::prompt`], and when the two differ.
    pub fn prompt_new(question: &str) -> Result<Self, KeystoreError> {
        let first = Self::prompt(question)?;
        let second = Self::prompt("the same again: ")?;
        if first.0 == second.0 { Ok(first) } else { Err(KeystoreError::PasswordsDiffer) }
    }

    /// This text, as it is. It takes ownership of a `String`, and overwrites it in the end.
    ///
    /// # Errors
    /// When it is empty, longer than [`PASSWORD_BYTES_MAX`], or more than one line.
    pub fn from_text(text: impl Into<String>) -> Result<Self, KeystoreError> {
        let text = Zeroizing::new(text.into());
        if text.is_empty() {
            return Err(KeystoreError::EmptyPassword);
        }
        if text.len() > PASSWORD_BYTES_MAX || text.contains(['\n', '\r', '\0']) {
            return Err(KeystoreError::NotAPassword);
        }
        Ok(Self(text))
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from_file(bytes: &[u8]) -> Result<Password, KeystoreError> {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("password");
        file::create_private(&path, bytes).expect("written");
        Password::from_file(&path)
    }

    #[test]
    fn one_lines_end_is_cut_and_nothing_else() {
        for (bytes, password) in
            [("pass", "pass"), ("pass\n", "pass"), ("pass\r\n", "pass"), (" p ä ss \n", " p ä ss ")]
        {
            assert_eq!(from_file(bytes.as_bytes()).expect("a password").as_bytes(), password.as_bytes());
        }
    }

    #[test]
    fn what_is_no_password_is_refused() {
        assert!(matches!(from_file(b""), Err(KeystoreError::EmptyPassword)));
        assert!(matches!(from_file(b"\n"), Err(KeystoreError::EmptyPassword)));
        for bytes in
            [&b"two\nlines\n"[..], b"pass\n\n", b"pass\r", b"\xFF\n", &[b'x'; PASSWORD_BYTES_MAX + 1]]
        {
            assert!(matches!(from_file(bytes), Err(KeystoreError::NotAPassword)));
        }
        from_file(&[b'x'; PASSWORD_BYTES_MAX]).expect("the longest");
    }

    #[test]
    fn a_password_is_not_shown() {
        let password = Password::from_text("hunter2").expect("a password");
        assert!(!format!("{password:?}").contains("hunter2"));
    }
}
