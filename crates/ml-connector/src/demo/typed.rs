//! Commands as a reader types them at another terminal: with the path of this very program where the
//! shell would not find it.

use std::path::Path;

use crate::output::COLUMNS;

/// The program's name.
const NAME: &str = "ml-connector";
/// Before each printed command.
const INDENT: &str = "  ";

/// A command of this program that works as printed, broken into lines that a shell joins again.
#[must_use]
pub fn command(config: &Path, words: &str) -> String {
    lines(&program(), &quoted(config), words)
}

/// This program as a shell finds it.
#[must_use]
pub fn program() -> String {
    let program = std::env::current_exe().ok();
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&paths).map(|folder| folder.join(NAME));
    match &program {
        Some(program) if !first_is(found, program) => quoted(program),
        Some(_) | None => NAME.to_owned(),
    }
}

/// Whether the first of these files that is there is this one.
fn first_is(mut found: impl Iterator<Item = std::path::PathBuf>, program: &Path) -> bool {
    let same = |one: &Path| one.canonicalize().ok() == program.canonicalize().ok();
    found.find(|one| one.is_file()).is_some_and(|one| same(&one))
}

fn lines(program: &str, config: &str, words: &str) -> String {
    let whole = format!("{INDENT}{program} --config {config} {words}");
    if whole.chars().count() <= COLUMNS {
        return whole;
    }
    format!("{INDENT}{program} \\\n{INDENT}{INDENT}--config {config} {words}")
}

/// As one word of a shell.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |c: char| c.is_alphanumeric() || "/._-+,@%".contains(c);
    if text.chars().all(plain) { text } else { format!("'{}'", text.replace('\'', "'\\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_commands_are_two_lines_for_the_reader_and_one_for_the_shell() {
        let short = lines("ml-connector", "/tmp/a/ml-connector.toml", "status");
        assert_eq!(short, "  ml-connector --config /tmp/a/ml-connector.toml status");
        let long = lines(&format!("/{}", "a".repeat(60)), "/tmp/a/ml-connector.toml", "status");
        let shown: Vec<&str> = long.lines().collect();
        assert!(shown[0].ends_with(" \\"), "{long}");
        assert_eq!(shown[1], "    --config /tmp/a/ml-connector.toml status");
    }

    #[test]
    fn paths_are_one_word_of_a_shell() {
        assert_eq!(quoted(Path::new("/srv/a.b/ml-connector")), "/srv/a.b/ml-connector");
        assert_eq!(quoted(Path::new("/srv/it's me/x")), "'/srv/it'\\''s me/x'");
    }

    #[test]
    fn only_the_first_program_of_the_path_counts() {
        let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let paths = [one.path().join(NAME), two.path().join(NAME)];
        std::fs::write(&paths[1], "").unwrap();
        assert!(first_is(paths.clone().into_iter(), &paths[1]));
        std::fs::write(&paths[0], "").unwrap();
        assert!(!first_is(paths.clone().into_iter(), &paths[1]));
    }
}
