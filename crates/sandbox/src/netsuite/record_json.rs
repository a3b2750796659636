//! How a record reads over REST: singular shape with links, references with names, omitted nulls,
//! sublists as links or inline (netsuite sheet section 5.6).

use super::fields::sublists;
use super::kind::Kind;
use super::records::deposit;
use super::state::{State, UndepForm};
use super::store::{Record, num_of, ref_of};
use super::values::{Field, FieldKind, Line, Sublist, Target, Val, json_number};
use rust_decimal::Decimal;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// What a GET asked for.
#[derive(Debug, Clone, Default)]
pub struct View {
    /// `expandSubResources=true`.
    pub expand_all: bool,
    /// `expand=…`, lower-case.
    pub expand: BTreeSet<String>,
    /// `fields=…`, lower-case; `None`: all.
    pub fields: Option<BTreeSet<String>>,
    /// `simpleEnumFormat=true`.
    pub simple_enums: bool,
    /// Path and query of the request, for the `self` link.
    pub self_href: String,
}

/// Renders records.
pub struct Renderer<'a> {
    pub state: &'a State,
    /// `{base}/services/rest/record/v1`.
    pub root: String,
    pub view: View,
}

impl Renderer<'_> {
    /// The singular answer.
    pub fn singular(&self, rec: &Record) -> Value {
        let mut out = self.body(rec);
        if let Some(wanted) = &self.view.fields {
            out.retain(|name, _| wanted.contains(&name.to_lowercase()));
        }
        out.insert("id".to_owned(), json!(rec.id.to_string()));
        let link = json!([{"rel": "self", "href": self.view.self_href, "method": "GET"}]);
        out.insert("links".to_owned(), link);
        Value::Object(out)
    }

    fn body(&self, rec: &Record) -> Map<String, Value> {
        let mut out = Map::new();
        if let Some(external_id) = &rec.external_id {
            out.insert("externalId".to_owned(), json!(external_id));
        }
        for (name, value) in &rec.fields {
            if name.starts_with('$') {
                continue;
            }
            if let Some(field) = self.state.field(&rec.kind, name)
                && let Some(shown) = self.value(field, value, rec)
            {
                out.insert(name.clone(), shown);
            }
        }
        let created = if rec.kind == Kind::Customer { "dateCreated" } else { "createdDate" };
        out.insert(created.to_owned(), json!(stamp(rec.created)));
        out.insert("lastModifiedDate".to_owned(), json!(stamp(rec.modified)));
        self.add_balances(rec, &mut out);
        // A checkbox that nobody ever saved reads as not ticked.
        for custom in self.state.custom_fields.iter().filter(|custom| custom.on(&rec.kind)) {
            if custom.field.kind == FieldKind::Bool {
                out.entry(custom.field.name.to_string()).or_insert(json!(false));
            }
        }
        for list in sublists(&rec.kind) {
            out.insert(list.name.to_owned(), self.sublist(rec, list));
        }
        out
    }

    fn add_balances(&self, rec: &Record, out: &mut Map<String, Value>) {
        if rec.kind != Kind::Customer {
            return;
        }
        let (balance, overdue) = self.state.customer_balance(rec.id);
        out.insert("balance".to_owned(), json_number(balance));
        out.insert("overdueBalance".to_owned(), json_number(overdue));
        out.insert("depositBalance".to_owned(), json_number(Decimal::ZERO));
        out.insert("unbilledOrders".to_owned(), json_number(Decimal::ZERO));
    }

    /// One value; `None` where it is not shown.
    fn value(&self, field: &Field, value: &Val, rec: &Record) -> Option<Value> {
        Some(match (&field.kind, value) {
            (FieldKind::UndepFunds, Val::Bool(flag)) => self.undep_funds(*flag, rec),
            (FieldKind::Integer, Val::Num(number)) => json!(i64::try_from(*number).ok()?),
            (FieldKind::Ref(target), Val::Ref(id)) => self.reference(target, *id),
            (FieldKind::Many(target), Val::Many(ids)) => {
                let items: Vec<Value> = ids.iter().map(|id| self.reference(target, *id)).collect();
                json!({"items": items})
            }
            (FieldKind::Code(codes), Val::Code(code)) => {
                let label = codes.iter().find(|(known, _)| known == code);
                if self.view.simple_enums {
                    json!(code)
                } else {
                    let label = label.map_or(code.as_str(), |(_, label)| label);
                    json!({"links": [], "id": code, "refName": label})
                }
            }
            (FieldKind::Sub(fields), Val::Sub(sub)) => {
                let mut out = self.line(sub, &fields.iter().collect::<Vec<_>>(), rec);
                out.insert("links".to_owned(), json!([]));
                Value::Object(out)
            }
            (_, Val::Text(text) | Val::Code(text)) => json!(text),
            (_, Val::Bool(flag)) => json!(flag),
            (_, Val::Num(number)) => json_number(*number),
            (_, Val::Date(date)) => json!(date.to_string()),
            (_, Val::Stamp(at)) => json!(stamp(*at)),
            (_, Val::Ref(id)) => json!(id.to_string()),
            (_, Val::Many(_) | Val::Sub(_)) => return None,
        })
    }

    fn undep_funds(&self, flag: bool, rec: &Record) -> Value {
        let letter = if flag { "T" } else { "F" };
        match self.state.settings.undep_funds_form {
            UndepForm::Boolean => json!(flag),
            UndepForm::Letter => json!(letter),
            UndepForm::Object => {
                let name = self.state.display(&Kind::Account, rec.reference("account"));
                json!({"links": [], "id": letter, "refName": name})
            }
        }
    }

    fn reference(&self, target: &Target, id: i64) -> Value {
        let found = match target {
            Target::Kind(kind) => self.state.store.get(kind, id),
            Target::Transaction => self.state.store.transaction(id),
        };
        let Some(record) = found else { return json!({"links": [], "id": id.to_string()}) };
        let href = format!("{}/{}/{id}", self.root, record.rest_name());
        let name = self.state.name_of(record);
        json!({"links": [{"rel": "self", "href": href}], "id": id.to_string(), "refName": name})
    }

    fn sublist(&self, rec: &Record, list: &Sublist) -> Value {
        let href = format!("{}/{}/{}/{}", self.root, rec.rest_name(), rec.id, list.name);
        let links = json!([{"rel": "self", "href": href}]);
        let inline = self.view.expand_all || self.view.expand.contains(&list.name.to_lowercase());
        if !inline { json!({"links": links}) } else { self.sublist_items(rec, list, links) }
    }

    /// A sublist as its own resource, or inline.
    pub fn sublist_items(&self, rec: &Record, list: &Sublist, links: Value) -> Value {
        // customerRefund answers its deposits always empty (sheet section 9.5); it has none here.
        let fields = self.state.line_fields(&rec.kind, list);
        let mut items = Vec::new();
        for line in rec.list(list.name) {
            let full = self.state.with_derived(rec, list.name, line);
            let mut shown = self.line(&full, &fields, rec);
            shown.insert("links".to_owned(), json!([]));
            items.push(Value::Object(shown));
        }
        let total = items.len();
        let mut out = json!({"links": links, "items": items, "totalResults": total});
        if total == 0 {
            out["count"] = json!(0);
            out["hasMore"] = json!(false);
            out["offset"] = json!(0);
        }
        out
    }

    fn line(&self, line: &Line, fields: &[&Field], rec: &Record) -> Map<String, Value> {
        let mut out = Map::new();
        for (name, value) in line {
            let field = fields.iter().find(|field| field.name == name.as_str());
            if let Some(field) = field
                && let Some(shown) = self.value(field, value, rec)
            {
                out.insert(name.clone(), shown);
            }
        }
        out
    }
}

