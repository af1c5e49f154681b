//! The committed artifacts: ABI and bytecode of each contract that Rust deploys or calls.
//!
//! They are committed so that cargo alone builds everything, and compared with a fresh compile so that they
//! never tell of other sources than those beside them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::command;
use crate::contracts;
use crate::error::ChoreError;

/// The contracts whose artifacts are committed. Each name must be unique under `contracts/src`.
/// The interface is the whole face, with the events and errors of all contracts behind it.
const CONTRACTS: [&str; 5] = ["IProofOfAttestation", "ProofOfAttestation", "Registry", "Reader", "TestToken"];

/// EIP-170: the most bytes of code an account may hold.
const CODE_SIZE_MAX: usize = 24_576;

/// Where forge's `artifacts` profile writes, under `contracts/`.
const COMPILED: &str = "cache/artifacts-out";

/// What is committed of a contract: neither metadata nor paths, so that it depends on the sources alone.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Artifact {
    contract_name: &'static str,
    abi: Value,
    bytecode: String,
    deployed_bytecode: String,
    /// Places in `bytecode` where an external library's address belongs; absent where there are none.
    #[serde(skip_serializing_if = "is_empty")]
    link_references: Value,
    /// Places in `deployed_bytecode` that construction fills in: for each immutable, all its places; absent where there
    /// are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    immutable_references: Vec<Vec<Place>>,
}

/// Bytes of code.
#[derive(Clone, Copy, Deserialize, PartialEq, Eq, PartialOrd, Ord, Serialize)]
struct Place {
    start: usize,
    length: usize,
}

/// What is read of forge's own artifact.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Compiled {
    abi: Value,
    bytecode: Code,
    deployed_bytecode: Code,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Code {
    object: String,
    #[serde(default)]
    link_references: Value,
    /// By the compiler's number of the immutable, which follows from all sources together and is left out.
    #[serde(default)]
    immutable_references: BTreeMap<String, Vec<Place>>,
}

/// Compiles afresh and writes every artifact.
///
/// # Errors
/// If the sources do not compile, a contract is missing or too large, or a file cannot be written.
pub(crate) fn build(root: &Path) -> Result<(), ChoreError> {
    let folder = folder(root);
    fs::create_dir_all(&folder).map_err(|source| ChoreError::File { path: folder.clone(), source })?;
    for (name, text) in compile(root)? {
        let path = folder.join(file_name(name));
        fs::write(&path, text).map_err(|source| ChoreError::File { path: path.clone(), source })?;
        println!("wrote {}", path.display());
    }
    Ok(())
}

/// Compiles afresh and compares with what is committed; an artifact of no listed contract is stale too.
///
/// # Errors
/// `Drift` with every file that differs, and as [`build`].
pub(crate) fn check(root: &Path) -> Result<(), ChoreError> {
    let folder = folder(root);
    let files = stale(&folder, &compile(root)?);
    if files.is_empty() {
        println!("{} artifacts equal a fresh compile", CONTRACTS.len());
        return Ok(());
    }
    Err(ChoreError::Drift { files })
}

fn folder(root: &Path) -> PathBuf {
    root.join("contracts/artifacts")
}

fn file_name(contract: &str) -> String {
    format!("{contract}.json")
}

