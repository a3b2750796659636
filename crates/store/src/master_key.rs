//! Where the master key comes from: bytes, a file that only its owner may read, text in an
//! environment variable, or the output of a command. The key itself is never printed.

use std::fmt;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use aws_lc_rs::rand;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use crate::vault::{KEY_BYTES, Vault, VaultError};

/// Longest text of a key that is looked at: 32 bytes in hex are 64 characters.
const KEY_TEXT_BYTES_MAX: usize = 1024;

/// Where to read the master key.
#[derive(Clone)]
pub enum MasterKeySource {
    Bytes(Zeroizing<[u8; KEY_BYTES]>),
    /// A file with 32 bytes as hex or base64, readable by its owner only.
    File(PathBuf),
    /// The text itself, hex or base64.
    Text(SecretString),
    /// The name of an environment variable that holds the text.
    Environment(String),
    /// A program (and arguments) that prints the text; it must end by itself.
    Command {
        program: String,
        arguments: Vec<String>,
    },
}

impl fmt::Debug for MasterKeySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            MasterKeySource::Bytes(_) => f.write_str("Bytes(…)"),
            MasterKeySource::File(path) => write!(f, "File({})", path.display()),
            MasterKeySource::Text(_) => f.write_str("Text(…)"),
            MasterKeySource::Environment(name) => write!(f, "Environment({name})"),
            MasterKeySource::Command { program, .. } => write!(f, "Command({program} …)"),
        }
    }
}

impl Vault {
    /// Opens the vault with the key that the source gives.
    pub fn open(source: &MasterKeySource) -> Result<Vault, VaultError> {
        match source {
            MasterKeySource::Bytes(bytes) => Vault::from_master(bytes),
            MasterKeySource::File(path) => {
                from_text(&read_file(path)?, &format!("the master key file {}", path.display()))
            }
            MasterKeySource::Text(text) => from_text(text, "the master key"),
            MasterKeySource::Environment(name) => {
                let text = std::env::var(name).map_err(|_| {
                    VaultError::MasterKey(format!("the environment variable {name} is not set"))
                })?;
                from_text(&SecretString::from(text), &format!("the environment variable {name}"))
            }
            MasterKeySource::Command { program, arguments } => {
                from_text(&read_command(program, arguments)?, &format!("the output of {program}"))
            }
        }
    }

    /// Makes a new master key from the system's randomness in a file that only its owner may read,
    /// and opens it. Refused when the file exists.
    pub fn create_file(path: &Path) -> Result<Vault, VaultError> {
        let mut key = Zeroizing::new([0_u8; KEY_BYTES]);
        rand::fill(&mut *key).map_err(|_| VaultError::Refused)?;
        let mut text = Zeroizing::new(hex::encode(key.as_slice()));
        text.push('\n');
        write_new(path, text.as_bytes()).map_err(|error| {
            VaultError::MasterKey(format!(
                "the master key file {} can not be made: {error}",
                path.display()
            ))
        })?;
        Vault::from_master(&key)
    }
}

/// Makes the file and sees it safely on the disk: a database sealed under a key that a power cut
/// took away is lost.
fn write_new(path: &Path, text: &[u8]) -> std::io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(text)?;
    file.sync_all()?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    fs::File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

fn read_file(path: &Path) -> Result<SecretString, VaultError> {
    let refused = |why: String| {
        VaultError::MasterKey(format!("the master key file {} {why}", path.display()))
    };
    let meta = fs::metadata(path).map_err(|error| refused(format!("can not be read: {error}")))?;
    #[cfg(unix)]
    {
        let mode = std::os::unix::fs::PermissionsExt::mode(&meta.permissions()) & 0o777;
        if mode & 0o077 != 0 {
            return Err(refused(format!(
                "is open to other users (mode {mode:04o}): run chmod 600 {}",
                path.display()
            )));
        }
    }
    if meta.len() > KEY_TEXT_BYTES_MAX as u64 {
        return Err(refused("is too long: it holds 32 bytes as hex or base64".to_owned()));
    }
    let text =
        fs::read_to_string(path).map_err(|error| refused(format!("can not be read: {error}")))?;
    Ok(SecretString::from(text))
}

fn read_command(program: &str, arguments: &[String]) -> Result<SecretString, VaultError> {
    let refused = |why: String| VaultError::MasterKey(format!("{program} gave no key: {why}"));
    let output = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| refused(error.to_string()))?;
    let printed = Zeroizing::new(output.stdout);
    if !output.status.success() {
        return Err(refused(output.status.to_string()));
    }
    let text =
        std::str::from_utf8(&printed).map_err(|_| refused("its output is not text".to_owned()))?;
    Ok(SecretString::from(text.to_owned()))
}

/// Reads 32 bytes written as hex or base64, around which white space does not matter.
fn from_text(text: &SecretString, origin: &str) -> Result<Vault, VaultError> {
    let text = text.expose_secret().trim();
    let bytes = if text.len() > KEY_TEXT_BYTES_MAX {
        None
    } else if text.len() == 2 * KEY_BYTES {
        hex::decode(text).ok()
    } else {
        STANDARD.decode(text).ok()
    };
    let bytes = Zeroizing::new(bytes.unwrap_or_default());
    let mut key = Zeroizing::new([0_u8; KEY_BYTES]);
    if bytes.len() != KEY_BYTES {
        return Err(VaultError::MasterKey(format!(
            "{origin} is not 32 bytes as hex (64 characters) or base64 (44 characters)"
        )));
    }
    key.copy_from_slice(&bytes);
    Vault::from_master(&key)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEX: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
    const BASE64: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

    fn id(source: &MasterKeySource) -> Result<String, String> {
        Vault::open(source).map(|vault| vault.key_id().to_owned()).map_err(|e| e.to_string())
    }

    fn text(text: &str) -> MasterKeySource {
        MasterKeySource::Text(SecretString::from(text.to_owned()))
    }

    #[test]
    fn one_key_is_one_vault_however_it_is_given() {
        let mut bytes = Zeroizing::new([0_u8; KEY_BYTES]);
        for (byte, value) in bytes.iter_mut().zip(0_u8..) {
            *byte = value;
        }
        let expected = id(&MasterKeySource::Bytes(bytes));
        assert!(expected.is_ok());
        let command = MasterKeySource::Command {
            program: "echo".to_owned(),
            arguments: vec![HEX.to_owned()],
        };
        for source in [text(HEX), text(&format!(" {BASE64}\n")), command] {
            assert_eq!(id(&source), expected, "{source:?}");
        }
    }

    #[test]
    fn what_is_no_key_is_refused_without_showing_it() {
        for bad in ["", "abc", &HEX[2..], &format!("{HEX}00"), "zz", &"A".repeat(5000)] {
            let refused = id(&text(bad)).unwrap_err();
            assert!(refused.contains("32 bytes"), "{refused}");
            assert!(bad.len() < 4 || !refused.contains(bad), "{refused}");
        }
        assert!(!format!("{:?}", text(HEX)).contains(HEX));
        assert!(id(&MasterKeySource::Environment("MLC_NO_SUCH_KEY".to_owned())).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn a_key_file_is_made_private_and_must_stay_so() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.key");
        let made = Vault::create_file(&path).unwrap().key_id().to_owned();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(id(&MasterKeySource::File(path.clone())), Ok(made));
        assert!(Vault::create_file(&path).is_err(), "an existing key is never overwritten");

        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let refused = id(&MasterKeySource::File(path)).unwrap_err();
        assert!(refused.contains("mode 0640") && refused.contains("chmod 600"), "{refused}");
    }
}
