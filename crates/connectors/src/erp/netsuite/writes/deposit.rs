//! Bank deposits (netsuite sheet sections 9.6, 10.4 and 17.4). NetSuite computes the total, so what
//! it will be is checked from the documents' own amounts before anything is sent.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use model::command::{ErpWrite, RecordDeposit, WriteAnswer};
use model::key::Key;
use model::money::Money;
use model::receipt::{DocumentKind, ErpDocument, ReceiptPlace};
use ports::{PortError, Read};

use super::super::NetSuite;
use super::super::books::Setup;
use super::super::mapping::invoice::is_voided;
use super::super::mapping::receipt::place;
use super::super::queries::{AMOUNTS, transactions_tail};
use super::super::reads::{each, queryable};
use super::super::suiteql::IN_VALUES_MAX;
use super::super::wire::Record;
use super::{document_body, invalid, reference};

/// A document that goes into the deposit.
#[derive(Debug, Clone)]
struct Part {
    kind: DocumentKind,
    amount: Money,
    place: ReceiptPlace,
    voided: bool,
}

impl NetSuite {
    /// Deposits receipts and undeposited refunds with further lines; what reaches the bank must be
    /// the total that was decided, else nothing is sent.
    pub(super) async fn record_deposit(
        &self,
        key: &Key,
        write: &RecordDeposit,
    ) -> Result<WriteAnswer, PortError> {
        let whole = ErpWrite::RecordDeposit(write.clone());
        if let Err(stale) = self.check_deposit(write).await {
            // An earlier send of this very deposit may be why the receipts are deposited.
            return match (&stale, self.find_effect(key, &whole).await?) {
                (PortError::Stale(_), Some(answer)) => Ok(answer),
                _ => Err(stale),
            };
        }
        let setup = self.setup().await?;
        let body = deposit_body(key, write, &setup).map_err(invalid)?;
        self.send_document(key, &whole, DocumentKind::Deposit, body, |_, _| false).await
    }

    async fn check_deposit(&self, write: &RecordDeposit) -> Result<(), PortError> {
        let wrong = |error: model::money::MoneyError| invalid(error.to_string());
        let mut sum = Money::zero(write.currency);
        for line in &write.lines {
            sum = sum.checked_add(line.amount).map_err(wrong)?;
        }
        let wanted: Vec<(DocumentKind, String)> = write
            .receipts
            .iter()
            .map(|id| (DocumentKind::Receipt, id.as_str().to_owned()))
            .chain(write.refunds.iter().map(|id| (DocumentKind::Refund, id.as_str().to_owned())))
            .collect();
        let parts = self.parts(&wanted).await?;
        for ((kind, id), part) in wanted.iter().zip(parts) {
            check_part(*kind, id, &part)?;
            sum = match kind {
                DocumentKind::Refund => sum.checked_sub(part.amount),
                DocumentKind::Receipt | DocumentKind::Deposit | DocumentKind::Journal => {
                    sum.checked_add(part.amount)
                }
            }
            .map_err(wrong)?;
        }
        if sum != write.total {
            return Err(PortError::Stale(format!(
                "the deposit would bring {sum} to the bank, not {}",
                write.total
            )));
        }
        if sum.minor < 0 {
            return Err(invalid(format!("a deposit can not be negative ({sum})")));
        }
        Ok(())
    }

    /// The documents with their amounts: by query, and from the record where the query is silent.
    async fn parts(&self, wanted: &[(DocumentKind, String)]) -> Result<Vec<Part>, PortError> {
        let mut known: BTreeMap<String, Part> = BTreeMap::new();
        let ids = queryable(wanted.iter().map(|(_, id)| id.as_str()));
        for slice in ids.chunks(IN_VALUES_MAX) {
            let Ok(page) = self.rows(&AMOUNTS, &transactions_tail(slice), 0).await? else {
                break;
            };
            let records: Vec<Record<'_>> = page.rows.iter().map(Record).collect();
            let setup = self.setup_for(&records).await?;
            for row in records {
                if let (Some(id), Ok(part)) = (row.id(), part_from_row(row, &setup)) {
                    known.insert(id, part);
                }
            }
        }
        each(wanted, |(kind, id)| {
            let part = known.get(id).cloned();
            let (kind, id) = (*kind, id.clone());
            async move {
                match part {
                    Some(part) => Ok(part),
                    None => self.part_from_record(kind, &id).await,
                }
            }
        })
        .await
    }

