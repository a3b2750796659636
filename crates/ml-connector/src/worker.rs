//! Worker names on one machine. Each process holds a file lock while it lives, so that the leases of
//! one that was killed are free at once instead of after their time.

use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};

use store::Store;
use tracing::info;

use crate::failure::{Failure, Result};

/// The name of this process's worker; its lock ends with the process, however that ends.
pub struct Worker {
    pub name: String,
    file: PathBuf,
    _lock: File,
}

impl Worker {
    /// Takes a new name in `folder`.
    pub fn register(folder: &Path) -> Result<Worker> {
        let what = || format!("the worker folder {}", folder.display());
        std::fs::create_dir_all(folder).map_err(Failure::file(what()))?;
        let mut random = [0_u8; 6];
        getrandom::fill(&mut random)
            .map_err(|error| Failure::Failed(format!("no randomness from the system: {error}")))?;
        let name = format!("worker-{}-{}", std::process::id(), hex::encode(random));
        let file = folder.join(&name);
        let lock = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&file)
            .map_err(Failure::file(what()))?;
        lock.lock().map_err(Failure::file(what()))?;
        Ok(Worker { name, file, _lock: lock })
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // A file that stays behind is taken away by the next process.
        let _ = std::fs::remove_file(&self.file);
    }
}

/// Frees the leases of workers of this machine whose process is gone.
pub async fn reap(folder: &Path, store: &dyn Store) -> Result<()> {
    for holder in store.lease_holders().await? {
        let path = folder.join(&holder);
        let gone = match OpenOptions::new().write(true).open(&path) {
            Ok(file) => file.try_lock().is_ok(),
            // Names of this machine always leave a file unless they ended in order.
            Err(error) => error.kind() == std::io::ErrorKind::NotFound,
        };
        if gone && holder.starts_with("worker-") {
            let freed = store.expire_worker(&holder).await?;
            info!(worker = holder, freed, "a worker is gone; its cases are free");
            let _ = std::fs::remove_file(&path);
        }
    }
    Ok(())
}
