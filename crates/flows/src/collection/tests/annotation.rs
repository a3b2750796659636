//! What the fields on the invoice say (mission row NG5), and that writing them comes to an end.

use model::command::{
    AnnotateInvoice, CommandState, CommandView, ErpWrite, Rejection, RejectionCause, Write,
};
use model::invoice::Annotation;
use model::reason::Reason;

use super::world::World;

fn annotation(world: &World) -> Option<(String, AnnotateInvoice)> {
    let command = world.decide().command?;
    match command.write {
        Write::Erp(ErpWrite::AnnotateInvoice(write)) => Some((command.key.to_string(), write)),
        Write::Erp(_) | Write::Processor(_) => None,
    }
}

/// Integration status, payment status, reason code, error: `-` where the field is blank; or nothing
/// at all, when the fields are left alone.
fn check_fields(known: &str, expected: &str) {
    let mut world = World::new();
    world.learn_all(known);
    let told = annotation(&world).map_or_else(String::new, |(_, write)| {
        let fields = write.annotation;
        let integration = fields.integration_status.map_or("-", |status| status.words());
        let payment = fields.payment_status.map_or("-", |status| status.words());
        let code = fields.reason_code.unwrap_or_else(|| "-".to_owned());
        let error = fields.integration_error.unwrap_or_else(|| "-".to_owned());
        format!("{integration} | {payment} | {code} | {error}")
    });
    assert_eq!(told, expected, "\nknown: {known}");
}

/// The key of the annotation, with `box` when it unticks the retry box; `-` when none is written.
fn check_key(known: &str, expected: &str) {
    let mut world = World::new();
    world.learn_all(known);
    let told = annotation(&world).map_or_else(
        || "-".to_owned(),
        |(key, write)| if write.clear_retry { format!("{key} box") } else { key },
    );
    assert_eq!(told, expected, "\nknown: {known}");
}

#[test]
fn each_payment_status_has_its_words() {
    let rows = [
        ("approval", "Pending customer approval"),
        ("pending", "Pending submission"),
        ("submitted", "Submitted"),
        ("confirmed", "Confirmed"),
        ("paid_out", "Paid out"),
    ];
    for (status, words) in rows {
        let expected = format!("Processed | {words} | - | -");
        check_fields(&format!("payment PM1 {status}"), &expected);
    }
    check_fields(
        "payment PM1 pending, event PM1 resubmission_requested payment_retried",
        "Processed | Resubmission requested | - | -",
    );
    check_fields(
        "payment PM1 cancelled, event PM1 cancelled payment_cancelled",
        "Failed | Cancelled | payment_cancelled | The payment was cancelled at the processor by \
         somebody else: payment PM1",
    );
    check_fields(
        "payment PM1 denied, event PM1 customer_approval_denied",
        "Failed | Customer approval denied | - | The payer denied the payment: payment PM1",
    );
    check_fields(
        "payment PM1 charged_back, event PM1 charged_back refund_requested code:MD06",
        "Processed | Charged back | MD06 | The collection was reversed and the invoice is open; \
         policy leaves it open: charged back",
    );
    check_fields(
        "payment PM1 failed, event PM1 failed insufficient_funds code:AM04",
        "Processed | Failed | AM04 | -",
    );
}

#[test]
fn a_settled_reversal_has_words_of_its_own_until_the_payment_fails_anew() {
    let items = "item PO1/0 paid PM1 100 9d, receipt PM1/PO1 100 refunded:100 deposited, \
                 refund PO2/0 100";
    check_fields(
        &format!(
            "payment PM1 charged_back, event PM1 charged_back other 5d, {items}, \
                  item PO2/0 charged_back PM1 -100 2d"
        ),
        "Processed | Chargeback settled | other | The collection was reversed and the invoice is \
         open; policy leaves it open: charged back",
    );
    let late = format!(
        "payment PM1 failed, {items}, item PO2/0 failed PM1 -100 4d, \
                        event PM1 failed refer_to_payer 6d"
    );
    check_fields(
        &format!("{late}, policy retries:0"),
        "Failed | Late failure settled | refer_to_payer | The collection failed and its retries \
         are used up: refer to payer, 0 retries",
    );
    check_fields(
        &format!(
            "{late}, event PM1 resubmission_requested payment_retried 3d, \
                  event PM1 failed refer_to_payer 1d"
        ),
        "Processed | Failed | refer_to_payer | -",
    );
}

