//! `sandbox`: the emulated systems on this machine, also for other people's clients.

use std::process::ExitCode;

use sandbox::harness::{Options, Ports, Stop, run as serve};

use crate::cli::Sandbox;
use crate::failure::{Failure, Result};

pub async fn run(options: &Sandbox) -> Result<ExitCode> {
    let start = options
        .start
        .as_deref()
        .map(|text| {
            text.parse().map_err(|error| Failure::usage(format!("--start \"{text}\": {error}")))
        })
        .transpose()?;
    let ports = if options.port == 0 { Ports::any() } else { Ports::from_first(options.port) };
    let options = Options {
        ports,
        start,
        rate: options.rate,
        seed: options.seed,
        only: options.only.clone(),
        stop: Stop::Signal,
    };
    serve(options).await.map_err(|error| Failure::Failed(error.to_string()))?;
    Ok(ExitCode::SUCCESS)
}
