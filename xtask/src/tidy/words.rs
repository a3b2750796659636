//! Texts that tell of the place where a line was written instead of what it does. The words are
//! put together from halves, so that this file does not break its own rule.

use super::finding::Finding;
use crate::files::SourceFile;
use crate::scrub::is_word;

/// Folders of one machine. Matched where a path begins.
const PATHS: &[&str] = &[concat!("/wo", "rk/"), concat!("/ho", "me/"), concat!("/ro", "ot/")];

/// Hosts of package registries: how a package is fetched is a setting of who builds.
const HOSTS: &[&str] = &[
    concat!("index.crates", ".io"),
    concat!("static.crates", ".io"),
    concat!("registry.npm", "js.org"),
    concat!("registry.yarn", "pkg.com"),
    concat!("files.python", "hosted.org"),
    concat!("py", "pi.org"),
    concat!("proxy.go", "lang.org"),
];

/// Words and phrases of machine-made authorship, lower case. Matched as whole words.
const AUTHORSHIP: &[&str] = &[
    concat!("anthro", "pic"),
    concat!("cla", "ude"),
    concat!("chat", "gpt"),
    concat!("open", "ai"),
    concat!("cop", "ilot"),
    concat!("ll", "m"),
    concat!("ll", "ms"),
    concat!("language", " model"),
    concat!("ai", "-generated"),
    concat!("ai", " assistant"),
    concat!("as an", " ai"),
    concat!("sub", "agent"),
    concat!("co-authored", "-by"),
];

/// Checks every line of every text file.
pub fn check(file: &SourceFile) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, line) in file.text.lines().enumerate() {
        let lower = line.to_lowercase();
        let path = PATHS.iter().find(|path| begins_in(&lower, path));
        let host = HOSTS.iter().find(|host| lower.contains(*host));
        let word = AUTHORSHIP.iter().find(|word| stands_in(&lower, word));
        for (what, text) in [("a path of one machine", path), ("a registry", host), ("", word)] {
            if let Some(text) = text {
                let message = format!("{what} \"{text}\"");
                findings.push(Finding::new(&file.path, index + 1, message.trim_start()));
            }
        }
    }
    findings
}

/// Checks that a Cargo lock file takes packages from the public registry only.
pub fn lock_file(file: &SourceFile) -> Vec<Finding> {
    if !file.path.ends_with("Cargo.lock") {
        return Vec::new();
    }
    const PUBLIC: &str = "source = \"registry+https://github.com/rust-lang/crates.io-index\"";
    let lines = file.text.lines().enumerate();
    lines
        .filter(|(_, line)| line.starts_with("source = ") && *line != PUBLIC)
        .map(|(index, line)| Finding::new(&file.path, index + 1, line))
        .collect()
}

/// Whether the text begins a path there: nothing of a longer path stands before it.
fn begins_in(line: &str, text: &str) -> bool {
    line.match_indices(text).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|c| is_word(c) || matches!(c, '.' | '-' | '/' | '}' | '~'))
    })
}

fn stands_in(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + word.len()..].chars().next();
        !before.is_some_and(is_word) && !after.is_some_and(is_word)
    })
}

#[cfg(test)]
mod tests {
    use super::{AUTHORSHIP, HOSTS, PATHS, check, lock_file};
    use crate::tidy::finding::lines_found;

    #[test]
    fn each_banned_text_is_found_in_any_file() {
        for banned in PATHS.iter().chain(HOSTS).chain(AUTHORSHIP) {
            let text = format!("fine\nsee {} here\n", banned.to_uppercase());
            assert_eq!(lines_found(check, "docs/a.md", &text), [2], "{banned}");
        }
    }

    #[test]
    fn longer_words_and_paths_are_not_meant() {
        for fine in ["docs/home/page.md", "./home/a", "reclauded", "the openapi page", "allms"] {
            assert_eq!(lines_found(check, "docs/a.md", fine), [0; 0], "{fine}");
        }
    }

    #[test]
    fn a_lock_file_names_the_public_registry_only() {
        let public = "source = \"registry+https://github.com/rust-lang/crates.io-index\"\n";
        let other = "source = \"sparse+https://mirror.example/\"\n";
        assert_eq!(lines_found(lock_file, "Cargo.lock", public), [0; 0]);
        assert_eq!(lines_found(lock_file, "Cargo.lock", &format!("{public}{other}")), [2]);
    }
}
