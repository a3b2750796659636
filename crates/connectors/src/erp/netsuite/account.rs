//! Account ids and the hosts they stand for (netsuite sheet section 1).

use url::Url;

use ports::health::Environment;

/// Where tokens are asked for.
pub const TOKEN_PATH: &str = "/services/rest/auth/oauth2/v1/token";

/// Longer than any account id seen.
const ID_CHARS_MAX: usize = 40;

/// Letters and digits with at least one digit (`1234567`, `TSTDRV1234567`), then, for sandboxes and
/// release previews, a part after one underscore (netsuite sheet section 1).
fn well_formed(id: &str) -> bool {
    let plain = |part: &str| !part.is_empty() && part.bytes().all(|c| c.is_ascii_alphanumeric());
    let (account, suffix) = id.split_once('_').map_or((id, None), |(a, b)| (a, Some(b)));
    plain(account) && account.bytes().any(|c| c.is_ascii_digit()) && suffix.is_none_or(plain)
}

/// A NetSuite account id in its canonical form (`1234567_SB1`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetSuiteAccount(String);

impl NetSuiteAccount {
    /// Reads an account id in either form, `1234567_SB1` or `1234567-sb1`; a whole host name is taken
    /// too, for people copy what they see.
    pub fn parse(text: &str) -> Result<NetSuiteAccount, String> {
        let text = text.trim().trim_start_matches("https://");
        let label = text.split(['.', '/']).next().unwrap_or_default();
        let id = label.to_ascii_uppercase().replace('-', "_");
        if id.len() > ID_CHARS_MAX || !well_formed(&id) {
            return Err(format!(
                "\"{text}\" is not a NetSuite account id: take it from Setup > Company > Company \
                 Information (for example 1234567 or 1234567_SB1)"
            ));
        }
        Ok(NetSuiteAccount(id))
    }

    #[must_use]
    pub fn id(&self) -> &str {
        &self.0
    }

    /// The first label of the account's hosts.
    #[must_use]
    pub fn label(&self) -> String {
        self.0.to_ascii_lowercase().replace('_', "-")
    }

    /// The account's own SuiteTalk host.
    pub fn base_url(&self) -> Result<Url, String> {
        let text = format!("https://{}.suitetalk.api.netsuite.com", self.label());
        text.parse().map_err(|_| format!("\"{text}\" is not an address"))
    }

    /// Sandboxes, release previews and test drives are told by the id's form.
    #[must_use]
    pub fn environment(&self) -> Environment {
        let suffix = self.0.split_once('_').map_or("", |(_, suffix)| suffix);
        let sandbox = suffix.starts_with("SB") || suffix.starts_with("RP");
        if sandbox || self.0.starts_with("TSTDRV") {
            Environment::Sandbox
        } else {
            Environment::Production
        }
    }
}

/// The token URL below `base`: exactly what an assertion must name as its audience.
#[must_use]
pub fn token_url(base: &Url) -> String {
    format!("{}{TOKEN_PATH}", base.as_str().trim_end_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_id_gives_its_host_and_environment() {
        for (text, id, host, environment) in [
            ("1234567", "1234567", "1234567", Environment::Production),
            ("1234567_SB1", "1234567_SB1", "1234567-sb1", Environment::Sandbox),
            ("1234567-sb2", "1234567_SB2", "1234567-sb2", Environment::Sandbox),
            ("1234567_RP", "1234567_RP", "1234567-rp", Environment::Sandbox),
            ("TSTDRV1234567", "TSTDRV1234567", "tstdrv1234567", Environment::Sandbox),
            (
                "https://1234567.app.netsuite.com/app/center",
                "1234567",
                "1234567",
                Environment::Production,
            ),
        ] {
            let account = NetSuiteAccount::parse(text).unwrap();
            assert_eq!(account.id(), id);
            assert_eq!(account.environment(), environment, "{text}");
            let host = format!("{host}.suitetalk.api.netsuite.com");
            assert_eq!(account.base_url().unwrap().host_str(), Some(host.as_str()));
        }
        for text in ["", "   ", "12 34", "a/../b?c=d@e f"] {
            if let Ok(account) = NetSuiteAccount::parse(text) {
                assert!(account.base_url().is_ok(), "{text}");
            }
        }
        for text in ["12 34", "", "../..", "https://", "notanaccount", "1234567_", "_SB1", "1_2_3"]
        {
            assert!(NetSuiteAccount::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_token_url_is_the_exact_audience() {
        let base = NetSuiteAccount::parse("1234567_SB1").unwrap().base_url().unwrap();
        assert_eq!(
            token_url(&base),
            "https://1234567-sb1.suitetalk.api.netsuite.com/services/rest/auth/oauth2/v1/token"
        );
    }
}
