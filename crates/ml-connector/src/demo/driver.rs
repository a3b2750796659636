//! Day by day: the night's events, what people do in the morning, the banks' cut-off in the evening;
//! after each the connector is given until it is quiet.

use jiff::ToSpan;
use jiff::civil::{Date, Time, Weekday, time};

use super::check::Hands;
use super::ground::Ground;
use super::setup::{Live, register_webhooks};
use super::story::{Chapter, End, Scene, chapters};
use super::truth::Truth;
use super::view::View;
use super::wait::pause;
use crate::cli::Demo;
use crate::failure::Result;

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
    pauses: bool,
}

/// Tells the whole story.
pub async fn tell(
    ground: &Ground,
    live: &mut Live,
    options: &Demo,
    view: &View,
    pauses: bool,
) -> Result<Told> {
    let hands = live.company.hands();
    let truth = ground.truth()?;
    let chapters = chapters();
    let mut story = Story { ground, live, view, options, chapters, hands, truth, waits: 0, pauses };
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
            self.tell_changes(today)?;
            if self.act(today, true)? {
                self.quiet().await?;
            }
        }
        self.ground.move_to(today, EVENING).await?;
        self.quiet().await?;
        self.tell_changes(today)?;
        if !weekend && self.act(today, false)? {
            self.quiet().await?;
        }
        if self.pauses && !weekend {
            self.pause_for_person().await;
        }
        Ok(())
    }

    /// Every chapter does what is to be done; true when anything was.
    fn act(&mut self, today: Date, morning: bool) -> Result<bool> {
        let mut acted = false;
        for chapter in &mut self.chapters {
            let mut scene = Scene {
                ground: self.ground,
                company: &self.live.company,
                truth: &self.truth,
                hands: &mut self.hands,
                today,
            };
            let said =
                if morning { chapter.morning(&mut scene)? } else { chapter.evening(&mut scene)? };
            acted |= !said.is_empty();
            for line in said {
                self.view.say(format!("              ✎ {line}"));
            }
        }
        Ok(acted)
    }

    fn tell_changes(&mut self, today: Date) -> Result<()> {
        let now = self.ground.truth()?;
        let happened = View::happened(&self.truth, &now);
        if !happened.is_empty() {
            self.view.say(format!("{}  {happened}", today.strftime("%a %e %b")));
        }
        self.truth = now;
        Ok(())
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

    /// Enter, or the end of standard input.
    async fn pause_for_person(&self) {
        let config = self.live.server.binary().config.display();
        self.view.say(format!(
            "              Enter for the next day. In another terminal: ml-connector --config \
             {config} status"
        ));
        let read = tokio::task::spawn_blocking(|| {
            let mut line = String::new();
            std::io::stdin().read_line(&mut line)
        });
        // An input that can not be read is nobody who waits.
        let _ = read.await;
        pause(0).await;
    }
}
