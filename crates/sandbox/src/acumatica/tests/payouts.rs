//! Payouts: cash transactions, journals, charges, and what the ledger says of them.

use super::*;

const NUMBER: &str = "CAAdjRecords.AdjRefNbr,CAAdjRecords.Status,CAAdjRecords.Hold,\
    CAAdjRecords.CuryID,CAAdjRecords.FinPeriodID";

fn cash_body(account: &str, entry: &str, reference: &str, amount: &str) -> Value {
    json!({
        "CashAccountCD": {"value": account}, "EntryTypeCD": {"value": entry},
        "PostedDate": {"value": "2025-03-10T00:00:00"},
        "ExternalReferenceNumber": {"value": reference},
        "Description": {"value": format!("GoCardless {reference}")},
        "custom": {"CAAdjRecords": {"Hold": {"type": "CustomBooleanField", "value": false}}},
        "Details": [{"Amount": {"value": number(amount)},
            "AmountDescription": {"value": "Transaction fees"}}],
    })
}

fn line(account: &str, side: &str, amount: &str) -> Value {
    json!({"Account": {"value": account}, "Subaccount": {"value": "000000"},
        side: {"value": number(amount)}, "TransactionDescription": {"value": "Payout"}})
}

fn batch_body(reference: &str, lines: Vec<Value>) -> Value {
    json!({
        "Module": {"value": "GL"}, "BranchID": {"value": "MAIN"}, "LedgerID": {"value": "ACTUAL"},
        "TransactionDate": {"value": "2025-03-10T00:00:00"}, "CurrencyID": {"value": "GBP"},
        "Description": {"value": format!("GoCardless payout {reference}")},
        "Hold": {"value": false}, "Details": lines,
    })
}

impl World {
    fn cash(&self, body: &Value) -> Answer {
        self.put(&format!("/CashTransaction?$expand=Details&$custom={NUMBER}"), body.clone())
    }

    fn run(&mut self, path: &str, entity: Value) -> Answer {
        let begun = self.call("POST", path, &json!({ "entity": entity }));
        self.followed(begun)
    }

    fn release_cash(&mut self, made: &Value) {
        let id = json!({"id": made["id"]});
        let done = self.run("/CashTransaction/ReleaseCashTransaction", id);
        assert_eq!(done.status, 204, "{}", done.body);
    }

    /// Enters a batch and releases it; its number.
    fn journal(&mut self, body: Value) -> String {
        let made = self.put("/JournalTransaction?$expand=Details", body).ok();
        assert_eq!(made["Status"]["value"], "Balanced");
        let number = made["BatchNbr"]["value"].as_str().unwrap().to_owned();
        let entity = json!({"Module": {"value": "GL"}, "BatchNbr": {"value": number}});
        let done = self.run("/JournalTransaction/ReleaseJournalTransaction", entity);
        assert_eq!(done.status, 204, "{}", done.body);
        number
    }

    /// A released payment that pays an invoice of the same amount; its number.
    fn collected(&mut self, reference: &str, amount: &str) -> String {
        let invoice = self.invoice(amount);
        let made = self.payment(reference, amount, &invoice).ok();
        let number = made["ReferenceNbr"]["value"].as_str().unwrap().to_owned();
        self.release("Payment", &number);
        number
    }
}

#[test]
fn a_fee_is_a_cash_transaction() {
    let mut world = World::new();
    world.collected("PM1", "120.50");
    let made = world.cash(&cash_body("10250", "GCFEE", "PO1-fee", "1.4")).ok();
    let custom = &made["custom"]["CAAdjRecords"];
    assert_eq!(custom["AdjRefNbr"]["value"], "000001");
    assert_eq!(custom["Status"]["value"], "Balanced");
    assert_eq!(custom["CuryID"]["value"], "GBP");
    assert_eq!(custom["FinPeriodID"]["value"], "032025");
    assert_eq!(made["Details"][0]["Amount"]["value"], number("1.4"));
    assert!(made.get("Status").is_none() && made.get("ReferenceNbr").is_none());
    assert_eq!(world.balance("61200"), "0", "nothing is posted before the release");
    world.release_cash(&made);
    let found =
        format!("/CashTransaction?$filter=ExternalReferenceNumber eq 'PO1-fee'&$custom={NUMBER}");
    let found = world.get(&found);
    assert_eq!(found[0]["id"], made["id"]);
    assert_eq!(found[0]["custom"]["CAAdjRecords"]["Status"]["value"], "Released");
    assert_eq!((world.balance("61200"), world.balance("10250")), ("1.4".into(), "119.1".into()));
    let id = json!({"id": made["id"]});
    let again = world.run("/CashTransaction/ReleaseCashTransaction", id);
    again.exception(500, "The Release button is disabled.");
    let path = format!("/CashTransaction/{}", made["id"].as_str().unwrap());
    world.call("DELETE", &path, &Value::Null).exception(500, "Delete button");
    let batches = world.get("/JournalTransaction?$filter=Module eq 'CA'&$select=BatchNbr,Status");
    assert_eq!(batches[0]["Status"]["value"], "Posted");
}

