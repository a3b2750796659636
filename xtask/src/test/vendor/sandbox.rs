//! The sandbox as a program of its own: it prints its URLs as one line of JSON and ends when its
//! standard input closes.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

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
        Sandbox::of(shell::cargo(root).args(["run", "--quiet"]).args(program))
    }

    /// Starts a command that behaves as the sandbox does.
    fn of(command: &mut Command) -> Result<Self, String> {
        let child = command
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

#[cfg(test)]
mod tests {
    use super::Sandbox;
    use crate::{files, shell};

    fn start(script: &str) -> Result<Sandbox, String> {
        Sandbox::of(shell::command(&files::root(), "sh").args(["-c", script]))
    }

    #[test]
    fn it_names_its_urls_and_ends_with_its_input() {
        let sandbox = start(r#"echo '{"a":"http://127.0.0.1:1"}'; cat >/dev/null"#).unwrap();
        assert_eq!(sandbox.url("a"), Ok("http://127.0.0.1:1"));
        assert!(sandbox.url("b").unwrap_err().contains("no URL for b"));
        assert_eq!(sandbox.stop(), Ok(()));
    }

    #[test]
    fn a_bad_beginning_or_end_is_told() {
        assert!(start("echo hello").err().unwrap().contains("hello"));
        assert!(start("exit 1").is_err());
        let sandbox = start("echo '{}'; cat >/dev/null; exit 3").unwrap();
        assert!(sandbox.stop().unwrap_err().contains('3'));
    }

    #[test]
    fn one_that_nobody_waits_for_is_ended() {
        let sandbox = start("echo '{}'; exec sleep 600").unwrap();
        let process = format!("/proc/{}", sandbox.child.id());
        drop(sandbox);
        assert!(!std::path::Path::new(&process).exists());
    }
}
