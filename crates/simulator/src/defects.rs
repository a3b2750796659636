//! The simulator is itself tested: each deliberate defect must be seen within a stated number of
//! seeds, by a promise that it breaks (DESIGN.md section 9). Only under the feature `defects`.

use std::ops::Range;

use model::defects::{Defect as InCode, switch};

use crate::focus::Focus;
use crate::simulation::{Defect as InFakes, Options, run_with};

/// Where a defect is, and which.
#[derive(Debug, Clone, Copy)]
pub enum Place {
    /// A rule left out in flows, engine or store.
    Code(InCode),
    /// A fake, a port or the listening process of the simulator is mistaken.
    Fakes(InFakes),
}

/// One line of the table.
#[derive(Debug)]
pub struct Seen {
    pub words: &'static str,
    /// The world in which it is looked for.
    pub focus: Focus,
    /// The first seed that shows it, and what it says; `None`: none did.
    pub by: Option<(u64, String)>,
}

/// Every defect there is.
#[must_use]
pub fn all() -> Vec<Place> {
    let in_code = InCode::ALL.iter().copied().map(Place::Code);
    in_code.chain(InFakes::ALL.iter().copied().map(Place::Fakes)).collect()
}

/// Plants the defect of these words in this thread. Gives it when it is one of the fakes.
#[must_use]
pub fn plant(words: &str) -> Option<InFakes> {
    switch(InCode::ALL.iter().copied().find(|defect| defect.words() == words));
    InFakes::ALL.iter().copied().find(|defect| defect.words() == words)
}

/// Runs seeds until one breaks a promise.
#[must_use]
pub fn find(place: Place, mut seeds: Range<u64>) -> Seen {
    let (in_code, in_fakes, words) = match place {
        Place::Code(defect) => (Some(defect), None, defect.words()),
        Place::Fakes(defect) => (None, Some(defect), defect.words()),
    };
    let focus = focus_of(place);
    let options = Options { defect: in_fakes, focus: Some(focus), ..Options::default() };
    switch(in_code);
    let by = seeds.find_map(|seed| {
        let broken = run_with(seed, &options).violations.into_iter().next()?;
        Some((seed, broken))
    });
    switch(None);
    Seen { words, focus, by }
}

/// The world that brings about what the mistake is about.
fn focus_of(place: Place) -> Focus {
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
        Place::Fakes(InFakes::AcceptedFirst) => Focus::Store,
        Place::Code(_) | Place::Fakes(_) => Focus::Anything,
    }
}
