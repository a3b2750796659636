//! Reads of customers.

use std::collections::BTreeMap;

use jiff::Timestamp;

use model::customer::ErpCustomer;
use model::ids::ErpCustomerId;
use ports::{Depth, Page, PortError, Read, Seen};

use super::super::NetSuite;
use super::super::mapping::customer::{from_record, from_row};
use super::super::queries::{CUSTOMERS, changed_customers_tail, customers_tail};
use super::super::suiteql::IN_VALUES_MAX;
use super::super::wire::{Body, Record, is_internal_id};
use super::super::zone::record_version;
use super::{Mark, by_id, each, odd_or, queryable, seen};

const CUSTOMER: &str = "customer";

impl NetSuite {
    /// Customers saved since, by id.
    pub(in super::super) async fn list_changed_customers(
        &self,
        since: Timestamp,
        page: Option<&str>,
    ) -> Result<Page<Seen<ErpCustomerId, ErpCustomer>>, PortError> {
        let mark = Mark::since(since, page)?;
        let tail = changed_customers_tail(&mark.from, &mark.after);
        let found =
            self.rows(&CUSTOMERS, &tail, 0).await?.map_err(|refusal| refusal.into_error())?;
        let reads = self.map_customer_rows(&found.rows).await?;
        let next = mark.next(&found.rows, found.has_more);
        Ok(Page { records: seen(&found.rows, ErpCustomerId::new, reads)?, next })
    }

    async fn map_customer_rows(&self, rows: &[Body]) -> Result<Vec<Read<ErpCustomer>>, PortError> {
        let setup = self.setup().await?;
        let versions = self.versions(CUSTOMER, rows).await?;
        let mapped = rows.iter().zip(versions);
        Ok(mapped.map(|(row, version)| odd_or(from_row(Record(row), &setup, version))).collect())
    }

    /// The given customers. What a query does not show is read directly.
    pub(in super::super) async fn read_customers(
        &self,
        ids: &[ErpCustomerId],
        depth: Depth,
    ) -> Result<Vec<Read<ErpCustomer>>, PortError> {
        if depth == Depth::Direct {
            return each(ids, |id| self.read_customer(id.clone())).await;
        }
        let mut known = BTreeMap::new();
        let list = queryable(ids.iter().map(ErpCustomerId::as_str));
        for slice in list.chunks(IN_VALUES_MAX) {
            let found = self.rows(&CUSTOMERS, &customers_tail(slice), 0).await?;
            let rows = found.map_err(|refusal| refusal.into_error())?.rows;
            let reads = self.map_customer_rows(&rows).await?;
            known.extend(by_id(&rows, reads));
        }
        each(ids, |id| {
            let read = known.get(id.as_str()).cloned();
            let id = id.clone();
            async move {
                match read {
                    Some(read) => Ok(read),
                    None => self.read_customer(id).await,
                }
            }
        })
        .await
    }

    /// One customer from its record, with the address book for the country.
    pub(in super::super) async fn read_customer(
        &self,
        id: ErpCustomerId,
    ) -> Result<Read<ErpCustomer>, PortError> {
        if !is_internal_id(id.as_str()) {
            return Ok(Read::Odd(format!("\"{id}\" is not an internal id of NetSuite")));
        }
        let Some(body) = self.client.get(CUSTOMER, id.as_str(), true).await? else {
            return Ok(Read::Missing);
        };
        let record = Record(&body);
        let setup = self.setup().await?;
        Ok(odd_or(from_record(record, &setup, record_version(record))))
    }
}