#[test]
fn cash_transactions_are_held_changed_and_deleted() {
    let mut world = World::new();
    let mut body = cash_body("10250", "GCFEE", "PO1-fee", "1.4");
    body.as_object_mut().unwrap().remove("custom");
    let held = world.cash(&body).ok();
    assert_eq!(held["custom"]["CAAdjRecords"]["Status"]["value"], "On Hold");
    let id = json!({"id": held["id"]});
    let refused = world.run("/CashTransaction/ReleaseCashTransaction", id);
    refused.exception(500, "disabled");
    // Without the record's id the same body is another document.
    let twin = world.cash(&body).ok();
    assert_ne!(twin["id"], held["id"]);
    let path = format!("/CashTransaction/{}", twin["id"].as_str().unwrap());
    assert_eq!(world.call("DELETE", &path, &Value::Null).status, 204);
    let free = json!({"id": held["id"],
        "custom": {"CAAdjRecords": {"Hold": {"type": "CustomBooleanField", "value": false}}},
        "Details": [{"Amount": {"value": number("0.28")}, "AmountDescription": {"value": "VAT"}}]});
    let free = world.cash(&free).ok();
    assert_eq!(free["custom"]["CAAdjRecords"]["Status"]["value"], "Balanced");
    assert_eq!(free["Details"].as_array().unwrap().len(), 2);
    world.release_cash(&free);
    assert_eq!((world.balance("61200"), world.balance("10250")), ("1.68".into(), "-1.68".into()));
}

#[test]
fn cash_transactions_are_refused_field_by_field() {
    let mut world = World::new();
    let with = |world: &World, name: &str, value: Value| {
        let mut body = cash_body("10250", "GCFEE", "PO1-fee", "1.4");
        body[name] = json!({ "value": value });
        world.cash(&body)
    };
    let long = "x".repeat(41);
    for (name, value, text) in [
        ("CashAccountCD", json!("61200"), "'Cash Account' cannot be found"),
        ("EntryTypeCD", json!("NOPE"), "'Entry Type' cannot be found"),
        ("ExternalReferenceNumber", json!(long), "40 characters"),
        ("PostedDate", json!("2040-01-01"), "does not exist"),
    ] {
        with(&world, name, value).field(&format!("/{name}"), text);
    }
    let cents = world.cash(&cash_body("10250", "GCFEE", "PO1-fee", "1.401"));
    cents.field("/Details/0/Amount", "not valid");
    // An entry type must be one of the account's.
    world.seed(json!({"entry_types": [{"id": "OTHER", "account": "61300"}]}));
    with(&world, "EntryTypeCD", json!("OTHER")).field("/EntryTypeCD", "cannot be found");
    let empty = world.cash(&cash_body("10250", "GCFEE", "PO1-fee", "0")).ok();
    let id = json!({"id": empty["id"]});
    world.run("/CashTransaction/ReleaseCashTransaction", id).exception(500, "greater than zero");
    let credit = world.cash(&cash_body("10250", "GCFEE", "PO1-fee", "-1")).ok();
    let id = json!({"id": credit["id"]});
    world.run("/CashTransaction/ReleaseCashTransaction", id).exception(500, "greater than zero");
    let made = world.cash(&cash_body("10250", "GCFEE", "PO2-fee", "2")).ok();
    for (set, text) in [
        (
            "ca_closed",
            "The 03-2025 financial period of the MAIN company is closed in Cash Management.",
        ),
        ("closed", "The 03-2025 financial period is closed in the MAIN company."),
    ] {
        world.act(json!({"do": "period", "period": "032025", "set": set}));
        let id = json!({"id": made["id"]});
        world.run("/CashTransaction/ReleaseCashTransaction", id).exception(500, text);
        world.cash(&cash_body("10250", "GCFEE", "PO3-fee", "1")).field("/PostedDate", text);
    }
    assert_eq!((world.balance("61200"), world.balance("10250")), ("0".into(), "0".into()));
}

