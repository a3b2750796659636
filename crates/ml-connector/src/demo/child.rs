//! The real binary as child processes: commands that end, and the server that is killed and started
//! again. No child outlives the demo, not even one that is killed.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use serde_json::Value;
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

use super::wait::pause;
use crate::failure::{Failure, Result};

/// What the server listens on in its first life.
pub const ANY_PORT: &str = "127.0.0.1:0";
/// How it says where it listens, in a line of its own on standard error.
const LISTENS_WORDS: &str = "ml-connector listens on http://";
/// Host milliseconds between looks at whether the server listens.
const LISTENS_MILLISECONDS: u64 = 10;
/// Looks at most: a debug build on a busy machine starts within seconds.
const LISTENS_LOOKS: u32 = 3_000;
/// Host seconds for a server to end in order.
const END_SECONDS: u64 = 20;

/// This binary with one configuration and the secrets of the demo in its environment.
pub struct Binary {
    program: PathBuf,
    pub config: PathBuf,
    secrets: Vec<(String, String)>,
    log: PathBuf,
}

/// What a command printed and how it ended.
pub struct Ended {
    pub code: i32,
    pub json: Value,
    pub text: String,
}

impl Binary {
    /// The running program; its children log into `folder`.
    pub fn new(config: PathBuf, folder: &Path, secrets: Vec<(String, String)>) -> Result<Binary> {
        let program = std::env::current_exe().map_err(Failure::file("this program"))?;
        Ok(Binary { program, config, secrets, log: folder.join("serve.log") })
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        // What the caller's shell configures is about another instance.
        for (name, _) in std::env::vars_os() {
            if name.to_str().is_some_and(|name| name.starts_with("MLC_")) {
                command.env_remove(name);
            }
        }
        command.envs(self.secrets.iter().map(|(name, value)| (name, value)));
        // A group of its own: Ctrl-C at the terminal is for the demo, which ends its children itself.
        command.process_group(0);
        command.arg("--config").arg(&self.config).stdin(Stdio::null()).kill_on_drop(true);
        command
    }

    /// Runs a command to its end with `--json`.
    pub async fn ended(&self, arguments: &[&str]) -> Result<Ended> {
        let mut command = self.command();
        command.arg("--json").args(arguments);
        let output = command.output().await.map_err(Failure::file("a child process"))?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let json = serde_json::from_str(&text).unwrap_or(Value::Null);
        let code = output.status.code().unwrap_or(-1);
        Ok(Ended { code, json, text: format!("{text}{said}") })
    }

    /// Runs a command that must succeed.
    pub async fn run(&self, arguments: &[&str]) -> Result<Value> {
        let ended = self.ended(arguments).await?;
        if ended.code == 0 {
            return Ok(ended.json);
        }
        let words = arguments.join(" ");
        Err(Failure::Failed(format!(
            "ml-connector {words} ended with {}: {}",
            ended.code,
            ended.text.trim_end()
        )))
    }
}

/// The server of the story.
pub struct Server {
    binary: Binary,
    /// Where it listens: chosen by the system for its first life, kept for all others, since webhooks
    /// go there.
    address: Option<String>,
    child: Option<Child>,
    /// Kilobytes of memory at most, over all its lives.
    pub memory_kilobytes: u64,
    pub kills: u32,
}

impl Server {
    #[must_use]
    pub fn new(binary: Binary) -> Server {
        Server { binary, address: None, child: None, memory_kilobytes: 0, kills: 0 }
    }

    #[must_use]
    pub fn binary(&self) -> &Binary {
        &self.binary
    }

    /// Host and port; empty before its first start.
    #[must_use]
    pub fn address(&self) -> &str {
        self.address.as_deref().unwrap_or_default()
    }

