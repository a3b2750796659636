//! The connector's fields on the ERP's customer: which mandate, how it stands, and where the payer
//! authorises one. Written only when they differ, and never against another case's content.

use model::command::{CommandState, ErpWrite, SaveCustomerFields, Write};
use model::customer::{CustomerFields, ErpCustomer};
use model::decision::{Decision, Stage};
use model::key::Key;
use model::mandate::Mandate;

use super::facts::{Choice, MandateFacts};
use crate::unresolved::unresolved;

/// Adds the write of the fields to a decision that has no command; a refusal never delays it.
pub fn add(
    facts: &MandateFacts,
    customer: &ErpCustomer,
    choice: &Choice<'_>,
    decision: &mut Decision,
) {
    if decision.command.is_some() || !is_of_this_account(facts, customer) {
        return;
    }
    // A save that may have happened keeps its key and its content until that is known.
    let open = unresolved(&facts.frame, Stage::Open, |view| {
        matches!(view.write, Write::Erp(ErpWrite::SaveCustomerFields(_)))
    });
    if let Some(open) = open {
        decision.command = open.command;
        return;
    }
    let mut fields = match choice {
        Choice::Usable(mandate) => of_mandate(facts, customer, mandate),
        Choice::Ambiguous(_) => without_mandate(facts, customer, None),
        Choice::None(newest) => without_mandate(facts, customer, *newest),
    };
    if names_another_currency(facts, customer) {
        fields.mandate = None;
        fields.mandate_status = None;
    }
    if fields == CustomerFields::default() || was_just_saved(facts, &fields) {
        return;
    }
    let (processor, currency) = (facts.frame.processor.as_str(), facts.currency);
    let head = ["mandate-fields", processor, facts.id.as_str(), currency.code()];
    let nth = facts.frame.next_nth_of(&head).to_string();
    let key = Key::new(&[head[0], head[1], head[2], head[3], &nth]);
    let write = SaveCustomerFields { customer: facts.id.clone(), fields };
    let write = Write::Erp(ErpWrite::SaveCustomerFields(write));
    let issued = facts.frame.issue(Stage::Open, key, write, None);
    match issued.command {
        Some(command) => decision.command = Some(command),
        None => decision.attention.push(issued.reason),
    }
}

/// The fields hold the customer of one processor account: another account's are left alone, or two
/// cases would overwrite each other for ever.
fn is_of_this_account(facts: &MandateFacts, customer: &ErpCustomer) -> bool {
    match (&customer.stored.processor_customer, &facts.pair) {
        (None, _) => true,
        (Some(stored), Some(pair)) => stored == pair,
        (Some(_), None) => false,
    }
}

/// The fields hold one mandate: a usable one of another currency keeps its place.
fn names_another_currency(facts: &MandateFacts, customer: &ErpCustomer) -> bool {
    facts.mandates.iter().any(|mandate| {
        Some(&mandate.id) == customer.stored.mandate.as_ref()
            && mandate.currency != facts.currency
            && mandate.status.usable(true)
    })
}

/// The fields that differ from what a usable mandate says.
fn of_mandate(facts: &MandateFacts, customer: &ErpCustomer, mandate: &Mandate) -> CustomerFields {
    let stored = &customer.stored;
    let status = Some(mandate.status.words().to_owned());
    let id = Some(mandate.id.clone());
    CustomerFields {
        processor_customer: facts.pair.clone().filter(|_| stored.processor_customer != facts.pair),
        mandate_status: status
            .filter(|_| stored.mandate_status.as_deref() != Some(mandate.status.words())),
        mandate: id.filter(|_| stored.mandate.as_ref() != Some(&mandate.id)),
        // A link that was used is blanked.
        authorisation_link: stored
            .authorisation_link
            .as_deref()
            .filter(|url| facts.is_our_link(url))
            .map(|_| String::new()),
        processor_account: None,
    }
}

/// Keeps the status of the named mandate current, and shows the link that counts. Where none was ever
/// named, the newest says why nothing can be collected.
fn without_mandate(
    facts: &MandateFacts,
    customer: &ErpCustomer,
    newest: Option<&Mandate>,
) -> CustomerFields {
    let stored = &customer.stored;
    let first = newest.filter(|_| stored.mandate.is_none());
    let named =
        facts.in_currency().find(|mandate| Some(&mandate.id) == stored.mandate.as_ref()).or(first);
    let status = named
        .map(|mandate| mandate.status.words())
        .filter(|words| stored.mandate_status.as_deref() != Some(words));
    let link = facts
        .requested()
        .last()
        .and_then(|request| facts.handed_out(&request).map(|link| link.url.to_owned()));
    CustomerFields {
        processor_customer: facts
            .pair
            .clone()
            .filter(|pair| first.is_some() && stored.processor_customer.as_ref() != Some(pair)),
        mandate: first.map(|mandate| mandate.id.clone()),
        mandate_status: status.map(str::to_owned),
        authorisation_link: link.filter(|url| stored.authorisation_link.as_ref() != Some(url)),
        ..CustomerFields::default()
    }
}

/// The same content was the last that this case saved: somebody changed it on purpose, or the ERP
/// does not keep it. Writing it again and again would end neither.
fn was_just_saved(facts: &MandateFacts, fields: &CustomerFields) -> bool {
    let last = facts.frame.commands.iter().rev().find_map(|view| match &view.write {
        Write::Erp(ErpWrite::SaveCustomerFields(write)) if view.state == CommandState::Done => {
            Some(&write.fields)
        }
        Write::Erp(_) | Write::Processor(_) => None,
    });
    last == Some(fields)
}
