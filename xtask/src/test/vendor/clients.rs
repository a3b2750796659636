//! Installs vendors' clients at their pinned versions, again only when the pins change.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::shell;

/// A virtual environment under `target/vendor-py`, and the check in it.
///
/// # Errors
/// What could not be installed.
pub fn python(root: &Path, system: &str) -> Result<Command, String> {
    let source = root.join("vendor").join(system);
    let folder = root.join("target/vendor-py").join(system);
    let pins = read(&source.join("requirements.txt"))?;
    let python = folder.join("bin/python");
    if !is_installed(&folder, &pins) {
        let mut venv = shell::command(root, "python3");
        must(venv.args(["-m", "venv", "--clear"]).arg(&folder))?;
        let mut pip = shell::command(root, &python);
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
        must(pip.arg("--requirement").arg(source.join("requirements.txt")))?;
        mark_installed(&folder, &pins)?;
    }
    let mut command = shell::command(root, python);
    command.arg(source.join("check_python.py"));
    Ok(command)
}

/// A copy of the check under `target/vendor-node` with its `node_modules`: Node.js looks for
/// libraries beside the script, and the sources must stay clean.
///
/// # Errors
/// What could not be copied or installed.
pub fn node(root: &Path, system: &str) -> Result<Command, String> {
    let source = root.join("vendor").join(system);
    let folder = root.join("target/vendor-node").join(system);
    fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    for entry in fs::read_dir(&source).into_iter().flatten().flatten() {
        let is_used = |end| entry.path().extension().is_some_and(|extension| extension == end);
        if is_used("mjs") || is_used("json") {
            fs::copy(entry.path(), folder.join(entry.file_name()))
                .map_err(|error| format!("{}: {error}", entry.path().display()))?;
        }
    }
    let pins = read(&source.join("package-lock.json"))?;
    if !is_installed(&folder, &pins) {
        let mut npm = shell::command(&folder, "npm");
        must(npm.args(["ci", "--no-audit", "--no-fund", "--ignore-scripts"]))?;
        mark_installed(&folder, &pins)?;
    }
    let mut command = shell::command(&folder, "node");
    command.arg("check_node.mjs");
    Ok(command)
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

fn must(command: &mut Command) -> Result<(), String> {
    match shell::run(command) {
        Ok(finished) if finished.success => Ok(()),
        Ok(_) => Err(format!("failed: {}", shell::describe(command))),
        Err(error) => Err(format!("{}: {error}", shell::describe(command))),
    }
}

/// The pins that were installed in a folder, written last.
fn mark(folder: &Path) -> PathBuf {
    folder.join("installed-pins.txt")
}

fn is_installed(folder: &Path, pins: &str) -> bool {
    fs::read_to_string(mark(folder)).is_ok_and(|installed| installed == pins)
}

fn mark_installed(folder: &Path, pins: &str) -> Result<(), String> {
    fs::write(mark(folder), pins).map_err(|error| error.to_string())
}
