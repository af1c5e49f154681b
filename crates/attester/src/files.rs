//! What attesters ask of the file system, and no more. Tests put a stand-in of the kernel in its place.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use multee_protocol::REPORT_DATA_BYTES;

use crate::error::{AttesterError, Fault, Owner};

/// Files as the operating system has them.
pub(crate) trait Files: Send + Sync {
    fn create_dir(&self, path: &Path) -> io::Result<()>;
    fn remove_dir(&self, path: &Path) -> io::Result<()>;
    fn open(&self, path: &Path) -> io::Result<Box<dyn Read>>;
    /// Of a file that exists. What is written may take effect only when it is closed.
    fn open_to_write(&self, path: &Path) -> io::Result<Box<dyn Write>>;
    fn owner(&self, path: &Path) -> Option<Owner>;
}

/// The machine's own.
pub(crate) struct HostFiles;

impl Files for HostFiles {
    fn create_dir(&self, path: &Path) -> io::Result<()> {
        fs::create_dir(path)
    }

    fn remove_dir(&self, path: &Path) -> io::Result<()> {
        fs::remove_dir(path)
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn Read>> {
        Ok(Box::new(File::open(path)?))
    }

    fn open_to_write(&self, path: &Path) -> io::Result<Box<dyn Write>> {
        Ok(Box::new(OpenOptions::new().write(true).open(path)?))
    }

    fn owner(&self, path: &Path) -> Option<Owner> {
        let metadata = fs::metadata(path).ok()?;
        Some(Owner { uid: metadata.uid(), gid: metadata.gid(), mode: metadata.mode() & 0o7777 })
    }
}

/// The whole content of a file, in as many reads as it takes.
///
/// # Errors
/// When there are more than `bytes_max`, or as the operating system has it.
pub(crate) fn read(files: &dyn Files, path: &Path, bytes_max: usize) -> Result<Vec<u8>, AttesterError> {
    let mut content = Vec::new();
    let file = files.open(path).map_err(|error| explain(files, path, error))?;
    // One byte more tells whether there is more.
    let read = file.take(bytes_max as u64 + 1).read_to_end(&mut content);
    match read.map_err(|error| explain(files, path, error))? {
        len if len > bytes_max => Err(Fault::TooLarge { bytes_max }.of(path)),
        _ => Ok(content),
    }
}

/// A line of text without the white space and zeros around it.
///
/// # Errors
/// As [`read`], or when it is no text.
pub(crate) fn read_line(files: &dyn Files, path: &Path) -> Result<String, AttesterError> {
    const LINE_BYTES_MAX: usize = 256;
    let content = read(files, path, LINE_BYTES_MAX)?;
    let line = String::from_utf8(content).map_err(|_| Fault::Unexpected("answer is no text").of(path))?;
    Ok(line.trim_matches(|c: char| c.is_whitespace() || c == '\0').to_owned())
}

/// Writes and closes.
///
/// # Errors
/// As the operating system has it.
pub(crate) fn write(files: &dyn Files, path: &Path, content: &[u8]) -> Result<(), AttesterError> {
    let written = files.open_to_write(path).and_then(|mut file| file.write_all(content));
    written.map_err(|error| explain(files, path, error))
}

/// The error as a fault of this file.
pub(crate) fn explain(files: &dyn Files, path: &Path, error: io::Error) -> AttesterError {
    name_owner(files, path, error.into())
}

/// The fault of this file, with its owner if it is one of permission.
pub(crate) fn name_owner(files: &dyn Files, path: &Path, fault: Fault) -> AttesterError {
    match fault {
        Fault::Permission(None) => Fault::Permission(files.owner(path)),
        other => other,
    }
    .of(path)
}

/// The evidence if it is about this report data: every format carries it as it is. An interface that mixed up two
/// callers is found out here, and not by verifiers.
///
/// # Errors
/// When it is about something else.
pub(crate) fn about(report_data: &[u8; REPORT_DATA_BYTES], evidence: Vec<u8>) -> Result<Vec<u8>, Fault> {
    if evidence.windows(REPORT_DATA_BYTES).any(|window| window == report_data) {
        Ok(evidence)
    } else {
        Err(Fault::Unexpected("quote is about other report data"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives its content a few bytes at a time, and is interrupted before each.
    struct Halting(Vec<u8>, bool);

    impl Read for Halting {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.1 = !self.1;
            if self.1 {
                return Err(io::ErrorKind::Interrupted.into());
            }
            let len = self.0.len().min(buffer.len()).min(7);
            buffer[..len].copy_from_slice(&self.0[..len]);
            self.0.drain(..len);
            Ok(len)
        }
    }

    struct One(fn() -> io::Result<Box<dyn Read>>);

    impl Files for One {
        fn create_dir(&self, _: &Path) -> io::Result<()> {
            unreachable!("reads only")
        }
        fn remove_dir(&self, _: &Path) -> io::Result<()> {
            unreachable!("reads only")
        }
        fn open(&self, _: &Path) -> io::Result<Box<dyn Read>> {
            (self.0)()
        }
        fn open_to_write(&self, _: &Path) -> io::Result<Box<dyn Write>> {
            unreachable!("reads only")
        }
        fn owner(&self, _: &Path) -> Option<Owner> {
            Some(Owner { uid: 0, gid: 0, mode: 0o400 })
        }
    }

    #[test]
    fn short_and_interrupted_reads_are_put_together() {
        let files = One(|| Ok(Box::new(Halting(vec![5; 1000], false))));
        assert_eq!(read(&files, Path::new("/x"), 1000).expect("reads"), vec![5; 1000]);
        let error = read(&files, Path::new("/x"), 999).expect_err("too large");
        assert!(matches!(error.fault, Fault::TooLarge { bytes_max: 999 }), "{error}");
    }

    #[test]
    fn endless_files_are_not_read_to_their_end() {
        let error = read(&HostFiles, Path::new("/dev/zero"), 4096).expect_err("endless");
        assert!(matches!(error.fault, Fault::TooLarge { bytes_max: 4096 }), "{error}");
    }

    #[test]
    fn who_may_read_is_told_to_who_may_not() {
        let files = One(|| Err(io::ErrorKind::PermissionDenied.into()));
        let error = read(&files, Path::new("/x"), 1).expect_err("denied");
        assert!(matches!(error.fault, Fault::Permission(Some(Owner { mode: 0o400, .. }))), "{error}");
    }

    #[test]
    fn lines_lose_what_surrounds_them() {
        let files = One(|| Ok(Box::new(&b" tdx_guest\n\0"[..])));
        assert_eq!(read_line(&files, Path::new("/x")).expect("reads"), "tdx_guest");
        let files = One(|| Ok(Box::new(&[0xFF, 0xFE][..])));
        assert!(read_line(&files, Path::new("/x")).is_err());
    }

    #[test]
    fn the_machines_own_files_are_written_read_and_owned() {
        let directory = tempfile::tempdir().expect("directory");
        let path = directory.path().join("file");
        let error = write(&HostFiles, &path, b"new").expect_err("no file is made");
        assert!(matches!(error.fault, Fault::Missing), "{error}");
        fs::write(&path, "old content").expect("written");
        write(&HostFiles, &path, b"new").expect("written");
        assert_eq!(read(&HostFiles, &path, 100).expect("reads"), b"new content");
        assert!(HostFiles.owner(&path).is_some_and(|owner| owner.mode & 0o200 != 0));
    }
}