#[test]
fn a_batch_balances_or_is_refused() {
    let mut world = World::new();
    let put = |world: &World, lines: Vec<Value>| {
        world.put("/JournalTransaction", batch_body("PO1", lines))
    };
    let good = || vec![line("10200", "DebitAmount", "1"), line("10250", "CreditAmount", "1")];
    let lines = vec![line("10200", "DebitAmount", "1.01"), line("10250", "CreditAmount", "1")];
    put(&world, lines).exception(500, "out of balance");
    let with = |at: usize, name: &str, value: &str| {
        let mut lines = good();
        lines[at][name] = json!({ "value": value });
        lines
    };
    let account = |at: usize, account: &str| with(at, "Account", account);
    world.seed(json!({"branches": ["NORTH"]}));
    for (lines, pointer, text) in [
        (account(0, "99999"), "/Details/0/Account", "'Account' cannot be found"),
        (account(1, "11000"), "/Details/1/Account", "control account"),
        (account(0, "10201"), "/Details/0/Account", "currency"),
        (with(0, "Subaccount", "999999"), "/Details/0/Subaccount", "cannot be found"),
        (with(0, "BranchID", "SOUTH"), "/Details/0/BranchID", "cannot be found"),
        (with(1, "BranchID", "NORTH"), "/Details/1/BranchID", "cannot be found"),
        (
            vec![line("10200", "DebitAmount", "0.001"), line("10250", "CreditAmount", "0.001")],
            "/Details/0/DebitAmount",
            "not valid",
        ),
    ] {
        put(&world, lines).field(pointer, text);
    }
    let mut long = good();
    long[0]["ReferenceNbr"] = json!({"value": "PO0034GHIJKL-fee"});
    put(&world, long).field("/Details/0/ReferenceNbr", "15 characters");
    for (name, value) in [("LedgerID", "NOPE"), ("BranchID", "NOPE"), ("CurrencyID", "XXX")] {
        let mut body = batch_body("PO1", good());
        body[name] = json!({ "value": value });
        world.put("/JournalTransaction", body).field(&format!("/{name}"), "cannot be found");
    }
    let mut foreign = batch_body("PO1", good());
    foreign["Module"] = json!({"value": "AR"});
    world.put("/JournalTransaction", foreign).field("/Module", "GL module");
    assert_eq!(world.get("/JournalTransaction"), json!([]), "nothing was kept");
    world.act(json!({"do": "period", "period": "032025", "set": "ca_closed"}));
    world.journal(batch_body("PO1", good()));
    world.act(json!({"do": "period", "period": "032025", "set": "closed"}));
    put(&world, good()).field("/TransactionDate", "is closed in the MAIN company");
    // On hold it may be out of balance, and does not release.
    let mut held = batch_body("PO2", vec![line("10200", "DebitAmount", "5")]);
    held["Hold"] = json!({"value": true});
    held["TransactionDate"] = json!({"value": "2025-04-01"});
    let held = world.put("/JournalTransaction", held).ok();
    assert_eq!(held["PostPeriod"]["value"], "042025");
    let id = json!({"id": held["id"]});
    world.run("/JournalTransaction/ReleaseJournalTransaction", id).exception(500, "disabled");
    assert_eq!((world.balance("10200"), world.balance("10250")), ("1".into(), "-1".into()));
}

