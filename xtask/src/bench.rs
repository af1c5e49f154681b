//! The workspace's benchmarks, by name: `cargo bench --workspace` would also start every test binary.

use std::path::Path;

use serde::Deserialize;

use crate::command::{self, cargo};
use crate::error::ChoreError;

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    targets: Vec<Target>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
    kind: Vec<String>,
}

/// Runs each benchmark target whose name contains `filter`, or all.
///
/// # Errors
/// If none matches or one fails.
pub(crate) fn run(root: &Path, filter: Option<&str>) -> Result<(), ChoreError> {
    let metadata = command::output(&mut cargo(root, &["metadata", "--no-deps", "--format-version", "1"]))?;
    let targets = targets(&metadata, filter.unwrap_or_default())?;
    if targets.is_empty() {
        return Err(ChoreError::NoBench);
    }
    for (package, target) in targets {
        println!("==> {package}: {target}");
        command::run(&mut cargo(root, &["bench", "--package", &package, "--bench", &target]))?;
    }
    Ok(())
}

/// (package, target) pairs, in cargo's order.
fn targets(metadata: &str, filter: &str) -> Result<Vec<(String, String)>, ChoreError> {
    let metadata: Metadata = serde_json::from_str(metadata)
        .map_err(|source| ChoreError::Json { what: "cargo metadata".to_owned(), source })?;
    let pairs = metadata
        .packages
        .into_iter()
        .flat_map(|Package { name, targets }| targets.into_iter().map(move |target| (name.clone(), target)));
    let wanted =
        |target: &Target| target.kind.iter().any(|kind| kind == "bench") && target.name.contains(filter);
    Ok(pairs.filter(|(_, target)| wanted(target)).map(|(package, target)| (package, target.name)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const METADATA: &str = r#"{"packages": [
        {"name": "multee-evidence", "targets": [
            {"name": "multee_evidence", "kind": ["lib"]}, {"name": "verification", "kind": ["bench"]}]},
        {"name": "multee-chain", "targets": [
            {"name": "verification_test", "kind": ["test"]}, {"name": "publication", "kind": ["bench"]}]}
    ]}"#;

    fn pair(package: &str, target: &str) -> (String, String) {
        (package.to_owned(), target.to_owned())
    }

    #[test]
    fn only_benchmarks_are_found() {
        let all = targets(METADATA, "").expect("valid");
        assert_eq!(all, [pair("multee-evidence", "verification"), pair("multee-chain", "publication")]);
    }

    #[test]
    fn filter_is_part_of_the_name() {
        assert_eq!(targets(METADATA, "public").expect("valid"), [pair("multee-chain", "publication")]);
        assert!(targets(METADATA, "absent").expect("valid").is_empty());
    }
}
