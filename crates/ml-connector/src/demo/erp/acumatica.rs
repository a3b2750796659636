//! The story in Acumatica.

use std::collections::BTreeMap;
use std::sync::Arc;

use model::key::{Alphabet, Key};
use rust_decimal::Decimal;
use sandbox::acumatica::{Acumatica, Config};
use sandbox::emulator::Emulator;
use serde_json::{Value, json};

use super::{Deed, Invoice, Secret, Stage};
use crate::demo::check::Accounts;
use crate::demo::company::{Company, country, major};
use crate::demo::truth::{self, Document, Kind, Truth, decimal, filled, list, minor, text};
use crate::failure::Result;

/// Currency, its clearing account, its bank account, and whether the emulated company has them.
const MONEY: [(&str, &str, &str, bool); 4] = [
    ("GBP", "10250", "10200", true),
    ("EUR", "10251", "10201", true),
    ("SEK", "10253", "10203", false),
    ("USD", "10252", "10202", true),
];

/// The site stands in a virtual directory of its host (acumatica sheet section 1).
const SITE: &str = "/Demo";
const USER: &str = "mlconnector";
const CLIENT: &str = "6f3b1c5e-0d0a-4f1e-9f55-2b7f0e9c1a11@Acme";
/// Of emulated accounts; nothing real is behind them.
const PASSWORD: &str = "demo-password-Vq83pn";
const CLIENT_SECRET: &str = "demo-shared-secret-Lm20xz";

/// Length of a reference, in which our keys stand (acumatica sheet section 9.5).
const REFERENCE_LENGTH: usize = 40;
/// What follows our key in the description of a batch.
const GAP: &str = " | ";

const TEXTS_ON_INVOICE: [&str; 9] = [
    "MLCSTATUS",
    "MLCERROR",
    "MLCPAYSTAT",
    "MLCREASON",
    "MLCDESCR",
    "MLCCHARGE",
    "MLCPAYMENT",
    "MLCMANDATE",
    "MLCACCOUNT",
];
const TEXTS_ON_PAYMENT: [&str; 3] = ["MLCPAYOUT", "MLCMEMO", "MLCVOIDKEY"];
const ON_CUSTOMER: [&str; 5] = ["MLCCUSTID", "MLCMANDATE", "MLCMANSTAT", "MLCLINK", "MLCACCOUNT"];

pub struct AcumaticaStage {
    emulator: Arc<Acumatica>,
}

impl AcumaticaStage {
    #[must_use]
    pub fn new(seed: u64) -> AcumaticaStage {
        AcumaticaStage { emulator: Arc::new(Acumatica::new(seed, Config::default())) }
    }
}

