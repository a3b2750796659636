//! Logs go to standard error, as text or JSON. They carry ids, never bodies.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use crate::config::{LogFormat, Logs};
use crate::failure::{Failure, Result};

/// Installs the subscriber of this process. `told`: log what the configuration says; else errors
/// only. A filter in `RUST_LOG`, or a level set in the environment, is asked for and counts first.
pub fn install(logs: &Logs, told: bool) -> Result<()> {
    let configured = EnvFilter::try_new(&logs.level)
        .map_err(|error| Failure::usage(format!("[logs] level \"{}\": {error}", logs.level)))?;
    let asked = std::env::var("RUST_LOG").ok().filter(|filter| !filter.is_empty());
    let filter = match asked {
        Some(asked) => EnvFilter::try_new(&asked)
            .map_err(|error| Failure::usage(format!("RUST_LOG \"{asked}\": {error}")))?,
        None if told || std::env::var_os("MLC_LOGS__LEVEL").is_some() => configured,
        None => EnvFilter::new("error"),
    };
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    let installed = match logs.format {
        LogFormat::Text => builder.try_init(),
        LogFormat::Json => builder.json().try_init(),
    };
    installed.map_err(|error| Failure::Failed(format!("logs could not be set up: {error}")))
}
