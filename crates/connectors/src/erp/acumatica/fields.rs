//! The connector's own fields: attributes that an administrator makes once (Attributes CS205000), put
//! on the customer class, and on the invoice and payment forms as user-defined fields. Attribute ids
//! have at most ten characters; values at most 255 (acumatica sheet section 11.9).

/// An attribute of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    /// The attribute's id.
    pub id: &'static str,
    /// The user-defined field of a document that stands for it.
    pub custom: &'static str,
    /// Characters it holds; longer text is cut before it is written.
    pub length_max: usize,
}

/// The view whose user-defined fields invoices and payments have.
pub const VIEW: &str = "Document";

const TEXT_MAX: usize = 255;

macro_rules! fields {
    ($($(#[$doc:meta])* $name:ident = $id:literal;)*) => {$(
        $(#[$doc])*
        pub const $name: Field =
            Field { id: $id, custom: concat!("Attribute", $id), length_max: TEXT_MAX };
    )*};
}

fields! {
    /// The box by which people ask for collection.
    COLLECT = "MLCCOLLECT";
    /// The box by which people ask for a retry.
    RETRY = "MLCRETRY";
    INTEGRATION_STATUS = "MLCSTATUS";
    INTEGRATION_ERROR = "MLCERROR";
    PAYMENT_STATUS = "MLCPAYSTAT";
    REASON_CODE = "MLCREASON";
    DESCRIPTION = "MLCDESCR";
    CHARGE_DATE = "MLCCHARGE";
    PAYMENT_ID = "MLCPAYMENT";
    /// On invoices and customers.
    MANDATE = "MLCMANDATE";
    /// On invoices and customers.
    ACCOUNT = "MLCACCOUNT";
    /// On payments: the payout that settled it.
    PAYOUT = "MLCPAYOUT";
    /// On payments: a memo that came after the release, which freezes the description.
    MEMO = "MLCMEMO";
    /// On voiding documents, which take no other text of ours: the key of the un-application.
    VOID_KEY = "MLCVOIDKEY";
    CUSTOMER_ID = "MLCCUSTID";
    MANDATE_STATUS = "MLCMANSTAT";
    AUTHORISATION_LINK = "MLCLINK";
}

/// What `ping` looks for on invoices.
pub const ON_INVOICE: [Field; 11] = [
    COLLECT,
    RETRY,
    INTEGRATION_STATUS,
    INTEGRATION_ERROR,
    PAYMENT_STATUS,
    REASON_CODE,
    DESCRIPTION,
    CHARGE_DATE,
    PAYMENT_ID,
    MANDATE,
    ACCOUNT,
];

/// What `ping` looks for on payments.
pub const ON_PAYMENT: [Field; 3] = [PAYOUT, MEMO, VOID_KEY];

/// What `ping` looks for on customers.
pub const ON_CUSTOMER: [Field; 5] =
    [CUSTOMER_ID, MANDATE, MANDATE_STATUS, AUTHORISATION_LINK, ACCOUNT];

/// The description of a document (acumatica sheet section 9.5).
pub const DESCRIPTION_LENGTH_MAX: usize = 512;
/// References of payments and the like (acumatica sheet section 9.5).
pub const REFERENCE_LENGTH_MAX: usize = 40;
/// References of journal lines (acumatica sheet section 11.9).
pub const LINE_REFERENCE_LENGTH_MAX: usize = 15;

/// `$custom` for some of our fields of a document.
#[must_use]
pub fn custom_query(fields: &[Field]) -> String {
    let names: Vec<String> =
        fields.iter().map(|field| format!("{VIEW}.{}", field.custom)).collect();
    names.join(",")
}

/// Cuts to at most `length_max` characters, never inside one.
#[must_use]
pub fn cut(text: &str, length_max: usize) -> String {
    text.chars().take(length_max).collect()
}
