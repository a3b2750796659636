//! Runs other programs: what they print is shown as it comes and kept for counting.

use std::ffi::OsStr;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;

/// How a program ended, and all that it printed (both streams, line by line).
pub struct Finished {
    pub success: bool,
    pub output: String,
}

/// Variables that must not reach what we start: settings of an installed ml-connector, and what
/// the outer cargo says about this package.
const VARIABLES_REMOVED: &[&str] = &["MLC_", "CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_"];

/// A command in the repository's root, in an environment that can neither rewrite golden files
/// nor reach a real system by a developer's own configuration.
pub fn command(root: &Path, program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.current_dir(root);
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if VARIABLES_REMOVED.iter().any(|prefix| text.starts_with(prefix)) {
            command.env_remove(&name);
        }
    }
    command
        .env("INSTA_UPDATE", "no")
        .env("INSTA_FORCE_PASS", "0")
        .env("CARGO_TERM_COLOR", "never")
        .env("RUST_BACKTRACE", "1")
        .env("PYTHONDONTWRITEBYTECODE", "1");
    // Emulators listen on loopback; a proxy of the surroundings must not stand between.
    for name in ["NO_PROXY", "no_proxy"] {
        let before = std::env::var(name).map(|hosts| hosts + ",").unwrap_or_default();
        command.env(name, before + "127.0.0.1,localhost,::1");
    }
    command
}

/// Cargo, the one that runs this program, in the repository's root.
pub fn cargo(root: &Path) -> Command {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    command(root, program)
}

/// Runs a program to its end, showing and keeping its output.
///
/// # Errors
/// The program could not be started or waited for.
pub fn run(command: &mut Command) -> io::Result<Finished> {
    println!("$ {}", describe(command));
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let (sender, lines) = mpsc::channel();
    let mut readers = Vec::new();
    if let Some(stdout) = child.stdout.take() {
        readers.push(forward(stdout, sender.clone()));
    }
    if let Some(stderr) = child.stderr.take() {
        readers.push(forward(stderr, sender.clone()));
    }
    drop(sender);
    let mut output = String::new();
    for line in lines {
        print!("{line}");
        output.push_str(&line);
    }
    io::stdout().flush()?;
    for reader in readers {
        if reader.join().is_err() {
            return Err(io::Error::other("a reader of the program's output panicked"));
        }
    }
    Ok(Finished { success: child.wait()?.success(), output })
}

/// Whether a program can be started and ends well; its output is discarded.
pub fn probe(root: &Path, words: &[&str]) -> bool {
    let Some((program, arguments)) = words.split_first() else { return false };
    command(root, program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// The command as one would type it: the program without its folder.
pub fn describe(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let name = program.file_name().unwrap_or(program.as_os_str());
    let words = std::iter::once(name).chain(command.get_args());
    words.map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" ")
}

fn forward(
    stream: impl Read + Send + 'static,
    lines: mpsc::Sender<String>,
) -> thread::JoinHandle<()> {
    thread::spawn(move || {
        let mut reader = BufReader::new(stream);
        let mut line = Vec::new();
        while reader.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
            if lines.send(String::from_utf8_lossy(&line).into_owned()).is_err() {
                return;
            }
            line.clear();
        }
    })
}

#[cfg(test)]
mod tests {
    use super::{command, describe, probe, run};
    use crate::files;

    #[test]
    fn both_streams_are_kept_and_the_exit_code_counts() {
        let root = files::root();
        let mut script = command(&root, "sh");
        script.args(["-c", "echo out; echo err >&2; echo $INSTA_UPDATE; exit 3"]);
        let finished = run(&mut script).unwrap();
        assert!(!finished.success);
        let mut lines: Vec<_> = finished.output.lines().collect();
        lines.sort_unstable();
        assert_eq!(lines, ["err", "no", "out"]);
    }

    #[test]
    fn a_missing_program_is_not_there() {
        let root = files::root();
        assert!(probe(&root, &["true"]));
        assert!(!probe(&root, &["false"]));
        assert!(!probe(&root, &["no-such-program-of-this-name"]));
        assert!(!probe(&root, &[]));
    }

    #[test]
    fn a_command_reads_as_typed() {
        let mut example = command(&files::root(), "some/folder/cargo");
        assert_eq!(describe(example.args(["fmt", "--check"])), "cargo fmt --check");
    }
}
