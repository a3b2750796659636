//! The story in Oracle NetSuite.

use std::collections::BTreeMap;
use std::sync::Arc;

use model::key::{Alphabet, Key};
use sandbox::emulator::Emulator;
use sandbox::netsuite::{Config, NetSuite};
use serde_json::{Value, json};

use super::netsuite_fields::custom_fields;
use super::{Deed, Invoice, Stage};
use crate::demo::check::Accounts;
use crate::demo::company::{Company, country, major};
use crate::demo::truth::{self, Document, Truth, decimal, filled, list, minor, text};
use crate::failure::{Failure, Result};

/// Currency, the ERP's id of it, and its bank account.
const MONEY: [(&str, u32, &str); 4] =
    [("GBP", 1, "210"), ("EUR", 2, "211"), ("SEK", 5, "213"), ("USD", 3, "212")];

/// The subsidiary of the emulated company.
const SUBSIDIARY: &str = "2";

/// Receipts stand here until they are deposited, in every currency.
const UNDEPOSITED: &str = "116";

const CLIENT: &str = "demo-client";
const CERTIFICATE: &str = "demo-certificate";

/// Length of an external id as the connector writes it (netsuite sheet section 5.10).
const EXTERNAL_ID_LENGTH: usize = 50;

/// The first invoices have ids and numbers from here on.
const FIRST_ID: usize = 20_001;
const FIRST_NUMBER: usize = 4_001;

pub struct NetSuiteStage {
    emulator: Arc<NetSuite>,
}

impl NetSuiteStage {
    #[must_use]
    pub fn new(seed: u64) -> NetSuiteStage {
        NetSuiteStage { emulator: Arc::new(NetSuite::new(seed, Config::default())) }
    }
}

impl Stage for NetSuiteStage {
    fn slug(&self) -> &'static str {
        "netsuite"
    }

    fn emulator(&self) -> Arc<dyn Emulator> {
        self.emulator.clone()
    }

    fn settings(&self, _url: &str) -> Vec<String> {
        vec![
            "account=1234567_SB1".to_owned(),
            format!("client_id={CLIENT}"),
            format!("certificate_id={CERTIFICATE}"),
            "time_zone=Europe/London".to_owned(),
        ]
    }

    fn upload(&self, url: &str) -> Option<String> {
        Some(format!("{url}/_sandbox/netsuite/certificate/{CERTIFICATE}"))
    }

    fn company(&self, company: &Company, connection: &Value) -> Result<Value> {
        let certificates = if connection.is_null() {
            json!([])
        } else {
            let pem = certificate_in(connection)
                .ok_or_else(|| Failure::Failed("no certificate was printed".to_owned()))?;
            json!([{"kid": CERTIFICATE, "pem": pem}])
        };
        let customers: Vec<Value> = company
            .customers
            .iter()
            .map(|one| {
                json!({
                    "id": one.id, "entityId": format!("C-{}", one.id), "companyName": one.name,
                    "email": one.email, "currency": {"id": currency_id(one.currency).to_string()},
                    "addressBook": {"items": [{"defaultBilling": true, "addressBookAddress": {
                        "addr1": "1 High Street", "country": {"id": country(one.currency)},
                    }}]},
                })
            })
            .collect();
        Ok(json!({
            "company": {"time_zone": "Europe/London", "date_format": "DD/MM/YYYY"},
            "accounts": [
                {"id": 213, "number": "1003", "name": "Bank SEK", "type": "Bank", "currency": 5,
                 "subsidiaries": [2]},
                {"id": 642, "number": "6420", "name": "Refunds", "type": "Expense"},
            ],
            "integration": {"client_id": CLIENT, "certificates": certificates},
            "custom_fields": custom_fields(),
            "customers": customers,
        }))
    }

    fn invoice(&self, invoice: &Invoice<'_>) -> Value {
        let mut spec = json!({
            "customer": invoice.customer, "amount": major(invoice.amount),
            "date": invoice.issued.to_string(), "due": invoice.due.to_string(),
            "currency": currency_id(invoice.currency),
            "fields": {"custbody_mlc_collect": invoice.collect},
        });
        if let Some(nth) = invoice.nth {
            spec["id"] = json!((FIRST_ID + nth).to_string());
            spec["number"] = json!(format!("INV-{}", FIRST_NUMBER + nth));
        }
        if let Some(tax) = invoice.tax {
            spec["tax"] = json!(major(tax));
        }
        spec
    }

    fn invoice_id(&self, made: &Value) -> String {
        text(made)
    }

    fn deed(&self, deed: &Deed<'_>) -> Value {
        match deed {
            Deed::Unapply { receipt, .. } => json!({"do": "unapply", "payment": receipt}),
            Deed::Lower { invoice, to, .. } => {
                json!({"do": "edit_invoice", "invoice": invoice, "amount": major(*to)})
            }
            Deed::PaidByTransfer { invoice, currency } => json!({
                "do": "record_payment", "invoice": invoice, "account": bank(currency),
                "memo": "bank transfer",
            }),
            Deed::Period { day, open: true } => {
                json!({"do": "period", "period": day.to_string(), "set": "open"})
            }
            Deed::Period { day, open: false } => json!({
                "do": "period", "period": day.to_string(), "set": "closed", "allow_non_gl": true,
            }),
        }
    }

    fn read(&self, body: &Value, truth: &mut Truth) -> std::result::Result<(), String> {
        let records = &body["records"];
        let currencies: BTreeMap<String, String> = list(&records["currency"])
            .iter()
            .map(|row| (text(&row["id"]), text(&row["symbol"])))
            .collect();
        for (kind, of) in [
            ("customerPayment", truth::Kind::Receipt),
            ("customerRefund", truth::Kind::Refund),
            ("deposit", truth::Kind::Deposit),
            ("journalEntry", truth::Kind::Journal),
        ] {
            for row in list(&records[kind]) {
                truth.documents.push(document(of, row, &currencies)?);
            }
        }
        for row in list(&records["invoice"]) {
            let invoice = read_invoice(row)?;
            truth.invoices.insert(invoice.id.clone(), invoice);
        }
        truth.trial_balance = text(&body["ledger"]["trial_balance"]);
        Ok(())
    }

    fn stamp(&self, key: &Key) -> String {
        key.stamp(Alphabet::PathSafe, EXTERNAL_ID_LENGTH)
    }

    fn accounts(&self) -> Accounts {
        Accounts {
            banks: MONEY
                .iter()
                .map(|(code, _, bank)| ((*code).to_owned(), (*bank).to_owned()))
                .collect(),
            undeposited: MONEY
                .iter()
                .map(|(code, ..)| ((*code).to_owned(), UNDEPOSITED.to_owned()))
                .collect(),
            fees: "640".to_owned(),
            fee_tax: "231".to_owned(),
            chargebacks: "641".to_owned(),
            refunds: "642".to_owned(),
            suspense: "651".to_owned(),
            rounding: "650".to_owned(),
        }
    }

    fn banks(&self) -> String {
        let bank = |(code, _, bank): &(&str, u32, &str)| {
            format!(
                "\n[accounts.banks.{code}]\naccount = \"{bank}\"\nsubsidiary = \"{SUBSIDIARY}\"\n"
            )
        };
        MONEY.iter().map(bank).collect()
    }
}