impl Stage for AcumaticaStage {
    fn slug(&self) -> &'static str {
        "acumatica"
    }

    fn emulator(&self) -> Arc<dyn Emulator> {
        self.emulator.clone()
    }

    fn address(&self, url: &str) -> String {
        format!("{url}{SITE}")
    }

    fn settings(&self, url: &str) -> Vec<String> {
        let clearing: Vec<String> =
            MONEY.iter().map(|(code, clearing, ..)| format!("{code}={clearing}")).collect();
        vec![
            format!("site={url}{SITE}"),
            format!("user={USER}"),
            format!("client_id={CLIENT}"),
            "payment_method=GOCARDLESS".to_owned(),
            format!("clearing={}", clearing.join(" ")),
        ]
    }

    fn secrets(&self) -> Vec<Secret> {
        vec![
            Secret { name: "password", variable: "DEMO_PASSWORD", text: PASSWORD },
            Secret { name: "client_secret", variable: "DEMO_CLIENT_SECRET", text: CLIENT_SECRET },
        ]
    }

    fn company(&self, company: &Company, _connection: &Value) -> Result<Value> {
        let customers: Vec<Value> = company
            .customers
            .iter()
            .map(|one| {
                json!({
                    "CustomerID": one.id, "CustomerName": one.name, "CurrencyID": one.currency,
                    "MainContact": {
                        "Email": one.email, "Address": {"Country": country(one.currency)},
                    },
                })
            })
            .collect();
        let mut body = chart();
        body["settings"] = json!({ "site": SITE });
        body["users"] = json!([{"name": USER, "password": PASSWORD}]);
        body["clients"] = json!([{
            "client_id": CLIENT, "client_secret": CLIENT_SECRET,
            "redirect_uris": ["http://localhost/callback"],
        }]);
        body["user_fields"] = fields();
        body["attributes"] = json!(ON_CUSTOMER);
        body["customers"] = Value::Array(customers);
        Ok(body)
    }

    fn invoice(&self, invoice: &Invoice<'_>) -> Value {
        json!({
            "customer": invoice.customer, "amount": major(invoice.amount),
            "date": invoice.issued.to_string(), "due": invoice.due.to_string(),
            "currency": invoice.currency,
            "fields": {"custom": {"Document": {"AttributeMLCCOLLECT": {
                "type": "CustomBooleanField", "value": invoice.collect,
            }}}},
        })
    }

    fn invoice_id(&self, made: &Value) -> String {
        text(&made["ReferenceNbr"])
    }

    fn deed(&self, deed: &Deed<'_>) -> Value {
        match deed {
            Deed::Unapply { receipt, invoice } => {
                json!({"do": "reverse_application", "payment": receipt, "invoice": invoice})
            }
            // A released invoice does not change: a credit memo lowers what it owes.
            Deed::Lower { invoice, from, to } => {
                json!({"do": "credit_invoice", "invoice": invoice, "amount": major(from - to)})
            }
            Deed::PaidByTransfer { invoice, currency } => json!({
                "do": "record_payment", "invoice": invoice, "cash_account": bank(currency),
                "ref": "bank transfer",
            }),
            Deed::Period { day, open } => {
                let set = if *open { "open" } else { "closed" };
                json!({"do": "period", "period": day.to_string(), "set": set})
            }
        }
    }

    fn read(&self, body: &Value, truth: &mut Truth) -> std::result::Result<(), String> {
        let records = &body["records"];
        let batches: BTreeMap<String, &Value> = list(&records["JournalTransaction"])
            .iter()
            .map(|row| (text(&row["BatchNbr"]), row))
            .collect();
        // A receipt that we voided was there, and its voiding document takes it back: both count.
        let voids: Vec<(&Value, VoidMark)> = list(&records["Payment"])
            .iter()
            .filter_map(|row| Some((&row["ReferenceNbr"], VoidMark::of(row)?)))
            .collect();
        let mut payments = Vec::new();
        for row in list(&records["Payment"]) {
            // What is not released moves nothing.
            if let Some(batch) = batches.get(&text(&row["batchnbr"])) {
                let by_us = voids.iter().any(|(number, _)| **number == row["ReferenceNbr"]);
                payments.push(payment(row, batch, by_us)?);
            }
        }
        tell_parts(&mut payments, &voids.into_iter().map(|(_, mark)| mark).collect::<Vec<_>>());
        truth.documents.append(&mut payments);
        let own = batches.values().filter(|row| row["Module"] == "GL" && row["Status"] == "Posted");
        for row in own {
            truth.documents.push(batch(row)?);
        }
        for row in list(&records["Invoice"]).iter().filter(|row| row["Type"] == "Invoice") {
            let invoice = invoice(row)?;
            truth.invoices.insert(invoice.id.clone(), invoice);
        }
        truth.trial_balance = text(&body["ledger"]["trial_balance"]);
        Ok(())
    }

    fn stamp(&self, key: &Key) -> String {
        key.stamp(Alphabet::PathSafe, REFERENCE_LENGTH)
    }

    fn accounts(&self) -> Accounts {
        let by = |pick: fn(&(&str, &str, &str, bool)) -> String| {
            MONEY.iter().map(|one| (one.0.to_owned(), pick(one))).collect()
        };
        Accounts {
            banks: by(|(.., bank, _)| (*bank).to_owned()),
            undeposited: by(|(_, clearing, ..)| (*clearing).to_owned()),
            fees: "61200".to_owned(),
            fee_tax: "22100".to_owned(),
            chargebacks: "61400".to_owned(),
            refunds: "61500".to_owned(),
            suspense: "23000".to_owned(),
            rounding: "61600".to_owned(),
        }
    }

    fn banks(&self) -> String {
        let bank = |(code, _, bank, _): &(&str, &str, &str, bool)| {
            format!("\n[accounts.banks.{code}]\naccount = \"{bank}\"\nsubsidiary = \"MAIN\"\n")
        };
        MONEY.iter().map(bank).collect()
    }
}

fn bank(code: &str) -> Option<&'static str> {
    MONEY.iter().find(|(known, ..)| *known == code).map(|(_, _, bank, _)| *bank)
}

