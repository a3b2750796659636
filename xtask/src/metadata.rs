//! What Cargo knows of the workspace and its dependencies, as JSON.

use std::path::Path;

use serde_json::Value;

use crate::shell;

/// The crates of this workspace, without resolving dependencies.
///
/// # Errors
/// Cargo's own message.
pub fn workspace(root: &Path) -> Result<Value, String> {
    cargo_metadata(root, &["--no-deps", "--offline"])
}

/// Every package that is built on this kind of machine, with its licence.
///
/// # Errors
/// Cargo's own message.
pub fn packages(root: &Path) -> Result<Value, String> {
    let host = host(root)?;
    // Offline first: the sources of what was just built are here, and no network is needed.
    cargo_metadata(root, &["--offline", "--filter-platform", &host])
        .or_else(|_| cargo_metadata(root, &["--filter-platform", &host]))
}

fn host(root: &Path) -> Result<String, String> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = shell::command(root, rustc).arg("-vV").output().map_err(|e| e.to_string())?;
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .find_map(|line| line.strip_prefix("host: ").map(str::to_owned))
        .ok_or_else(|| "rustc -vV names no host".to_owned())
}

fn cargo_metadata(root: &Path, arguments: &[&str]) -> Result<Value, String> {
    let output = shell::cargo(root)
        .args(["metadata", "--format-version", "1"])
        .args(arguments)
        .output()
        .map_err(|error| format!("cargo metadata: {error}"))?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).trim().to_owned());
    }
    serde_json::from_slice(&output.stdout).map_err(|error| format!("cargo metadata: {error}"))
}

/// The elements of an array member; none when it is missing.
pub fn array<'a>(value: &'a Value, member: &str) -> &'a [Value] {
    value.get(member).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// A string member; empty when it is missing or null.
pub fn text<'a>(value: &'a Value, member: &str) -> &'a str {
    value.get(member).and_then(Value::as_str).unwrap_or_default()
}
