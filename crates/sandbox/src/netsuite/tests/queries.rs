//! SuiteQL: the examples of the sheet to the letter, the dialect, and what it refuses
//! (netsuite sheet sections 8 and 17).

use super::*;

/// The poll of netsuite sheet section 17.2.
const POLL: &str = "SELECT t.id, t.tranid, t.externalid, TO_CHAR(t.trandate,'YYYY-MM-DD') AS trandate, TO_CHAR(t.duedate,'YYYY-MM-DD') AS duedate, TO_CHAR(t.lastmodifieddate,'YYYY-MM-DD HH24:MI:SS') AS modified, t.foreigntotal, t.foreignamountunpaid AS open_amount, t.exchangerate, t.approvalstatus, cur.symbol AS currency_code, t.currency, tl.subsidiary, cu.id AS customer_id, cu.externalid AS customer_externalid, cu.email AS customer_email, cu.entityid AS customer_code, t.custbody_mlc_gc_status FROM transaction t INNER JOIN transactionline tl ON tl.transaction = t.id AND tl.mainline = 'T' INNER JOIN customer cu ON cu.id = t.entity INNER JOIN currency cur ON cur.id = t.currency WHERE t.type = 'CustInvc' AND t.posting = 'T' AND t.foreignamountunpaid > 0 AND (t.approvalstatus IS NULL OR t.approvalstatus = 2) AND t.custbody_mlc_collect = 'T' AND t.custbody_mlc_gc_payment_id IS NULL AND t.lastmodifieddate >= TO_TIMESTAMP(?, 'YYYY-MM-DD HH24:MI:SS') AND t.id > ? ORDER BY t.id";

fn refuse(world: &World, q: &str, part: &str) {
    world.query_call(q, json!([]), "").refused(400, "INVALID_PARAMETER", part);
}

#[test]
fn the_poll_of_the_sheet_to_the_letter() {
    let mut world = World::new();
    world.at("2026-03-04T17:12:44Z");
    world.seed(json!({"settings": {"approval_status_without_routing": true}}));
    world.seed(json!({"invoices": [{"id": 50311, "customer": 1007, "amount": "240.00", "number": "INV-2041",
        "date": "2026-03-01", "due": "2026-03-31", "fields": {"custbody_mlc_collect": true}}]}));
    world.at("2026-03-04T18:02:10Z");
    world.seed(json!({"settings": {"approval_status_without_routing": false}}));
    world.seed(json!({"invoices": [
        {"id": 50318, "customer": 1011, "amount": "100.50", "number": "INV-2046",
         "date": "2026-03-03", "due": "2026-04-02", "fields": {"custbody_mlc_collect": true}},
        {"customer": 1011, "amount": "5", "date": "2026-03-03"},
        {"customer": 1011, "amount": "5", "date": "2026-03-03",
         "fields": {"custbody_mlc_collect": true, "custbody_mlc_gc_payment_id": "PM1"}}]}));
    world.act(json!({"do": "record_payment", "invoice": 50318, "amount": "40.25"}));
    let params = json!(["2026-03-04 00:00:00", "0"]);
    let answer = world.query_call(POLL, params, "?limit=500&offset=0");
    let wanted = json!({
        "links": [{"rel": "self", "method": "POST",
            "href": format!("{BASE}/services/rest/query/v1/suiteql?limit=500&offset=0")}],
        "count": 2, "hasMore": false,
        "items": [
            {"links":[],"approvalstatus":"2","currency":"1","currency_code":"GBP","customer_code":"C-1007","customer_email":"ap@brightmill.example","customer_id":"1007","duedate":"2026-03-31","exchangerate":"1","foreigntotal":"240","id":"50311","modified":"2026-03-04 09:12:44","open_amount":"240","subsidiary":"2","trandate":"2026-03-01","tranid":"INV-2041"},
            {"links":[],"currency":"1","currency_code":"GBP","customer_code":"C-1011","customer_externalid":"crm-88","customer_id":"1011","duedate":"2026-04-02","exchangerate":"1","foreigntotal":"100.5","id":"50318","modified":"2026-03-04 10:02:10","open_amount":"60.25","subsidiary":"2","trandate":"2026-03-03","tranid":"INV-2046"}],
        "offset": 0, "totalResults": 2,
    });
    assert_eq!(answer.body, wanted);
    // An exact UTC mark misses the rows: the account's clock is eight hours behind.
    let params = json!(["2026-03-04 17:00:00", "0"]);
    assert_eq!(world.query(POLL, params), json!([]));
}

