//! The sandbox as a program of its own: it prints its URLs as one line of JSON and ends when its
//! standard input closes.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};

use serde_json::Value;

use crate::shell;

/// A running sandbox; ended when dropped.
pub struct Sandbox {
    child: Child,
    urls: Value,
}

impl Sandbox {
    /// Builds and starts it.
    ///
    /// # Errors
    /// It did not build, or did not say where it listens.
    pub fn start(root: &Path) -> Result<Self, String> {
        let program = ["--package", "sandbox", "--bin", "sandbox-only"];
        let built = shell::run(shell::cargo(root).arg("build").args(program));
        if !built.is_ok_and(|finished| finished.success) {
            return Err("the sandbox did not build".into());
        }
        let child = shell::cargo(root)
            .args(["run", "--quiet"])
            .args(program)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("starting the sandbox: {error}"))?;
        let mut sandbox = Sandbox { child, urls: Value::Null };
        let mut line = String::new();
        if let Some(stdout) = sandbox.child.stdout.as_mut() {
            BufReader::new(stdout).read_line(&mut line).map_err(|error| error.to_string())?;
        }
        sandbox.urls = serde_json::from_str(&line)
            .map_err(|_| format!("the sandbox did not print its URLs but {line:?}"))?;
        Ok(sandbox)
    }

    /// Where a system's emulator answers.
    ///
    /// # Errors
    /// The sandbox has no such emulator.
    pub fn url(&self, system: &str) -> Result<&str, String> {
        let url = self.urls.get(system).and_then(Value::as_str);
        url.ok_or_else(|| format!("the sandbox has no URL for {system}: {}", self.urls))
    }

    /// Ends it and waits.
    ///
    /// # Errors
    /// It ended badly, so that what was checked against it is in doubt.
    pub fn stop(mut self) -> Result<(), String> {
        drop(self.child.stdin.take());
        let status = self.child.wait().map_err(|error| error.to_string())?;
        if status.success() { Ok(()) } else { Err(format!("the sandbox ended with {status}")) }
    }
}

impl Drop for Sandbox {
    /// For ways out on which nobody waited: an ended child is not harmed.
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        if matches!(self.child.try_wait(), Ok(None)) && self.child.kill().is_ok() {
            let _ended = self.child.wait();
        }
    }
}
