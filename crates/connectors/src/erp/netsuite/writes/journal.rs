//! Journal entries (netsuite sheet section 9.7).

use serde_json::{Map, Value, json};

use model::command::{ErpWrite, JournalLine, RecordJournal, WriteAnswer};
use model::ids::SubsidiaryId;
use model::key::Key;
use model::money::Money;
use model::receipt::DocumentKind;
use ports::PortError;
use ports::erp::ChoiceKind;

use super::super::NetSuite;
use super::super::books::Setup;
use super::super::fields::{MEMO_LENGTH_MAX, cut};
use super::{document_body, invalid, put_subsidiary, reference};

impl NetSuite {
    /// Records a balanced journal entry, approved where the role may approve.
    pub(super) async fn record_journal(
        &self,
        key: &Key,
        write: &RecordJournal,
    ) -> Result<WriteAnswer, PortError> {
        let setup = self.setup().await?;
        let subsidiary = match &write.subsidiary {
            // The form asks for it where there are several (netsuite sheet section 9.7).
            None if setup.is_one_world() => self.subsidiary_of_accounts(write).await?,
            given => given.clone(),
        };
        let body = journal_body(key, write, subsidiary.as_ref(), &setup).map_err(invalid)?;
        let whole = ErpWrite::RecordJournal(write.clone());
        self.send_document(key, &whole, DocumentKind::Journal, body, |_, _| false).await
    }
}

impl NetSuite {
    /// The subsidiary of the first account among the lines that belongs to exactly one: our journals
    /// name the bank account first.
    async fn subsidiary_of_accounts(
        &self,
        write: &RecordJournal,
    ) -> Result<Option<SubsidiaryId>, PortError> {
        let accounts = self.read_choices(ChoiceKind::Accounts).await?;
        let of = |line: &JournalLine| {
            accounts.iter().find(|one| one.id == line.account.as_str())?.subsidiary.clone()
        };
        Ok(write.lines.iter().find_map(of))
    }
}

fn journal_body(
    key: &Key,
    write: &RecordJournal,
    subsidiary: Option<&SubsidiaryId>,
    setup: &Setup,
) -> Result<Map<String, Value>, String> {
    let mut sum = Money::zero(write.currency);
    let mut items = Vec::new();
    for line in &write.lines {
        sum = sum.checked_add(line.amount).map_err(|error| error.to_string())?;
        if line.amount.is_zero() {
            continue;
        }
        let positive = Money::new(line.amount.minor.abs(), line.amount.currency);
        let side = if line.amount.is_positive() { "debit" } else { "credit" };
        let mut item = Map::new();
        item.insert("account".to_owned(), reference(line.account.as_str()));
        item.insert(side.to_owned(), setup.currencies.number(positive)?);
        item.insert("memo".to_owned(), Value::from(cut(&line.memo, MEMO_LENGTH_MAX)));
        if let Some(customer) = &line.customer {
            item.insert("entity".to_owned(), reference(customer.as_str()));
        }
        items.push(Value::Object(item));
    }
    if !sum.is_zero() || items.len() < 2 {
        return Err(format!("the journal does not balance: its lines sum to {sum}"));
    }
    let mut body = document_body(key, write.dated_on, write.true_date, &write.memo);
    put_subsidiary(&mut body, setup, subsidiary);
    if let Some(currency) = setup.currencies.reference(write.currency)? {
        body.insert("currency".to_owned(), currency);
    }
    body.insert("approved".to_owned(), Value::Bool(true));
    body.insert("line".to_owned(), json!({ "items": items }));
    Ok(body)
}