#[test]
fn the_open_periods_of_the_sheet_to_the_letter() {
    let world = World::new();
    world.act(json!({"do": "period", "period": "2025-01-01", "set": "closed"}));
    let q = "SELECT id, periodname, TO_CHAR(startdate,'YYYY-MM-DD') AS startdate, TO_CHAR(enddate,'YYYY-MM-DD') AS enddate, closed, alllocked, arlocked\nFROM accountingperiod WHERE isposting = 'T' AND isadjust = 'F' AND isquarter = 'F' AND isyear = 'F' AND closed = 'F' ORDER BY startdate";
    let rows = world.query(q, json!([]));
    assert_eq!(rows.as_array().unwrap().len(), 35);
    let first = json!({"links": [], "id": "2", "periodname": "Feb 2025", "startdate": "2025-02-01",
        "enddate": "2025-02-28", "closed": "F", "alllocked": "F", "arlocked": "F"});
    assert_eq!(rows[0], first);
}

#[test]
fn pages_count_by_offset() {
    let world = World::new();
    for _ in 0..7 {
        world.invoice("1");
    }
    let q = "SELECT id FROM transaction ORDER BY id";
    let page = world.query_call(q, json!([]), "?limit=3&offset=6").body;
    assert_eq!((&page["count"], &page["hasMore"]), (&json!(1), &json!(false)));
    assert_eq!((&page["totalResults"], &page["offset"]), (&json!(7), &json!(6)));
    let page = world.query_call(q, json!([]), "?limit=3").body;
    assert_eq!(page["hasMore"], true);
    assert!(page["links"][0]["href"].as_str().unwrap().ends_with("limit=3&offset=3"));
    world.query_call(q, json!([]), "?limit=3&offset=4").refused(
        400,
        "INVALID_PARAMETER",
        "divisible",
    );
    world.query_call(q, json!([]), "?limit=0").refused(400, "INVALID_PARAMETER", "limit");
    let bearer = format!("Bearer {TOKEN}");
    let headers = [("Authorization", bearer.as_str())];
    let body = json!({"q": q}).to_string();
    let path = "/services/rest/query/v1/suiteql";
    world.raw("POST", path, &headers, &body).refused(400, "INVALID_REQUEST", "transient");
}

#[test]
fn values_are_text_in_the_accounts_format() {
    let mut world = World::new();
    world.at("2026-03-05T03:30:00Z");
    let id = world.invoice("10.50");
    let q = "SELECT trandate, createddate, foreigntotal, ID AS SomeId, memo, posting FROM transaction WHERE id = ?";
    let wanted = json!([{"links": [], "trandate": "3/1/2026", "createddate": "3/4/2026",
        "foreigntotal": "10.5", "someid": id.to_string(), "posting": "T"}]);
    assert_eq!(world.query(q, json!([id])), wanted);
    world.seed(json!({"company": {"date_format": "DD/MM/YYYY", "time_zone": "UTC"}}));
    let row = &world.query(q, json!([id]))[0];
    assert_eq!(
        (&row["trandate"], &row["createddate"]),
        (&json!("01/03/2026"), &json!("05/03/2026"))
    );
    let q = "SELECT COUNT(*) AS n FROM transaction WHERE trandate = '01/03/2026'";
    assert_eq!(world.query(q, json!([]))[0]["n"], "1");
    refuse(&world, "SELECT id FROM transaction WHERE trandate = '2026-03-01'", "Invalid date");
}

#[test]
fn functions_of_the_dialect() {
    let world = World::new();
    world.invoice("10.50");
    let one = |expr: &str| {
        let rows = world.query(&format!("SELECT {expr} AS x FROM transaction"), json!([]));
        rows[0].get("x").and_then(Value::as_str).map(str::to_owned)
    };
    for (expr, wanted) in [
        ("BUILTIN.DF(status)", Some("Invoice : Open")),
        ("BUILTIN.CF(status)", Some("CustInvc:A")),
        ("BUILTIN.DF(entity)", Some("C-1007 Brightmill Ltd")),
        ("BUILTIN.DF(currency)", Some("GBP")),
        ("BUILTIN.DF(account)", Some("1100 Accounts Receivable")),
        ("COALESCE(memo, externalid, 'none')", Some("none")),
        ("NVL(memo, tranid)", Some("INV1001")),
        ("CASE WHEN foreigntotal > 10 THEN 'big' ELSE 'small' END", Some("big")),
        ("CASE type WHEN 'CustPymt' THEN 1 END", None),
        ("ABS(-foreigntotal)", Some("10.5")),
        ("UPPER(LOWER(type)) || '-' || id", Some("CUSTINVC-50001")),
        ("TO_CHAR(TRUNC(SYSDATE), 'YYYY-MM-DD HH24:MI:SS')", Some("2026-03-04 00:00:00")),
        ("TO_CHAR(SYSDATE, 'YYYY-MM-DD\"T\"HH24:MI:SS')", Some("2026-03-04T09:00:00")),
        ("TO_CHAR(TO_DATE('2026-03-01','YYYY-MM-DD') + 1, 'YYYY-MM-DD')", Some("2026-03-02")),
        ("TO_DATE('2026-03-03','YYYY-MM-DD') - TO_DATE('2026-03-01','YYYY-MM-DD')", Some("2")),
        ("ROUND(foreigntotal / 4, 2) * 2 - 1", Some("4.26")),
        ("TO_CHAR(foreigntotal, 'FM999990.00')", Some("10.50")),
        ("SUBSTR(tranid, 1, 3)", Some("INV")),
        ("EXTRACT(YEAR FROM trandate)", Some("2026")),
        ("(SELECT MAX(c.entityid) FROM customer c WHERE c.id = entity)", Some("C-1007")),
        ("NULLIF(1, 1)", None),
        ("DECODE(posting, 'T', 'yes', 'no')", Some("yes")),
    ] {
        assert_eq!(one(expr).as_deref(), wanted, "{expr}");
    }
}

