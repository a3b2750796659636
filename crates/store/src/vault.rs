//! Sealed secrets and the keys of the audit chain. Each secret has a data key of its own, wrapped
//! under the master key; connection and field are associated data, so rows can not be swapped. No
//! key and no secret is ever printed, and what was held in memory is overwritten (promise P8).

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Salt};
use aws_lc_rs::{hmac, rand};
use secrecy::{ExposeSecret, SecretString};
use zeroize::{Zeroize, Zeroizing};

/// Bytes of a master or data key.
pub const KEY_BYTES: usize = 32;

/// Bytes of the id of a master key: enough to tell a handful of keys apart.
const KEY_ID_BYTES: usize = 8;

/// What the vault could not do. No variant holds key or secret material.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    #[error("{0}")]
    MasterKey(String),
    #[error(
        "the secret \"{field}\" of connection {connection} is sealed under master key {needed}, which was not given"
    )]
    OtherMasterKey { connection: String, field: String, needed: String },
    #[error(
        "the secret \"{field}\" of connection {connection} can not be unsealed: it was changed or moved"
    )]
    Tampered { connection: String, field: String },
    #[error("the cryptographic library refused")]
    Refused,
}

/// A secret as it is stored.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed {
    /// Names the master key that wraps the data key.
    pub master_key: String,
    /// Nonce, wrapped data key, tag.
    pub wrapped_key: Vec<u8>,
    /// Nonce, sealed secret, tag.
    pub sealed: Vec<u8>,
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealed(under {})", self.master_key)
    }
}

/// Seals and unseals under one master key, and holds the key of the audit chain derived from it.
pub struct Vault {
    id: String,
    wrapping: RandomizedNonceKey,
    chain: hmac::Key,
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Vault({})", self.id)
    }
}

struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

impl Vault {
    /// Derives the working keys of a master key. The master key itself is not kept.
    pub fn from_master(master: &Zeroizing<[u8; KEY_BYTES]>) -> Result<Vault, VaultError> {
        let wrapping = derive(master, b"ml-connector 1 wrapping key", KEY_BYTES)?;
        let chain = derive(master, b"ml-connector 1 audit chain", KEY_BYTES)?;
        let id = derive(master, b"ml-connector 1 key id", KEY_ID_BYTES)?;
        Ok(Vault {
            id: hex::encode(&*id),
            wrapping: cipher(&wrapping)?,
            chain: hmac::Key::new(hmac::HMAC_SHA256, &chain),
        })
    }

    /// The public name of the master key: derived from it, and telling nothing about it.
    #[must_use]
    pub fn key_id(&self) -> &str {
        &self.id
    }

    /// Seals a secret of a connection under a fresh data key.
    pub fn seal(
        &self,
        connection: &str,
        field: &str,
        secret: &SecretString,
    ) -> Result<Sealed, VaultError> {
        let mut data_key = Zeroizing::new([0_u8; KEY_BYTES]);
        rand::fill(&mut *data_key).map_err(|_| VaultError::Refused)?;
        let wrapped_key =
            lock(&self.wrapping, &place("key", connection, field), data_key.as_slice())?;
        let sealed = lock(
            &cipher(data_key.as_slice())?,
            &place("secret", connection, field),
            secret.expose_secret().as_bytes(),
        )?;
        Ok(Sealed { master_key: self.id.clone(), wrapped_key, sealed })
    }

    /// Unseals a secret that was sealed for exactly this connection and field.
    pub fn unseal(
        &self,
        connection: &str,
        field: &str,
        sealed: &Sealed,
    ) -> Result<SecretString, VaultError> {
        let names = || (connection.to_owned(), field.to_owned());
        if sealed.master_key != self.id {
            let (connection, field) = names();
            let needed = sealed.master_key.clone();
            return Err(VaultError::OtherMasterKey { connection, field, needed });
        }
        let tampered = || {
            let (connection, field) = names();
            VaultError::Tampered { connection, field }
        };
        let data_key =
            unlock(&self.wrapping, &place("key", connection, field), &sealed.wrapped_key)
                .ok_or_else(tampered)?;
        let key = cipher(&data_key).map_err(|_| tampered())?;
        let secret = unlock(&key, &place("secret", connection, field), &sealed.sealed)
            .ok_or_else(tampered)?;
        let text = std::str::from_utf8(&secret).map_err(|_| tampered())?;
        Ok(SecretString::from(text.to_owned()))
    }

    /// The keyed mac of the audit chain over parts, each told apart by its length.
    #[must_use]
    pub fn chain_mac(&self, parts: &[&[u8]]) -> String {
        let mut context = hmac::Context::with_key(&self.chain);
        for part in parts {
            context.update(&length_bytes(part));
            context.update(part);
        }
        hex::encode(context.sign().as_ref())
    }
}

fn length_bytes(part: &[u8]) -> [u8; 8] {
    u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes()
}

