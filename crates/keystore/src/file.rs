//! Files that only their owner can read, written whole or not at all.

use std::fs::{File, Metadata};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;
use zeroize::Zeroizing;

use crate::KeystoreError;

/// Permission bits of anybody but the owner.
const OTHERS: u32 = 0o077;

/// The bytes of a file with a secret in it, if only its owner can use it. The open file is asked, not its name, so that
/// nothing can change between.
///
/// # Errors
/// When it cannot be read, is longer, or others than its owner can use it.
pub fn read_private(path: &Path, bytes_max: u64) -> Result<Zeroizing<Vec<u8>>, KeystoreError> {
    // A pipe would be waited for; and what is opened is looked at again.
    if path.metadata().is_ok_and(|there| !there.is_file()) {
        let error = io::Error::new(io::ErrorKind::InvalidInput, "it is no regular file");
        return Err(KeystoreError::io("open", path)(error));
    }
    let file = File::open(path).map_err(KeystoreError::io("open", path))?;
    let metadata = file.metadata().map_err(KeystoreError::io("look at", path))?;
    refuse_exposed(path, &metadata)?;
    // Allocated once: growing would leave copies behind.
    let capacity = usize::try_from(bytes_max.saturating_add(1)).unwrap_or(usize::MAX);
    let mut bytes = Zeroizing::new(Vec::with_capacity(capacity));
    file.take(bytes_max.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(KeystoreError::io("read", path))?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > bytes_max {
        return Err(KeystoreError::TooLong { path: path.to_owned(), bytes_max });
    }
    Ok(bytes)
}

fn refuse_exposed(path: &Path, metadata: &Metadata) -> Result<(), KeystoreError> {
    let mode = metadata.mode() & 0o7777;
    let credentials = std::env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from);
    if mode & OTHERS == 0 || is_credential(path, metadata.uid(), mode, credentials.as_deref()) {
        return Ok(());
    }
    Err(KeystoreError::Exposed { path: path.to_owned(), mode })
}

/// What systemd hands a service that is not root's (`LoadCredential=`): root's file in a directory that nobody else
/// enters, with an access control list of which the mode shows the mask as the group's bits.
fn is_credential(path: &Path, owner: u32, mode: u32, credentials: Option<&Path>) -> bool {
    const ROOT: u32 = 0;
    const READ_BY_LIST: u32 = 0o440;
    credentials.is_some_and(|directory| path.parent() == Some(directory))
        && owner == ROOT
        && mode == READ_BY_LIST
}

/// Refuses a path that has a file already.
pub(crate) fn refuse_existing(path: &Path) -> Result<(), KeystoreError> {
    match path.symlink_metadata() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(KeystoreError::io("look for", path)(error)),
        Ok(_) => Err(KeystoreError::Exists { path: path.to_owned() }),
    }
}

/// Writes a new file of mode 0600. It is on the disk when this returns, and had its name not before it was whole: a
/// machine that stops in between leaves no half of a key.
///
/// # Errors
/// When there is a file already, or none can be made.
pub fn create_private(path: &Path, bytes: &[u8]) -> Result<(), KeystoreError> {
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let mut file =
        NamedTempFile::new_in(directory).map_err(KeystoreError::io("create a file in", directory))?;
    file.write_all(bytes).map_err(KeystoreError::io("write", file.path()))?;
    file.as_file().sync_all().map_err(KeystoreError::io("write", file.path()))?;
    file.persist_noclobber(path).map_err(|refused| match refused.error.kind() {
        io::ErrorKind::AlreadyExists => KeystoreError::Exists { path: path.to_owned() },
        _ => KeystoreError::io("create", path)(refused.error),
    })?;
    let directory_file = File::open(directory).map_err(KeystoreError::io("open", directory))?;
    directory_file.sync_all().map_err(KeystoreError::io("write", directory))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt as _;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).expect("there").mode() & 0o7777
    }

    #[test]
    fn a_new_file_is_its_owners_alone_and_nothing_else_is_left() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("key.json");
        create_private(&path, b"secret").expect("written");
        assert_eq!(mode(&path), 0o600);
        assert_eq!(&*read_private(&path, 6).expect("read"), b"secret");
        assert_eq!(fs::read_dir(directory.path()).expect("listed").count(), 1);
    }

    #[test]
    fn what_exists_is_never_overwritten() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("key.json");
        fs::write(&path, "the only key").expect("written");
        assert!(matches!(create_private(&path, b"new"), Err(KeystoreError::Exists { .. })));
        assert!(matches!(refuse_existing(&path), Err(KeystoreError::Exists { .. })));
        assert_eq!(fs::read(&path).expect("read"), b"the only key");
        let dangling = directory.path().join("link");
        std::os::unix::fs::symlink(directory.path().join("nowhere"), &dangling).expect("a link");
        assert!(matches!(create_private(&dangling, b"new"), Err(KeystoreError::Exists { .. })));
        assert!(matches!(refuse_existing(&dangling), Err(KeystoreError::Exists { .. })));
        assert_eq!(fs::read_dir(directory.path()).expect("listed").count(), 2);
    }

    #[test]
    fn a_file_that_others_can_use_is_refused_with_what_to_do() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("password");
        fs::write(&path, "secret").expect("written");
        for exposed in [0o644, 0o640, 0o604, 0o620, 0o602, 0o660, 0o777] {
            fs::set_permissions(&path, Permissions::from_mode(exposed)).expect("set");
            let refused = read_private(&path, 100).expect_err("refused");
            assert!(matches!(&refused, KeystoreError::Exposed { mode, .. } if *mode == exposed));
            assert!(refused.to_string().contains(&format!("chmod 600 {}", path.display())), "{refused}");
        }
        for private in [0o600, 0o400, 0o700] {
            fs::set_permissions(&path, Permissions::from_mode(private)).expect("set");
            read_private(&path, 100).expect("read");
        }
    }

    #[test]
    fn only_a_credential_of_systemds_may_have_a_list_of_who_reads_it() {
        let (directory, file) = (Path::new("/run/credentials/x"), Path::new("/run/credentials/x/password"));
        assert!(is_credential(file, 0, 0o440, Some(directory)));
        let elsewhere = Path::new("/etc/password");
        for (path, owner, mode, credentials) in [
            (elsewhere, 0, 0o440, Some(directory)),
            (file, 1000, 0o440, Some(directory)),
            (file, 0, 0o444, Some(directory)),
            (file, 0, 0o460, Some(directory)),
            (file, 0, 0o440, None),
        ] {
            assert!(!is_credential(path, owner, mode, credentials), "{path:?} {owner} {mode:o}");
        }
    }

    #[test]
    fn what_is_no_regular_file_is_not_waited_for() {
        let directory = tempfile::tempdir().expect("a directory");
        let pipe = directory.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().expect("runs").success());
        for path in [pipe.as_path(), directory.path()] {
            let refused = read_private(path, 10).expect_err("refused");
            assert!(matches!(refused, KeystoreError::Io { .. }), "{refused}");
        }
    }

    #[test]
    fn a_file_longer_than_allowed_is_refused() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("long");
        create_private(&path, &[b'x'; 11]).expect("written");
        assert!(matches!(read_private(&path, 10), Err(KeystoreError::TooLong { bytes_max: 10, .. })));
        read_private(&path, 11).expect("read");
    }
}