#[test]
fn a_payout_empties_the_clearing_account() {
    let mut world = World::new();
    world.collected("PM1", "120.50");
    world.collected("PM2", "80");
    let back = world.collected("PM3", "45");
    // Charged back before the payout: the void takes it out of the clearing account.
    let entity = json!({"Type": {"value": "Payment"}, "ReferenceNbr": {"value": back}});
    assert_eq!(world.run("/Payment/VoidPayment", entity).status, 204);
    let held = json!({"Type": {"value": "Voided Payment"}, "ReferenceNbr": {"value": back},
        "Hold": {"value": false}});
    world.put("/Payment", held).ok();
    world.release("Voided Payment", &back);
    assert_eq!(world.balance("10250"), "200.5");
    let number = world.journal(batch_body(
        "PO1",
        vec![
            line("10200", "DebitAmount", "195.46"),
            line("61200", "DebitAmount", "4.2"),
            line("22100", "DebitAmount", "0.84"),
            line("10250", "CreditAmount", "200.5"),
        ],
    ));
    for (account, balance) in [
        ("10250", "0"),
        ("10200", "195.46"),
        ("61200", "4.2"),
        ("22100", "0.84"),
        ("11000", "45"),
        ("40000", "-245.5"),
    ] {
        assert_eq!(world.balance(account), balance, "{account}");
    }
    let found = world.get(
        "/JournalTransaction?$filter=Description eq 'GoCardless payout PO1' and Module eq 'GL'",
    );
    assert_eq!(found[0]["BatchNbr"]["value"], number.as_str());
    assert_eq!(found[0]["Status"]["value"], "Posted");
    let whole = world.get(&format!("/JournalTransaction/GL/{number}?$expand=Details"));
    assert_eq!(whole["Details"].as_array().unwrap().len(), 4);
    assert_eq!(whole["Details"][0]["Description"]["value"], "Bank GBP");
    assert_eq!(whole["Details"][3]["LineNbr"]["value"], 4);
    let bank = world.try_control(Method::GET, "/truth/cash/10200", Value::Null).unwrap();
    assert_eq!(bank.as_array().unwrap().len(), 1, "one line at the bank, as on its statement");
    assert_eq!((&bank[0]["amount"], &bank[0]["date"]), (&json!("195.46"), &json!("2025-03-10")));
    let clearing = world.try_control(Method::GET, "/truth/cash/10250", Value::Null).unwrap();
    let amounts: Vec<&str> =
        clearing.as_array().unwrap().iter().map(|line| line["amount"].as_str().unwrap()).collect();
    assert_eq!(amounts, ["120.5", "80", "45", "-45", "-200.5"]);
    assert!(world.try_control(Method::GET, "/truth/cash/61200", Value::Null).is_err());
    // A posted batch takes no change.
    let change = json!({"id": whole["id"], "Description": {"value": "x"}});
    assert_ne!(world.put("/JournalTransaction", change).ok()["Description"]["value"], "x");
}

#[test]
fn a_payout_through_transit_leaves_nothing_there() {
    let mut world = World::new();
    world.collected("PM1", "100");
    for (account, entry, amount) in [
        ("10250", "GCFEE", "1"),
        ("10250", "GCFEETAX", "0.2"),
        ("10250", "TRANSFOUT", "98.8"),
        ("10200", "TRANSFIN", "98.8"),
    ] {
        let made = world.cash(&cash_body(account, entry, "PO1", amount)).ok();
        world.release_cash(&made);
    }
    for (account, balance) in
        [("10250", "0"), ("10900", "0"), ("10200", "98.8"), ("61200", "1"), ("22100", "0.2")]
    {
        assert_eq!(world.balance(account), balance, "{account}");
    }
}

#[test]
fn a_payout_in_another_currency_keeps_both_ledgers() {
    let mut world = World::new();
    world.seed(json!({"invoices": [{"customer": "C000200", "amount": "100.10",
        "date": "2025-03-01", "currency": "EUR"}]}));
    let mut body = payment_body("PM1", "100.10", "000001");
    body["CustomerID"] = json!({"value": "C000200"});
    body["CashAccount"] = json!({"value": "10251"});
    let made = world.put("/Payment", body).ok();
    world.release("Payment", made["ReferenceNbr"]["value"].as_str().unwrap());
    let mut body = batch_body(
        "PO1",
        vec![
            line("10201", "DebitAmount", "98.67"),
            line("61200", "DebitAmount", "1.43"),
            line("10251", "CreditAmount", "100.10"),
        ],
    );
    body["CurrencyID"] = json!({"value": "EUR"});
    world.journal(body);
    let ledger = world.try_control(Method::GET, "/truth/ledger", Value::Null).unwrap();
    let accounts = ledger["accounts"].as_array().unwrap();
    let euros = |id: &str| {
        let found = accounts.iter().find(|found| found["account"] == id).unwrap();
        found["currencies"]["EUR"].clone()
    };
    assert_eq!((euros("10251"), euros("10201")), (json!("0"), json!("98.67")));
    assert_eq!((world.balance("10251"), world.balance("61200")), ("0".into(), "1.22".into()));
    // Lines that round up together leave a cent, which has an account of its own.
    let mut body = batch_body(
        "PO2",
        vec![
            line("10201", "DebitAmount", "0.01"),
            line("61200", "DebitAmount", "0.01"),
            line("10251", "CreditAmount", "0.02"),
        ],
    );
    body["CurrencyID"] = json!({"value": "EUR"});
    world.seed(json!({"rates": [{"currency": "EUR", "date": "2025-03-10", "rate": "0.6"}]}));
    let before = world.balance("79000");
    world.journal(body);
    assert_eq!((world.balance("10251"), before.as_str()), ("-0.01".into(), "0"));
    assert_eq!(world.balance("79000"), "-0.01");
}

