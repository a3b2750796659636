//! The record types of the record service: their names on the wire, the id space each lives in,
//! the code SuiteQL shows, and the permission each needs (netsuite sheet sections 4, 5.2, 8.5).

use std::sync::Arc;

/// A record type. Custom record types carry their script id (`customrecord_x`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Account,
    AccountingPeriod,
    Classification,
    CreditMemo,
    Currency,
    CurrencyRate,
    Customer,
    CustomerPayment,
    CustomerRefund,
    CustomerSubsidiary,
    Department,
    Deposit,
    Invoice,
    Item,
    JournalEntry,
    Location,
    Subsidiary,
    Term,
    Custom(Arc<str>),
}

/// Where internal ids are unique: all transactions share one space, every other type has its own.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Space {
    Transaction,
    Of(Kind),
}

/// REST names of items, by type and subtype (netsuite sheet section 9.8).
pub const ITEM_NAMES: [(&str, &str, &str); 8] = [
    ("serviceSaleItem", "Service", "Sale"),
    ("serviceResaleItem", "Service", "Resale"),
    ("nonInventorySaleItem", "NonInvtPart", "Sale"),
    ("nonInventoryResaleItem", "NonInvtPart", "Resale"),
    ("otherChargeSaleItem", "OthCharge", "Sale"),
    ("otherChargeResaleItem", "OthCharge", "Resale"),
    ("inventoryItem", "InvtPart", ""),
    ("discountItem", "Discount", ""),
];

/// Every transaction type that this emulator knows.
pub const TRANSACTIONS: [Kind; 6] = [
    Kind::Invoice,
    Kind::CustomerPayment,
    Kind::CreditMemo,
    Kind::CustomerRefund,
    Kind::Deposit,
    Kind::JournalEntry,
];

/// Every built-in record type, in alphabetical order of its REST name.
pub const BUILT_IN: [Kind; 18] = [
    Kind::Account,
    Kind::AccountingPeriod,
    Kind::Classification,
    Kind::CreditMemo,
    Kind::Currency,
    Kind::CurrencyRate,
    Kind::Customer,
    Kind::CustomerPayment,
    Kind::CustomerRefund,
    Kind::CustomerSubsidiary,
    Kind::Department,
    Kind::Deposit,
    Kind::Invoice,
    Kind::Item,
    Kind::JournalEntry,
    Kind::Location,
    Kind::Subsidiary,
    Kind::Term,
];

impl Kind {
    /// The camelCase name of the REST API Browser. Items answer with the name of a service item;
    /// a stored item knows its own (see `Record::rest_name`).
    pub fn rest_name(&self) -> &str {
        match self {
            Kind::Account => "account",
            Kind::AccountingPeriod => "accountingPeriod",
            Kind::Classification => "classification",
            Kind::CreditMemo => "creditMemo",
            Kind::Currency => "currency",
            Kind::CurrencyRate => "currencyRate",
            Kind::Customer => "customer",
            Kind::CustomerPayment => "customerPayment",
            Kind::CustomerRefund => "customerRefund",
            Kind::CustomerSubsidiary => "customerSubsidiaryRelationship",
            Kind::Department => "department",
            Kind::Deposit => "deposit",
            Kind::Invoice => "invoice",
            Kind::Item => "serviceSaleItem",
            Kind::JournalEntry => "journalEntry",
            Kind::Location => "location",
            Kind::Subsidiary => "subsidiary",
            Kind::Term => "term",
            Kind::Custom(name) => name,
        }
    }

    /// The built-in type of a path segment, whatever its letter case.
    pub fn parse(name: &str) -> Option<Kind> {
        if ITEM_NAMES.iter().any(|(rest, _, _)| rest.eq_ignore_ascii_case(name)) {
            return Some(Kind::Item);
        }
        BUILT_IN.iter().find(|kind| kind.rest_name().eq_ignore_ascii_case(name)).cloned()
    }

    /// The id space the type lives in.
    pub fn space(&self) -> Space {
        if self.is_transaction() { Space::Transaction } else { Space::Of(self.clone()) }
    }

    /// Whether records of the type are transactions.
    pub fn is_transaction(&self) -> bool {
        TRANSACTIONS.contains(self)
    }

    /// The code in `transaction.type`; empty for what is not a transaction.
    pub fn type_code(&self) -> &'static str {
        match self {
            Kind::Invoice => "CustInvc",
            Kind::CustomerPayment => "CustPymt",
            Kind::CreditMemo => "CustCred",
            Kind::CustomerRefund => "CustRfnd",
            Kind::Deposit => "Deposit",
            Kind::JournalEntry => "Journal",
            _ => "",
        }
    }

    /// The name a person reads ("Invoice"); used in display values and line types.
    pub fn label(&self) -> &str {
        match self {
            Kind::Invoice => "Invoice",
            Kind::CustomerPayment => "Payment",
            Kind::CreditMemo => "Credit Memo",
            Kind::CustomerRefund => "Customer Refund",
            Kind::Deposit => "Deposit",
            Kind::JournalEntry => "Journal",
            Kind::Customer => "Customer",
            Kind::Custom(name) => name,
            other => other.rest_name(),
        }
    }

    /// The permission id and the name of it that an error shows; `None`: no permission is needed.
    pub fn permission(&self) -> Option<(&'static str, &'static str)> {
        Some(match self {
            Kind::Account => ("LIST_ACCOUNT", "Lists -> Accounts"),
            Kind::AccountingPeriod => ("ADMI_ACCTPERIODS", "Setup -> Manage Accounting Periods"),
            Kind::CreditMemo => ("TRAN_CUSTCRED", "Transactions -> Credit Memo"),
            Kind::Currency | Kind::CurrencyRate => ("LIST_CURRENCY", "Lists -> Currency"),
            Kind::Customer | Kind::CustomerSubsidiary => ("LIST_CUSTJOB", "Lists -> Customers"),
            Kind::CustomerPayment => ("TRAN_CUSTPYMT", "Transactions -> Customer Payment"),
            Kind::CustomerRefund => ("TRAN_CUSTRFND", "Transactions -> Customer Refund"),
            Kind::Deposit => ("TRAN_DEPOSIT", "Transactions -> Deposit"),
            Kind::Invoice => ("TRAN_CUSTINVC", "Transactions -> Invoice"),
            Kind::Item => ("LIST_ITEM", "Lists -> Items"),
            Kind::JournalEntry => ("TRAN_JOURNAL", "Transactions -> Make Journal Entry"),
            Kind::Subsidiary => ("LIST_SUBSIDIARY", "Lists -> Subsidiaries"),
            _ => return None,
        })
    }

    /// The prefix of a custom field that applies to the type by itself; `None`: it has none.
    pub fn custom_prefix(&self) -> Option<&'static str> {
        match self {
            Kind::Customer => Some("custentity"),
            Kind::Item => Some("custitem"),
            Kind::Custom(_) => Some("custrecord"),
            kind if kind.is_transaction() => Some("custbody"),
            _ => None,
        }
    }
}