/// Names of the files in `folder` that differ from `fresh`, lack there or should not be there.
fn stale(folder: &Path, fresh: &[(&'static str, String)]) -> Vec<String> {
    let differs = |(name, text): &&(&str, String)| {
        !fs::read_to_string(folder.join(file_name(name))).is_ok_and(|committed| committed == *text)
    };
    let mut files: Vec<_> = fresh.iter().filter(differs).map(|(name, _)| file_name(name)).collect();
    let known = |file: &String| fresh.iter().any(|(name, _)| file_name(name) == *file);
    files.extend(file_names(folder).into_iter().filter(|file| !known(file)));
    files.sort();
    files
}

fn file_names(folder: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

fn compile(root: &Path) -> Result<Vec<(&'static str, String)>, ChoreError> {
    let compiled = root.join("contracts").join(COMPILED);
    if compiled.exists() {
        fs::remove_dir_all(&compiled)
            .map_err(|source| ChoreError::File { path: compiled.clone(), source })?;
    }
    let mut forge = contracts::forge(root, &["build", "--force", "src"])?;
    command::run(forge.env("FOUNDRY_PROFILE", "artifacts"))?;
    CONTRACTS.into_iter().map(|name| Ok((name, render(name, &read(&compiled, name)?)?))).collect()
}

/// Forge writes `<File>.sol/<Contract>.json`.
fn read(compiled: &Path, name: &'static str) -> Result<String, ChoreError> {
    let mut paths: Vec<_> = file_names(compiled)
        .into_iter()
        .map(|file| compiled.join(file).join(file_name(name)))
        .filter(|path| path.exists())
        .collect();
    match (paths.pop(), paths.len()) {
        (Some(path), 0) => fs::read_to_string(&path).map_err(|source| ChoreError::File { path, source }),
        (last, more) => {
            Err(ChoreError::ContractNotUnique { name, found: more + usize::from(last.is_some()) })
        }
    }
}

fn render(name: &'static str, compiled: &str) -> Result<String, ChoreError> {
    let json = |source| ChoreError::Json { what: file_name(name), source };
    let Compiled { mut abi, bytecode, deployed_bytecode } = serde_json::from_str(compiled).map_err(json)?;
    within_limit(name, &deployed_bytecode.object)?;
    // One order of keys, whichever features of serde_json the rest of a build turns on.
    abi.sort_all_objects();
    let artifact = Artifact {
        contract_name: name,
        abi,
        bytecode: bytecode.object,
        deployed_bytecode: deployed_bytecode.object,
        link_references: bytecode.link_references,
        immutable_references: sorted(deployed_bytecode.immutable_references),
    };
    Ok(serde_json::to_string_pretty(&artifact).map_err(json)? + "\n")
}

fn sorted(references: BTreeMap<String, Vec<Place>>) -> Vec<Vec<Place>> {
    let mut all: Vec<Vec<Place>> = references.into_values().collect();
    for places in &mut all {
        places.sort_unstable();
    }
    all.sort_unstable();
    all
}

fn within_limit(name: &'static str, code: &str) -> Result<(), ChoreError> {
    let size = code.trim_start_matches("0x").len() / 2;
    if size > CODE_SIZE_MAX {
        return Err(ChoreError::ContractTooLarge { name, size, limit: CODE_SIZE_MAX });
    }
    // An interface has no code.
    if size > 0 {
        println!("{name}: {size} of {CODE_SIZE_MAX} bytes on chain");
    }
    Ok(())
}

fn is_empty(references: &Value) -> bool {
    references.as_object().is_none_or(serde_json::Map::is_empty)
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMPILED_JSON: &str = r#"{
        "abi": [{"type": "event", "name": "Opened", "inputs": [], "anonymous": false}],
        "bytecode": {"object": "0x6001", "sourceMap": "1:2:3", "linkReferences": {}},
        "deployedBytecode": {"object": "0x60", "sourceMap": "", "linkReferences": {}},
        "metadata": {"settings": {"compilationTarget": {"/home/someone/src/T.sol": "T"}}}
    }"#;

    /// A folder of its own under the build's temporary one.
    fn fresh_folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("xtask-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).expect("temporary folder");
        folder
    }

    #[test]
    fn artifact_holds_code_and_abi_and_nothing_that_varies() {
        let expected = r#"{
  "contractName": "TestToken",
  "abi": [
    {
      "anonymous": false,
      "inputs": [],
      "name": "Opened",
      "type": "event"
    }
  ],
  "bytecode": "0x6001",
  "deployedBytecode": "0x60"
}
"#;
        assert_eq!(render("TestToken", COMPILED_JSON).expect("renders"), expected);
    }

    #[test]
    fn unlinked_libraries_are_told() {
        let linked = COMPILED_JSON.replacen(
            r#""linkReferences": {}"#,
            r#""linkReferences": {"src/L.sol": {"L": [{"start": 1, "length": 20}]}}"#,
            1,
        );
        assert!(render("TestToken", &linked).expect("renders").contains(r#""linkReferences": {"#));
    }

    #[test]
    fn immutables_are_told_by_their_places_in_order() {
        let with = COMPILED_JSON.replace(
            r#""object": "0x60", "sourceMap": """#,
            r#""object": "0x60", "immutableReferences": {
                "9": [{"start": 70, "length": 32}, {"start": 2, "length": 32}], "10": [{"start": 40, "length": 32}]
            }"#,
        );
        let rendered: Value =
            serde_json::from_str(&render("TestToken", &with).expect("renders")).expect("JSON");
        let place = |start: usize| serde_json::json!({"start": start, "length": 32});
        assert_eq!(rendered["immutableReferences"], serde_json::json!([[place(2), place(70)], [place(40)]]));
    }

    #[test]
    fn code_beyond_eip_170_is_refused() {
        let code = |bytes: usize| format!("0x{}", "00".repeat(bytes));
        assert!(within_limit("TestToken", &code(24_576)).is_ok());
        let error = within_limit("TestToken", &code(24_577));
        assert!(matches!(error, Err(ChoreError::ContractTooLarge { size: 24_577, .. })));
    }

    #[test]
    fn changed_missing_and_foreign_artifacts_are_stale() {
        let folder = fresh_folder("stale");
        fs::write(folder.join("ProofOfAttestation.json"), "old").expect("write");
        fs::write(folder.join("Forgotten.json"), "{}").expect("write");
        let fresh = [("ProofOfAttestation", "new".to_owned()), ("TestToken", "t".to_owned())];
        assert_eq!(stale(&folder, &fresh), ["Forgotten.json", "ProofOfAttestation.json", "TestToken.json"]);
        fs::remove_dir_all(&folder).expect("clean up");
    }

    #[test]
    fn equal_artifacts_are_not_stale() {
        let folder = fresh_folder("equal");
        fs::write(folder.join("TestToken.json"), "t").expect("write");
        assert!(stale(&folder, &[("TestToken", "t".to_owned())]).is_empty());
        fs::remove_dir_all(&folder).expect("clean up");
    }

    #[test]
    fn contract_of_a_name_must_be_there_once() {
        let folder = fresh_folder("unique");
        let put = |file: &str| {
            fs::create_dir_all(folder.join(file)).expect("folder");
            fs::write(folder.join(file).join("TestToken.json"), "found").expect("write");
        };
        assert!(matches!(read(&folder, "TestToken"), Err(ChoreError::ContractNotUnique { found: 0, .. })));
        put("TestToken.sol");
        assert_eq!(read(&folder, "TestToken").expect("one"), "found");
        put("Other.sol");
        assert!(matches!(read(&folder, "TestToken"), Err(ChoreError::ContractNotUnique { found: 2, .. })));
        fs::remove_dir_all(&folder).expect("clean up");
    }
}