    async fn part_from_record(&self, kind: DocumentKind, id: &str) -> Result<Part, PortError> {
        super::checked_id(id)?;
        match self.read_document(kind, id).await? {
            Read::Found(ErpDocument::Receipt(receipt)) => Ok(Part {
                kind,
                amount: receipt.amount,
                place: receipt.place,
                voided: receipt.voided,
            }),
            Read::Found(ErpDocument::Refund(refund)) => {
                Ok(Part { kind, amount: refund.amount, place: refund.place, voided: refund.voided })
            }
            Read::Found(ErpDocument::Deposit(_) | ErpDocument::Journal(_)) => {
                Err(invalid(format!("document {id} can not be deposited")))
            }
            Read::Missing => Err(PortError::Stale(format!("document {id} does not exist"))),
            Read::Odd(why) => Err(invalid(format!("document {id} can not be read: {why}"))),
        }
    }
}

fn part_from_row(row: Record<'_>, setup: &Setup) -> Result<Part, String> {
    let currency = setup.currencies.of(row)?;
    let kind = match row.text("type").as_deref() {
        Some("CustPymt") => DocumentKind::Receipt,
        Some("CustRfnd") => DocumentKind::Refund,
        other => return Err(format!("type {other:?} can not be deposited")),
    };
    let place = match kind {
        DocumentKind::Receipt => place(row)?,
        // A refund's status does not tell; NetSuite refuses one that is deposited already.
        DocumentKind::Refund | DocumentKind::Deposit | DocumentKind::Journal => {
            ReceiptPlace::Undeposited
        }
    };
    let amount = row.required_money("total", currency)?;
    Ok(Part { kind, amount, place, voided: is_voided(row) })
}

fn check_part(kind: DocumentKind, id: &str, part: &Part) -> Result<(), PortError> {
    if part.kind != kind {
        return Err(invalid(format!("document {id} is not of the kind expected")));
    }
    if part.voided {
        return Err(PortError::Stale(format!("document {id} was voided")));
    }
    match part.place {
        ReceiptPlace::Undeposited => Ok(()),
        ReceiptPlace::Deposited => {
            Err(PortError::Stale(format!("document {id} is deposited already")))
        }
        ReceiptPlace::NotPosted => Err(PortError::Stale(format!("document {id} is not posted"))),
    }
}

/// The body: payment lines by id, additions as `other`, deductions as `cashback` with positive
/// amounts (netsuite sheet section 9.6).
fn deposit_body(
    key: &Key,
    write: &RecordDeposit,
    setup: &Setup,
) -> Result<Map<String, Value>, String> {
    let mut body = document_body(key, write.dated_on, write.true_date, &write.memo);
    body.insert("account".to_owned(), reference(write.bank.as_str()));
    if let Some(currency) = setup.currencies.reference(write.currency)? {
        body.insert("currency".to_owned(), currency);
    }
    if let Some(rate) = write.exchange_rate {
        let rate = super::super::currencies::number(&rate.to_string())?;
        body.insert("exchangeRate".to_owned(), rate);
    }
    let receipts = write.receipts.iter().map(|id| id.as_str());
    let refunds = write.refunds.iter().map(|id| id.as_str());
    let mut payments = Vec::new();
    for id in receipts.chain(refunds) {
        let id = super::super::currencies::number(id)?;
        payments.push(json!({ "id": id, "deposit": true }));
    }
    let mut others = Vec::new();
    let mut cashback = Vec::new();
    for line in write.lines.iter().filter(|line| !line.amount.is_zero()) {
        let positive = Money::new(line.amount.minor.abs(), line.amount.currency);
        let entry = json!({
            "account": reference(line.account.as_str()),
            "amount": setup.currencies.number(positive)?,
            "memo": super::super::fields::cut(&line.memo, super::super::fields::MEMO_LENGTH_MAX),
        });
        if line.amount.is_positive() { others.push(entry) } else { cashback.push(entry) }
    }
    for (name, items) in [("payment", payments), ("other", others), ("cashback", cashback)] {
        if !items.is_empty() {
            body.insert(name.to_owned(), json!({ "items": items }));
        }
    }
    Ok(body)
}