/// What the emulated company lacks for the story: crowns, and accounts of their own for what is told
/// apart.
fn chart() -> Value {
    let account = |id: &str, name: &str, kind: &str, currency: &str| json!({"id": id, "description": name, "type": kind, "currency": currency});
    let cash = |id: &str, name: &str, currency: &str, clearing: bool| {
        json!({"id": id, "description": name, "account": id, "branch": "MAIN",
            "currency": currency, "clearing": clearing})
    };
    let mut accounts = vec![
        account("23000", "Suspense", "Liability", ""),
        account("61400", "Chargebacks", "Expense", ""),
        account("61500", "Refunds", "Expense", ""),
        account("61600", "Rounding", "Expense", ""),
    ];
    let mut cash_accounts = Vec::new();
    for (code, clearing, bank, _) in MONEY.iter().filter(|(.., known)| !known) {
        let (of_clearing, of_bank) =
            (format!("GoCardless clearing {code}"), format!("Bank {code}"));
        accounts.push(account(clearing, &of_clearing, "Asset", code));
        accounts.push(account(bank, &of_bank, "Asset", code));
        cash_accounts.push(cash(clearing, &of_clearing, code, true));
        cash_accounts.push(cash(bank, &of_bank, code, false));
    }
    let clearing: Vec<&str> = MONEY.iter().map(|(_, clearing, ..)| *clearing).collect();
    let banks: Vec<&str> = MONEY.iter().map(|(_, _, bank, _)| *bank).collect();
    let both: Vec<&str> = clearing.iter().chain(&banks).copied().collect();
    json!({
        "currencies": [{"id": "SEK", "description": "Swedish krona"}],
        "rates": [{"currency": "SEK", "date": "2020-01-01", "rate": "0.075"}],
        "cash_accounts": cash_accounts,
        "accounts": accounts,
        "payment_methods": [
            {"id": "GOCARDLESS", "description": "GoCardless direct debit", "cash_accounts": both},
            {"id": "CHECK", "description": "Cheque", "cash_accounts": banks},
        ],
    })
}

/// Our fields, as the set-up guide has them made.
fn fields() -> Value {
    let on = |entity: &str, id: &str, kind: &str| {
        json!({"entity": entity, "view": "Document", "field": format!("Attribute{id}"),
            "type": kind})
    };
    let boxes = ["MLCCOLLECT", "MLCRETRY"].iter().map(|id| on("Invoice", id, "CustomBooleanField"));
    let invoices = TEXTS_ON_INVOICE.iter().map(|id| on("Invoice", id, "CustomStringField"));
    let payments = TEXTS_ON_PAYMENT.iter().map(|id| on("Payment", id, "CustomStringField"));
    boxes.chain(invoices).chain(payments).collect()
}

fn postings(batch: &Value) -> std::result::Result<Vec<(String, Decimal, Decimal)>, String> {
    let mut postings = Vec::new();
    for line in list(&batch["Details"]) {
        postings.push((
            text(&line["Account"]),
            decimal(&line["$debit"])? - decimal(&line["$credit"])?,
            decimal(&line["DebitAmount"])? - decimal(&line["CreditAmount"])?,
        ));
    }
    Ok(postings)
}

/// What a void of ours says on its document.
struct VoidMark {
    stamp: String,
    /// Minor units of the payment that it takes back, when its rest is entered anew.
    in_part: Option<i64>,
}

impl VoidMark {
    fn of(row: &Value) -> Option<VoidMark> {
        let mark = filled(&row["attributemlcvoidkey"])?;
        let amount = || minor(&row["PaymentAmount"]).ok().map(i64::abs);
        Some(match mark.strip_prefix("part ") {
            Some(stamp) => VoidMark { stamp: stamp.to_owned(), in_part: amount() },
            None => VoidMark { stamp: mark, in_part: None },
        })
    }
}

/// Tells the parts of receipts from receipts: they carry keys made of their void's, and add up to what
/// it took back. Ones that do not stay receipts, of which there are then too many.
fn tell_parts(payments: &mut [Document], voids: &[VoidMark]) {
    for void in voids {
        let Some(whole) = void.in_part else { continue };
        let stamps = ["kept", "free"]
            .map(|word| Key::new(&[word, &void.stamp]).stamp(Alphabet::PathSafe, REFERENCE_LENGTH));
        let is_part = |one: &Document| {
            one.kind == Kind::Receipt
                && one.stamp.as_ref().is_some_and(|stamp| stamps.contains(stamp))
        };
        let sum: i64 = payments.iter().filter(|one| is_part(one)).map(|one| one.amount).sum();
        if sum == whole {
            payments.iter_mut().filter(|one| is_part(one)).for_each(|one| one.kind = Kind::Part);
        }
    }
}

