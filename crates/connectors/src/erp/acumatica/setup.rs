//! What adding a connection says: the steps in Acumatica.

/// Shown when a connection is added.
pub const GUIDE: &str = "In Acumatica, as an administrator:
  1. Make a user of its own for the connector (SM201010), time zone UTC, locale en-US, with the
     rights Edit, Insert and Delete on Payments (AR302000) and Journal Transactions (GL301000), Edit
     on Customers (AR303000) and Invoices (AR301000), and View on Chart of Accounts, Payment
     Methods, Currencies and Master Financial Calendar (and Ledgers and Subaccounts, for ping).
  2. Connected Applications (SM303010): one with the flow Resource Owner Password Credentials, or
     Authorization Code (--set grant=authorization_code, --set redirect_uri=<as registered>, then
     \"connections authorise\": a person allows it in a browser), and a shared secret; its client id
     is --set client_id=<GUID>@<tenant>.
  3. Cash Accounts (CA202000): one clearing account per currency, ticked Clearing Account. Payment
     Methods (CA204000): one for direct debits, used in AR, with these accounts and the bank
     accounts allowed.
  4. Attributes (CS205000): MLCCOLLECT and MLCRETRY (check boxes), MLCSTATUS, MLCERROR, MLCPAYSTAT,
     MLCREASON, MLCDESCR, MLCCHARGE, MLCPAYMENT, MLCMANDATE, MLCACCOUNT, MLCPAYOUT, MLCMEMO,
     MLCVOIDKEY, MLCCUSTID, MLCMANSTAT, MLCLINK (text). Put MLCCUSTID, MLCMANDATE, MLCMANSTAT,
     MLCLINK and MLCACCOUNT on the customer classes; MLCPAYOUT, MLCMEMO and MLCVOIDKEY as
     user-defined fields on Payments and Applications; the others on Invoices and Memos.
  5. Switch off Auto-Apply Payments on the customers that are collected from.
Each step with its rights, and what ping says when it is missing: the file acumatica/README.md at the
top of ml-connector's sources";