#[test]
fn conditions_of_the_dialect() {
    let world = World::new();
    let ids: Vec<i64> =
        ["10", "20", "30"].into_iter().map(|amount| world.invoice(amount)).collect();
    world.payment("p1", "20", json!([{"doc": {"id": ids[1]}, "apply": true}])).id();
    let count = |condition: &str| {
        let q = format!("SELECT COUNT(*) AS n FROM transaction t WHERE {condition}");
        world.query(&q, json!([]))[0]["n"].as_str().unwrap().to_owned()
    };
    for (condition, wanted) in [
        ("t.foreigntotal BETWEEN 10 AND 20", "2"),
        ("t.type IN ('CustInvc', 'CustPymt')", "4"),
        ("t.type NOT IN ('CustInvc')", "1"),
        ("t.type NOT IN ('CustInvc', NULL)", "0"),
        ("t.tranid LIKE 'INV%'", "3"),
        ("t.tranid NOT LIKE 'INV____'", "1"),
        ("t.externalid IS NULL", "3"),
        ("t.externalid IS NOT NULL AND NOT t.type = 'CustInvc'", "1"),
        ("t.externalid = ''", "0"),
        ("t.status = 'B' AND t.type = 'CustInvc'", "1"),
        ("t.status = 'CustInvc:B'", "1"),
        ("BUILTIN.CF(t.status) IN ('CustInvc:A')", "2"),
        (
            "t.id IN (SELECT l.previousdoc FROM NextTransactionLineLink l WHERE l.linktype = 'Payment')",
            "1",
        ),
        ("EXISTS (SELECT 1 FROM NextTransactionLineLink l WHERE l.previousdoc = t.id)", "1"),
        (
            "NOT EXISTS (SELECT 1 FROM NextTransactionLineLink l WHERE l.nextdoc = t.id) AND t.type = 'CustPymt'",
            "0",
        ),
        ("t.voided = 'F'", "4"),
        ("ABS(t.foreigntotal) = 20", "2"),
        ("t.foreignpaymentamountunused = 0", "1"),
        ("(t.foreigntotal > 25 OR t.foreigntotal < 15) AND t.foreigntotal > 0", "2"),
    ] {
        assert_eq!(count(condition), wanted, "{condition}");
    }
}

#[test]
fn joins_groups_order_and_limits() {
    let world = World::new();
    for amount in ["10", "20", "30"] {
        world.invoice(amount);
    }
    let q = "SELECT c.entityid, COUNT(t.id) AS n, SUM(t.foreigntotal) AS total FROM customer c \
             LEFT JOIN transaction t ON t.entity = c.id AND t.type = 'CustInvc' \
             GROUP BY c.entityid ORDER BY n DESC";
    let wanted = json!([
        {"links": [], "entityid": "C-1007", "n": "3", "total": "60"},
        {"links": [], "entityid": "C-1011", "n": "0"}]);
    assert_eq!(world.query(q, json!([])), wanted);
    let totals = |q: &str| -> Vec<String> {
        let rows = world.query(q, json!([]));
        let rows = rows.as_array().unwrap().iter();
        rows.map(|row| row["foreigntotal"].as_str().unwrap().to_owned()).collect()
    };
    let newest = "SELECT foreigntotal FROM transaction ORDER BY id DESC FETCH FIRST 2 ROWS ONLY";
    assert_eq!(totals(newest), ["30", "20"]);
    // ROWNUM counts before the order.
    let first = "SELECT foreigntotal FROM transaction WHERE ROWNUM <= 2 ORDER BY id DESC";
    assert_eq!(totals(first), ["20", "10"]);
    let inner =
        "SELECT * FROM (SELECT foreigntotal FROM transaction ORDER BY id DESC) WHERE ROWNUM <= 2";
    assert_eq!(totals(inner), ["30", "20"]);
    let comma = "SELECT t.foreigntotal FROM transaction t, customer c \
                 WHERE c.id = t.entity AND c.entityid = 'C-1007' AND t.foreigntotal > 15 ORDER BY 1";
    assert_eq!(totals(comma), ["20", "30"]);
    let union = "SELECT foreigntotal FROM transaction WHERE foreigntotal < 15 \
                 UNION SELECT foreigntotal FROM transaction WHERE foreigntotal < 25 ORDER BY foreigntotal DESC";
    assert_eq!(totals(union), ["20", "10"]);
    let distinct = "SELECT DISTINCT entity FROM transaction";
    assert_eq!(world.query(distinct, json!([])).as_array().unwrap().len(), 1);
    let star = world.query("SELECT t.* FROM transaction t WHERE t.foreigntotal = 10", json!([]));
    assert_eq!(star[0]["custbody_mlc_collect"], "F");
    assert_eq!(star[0]["recordtype"], "invoice");
}

