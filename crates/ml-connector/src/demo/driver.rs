//! Day by day: the night's events, what people do in the morning, the banks' cut-off in the evening;
//! after each the connector is given until it is quiet.

use jiff::ToSpan;
use jiff::civil::{Date, Time, Weekday, time};

use super::check::Hands;
use super::ending::Keys;
use super::ground::Ground;
use super::setup::{Live, register_webhooks};
use super::story::{Chapter, End, Scene, chapters};
use super::truth::Truth;
use super::typed::command;
use super::view::View;
use crate::cli::Demo;
use crate::failure::Result;
use crate::output::paragraph;

/// After payouts arrived and late failures came.
const MORNING: Time = time(8, 30, 0, 0);
/// After payments were sent to the banks.
const EVENING: Time = time(17, 0, 0, 0);

/// Days after which the story ends whatever is still open.
const DAYS_MAX: u64 = 60;
/// About how long it takes, for the bar and for spreading kills.
pub const DAYS_ABOUT: u64 = 42;
/// Quiet waits in that time, about.
const WAITS_ABOUT: u32 = 90;

/// The part of all kills that may strike before they are due.
const DENSEST_PART: u32 = 6;

/// What a person can type.
const ENTER: &str = "  Enter: the next day.  Ctrl-D: all days without stopping.  Ctrl-C: end it.";

/// Latency of both systems while the server is being killed: real ones take longer, still.
const KILLED_LATENCY_MILLISECONDS: u64 = 15;

/// A story that was told.
pub struct Told {
    pub truth: Truth,
    pub hands: Hands,
    pub chapters: Vec<Box<dyn Chapter + Send>>,
    pub days: u64,
}

struct Story<'a> {
    ground: &'a Ground,
    live: &'a mut Live,
    view: &'a View,
    options: &'a Demo,
    chapters: Vec<Box<dyn Chapter + Send>>,
    hands: Hands,
    truth: Truth,
    waits: u32,
    /// Where a person is who waits for each day; `None`: it goes on by itself.
    keys: Option<Keys>,
    told_how: bool,
    /// The day whose date was printed last.
    dated: Option<Date>,
}

/// Tells the whole story.
pub async fn tell(
    ground: &Ground,
    live: &mut Live,
    options: &Demo,
    view: &View,
    keys: Option<Keys>,
) -> Result<Told> {
    let hands = live.company.hands();
    let truth = ground.truth()?;
    let chapters = chapters();
    let mut story = Story {
        ground,
        live,
        view,
        options,
        chapters,
        hands,
        truth,
        waits: 0,
        keys,
        told_how: false,
        dated: None,
    };
    let first = ground.today();
    story.live.server.start().await?;
    register_webhooks(ground, story.live.server.address())?;
    if options.kills > 0 {
        ground.slow_down(KILLED_LATENCY_MILLISECONDS).await?;
    }
    let mut days = 0;
    loop {
        let today = first.saturating_add(i64::try_from(days).unwrap_or(0).days());
        view.day(days);
        story.day(today, days == 0).await?;
        days += 1;
        if days >= DAYS_MAX || story.is_over() {
            break;
        }
    }
    story.rest_of_kills().await?;
    story.truth = ground.truth()?;
    Ok(Told { truth: story.truth, hands: story.hands, chapters: story.chapters, days })
}

