//! `links`: ERP and processor joined; policy as TOML; going live by accepting a plan.

use std::process::ExitCode;

use engine::plan::Plan;
use jiff::ToSpan;
use jiff::civil::{Date, date};
use model::case::CaseKind;
use model::decision::Stage;
use model::ids::{ConnectionId, LinkId};
use model::policy::{Mode, Policy};
use model::reason::ReasonCode;
use store::rows::{CaseRow, Connection, Link, Side};

use crate::cli::Links;
use crate::commands::connections::{check_name, check_whole};
use crate::commands::policy_values;
use crate::failure::{Failure, Result};
use crate::instance::Instance;
use crate::output;

pub async fn run(instance: &Instance, command: Links, json: bool) -> Result<ExitCode> {
    match command {
        Links::Add { name, erp, processor, policy, settings } => {
            let policy = policy_values::read(policy.as_deref(), &settings)?;
            add(instance, &name, &erp, &processor, policy).await?;
            say(json, &name, "added, switched off. Next: ml-connector plan");
        }
        Links::List => list(instance, json).await?,
        Links::Show { name } => {
            let link = find(instance, &name).await?;
            if json {
                output::json(&link);
            } else {
                println!("{}", policy_values::to_toml(&link.policy)?);
            }
        }
        Links::Set { name, settings } => {
            let mut link = find(instance, &name).await?;
            let policy = policy_values::changed(&link.policy, &settings)?;
            if policy.mode != link.policy.mode && policy.mode != Mode::Off {
                return Err(Failure::usage(
                    "a link goes live by accepting a plan: ml-connector links on (--post-only to \
                     book only)",
                ));
            }
            if link.policy.cut_over_on.is_some() && policy.cut_over_on != link.policy.cut_over_on {
                return Err(Failure::usage(
                    "the books of a link that was live rest on its cut-over: what arrived before it \
                     would never be booked. An earlier day is set by ml-connector links on --cut-over",
                ));
            }
            if policy == link.policy {
                say(json, &name, "unchanged: it has these values already");
                return Ok(ExitCode::SUCCESS);
            }
            link.policy = policy;
            valid(&link.policy)?;
            meant(instance, link.policy.cut_over_on)?;
            crate::commands::mapping::check(instance, &link, false).await?;
            put(instance, &link).await?;
            say(json, &name, "changed");
        }
        Links::On { name, accept, cut_over, post_only, anyway } => {
            let live = GoLive { accept: &accept, cut_over: cut_over.as_deref(), post_only, anyway };
            switch_on(instance, &name, &live).await?;
            say(json, &name, "on");
        }
        Links::Off { name } => {
            let mut link = find(instance, &name).await?;
            link.policy.mode = Mode::Off;
            put(instance, &link).await?;
            say(json, &name, "off");
        }
        Links::Remove { name } => {
            let link = find(instance, &name).await?;
            if link.policy.mode != Mode::Off {
                return Err(Failure::usage(format!(
                    "link {name} is on: switch it off first (ml-connector links off {name})"
                )));
            }
            let left = left_behind(instance, &link.id).await?;
            instance.store.remove_link(&link.id, &instance.actor(), instance.clock.now()).await?;
            instance.reconnect().await?;
            say(json, &name, &format!("removed{left}"));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// What nobody books any more once the link is removed, in a sentence; empty: nothing.
async fn left_behind(instance: &Instance, link: &LinkId) -> Result<String> {
    let cases = instance.engine.all_cases(CaseKind::Collection, Some(link)).await?;
    let open = cases.iter().filter(|case| case.stage != Some(Stage::Closed)).count();
    let is_collected =
        |case: &&CaseRow| case.reason.as_ref().is_some_and(|one| one.code == ReasonCode::Collected);
    let collected = cases.iter().filter(is_collected).count();
    if open + collected == 0 {
        return Ok(String::new());
    }
    Ok(format!(
        ". It leaves {open} open invoices, and {collected} that were collected: a payment of theirs that \
         is paid out, fails or is charged back from now on is booked by nobody. A new link between the \
         same two connections takes all of them up again"
    ))
}

fn say(json: bool, name: &str, what: &str) {
    if json {
        output::json(&serde_json::json!({ "link": name, "state": what }));
    } else {
        println!("Link {name}: {what}");
    }
}

pub async fn find(instance: &Instance, name: &str) -> Result<Link> {
    let links = instance.store.links().await?;
    let known: Vec<String> = links.iter().map(|link| link.id.to_string()).collect();
    links.into_iter().find(|link| link.id.as_str() == name).ok_or_else(|| {
        Failure::usage(match known.as_slice() {
            [] => "there are no links yet: ml-connector links add …".to_owned(),
            [_, ..] => format!("there is no link \"{name}\"; there are: {}", known.join(", ")),
        })
    })
}

/// Refuses a policy that can not be meant. A link can be switched off whatever its policy says.
fn valid(policy: &Policy) -> Result<()> {
    flows::schedule::check(policy).map_err(|error| Failure::usage(error.to_string()))?;
    policy.check().map_err(Failure::Usage)
}

/// Days to come for which a cut-over may be set: a go-live that is planned, not a slip of the finger.
const CUT_OVER_DAYS_AHEAD_MAX: i64 = 366;

/// No payout of any processor arrived before.
const CUT_OVER_FIRST: Date = date(2000, 1, 1);

/// Refuses a cut-over that can not be meant: before it nothing is ever booked.
fn meant(instance: &Instance, cut_over: Option<Date>) -> Result<()> {
    let Some(day) = cut_over else { return Ok(()) };
    let today = instance.clock.now().to_zoned(jiff::tz::TimeZone::UTC).date();
    let last = today.saturating_add(CUT_OVER_DAYS_AHEAD_MAX.days());
    if (CUT_OVER_FIRST..=last).contains(&day) {
        return Ok(());
    }
    Err(Failure::usage(format!(
        "the cut-over can not be {day}: it lies between {CUT_OVER_FIRST} and {last}, and payouts that \
         arrived before it are never booked"
    )))
}

async fn put(instance: &Instance, link: &Link) -> Result<()> {
    instance.store.put_link(link, &instance.actor(), instance.clock.now()).await?;
    instance.reconnect().await
}

async fn add(
    instance: &Instance,
    name: &str,
    erp: &str,
    processor: &str,
    policy: Policy,
) -> Result<()> {
    check_name(name)?;
    if instance.store.links().await?.iter().any(|link| link.id.as_str() == name) {
        return Err(Failure::usage(format!(
            "there is a link {name} already: ml-connector links set {name} KEY=VALUE changes it"
        )));
    }
    let connections = instance.store.connections().await?;
    let side = |id: &str, side: Side, option: &str| {
        let of_side = connections.iter().filter(|connection| connection.side == side);
        let names: Vec<&str> = of_side.clone().map(|connection| connection.id.as_str()).collect();
        let known = match names.as_slice() {
            [] => "there is none yet: ml-connector connections add …".to_owned(),
            [_, ..] => format!("there are: {}", names.join(", ")),
        };
        of_side.clone().find(|connection| connection.id.as_str() == id).ok_or_else(|| {
            Failure::usage(format!("{option} \"{id}\": there is no such connection; {known}"))
        })
    };
    let (erp, processor) =
        (side(erp, Side::Erp, "--erp")?, side(processor, Side::Processor, "--processor")?);
    for connection in [erp, processor] {
        if connection.account.is_none() {
            return Err(Failure::usage(format!(
                "connection {0} is not proved yet: ml-connector connections ping {0}",
                connection.id
            )));
        }
    }
    if erp.production != processor.production {
        return Err(Failure::usage(
            "one of the two is a production account and the other a sandbox: they never pair",
        ));
    }
    if policy.mode != Mode::Off {
        return Err(Failure::usage("a new link is off; go live with \"links on\""));
    }
    valid(&policy)?;
    meant(instance, policy.cut_over_on)?;
    one_erp_per_processor(instance, &connections, erp, processor).await?;
    let link = Link {
        id: LinkId::new(name),
        erp: erp.id.clone(),
        processor: processor.id.clone(),
        policy,
        version: 0,
    };
    crate::commands::mapping::check(instance, &link, false).await?;
    put(instance, &link).await?;
    crate::commands::mapping::tell_subsidiaries(instance, &link).await;
    Ok(())
}

/// A processor account serves one ERP account (DESIGN.md section 2), whatever the connections to
/// either are called.
async fn one_erp_per_processor(
    instance: &Instance,
    connections: &[Connection],
    erp: &Connection,
    processor: &Connection,
) -> Result<()> {
    let account = |id: &ConnectionId| {
        connections.iter().find(|one| one.id == *id).and_then(|one| one.account.clone())
    };
    let links = instance.store.links().await?;
    let other = links.iter().find(|link| {
        account(&link.processor) == processor.account && account(&link.erp) != erp.account
    });
    match other {
        Some(other) => Err(Failure::usage(format!(
            "the account of {} serves {} already (link {}); a processor account serves one ERP account",
            processor.id, other.erp, other.id
        ))),
        None => Ok(()),
    }
}

async fn list(instance: &Instance, json: bool) -> Result<()> {
    let links = instance.store.links().await?;
    if json {
        output::json(&links);
        return Ok(());
    }
    let rows = links
        .into_iter()
        .map(|link| {
            let mode = match link.policy.mode {
                Mode::Off => "off",
                Mode::PostOnly => "post only",
                Mode::On => "on",
            };
            let codes: Vec<&str> = link.policy.currencies.iter().map(|one| one.code()).collect();
            vec![
                link.id.to_string(),
                link.erp.to_string(),
                link.processor.to_string(),
                mode.to_owned(),
                codes.join(" "),
                link.policy.cut_over_on.map_or_else(String::new, |on| on.to_string()),
            ]
        })
        .collect();
    output::table(
        &["link", "erp", "processor", "mode", "currencies", "cut-over"],
        rows,
        "No links yet: ml-connector links add …",
    );
    Ok(())
}

/// How a link goes live.
struct GoLive<'a> {
    accept: &'a str,
    cut_over: Option<&'a str>,
    post_only: bool,
    anyway: bool,
}

async fn switch_on(instance: &Instance, name: &str, live: &GoLive<'_>) -> Result<()> {
    let GoLive { accept, cut_over, post_only, anyway } = *live;
    let mut link = find(instance, name).await?;
    let today = instance.clock.now().to_zoned(jiff::tz::TimeZone::UTC).date();
    let cut_over = match cut_over {
        Some(text) => text.parse().map_err(|error| {
            Failure::usage(format!(
                "--cut-over can not be \"{text}\" ({error}): it wants a day, for example {today}"
            ))
        })?,
        None => link.policy.cut_over_on.unwrap_or(today),
    };
    if let Some(before) = link.policy.cut_over_on.filter(|before| cut_over > *before) {
        return Err(Failure::usage(format!(
            "the link was live from {before} on, and its books rest on that day: payouts between it and \
             {cut_over} would never be booked. Leave --cut-over out, or make another link",
        )));
    }
    valid(&link.policy)?;
    meant(instance, Some(cut_over))?;
    crate::commands::mapping::check(instance, &link, true).await?;
    if !anyway {
        check_whole(instance, &[&link.erp, &link.processor]).await?;
    }
    let plan: Plan = instance.engine.plan(&link.id).await?;
    let figures = plan.figures();
    if figures != accept {
        return Err(Failure::usage(format!(
            "the plan is {figures} now, not {accept}: look at \"ml-connector plan {name}\" again and \
             accept its figures"
        )));
    }
    link.policy.mode = if post_only { Mode::PostOnly } else { Mode::On };
    link.policy.cut_over_on = Some(cut_over);
    put(instance, &link).await
}
