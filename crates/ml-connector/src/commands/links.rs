//! `links`: ERP and processor joined; policy as TOML; going live by accepting a plan.

use std::path::Path;
use std::process::ExitCode;

use engine::plan::Plan;
use model::ids::{ConnectionId, LinkId};
use model::policy::{Mode, Policy};
use serde::Deserialize;
use store::rows::{Connection, Link, Side};

use crate::cli::Links;
use crate::failure::{Failure, Result};
use crate::instance::Instance;
use crate::output;

pub async fn run(instance: &Instance, command: Links, json: bool) -> Result<ExitCode> {
    match command {
        Links::Add { name, erp, processor, policy, settings } => {
            let policy = read_policy(policy.as_deref(), &settings)?;
            add(instance, &name, &erp, &processor, policy).await?;
            say(json, &name, "added, switched off. Next: ml-connector plan");
        }
        Links::List => list(instance, json).await?,
        Links::Show { name } => {
            let link = find(instance, &name).await?;
            if json {
                output::json(&link);
            } else {
                println!("{}", to_toml(&link.policy)?);
            }
        }
        Links::Set { name, settings } => {
            let mut link = find(instance, &name).await?;
            let policy = changed(&link.policy, &settings)?;
            if policy.mode != link.policy.mode && policy.mode != Mode::Off {
                return Err(Failure::usage(
                    "a link goes live by accepting a plan: ml-connector links on (--post-only to \
                     book only)",
                ));
            }
            if link.policy.cut_over_on.is_some() && policy.cut_over_on != link.policy.cut_over_on {
                return Err(Failure::usage(
                    "the books of a link that was live rest on its cut-over: what arrived before it \
                     would never be booked. It is set by ml-connector links on --cut-over",
                ));
            }
            if policy == link.policy {
                say(json, &name, "unchanged: it has these values already");
                return Ok(ExitCode::SUCCESS);
            }
            link.policy = policy;
            valid(&link.policy)?;
            crate::commands::mapping::check(instance, &link, false).await?;
            put(instance, &link).await?;
            say(json, &name, "changed");
        }
        Links::On { name, accept, cut_over, post_only } => {
            switch_on(instance, &name, &accept, cut_over.as_deref(), post_only).await?;
            say(json, &name, "on");
        }
        Links::Off { name } => {
            let mut link = find(instance, &name).await?;
            link.policy.mode = Mode::Off;
            put(instance, &link).await?;
            say(json, &name, "off");
        }
        Links::Remove { name } => {
            let id = LinkId::new(name.as_str());
            instance.store.remove_link(&id, &instance.actor(), instance.clock.now()).await?;
            say(json, &name, "removed");
        }
    }
    Ok(ExitCode::SUCCESS)
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
    let connections = instance.store.connections().await?;
    let side = |id: &str, side: Side, option: &str| {
        connections
            .iter()
            .find(|connection| connection.id.as_str() == id && connection.side == side)
            .ok_or_else(|| {
                Failure::usage(format!("{option} \"{id}\": there is no such connection"))
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
    one_erp_per_processor(instance, &connections, erp, processor).await?;
    let link = Link {
        id: LinkId::new(name),
        erp: erp.id.clone(),
        processor: processor.id.clone(),
        policy,
        version: 0,
    };
    crate::commands::mapping::check(instance, &link, false).await?;
    put(instance, &link).await
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

async fn switch_on(
    instance: &Instance,
    name: &str,
    accept: &str,
    cut_over: Option<&str>,
    post_only: bool,
) -> Result<()> {
    let mut link = find(instance, name).await?;
    let today = instance.clock.now().to_zoned(jiff::tz::TimeZone::UTC).date();
    let cut_over = match cut_over {
        Some(text) => text
            .parse()
            .map_err(|error| Failure::usage(format!("--cut-over \"{text}\": {error}")))?,
        None => link.policy.cut_over_on.unwrap_or(today),
    };
    valid(&link.policy)?;
    crate::commands::mapping::check(instance, &link, true).await?;
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

fn read_policy(file: Option<&Path>, settings: &[String]) -> Result<Policy> {
    let policy = match file {
        None => Policy::default(),
        Some(path) => {
            let text = std::fs::read_to_string(path)
                .map_err(Failure::file(format!("--policy {}", path.display())))?;
            toml::from_str(&text).map_err(|error| {
                Failure::usage(format!("--policy {}: {}", path.display(), error.message()))
            })?
        }
    };
    changed(&policy, settings)
}

fn to_toml(policy: &Policy) -> Result<String> {
    toml::to_string_pretty(policy).map_err(|error| Failure::Failed(error.to_string()))
}

/// Sets `a.b=VALUE`; the value is TOML, or a bare word taken as text. Nothing after the `=` takes the
/// value away, so that the default holds again.
fn changed(policy: &Policy, settings: &[String]) -> Result<Policy> {
    let mut document: toml::Table =
        toml::from_str(&to_toml(policy)?).map_err(|error| Failure::Failed(error.to_string()))?;
    for setting in settings {
        let refused = |why: &str| Failure::usage(format!("\"{setting}\": {why}"));
        let (key, text) = setting.split_once('=').ok_or_else(|| refused("write KEY=VALUE"))?;
        if text.trim().is_empty() {
            let path = toml::from_str::<toml::Table>(&format!("{key} = 0"))
                .map_err(|error| refused(error.message()))?;
            known(&document, &path).map_err(|why| refused(&why))?;
            unset(&mut document, &path);
            continue;
        }
        // The value is TOML, or else a bare word taken as text.
        let quoted = toml::Value::String(text.trim().to_owned()).to_string();
        let written = toml::from_str::<toml::Table>(&format!("{key} = {text}"))
            .or_else(|_| toml::from_str(&format!("{key} = {quoted}")))
            .map_err(|error| refused(error.message()))?;
        merge(&mut document, written);
    }
    let text = toml::to_string(&document).map_err(|error| Failure::Failed(error.to_string()))?;
    toml::from_str(&text).map_err(|error| {
        let message = error.message().to_owned();
        Failure::usage(format!("{}: {message}", settings.join(" ")))
    })
}

/// A key that no policy has is told by the policy itself.
fn known(document: &toml::Table, path: &toml::Table) -> std::result::Result<(), String> {
    let mut tried = document.clone();
    merge(&mut tried, path.clone());
    match Policy::deserialize(toml::Value::Table(tried)) {
        Err(error) if error.message().starts_with("unknown field") => {
            Err(error.message().to_owned())
        }
        Ok(_) | Err(_) => Ok(()),
    }
}

/// Takes away what the path leads to, and the tables that are empty then.
fn unset(from: &mut toml::Table, path: &toml::Table) {
    for (key, rest) in path {
        if let (Some(toml::Value::Table(inner)), toml::Value::Table(rest)) =
            (from.get_mut(key), rest)
        {
            unset(inner, rest);
            if !inner.is_empty() {
                continue;
            }
        } else if rest.is_table() {
            continue;
        }
        from.remove(key);
    }
}

/// Tables are merged member by member; anything else replaces what was there.
fn merge(into: &mut toml::Table, from: toml::Table) {
    for (key, value) in from {
        match (into.get_mut(&key), value) {
            (Some(toml::Value::Table(inner)), toml::Value::Table(more)) => merge(inner, more),
            (_, value) => {
                into.insert(key, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(settings: &[&str], expected: std::result::Result<fn(&Policy) -> bool, &str>) {
        let settings: Vec<String> = settings.iter().map(|one| (*one).to_owned()).collect();
        match (changed(&Policy::default(), &settings), expected) {
            (Ok(policy), Ok(holds)) => assert!(holds(&policy), "{settings:?}: {policy:?}"),
            (Err(error), Err(part)) => {
                assert!(error.to_string().contains(part), "{settings:?}: {error}");
            }
            (got, _) => panic!("{settings:?}: {got:?}"),
        }
    }

    #[test]
    fn policy_values_are_set_by_key() {
        check(&["post_on=confirmed"], Ok(|p| p.post_on == model::policy::PostOn::Confirmed));
        check(&["accounts.fees=640"], Err("accounts"));
        check(&["accounts.fees=\"640\""], Ok(|p| p.accounts.fees.is_some()));
        check(
            &["accounts.banks.GBP.account=\"210\""],
            Ok(|p| p.accounts.banks.contains_key("GBP")),
        );
        check(&["currencies=[\"GBP\", \"EUR\"]"], Ok(|p| p.currencies.len() == 2));
        check(&["currencies=[\"XXX\"]"], Err("XXX"));
        check(&["retries.count=1"], Ok(|p| p.retries.count == 1));
        let rates = ["exchange.fixed.base=GBP", "exchange.fixed.rates.EUR.\"2026-03\"=\"0.85\""];
        check(&rates, Ok(|p| p.exchange != model::policy::Exchange::ErpRate));
        check(&["nonsense=1"], Err("nonsense"));
        check(&["post_on"], Err("KEY=VALUE"));
    }

    #[test]
    fn policy_values_are_taken_away_by_key() {
        check(&["post_on=confirmed", "post_on="], Ok(|p| *p == Policy::default()));
        let limit = "limits.invoice_max.GBP=500";
        check(&[limit, "limits.invoice_max.GBP="], Ok(|p| *p == Policy::default()));
        check(&[limit, "limits.invoice_max="], Ok(|p| *p == Policy::default()));
        check(
            &[limit, "limits.invoice_max.EUR=700", "limits.invoice_max.GBP="],
            Ok(|p| p.limits.invoice_max.len() == 1),
        );
        let bank = "accounts.banks.GBP.account=\"210\"";
        check(&[bank, "accounts.banks.GBP="], Ok(|p| *p == Policy::default()));
        check(&[bank, "accounts.banks.GBP.account="], Ok(|p| *p == Policy::default()));
        check(&["accounts.fees="], Ok(|p| *p == Policy::default()));
        check(&["poll_cron="], Ok(|p| *p == Policy::default()));
        check(&["nonsense="], Err("nonsense"));
        check(&["limits.nonsense="], Err("nonsense"));
    }
}