fn derive(
    master: &Zeroizing<[u8; KEY_BYTES]>,
    purpose: &[u8],
    length: usize,
) -> Result<Zeroizing<Vec<u8>>, VaultError> {
    let mut key = Zeroizing::new(vec![0_u8; length]);
    Salt::new(HKDF_SHA256, b"")
        .extract(master.as_slice())
        .expand(&[purpose], Length(length))
        .and_then(|okm| okm.fill(&mut key))
        .map_err(|_| VaultError::Refused)?;
    Ok(key)
}

fn cipher(key: &[u8]) -> Result<RandomizedNonceKey, VaultError> {
    RandomizedNonceKey::new(&AES_256_GCM, key).map_err(|_| VaultError::Refused)
}

/// Where a ciphertext belongs, as associated data; lengths keep the parts apart.
fn place(what: &str, connection: &str, field: &str) -> Vec<u8> {
    let mut place = Vec::new();
    for part in [what, connection, field] {
        place.extend_from_slice(&length_bytes(part.as_bytes()));
        place.extend_from_slice(part.as_bytes());
    }
    place
}

/// Nonce, ciphertext, tag.
fn lock(key: &RandomizedNonceKey, place: &[u8], plain: &[u8]) -> Result<Vec<u8>, VaultError> {
    // Room for the tag from the start: growing would leave a copy of the plain text behind.
    let mut text = Vec::with_capacity(plain.len() + AES_256_GCM.tag_len());
    text.extend_from_slice(plain);
    match key.seal_in_place_append_tag(Aad::from(place), &mut text) {
        Ok(nonce) => {
            let mut out = nonce.as_ref().to_vec();
            out.append(&mut text);
            Ok(out)
        }
        Err(_) => {
            text.zeroize();
            Err(VaultError::Refused)
        }
    }
}

/// The plain text, or `None` when key, place or text do not fit.
fn unlock(key: &RandomizedNonceKey, place: &[u8], locked: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (nonce, text) = locked.split_at_checked(NONCE_LEN)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
    let mut text = Zeroizing::new(text.to_vec());
    let length = key.open_in_place(nonce, Aad::from(place), &mut text).ok()?.len();
    text.truncate(length);
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vault(byte: u8) -> Vault {
        Vault::from_master(&Zeroizing::new([byte; KEY_BYTES])).unwrap()
    }

    fn text(secret: Result<SecretString, VaultError>) -> Result<String, VaultError> {
        secret.map(|secret| secret.expose_secret().to_owned())
    }

    #[test]
    fn a_secret_comes_back_only_where_it_was_sealed() {
        let vault = vault(1);
        let sealed = vault.seal("books", "token", &"s3cret".into()).unwrap();
        assert_eq!(text(vault.unseal("books", "token", &sealed)), Ok("s3cret".to_owned()));
        for (connection, field) in [("books", "other"), ("bank", "token"), ("bookst", "oken")] {
            let refused = text(vault.unseal(connection, field, &sealed));
            assert!(matches!(refused, Err(VaultError::Tampered { .. })), "{refused:?}");
        }
    }

    #[test]
    fn every_changed_byte_is_noticed() {
        let vault = vault(1);
        let sealed = vault.seal("books", "token", &"s3cret".into()).unwrap();
        for at in 0..sealed.sealed.len() {
            let mut changed = sealed.clone();
            changed.sealed[at] ^= 1;
            assert!(vault.unseal("books", "token", &changed).is_err(), "byte {at}");
        }
        for at in 0..sealed.wrapped_key.len() {
            let mut changed = sealed.clone();
            changed.wrapped_key[at] ^= 1;
            assert!(vault.unseal("books", "token", &changed).is_err(), "key byte {at}");
        }
        let short = Sealed { sealed: vec![1, 2, 3], ..sealed };
        assert!(vault.unseal("books", "token", &short).is_err());
    }

    #[test]
    fn two_seals_of_one_secret_share_nothing() {
        let vault = vault(1);
        let one = vault.seal("books", "token", &"s3cret".into()).unwrap();
        let two = vault.seal("books", "token", &"s3cret".into()).unwrap();
        assert_ne!(one.sealed, two.sealed);
        assert_ne!(one.wrapped_key, two.wrapped_key);
    }

    #[test]
    fn another_master_key_is_named() {
        let sealed = vault(1).seal("books", "token", &"s3cret".into()).unwrap();
        let refused = text(vault(2).unseal("books", "token", &sealed));
        assert!(matches!(refused, Err(VaultError::OtherMasterKey { .. })), "{refused:?}");
        assert_ne!(vault(1).key_id(), vault(2).key_id());
    }

    #[test]
    fn the_mac_tells_parts_apart() {
        let (vault, two) = (vault(1), vault(2));
        assert_ne!(vault.chain_mac(&[b"ab", b"c"]), vault.chain_mac(&[b"a", b"bc"]));
        assert_ne!(vault.chain_mac(&[b"ab"]), two.chain_mac(&[b"ab"]));
    }

    #[test]
    fn nothing_is_printed() {
        let vault = vault(7);
        let sealed = vault.seal("books", "token", &"s3cret".into()).unwrap();
        let printed = format!("{vault:?} {sealed:?}");
        assert!(!printed.contains("s3cret") && !printed.contains("7, 7"), "{printed}");
    }
}