/// The payout that a refund's description names.
fn named_payout(description: &Value) -> Option<String> {
    let words = description.as_str()?;
    let (_, rest) = words.split_once("payout ")?;
    let id = rest.split(|c: char| !c.is_ascii_alphanumeric()).next()?;
    (!id.is_empty()).then(|| id.to_owned())
}

/// A released document of payments, with the batch that it posted.
fn payment(
    row: &Value,
    batch: &Value,
    voided_by_us: bool,
) -> std::result::Result<Document, String> {
    let kind = match row["Type"].as_str() {
        Some("Voided Payment") => Kind::Void,
        Some("Refund" | "Customer Refund") => Kind::Refund,
        _ => Kind::Receipt,
    };
    let stamp = match kind {
        Kind::Void => VoidMark::of(row).map(|mark| mark.stamp),
        _ => filled(&row["ExternalRef"]),
    };
    let of_receipt = |value: &Value| match value {
        Value::Null => Ok(0),
        value if kind == Kind::Receipt => minor(value),
        _ => Ok(0),
    };
    Ok(Document {
        id: text(&row["id"]),
        kind,
        payment: stamp.as_ref().and_then(|_| filled(&row["PaymentRef"])),
        stamp,
        currency: text(&row["CurrencyID"]),
        dated_on: text(&row["ApplicationDate"]).parse().ok(),
        voided: row["Status"] == "Voided" && !voided_by_us,
        postings: postings(batch)?,
        payout: filled(&row["attributemlcpayout"]).or_else(|| named_payout(&row["Description"])),
        amount: of_receipt(&row["PaymentAmount"])?,
        unapplied: of_receipt(&row["curydocbal"])?,
    })
}

/// A journal of ours or of a person: what it is stands behind our key in the description.
fn batch(row: &Value) -> std::result::Result<Document, String> {
    let words = text(&row["Description"]);
    let mut parts = words.split(GAP);
    let (stamp, purpose) = (parts.next().unwrap_or_default().to_owned(), parts.next());
    let payout = parts.find_map(|part| part.strip_prefix("payout "));
    let kind = match purpose {
        Some("deposit") => Kind::Deposit,
        Some("refund") => Kind::Refund,
        _ => Kind::Journal,
    };
    Ok(Document {
        id: text(&row["id"]),
        kind,
        stamp: purpose.map(|_| stamp),
        payout: payout.map(str::to_owned),
        currency: text(&row["CurrencyID"]),
        dated_on: text(&row["TransactionDate"]).parse().ok(),
        postings: postings(row)?,
        ..Document::default()
    })
}

fn invoice(row: &Value) -> std::result::Result<truth::Invoice, String> {
    Ok(truth::Invoice {
        id: text(&row["ReferenceNbr"]),
        number: text(&row["ReferenceNbr"]),
        total: minor(&row["Amount"])?,
        remaining: minor(&row["Balance"])?,
        collect: row["attributemlccollect"] == true,
        error: text(&row["attributemlcerror"]),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_told_from_receipts_by_their_void_and_their_sum() {
        let void = VoidMark::of(&json!({
            "attributemlcvoidkey": "part unapply-PO1-3-1", "PaymentAmount": "-120.00",
        }));
        let voids = [void.expect("a mark")];
        assert_eq!((voids[0].stamp.as_str(), voids[0].in_part), ("unapply-PO1-3-1", Some(12_000)));
        let part = |word: &str, amount: i64| {
            let key = Key::new(&[word, &voids[0].stamp]);
            let stamp = Some(key.stamp(Alphabet::PathSafe, REFERENCE_LENGTH));
            Document { stamp, amount, ..Document::default() }
        };
        let other = Document { stamp: Some("receipt-PM1-PO1".into()), ..Document::default() };
        for (free, expected) in [(4_000, Kind::Part), (4_001, Kind::Receipt)] {
            let mut payments = [part("kept", 8_000), part("free", free), other.clone()];
            tell_parts(&mut payments, &voids);
            let kinds = payments.map(|one| one.kind);
            assert_eq!(kinds, [expected, expected, Kind::Receipt], "{free}");
        }
    }

    #[test]
    fn a_refund_names_its_payout_in_its_description() {
        for (words, expected) in [
            ("payment PM1, payout PO9", Some("PO9")),
            ("payment PM1, payout PO9 (of 2026-03-02)", Some("PO9")),
            ("by hand", None),
        ] {
            assert_eq!(named_payout(&json!(words)).as_deref(), expected, "{words}");
        }
    }
}
