//! Which stories a run tells: one, or unattended both, the second behind the first so that the whole
//! stays short.

use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::driver::{DAYS_ABOUT, tell};
use super::ending::Keys;
use super::erp::Pair;
use super::folder::Folder;
use super::ground::Ground;
use super::report::Report;
use super::screen::Screen;
use super::setup::{self, Live};
use super::typed::command;
use super::view::View;
use super::wait::instant;
use crate::cli::Demo;
use crate::failure::{Failure, Result};
use crate::output::paragraph;

/// The first morning: a Monday, so that a month ends within the story.
const START: &str = "2026-02-16T07:00:00Z";

/// Customers and invoices of the story that is told behind another one, unless fewer are wanted: every
/// part is played once.
const BEHIND: (usize, usize) = (24, 30);

/// A story that was told, with everything still running.
pub struct Played {
    pub pair: Pair,
    ground: Ground,
    live: Live,
    pub report: Report,
}

impl Played {
    /// What a reader can do now.
    #[must_use]
    pub fn ways_on(&self) -> String {
        let config = &self.live.server.binary().config;
        let looks = ["status", "attention list", "payouts list", "verify"];
        let looks: Vec<String> = looks.iter().map(|words| command(config, words)).collect();
        format!("Still running. In another terminal:\n{}\nCtrl-C ends it.", looks.join("\n"))
    }

    /// Ends the server in order, and the emulators.
    pub async fn end(mut self) -> Result<()> {
        self.live.server.stop().await?;
        self.ground.shutdown().await;
        Ok(())
    }
}

/// The result for programs.
#[must_use]
pub fn as_json(played: &[Played]) -> Value {
    let story = |one: &Played| {
        let mut story = serde_json::to_value(&one.report).unwrap_or_default();
        story["link"] = json!(one.pair.slug());
        story
    };
    json!({
        "holds": played.iter().all(|one| one.report.holds()),
        "stories": played.iter().map(story).collect::<Vec<_>>(),
    })
}

/// How several stories ended, in a line.
#[must_use]
pub fn outcome(played: &[Played]) -> String {
    let held = |one: &Played| if one.report.holds() { "every promise holds" } else { "BROKEN" };
    let each = played.iter().map(|one| format!("{}: {}", one.pair.name(), held(one)));
    format!("\n{}.", each.collect::<Vec<_>>().join("; "))
}

/// Tells what the options ask for.
pub async fn tell_all(
    options: &Demo,
    folder: &Folder,
    screen: &Arc<Screen>,
) -> Result<Vec<Played>> {
    let view = |pair: Pair, behind| View::new(Arc::clone(screen), pair.name(), DAYS_ABOUT, behind);
    if options.link.is_some() || !options.once {
        let pair = options.link.unwrap_or_default();
        let played = tell_one(options, pair, folder.path(), &view(pair, false)).await?;
        return Ok(vec![played]);
    }
    let [first, second] = Pair::ALL;
    let small = Demo {
        customers: options.customers.min(BEHIND.0),
        invoices: options.invoices.min(BEHIND.1),
        ..options.clone()
    };
    let folders = (folder.inner(first.slug())?, folder.inner(second.slug())?);
    let views = (view(first, false), view(second, true));
    let ahead = async {
        let played = tell_one(options, first, &folders.0, &views.0).await?;
        views.0.say("");
        views.1.come_forward();
        Ok(played)
    };
    let behind = tell_one(&small, second, &folders.1, &views.1);
    let (first, second) = tokio::try_join!(ahead, behind)?;
    Ok(vec![first, second])
}

/// One story from the empty folder to the report.
async fn tell_one(options: &Demo, pair: Pair, folder: &Path, view: &View) -> Result<Played> {
    let began = instant();
    let start: Timestamp = START.parse().map_err(|_| Failure::Failed("the start".to_owned()))?;
    let ground = Ground::start(options.seed, start, pair.stage(options.seed)).await?;
    let keys = if options.pauses() { Some(Keys::listen()?) } else { None };
    view.say(title(options, pair));
    let mut live = setup::prepare(&ground, options, folder).await?;
    view.say(format!("Live after accepting the plan\n  {}\n", live.accepted));
    let told = tell(&ground, &mut live, options, view, keys).await?;
    ground.pace(1);
    let took = instant().duration_since(began);
    let report = Report::make(&ground, &live, told, folder, took).await?;
    view.finish();
    view.say(report.text(pair.name()));
    view.check()?;
    Ok(Played { pair, ground, live, report })
}

/// What will be told.
fn title(options: &Demo, pair: Pair) -> String {
    let (customers, invoices) = (options.customers, options.invoices);
    let line = format!(
        "{} and GoCardless, emulated: {customers} customers, {invoices} invoices, seed {}",
        pair.name(),
        options.seed
    );
    if options.once || options.link.is_some() {
        return line;
    }
    let others = Pair::ALL.iter().filter(|other| **other != pair);
    let others: Vec<String> = others
        .map(|other| format!("with {} instead: demo --link {}", other.name(), other.slug()))
        .collect();
    let more = format!("(The same story {}.)", others.join(", "));
    format!("{line}\n{}", paragraph("", &more))
}
