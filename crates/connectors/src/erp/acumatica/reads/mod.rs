//! Reads of the port: lists of changes by time, slices by key, documents by our key, the ledger.

pub mod batches;
pub mod customers;
pub mod documents;
pub mod invoices;
pub mod known;
pub mod ledger;
pub mod parts;
pub mod register;
pub mod window;

use futures::future::join_all;
use ports::{PortError, Read};

/// Direct reads under way together; the connection's own limit of requests is smaller.
const DIRECT_READS_TOGETHER: usize = 8;
/// Keys in one filter: an encoded query stays below the 2,048 characters that the web server takes by
/// default.
pub const SLICE_MAX: usize = 20;

/// Records one by one, several under way at once, in the order asked.
pub(super) async fn each<K, T, F, R>(keys: &[K], read: F) -> Result<Vec<T>, PortError>
where
    F: Fn(&K) -> R,
    R: Future<Output = Result<T, PortError>>,
{
    let mut out = Vec::with_capacity(keys.len());
    for chunk in keys.chunks(DIRECT_READS_TOGETHER) {
        for result in join_all(chunk.iter().map(&read)).await {
            out.push(result?);
        }
    }
    Ok(out)
}

/// A mapping's sentence is an odd record.
pub(super) fn odd_or<T>(mapped: Result<T, String>) -> Read<T> {
    match mapped {
        Ok(value) => Read::Found(value),
        Err(sentence) => Read::Odd(sentence),
    }
}
