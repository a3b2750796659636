//! The configuration: one TOML file, every key also as an `MLC_…` environment variable
//! (`MLC_SERVER__LISTEN` for `[server] listen`). An unreadable one gives one error that names the
//! file, the line and the key.

use std::path::{Path, PathBuf};

use figment::Figment;
use figment::providers::{Env, Format, Serialized, Toml};
use serde::{Deserialize, Serialize};

use crate::config_values;
use crate::failure::{Failure, Result};

/// Where the configuration is looked for when `--config` is not given.
pub const DEFAULT_FILE: &str = "ml-connector.toml";

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[derive(Default)]
pub struct Config {
    pub server: Server,
    pub store: StoreSection,
    pub vault: VaultSection,
    pub engine: EngineSection,
    pub logs: Logs,
    pub clock: ClockSection,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Server {
    /// Address and port of webhooks, health and metrics.
    #[serde(deserialize_with = "config_values::listen")]
    pub listen: String,
    /// How the outside reaches `listen`, for the addresses that set-up shows.
    #[serde(deserialize_with = "config_values::public_url")]
    pub public_url: Option<String>,
}

impl Default for Server {
    fn default() -> Server {
        Server { listen: "127.0.0.1:8400".to_owned(), public_url: None }
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StoreSection {
    /// The folder of the database and its worker files.
    pub folder: PathBuf,
}

impl Default for StoreSection {
    fn default() -> StoreSection {
        StoreSection { folder: PathBuf::from("ml-connector-data") }
    }
}

/// Where the master key comes from: at most one of the three.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct VaultSection {
    pub master_key_file: Option<PathBuf>,
    pub master_key_env: Option<String>,
    pub master_key_command: Option<Vec<String>>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EngineSection {
    /// Seconds for which a worker holds a case; longer than any request's deadline.
    #[serde(deserialize_with = "config_values::lease_seconds")]
    pub lease_seconds: u32,
    /// Cases taken at a time.
    #[serde(deserialize_with = "config_values::batch")]
    pub batch: u32,
    /// Cases worked on at the same time.
    #[serde(deserialize_with = "config_values::concurrency")]
    pub concurrency: usize,
}

impl Default for EngineSection {
    fn default() -> EngineSection {
        EngineSection { lease_seconds: 300, batch: 200, concurrency: 16 }
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Logs {
    /// `error`, `warn`, `info`, `debug`, or a filter like `engine=debug,info`.
    #[serde(deserialize_with = "config_values::level")]
    pub level: String,
    /// `text` or `json`.
    pub format: LogFormat,
}

impl Default for Logs {
    fn default() -> Logs {
        Logs { level: "warn".to_owned(), format: LogFormat::Text }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    Text,
    Json,
}

/// For a sandbox with a virtual clock on this machine; never for real accounts.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ClockSection {
    /// The sandbox's clock to follow (`http://127.0.0.1:PORT/_sandbox/clock`).
    pub follow: Option<String>,
}

impl Config {
    /// Reads the file (the default one may be absent) and the environment.
    pub fn read(file: Option<&Path>) -> Result<Config> {
        let path = file.unwrap_or(Path::new(DEFAULT_FILE));
        let mut figment = Figment::from(Serialized::defaults(Config::default()));
        match std::fs::read_to_string(path) {
            Ok(text) => {
                check_toml(path, &text)?;
                figment = figment.merge(Toml::string(&text));
            }
            Err(error) if file.is_none() && error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => {
                return Err(Failure::usage(format!("{} can not be read: {error}", path.display())));
            }
        }
        // MLC_CONFIG names the file itself, MLC_USER who acts; a master key in MLC_MASTER_KEY is
        // named by [vault].
        let ignored = ["config", "user", "master_key"];
        let environment = Env::prefixed("MLC_").ignore(&ignored).split("__");
        let figment = figment.merge(environment);
        figment.extract().map_err(|error| {
            let key = error.path.join(".");
            let environment = error
                .metadata
                .as_ref()
                .is_some_and(|metadata| metadata.name.contains("environment"));
            let place = if environment {
                format!("the environment variable MLC_{}", key.to_uppercase().replace('.', "__"))
            } else {
                path.display().to_string()
            };
            Failure::usage(format!("{place}: key \"{key}\": {}", error.kind))
        })
    }

    #[must_use]
    pub fn database(&self) -> PathBuf {
        self.store.folder.join("ml-connector.sqlite")
    }

    #[must_use]
    pub fn workers(&self) -> PathBuf {
        self.store.folder.join("workers")
    }

    /// The key file used when nothing else is configured.
    #[must_use]
    pub fn default_key_file(&self) -> PathBuf {
        self.store.folder.join("master.key")
    }

    /// The address at which deliveries of a connection arrive.
    #[must_use]
    pub fn webhook_url(&self, connection: &str) -> String {
        let base = self.server.public_url.clone();
        let base = base.unwrap_or_else(|| format!("http://{}", self.server.listen));
        format!("{}/webhooks/{connection}", base.trim_end_matches('/'))
    }
}

/// Unknown keys, wrong types and broken syntax with their line, before the sources are merged.
fn check_toml(path: &Path, text: &str) -> Result<()> {
    match toml::from_str::<Config>(text) {
        Ok(_) => Ok(()),
        Err(error) => {
            let line = error
                .span()
                .map_or(1, |span| text[..span.start.min(text.len())].matches('\n').count() + 1);
            let written = text.lines().nth(line - 1).unwrap_or_default().trim();
            let message = error.message();
            Err(Failure::usage(format!(
                "{}, line {line}: {message} (the line says: {written})",
                path.display()
            )))
        }
    }
}

/// What `init` writes.
pub const COMMENTED: &str = r#"# ml-connector's configuration. Every key can also be set in the environment:
# MLC_SERVER__LISTEN for [server] listen, and so on.

[server]
# Where webhooks, /healthz, /readyz and /metrics are answered.
listen = "127.0.0.1:8400"
# How the outside reaches that address (your reverse proxy's), for the addresses that set-up shows.
# public_url = "https://connector.example.com"

[store]
# The database and its worker files.
folder = "ml-connector-data"

[vault]
# One of three sources of the master key. Without any, <store folder>/master.key is used.
# Keep a copy of the key apart from backups: without it the stored credentials can not be read.
# master_key_file = "/etc/ml-connector/master.key"
# master_key_env = "MLC_MASTER_KEY"
# master_key_command = ["pass", "show", "ml-connector"]

[engine]
# Seconds for which a worker holds a case.
lease_seconds = 300
batch = 200
concurrency = 16

[logs]
# error, warn, info, debug, or a filter like "engine=debug,info"
level = "info"
# text or json
format = "text"
"#;

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, parts: &[&str]) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("conf.toml");
        std::fs::write(&path, text).unwrap();
        let error = Config::read(Some(&path)).unwrap_err().to_string();
        for part in parts.iter().chain(&["conf.toml"]) {
            assert!(error.contains(part), "{error:?} lacks {part:?}");
        }
    }

    #[test]
    fn an_unreadable_file_names_file_line_and_key() {
        check("[server]\nlistn = \"x\"\n", &["line 2", "listn"]);
        check("[server]\nlisten = 5\n", &["line 2", "listen"]);
        check("[server\n", &["line 1"]);
        check("[engine]\n\nlease_seconds = \"long\"\n", &["line 3", "lease_seconds"]);
    }

    #[test]
    fn a_value_out_of_range_names_its_line_and_what_is_allowed() {
        check("[engine]\nlease_seconds = 0\n", &["line 2", "120"]);
        check("[engine]\nbatch = 0\n", &["line 2", "10000"]);
        check("[engine]\nconcurrency = 0\n", &["line 2", "1000"]);
        check("[logs]\nlevel = \"loud\"\n", &["line 2", "info"]);
        check("[server]\nlisten = \"somewhere\"\n", &["line 2", "127.0.0.1:8400"]);
        check("[server]\npublic_url = \"connector\"\n", &["line 2", "https://"]);
    }

    #[test]
    fn the_commented_file_is_the_default() {
        let read: Config = toml::from_str(COMMENTED).unwrap();
        assert_eq!(read.server.listen, Server::default().listen);
        assert_eq!(read.engine.lease_seconds, EngineSection::default().lease_seconds);
    }
}
