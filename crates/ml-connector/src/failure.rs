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
    /// A folder can not be written to; the words name it and the way out.
    #[error("{0}")]
    Unwritable(String),
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
    /// A person's leave to use the connection did not come to be.
    #[error("{connection} is not allowed yet: {why}")]
    NotAllowed { connection: String, why: String },
    /// The other side kept it from its end within the time given.
    #[error("not finished within {seconds} s: {why}")]
    OutOfTime { seconds: u64, why: String },
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

    /// What the other side said, when it was that.
    pub fn port(&self) -> Option<&PortError> {
        match self {
            Failure::Port(error) | Failure::Engine(EngineError::Port(error)) => Some(error),
            Failure::Usage(_)
            | Failure::Failed(_)
            | Failure::Unwritable(_)
            | Failure::Store(_)
            | Failure::Vault(_)
            | Failure::Engine(_)
            | Failure::Connect(_)
            | Failure::NotAllowed { .. }
            | Failure::OutOfTime { .. }
            | Failure::File { .. } => None,
        }
    }

    /// The exit code's number.
    pub fn number(&self) -> u8 {
        match self {
            Failure::Usage(_) | Failure::Connect(_) | Failure::Vault(_) => code::USAGE,
            Failure::OutOfTime { .. } | Failure::NotAllowed { .. } => code::UNREACHABLE,
            Failure::Failed(_)
            | Failure::Unwritable(_)
            | Failure::Store(_)
            | Failure::Engine(_)
            | Failure::Port(_)
            | Failure::File { .. } => match self.port() {
                Some(
                    PortError::Unauthorised(_)
                    | PortError::Unavailable(_)
                    | PortError::Throttled { .. },
                ) => code::UNREACHABLE,
                Some(_) | None => code::FAILED,
            },
        }
    }

    /// What to do about it, where the words themselves do not say.
    pub fn next_step(&self) -> Option<&'static str> {
        if let Failure::OutOfTime { .. } = self {
            return Some(
                "what is not done stays due: run the same command later or with a longer --timeout, \
                 or leave it to \"ml-connector serve\"",
            );
        }
        if let Failure::NotAllowed { .. } = self {
            return Some(
                "run the same command again, and allow it at the address that it prints: each attempt \
                 has its own",
            );
        }
        if let Failure::Vault(error) = self {
            // It says itself what to run.
            if error.to_string().contains("chmod") {
                return None;
            }
            return Some(
                "the key is kept apart from the database: put the right one back, or name its place \
                 under [vault] (docs/operating/backup-and-keys.md)",
            );
        }
        match self.port()? {
            PortError::Throttled { .. } => Some(
                "wait a minute and run the same command again; should it go on, lower the \
                 connection's concurrency or ask what else uses the account",
            ),
            PortError::Unavailable(_) => Some(
                "check the connection's address, the network and the system's status page, and run \
                 the same command again",
            ),
            PortError::Unauthorised(_) => {
                Some("\"ml-connector connections ping\" says what is refused and what to mend")
            }
            PortError::Rejected(_)
            | PortError::Stale(_)
            | PortError::OutcomeUnknown(_)
            | PortError::Unsupported(_) => None,
        }
    }

    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.number())
    }

    pub fn print(&self, json: bool) {
        let next = self.next_step();
        if json {
            let body = serde_json::json!({
                "error": self.to_string(), "code": self.number(), "next_step": next,
            });
            eprintln!("{body}");
        } else {
            eprintln!("error: {self}");
            if let Some(next) = next {
                eprintln!("next: {next}");
            }
        }
    }
}
