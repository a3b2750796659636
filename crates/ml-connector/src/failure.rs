//! What went wrong, for the person at the terminal: what, where, and what to do next.

use std::process::ExitCode;

use connectors::registry::ConnectError;
use engine::EngineError;
use ports::PortError;
use store::api::StoreError;
use store::vault::VaultError;

/// Exit codes, stable for scripts.
pub mod code {
    /// Something failed, or a check did not hold.
    pub const FAILED: u8 = 1;
    /// The command line or the configuration can not be used.
    pub const USAGE: u8 = 2;
    /// It went well as far as it went, but something waits for a person.
    pub const ATTENTION: u8 = 3;
    /// The other side refused the credentials or could not be reached.
    pub const UNREACHABLE: u8 = 4;
}

#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The person asked for something that can not be done as asked.
    #[error("{0}")]
    Usage(String),
    /// It was tried and did not work.
    #[error("{0}")]
    Failed(String),
    #[error("the store: {0}")]
    Store(#[from] StoreError),
    #[error("the vault: {0}")]
    Vault(#[from] VaultError),
    #[error(transparent)]
    Engine(#[from] EngineError),
    #[error(transparent)]
    Port(#[from] PortError),
    #[error(transparent)]
    Connect(#[from] ConnectError),
    #[error("{what}: {error}")]
    File { what: String, error: std::io::Error },
}

pub type Result<T> = std::result::Result<T, Failure>;

impl Failure {
    pub fn usage(text: impl Into<String>) -> Failure {
        Failure::Usage(text.into())
    }

    pub fn file(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Failure {
        let what = what.into();
        move |error| Failure::File { what, error }
    }

    /// What the engine refuses in words is what the person asked for.
    pub fn of_engine(error: EngineError) -> Failure {
        match error {
            EngineError::Setup(words) => Failure::Usage(words),
            other => Failure::Engine(other),
        }
    }

    /// The exit code's number.
    pub fn number(&self) -> u8 {
        match self {
            Failure::Usage(_) | Failure::Connect(_) | Failure::Vault(_) => code::USAGE,
            Failure::Port(PortError::Unauthorised(_) | PortError::Unavailable(_))
            | Failure::Engine(EngineError::Port(
                PortError::Unauthorised(_) | PortError::Unavailable(_),
            )) => code::UNREACHABLE,
            Failure::Failed(_)
            | Failure::Store(_)
            | Failure::Engine(_)
            | Failure::Port(_)
            | Failure::File { .. } => code::FAILED,
        }
    }

    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.number())
    }

    pub fn print(&self, json: bool) {
        if json {
            let body = serde_json::json!({ "error": self.to_string(), "code": self.number() });
            eprintln!("{body}");
        } else {
            eprintln!("error: {self}");
        }
    }
}