#[test]
fn why_an_invoice_is_not_collected_is_written_to_it() {
    check_fields(
        "no mandates",
        "Pending | - | - | The customer has no mandate in the invoice's currency: GBP",
    );
    check_fields("approval pending", "Pending | - | - | The invoice is not approved.");
    check_fields(
        "mandate MD1 cancelled",
        "Failed | - | - | The customer's mandate can not be used any more: MD1 is cancelled",
    );
    check_fields(
        "policy limit:99",
        "Failed | - | - | The amount is above the limit of the \
         processor or the link: 1.00 GBP is above the link's limit per invoice",
    );
    check_fields(
        "cmd collect/E/I/1 rejected",
        "Failed | - | - | The other side refused the write: no",
    );
    check_fields("invoice paid", "Processed | - | - | -");
    check_fields("policy post-only", "Pending | - | - | The link only posts and does not collect.");
}

#[test]
fn a_link_that_collects_without_a_box_tells_why_too() {
    let unasked = |more: &str| format!("unflagged, no mandates, {more}");
    let no_mandate = "Pending | - | - | The customer has no mandate in the invoice's currency: GBP";
    check_fields(&unasked("policy all-open"), no_mandate);
    check_fields(&unasked("policy overdue, due-on 2026-11-19"), no_mandate);
    // Not its turn yet, or nothing to collect.
    check_fields(&unasked("policy overdue, due-on 2026-11-25"), "");
    check_fields(&unasked("policy all-open, approval pending"), "");
    check_fields(&unasked("policy all-open, invoice paid"), "");
    // What was written is kept true.
    let told = AnnotateInvoice {
        invoice: "I".into(),
        annotation: Annotation::default(),
        clear_retry: false,
    };
    let mut world = World::new();
    world.learn_all(&unasked("policy all-open, invoice paid"));
    world.put(view("annotate/E/I/1", &told, CommandState::Done));
    assert!(annotation(&world).is_some(), "paid since");
}

#[test]
fn what_the_erp_refused_is_written_to_the_invoice() {
    let paid = "payment PM1 paid_out, item PO1/0 paid PM1 100 3d, cmd receipt/PM1/PO1";
    check_fields(
        &format!("{paid} rejected"),
        "Failed | Paid out | - | The other side refused the write: no",
    );
    check_fields(
        &format!("{paid} rejected:period, closed 11"),
        "Failed | Paid out | - | The accounting period is closed: 2026-11-17: the receipt \
         of 1.00 GBP",
    );
}

#[test]
fn an_invoice_that_nobody_asked_about_is_left_alone() {
    check_fields("unflagged", "");
    check_fields("policy off", "");
    check_fields("policy stopped", "");
    check_fields("no mandates, policy stopped", "");
    check_fields("unflagged, payment PM1 submitted", "Processed | Submitted | - | -");
}

#[test]
fn money_is_never_delayed_by_a_text() {
    // The fields are blank in each of these, and what moves money comes first.
    check_key("", "-");
    check_key("payment PM1 pending 120", "-");
    check_key("payment PM1 paid_out, item PO1/0 paid PM1 100", "-");
    check_key("payment PM1 submitted", "annotate/E/I/1");
}

#[test]
fn the_retry_box_is_unticked_once_it_had_its_effect() {
    check_key("payment PM1 submitted, retry box", "annotate/E/I/1 box");
    check_key("payment PM1 failed, event PM1 failed other, retry box, unmatched", "annotate/E/I/1");
    // Nothing it could do: the next payment needs another mandate first.
    let no_mandate =
        "no mandates, mandate MD1 cancelled, payment PM1 failed, event PM1 failed other, retry box";
    check_key(no_mandate, "annotate/E/I/1 box");
}

