//! P8: no secret of the story stands readable in anything that the connector wrote.

use std::io::{BufReader, Read};
use std::path::Path;

use super::Broken;

/// Bytes read at a time.
const BLOCK: usize = 1 << 20;

/// Searches every file under `folder` for the secrets.
pub fn check(folder: &Path, secrets: &[String]) -> std::io::Result<Vec<Broken>> {
    let mut broken = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                folders.push(entry.path());
            } else if holds_any(&entry.path(), secrets)? {
                let what = format!("{} holds a secret in the clear", entry.path().display());
                broken.push(Broken::new("P8", what));
            }
        }
    }
    broken.sort();
    Ok(broken)
}

fn holds_any(path: &Path, secrets: &[String]) -> std::io::Result<bool> {
    let longest = secrets.iter().map(String::len).max().unwrap_or(0);
    let mut file = BufReader::new(std::fs::File::open(path)?);
    let mut held: Vec<u8> = Vec::new();
    let mut block = vec![0; BLOCK];
    loop {
        let count = file.read(&mut block)?;
        if count == 0 {
            return Ok(false);
        }
        held.extend_from_slice(&block[..count]);
        if secrets.iter().any(|secret| contains(&held, secret.as_bytes())) {
            return Ok(true);
        }
        // A secret may lie across two blocks.
        held.drain(..held.len().saturating_sub(longest));
    }
}

/// Whether the bytes occur; empty ones do not.
fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    let Some((first, _)) = wanted.split_first() else { return false };
    let mut rest = bytes;
    while let Some(at) = rest.iter().position(|byte| byte == first) {
        rest = &rest[at..];
        if rest.starts_with(wanted) {
            return true;
        }
        rest = &rest[1..];
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_in_any_file_is_found_also_across_blocks() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("inner");
        std::fs::create_dir(&inner).unwrap();
        let secrets = ["s3cret-token".to_owned()];
        std::fs::write(inner.join("clean"), "s3cret s3cret-toke").unwrap();
        assert_eq!(check(folder.path(), &secrets).unwrap(), []);
        let mut long = vec![b's'; BLOCK - 5];
        long.extend_from_slice(b"s3cret-token and more");
        std::fs::write(inner.join("leak"), long).unwrap();
        let broken = check(folder.path(), &secrets).unwrap();
        assert_eq!(broken.len(), 1);
        assert!(broken[0].what.contains("leak"));
    }
}
