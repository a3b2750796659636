//! `mandates`: mandates made from bank details that the merchant holds (mission row NG6). The details
//! come from a file or standard input, are checked, and are sealed; nothing of them is printed.

mod details;

use std::io::IsTerminal;
use std::process::ExitCode;

use engine::bank_details::MandatePlan;
use model::case::CaseKind;
use model::customer::ErpCustomer;
use model::direct::Authorised;
use model::ids::{ErpCustomerId, LinkId};
use model::policy::{DetailsNotAllowed, Mode};
use ports::BankDetails;
use store::rows::{Body, CaseFilter};

use crate::cli::{AuthorisedBy, CreateMandate, Mandates};
use crate::failure::{Failure, Result};
use crate::instance::Instance;
use crate::output;

/// Cases read at a time while a customer's code is looked for.
const PAGE: u32 = 500;

/// The fact that holds a customer as it was last seen.
const CUSTOMER_FACT: &str = "customer";

pub async fn run(instance: &Instance, command: Mandates, json: bool) -> Result<ExitCode> {
    match command {
        Mandates::Create(create) => {
            let done = order(instance, &create, json).await;
            instance.keep_exchanges().await?;
            done?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn order(instance: &Instance, create: &CreateMandate, json: bool) -> Result<()> {
    let mut given = details::read(create.details.as_deref())?;
    if let Some(country) = &create.country {
        given = given.with_default("country_code", country);
    }
    let customer = customer_id(instance, &create.customer).await?;
    let plan = plan(instance, create, &customer, &given).await?;
    if !json {
        print_plan(&plan, create.authorised);
    }
    agreed(create)?;
    let authorised = match create.authorised {
        AuthorisedBy::Paper => Authorised::Paper,
        AuthorisedBy::Telephone => Authorised::Telephone,
    };
    let actor = instance.actor();
    instance.engine.order_mandate(&plan, &given, authorised, &actor).await?;
    if json {
        output::json(&serde_json::json!({
            "ok": true, "case": plan.case.to_string(), "link": plan.link,
            "customer": plan.customer.id, "scheme": plan.made_for.scheme,
            "currency": plan.made_for.currency, "country": plan.made_for.country,
        }));
    } else {
        println!(
            "\nOrdered as {}. It is worked on at once by a running server, or by \"ml-connector sync \
             {}\". The details are sealed until they are used, and erased then.",
            plan.case, plan.link
        );
    }
    Ok(())
}

/// The link that is named, or the only one that is on and fits.
async fn plan(
    instance: &Instance,
    create: &CreateMandate,
    customer: &ErpCustomerId,
    given: &BankDetails,
) -> Result<MandatePlan> {
    let scheme = create.scheme.as_deref();
    let all = instance.store.links().await?;
    if let Some(name) = &create.link {
        let link = LinkId::new(name.as_str());
        if !all.iter().any(|one| one.id == link) {
            return Err(Failure::usage(format!("there is no link {link}")));
        }
        let planned = instance.engine.plan_mandate(&link, customer, given, scheme).await;
        return planned.map_err(Failure::of_engine);
    }
    let on: Vec<&LinkId> =
        all.iter().filter(|link| link.policy.mode == Mode::On).map(|link| &link.id).collect();
    let mut fitting = Vec::new();
    let mut why = None;
    for link in &on {
        match instance.engine.plan_mandate(link, customer, given, scheme).await {
            Ok(plan) => fitting.push(plan),
            Err(error) => why = Some(error),
        }
    }
    let names: Vec<&str> = fitting.iter().map(|plan| plan.link.as_str()).collect();
    match (names.as_slice(), why) {
        ([_, _, ..], _) => Err(Failure::usage(format!(
            "more than one link would do: {}; name one with --link",
            names.join(", ")
        ))),
        ([], Some(why)) => Err(Failure::of_engine(why)),
        ([], None) => Err(Failure::usage("no link is on: see \"ml-connector links on\"")),
        ([_], _) => fitting.pop().ok_or_else(|| Failure::usage("no link is on")),
    }
}

/// A customer's code, where one that was seen has it; else the text is taken for the id.
async fn customer_id(instance: &Instance, text: &str) -> Result<ErpCustomerId> {
    let mut filter =
        CaseFilter { kind: Some(CaseKind::Customer), limit: PAGE, ..CaseFilter::default() };
    let mut by_code = Vec::new();
    loop {
        let rows = instance.store.cases(&filter).await?;
        let Some(last) = rows.last().map(|row| row.id) else { break };
        let keys: Vec<_> = rows.into_iter().map(|row| row.key).collect();
        if keys.iter().any(|key| key.subject == text) {
            return Ok(ErpCustomerId::new(text));
        }
        let facts = instance.store.facts_named(&keys, CUSTOMER_FACT).await?;
        let read = facts.iter().flatten().filter_map(Body::read::<ErpCustomer>);
        let same = |one: &ErpCustomer| one.code.eq_ignore_ascii_case(text);
        by_code.extend(read.filter(same).map(|one| one.id));
        filter.after = Some(last);
    }
    match by_code.as_slice() {
        [] => Ok(ErpCustomerId::new(text)),
        [only] => Ok(only.clone()),
        [_, ..] => {
            let ids: Vec<&str> = by_code.iter().map(ErpCustomerId::as_str).collect();
            Err(Failure::usage(format!(
                "\"{text}\" is the code of several customers: {}; give the id",
                ids.join(", ")
            )))
        }
    }
}

fn print_plan(plan: &MandatePlan, authorised: AuthorisedBy) {
    let customer = &plan.customer;
    let person = [customer.given_name.as_deref(), customer.family_name.as_deref()];
    let person = person.into_iter().flatten().collect::<Vec<_>>().join(" ");
    let name = customer.company_name.clone().unwrap_or(person);
    let payer = plan.payer.as_ref().map_or_else(
        || "matched, or made there".to_owned(),
        |payer| format!("{payer}, known there"),
    );
    let source = match authorised {
        AuthorisedBy::Paper => "on paper",
        AuthorisedBy::Telephone => "by telephone",
    };
    let otherwise = match plan.not_allowed {
        DetailsNotAllowed::Link => "the payer is asked by an authorisation link",
        DetailsNotAllowed::Hold => "it waits for you (attention)",
    };
    println!("Customer    {} {name} (id {})", customer.code, customer.id);
    println!("Link        {}", plan.link);
    println!("Account     {}", plan.processor);
    println!("Payer       {payer}");
    println!(
        "Mandate     {} in {}, account in {}, authorised {source}",
        plan.made_for.scheme, plan.made_for.currency, plan.made_for.country
    );
    println!("Not allowed {otherwise}");
}

/// Asks at the terminal, where the details did not come from there.
fn agreed(create: &CreateMandate) -> Result<()> {
    if create.yes {
        return Ok(());
    }
    if create.details.is_none() || !std::io::stdin().is_terminal() {
        return Err(Failure::usage("nothing was stored: add --yes to go ahead"));
    }
    println!("\nMake this mandate? Type yes:");
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer).map_err(Failure::file("standard input"))?;
    if answer.trim().eq_ignore_ascii_case("yes") {
        Ok(())
    } else {
        Err(Failure::usage("nothing was stored"))
    }
}
