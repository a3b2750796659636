//! How the demo ends before its time: at a signal, with a full disk, with nobody who reads. It leaves
//! neither processes nor folders behind, and says in one sentence what was wrong.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

const BINARY: &str = env!("CARGO_BIN_EXE_ml-connector");
const SMALL: [&str; 4] = ["--customers", "24", "--invoices", "30"];
const NETSUITE: &str = "--link netsuite-gocardless";
/// What it stops with at a terminal.
const ENTER: &str = "Enter: the next day.";
/// Host time for an end at once, on a busy machine.
const AT_ONCE: Duration = Duration::from_secs(60);

/// The demo in a shell, its temporary folders in one of the test's.
fn shell(temporary: &Path, line: &str) -> Command {
    let mut command = Command::new("bash");
    command.env("TMPDIR", temporary).arg("-c").arg(line);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn small() -> String {
    format!("'{BINARY}' demo {}", SMALL.join(" "))
}

/// Processes that name a path in their command line.
fn processes_of(path: &Path) -> Vec<String> {
    let wanted = path.display().to_string();
    let all = std::fs::read_dir("/proc").expect("processes");
    let lines = all.flatten().filter_map(|one| std::fs::read(one.path().join("cmdline")).ok());
    let lines = lines.map(|line| String::from_utf8_lossy(&line).replace('\0', " "));
    lines.filter(|line| line.contains(&wanted)).collect()
}

/// No process of a run is left.
fn check_no_process(temporary: &TempDir) {
    let began = now();
    while !processes_of(temporary.path()).is_empty() {
        let left = processes_of(temporary.path());
        assert!(now().duration_since(began) < AT_ONCE, "still there: {left:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Nothing of a run is left: no process that works in the folder, and nothing in it.
fn check_gone(temporary: &TempDir) {
    check_no_process(temporary);
    let left: Vec<_> = std::fs::read_dir(temporary.path()).expect("the folder").flatten().collect();
    assert!(left.is_empty(), "{left:?}");
}

#[expect(clippy::disallowed_methods, reason = "a test of how long an end takes on the host")]
fn now() -> Instant {
    Instant::now()
}

/// The demo on a terminal of its own (`script` is part of every Debian), waiting for Enter. The lines
/// so far, the rest of its output, and its process.
fn at_the_prompt(temporary: &TempDir) -> (Vec<String>, impl BufRead + use<>, Child, String) {
    let pid = temporary.path().join("pid");
    let inner = format!("echo $$ > \"{}\"; exec {}", pid.display(), small());
    let line = format!("exec script -qefc '{}' /dev/null", inner.replace('\'', "'\\''"));
    let mut child =
        shell(temporary.path(), &line).stdin(Stdio::piped()).spawn().expect("it starts");
    let mut output = BufReader::new(child.stdout.take().expect("its output"));
    let mut lines: Vec<String> = Vec::new();
    while !lines.last().is_some_and(|line| line.contains(ENTER)) {
        let mut line = String::new();
        if output.read_line(&mut line).unwrap_or(0) == 0 {
            break;
        }
        lines.push(line);
    }
    let id = std::fs::read_to_string(&pid).unwrap_or_default().trim().to_owned();
    std::fs::remove_file(&pid).unwrap_or_default();
    if !lines.last().is_some_and(|line| line.contains(ENTER)) {
        let ended = child.wait();
        panic!("it ended before the prompt, {ended:?}: {lines:?}");
    }
    (lines, output, child, id)
}

#[test]
fn slow_a_signal_at_the_prompt_ends_everything_at_once() {
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        let temporary = tempfile::tempdir().expect("a folder");
        let (lines, mut rest, mut child, id) = at_the_prompt(&temporary);
        assert!(!processes_of(temporary.path()).is_empty(), "its server works in the folder");
        let printed = command_in(&lines);
        let looked = shell(temporary.path(), &printed).output().expect("it runs");
        let shown = String::from_utf8_lossy(&looked.stdout);
        assert!(shown.contains("due now"), "the printed command works: {printed}: {looked:?}");
        let began = now();
        let killed = Command::new("bash").args(["-c", &format!("kill -{signal} {id}")]).status();
        assert!(killed.expect("a signal").success());
        let mut said = String::new();
        // A terminal that ends gives an error instead of an end.
        let _ = rest.read_to_string(&mut said);
        let status = child.wait().expect("its end");
        assert!(now().duration_since(began) < AT_ONCE, "{signal}: {said}");
        assert_eq!(status.code(), Some(code), "{signal}: {said}");
        assert!(said.contains("Ended by"), "{signal}: {said}");
        assert!(!said.contains("error:"), "{signal}: {said}");
        check_gone(&temporary);
    }
}

/// Nobody can clean up after a `kill -9`: the server sees that its parent is gone, and ends by itself.
#[test]
fn slow_a_killed_demo_takes_its_server_along() {
    let temporary = tempfile::tempdir().expect("a folder");
    let (_, _, mut child, id) = at_the_prompt(&temporary);
    assert!(!processes_of(temporary.path()).is_empty(), "its server works in the folder");
    let killed = Command::new("bash").args(["-c", &format!("kill -KILL {id}")]).status();
    assert!(killed.expect("a signal").success());
    child.wait().expect("its end");
    check_no_process(&temporary);
}

/// The command that is printed for another terminal, as a reader copies it.
fn command_in(lines: &[String]) -> String {
    let from = lines.iter().position(|line| line.contains("in another terminal:")).expect("one");
    let command = lines[from + 1..].iter().map(|line| line.trim_end_matches(['\r', '\n']));
    command.take_while(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

/// Runs unattended in a shell that was prepared by `before`.
fn unattended(temporary: &TempDir, before: &str, after: &str) -> (Output, String) {
    let line = format!("{before} exec {} --once {after}", small());
    let output = shell(temporary.path(), &line).stdin(Stdio::null()).output().expect("it runs");
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!errors.contains("panicked"), "{errors}");
    (output, errors)
}

#[test]
fn slow_a_disk_without_space_is_told_in_a_sentence() {
    // A limit on the size of files stands for a disk that is full from the start.
    let temporary = tempfile::tempdir().expect("a folder");
    let (output, errors) = unattended(&temporary, "trap '' XFSZ; ulimit -f 64;", "");
    check_full(&temporary, &output, &errors);
    // Small disks of its own get full in the course of setting up and of the story, where this
    // machine lets a test mount them.
    let may_mount = Command::new("unshare").args(["-rm", "true"]).status();
    if !may_mount.is_ok_and(|status| status.success()) {
        return;
    }
    for kilobytes in [1_500, 6_000] {
        let temporary = tempfile::tempdir().expect("a folder");
        let folder = temporary.path().display();
        let mount = format!("mount -t tmpfs -o size={kilobytes}k none '{folder}'");
        let line = format!("{mount} && exec {} --once {}", small(), NETSUITE);
        let inner = format!("exec unshare -rm bash -c \"{line}\"");
        let output =
            shell(temporary.path(), &inner).stdin(Stdio::null()).output().expect("it runs");
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        check_full(&temporary, &output, &errors);
    }
}

/// One sentence with the folder and the way out, and nothing left.
fn check_full(temporary: &TempDir, output: &Output, errors: &str) {
    assert_eq!(output.status.code(), Some(1), "{errors}");
    let folder = temporary.path().join("ml-connector-demo-").display().to_string();
    assert!(errors.starts_with("error: there is no space left for "), "{errors}");
    assert!(errors.contains(&folder) && errors.contains("--keep FOLDER"), "{errors}");
    assert_eq!(errors.trim().lines().count(), 1, "{errors}");
    check_gone(temporary);
}

#[test]
fn a_folder_that_can_not_be_written_is_named() {
    let temporary = tempfile::tempdir().expect("a folder");
    let file = temporary.path().join("file");
    std::fs::write(&file, "").expect("a file");
    let inner = file.join("demo");
    let (output, errors) = unattended(&temporary, "", &format!("--keep '{}'", inner.display()));
    assert_eq!(output.status.code(), Some(1), "{errors}");
    assert!(errors.contains(&inner.display().to_string()), "{errors}");
    assert!(errors.contains("name another with --keep FOLDER"), "{errors}");
    assert_eq!(errors.trim().lines().count(), 1, "{errors}");
}

#[test]
fn slow_a_reader_that_goes_away_ends_everything() {
    let temporary = tempfile::tempdir().expect("a folder");
    let line = format!("set -o pipefail; {} --once | head -2", small());
    let output = shell(temporary.path(), &line).stdin(Stdio::null()).output().expect("it runs");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(String::from_utf8_lossy(&output.stdout).lines().count(), 2);
    assert_eq!(output.status.code(), Some(141), "{errors}");
    assert!(errors.is_empty(), "{errors}");
    check_gone(&temporary);
}

#[test]
fn slow_an_output_that_can_not_be_written_is_told() {
    let temporary = tempfile::tempdir().expect("a folder");
    let (output, errors) = unattended(&temporary, "", "> /dev/full");
    assert_eq!(output.status.code(), Some(1), "{errors}");
    assert!(errors.contains("standard output"), "{errors}");
}
