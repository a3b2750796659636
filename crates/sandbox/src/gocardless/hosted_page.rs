//! The payer's hosted page of a billing request flow: a form that completes or leaves the flow and
//! sends the payer back with both ids (gocardless sheet sections 20 and 26).

use std::collections::BTreeMap;

use bytes::Bytes;
use jiff::Timestamp;

use super::call::query_of;
use super::events::Actor;
use super::lifecycle::{PayerForm, billing_request_event, typed_details};
use super::records::billing::{BillingStatus, Flow};
use super::records::party::CUSTOMER_TEXTS;
use super::routes::BANK_FIELDS;
use super::validate::Metadata;
use super::world::World;

/// Path of the page; the flow is in the query.
pub const PATH: &str = "/billing/static/flow";

/// Fields of the form, in order, with their labels.
const FORM: [(&str, &str); 13] = [
    ("company_name", "Company"),
    ("given_name", "First name"),
    ("family_name", "Last name"),
    ("email", "E-mail"),
    ("address_line1", "Address"),
    ("city", "City"),
    ("postal_code", "Postal code"),
    ("country_code", "Country (two letters)"),
    ("account_holder_name", "Account holder (an account is made up if nothing is given)"),
    ("iban", "IBAN"),
    ("bank_code", "Bank code"),
    ("branch_code", "Sort or branch code"),
    ("account_number", "Account number"),
];

impl World {
    /// Answers the hosted page: GET shows the form, POST completes or leaves it.
    pub fn hosted_page(
        &mut self,
        now: Timestamp,
        request: &http::Request<Bytes>,
    ) -> http::Response<Bytes> {
        let mut given = query_of(request);
        if request.method() == http::Method::POST {
            given.extend(url::form_urlencoded::parse(request.body()).into_owned());
        }
        let value = |name: &str| {
            given.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
        };
        let id = value("id").unwrap_or_default();
        let Some(flow) = self.flows.get(id).cloned() else {
            return page(404, "This page does not exist.", "");
        };
        let open = self.billing_requests.get(&flow.billing_request).is_some_and(|request| {
            matches!(request.status, BillingStatus::Pending | BillingStatus::ReadyToFulfil)
        });
        if !open || flow.expires_at <= now {
            return page(410, "This link has expired or was used already.", "");
        }
        if request.method() != http::Method::POST {
            self.flow_visited(now, &flow);
            return page(200, "Set up a Direct Debit", &form(&flow));
        }
        if value("action") == Some("exit") {
            let (request, none) = (flow.billing_request.as_str(), Metadata::new());
            billing_request_event(self, now, request, "flow_exited", Actor::Payer, &none);
            let target = flow.exit_uri.as_ref().or(flow.redirect_uri.as_ref());
            return leave(&flow, target, "You have left the page.");
        }
        let mut texts = flow.prefilled_customer.clone();
        for name in CUSTOMER_TEXTS {
            if let Some(text) = value(name).filter(|text| !text.trim().is_empty()) {
                texts.insert(name, text.to_owned());
            }
        }
        let currency = value("currency").map(str::to_owned);
        let typed: BTreeMap<String, String> = BANK_FIELDS
            .iter()
            .filter_map(|name| Some(((*name).to_owned(), value(name)?.to_owned())))
            .filter(|(_, text)| !text.trim().is_empty())
            .collect();
        let details = match typed_details(&typed) {
            Ok(details) => details,
            Err(reason) => return page(422, &reason, &form(&flow)),
        };
        let form = PayerForm { texts, currency, details };
        self.flow_visited(now, &flow);
        match self.billing_complete(now, &flow.billing_request, form) {
            Ok(()) => leave(&flow, flow.redirect_uri.as_ref(), "Your Direct Debit is set up."),
            Err(reason) => page(422, &reason, ""),
        }
    }

    /// The first visit of a flow is an event.
    pub fn flow_visited(&mut self, now: Timestamp, flow: &Flow) {
        if self.flows.get(&flow.id).is_some_and(|flow| !flow.visited) {
            self.flows.edit(now, &flow.id, |flow| flow.visited = true);
            let (request, none) = (flow.billing_request.as_str(), Metadata::new());
            billing_request_event(self, now, request, "flow_visited", Actor::Payer, &none);
        }
    }
}

fn form(flow: &Flow) -> String {
    let mut html = format!(r#"<form method="post" action="{PATH}?id={}">"#, escape(&flow.id));
    for (name, label) in FORM {
        let value = flow.prefilled_customer.get(name).map_or("", String::as_str);
        html.push_str(&format!(
            r#"<p><label>{label} <input name="{name}" value="{}"></label></p>"#,
            escape(value)
        ));
    }
    html.push_str(
        r#"<p><button name="action" value="complete">Set up this Direct Debit</button>
<button name="action" value="exit">Leave</button></p></form>"#,
    );
    html
}

fn escape(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    text.replace('>', "&gt;").replace('"', "&quot;")
}

fn page(status: u16, title: &str, content: &str) -> http::Response<Bytes> {
    let title = escape(title);
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title>\
         </head><body><h1>{title}</h1>{content}</body></html>"
    );
    http::Response::builder()
        .status(status)
        .header("Content-Type", "text/html; charset=utf-8")
        .body(Bytes::from(html))
        .unwrap_or_default()
}

/// Back to the merchant with both ids (section 28, item 10), or a last page.
fn leave(flow: &Flow, target: Option<&String>, message: &str) -> http::Response<Bytes> {
    let Some(mut url) = target.and_then(|target| url::Url::parse(target).ok()) else {
        return page(200, message, "");
    };
    url.query_pairs_mut()
        .append_pair("billing_request_id", &flow.billing_request)
        .append_pair("billing_request_flow_id", &flow.id);
    http::Response::builder()
        .status(303)
        .header("Location", url.as_str())
        .body(Bytes::new())
        .unwrap_or_default()
}
