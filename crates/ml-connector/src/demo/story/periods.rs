//! The month is closed before its last payouts are booked: they are held, and released when a person
//! opens the period again.

use jiff::ToSpan;
use jiff::civil::Date;

use super::{Chapter, End, Scene};
use crate::demo::check::Broken;
use crate::demo::erp::Deed;
use crate::demo::truth::Truth;
use crate::failure::Result;

#[derive(Default)]
pub struct Periods {
    state: State,
    /// The last day of the closed month on which payouts arrived.
    day: Option<Date>,
    /// Payouts of that day, and documents that were dated on it while the month was closed.
    held: usize,
    slipped: usize,
}

#[derive(Default, PartialEq, Eq)]
enum State {
    #[default]
    Open,
    Closed,
    Released,
}

/// Days for which the month stays closed.
const CLOSED_DAYS: i64 = 4;

fn payouts_of(truth: &Truth, day: Date) -> usize {
    truth.payouts.iter().filter(|payout| payout.arrival_on == Some(day)).count()
}

fn documents_of(truth: &Truth, day: Date) -> usize {
    truth.documents.iter().filter(|one| one.dated_on == Some(day)).count()
}

impl Chapter for Periods {
    fn name(&self) -> &'static str {
        "periods"
    }

    fn morning(&mut self, scene: &mut Scene<'_>) -> Result<Vec<String>> {
        let Some(day) = self.day.filter(|_| self.state == State::Closed) else {
            return Ok(Vec::new());
        };
        if scene.today < day.saturating_add(CLOSED_DAYS.days()) {
            return Ok(Vec::new());
        }
        self.held = payouts_of(scene.truth, day);
        self.slipped = documents_of(scene.truth, day);
        scene.ground.deed(&Deed::Period { day, open: true })?;
        self.state = State::Released;
        let payouts = if self.held == 1 { "payout was" } else { "payouts were" };
        let line = format!("the month is opened again: {} {payouts} held", self.held);
        Ok(vec![line])
    }

    /// Before the last working day of the month begins.
    fn evening(&mut self, scene: &mut Scene<'_>) -> Result<Vec<String>> {
        let next = scene.today.saturating_add(1.days());
        let last = last_working_day(next);
        if self.state != State::Open || next != last {
            return Ok(Vec::new());
        }
        scene.ground.deed(&Deed::Period { day: next, open: false })?;
        self.state = State::Closed;
        self.day = Some(next);
        Ok(vec![format!("the accountant closes {}", next.strftime("%B"))])
    }

    fn is_over(&self, _: &End<'_>) -> bool {
        self.state == State::Released
    }

    fn check(&self, end: &End<'_>) -> Vec<Broken> {
        let mut broken = Vec::new();
        let Some(day) = self.day.filter(|_| self.state == State::Released) else {
            return vec![Broken::new(self.name(), "no month was closed and opened")];
        };
        if self.slipped > 0 {
            let what = format!("{} documents were dated {day} while it was closed", self.slipped);
            broken.push(Broken::new(self.name(), what));
        }
        if self.held == 0 {
            let what = format!("no payout arrived on {day}, so nothing was held");
            broken.push(Broken::new(self.name(), what));
        }
        if documents_of(end.truth, day) == 0 {
            let what = format!("nothing was booked on {day} after the month was opened");
            broken.push(Broken::new(self.name(), what));
        }
        broken
    }
}

/// Monday to Friday only: what matters is that payouts may arrive.
fn last_working_day(day: Date) -> Date {
    let mut last = day.last_of_month();
    while matches!(last.weekday(), jiff::civil::Weekday::Saturday | jiff::civil::Weekday::Sunday) {
        last = last.saturating_sub(1.days());
    }
    last
}