#[test]
fn each_text_has_a_key_of_its_own() {
    let live = "payment PM1 submitted";
    check_key(&format!("{live}, cmd annotate/E/I/1 done:I"), "annotate/E/I/2");
    check_key(&format!("{live}, cmd annotate/E/I/1 in_flight"), "annotate/E/I/2");
    check_key(&format!("{live}, cmd annotate/E/I/1 watched"), "annotate/E/I/2");
    check_key(&format!("{live}, cmd annotate/E/I/1 rejected"), "annotate/E/I/2");
    check_key(&format!("{live}, cmd annotate/E/I/1 given_up"), "annotate/E/I/2");
    check_key(&format!("{live}, cmd annotate/E/I/1 intended"), "annotate/E/I/1");
    // A refusal that was cleared after a later text was written leaves a gap, not a second use.
    check_key(
        &format!("{live}, cmd annotate/E/I/1 cleared, cmd annotate/E/I/2 done:I"),
        "annotate/E/I/1",
    );
    check_key(
        &format!(
            "{live}, cmd annotate/E/I/1 done:I, cmd annotate/E/I/2 cleared, \
                  cmd annotate/E/I/3 done:I"
        ),
        "annotate/E/I/2",
    );
}

fn view(key: &str, write: &AnnotateInvoice, state: CommandState) -> CommandView {
    CommandView {
        key: model::key::Key::from_stored(key),
        write: Write::Erp(ErpWrite::AnnotateInvoice(write.clone())),
        state,
        answer: None,
        rejection: None,
        sends: 1,
    }
}

#[test]
fn writing_comes_to_an_end() {
    let mut world = World::new();
    world.learn_all("payment PM1 submitted");
    let (_, write) = annotation(&world).unwrap();
    // Refused: not repeated, but another text is tried.
    let mut refused = World::new();
    refused.learn_all("payment PM1 submitted");
    refused.put(view("annotate/E/I/1", &write, CommandState::Rejected));
    assert_eq!(annotation(&refused), None);
    refused.learn_all("payment PM1 confirmed");
    assert_eq!(annotation(&refused).unwrap().0, "annotate/E/I/2");
    // The ERP keeps the text differently: written twice, then left.
    world.put(view("annotate/E/I/1", &write, CommandState::Done));
    assert_eq!(annotation(&world).unwrap().0, "annotate/E/I/2");
    world.put(view("annotate/E/I/2", &write, CommandState::Done));
    assert_eq!(annotation(&world), None);
    // In flight: the same again under the same key.
    let mut open = World::new();
    open.learn_all("payment PM1 submitted");
    open.put(view("annotate/E/I/1", &write, CommandState::InFlight));
    assert_eq!(annotation(&open).unwrap().0, "annotate/E/I/1");
    // Read back as written: nothing more.
    let mut written = World::new();
    written.learn_all("payment PM1 submitted");
    written.invoice().annotation = write.annotation;
    assert_eq!(annotation(&written), None);
}

#[test]
fn a_refused_text_is_shown_and_written_once_its_period_is_open() {
    let refused = |cause, known: &str| {
        let mut world = World::new();
        world.learn_all("payment PM1 submitted");
        let (_, write) = annotation(&world).unwrap();
        let mut refusal = view("annotate/E/I/1", &write, CommandState::Rejected);
        let words = "The ERP says no.".to_owned();
        refusal.rejection = Some(Rejection { cause, words, field: None });
        world.put(refusal);
        world.learn_all(known);
        let decision = world.decide();
        let shown = decision.attention.iter().map(Reason::sentence).collect::<Vec<_>>().join(", ");
        let key = decision.command.map(|command| command.key.to_string());
        (key, shown)
    };
    let closed = refused(RejectionCause::PeriodClosed, "closed 10");
    assert_eq!(closed, (None, String::new()));
    let shown = "The ERP refuses the status fields on the invoice: The ERP says no.".to_owned();
    let open = refused(RejectionCause::PeriodClosed, "");
    assert_eq!(open, (Some("annotate/E/I/1".to_owned()), String::new()));
    assert_eq!(refused(RejectionCause::Validation, ""), (None, shown));
    let left = refused(RejectionCause::Validation, "said leave fields_not_written");
    assert_eq!(left, (None, String::new()));
}

#[test]
fn texts_are_the_same_at_every_look() {
    for known in [
        "no mandates",
        "payment PM1 failed, event PM1 failed insufficient_funds",
        "policy overdue, due-on 2026-12-01",
        "payment PM1 submitted, payment PM2 submitted",
    ] {
        let mut world = World::new();
        world.learn_all(known);
        let first = annotation(&world);
        world.facts.frame.now += jiff::SignedDuration::from_hours(3);
        assert_eq!(annotation(&world), first, "{known}");
    }
}
