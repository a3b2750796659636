//! The key pair of a connection: made here, its certificate uploaded by a person, its private half
//! sealed. Only keys that NetSuite takes are made or accepted (netsuite sheet section 2.1).

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jsonwebtoken::{Algorithm, EncodingKey};
use rcgen::{
    CertificateParams, DistinguishedName, DnType, KeyPair, PKCS_ECDSA_P256_SHA256,
    PKCS_ECDSA_P384_SHA384, PKCS_RSA_SHA256, RsaKeySize, date_time_ymd,
};
use secrecy::{ExposeSecret, SecretString};

/// NetSuite cuts longer certificates to two years; a day less keeps leap years inside.
const VALID_DAYS: i32 = 729;
/// A 3072-bit modulus in its DER envelope has more bytes than this; a 2048-bit one fewer.
const RSA_PUBLIC_BYTES_MIN: usize = 390;

/// What kind of key to make.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum KeyKind {
    /// EC P-256, signing ES256: small, quick to make.
    #[default]
    P256,
    /// RSA with 3072 bits, signing PS256.
    Rsa3072,
    /// RSA with 4096 bits, signing PS256.
    Rsa4096,
}

/// A fresh key and the certificate to upload.
pub struct GeneratedKey {
    /// PKCS #8 in PEM: the connection's secret `private_key`.
    pub private_key: SecretString,
    /// Self-signed X.509 in PEM: not secret, uploaded to NetSuite.
    pub certificate: String,
    /// The certificate's last day.
    pub valid_until: Date,
}

/// The key could not be made or read; never holds any of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct KeyError(pub String);

/// Makes a key and a self-signed certificate for `name`, valid from the day before `now` for two
/// years, the longest that NetSuite takes.
///
/// # Errors
/// When the system's randomness or the algorithm is not available.
pub fn generate_key(kind: KeyKind, name: &str, now: Timestamp) -> Result<GeneratedKey, KeyError> {
    let failed = |error: rcgen::Error| KeyError(format!("the key could not be made: {error}"));
    let pair = match kind {
        KeyKind::P256 => KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256),
        KeyKind::Rsa3072 => KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_3072),
        KeyKind::Rsa4096 => KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_4096),
    }
    .map_err(failed)?;
    let today = now.to_zoned(TimeZone::UTC).date();
    let out_of_range = |_| KeyError("the date is out of range".to_owned());
    let from = today.yesterday().map_err(out_of_range)?;
    let until = from.saturating_add(jiff::Span::new().days(VALID_DAYS));
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = date_time_ymd(i32::from(from.year()), month(from), day(from));
    params.not_after = date_time_ymd(i32::from(until.year()), month(until), day(until));
    let certificate = params.self_signed(&pair).map_err(failed)?;
    Ok(GeneratedKey {
        private_key: SecretString::from(pair.serialize_pem()),
        certificate: certificate.pem(),
        valid_until: until,
    })
}

fn month(on: Date) -> u8 {
    on.month().unsigned_abs()
}

fn day(on: Date) -> u8 {
    on.day().unsigned_abs()
}

/// A private key that signs assertions, and the algorithm that fits it.
pub struct SigningKey {
    pub algorithm: Algorithm,
    pub key: EncodingKey,
}

impl SigningKey {
    /// Reads a PKCS #8 private key in PEM and chooses its algorithm: PS256 for RSA, ES256 or ES384
    /// for EC.
    ///
    /// # Errors
    /// A sentence for the person, without any of the key.
    pub fn read(private_key: &SecretString) -> Result<SigningKey, KeyError> {
        let pem = private_key.expose_secret().trim();
        let refused = |why: &str| KeyError(why.to_owned());
        let pair = KeyPair::from_pem(pem).map_err(|_| {
            refused("it is not a private key in PEM form (-----BEGIN PRIVATE KEY-----)")
        })?;
        let unread = |_| refused("the private key must be in PKCS #8 form");
        let bytes = pem.as_bytes();
        if pair.is_compatible(&PKCS_ECDSA_P256_SHA256) {
            let key = EncodingKey::from_ec_pem(bytes).map_err(unread)?;
            return Ok(SigningKey { algorithm: Algorithm::ES256, key });
        }
        if pair.is_compatible(&PKCS_ECDSA_P384_SHA384) {
            let key = EncodingKey::from_ec_pem(bytes).map_err(unread)?;
            return Ok(SigningKey { algorithm: Algorithm::ES384, key });
        }
        if !pair.is_compatible(&PKCS_RSA_SHA256) {
            return Err(refused("NetSuite takes EC keys (P-256, P-384) and RSA keys only"));
        }
        if pair.public_key_raw().len() < RSA_PUBLIC_BYTES_MIN {
            return Err(refused("NetSuite takes RSA keys of 3072 or 4096 bits only"));
        }
        let key = EncodingKey::from_rsa_pem(bytes).map_err(unread)?;
        Ok(SigningKey { algorithm: Algorithm::PS256, key })
    }
}
