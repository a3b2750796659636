//! `demo`: the whole connector at work without any account. Emulated systems, the real binary as child
//! processes, a story day by day, and at the end the proof from the emulators' own ledgers.

mod check;
mod child;
mod company;
mod driver;
pub mod ending;
pub mod erp;
mod folder;
mod ground;
mod lots;
mod report;
mod screen;
mod setup;
mod story;
mod telling;
pub mod trial;
mod truth;
mod typed;
mod view;
mod wait;

use std::process::ExitCode;
use std::sync::Arc;

use self::company::CUSTOMERS_LEAST;
use self::ending::Signals;
use self::folder::Folder;
use self::screen::{Screen, is_reader_gone};
use self::telling::{Played, tell_all};
use crate::cli::Demo;
use crate::failure::{Failure, Result, code};
use crate::output::{self, paragraph};

/// The exit code of a program whose reader went away (128 + SIGPIPE).
const READER_GONE: u8 = 141;

/// What its help ends with.
pub const HELP: &str = "\
At a terminal the story stops after each day: Enter goes on to the next day, Ctrl-D goes on to the
end without stopping, Ctrl-C ends it and removes what it made. At its end everything stays up for
you to look around, until Ctrl-C.

With --once it does not stop, and tells the story twice: in NetSuite with the size asked for, and,
small and behind it, in Acumatica. It takes about two minutes.

Exit codes: 0 every promise held; 1 one did not, or the demo could not go on; 2 wrong usage;
130 Ctrl-C.";

/// Runs the demo; a signal ends it at any time with everything it started.
pub async fn run(options: &Demo, json: bool) -> Result<ExitCode> {
    check_size(options)?;
    let mut signals = Signals::listen()?;
    let folder = Folder::make(options.keep.as_deref())?;
    let screen = Arc::new(Screen::new(json));
    let told = tokio::select! {
        biased;
        came = signals.next() => {
            screen.rest(true);
            return Ok(ended_by(came, folder).await);
        }
        told = tell_all(options, &folder, &screen) => told,
    };
    screen.rest(true);
    let played = match told {
        Ok(played) => played,
        Err(failure) => return Ok(ended_with(&failure, json, folder).await),
    };
    if json {
        screen.print(&output::json_text(&telling::as_json(&played)));
    }
    if played.len() > 1 {
        screen.say(&telling::outcome(&played));
    }
    if let (false, [one]) = (options.once, &played[..]) {
        screen.print(&format!("\n{}", one.ways_on()));
        signals.next().await;
    }
    let holds = played.iter().all(|one| one.report.holds());
    if let Err(failure) = end_all(played).await {
        return Ok(ended_with(&failure, json, folder).await);
    }
    if holds {
        folder.remove().await;
        return Ok(ExitCode::SUCCESS);
    }
    say_kept(&folder, json);
    Ok(ExitCode::from(code::FAILED))
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

async fn end_all(played: Vec<Played>) -> Result<()> {
    for one in played {
        one.end().await?;
    }
    Ok(())
}

/// A person or a service manager ended it: nothing failed, and nothing stays.
async fn ended_by(came: ending::Came, folder: Folder) -> ExitCode {
    let kept = folder.remove().await;
    let kept = kept.map_or("its folder is removed".to_owned(), |path| {
        format!("its folder stays: {}", path.display())
    });
    eprintln!("Ended by {}. The server and all other processes are ended; {kept}.", came.name);
    ExitCode::from(came.code)
}

/// It failed: that is said before anything is removed, and what explains it stays.
async fn ended_with(failure: &Failure, json: bool, folder: Folder) -> ExitCode {
    if is_reader_gone(failure) {
        folder.remove().await;
        return ExitCode::from(READER_GONE);
    }
    // Found in the course of the story, or behind whatever failed. Space may come and go: what was
    // found once counts. What was written explains nothing then.
    let found = match failure {
        Failure::Unwritable(_) => None,
        _ => folder::trouble_of_failed(folder.path()),
    };
    let failure = found.as_ref().unwrap_or(failure);
    if let Failure::Unwritable(_) = failure {
        failure.print(json);
        folder.remove().await;
        return failure.exit_code();
    }
    failure.print(json);
    say_kept(&folder, json);
    failure.exit_code()
}

/// Says where configuration, database and logs stay.
fn say_kept(folder: &Folder, json: bool) {
    let path = folder.path().display();
    if !json {
        let text = "Configuration, database and logs stay for you to look at; remove them then:";
        eprintln!("{}\n  {path}", paragraph("", text));
    }
}
