//! What adding a connection makes and says: a key pair, the certificate to upload, and the steps in
//! NetSuite.

use jiff::Timestamp;

use super::keys::{KeyKind, generate_key};
use crate::registry::Prepared;

/// Shown when a connection is added.
pub const GUIDE: &str = "In NetSuite, as an administrator (netsuite/README.md has every step):
  1. Enable the features REST Web Services, OAuth 2.0 and SuiteAnalytics Workbook.
  2. Deploy the SDF project in netsuite/: it installs the fields and the role.
  3. Make an integration record with \"Client Credentials (Machine to Machine) Grant\" and the scope
     REST Web Services; its client id is --set client_id=…
  4. Setup, Integration, OAuth 2.0 Client Credentials Setup: map a user, the role and the
     integration to the certificate; the certificate id is --set certificate_id=…";

/// A key pair whose private half is sealed and whose certificate is printed for the upload.
pub fn prepare(connection: &str, now: Timestamp) -> Result<Prepared, String> {
    let made =
        generate_key(KeyKind::default(), connection, now).map_err(|error| error.to_string())?;
    let show = format!(
        "A key was made; its private half is sealed here. Upload this certificate (valid until \
         {}):\n\n{}",
        made.valid_until, made.certificate
    );
    Ok(Prepared { secrets: vec![("private_key".to_owned(), made.private_key)], show })
}
