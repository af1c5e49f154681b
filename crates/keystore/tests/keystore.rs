//! Keystores as a program meets them: the definition's vectors, new ones, and hostile ones.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::PathBuf;

use multee_chain::Sender;
use multee_keystore::{Keystore, KeystoreError, Password};
use tempfile::TempDir;

/// The key and the password of the Web3 Secret Storage Definition's vectors.
const KEY: &str = "7a28b5ba57c53603b0b07b56bba752f7784bf506fa95edc395f5cf6c7514fe9d";
const PASSWORD: &str = "testpassword";

const SCRYPT: &str = include_str!("vectors/scrypt.json");
const PBKDF2: &str = include_str!("vectors/pbkdf2.json");
/// The same key and password, as Foundry's `cast wallet import` 1.7.1 wrote it.
const FOUNDRY: &str = include_str!("vectors/foundry.json");

fn written(text: &str) -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("key.json");
    fs::write(&path, text).expect("written");
    fs::set_permissions(&path, Permissions::from_mode(0o600)).expect("set");
    (directory, path)
}

fn password(text: &str) -> Password {
    Password::from_text(text).expect("a password")
}

fn definitions_key() -> [u8; 32] {
    hex::decode(KEY).expect("hex").try_into().expect("32 bytes")
}

#[test]
fn the_definitions_vectors_and_foundrys_keystore_open_to_their_key() {
    let account = Sender::from_key(&definitions_key()).expect("a key").address();
    for vector in [SCRYPT, PBKDF2, FOUNDRY] {
        let (_directory, path) = written(vector);
        let sender = Keystore::open(&path, &password(PASSWORD)).expect("opened");
        assert_eq!(sender.address(), account);
        let wrong = Keystore::open(&path, &password("testpasswore")).expect_err("refused");
        assert!(matches!(wrong, KeystoreError::WrongPassword { .. }), "{wrong}");
        assert!(matches!(Keystore::address(&path), Err(KeystoreError::NoAddress { .. })));
    }
}

#[test]
fn a_new_keystore_opens_tells_its_address_and_is_never_overwritten() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("key.json");
    let address = Keystore::create(&path, None, &password("ä pass")).expect("created");
    assert_eq!(fs::metadata(&path).expect("there").mode() & 0o7777, 0o600);
    assert_eq!(Keystore::address(&path).expect("told"), address);
    assert_eq!(Keystore::open(&path, &password("ä pass")).expect("opened").address(), address);
    let before = fs::read(&path).expect("read");
    let again = Keystore::create(&path, None, &password("other"));
    assert!(matches!(again, Err(KeystoreError::Exists { .. })));
    assert_eq!(fs::read(&path).expect("read"), before);
}

#[test]
fn a_given_key_is_kept_and_what_is_no_key_is_refused() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("key.json");
    let none = Keystore::create(&path, Some([0; 32]), &password("pass"));
    assert!(matches!(none, Err(KeystoreError::InvalidKey)));
    assert!(!path.exists());
    let address = Keystore::create(&path, Some(definitions_key()), &password("pass")).expect("created");
    assert_eq!(address, Sender::from_key(&definitions_key()).expect("a key").address());
    let text = fs::read_to_string(&path).expect("read");
    assert!(!text.contains(KEY) && !text.contains("pass"), "{text}");
}

#[test]
fn a_key_in_hex_is_imported_and_what_is_none_is_refused_without_being_shown() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("key.json");
    for none in ["hunter2", "0x", "0x00", &KEY[1..], &"0".repeat(64)] {
        let refused = Keystore::import(&path, &password(none), &password("pass")).expect_err("refused");
        assert!(matches!(refused, KeystoreError::InvalidKey) && !format!("{refused:?}").contains(none));
    }
    let address =
        Keystore::import(&path, &password(&format!("0x{KEY}")), &password("pass")).expect("imported");
    assert_eq!(address, Sender::from_key(&definitions_key()).expect("a key").address());
}

#[test]
fn a_keystore_that_others_can_read_is_not_opened() {
    let (_directory, path) = written(PBKDF2);
    fs::set_permissions(&path, Permissions::from_mode(0o644)).expect("set");
    let refused = Keystore::open(&path, &password(PASSWORD)).expect_err("refused");
    assert!(refused.to_string().ends_with(&format!("run `chmod 600 {}`", path.display())), "{refused}");
    assert!(matches!(Keystore::address(&path), Err(KeystoreError::Exposed { mode: 0o644, .. })));
}

/// Any of them at work would take an hour, or all memory.
#[test]
fn a_hostile_keystore_takes_neither_memory_nor_time() {
    for (n, r, p) in
        [("262144", "1073741823", "1"), ("4611686018427387904", "1", "1"), ("2", "1", "4294967295")]
    {
        let text = SCRYPT.replace("262144", n).replace("\"r\" : 1", &format!("\"r\" : {r}"));
        let (_directory, path) = written(&text.replace("\"p\" : 8", &format!("\"p\" : {p}")));
        let refused = Keystore::open(&path, &password(PASSWORD)).expect_err("refused");
        assert!(matches!(refused, KeystoreError::TooCostly { .. }), "{refused}");
    }
    let (_directory, path) = written(&PBKDF2.replace("262144", "4000000000"));
    let refused = Keystore::open(&path, &password(PASSWORD)).expect_err("refused");
    assert!(matches!(refused, KeystoreError::TooCostly { .. }), "{refused}");
}

#[test]
fn a_keystore_that_lies_about_its_address_is_not_used() {
    let lie = PBKDF2.replacen('{', "{\"address\": \"00000000000000000000000000000000000000aa\",", 1);
    let (_directory, path) = written(&lie);
    let refused = Keystore::open(&path, &password(PASSWORD)).expect_err("refused");
    assert!(matches!(refused, KeystoreError::AddressMismatch { .. }), "{refused}");
}

#[test]
fn errors_show_nothing_of_a_file_that_may_hold_a_secret() {
    for secret in
        ["hunter2", "\"hunter2\"", "{\"version\": \"hunter2\"}", "{\"crypto\": \"hunter2\", \"version\": 3}"]
    {
        let (_directory, path) = written(secret);
        let refused = Keystore::open(&path, &password(PASSWORD)).expect_err("refused");
        assert!(!format!("{refused} {refused:?}").contains("hunter2"), "{refused:?}");
    }
}
