//! Customers, with their addresses, currencies and subsidiaries (netsuite sheet section 9.1).

use super::transaction::check_mandatory;
use crate::netsuite::errors::{ApiError, Result};
use crate::netsuite::input::Op;
use crate::netsuite::kind::Kind;
use crate::netsuite::state::State;
use crate::netsuite::store::{Record, ref_of, text_of};
use crate::netsuite::values::{Field, FieldKind, Line, Sublist, Val, once, ro, rw, to};

pub static FIELDS: &[Field] = &[
    rw("entityId", "Customer ID", FieldKind::Text),
    once("isPerson", "Type", FieldKind::Bool),
    rw("companyName", "Company Name", FieldKind::Text),
    rw("firstName", "First Name", FieldKind::Text),
    rw("lastName", "Last Name", FieldKind::Text),
    rw("altName", "Alternate Name", FieldKind::Text),
    rw("email", "Email", FieldKind::Text),
    rw("phone", "Phone", FieldKind::Text),
    rw("subsidiary", "Primary Subsidiary", to(Kind::Subsidiary)),
    rw("currency", "Primary Currency", to(Kind::Currency)),
    rw("terms", "Terms", to(Kind::Term)),
    rw("receivablesAccount", "Default Receivables Account", to(Kind::Account)),
    rw("category", "Category", FieldKind::Text),
    rw("priceLevel", "Price Level", FieldKind::Text),
    rw("entityStatus", "Status", FieldKind::Code(&[])),
    ro("balance", "Balance", FieldKind::Money),
    ro("depositBalance", "Deposit Balance", FieldKind::Money),
    ro("overdueBalance", "Overdue Balance", FieldKind::Money),
    ro("unbilledOrders", "Unbilled Orders", FieldKind::Money),
    rw("isInactive", "Inactive", FieldKind::Bool),
    ro("defaultAddress", "Default Address", FieldKind::Text),
    rw("comments", "Comments", FieldKind::Text),
    rw("url", "Web Address", FieldKind::Text),
];

/// Fields of the record that ties a customer to a further subsidiary.
pub static SUBSIDIARY_FIELDS: &[Field] = &[
    once("entity", "Customer", to(Kind::Customer)),
    once("subsidiary", "Subsidiary", to(Kind::Subsidiary)),
    ro("isPrimarySub", "Primary", FieldKind::Bool),
    rw("primaryCurrency", "Primary Currency", to(Kind::Currency)),
    ro("balance", "Balance", FieldKind::Money),
    ro("depositBalance", "Deposit Balance", FieldKind::Money),
];

static ADDRESS: &[Field] = &[
    rw("addressee", "Addressee", FieldKind::Text),
    rw("attention", "Attention", FieldKind::Text),
    rw("addr1", "Address 1", FieldKind::Text),
    rw("addr2", "Address 2", FieldKind::Text),
    rw("city", "City", FieldKind::Text),
    rw("state", "State", FieldKind::Text),
    rw("zip", "Zip", FieldKind::Text),
    rw("country", "Country", FieldKind::Code(&[])),
];

static ADDRESS_BOOK: &[Field] = &[
    rw("id", "Id", FieldKind::Integer),
    rw("internalId", "Internal Id", FieldKind::Integer),
    rw("defaultBilling", "Default Billing", FieldKind::Bool),
    rw("defaultShipping", "Default Shipping", FieldKind::Bool),
    rw("label", "Label", FieldKind::Text),
    ro("addressId", "Address Id", FieldKind::Text),
    rw("addressBookAddress", "Address", FieldKind::Sub(ADDRESS)),
];

static CURRENCIES: &[Field] = &[
    rw("currency", "Currency", to(Kind::Currency)),
    ro("balance", "Balance", FieldKind::Money),
    ro("depositBalance", "Deposit Balance", FieldKind::Money),
    ro("overdueBalance", "Overdue Balance", FieldKind::Money),
    ro("unbilledOrders", "Unbilled Orders", FieldKind::Money),
];