/// A date-time as the record service writes it: UTC, whole seconds.
pub fn stamp(at: jiff::Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

impl State {
    /// The display name of a record, as in `refName` and `BUILTIN.DF`.
    pub fn name_of(&self, rec: &Record) -> String {
        let text = |name: &str| rec.text(name).unwrap_or_default();
        match rec.kind {
            Kind::Customer => {
                let name = match rec.flag("isPerson") {
                    true => format!("{} {}", text("firstName"), text("lastName")),
                    false => text("companyName").to_owned(),
                };
                format!("{} {name}", text("entityId")).trim().to_owned()
            }
            Kind::Account => {
                format!("{} {}", text("acctNumber"), text("acctName")).trim().to_owned()
            }
            Kind::Currency => text("name").to_owned(),
            Kind::AccountingPeriod => text("periodName").to_owned(),
            Kind::Item => text("itemId").to_owned(),
            ref kind if kind.is_transaction() => text("tranId").to_owned(),
            _ => text("name").to_owned(),
        }
    }

    /// The display name behind an id; empty when there is none.
    pub fn display(&self, kind: &Kind, id: Option<i64>) -> String {
        id.and_then(|id| self.store.get(kind, id)).map(|rec| self.name_of(rec)).unwrap_or_default()
    }

    /// Open receivables of a customer and the overdue part, in base currency.
    pub fn customer_balance(&self, id: i64) -> (Decimal, Decimal) {
        let today = self.today();
        let (mut balance, mut overdue) = (Decimal::ZERO, Decimal::ZERO);
        for tran in self.store.all(&super::kind::Space::Transaction) {
            if tran.customer() != Some(id) || !tran.posting {
                continue;
            }
            let base = self.base_currency(tran.reference("subsidiary"));
            let in_base = |amount: Decimal| {
                super::values::round(amount * tran.num("exchangeRate"), self.precision(base))
            };
            match tran.kind {
                Kind::Invoice => {
                    let open = in_base(tran.num("amountRemaining"));
                    balance += open;
                    if tran.date("dueDate").is_some_and(|due| due < today) {
                        overdue += open;
                    }
                }
                Kind::CustomerPayment | Kind::CreditMemo => {
                    balance -= in_base(tran.num("unapplied"));
                }
                _ => {}
            }
        }
        (balance, overdue)
    }

    /// A stored line with what the answer adds from the document it names.
    fn with_derived(&self, rec: &Record, list: &str, line: &Line) -> Line {
        let mut full = line.clone();
        let key = match (list, &rec.kind) {
            ("apply", _) => "doc",
            ("payment", Kind::Deposit) => "id",
            _ => return full,
        };
        let Some(doc) = ref_of(line, key).and_then(|id| self.store.transaction(id)) else {
            return full;
        };
        let mut put = |name: &str, value: Option<Val>| {
            if let Some(value) = value {
                full.insert(name.to_owned(), value);
            }
        };
        let number = doc.text("tranId").map(|text| Val::Text(text.to_owned()));
        if key == "doc" {
            let open = match doc.kind {
                Kind::Invoice => doc.num("amountRemaining"),
                _ => doc.num("unapplied"),
            };
            let total = match doc.kind {
                Kind::CustomerPayment => doc.num("payment"),
                _ => doc.num("total"),
            };
            let held = num_of(line, "amount").unwrap_or_default();
            put("applyDate", doc.date("tranDate").map(Val::Date));
            put("due", Some(Val::Num(open + held)));
            put("total", Some(Val::Num(total)));
            put("refNum", number);
            put("type", Some(Val::Text(doc.kind.label().to_owned())));
            put("currency", doc.reference("currency").map(Val::Ref));
        } else {
            put("docDate", doc.date("tranDate").map(Val::Date));
            put("docNumber", number);
            put("entity", doc.customer().map(Val::Ref));
            put("type", Some(Val::Code(doc.kind.type_code().to_owned())));
            put("currency", doc.reference("currency").map(Val::Ref));
            put("paymentAmount", Some(Val::Num(deposit::amount_of(doc))));
            put("transactionAmount", Some(Val::Num(deposit::amount_of(doc))));
        }
        full
    }
}
