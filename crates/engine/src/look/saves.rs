//! Whether somebody else than us saved an invoice: what clears a refusal (DESIGN.md section 2, "A
//! rejection is not sent again until it is cleared"). A query may show a save of ours minutes after
//! it, so a version counts from the look that first showed it, and not from each that shows it again.

use jiff::Timestamp;
use model::command::Write;
use model::invoice::Invoice;
use ports::Depth;
use serde::{Deserialize, Serialize};
use store::rows::{CaseContext, CommandRow, FactRow};

use super::fact;

/// The newest version that looks of one depth were shown, and the sequence of the look that last
/// could tell it from our own saves.
#[derive(Debug, Serialize, Deserialize)]
struct Known {
    version: String,
    since: i64,
}

/// Stamps of queries and of direct reads are not comparable.
fn subject(depth: Depth) -> &'static str {
    match depth {
        Depth::Cheap => "saved",
        Depth::Direct => "saved_direct",
    }
}

fn known(context: &CaseContext, depth: Depth) -> Option<Known> {
    let (_, body) = context.facts.get(subject(depth))?;
    body.read()
}

/// Our saves in the ERP that were sent since a look.
fn ours_since(context: &CaseContext, since: i64) -> impl Iterator<Item = &CommandRow> {
    let of_erp = context.commands.iter().filter(|row| matches!(row.view.write, Write::Erp(_)));
    of_erp.filter(move |row| row.sent_seq.is_some_and(|sent| sent > since))
}

/// The record was saved by somebody else than us since the version that looks of this depth knew.
fn person_saved(context: &CaseContext, invoice: &Invoice, depth: Depth) -> bool {
    known(context, depth).is_some_and(|known| {
        ours_since(context, known.since).next().is_none() && invoice.version > known.version
    })
}

/// As the look itself sees it, or the cheap one that a direct one follows: our own writes may have come
/// between this record's direct reads.
pub(super) fn person_saved_lately(
    context: &CaseContext,
    found: &Invoice,
    cheap: Option<&Invoice>,
    depth: Depth,
) -> bool {
    person_saved(context, found, depth)
        || cheap.is_some_and(|seen| person_saved(context, seen, Depth::Cheap))
}

/// What a look of the sequence `seq` knows from then on; `None`: no more than was known before.
pub(super) fn seen(
    context: &CaseContext,
    invoice: &Invoice,
    depth: Depth,
    seq: i64,
    now: Timestamp,
) -> Option<FactRow> {
    let news = known(context, depth).is_none_or(|known| {
        // The same version again tells nothing while a save of ours may still show up.
        let mut ours = ours_since(context, known.since).peekable();
        let all_shown = ours.peek().is_some()
            && ours.all(|row| row.watch_until.is_none_or(|until| until < now));
        invoice.version > known.version || (invoice.version == known.version && all_shown)
    });
    let known = Known { version: invoice.version.clone(), since: seq };
    if news { fact(subject(depth), &known) } else { None }
}
