//! The `item` sublist of invoices and credit memos: amounts, taxes, totals and income lines
//! (netsuite sheet section 9.2.1).

use super::transaction::{check_account, posting};
use crate::netsuite::errors::{ApiError, Result};
use crate::netsuite::kind::Kind;
use crate::netsuite::state::State;
use crate::netsuite::store::{Posting, Record, num_of, ref_of, text_of};
use crate::netsuite::values::{Field, FieldKind, Val, ro, round, rw, to};
use rust_decimal::Decimal;

/// Fields of an item line.
pub static LINE: &[Field] = &[
    rw("line", "Line", FieldKind::Integer),
    rw("item", "Item", to(Kind::Item)),
    rw("quantity", "Quantity", FieldKind::Number),
    rw("rate", "Rate", FieldKind::Number),
    rw("amount", "Amount", FieldKind::Money),
    rw("description", "Description", FieldKind::Text),
    rw("price", "Price Level", FieldKind::Text),
    rw("taxRate1", "Tax Rate", FieldKind::Number),
    rw("tax1Amt", "Tax Amount", FieldKind::Money),
    ro("grossAmt", "Gross Amount", FieldKind::Money),
    rw("department", "Department", to(Kind::Department)),
    rw("class", "Class", to(Kind::Classification)),
    rw("location", "Location", to(Kind::Location)),
    ro("lineUniqueKey", "Line Unique Key", FieldKind::Integer),
    ro("itemType", "Item Type", FieldKind::Text),
    rw("revRecStartDate", "Rev. Rec. Start Date", FieldKind::Date),
    rw("revRecEndDate", "Rev. Rec. End Date", FieldKind::Date),
];

/// Fills the amounts of the lines and the totals of the record.
pub fn total_up(state: &State, rec: &mut Record) -> Result<()> {
    let places = state.precision(rec.reference("currency"));
    let mut lines = rec.lists.remove("item").unwrap_or_default();
    if lines.is_empty() {
        return Err(ApiError::user("You must enter at least one line item for this transaction."));
    }
    let (mut subtotal, mut tax) = (Decimal::ZERO, Decimal::ZERO);
    for (index, line) in lines.iter_mut().enumerate() {
        let path = format!("item.items[{index}].item");
        let Some(id) = ref_of(line, "item") else {
            return Err(ApiError::user("You must enter a value for Item."));
        };
        let item = state
            .store
            .get(&Kind::Item, id)
            .filter(|item| !item.flag("isInactive"))
            .ok_or_else(|| ApiError::invalid_field(id, "item", &path))?;
        let quantity = num_of(line, "quantity").unwrap_or(Decimal::ONE);
        let priced = num_of(line, "rate").map(|rate| round(rate * quantity, places));
        let Some(amount) = num_of(line, "amount").or(priced) else {
            return Err(ApiError::user("You must enter a value for Amount."));
        };
        let rate = num_of(line, "taxRate1").unwrap_or_default();
        let owed = round(amount * rate / Decimal::ONE_HUNDRED, places);
        let tax_amount = num_of(line, "tax1Amt").unwrap_or(owed);
        let unique = index + 1;
        line.insert("amount".to_owned(), Val::Num(amount.normalize()));
        line.insert("tax1Amt".to_owned(), Val::Num(tax_amount.normalize()));
        line.insert("grossAmt".to_owned(), Val::Num((amount + tax_amount).normalize()));
        line.insert("quantity".to_owned(), Val::Num(quantity));
        line.insert("lineUniqueKey".to_owned(), Val::Num(unique.into()));
        let kind = item.text("$itemType").unwrap_or_default().to_owned();
        line.insert("itemType".to_owned(), Val::Text(kind));
        subtotal += amount;
        tax += tax_amount;
    }
    rec.lists.insert("item", lines);
    let discount = rec.num("discountRate");
    rec.set_num("subtotal", subtotal);
    rec.set_num("taxTotal", tax);
    rec.set_num("discountTotal", discount);
    rec.set_num("total", subtotal + tax + discount);
    if rec.num("total") < Decimal::ZERO {
        return Err(ApiError::user("The total can not be negative."));
    }
    Ok(())
}

/// A changed line whose quantity or rate moved takes its amount from them again.
pub fn forget_amounts(old: &Record, rec: &mut Record) {
    let before = old.list("item").to_vec();
    for line in rec.lists.get_mut("item").into_iter().flatten() {
        let Some(old_line) = before.iter().find(|old| old.get("line") == line.get("line")) else {
            continue;
        };
        let moved = |name: &str| num_of(line, name) != num_of(old_line, name);
        let (priced, amount, taxed) =
            (moved("rate") || moved("quantity"), moved("amount"), moved("tax1Amt"));
        if priced && !amount {
            line.remove("amount");
        }
        if (priced || amount) && !taxed {
            line.remove("tax1Amt");
        }
        if amount && !priced {
            line.remove("rate");
        }
    }
}

/// The header line on the receivables account and one line per item, tax and discount. `sign` is
/// +1 for an invoice (receivable debited), -1 for a credit memo.
pub fn postings(state: &State, rec: &Record, sign: Decimal) -> Result<Vec<Posting>> {
    let receivable = rec.reference("account").unwrap_or_default();
    let subsidiary = rec.reference("subsidiary");
    let mut lines = vec![posting(state, rec, 0, receivable, sign * rec.num("total"))];
    for (index, line) in rec.list("item").iter().enumerate() {
        let item = state.setup(&Kind::Item, ref_of(line, "item").unwrap_or_default())?;
        let income = item
            .reference("incomeAccount")
            .ok_or_else(|| ApiError::user("The item has no income account."))?;
        check_account(state, rec, income, "item")?;
        let number = num_of(line, "line").and_then(|number| i64::try_from(number).ok());
        let amount = num_of(line, "amount").unwrap_or_default();
        let mut line_posting =
            posting(state, rec, number.unwrap_or_default(), income, -sign * amount);
        line_posting.memo = text_of(line, "description").map(str::to_owned);
        line_posting.source = Some(("item", index));
        lines.push(line_posting);
    }
    let mut next = lines.iter().map(|line| line.line).max().unwrap_or_default() + 1;
    let tax = rec.num("taxTotal");
    if !tax.is_zero() {
        let account = state
            .special_account("SalesTaxPay", subsidiary)
            .ok_or_else(|| ApiError::user("No sales tax account is set up."))?;
        let mut line = posting(state, rec, next, account, -sign * tax);
        line.tax = true;
        lines.push(line);
        next += 1;
    }
    let discount = rec.num("discountTotal");
    if !discount.is_zero() {
        let item = rec
            .reference("discountItem")
            .and_then(|id| state.store.get(&Kind::Item, id))
            .and_then(|item| item.reference("incomeAccount"))
            .ok_or_else(|| ApiError::missing(&["Discount Item"]))?;
        lines.push(posting(state, rec, next, item, -sign * discount));
    }
    balance(&mut lines);
    Ok(lines)
}

/// Converts rounding differences away on the last line, so that base amounts sum to zero.
pub fn balance(lines: &mut [Posting]) {
    let off: Decimal = lines.iter().map(|line| line.base).sum();
    if let Some(last) = lines.last_mut() {
        last.base = (last.base - off).normalize();
    }
}
