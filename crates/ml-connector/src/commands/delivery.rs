//! Deliveries among the items that wait for a person: their name, what is in them, and taking them
//! off the list.

use std::process::ExitCode;

use model::reason::ReasonCode;
use store::rows::OddDelivery;

use crate::failure::{Failure, Result};
use crate::instance::Instance;
use crate::output;

/// What a delivery's name begins with, where cases have their kind.
const PREFIX: &str = "delivery/";

/// Deliveries looked through for one that is shown; older ones are gone from the list anyway.
const LOOKED_THROUGH_MAX: u32 = 10_000;

/// Characters of a body that are shown.
const SHOWN_MAX: usize = 4_000;

/// The name under which it is listed.
pub fn name(delivery: &OddDelivery) -> String {
    format!("{PREFIX}{}/{}", delivery.connection, delivery.id)
}

/// The number in a delivery's name: `delivery/CONNECTION/NUMBER`. `None`: it names something else.
/// `Some(None)`: it can be no delivery.
pub fn number(text: &str) -> Option<Option<i64>> {
    let rest = text.strip_prefix(PREFIX)?;
    Some(rest.rsplit_once('/').and_then(|(_, number)| number.parse().ok()))
}

/// The only code that deliveries have.
pub fn stands(code: &str) -> Result<()> {
    let known = ReasonCode::DeliveryOdd.code();
    if code == known {
        return Ok(());
    }
    Err(Failure::usage(format!("\"{code}\" does not stand on a delivery; there stands: {known}")))
}

async fn find(instance: &Instance, text: &str) -> Result<OddDelivery> {
    let known = instance.store.odd_deliveries(true).await?;
    let numbered = number(text).unwrap_or_else(|| text.trim_start_matches('#').parse().ok());
    known
        .into_iter()
        .find(|one| Some(one.id) == numbered && (number(text).is_none() || name(one) == text))
        .ok_or_else(|| {
            Failure::usage(format!(
                "there is no delivery {text} with something odd in it: \"attention list\" shows those \
                 that wait, \"webhooks list\" the newest"
            ))
        })
}

/// Takes one off the list, or all that are on it.
pub async fn dismiss(instance: &Instance, text: &str, json: bool) -> Result<ExitCode> {
    let chosen = if text == "ALL" {
        instance.store.odd_deliveries(false).await?
    } else {
        vec![find(instance, text).await?]
    };
    let (before, now): (Vec<OddDelivery>, Vec<OddDelivery>) =
        chosen.into_iter().partition(|one| one.dismissed);
    for one in &now {
        let at = instance.clock.now();
        instance.store.dismiss_delivery(one.id, &instance.actor(), at).await?;
    }
    let ids = |all: &[OddDelivery]| all.iter().map(|one| one.id).collect::<Vec<i64>>();
    if json {
        output::json(&serde_json::json!({ "dismissed": ids(&now), "already": ids(&before) }));
    } else if let Some(one) = before.first() {
        println!("Delivery {} was dismissed already: \"audit export\" tells who did it.", one.id);
    } else {
        println!("{} dismissed.", now.len());
    }
    Ok(ExitCode::SUCCESS)
}

/// When it came, what was odd, and what is in it.
pub async fn show(instance: &Instance, text: &str, json: bool) -> Result<ExitCode> {
    let found = find(instance, text).await?;
    let recent = instance.store.inbox_recent(LOOKED_THROUGH_MAX).await?;
    let body = recent.into_iter().find(|one| one.row.id == found.id).map(|one| one.row.body);
    let body = body.map(|body| String::from_utf8_lossy(&body).into_owned());
    if json {
        output::json(&serde_json::json!({
            "case": name(&found), "connection": found.connection, "received_at": found.received_at,
            "odd": found.odd, "dismissed": found.dismissed, "body": body,
        }));
        return Ok(ExitCode::SUCCESS);
    }
    let state = if found.dismissed { "dismissed" } else { "waits" };
    println!("{}  [{state}]  received {}", name(&found), found.received_at.strftime("%F %T"));
    println!("{}", found.odd);
    println!("Next: ml-connector webhooks dismiss {}\n", found.id);
    match body {
        None => println!("Its body is not kept any more."),
        Some(body) => println!("{}", body.chars().take(SHOWN_MAX).collect::<String>()),
    }
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn deliveries_are_named_by_their_number() {
        for (text, expected) in [
            ("delivery/gc/7", Some(Some(7))),
            ("delivery/gc/seven", Some(None)),
            ("delivery/7", Some(None)),
            ("collection/e/7", None),
            ("7", None),
        ] {
            assert_eq!(number(text), expected, "{text}");
        }
    }
}