fn currency_id(code: &str) -> u32 {
    MONEY.iter().find(|(known, ..)| *known == code).map_or(1, |(_, id, _)| *id)
}

fn bank(code: &str) -> Option<&'static str> {
    MONEY.iter().find(|(known, ..)| *known == code).map(|(.., bank)| *bank)
}

fn certificate_in(made: &Value) -> Option<String> {
    const END: &str = "-----END CERTIFICATE-----";
    let shown = text(&made["upload"]);
    let start = shown.find("-----BEGIN CERTIFICATE-----")?;
    let end = shown.find(END)? + END.len();
    shown.get(start..end).map(|pem| format!("{pem}\n"))
}

fn document(
    kind: truth::Kind,
    row: &Value,
    currencies: &BTreeMap<String, String>,
) -> std::result::Result<Document, String> {
    let mut postings = Vec::new();
    for line in list(&row["postings"]) {
        postings.push((
            text(&line["account"]),
            decimal(&line["base"])?,
            decimal(&line["foreign"])?,
        ));
    }
    // On a deposit, `payment` is the list of what is in it.
    let of_receipt = |name: &str| match &row[name] {
        Value::Null => Ok(0),
        value if kind == truth::Kind::Receipt => minor(value),
        _ => Ok(0),
    };
    Ok(Document {
        id: text(&row["id"]),
        kind,
        stamp: filled(&row["externalId"]),
        currency: currencies.get(&text(&row["currency"])).cloned().unwrap_or_default(),
        dated_on: text(&row["tranDate"]).parse().ok(),
        voided: row["voided"] == true,
        postings,
        payment: filled(&row["custbody_mlc_payment_id"]),
        payout: filled(&row["custbody_mlc_payout"]),
        amount: of_receipt("payment")?,
        unapplied: of_receipt("unapplied")?,
    })
}

fn read_invoice(row: &Value) -> std::result::Result<truth::Invoice, String> {
    Ok(truth::Invoice {
        id: text(&row["id"]),
        number: text(&row["tranId"]),
        total: minor(&row["total"])?,
        remaining: minor(&row["amountRemaining"])?,
        collect: row["custbody_mlc_collect"] == true,
        error: text(&row["custbody_mlc_integration_error"]),
    })
}