impl Story<'_> {
    async fn day(&mut self, today: Date, is_first: bool) -> Result<()> {
        let weekend = matches!(today.weekday(), Weekday::Saturday | Weekday::Sunday);
        if !weekend {
            if !is_first {
                self.ground.move_to(today, MORNING).await?;
            }
            self.quiet().await?;
            self.tell_changes(today, Part::Morning)?;
            if self.act(today, true)? {
                self.quiet().await?;
            }
        }
        self.ground.move_to(today, EVENING).await?;
        self.quiet().await?;
        self.tell_changes(today, Part::Evening)?;
        if !weekend && self.act(today, false)? {
            self.quiet().await?;
        }
        if !weekend {
            self.wait_for_person().await;
        }
        Ok(())
    }

    /// Every chapter does what is to be done; true when anything was.
    fn act(&mut self, today: Date, morning: bool) -> Result<bool> {
        let mut all = Vec::new();
        for chapter in &mut self.chapters {
            let mut scene = Scene {
                ground: self.ground,
                company: &self.live.company,
                truth: &self.truth,
                hands: &mut self.hands,
                today,
            };
            all.extend(if morning {
                chapter.morning(&mut scene)?
            } else {
                chapter.evening(&mut scene)?
            });
        }
        for line in &all {
            let when = self.when(today, "");
            self.dated = Some(today);
            self.view.say(paragraph(&format!("{when}✎ "), line));
        }
        Ok(!all.is_empty())
    }

    fn tell_changes(&mut self, today: Date, part: Part) -> Result<()> {
        let now = self.ground.truth()?;
        let again = match part {
            Part::Morning => "",
            Part::Evening => "  evening",
        };
        let when = self.when(today, again);
        let lines = View::happened(&when, &self.truth, &now);
        if !lines.is_empty() {
            self.dated = Some(today);
        }
        for line in lines {
            self.view.say(line);
        }
        self.truth = now;
        Ok(())
    }

    /// The date before the first line of a day; `again` as wide before the others.
    fn when(&self, today: Date, again: &str) -> String {
        if self.dated == Some(today) {
            format!("{again:<12}")
        } else {
            today.strftime("%a %e %b  ").to_string()
        }
    }

    async fn quiet(&mut self) -> Result<()> {
        let kills = self.kills_now();
        self.waits += 1;
        let live = &mut *self.live;
        live.watch.until_quiet(self.ground, &mut live.server, self.view, kills).await
    }

    /// Kills are spread over the story; where there is much work some more may strike.
    fn kills_now(&self) -> u32 {
        let all = self.options.kills;
        let due = all.saturating_mul(self.waits + 1) / WAITS_ABOUT;
        let ahead = all.div_ceil(DENSEST_PART);
        due.saturating_add(ahead).min(all).saturating_sub(self.live.server.kills)
    }

    /// Those for which there was no work strike at the end.
    async fn rest_of_kills(&mut self) -> Result<()> {
        let live = &mut *self.live;
        while live.server.kills < self.options.kills {
            live.watch.kill(&mut live.server).await?;
        }
        live.watch.until_quiet(self.ground, &mut live.server, self.view, 0).await
    }

    fn is_over(&self) -> bool {
        let end = End { company: &self.live.company, truth: &self.truth };
        let moving = |status: &str| {
            matches!(
                status,
                "pending_customer_approval" | "pending_submission" | "submitted" | "confirmed"
            )
        };
        !self.truth.payments.values().any(|payment| moving(&payment.status))
            && self.truth.payouts.iter().all(|payout| payout.status == "paid")
            && self.chapters.iter().all(|chapter| chapter.is_over(&end))
    }

    /// Enter at the terminal, where somebody is there. The clock keeps the host's pace meanwhile, so
    /// that no day passes while a person reads.
    async fn wait_for_person(&mut self) {
        let Some(keys) = self.keys.as_mut() else { return };
        if !std::mem::replace(&mut self.told_how, true) {
            let look = command(&self.live.server.binary().config, "status");
            self.view.say(format!("\nMeanwhile, in another terminal:\n{look}\n"));
        }
        self.view.say(ENTER);
        self.view.rest(true);
        self.ground.pace(1);
        let goes_on = keys.enter().await;
        self.ground.pace(self.options.speed);
        self.view.rest(false);
        if !goes_on {
            self.keys = None;
        }
    }
}

/// When a line's changes were seen.
#[derive(Clone, Copy)]
enum Part {
    Morning,
    Evening,
}