pub static LISTS: &[Sublist] = &[
    Sublist { name: "addressBook", key: Some("id"), fields: ADDRESS_BOOK },
    Sublist { name: "currencyList", key: Some("currency"), fields: CURRENCIES },
];

/// Checks a customer.
pub fn finish(state: &mut State, old: Option<&Record>, rec: &mut Record, op: &Op) -> Result<()> {
    check_mandatory(state, rec, op)?;
    rec.default("isPerson", || Some(Val::Bool(false)));
    rec.default("isInactive", || Some(Val::Bool(false)));
    check_names(rec)?;
    if state.company.one_world {
        let Some(subsidiary) = rec.reference("subsidiary") else {
            return Err(ApiError::user("You must enter a value for Primary Subsidiary."));
        };
        let moved = old.is_some_and(|old| old.reference("subsidiary") != Some(subsidiary));
        let space = crate::netsuite::kind::Space::Transaction;
        if moved && state.store.all(&space).any(|tran| tran.customer() == Some(rec.id)) {
            return Err(ApiError::invalid_field(subsidiary, "subsidiary", "subsidiary"));
        }
    } else if rec.fields.contains_key("subsidiary") {
        return Err(ApiError::invalid_field("subsidiary", "subsidiary", "subsidiary"));
    }
    let base = state.base_currency(rec.reference("subsidiary"));
    rec.default("currency", || base.map(Val::Ref));
    settle_currencies(rec);
    settle_entity_id(state, rec)?;
    let next = |line: &Line| text_of(line, "addressId").is_none();
    for index in 0..rec.list("addressBook").len() {
        if next(&rec.list("addressBook")[index]) {
            number_address(state, rec, index);
        }
    }
    Ok(())
}

fn check_names(rec: &Record) -> Result<()> {
    let empty = |name: &str| rec.text(name).is_none_or(|text| text.trim().is_empty());
    if rec.flag("isPerson") {
        for (name, label) in [("firstName", "First Name"), ("lastName", "Last Name")] {
            if empty(name) {
                return Err(ApiError::user(format!("You must enter a value for {label}.")));
            }
        }
    } else if empty("companyName") {
        return Err(ApiError::user("You must enter a value for Company Name."));
    }
    let bad_email = rec.text("email").filter(|email| {
        let mut parts = email.split('@');
        let fits = parts.next().is_some_and(|local| !local.is_empty())
            && parts.next().is_some_and(|host| host.contains('.'))
            && parts.next().is_none();
        !fits || email.contains(' ')
    });
    match bad_email {
        Some(email) => Err(ApiError::invalid_field(email, "email", "email")),
        None => Ok(()),
    }
}

/// The primary currency always stands in the list of currencies.
fn settle_currencies(rec: &mut Record) {
    let Some(primary) = rec.reference("currency") else { return };
    let list = rec.lists.entry("currencyList").or_default();
    if !list.iter().any(|line| ref_of(line, "currency") == Some(primary)) {
        list.insert(0, Line::from([("currency".to_owned(), Val::Ref(primary))]));
    }
}

fn settle_entity_id(state: &mut State, rec: &mut Record) -> Result<()> {
    if !rec.fields.contains_key("entityId") {
        let number = state.next_number("C-");
        rec.set("entityId", Val::Text(number));
    }
    let wanted = rec.text("entityId").unwrap_or_default();
    let taken = state.store.named(wanted).any(|id| id != rec.id);
    if taken { Err(ApiError::already_exists()) } else { Ok(()) }
}

fn number_address(state: &mut State, rec: &mut Record, index: usize) {
    let space = crate::netsuite::kind::Space::Of(Kind::Custom("address".into()));
    let id = state.store.next_id(&space);
    if let Some(line) = rec.lists.get_mut("addressBook").and_then(|lines| lines.get_mut(index)) {
        line.insert("addressId".to_owned(), Val::Text(id.to_string()));
        line.insert("id".to_owned(), Val::Num(id.into()));
        line.insert("internalId".to_owned(), Val::Num(id.into()));
    }
}
