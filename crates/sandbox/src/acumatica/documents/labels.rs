//! Codes and labels of document types, and fields of the forms that the endpoint leaves out
//! (acumatica sheet sections 9.3, 9.5, 9.6, 9.7, 21 row 1).

use crate::acumatica::values::Type;

/// Codes, labels, and older spellings.
const TYPES: [(&str, &str); 13] = [
    ("INV", "Invoice"),
    ("DRM", "Debit Memo"),
    ("CRM", "Credit Memo"),
    ("PMT", "Payment"),
    ("PPM", "Prepayment"),
    ("RPM", "Voided Payment"),
    ("REF", "Refund"),
    ("VRF", "Voided Refund"),
    ("FCH", "Overdue Charge"),
    ("SMB", "Balance WO"),
    ("SMC", "Credit WO"),
    ("CSL", "Cash Sale"),
    ("RCS", "Cash Return"),
];

/// The label of a code.
pub fn label(code: &str) -> &str {
    TYPES.iter().find(|(known, _)| *known == code).map_or(code, |(_, label)| label)
}

/// The code of a label or code.
pub fn code(text: &str) -> Option<&'static str> {
    let text = text.trim();
    if text.eq_ignore_ascii_case("Customer Refund") {
        return Some("REF");
    }
    let found = TYPES
        .iter()
        .find(|(code, label)| code.eq_ignore_ascii_case(text) || label.eq_ignore_ascii_case(text));
    found.map(|(code, _)| *code)
}

/// Whether a key holds a type of documents.
pub fn is_type(key: &str) -> bool {
    key.ends_with("doctype")
}

const EXTRAS: [(&str, &str, Type); 23] = [
    ("Account", "controlaccountmodule", Type::Text),
    ("Account", "allowmanualentry", Type::Bool),
    ("Invoice", "curyid", Type::Text),
    ("Invoice", "batchnbr", Type::Text),
    ("Invoice", "paymentmethodid", Type::Text),
    ("Invoice", "discdate", Type::Time),
    ("Invoice", "curyorigdiscamt", Type::Number),
    ("SalesInvoice", "batchnbr", Type::Text),
    ("Payment", "adjfinperiodid", Type::Text),
    ("Payment", "depositafter", Type::Time),
    ("Payment", "depositasbatch", Type::Bool),
    ("Payment", "deposited", Type::Bool),
    ("Payment", "depositnbr", Type::Text),
    ("Payment", "depositdate", Type::Time),
    ("Payment", "batchnbr", Type::Text),
    ("Payment", "cleared", Type::Bool),
    ("Payment", "docdate", Type::Time),
    ("CashTransaction", "adjrefnbr", Type::Text),
    ("CashTransaction", "status", Type::Text),
    ("CashTransaction", "hold", Type::Bool),
    ("CashTransaction", "curyid", Type::Text),
    ("CashTransaction", "finperiodid", Type::Text),
    ("CashTransaction", "curytranamt", Type::Number),
];

/// The type of a form's field that the endpoint has no name for.
pub fn extra_type(entity: &str, key: &str) -> Option<Type> {
    let found = EXTRAS.iter().find(|(name, known, _)| *name == entity && *known == key);
    found.map(|(_, _, kind)| *kind)
}

/// Whether the form has such a field.
pub fn has_extra(entity: &str, key: &str) -> bool {
    extra_type(entity, key).is_some()
}
