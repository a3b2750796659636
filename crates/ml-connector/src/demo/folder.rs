//! Where a run of the demo writes: whether it still can, and what becomes of the folder at the end.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::wait::pause;
use crate::failure::{Failure, Result};

/// Space that must be there: the database grows by less between two looks.
const PROBE_BYTES: usize = 1 << 20;
/// Less than this once it failed, and it failed for want of space: children that ended have given some
/// back.
const LEFT_BYTES: usize = 16 << 20;
/// Name of the file that is written to see whether one can be.
const PROBE: &str = "space.probe";
/// About what a run of the usual size writes.
const NEEDED: &str = "about 100 MB";

/// Tries and host milliseconds between them until a child that was killed has let go of its files.
const REMOVE_TRIES: u32 = 100;
const REMOVE_MILLISECONDS: u64 = 20;

/// Where configuration, database and logs live.
pub struct Folder {
    path: PathBuf,
    temporary: bool,
}

impl Folder {
    /// The folder named, or a new one among the system's temporary ones.
    pub fn make(keep: Option<&Path>) -> Result<Folder> {
        let path = match keep {
            Some(path) => std::path::absolute(path).map_err(Failure::file("--keep"))?,
            None => {
                let mut random = [0_u8; 3];
                getrandom::fill(&mut random)
                    .map_err(|error| Failure::Failed(format!("no randomness: {error}")))?;
                std::env::temp_dir().join(format!("ml-connector-demo-{}", hex::encode(random)))
            }
        };
        if path.is_dir() && keep.is_none_or(|_| holds_anything(&path)) {
            let path = path.display();
            return Err(Failure::usage(format!(
                "the folder {path} is not empty: name a new one with --keep FOLDER"
            )));
        }
        if let Err(error) = std::fs::create_dir_all(&path) {
            return Err(refused(&path, &error));
        }
        let folder = Folder { path, temporary: keep.is_none() };
        match trouble(&folder.path) {
            None => Ok(folder),
            Some(told) => {
                folder.take_away();
                Err(told)
            }
        }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A folder within it.
    pub fn inner(&self, name: &str) -> Result<PathBuf> {
        let path = self.path.join(name);
        std::fs::create_dir_all(&path).map_err(|error| refused(&path, &error))?;
        Ok(path)
    }

    /// Removes a temporary folder, as soon as killed children are gone. Gives its path when it stays.
    pub async fn remove(self) -> Option<PathBuf> {
        if !self.temporary {
            return Some(self.path);
        }
        for _ in 0..REMOVE_TRIES {
            self.take_away();
            if !self.path.exists() {
                return None;
            }
            pause(REMOVE_MILLISECONDS).await;
        }
        Some(self.path)
    }

    fn take_away(&self) {
        if self.temporary {
            // Whoever asks sees whether it is still there.
            let _ = std::fs::remove_dir_all(&self.path);
        }
    }
}

fn holds_anything(path: &Path) -> bool {
    std::fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_some())
}

/// Why nothing can be written in a folder, in a sentence with what to do; `None`: it can.
#[must_use]
pub fn trouble(folder: &Path) -> Option<Failure> {
    probe(folder, PROBE_BYTES)
}

/// The same of a run that has failed.
#[must_use]
pub fn trouble_of_failed(folder: &Path) -> Option<Failure> {
    probe(folder, LEFT_BYTES)
}

fn probe(folder: &Path, bytes: usize) -> Option<Failure> {
    let probe = folder.join(PROBE);
    let written = std::fs::write(&probe, vec![b'.'; bytes]);
    // Where it could not be made there is nothing to remove.
    let _ = std::fs::remove_file(&probe);
    written.err().map(|error| refused(folder, &error))
}

fn refused(folder: &Path, error: &std::io::Error) -> Failure {
    let path = folder.display();
    let full = matches!(
        error.kind(),
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge
    );
    if full {
        Failure::Unwritable(format!(
            "there is no space left for {path} ({error}): the demo writes {NEEDED}; free some, or \
             name a folder on another disk with --keep FOLDER"
        ))
    } else {
        Failure::Unwritable(format!(
            "the folder {path} can not be written ({error}): name another with --keep FOLDER"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_not_be_written_is_named_with_a_way_out() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let inner = file.path().join("inner");
        let refused = Folder::make(Some(&inner)).err().unwrap().to_string();
        assert!(refused.contains(&inner.display().to_string()), "{refused}");
        assert!(refused.contains("--keep FOLDER"), "{refused}");
        let full = super::refused(&inner, &ErrorKind::StorageFull.into()).to_string();
        assert!(full.starts_with("there is no space left for "), "{full}");
    }

    #[test]
    fn a_folder_in_use_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        assert!(Folder::make(Some(folder.path())).is_ok(), "an empty one will do");
        let kept = folder.path().join("kept");
        std::fs::write(&kept, "mine").unwrap();
        let refused = Folder::make(Some(folder.path())).err().unwrap().to_string();
        assert!(refused.contains("not empty"), "{refused}");
        assert!(kept.exists());
    }
}
