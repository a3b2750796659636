//! A folder with a configuration, and the binary run in it as child processes that never outlive it.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use tempfile::TempDir;

pub const TOKEN: &str = "planted-access-token-7f31";
pub const SECRET: &str = "planted-webhook-secret-a902";

pub struct Place {
    pub folder: TempDir,
    pub address: String,
}

/// A running server; killed when dropped.
pub struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        // Fails only when it has ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Place {
    /// Initialised, listening on a free port once served.
    pub fn new() -> Place {
        Place::configured("[logs]\nlevel = \"debug\"\n")
    }

    /// With further sections of the configuration.
    pub fn configured(sections: &str) -> Place {
        let folder = tempfile::tempdir().expect("a folder");
        let address = free_address();
        let config = format!("[server]\nlisten = \"{address}\"\n{sections}");
        std::fs::write(folder.path().join("ml-connector.toml"), config).expect("a configuration");
        let place = Place { folder, address };
        place.well(&["init"]);
        place
    }

    /// A processor connection whose other side nobody answers.
    pub fn with_processor() -> Place {
        let place = Place::new();
        place.well(&[
            "connections",
            "add",
            "gocardless",
            "gc",
            "--url",
            "http://127.0.0.1:9",
            "--allow-host",
            "--secret",
            "access_token=env:PLANTED_TOKEN",
            "--secret",
            "webhook_secret=env:PLANTED_SECRET",
        ]);
        place
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ml-connector"));
        command
            .current_dir(self.folder.path())
            .env("PLANTED_TOKEN", TOKEN)
            .env("PLANTED_SECRET", SECRET)
            .args(arguments);
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).stdin(Stdio::null()).output().expect("the binary runs")
    }

    /// Runs a command that must end well; gives what it printed.
    pub fn well(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {said}{errors}");
        said
    }

    /// Runs a command with `--json` that must end with this code; gives what it answered.
    pub fn json(&self, arguments: &[&str], code: i32) -> serde_json::Value {
        let arguments: Vec<&str> = std::iter::once("--json").chain(arguments.to_vec()).collect();
        let output = self.run(&arguments);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}{errors}");
        serde_json::from_str(&said).unwrap_or_default()
    }

    /// Runs a command that must fail with this code; gives what it said on standard error.
    pub fn fails(&self, arguments: &[&str], code: i32) -> String {
        let output = self.run(arguments);
        let said = String::from_utf8_lossy(&output.stdout);
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}{errors}");
        assert!(!errors.contains("panicked"), "{arguments:?}: {errors}");
        errors
    }

    /// Starts a command without waiting for its end.
    pub fn begin(&self, arguments: &[&str]) -> Child {
        self.command(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts")
    }

    /// Runs a command that shows an address and asks: what `answer` makes of the address is typed in.
    pub fn answering(&self, arguments: &[&str], answer: impl Fn(&str) -> String) -> Output {
        let mut child = self
            .command(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let said = child.stdout.take().expect("its standard output");
        let mut lines = BufReader::new(said).lines().map_while(Result::ok);
        let address = lines.find(|line| line.starts_with("http")).unwrap_or_default();
        let typed = answer(&address);
        let mut input = child.stdin.take().expect("its standard input");
        // Fails when it ended already: then its own error tells why.
        let _ = writeln!(input, "{typed}");
        drop(input);
        // Read on, so that it never writes to nobody.
        lines.for_each(drop);
        child.wait_with_output().expect("it ends")
    }

    pub fn serve(&self) -> Server {
        let mut child = self
            .command(&["serve"])
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the server starts");
        let errors = child.stderr.take().expect("its standard error");
        let mut lines = BufReader::new(errors).lines();
        let up = lines.by_ref().map_while(Result::ok).any(|line| line.contains("listens on"));
        assert!(up, "the server ended before it listened");
        // Read on, so that it never blocks on a full pipe.
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
        Server(child)
    }

    pub fn status(&self) -> serde_json::Value {
        let output = self.run(&["--json", "status"]);
        let body: serde_json::Value =
            serde_json::from_slice(&output.stdout).expect("a JSON status");
        body["status"].clone()
    }

    pub fn write(&self, name: &str, body: &[u8]) {
        std::fs::write(self.folder.path().join(name), body).expect("a file");
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// An address on this machine that is free now.
fn free_address() -> String {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let listener = runtime.block_on(server::http::bind("127.0.0.1:0")).expect("a free port");
    listener.local_addr().expect("an address").to_string()
}
