//! Reads of customers (acumatica sheet section 9.2).

use std::collections::BTreeMap;

use jiff::Timestamp;

use model::customer::ErpCustomer;
use model::ids::ErpCustomerId;
use ports::{Depth, Page, PortError, Read, Seen};

use super::super::Acumatica;
use super::super::mapping::customer::{EXPAND, from_entity};
use super::super::query::{Ask, any_of};
use super::super::wire::{Body, Entity};
use super::window::start;
use super::{SLICE_MAX, each, odd_or};

pub(in super::super) const CUSTOMER: &str = "Customer";

/// What is asked of a customer.
#[must_use]
pub(in super::super) fn ask() -> Ask {
    Ask { expand: EXPAND, ..Ask::default() }
}

impl Acumatica {
    pub(in super::super) async fn list_changed_customers(
        &self,
        since: Timestamp,
        page: Option<&str>,
    ) -> Result<Page<Seen<ErpCustomerId, ErpCustomer>>, PortError> {
        let window = self.window(CUSTOMER, &ask(), "", start(since, page)?).await?;
        let mut records = Vec::with_capacity(window.rows.len());
        for row in &window.rows {
            let entity = Entity(row);
            let id = entity.required("CustomerID").map_err(PortError::Unavailable)?;
            records.push(Seen { id: ErpCustomerId::new(id), read: odd_or(from_entity(entity)) });
        }
        Ok(Page { records, next: window.next })
    }

    pub(in super::super) async fn read_customers(
        &self,
        ids: &[ErpCustomerId],
        depth: Depth,
    ) -> Result<Vec<Read<ErpCustomer>>, PortError> {
        let mut known: BTreeMap<String, Body> = BTreeMap::new();
        if depth == Depth::Cheap && ids.len() > 1 {
            for slice in ids.chunks(SLICE_MAX) {
                let codes: Vec<&str> = slice.iter().map(|id| id.as_str()).collect();
                let filter = any_of("CustomerID", &codes);
                for row in self.client.list(CUSTOMER, &ask().filter(filter)).await? {
                    if let Some(code) = Entity(&row).text("CustomerID") {
                        known.insert(code, row);
                    }
                }
            }
        }
        each(ids, |id| {
            let row = known.get(id.as_str()).map(|row| odd_or(from_entity(Entity(row))));
            let id = id.clone();
            async move {
                match row {
                    Some(read) => Ok(read),
                    None => self.read_customer(&id).await,
                }
            }
        })
        .await
    }

    /// One customer by its key.
    pub(in super::super) async fn read_customer(
        &self,
        id: &ErpCustomerId,
    ) -> Result<Read<ErpCustomer>, PortError> {
        if id.as_str().trim().is_empty() {
            return Ok(Read::Odd("a customer without a code".to_owned()));
        }
        let body = if id.as_str().contains('/') {
            let filter = any_of("CustomerID", &[id.as_str()]);
            self.client.list(CUSTOMER, &ask().filter(filter)).await?.pop()
        } else {
            self.client.get(CUSTOMER, &[id.as_str()], &ask()).await?
        };
        Ok(body.map_or(Read::Missing, |body| odd_or(from_entity(Entity(&body)))))
    }
}
