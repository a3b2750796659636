//! A disk without room: the answer says so, and what was answered before is all there.

use std::path::Path;
use std::sync::Arc;

use futures::future::join_all;
use jiff::Timestamp;
use zeroize::Zeroizing;

use model::ids::ConnectionId;

use super::{Place, Runner, SqliteStore, Threads, place};
use crate::api::{Store, StoreError};
use crate::vault::{KEY_BYTES, Vault};

fn vault() -> Vault {
    Vault::from_master(&Zeroizing::new([3; KEY_BYTES])).unwrap()
}

/// A server's store whose file may not grow beyond so many pages.
fn limited(path: &Path, pages: u32) -> SqliteStore {
    let vault = Arc::new(vault());
    let db = place::open_writer(&Place::File(path.to_owned()), &vault).unwrap();
    db.pragma_update(None, "max_page_count", pages).unwrap();
    let readers = Threads::readers(vec![place::open_reader(path).unwrap()], &vault).unwrap();
    let writer = Threads::writer(db, vault, Arc::default()).unwrap();
    SqliteStore { runner: Runner::Threads { writer, readers }, commits: Arc::default() }
}

#[tokio::test]
async fn a_full_disk_is_named_and_nothing_is_half_stored() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("full.db");
    let store = SqliteStore::open(&path, vault()).unwrap();
    let limited = limited(&path, 300);
    let bank = ConnectionId::new("bank");
    let body = vec![7_u8; 20_000];
    let mut stored = 0;
    let full = loop {
        match limited.inbox_put(&bank, &body, Timestamp::UNIX_EPOCH).await {
            Ok(_) => stored += 1,
            Err(error) => break error,
        }
        assert!(stored < 1000, "the limit is reached");
    };
    assert_eq!(full, StoreError::Full);
    assert_eq!(store.inbox_take(1000).await.unwrap().len(), stored);
    // Many at once: whoever is told yes is stored.
    let results =
        join_all((0..40).map(|n| limited.inbox_put(&bank, &body[n..], Timestamp::UNIX_EPOCH)))
            .await;
    let stored = stored + results.iter().filter(|result| result.is_ok()).count();
    assert_eq!(store.inbox_take(1000).await.unwrap().len(), stored);
    assert_eq!(store.integrity_check().await.unwrap(), Vec::<String>::new());
}
