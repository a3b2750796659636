//! The emulated processor's own records in common words.

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::Value;

use crate::wire::truth::{
    Invited, Item, ItemKind, Mandate, Payment, Payout, Refund, Truth, decimal, filled, list, text,
    time, whole,
};

/// Statuses in which nothing is, or was, taken from the payer.
const DEAD: [&str; 4] = ["failed", "cancelled", "customer_approval_denied", "charged_back"];

/// Statuses that time alone ends.
const UNDER_WAY: [&str; 4] =
    ["pending_customer_approval", "pending_submission", "submitted", "confirmed"];

/// Adds what the report of the truth says.
pub fn read(body: &Value, truth: &mut Truth) -> Result<(), String> {
    for row in list(&body["payments"]) {
        let payment = payment(row)?;
        if UNDER_WAY.contains(&payment.status.as_str()) {
            truth.under_way.push(format!("{} is {}", payment.id, payment.status));
        }
        truth.payments.insert(payment.id.clone(), payment);
    }
    for row in list(&body["payouts"]) {
        let payout = payout(row)?;
        if text(&row["status"]) == "pending" {
            truth.under_way.push(format!("payout {}", payout.id));
        }
        truth.payouts.push(payout);
    }
    for row in list(&body["mandates"]) {
        let status = text(&row["status"]);
        let payer = list(&body["customers"])
            .iter()
            .find(|payer| payer["id"] == row["links"]["customer"])
            .unwrap_or(&Value::Null);
        truth.mandates.push(Mandate {
            id: text(&row["id"]),
            usable: is_usable(&status),
            awaits_payer: status == "pending_customer_approval",
            usable_since: usable_since(row)?,
            payer: text(&payer["id"]),
            customer: filled(&payer["metadata"]["mlc_customer"]),
            email: text(&payer["email"]),
            // One that replaced ours carries its metadata too, and nobody ordered it.
            key: filled(&row["metadata"]["mlc_key"]).filter(|_| {
                let all = list(&body["mandates"]).iter();
                !all.clone().any(|other| other["links"]["new_mandate"] == row["id"])
            }),
        });
    }
    read_invitations(body, truth)?;
    for row in list(&body["billing_requests"]) {
        if text(&row["status"]) == "pending" {
            truth.requests.push(text(&row["id"]));
        }
    }
    for row in list(&body["refunds"]) {
        let (id, at) = (text(&row["id"]), time(&row["created_at"])?);
        if let Some(payment) = truth.payments.get_mut(&text(&row["links"]["payment"])) {
            payment.refunds.push(Refund { id, at, amount: whole(&row["amount"])? });
        }
    }
    truth.refunds = list(&body["refunds"]).iter().map(|row| text(&row["id"])).collect();
    for account in list(&body["waiting"]) {
        for row in list(&account["payments"]) {
            truth.under_way.push(format!("{} waits for its payout", text(row)));
        }
        for row in list(&account["items"]) {
            truth.owed.push(format!(
                "{} of {}",
                text(&row["type"]),
                text(&row["links"]["payment"])
            ));
        }
    }
    Ok(())
}

fn is_usable(status: &str) -> bool {
    matches!(status, "active" | "submitted" | "pending_submission" | "pending_customer_approval")
}

/// The begin of the last stretch of usable statuses, if it lasts.
fn usable_since(mandate: &Value) -> Result<Option<Timestamp>, String> {
    let mut since = None;
    for step in list(&mandate["history"]) {
        since = match (is_usable(&text(&step["status"])), since) {
            (true, None) => Some(time(&step["at"])?),
            (true, known) => known,
            (false, _) => None,
        };
    }
    Ok(since)
}

/// Each link is an event of its request.
fn read_invitations(body: &Value, truth: &mut Truth) -> Result<(), String> {
    for event in list(&body["events"]).iter().filter(|event| event["action"] == "flow_created") {
        let id = &event["links"]["billing_request"];
        let request = list(&body["billing_requests"]).iter().find(|row| row["id"] == *id);
        let customer = request.and_then(|row| filled(&row["metadata"]["mlc_customer"]));
        if let Some(customer) = customer {
            let at = time(&event["created_at"])?;
            truth.invitations.push(Invited { at, request: text(id), customer });
        }
    }
    Ok(())
}

fn payment(row: &Value) -> Result<Payment, String> {
    let mut history = Vec::new();
    for step in list(&row["history"]) {
        let status = text(&step["status"]);
        let live = !DEAD.contains(&status.as_str());
        history.push((time(&step["at"])?, status, live));
    }
    Ok(Payment {
        id: text(&row["id"]),
        invoice: filled(&row["metadata"]["invoiceId"]),
        said: None,
        mandate: text(&row["links"]["mandate"]),
        description: filled(&row["description"]),
        key: filled(&row["metadata"]["mlc_key"]),
        amount: whole(&row["amount"])?,
        status: text(&row["status"]),
        refunded: whole(&row["amount_refunded"])?,
        refunds: Vec::new(),
        history,
    })
}

fn date(text: &str) -> Result<Date, String> {
    text.parse().map_err(|_| format!("\"{text}\" is no date"))
}

fn payout(row: &Value) -> Result<Payout, String> {
    let mut items = Vec::new();
    for (ordinal, row) in list(&row["items"]).iter().enumerate() {
        let name = text(&row["type"]);
        let kind = match name.as_str() {
            "payment_paid_out" => ItemKind::Settlement,
            "payment_failed" | "payment_charged_back" | "payment_refunded" => ItemKind::Reversal,
            // Section 15.
            "gocardless_fee" | "app_fee" | "revenue_share" | "surcharge_fee" => ItemKind::Fee,
            _ => ItemKind::Other,
        };
        items.push(Item {
            ordinal: u32::try_from(ordinal).map_err(|error| error.to_string())?,
            kind,
            name,
            amount: decimal(&row["amount"])?,
            payment: filled(&row["links"]["payment"]),
        });
    }
    Ok(Payout {
        id: text(&row["id"]),
        amount: whole(&row["amount"])?,
        currency: text(&row["currency"]),
        exchanged: filled(&row["fx"]["fx_currency"])
            .is_some_and(|other| row["currency"].as_str() != Some(other.as_str())),
        // One that bounced was paid before, and its items are settled.
        paid: text(&row["status"]) != "pending",
        arrives_on: filled(&row["arrival_date"]).map(|text| date(&text)).transpose()?,
        items,
    })
}
