//! The simulator is itself tested: each deliberate defect must be seen within a stated number of
//! seeds, by a promise that it breaks (DESIGN.md section 9), and some of them over the wire. Only
//! under the feature `defects`.

use std::ops::Range;

use model::defects::{Defect as InCode, switch};

use crate::focus::Focus;
use crate::further;
use crate::mistakes::Defect as InFakes;
use crate::simulation::{Options, Outcome, run_with};
use crate::wire::{self, Books};

/// Characters of what is seen that the tables have.
const GIST_MAX: usize = 70;

/// Where a defect is, and which.
#[derive(Debug, Clone, Copy)]
pub enum Place {
    /// A rule left out in the crates under test.
    Code(InCode),
    /// A fake or a port of the simulator is mistaken.
    Fakes(InFakes),
}

impl Place {
    /// What is wrong, in the words of the table.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Place::Code(defect) => defect.words(),
            Place::Fakes(defect) => defect.words(),
        }
    }
}

/// By what a defect is seen first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    pub seed: u64,
    /// The broken promise, without what only this story has.
    pub gist: String,
}

/// Every defect there is.
#[must_use]
pub fn all() -> Vec<Place> {
    let in_code = InCode::ALL.iter().copied().map(Place::Code);
    in_code.chain(InFakes::ALL.iter().copied().map(Place::Fakes)).collect()
}

/// The defect of these words.
#[must_use]
pub fn named(words: &str) -> Option<Place> {
    all().into_iter().find(|place| place.words() == words)
}

/// Plants the defect in this thread. Gives it when it is one of the fakes.
#[must_use]
pub fn plant(place: Place) -> Option<InFakes> {
    match place {
        Place::Code(defect) => {
            switch(Some(defect));
            None
        }
        Place::Fakes(defect) => {
            switch(None);
            Some(defect)
        }
    }
}

/// Runs seeds at model depth, in the defect's world, until one breaks a promise.
#[must_use]
pub fn find(place: Place, seeds: Range<u64>) -> Option<Seen> {
    let focus = Some(focus_of(place));
    let options = Options { defect: plant(place), focus, ..Options::default() };
    first_broken(seeds, |seed| run_with(seed, &options))
}

/// Runs seeds over the wire until one breaks a promise.
#[must_use]
pub fn find_over_wire(defect: InCode, books: Books, seeds: Range<u64>) -> Option<Seen> {
    switch(Some(defect));
    first_broken(seeds, |seed| wire::run_on(seed, books))
}

/// Whatever was planted is gone afterwards.
fn first_broken(mut seeds: Range<u64>, run: impl Fn(u64) -> Outcome) -> Option<Seen> {
    let seen = seeds.find_map(|seed| {
        let broken = run(seed).violations.into_iter().next()?;
        Some(Seen { seed, gist: gist(&broken) })
    });
    switch(None);
    seen
}

/// What is broken without the names and numbers of this story, which all have digits; and short.
fn gist(broken: &str) -> String {
    let mut words: Vec<&str> = Vec::new();
    let mut length = 0;
    for (nth, word) in broken.split_whitespace().enumerate() {
        let is_promise = nth == 0 && word.ends_with(':');
        let own = !is_promise && word.contains(|c: char| c.is_ascii_digit());
        let word = if own { "…" } else { word };
        if own && words.last() == Some(&"…") {
            continue;
        }
        length += word.chars().count() + 1;
        if length > GIST_MAX {
            break;
        }
        words.push(word);
    }
    words.join(" ")
}

/// The first seed that has what the mistake is about.
#[must_use]
pub fn first_seed(place: Place) -> u64 {
    match place {
        Place::Code(InCode::AmountsUnlimited | InCode::RunUnlimited) => further::FROM,
        Place::Code(InCode::LinkGuessed) => further::LINKS_FROM,
        Place::Code(_) | Place::Fakes(_) => 0,
    }
}

/// The world that brings about what the mistake is about.
#[must_use]
pub fn focus_of(place: Place) -> Focus {
    match place {
        Place::Code(InCode::ReversalCrossesDeposit) => Focus::Reversals,
        Place::Code(InCode::RouteDecidedTwice) => Focus::Routes,
        Place::Code(InCode::LocksFreedEarly) => Focus::Locks,
        Place::Code(InCode::RejectionSentAgain) => Focus::Refusals,
        Place::Code(InCode::BounceNotPutBack) => Focus::Bounces,
        Place::Code(InCode::DirectoryHalfRead) => Focus::Requests,
        Place::Code(InCode::NewsUnread | InCode::PaymentNotEntered) => Focus::Merged,
        Place::Code(InCode::EarlierReceiptCounts) => Focus::Predecessor,
        Place::Code(InCode::LostCancelOurs) => Focus::Unclear,
        Place::Code(InCode::EditUnread | InCode::AppFeesOnFees) => Focus::Wide,
        Place::Code(
            InCode::NewestTakenBack
            | InCode::ReceiptWithoutPayout
            | InCode::RestNeverApplied
            | InCode::ChargebackIgnored,
        ) => Focus::Away,
        Place::Code(
            InCode::ContentChangedUnderKey
            | InCode::WatchCutShort
            | InCode::AttemptsCountedExisting
            | InCode::ResendWithoutLooking,
        )
        | Place::Fakes(InFakes::StampsIgnored) => Focus::Unclear,
        Place::Code(InCode::AcceptedFirst) => Focus::Store,
        Place::Code(_) | Place::Fakes(_) => Focus::Anything,
    }
}
