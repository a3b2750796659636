//! Logs go to standard error, as text or JSON. They carry ids, never bodies.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use crate::config::{LogFormat, Logs};
use crate::failure::{Failure, Result};

/// Installs the subscriber of this process.
pub fn install(logs: &Logs) -> Result<()> {
    let filter = EnvFilter::try_new(&logs.level)
        .map_err(|error| Failure::usage(format!("[logs] level \"{}\": {error}", logs.level)))?;
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