#[test]
fn a_charge_on_the_payment_leaves_the_account_net() {
    let mut world = World::new();
    let invoice = world.invoice("120.50");
    let mut body = payment_body("PM1", "120.50", &invoice);
    body["Charges"] =
        json!([{"EntryTypeID": {"value": "NOPE"}, "Amount": {"value": number("1.4")}}]);
    world.put("/Payment", body.clone()).field("/Charges/0/EntryTypeID", "cannot be found");
    body["Charges"][0]["EntryTypeID"] = json!({"value": "GCFEE"});
    let made = world.put("/Payment?$expand=Charges", body).ok();
    assert_eq!(made["Charges"][0]["AccountID"]["value"], "61200");
    world.release("Payment", made["ReferenceNbr"]["value"].as_str().unwrap());
    assert_eq!((world.balance("10250"), world.balance("61200")), ("119.1".into(), "1.4".into()));
    assert_eq!(world.balance("11000"), "0");
}

/// A cash account is a ledger account with one subaccount and one branch: what is posted to the same
/// ledger account beside it is not on it.
#[test]
fn a_line_with_another_subaccount_or_branch_is_not_on_the_cash_account() {
    let mut world = World::new();
    world.seed(json!({
        "subaccounts": ["100000"], "branches": ["WEST"], "preferences": {"inter_branch": true},
        "cash_accounts": [{"id": "10250", "account": "10250", "sub": "100000", "branch": "WEST",
            "currency": "GBP", "clearing": true}],
    }));
    let amounts = |world: &World, account: &str| {
        let path = format!("/truth/cash/{account}");
        let lines = world.try_control(Method::GET, &path, Value::Null).unwrap();
        let lines = lines.as_array().unwrap().iter();
        lines.map(|line| line["amount"].as_str().unwrap().to_owned()).collect::<Vec<String>>()
    };
    // A payment posts to the cash account itself, whatever branch it is of.
    world.collected("PM1", "120.50");
    assert_eq!(amounts(&world, "10250"), ["120.5"]);
    let posted = world.get("/JournalTransaction?$filter=Module eq 'AR'&$expand=Details");
    let rows = posted.as_array().unwrap().iter().flat_map(|batch| batch["Details"].as_array());
    let of_cash = rows.flatten().find(|row| row["Account"]["value"] == "10250").unwrap();
    assert_eq!(of_cash["Subaccount"]["value"], "100000");
    assert_eq!(of_cash["BranchID"]["value"], "WEST");
    // A journal posts where it says: beside the cash account, then to it.
    let credit = |sub: &str, branch: &str| {
        let mut line = line("10250", "CreditAmount", "1");
        line["Subaccount"] = json!({ "value": sub });
        line["BranchID"] = json!({ "value": branch });
        line
    };
    for (sub, branch) in [("000000", "WEST"), ("100000", "MAIN"), ("100000", "WEST")] {
        let lines = vec![line("10200", "DebitAmount", "1"), credit(sub, branch)];
        world.journal(batch_body(&format!("{sub} {branch}"), lines));
    }
    assert_eq!(world.balance("10250"), "117.5", "the ledger account has all of them");
    assert_eq!(amounts(&world, "10250"), ["120.5", "-1"]);
    assert_eq!(amounts(&world, "10200"), ["1", "1", "1"]);
}

/// The form's columns of control accounts are in no entity (section 9.6), and are read by `$custom`.
#[test]
fn a_control_account_is_told_by_its_form() {
    let world = World::new();
    let asked = "$custom=AccountRecords.ControlAccountModule,AccountRecords.AllowManualEntry";
    let told = |account: &str| {
        let found = world.get(&format!("/Account/{account}?{asked}"));
        found["custom"]["AccountRecords"].clone()
    };
    assert_eq!(told("11000")["ControlAccountModule"]["value"], "AR");
    assert_eq!(told("11000")["AllowManualEntry"]["value"], false);
    assert_eq!(told("61200")["ControlAccountModule"]["value"], Value::Null);
}
