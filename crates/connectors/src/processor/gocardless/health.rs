//! What a ping proves of an account: token, creditors and their standing, clock, and what has to be
//! set up by hand (mission row C2).

use jiff::Timestamp;
use model::command::RejectionCause;
use ports::PortError;
use ports::health::{Environment, Health, HealthCheck};

use super::client::Client;
use super::errors::Reply;
use super::mapping::decode;
use super::wire::Creditor;

/// A difference of the clocks beyond this makes windows and rate limits unreliable.
const SKEW_SECONDS_MAX: i64 = 60;

/// What the connection itself knows.
pub struct Setup {
    pub environment: Environment,
    pub has_webhook_secret: bool,
    pub has_redirect: bool,
}

pub async fn check(client: &Client, setup: &Setup) -> Result<Health, PortError> {
    let started = client.lease_now();
    let page = client.list("creditors", &[], None).await?;
    let latency = client.since(started);
    let mut creditors: Vec<Creditor> =
        page.records.into_iter().filter_map(|record| decode(record).ok()).collect();
    // The oldest creditor names the account: it stays the same when others are added.
    creditors.sort_by(|a, b| (&a.created_at, &a.id).cmp(&(&b.created_at, &b.id)));
    let Some(first) = creditors.first() else {
        return Err(PortError::Unsupported(
            "the account has no creditor yet: finish signing up at GoCardless".to_owned(),
        ));
    };
    let mut checks = vec![check_token(latency.as_millis())];
    checks.extend(creditors.iter().map(check_verified));
    checks.extend(creditors.iter().map(check_schemes));
    checks.extend(creditors.iter().map(check_refunds));
    checks.extend(page.server_time.map(|server| check_clock(server, client.now())));
    checks.push(check_writing(client).await?);
    checks.push(check_webhook(setup));
    checks.push(check_redirect(setup));
    Ok(Health {
        account: first.id.clone(),
        account_name: first.name.clone(),
        environment: setup.environment,
        server_time: page.server_time,
        checks,
    })
}

fn passed(name: impl Into<String>) -> HealthCheck {
    HealthCheck::passed(name)
}

/// Proved, with something to know besides.
fn noted(name: impl Into<String>, advice: impl Into<String>) -> HealthCheck {
    HealthCheck::noted(name, advice)
}

fn failed(name: impl Into<String>, advice: impl Into<String>) -> HealthCheck {
    HealthCheck::failed(name, advice)
}

fn check_token(milliseconds: u128) -> HealthCheck {
    passed(format!("access token (answered in {milliseconds} ms)"))
}

fn check_verified(creditor: &Creditor) -> HealthCheck {
    let name = format!("verification of creditor {}", creditor.id);
    match creditor.verification_status.as_deref() {
        Some("successful") => passed(name),
        Some("in_review") => {
            noted(name, "In review: payments are collected, payouts wait until it is successful.")
        }
        Some("action_required") => failed(
            name,
            "GoCardless needs something from you before it pays out: see its dashboard.",
        ),
        Some(_) | None => HealthCheck::not_checked(
            name,
            "GoCardless does not say where the verification stands: its dashboard does.",
        ),
    }
}

fn check_schemes(creditor: &Creditor) -> HealthCheck {
    let mut active: Vec<String> = creditor
        .scheme_identifiers
        .iter()
        .flatten()
        .filter(|identifier| identifier.status.as_deref() != Some("pending"))
        .filter_map(|identifier| {
            let scheme = identifier.scheme.as_deref()?;
            Some(match &identifier.currency {
                Some(currency) => format!("{scheme} {currency}"),
                None => scheme.to_owned(),
            })
        })
        .collect();
    active.sort();
    active.dedup();
    if active.is_empty() {
        let name = format!("schemes of creditor {}", creditor.id);
        return noted(name, "None is listed: GoCardless may still collect under its own.");
    }
    passed(format!("schemes of creditor {}: {}", creditor.id, active.join(", ")))
}

fn check_refunds(creditor: &Creditor) -> HealthCheck {
    let name = format!("refunds of creditor {}", creditor.id);
    if creditor.can_create_refunds == Some(true) {
        passed(name)
    } else {
        noted(name, "Not enabled: refunds made elsewhere are booked, none can be made from here.")
    }
}

fn check_clock(server: Timestamp, here: Timestamp) -> HealthCheck {
    let skew = here.duration_since(server).as_secs();
    if skew.abs() <= SKEW_SECONDS_MAX {
        passed("clock")
    } else {
        failed("clock", format!("This clock differs from GoCardless's by {skew} s: set it."))
    }
}

/// A payment without any content is refused for its content, or before that for the token.
async fn check_writing(client: &Client) -> Result<HealthCheck, PortError> {
    let name = "read-write access";
    Ok(match client.probe_write().await {
        Ok(Reply::Refused(refusal)) if refusal.cause() == RejectionCause::Permission => failed(
            name,
            format!(
                "The token may only read: make a read-write one in the GoCardless dashboard \
                 (Developers) and enter it. GoCardless says: {}",
                refusal.words
            ),
        ),
        Ok(Reply::Refused(_)) => passed(name),
        Ok(Reply::Done(_)) => failed(
            name,
            "GoCardless accepted a payment without any content: look at its newest payment, cancel \
             it, and tell us.",
        ),
        // Nothing can have been made of it, whatever became of the answer.
        Err(PortError::OutcomeUnknown(words)) => HealthCheck::not_checked(
            name,
            format!("Could not be proved ({words}): make sure that the token is read-write."),
        ),
        Err(error) => return Err(error),
    })
}

fn check_webhook(setup: &Setup) -> HealthCheck {
    if setup.has_webhook_secret {
        return HealthCheck::not_checked(
            "webhook endpoint",
            "It is registered by hand in the GoCardless dashboard (Developers): send a test from there \
             while the server runs; \"webhooks list\" shows that it arrived.",
        );
    }
    noted(
        "webhook endpoint: not set, polls alone",
        "Changes are found by polling, some minutes later. To hear of them at once set webhook_secret \
         to the secret of an endpoint made in the GoCardless dashboard (Developers).",
    )
}

fn check_redirect(setup: &Setup) -> HealthCheck {
    if setup.has_redirect {
        passed("return address of authorisation links")
    } else {
        noted(
            "return address of authorisation links",
            "None is set: payers end on GoCardless's own success page.",
        )
    }
}
