//! The files of the repository as the rules see them: every text file with its path from the root.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::scrub::{Scrubbed, scrub};

/// Folders that hold nothing of ours; in a linked worktree `.git` is a file.
const SKIPPED: &[&str] = &["target", ".git", "node_modules", "__pycache__"];

/// Larger text is data, not something that a rule should read.
const TEXT_BYTES_MAX: u64 = 4 << 20;

/// One text file. `rust` is there for `.rs` files.
pub struct SourceFile {
    pub path: String,
    pub text: String,
    pub rust: Option<Scrubbed>,
}

impl SourceFile {
    pub fn new(path: impl Into<String>, text: impl Into<String>) -> Self {
        let (path, text) = (path.into(), text.into());
        let rust = path.ends_with(".rs").then(|| scrub(&text));
        SourceFile { path, text, rust }
    }

    /// The end of the file's name after its last dot.
    pub fn extension(&self) -> &str {
        let name = self.path.rsplit('/').next().unwrap_or_default();
        name.rsplit_once('.').map_or("", |(_, extension)| extension)
    }

    /// The crate under `crates/` that the file belongs to.
    pub fn crate_name(&self) -> Option<&str> {
        self.path.strip_prefix("crates/")?.split('/').next()
    }
}

/// All files: texts in the order of their paths, and the paths of everything else too.
pub struct Tree {
    pub files: Vec<SourceFile>,
    pub paths: BTreeSet<String>,
}

impl Tree {
    #[cfg(test)]
    pub fn new(files: Vec<SourceFile>) -> Self {
        let paths = files.iter().map(|file| file.path.clone()).collect();
        Tree { files, paths }
    }

    /// Whether the path names a file, or a folder with a file in it.
    pub fn has(&self, path: &str) -> bool {
        let folder = format!("{path}/");
        self.paths.contains(path)
            || self.paths.range(folder.clone()..).next().is_some_and(|p| p.starts_with(&folder))
    }

    pub fn file(&self, path: &str) -> Option<&SourceFile> {
        self.files.iter().find(|file| file.path == path)
    }
}

/// The root of the repository: the folder above this package's.
pub fn root() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().unwrap_or(package).to_path_buf()
}

/// Reads the tree under `root`, in the order of the paths.
///
/// # Errors
/// A folder or file can not be read.
pub fn read_tree(root: &Path) -> io::Result<Tree> {
    let mut tree = Tree { files: Vec::new(), paths: BTreeSet::new() };
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let entry = entry?;
            let kind = entry.file_type()?;
            let name = entry.file_name();
            if SKIPPED.iter().any(|skipped| name == *skipped) {
                continue;
            }
            if kind.is_dir() {
                folders.push(entry.path());
            } else if kind.is_file() {
                read_file(root, &entry.path(), &mut tree)?;
            }
        }
    }
    tree.files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(tree)
}

fn read_file(root: &Path, path: &Path, tree: &mut Tree) -> io::Result<()> {
    let relative = path.strip_prefix(root).unwrap_or(path).to_string_lossy().replace('\\', "/");
    // A colleague's editor or build may remove a file between the listing and the reading.
    let bytes = match fs::metadata(path).and_then(|data| {
        if data.len() > TEXT_BYTES_MAX { Ok(None) } else { fs::read(path).map(Some) }
    }) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    tree.paths.insert(relative.clone());
    if let Some(text) = bytes.and_then(|bytes| String::from_utf8(bytes).ok()) {
        tree.files.push(SourceFile::new(relative, text));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{SourceFile, Tree, read_tree, root};

    #[test]
    fn the_tree_holds_this_file_and_no_build_output() {
        let tree = read_tree(&root()).unwrap();
        assert!(tree.has("xtask/src/files.rs"));
        assert!(tree.has("xtask/src"));
        assert!(!tree.has("xtask/sr"));
        assert!(tree.paths.iter().all(|path| !path.starts_with("target/")));
    }

    #[test]
    fn a_path_tells_crate_and_extension() {
        let file = SourceFile::new("crates/model/src/money.rs", "");
        assert_eq!(file.crate_name(), Some("model"));
        assert_eq!(file.extension(), "rs");
        assert_eq!(SourceFile::new("LICENSE", "").extension(), "");
        assert_eq!(SourceFile::new("xtask/src/main.rs", "").crate_name(), None);
        assert!(Tree::new(vec![file]).file("crates/model/src/money.rs").is_some());
    }
}