    /// Starts it and waits until it listens.
    pub async fn start(&mut self) -> Result<()> {
        let log = || Failure::file(format!("the log {}", self.binary.log.display()));
        if self.address.is_none() {
            // Where an earlier demo listened says nothing about this one.
            File::create(&self.binary.log).map_err(log())?;
        }
        let out = File::options().create(true).append(true).open(&self.binary.log).map_err(log())?;
        let error = out.try_clone().map_err(log())?;
        let mut command = self.binary.command();
        // The other end of its input is held by its handle, and closes with this process, however that
        // ends.
        command.args(["serve", "--end-with-input"]).stdin(Stdio::piped()).stdout(out).stderr(error);
        let mut child = command.spawn().map_err(Failure::file("the server"))?;
        for _ in 0..LISTENS_LOOKS {
            if self.listens().await? {
                self.child = Some(child);
                return Ok(());
            }
            if let Ok(Some(status)) = child.try_wait() {
                return Err(self.ended("the server ended", status));
            }
            pause(LISTENS_MILLISECONDS).await;
        }
        Err(Failure::Failed(format!("the server does not listen on {}", self.address())))
    }

    /// Whether it takes connections. Its first life says where; the configuration then says so too.
    async fn listens(&mut self) -> Result<bool> {
        if let Some(address) = &self.address {
            return Ok(TcpStream::connect(address).await.is_ok());
        }
        let log = Failure::file(format!("the log {}", self.binary.log.display()));
        let said = std::fs::read_to_string(&self.binary.log).map_err(log)?;
        let Some((_, rest)) = said.split_once(LISTENS_WORDS) else { return Ok(false) };
        let Some((address, _)) = rest.split_once('\n') else { return Ok(false) };
        let config = || Failure::file("the configuration");
        let text = std::fs::read_to_string(&self.binary.config).map_err(config())?;
        let text = text.replace(ANY_PORT, address);
        std::fs::write(&self.binary.config, text).map_err(config())?;
        self.address = Some(address.to_owned());
        Ok(true)
    }

    /// `kill -9`, then a new life.
    pub async fn kill_and_restart(&mut self) -> Result<()> {
        self.note_memory();
        if let Some(mut child) = self.child.take() {
            child.kill().await.map_err(Failure::file("the server"))?;
            self.kills += 1;
        }
        self.start().await
    }

    /// Says so when it ended by itself: that is no part of any story.
    pub fn check(&mut self) -> Result<()> {
        self.note_memory();
        let Some(child) = self.child.as_mut() else { return Ok(()) };
        match child.try_wait().map_err(Failure::file("the server"))? {
            None => Ok(()),
            Some(status) => Err(self.ended("the server ended by itself", status)),
        }
    }

    /// The server's end with its own last words.
    fn ended(&self, what: &str, status: ExitStatus) -> Failure {
        let said = std::fs::read_to_string(&self.binary.log).unwrap_or_default();
        let last = said.lines().rev().find(|line| !line.trim().is_empty());
        let words = last.map(|line| format!("; its last words: {line}")).unwrap_or_default();
        let log = self.binary.log.display();
        Failure::Failed(format!("{what} ({status}){words}; its log is {log}"))
    }

    /// Ends it in order, as a service manager does; kills it when it does not.
    pub async fn stop(&mut self) -> Result<()> {
        self.note_memory();
        let Some(mut child) = self.child.take() else { return Ok(()) };
        if let Some(id) = child.id() {
            let asked = Command::new("sh").arg("-c").arg(format!("kill -TERM {id}")).status().await;
            asked.map_err(Failure::file("sh"))?;
        }
        let ended = tokio::time::timeout(Duration::from_secs(END_SECONDS), child.wait()).await;
        match ended {
            Ok(Ok(status)) if status.success() => Ok(()),
            Ok(Ok(status)) => Err(Failure::Failed(format!("the server ended with {status}"))),
            Ok(Err(error)) => Err(Failure::file("the server")(error)),
            Err(_) => {
                child.kill().await.map_err(Failure::file("the server"))?;
                Err(Failure::Failed(format!("the server did not end within {END_SECONDS} s")))
            }
        }
    }

    /// Highest resident memory so far, where the system tells.
    fn note_memory(&mut self) {
        let Some(id) = self.child.as_ref().and_then(Child::id) else { return };
        let Ok(text) = std::fs::read_to_string(format!("/proc/{id}/status")) else { return };
        let peak = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kilobytes = peak.and_then(|rest| rest.split_whitespace().next()?.parse().ok());
        self.memory_kilobytes = self.memory_kilobytes.max(kilobytes.unwrap_or(0));
    }
}