#[test]
fn what_the_dialect_lacks_is_refused() {
    let world = World::new();
    for q in [
        "SELECT id FROM transaction LIMIT 10",
        "SELECT [id] FROM transaction",
        "SELECT id FROM transaction;",
        "WITH x AS (SELECT id FROM transaction) SELECT id FROM x",
        "SELECT id FROM transaction WHERE trandate >= DATE '2026-01-01'",
        "SELECT t.id FROM transaction t, customer c WHERE t.entity = c.id(+)",
        "SELECT t.id FROM transaction t, customer c INNER JOIN currency cur ON cur.id = t.currency",
        "UPDATE transaction SET memo = 'x'",
        "SELECT x.id FROM (SELECT id AS \"Id\" FROM transaction) x",
        "",
    ] {
        refuse(&world, q, "Invalid search query");
    }
    let many: Vec<String> = (0..1001).map(|n| n.to_string()).collect();
    let q = format!("SELECT id FROM transaction WHERE id IN ({})", many.join(","));
    refuse(&world, &q, "Invalid search query");
    let q = format!("SELECT id FROM transaction WHERE id IN ({})", many[1..].join(","));
    assert_eq!(world.query(&q, json!([])), json!([]));
    refuse(&world, "SELECT STDDEV(id) FROM transaction", "Function 'stddev' is not supported");
    refuse(&world, "SELECT id FROM vendorcredit", "Record 'vendorcredit' was not found.");
    let unknown = "SELECT foreignamountremaining FROM transaction";
    refuse(
        &world,
        unknown,
        "Unknown identifier 'foreignamountremaining'. Available identifiers are: {",
    );
    refuse(&world, "SELECT t.subsidiary FROM transaction t", "Unknown identifier 't.subsidiary'");
    refuse(&world, "SELECT id FROM transaction WHERE custbody_other = 'T'", "Unknown identifier");
    refuse(&world, "SELECT entity, COUNT(*) FROM transaction", "GROUP BY");
    refuse(&world, "SELECT id FROM transaction WHERE id > ?", "1 parameters");
    world.invoice("1");
    refuse(&world, "SELECT id FROM transaction WHERE id > 'abc'", "Invalid number");
}

#[test]
fn features_hide_tables() {
    let world = World::with(json!({"company": {"one_world": false}}));
    refuse(&world, "SELECT id FROM subsidiary", "Record 'subsidiary' was not found.");
    world.try_get("/subsidiary/2").refused(404, "NONEXISTENT_ID", "Record type 'subsidiary'");
    let id = world.post("/customer", json!({"companyName": "No subsidiary"})).id();
    let invoice =
        json!({"entity": {"id": id}, "item": {"items": [{"item": {"id": "304"}, "amount": 1}]}});
    world.post("/invoice", invoice).id();
    world.seed(json!({"company": {"suite_analytics": false}}));
    world.query_call("SELECT id FROM customer", json!([]), "").refused(
        403,
        "INSUFFICIENT_PERMISSION",
        "SuiteAnalytics",
    );
}

#[test]
fn a_poll_over_thousands_of_invoices_reads_each_once() {
    let world = World::new();
    let invoices: Vec<Value> = (0..3000)
        .map(|_| json!({"customer": 1007, "amount": "1", "fields": {"custbody_mlc_collect": true}}))
        .collect();
    world.seed(json!({ "invoices": invoices }));
    let answer =
        world.query_call(POLL, json!(["2026-03-04 00:00:00", "0"]), "?limit=1000&offset=2000");
    assert_eq!(answer.body["count"], 1000);
    assert_eq!(answer.body["totalResults"], 3000);
}

#[test]
fn joins_by_status_and_date_compare_like_conditions() {
    let world = World::new();
    world.invoice("10");
    let q = "SELECT COUNT(*) AS n FROM customer c, transaction t \
             WHERE t.status = 'CustInvc:A' AND t.trandate = '3/1/2026' AND t.entity = c.id";
    assert_eq!(world.query(q, json!([]))[0]["n"], "1");
}
