//! Customers in the ERP are renamed, get another e-mail address, and are entered twice.

use serde_json::json;

use super::Books;
use crate::wire::systems::Stage;
use crate::wire::systems::books::act;
use crate::wire::truth::text;

pub fn make(books: &Books, stage: &mut Stage<'_>) -> Option<String> {
    let customer = stage.random.pick(stage.customers)?;
    let nth = stage.random.below(100);
    match stage.random.below(7) {
        0..=2 => {
            let name = format!("{} {nth}", customer.name);
            let fields = json!({ "CustomerName": name });
            let body = json!({"do": "edit_customer", "customer": customer.id, "fields": fields});
            act(books, stage, &body)?;
            Some(format!("customer {} is renamed to {name}", customer.id))
        }
        3..=5 => {
            let email = format!("moved{nth}@payers.example");
            let fields = json!({"MainContact": {"Email": email}});
            let body = json!({"do": "edit_customer", "customer": customer.id, "fields": fields});
            act(books, stage, &body)?;
            Some(format!("customer {} has the e-mail address {email}", customer.id))
        }
        _ => {
            let body = json!({
                "CustomerID": format!("D{}-{nth}", customer.id), "CustomerName": customer.name,
                "CurrencyID": "GBP", "MainContact": {"Email": customer.email},
            });
            let body = json!({"do": "create", "entity": "Customer", "body": body});
            let made = act(books, stage, &body)?;
            let (id, double) = (&customer.id, text(&made["CustomerID"]));
            Some(format!("somebody enters customer {id} a second time, as {double}"))
        }
    }
}
