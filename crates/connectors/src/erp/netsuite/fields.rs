//! The connector's own fields, exactly as the SDF project in `netsuite/` makes them, with their
//! lengths. Every name is read and written through these constants.

/// A custom field of ours on one record type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    /// The script id, which is also its name in JSON and its column in SuiteQL.
    pub id: &'static str,
    /// Characters it holds; longer text is cut before it is written.
    pub length_max: usize,
}

const fn field(id: &'static str, length_max: usize) -> Field {
    Field { id, length_max }
}

/// The box by which people ask for collection.
pub const COLLECT: Field = field("custbody_mlc_collect", 1);
/// The box by which people ask for a retry.
pub const RETRY: Field = field("custbody_mlc_retry", 1);
pub const INTEGRATION_STATUS: Field = field("custbody_mlc_integration_status", 40);
pub const INTEGRATION_ERROR: Field = field("custbody_mlc_integration_error", 4_000);
pub const PAYMENT_STATUS: Field = field("custbody_mlc_payment_status", 60);
pub const REASON_CODE: Field = field("custbody_mlc_reason_code", 60);
pub const DESCRIPTION: Field = field("custbody_mlc_description", 300);
pub const CHARGE_DATE: Field = field("custbody_mlc_charge_date", 10);
/// On invoices and customer payments.
pub const PAYMENT_ID: Field = field("custbody_mlc_payment_id", 60);
/// On invoices and customer payments.
pub const MANDATE: Field = field("custbody_mlc_mandate", 60);
/// On invoices and customer payments.
pub const ACCOUNT: Field = field("custbody_mlc_account", 60);
/// On customer payments.
pub const PAYOUT: Field = field("custbody_mlc_payout", 60);

pub const CUSTOMER_ID: Field = field("custentity_mlc_customer_id", 60);
pub const CUSTOMER_MANDATE: Field = field("custentity_mlc_mandate", 60);
pub const CUSTOMER_MANDATE_STATUS: Field = field("custentity_mlc_mandate_status", 60);
pub const CUSTOMER_LINK: Field = field("custentity_mlc_authorisation_link", 999);
pub const CUSTOMER_ACCOUNT: Field = field("custentity_mlc_account", 60);

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

/// What `ping` looks for on customer payments.
pub const ON_PAYMENT: [Field; 2] = [PAYMENT_ID, PAYOUT];

/// What `ping` looks for on customers.
pub const ON_CUSTOMER: [Field; 5] =
    [CUSTOMER_ID, CUSTOMER_MANDATE, CUSTOMER_MANDATE_STATUS, CUSTOMER_LINK, CUSTOMER_ACCOUNT];

/// The memo of a transaction (netsuite sheet section 9.3; 999 is the length of NetSuite's own field).
pub const MEMO_LENGTH_MAX: usize = 999;

/// Cuts to at most `length_max` characters, never inside one.
#[must_use]
pub fn cut(text: &str, length_max: usize) -> String {
    text.chars().take(length_max).collect()
}
