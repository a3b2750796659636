//! The small company that an emulator begins with: the ids of netsuite sheet section 17, bank
//! accounts in three currencies, three years of open periods.

use serde_json::{Value, json};

/// The seed of the standard company.
pub fn body() -> Value {
    json!({
        "currencies": [
            {"id": 1, "symbol": "GBP", "name": "GBP", "precision": 2, "rate": "1", "base": true},
            {"id": 2, "symbol": "EUR", "name": "EUR", "precision": 2, "rate": "0.85"},
            {"id": 3, "symbol": "USD", "name": "USD", "precision": 2, "rate": "0.8"},
            {"id": 4, "symbol": "JPY", "name": "JPY", "precision": 0, "rate": "0.005"},
            {"id": 5, "symbol": "SEK", "name": "SEK", "precision": 2, "rate": "0.075"},
            {"id": 6, "symbol": "DKK", "name": "DKK", "precision": 2, "rate": "0.114"},
            {"id": 7, "symbol": "AUD", "name": "AUD", "precision": 2, "rate": "0.51"},
            {"id": 8, "symbol": "NZD", "name": "NZD", "precision": 2, "rate": "0.47"},
            {"id": 9, "symbol": "CAD", "name": "CAD", "precision": 2, "rate": "0.58"},
        ],
        "subsidiaries": [{"id": 2, "name": "Brightworks UK", "currency": 1}],
        "accounts": [
            {"id": 116, "number": "1499", "name": "Undeposited Funds", "type": "OthCurrAsset",
             "special": "UndepFunds"},
            {"id": 119, "number": "1100", "name": "Accounts Receivable", "type": "AcctRec",
             "special": "AcctRec"},
            {"id": 210, "number": "1000", "name": "Bank GBP", "type": "Bank", "currency": 1,
             "subsidiaries": [2]},
            {"id": 211, "number": "1001", "name": "Bank EUR", "type": "Bank", "currency": 2,
             "subsidiaries": [2]},
            {"id": 212, "number": "1002", "name": "Bank USD", "type": "Bank", "currency": 3,
             "subsidiaries": [2]},
            {"id": 231, "number": "2210", "name": "VAT on Purchases", "type": "OthCurrLiab"},
            {"id": 232, "number": "2200", "name": "VAT Payable", "type": "OthCurrLiab",
             "special": "SalesTaxPay"},
            {"id": 400, "number": "4000", "name": "Sales", "type": "Income"},
            {"id": 640, "number": "6400", "name": "Processor Fees", "type": "Expense"},
            {"id": 641, "number": "6410", "name": "Chargebacks", "type": "Expense"},
            {"id": 650, "number": "6500", "name": "Rounding", "type": "Expense"},
            {"id": 651, "number": "1900", "name": "Suspense", "type": "OthCurrAsset"},
            {"id": 660, "number": "7000", "name": "Realized Gain/Loss", "type": "OthExpense",
             "special": "RealizedGainLoss"},
        ],
        "periods": {"from": "2025-01", "months": 36},
        "items": [{"id": 304, "name": "Consulting", "income_account": 400}],
        "terms": [{"id": 1, "name": "Net 30", "days": 30}],
        "departments": [{"id": 1, "name": "Sales"}],
        "classes": [{"id": 1, "name": "Services"}],
        "locations": [{"id": 1, "name": "London"}],
    })
}
