//! What `sandbox` prints is followed to the letter, up to a booked payout: with each ERP, by a shell.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

const BINARY: &str = env!("CARGO_BIN_EXE_ml-connector");
/// Its last line.
const END: &str = "Ctrl-C ends it.";

/// The sandbox with its company; ends when dropped.
struct Sandbox {
    child: Child,
    guide: Vec<String>,
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        // Fails only when it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Sandbox {
    fn start() -> Sandbox {
        let mut child = Command::new(BINARY)
            .args(["sandbox", "--company", "--port", "0", "--start", "2026-03-02T09:00:00Z"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the sandbox starts");
        let errors = BufReader::new(child.stderr.take().expect("its words"));
        let lines = errors.lines().map_while(Result::ok);
        let guide: Vec<String> = lines.take_while(|line| line != END).collect();
        Sandbox { child, guide }
    }

    /// The commands under a heading.
    fn commands(&self, heading: &str) -> String {
        let found = self.guide.iter().position(|line| line.ends_with(heading));
        let from = found.unwrap_or_else(|| panic!("no \"{heading}\": {:?}", self.guide)) + 1;
        let lines = self.guide[from..].iter().skip_while(|line| line.is_empty());
        lines.take_while(|line| line.starts_with("  ")).map(|line| format!("{line}\n")).collect()
    }
}

fn follow(erp: &str) {
    let has_curl = Command::new("curl").arg("--version").stdout(Stdio::null()).status();
    assert!(has_curl.is_ok(), "the guide uses curl: apt-get install curl");
    let sandbox = Sandbox::start();
    let script = [
        sandbox.commands("an empty folder:"),
        sandbox.commands("GoCardless:"),
        sandbox.commands(erp),
        sandbox.commands("Then:"),
    ];
    let figures = format!("$('{BINARY}' plan uk | sed -n \"s/.*--accept '\\(.*\\)'/\\1/p\")");
    let script = script.concat().replace("'FIGURES OF THE PLAN'", &format!("\"{figures}\""));
    let folder = tempfile::tempdir().expect("a folder");
    let output = Command::new("bash")
        .args(["-ec", &script])
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .output()
        .expect("a shell");
    let said = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{erp}\n{script}\n{said}\n{errors}");
    for wanted in [
        "webhook endpoint: not set, polls alone",
        "Would be collected: 2",
        "Booked and reconciled to the penny: 197.61 GBP",
        "Proved to the penny.",
    ] {
        assert!(said.contains(wanted), "{erp}: {wanted}\n{said}\n{errors}");
    }
    assert!(!said.contains("MISSING"), "{said}");
}

#[test]
fn slow_the_guide_leads_to_a_booked_payout_with_each_erp() {
    follow("NetSuite as the ERP:");
    follow("Acumatica as the ERP:");
}

#[test]
fn a_port_in_use_is_told_with_a_way_out() {
    let sandbox = Sandbox::start();
    let line = sandbox.guide.iter().find(|line| line.contains("/_sandbox/clock")).expect("a URL");
    let port = line.rsplit_once("127.0.0.1:").and_then(|(_, rest)| rest.split('/').next());
    let port = port.expect("a port");
    let output = Command::new(BINARY).args(["sandbox", "--port", port]).output().expect("it runs");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{errors}");
    assert!(errors.contains(&format!("port {port} ")), "{errors}");
    assert!(errors.contains("--port 0"), "{errors}");
    assert_eq!(errors.trim().lines().count(), 1, "{errors}");
}

#[test]
fn the_help_of_adding_names_what_each_system_takes() {
    let output =
        Command::new(BINARY).args(["connections", "add", "--help"]).output().expect("it runs");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("--secret webhook_secret=… (optional)"), "{said}");
    assert!(said.contains("--secret access_token=…\n"), "needed, so not optional: {said}");
    for system in ["netsuite (", "acumatica (", "gocardless ("] {
        assert!(said.contains(system), "{system}: {said}");
    }
}
