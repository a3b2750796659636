//! The company that the examples of the sheet use (acumatica sheet section 20): tenant `Acme`, a
//! clearing account per currency, a bank account per currency, and an entry type for fees.

use serde_json::{Value, json};

/// The seed of the standard company.
pub fn body() -> Value {
    let mut body = people();
    for part in [money(), lists()] {
        for (name, value) in part.as_object().into_iter().flatten() {
            body[name] = value.clone();
        }
    }
    body
}

fn people() -> Value {
    json!({
        "tenant": "Acme", "base_currency": "GBP", "branches": ["MAIN"],
        "users": [{"name": "mlconnector", "password": "secret"}],
        "clients": [{
            "client_id": "6f3b1c5e-0d0a-4f1e-9f55-2b7f0e9c1a11@Acme",
            "client_secret": "sandbox-acumatica-secret",
            "redirect_uris": ["http://localhost/callback"],
        }],
        "attributes": ["GCCUSTOMER", "GCMANDATE", "GCSTATE", "GCCOLLECT"],
        "user_fields": [
            {"entity": "Invoice", "view": "Document", "field": "AttributeGCPAY"},
            {"entity": "Invoice", "view": "Document", "field": "AttributeGCSTATE"},
            {"entity": "Invoice", "view": "Document", "field": "AttributeGCERROR"},
            {"entity": "Invoice", "view": "Document", "field": "AttributeGCCOLLECT",
                "type": "CustomBooleanField"},
            {"entity": "Payment", "view": "Document", "field": "AttributeGCPAYOUT"},
            {"entity": "Customer", "view": "CurrentCustomer", "field": "AttributeGCMANDATE"},
            {"entity": "Customer", "view": "CurrentCustomer", "field": "AttributeGCCUSTOMER"},
        ],
    })
}

fn money() -> Value {
    json!({
        "currencies": [
            {"id": "GBP", "description": "Pound sterling"},
            {"id": "EUR", "description": "Euro"},
            {"id": "USD", "description": "US dollar"},
            {"id": "JPY", "description": "Yen", "decimals": 0},
        ],
        "rates": [
            {"currency": "EUR", "date": "2020-01-01", "rate": "0.85"},
            {"currency": "USD", "date": "2020-01-01", "rate": "0.78"},
            {"currency": "JPY", "date": "2020-01-01", "rate": "0.0052"},
        ],
        "entry_types": [
            {"id": "GCFEE", "description": "GoCardless fees", "account": "61200"},
            {"id": "GCFEETAX", "description": "VAT on fees", "account": "22100"},
            {"id": "TRANSFOUT", "description": "To transit", "account": "10900"},
            {"id": "TRANSFIN", "description": "From transit", "receipt": true, "account": "10900"},
            {"id": "GCADJ", "description": "Adjustments", "account": "61300"},
            {"id": "GCADJIN", "description": "Adjustments in", "receipt": true,
                "account": "61300"},
        ],
        "cash_accounts": [
            cash("10250", "GoCardless clearing GBP", "GBP", true),
            cash("10251", "GoCardless clearing EUR", "EUR", true),
            cash("10252", "GoCardless clearing USD", "USD", true),
            cash("10200", "Bank GBP", "GBP", false),
            cash("10201", "Bank EUR", "EUR", false),
            cash("10202", "Bank USD", "USD", false),
        ],
    })
}

fn cash(id: &str, description: &str, currency: &str, clearing: bool) -> Value {
    json!({
        "id": id, "description": description, "account": id, "branch": "MAIN",
        "currency": currency, "clearing": clearing,
        "entry_types": ["GCFEE", "GCFEETAX", "TRANSFOUT", "TRANSFIN", "GCADJ", "GCADJIN"],
    })
}

fn lists() -> Value {
    let account = |id: &str, description: &str, kind: &str, currency: &str| json!({"id": id, "description": description, "type": kind, "currency": currency});
    json!({
        "accounts": [
            account("10200", "Bank GBP", "Asset", "GBP"),
            account("10201", "Bank EUR", "Asset", "EUR"),
            account("10202", "Bank USD", "Asset", "USD"),
            account("10250", "GoCardless clearing GBP", "Asset", "GBP"),
            account("10251", "GoCardless clearing EUR", "Asset", "EUR"),
            account("10252", "GoCardless clearing USD", "Asset", "USD"),
            account("10900", "Cash in transit", "Asset", ""),
            {"id": "11000", "description": "Accounts receivable", "type": "Asset",
                "control": "AR"},
            account("22000", "VAT payable", "Liability", ""),
            account("22100", "VAT receivable", "Asset", ""),
            account("40000", "Sales", "Income", ""),
            account("61200", "Payment fees", "Expense", ""),
            account("61300", "Payment adjustments", "Expense", ""),
            account("79000", "Realised exchange differences", "Expense", ""),
        ],
        "subaccounts": ["000000"], "ledgers": ["ACTUAL"], "rounding_account": "79000",
        "terms": {"30D": 30, "14D": 14, "COD": 0},
        "customer_classes": [
            {"id": "DEFAULT", "ar_account": "11000", "terms": "30D"},
        ],
        "payment_methods": [
            {"id": "GOCARDLESS", "description": "GoCardless direct debit",
                "cash_accounts": ["10250", "10251", "10252"]},
            {"id": "CHECK", "description": "Cheque",
                "cash_accounts": ["10200", "10201", "10202"]},
        ],
        "taxes": [{"id": "VAT20", "category": "STANDARD", "rate": "20", "account": "22000"}],
        "items": [{"id": "SERVICE", "description": "Service", "account": "40000"}],
        "periods": {"from": "2024-01", "months": 60},
    })
}
