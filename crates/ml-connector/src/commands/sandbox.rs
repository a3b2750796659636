//! `sandbox`: the emulated systems on this machine, for trying the commands without an account, and for
//! other people's clients.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::Arc;

use sandbox::clock::VirtualClock;
use sandbox::harness::{Harness, HarnessError, Ports};
use sandbox::registry;

use crate::cli::Sandbox;
use crate::demo::ending::Signals;
use crate::demo::trial;
use crate::failure::{Failure, Result};

/// Serves until a signal. The addresses are printed as one line of JSON on standard output once all
/// listen, and for people, with the commands that connect, on standard error.
pub async fn run(options: &Sandbox) -> Result<ExitCode> {
    let start = options
        .start
        .as_deref()
        .map(|text| {
            text.parse().map_err(|error| {
                Failure::usage(format!(
                    "--start can not be \"{text}\" ({error}): it wants a time, for example \
                     2026-03-02T08:00:00Z"
                ))
            })
        })
        .transpose()?;
    let emulators = registry::emulators(options.seed, &options.only).map_err(refused)?;
    let clock = match start {
        Some(start) => VirtualClock::new(start, options.rate),
        None => VirtualClock::from_host(options.rate),
    };
    if options.company {
        for emulator in &emulators {
            trial::settle(emulator.as_ref(), clock.now())?;
        }
    }
    let mut signals = Signals::listen()?;
    let ports = if options.port == 0 { Ports::any() } else { Ports::from_first(options.port) };
    let running = Harness::start(emulators, Arc::new(clock), ports).await.map_err(refused)?;
    let urls: BTreeMap<String, String> =
        running.urls().map(|(name, url)| (name.to_owned(), url.to_owned())).collect();
    println!("{}", serde_json::json!(urls));
    eprintln!("\n{}\n\nCtrl-C ends it.", trial::guide(&urls, options.company));
    signals.next().await;
    running.shutdown().await;
    Ok(ExitCode::SUCCESS)
}

/// What can not be served as asked, and what to ask for instead.
fn refused(error: HarnessError) -> Failure {
    match error {
        HarnessError::Listen { name, address, source } => Failure::usage(format!(
            "port {} for {name} can not be used ({source}): name another first one with --port, or \
             take any free ones with --port 0",
            address.port()
        )),
        HarnessError::UnknownName { .. } | HarnessError::NoPortLeft { .. } => {
            Failure::usage(error.to_string())
        }
        other => Failure::Failed(other.to_string()),
    }
}
