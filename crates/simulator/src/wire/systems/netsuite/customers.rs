//! Customers in the ERP are renamed, get another e-mail address, are entered twice, and are merged.

use serde_json::json;

use super::Books;
use crate::wire::systems::Stage;
use crate::wire::systems::books::act;
use crate::wire::truth::text;

pub fn make(books: &Books, stage: &mut Stage<'_>) -> Option<String> {
    let customer = stage.random.pick(stage.customers)?;
    let nth = stage.random.below(100);
    let edit = |field: &str, value: &str| json!({"do": "edit_customer", "customer": customer.id, "fields": {field: value}});
    match stage.random.below(8) {
        0..=2 => {
            let name = format!("{} {nth}", customer.name);
            act(books, stage, &edit("companyName", &name))?;
            Some(format!("customer {} is renamed to {name}", customer.id))
        }
        3..=5 => {
            let email = format!("moved{nth}@payers.example");
            act(books, stage, &edit("email", &email))?;
            Some(format!("customer {} has the e-mail address {email}", customer.id))
        }
        6 => {
            let body = json!({
                "companyName": customer.name, "email": customer.email,
                "entityId": format!("C-{}-{nth}", customer.id), "subsidiary": {"id": "2"},
                "currency": {"id": "1"},
            });
            let body = json!({"do": "create", "type": "customer", "body": body});
            let made = act(books, stage, &body)?;
            let (id, double) = (&customer.id, text(&made["id"]));
            Some(format!("somebody enters customer {id} a second time, as {double}"))
        }
        _ => {
            let into = stage.random.pick(stage.customers)?;
            if into.id == customer.id {
                return None;
            }
            let body = json!({"do": "merge_customers", "from": customer.id, "into": into.id});
            act(books, stage, &body)?;
            Some(format!("customer {} is merged into {}", customer.id, into.id))
        }
    }
}
