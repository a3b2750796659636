//! Commands whose outcome is not known, was refused, or was given up: keys never change under an
//! unknown outcome and are never used again (promises P1 and P6; DESIGN.md section 2, "Keys").

use super::check;

#[test]
fn the_nth_attempt_counts_those_that_have_ended() {
    let one = "payment PM1 cancelled, event PM1 cancelled mandate_cancelled";
    let two = "payment PM2 cancelled, event PM2 cancelled mandate_cancelled";
    check(one, "collect/E/I/2 100 by MD1");
    check(&format!("{one}, {two}"), "collect/E/I/3 100 by MD1");
    // Others' payments have no keys of ours.
    let theirs = "payment PM1 cancelled adopted, event PM1 cancelled mandate_cancelled";
    check(theirs, "collect/E/I/1 100 by MD1");
}

#[test]
fn an_unknown_create_keeps_its_key() {
    check("cmd collect/E/I/1 in_flight", "collect/E/I/1 100 by MD1");
    check("cmd collect/E/I/1 intended", "collect/E/I/1 100 by MD1");
    check("cmd collect/E/I/1 cleared", "collect/E/I/1 100 by MD1");
    let second = "payment PM1 cancelled, event PM1 cancelled mandate_cancelled";
    check(&format!("{second}, cmd collect/E/I/2 in_flight"), "collect/E/I/2 100 by MD1");
}

#[test]
fn an_unknown_create_is_never_sent_again_with_other_content() {
    check("due 60, cmd collect/E/I/1 in_flight", "command_in_flight");
    check(
        "cmd collect/E/I/1 in_flight, mandate MD1 cancelled, mandate MD2 active",
        "command_in_flight",
    );
    check("due 60, cmd collect/E/I/1 intended", "collect/E/I/1 60 by MD1");
    check("due 60, cmd collect/E/I/1 cleared", "collect/E/I/1 60 by MD1");
    check("invoice paid, cmd collect/E/I/1 in_flight", "paid_otherwise");
}

#[test]
fn a_watched_create_or_retry_forbids_every_other() {
    check("cmd collect/E/I/1 watched", "command_in_flight");
    let cancelled = "payment PM1 cancelled, event PM1 cancelled mandate_cancelled";
    check(&format!("{cancelled}, cmd retry/PM1/1 watched"), "command_in_flight");
    check(&format!("{cancelled}, cmd retry/PM1/1 in_flight"), "command_in_flight");
    check(&format!("{cancelled}, cmd collect/E/I/3 in_flight"), "command_in_flight");
    let failed = "payment PM1 failed, event PM1 failed insufficient_funds 3d";
    check(&format!("{failed}, cmd collect/E/I/2 watched"), "command_in_flight");
    check(&format!("{failed}, cmd collect/E/I/2 in_flight"), "command_in_flight");
}

#[test]
fn a_create_that_was_given_up_has_used_its_key() {
    check("cmd collect/E/I/1 given_up", "collect/E/I/2 100 by MD1");
    check("cmd collect/E/I/1 given_up, cmd collect/E/I/2 given_up", "collect/E/I/3 100 by MD1");
    // Answered late after all: it is found by its key, and counts once, not twice.
    let late = "cmd collect/E/I/1 given_up, payment PM1 cancelled bare key:collect/E/I/1, \
                event PM1 cancelled mandate_cancelled";
    check(late, "collect/E/I/2 100 by MD1");
    let second = "cmd collect/E/I/1 given_up, cmd collect/E/I/2 in_flight, \
                  payment PM1 cancelled bare key:collect/E/I/1, \
                  event PM1 cancelled mandate_cancelled";
    check(second, "collect/E/I/2 100 by MD1");
}

#[test]
fn a_key_on_a_payment_is_used_even_when_its_command_is_lost() {
    let restored = "payment PM1 cancelled adopted key:collect/E/I/1, \
                    event PM1 cancelled mandate_cancelled";
    check(restored, "collect/E/I/2 100 by MD1");
}

#[test]
fn a_refusal_stands_until_it_is_cleared() {
    check("cmd collect/E/I/1 rejected", "rejected");
    check("cmd collect/E/I/1 rejected, due 60", "rejected");
    // Saving again does not help where the amount itself is refused.
    check("cmd collect/E/I/1 rejected:amount", "amount_refused");
    // A mandate that can not be used: its cause is gone once another one is there.
    check("cmd collect/E/I/1 rejected:mandate", "rejected");
    let another = "cmd collect/E/I/1 rejected:mandate, mandate MD1 cancelled, mandate MD2 active";
    check(another, "collect/E/I/1 100 by MD2");
    let failed = "payment PM1 failed, event PM1 failed insufficient_funds 3d";
    check(&format!("{failed}, cmd retry/PM1/1 rejected:state"), "rejected");
    let posting = "payment PM1 paid_out, item PO1/0 paid PM1 100 1d";
    check(&format!("{posting}, cmd receipt/PM1/PO1 rejected"), "rejected");
    check(&format!("{posting}, cmd receipt/PM1/PO1 rejected:amount"), "rejected");
}

#[test]
fn a_document_of_unknown_outcome_is_wanted_again_as_it_was() {
    let paid = "payment PM1 paid_out, item PO1/0 paid PM1 100 1d";
    // The balance may be what the receipt itself has left of it.
    let half = format!("{paid}, due 40, cmd receipt/PM1/PO1 in_flight");
    check(&half, "receipt/PM1/PO1 100 applied 100 in undeposited 2026-11-01");
    check(&format!("{paid}, cmd receipt/PM1/PO1 watched"), "command_in_flight");
    // Nothing is collected or cancelled on balances that may be about to change.
    let other = "payment PM2 pending 60, due 60, cmd apply/R1/1 watched";
    check(&format!("payment PM1 charged_back, {other}"), "command_in_flight");
}

#[test]
fn a_document_that_was_given_up_is_sent_again_with_what_still_fits() {
    let paid = "payment PM1 paid_out, item PO1/0 paid PM1 100 1d";
    let sent = "cmd receipt/PM1/PO1 given_up applied:60";
    check(&format!("{paid}, {sent}"), "receipt/PM1/PO1 100 applied 60 in undeposited 2026-11-01");
    check(
        &format!("{paid}, {sent}, due 40"),
        "receipt/PM1/PO1 100 applied 40 in undeposited 2026-11-19",
    );
    check(
        &format!("{paid}, {sent}, closed 11, policy next-open"),
        "receipt/PM1/PO1 100 applied 100 in undeposited 2026-12-01 not 2026-11-19",
    );
}
