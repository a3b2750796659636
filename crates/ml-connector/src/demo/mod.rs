//! `demo`: the whole connector at work without any account. Emulated systems, the real binary as child
//! processes, a story day by day, and at the end the proof from the emulators' own ledgers.

mod check;
mod child;
mod company;
mod driver;
pub mod erp;
mod ground;
mod lots;
mod report;
mod setup;
mod story;
mod truth;
mod view;
mod wait;

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use jiff::Timestamp;

use self::company::CUSTOMERS_LEAST;
use self::driver::{DAYS_ABOUT, tell};
use self::ground::Ground;
use self::report::Report;
use self::setup::Live;
use self::view::View;
use self::wait::instant;
use crate::cli::Demo;
use crate::failure::{Failure, Result, code};

/// The first morning: a Monday, so that a month ends within the story.
const START: &str = "2026-02-16T07:00:00Z";

/// Runs the demo; a signal ends it at any time with everything it started.
pub async fn run(options: &Demo, json: bool) -> Result<ExitCode> {
    check_size(options)?;
    let folder = Folder::make(options.keep.as_deref())?;
    let told = tokio::select! {
        told = play(options, json, folder.path()) => told?,
        () = ended_by_signal() => return Err(Failure::Failed("interrupted".to_owned())),
    };
    let Played { ground, mut live, holds } = told;
    if !options.once {
        println!(
            "\nStill running: look around with ml-connector --config {} status (attention list, \
             payouts list, show CASE …). Ctrl-C ends it.",
            live.server.binary().config.display()
        );
        ended_by_signal().await;
    }
    live.server.stop().await?;
    ground.shutdown().await;
    Ok(if holds { ExitCode::SUCCESS } else { ExitCode::from(code::FAILED) })
}

fn check_size(options: &Demo) -> Result<()> {
    if options.customers < CUSTOMERS_LEAST {
        return Err(Failure::usage(format!(
            "--customers {}: the story needs at least {CUSTOMERS_LEAST}",
            options.customers
        )));
    }
    if options.invoices < options.customers {
        return Err(Failure::usage("--invoices: the story needs one for each customer at least"));
    }
    Ok(())
}

/// Ctrl-C, or a service manager's wish.
async fn ended_by_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        // Ctrl-C still works.
        let _ = tokio::signal::ctrl_c().await;
        return;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}

/// A story that was told, with everything still running.
struct Played {
    ground: Ground,
    live: Live,
    holds: bool,
}

async fn play(options: &Demo, json: bool, folder: &Path) -> Result<Played> {
    let began = instant();
    let start: Timestamp = START.parse().map_err(|_| Failure::Failed("the start".to_owned()))?;
    let view = View::new(DAYS_ABOUT, json);
    let stage = options.link.stage(options.seed);
    let ground = Ground::start(options.seed, start, stage).await?;
    view.say(format!(
        "{} customers, {} invoices, seed {}",
        options.customers, options.invoices, options.seed
    ));
    let mut live = setup::prepare(&ground, options, folder).await?;
    view.say(format!("live after accepting the plan {}", live.accepted));
    let pauses = !options.once && std::io::stdin().is_terminal();
    let told = tell(&ground, &mut live, options, &view, pauses).await?;
    ground.pace(1);
    let took = instant().duration_since(began);
    let report = Report::make(&ground, &live, told, folder, took).await?;
    view.finish();
    report.print(json);
    Ok(Played { ground, live, holds: report.holds() })
}

/// Where configuration, database and logs live; a temporary one goes at the end.
struct Folder {
    path: PathBuf,
    temporary: bool,
}

impl Folder {
    fn make(keep: Option<&Path>) -> Result<Folder> {
        let path = match keep {
            Some(path) => std::path::absolute(path).map_err(Failure::file("--keep"))?,
            None => {
                let mut random = [0_u8; 6];
                getrandom::fill(&mut random)
                    .map_err(|error| Failure::Failed(format!("no randomness: {error}")))?;
                std::env::temp_dir().join(format!("ml-connector-demo-{}", hex::encode(random)))
            }
        };
        let what = || format!("the folder {}", path.display());
        if path.join("data").exists() {
            return Err(Failure::usage(format!("{} holds an instance already", path.display())));
        }
        std::fs::create_dir_all(&path).map_err(Failure::file(what()))?;
        Ok(Folder { path, temporary: keep.is_none() })
    }

    fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if self.temporary {
            // What can not be removed is in the system's folder for such things.
            let _ = std::fs::remove_dir_all(&self.path);
        }
    }
}
