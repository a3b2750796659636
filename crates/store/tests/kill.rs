//! A process is killed while it writes: whatever it was told is stored must be there.

#![expect(clippy::unwrap_used, reason = "a test ends where something is not there")]

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use jiff::Timestamp;
use model::case::Actor;
use model::ids::ConnectionId;
use serde_json::json;
use store::rows::ChainCheck;
use store::{MasterKeySource, SqliteStore, Store, Vault};
use zeroize::Zeroizing;

/// Names the database to the child, which is this test again.
const CHILD: &str = "STORE_KILL_TEST_DATABASE";

/// Answers that are waited for before the kill.
const ANSWERS: usize = 60;

fn opened(path: PathBuf) -> SqliteStore {
    let key = MasterKeySource::Bytes(Zeroizing::new([1; 32]));
    SqliteStore::open(&path, Vault::open(&key).unwrap()).unwrap()
}

/// Writes until it is killed, and prints what it was told.
async fn write_forever(store: &SqliteStore) {
    let bank = ConnectionId::new("bank");
    loop {
        let writes = (0..8).map(|_| store.inbox_put(&bank, b"body", Timestamp::UNIX_EPOCH));
        let told = futures::future::join_all(writes).await;
        let row = json!({});
        store.audit(&Actor::System, None, "n", &row, Timestamp::UNIX_EPOCH).await.unwrap();
        for id in told {
            println!("stored {}", id.unwrap());
        }
    }
}

#[tokio::test]
async fn what_was_answered_survives_a_kill() {
    if let Some(path) = std::env::var_os(CHILD) {
        write_forever(&opened(PathBuf::from(path))).await;
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("killed.db");
    for round in 1..=3 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["what_was_answered_survives_a_kill", "--exact", "--nocapture"])
            .env(CHILD, &path)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let told: Vec<i64> = lines
            .map_while(Result::ok)
            .filter_map(|line| line.split_once("stored ")?.1.trim().parse().ok())
            .take(ANSWERS)
            .collect();
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(told.len(), ANSWERS);

        let store = opened(path.clone());
        let there: Vec<i64> =
            store.inbox_take(u32::MAX).await.unwrap().into_iter().map(|row| row.id).collect();
        for id in &told {
            assert!(there.binary_search(id).is_ok(), "round {round}: {id} is lost");
        }
        let check = store.verify_chain().await.unwrap();
        assert!(matches!(check, ChainCheck::Intact { .. }), "{check:?}");
        assert_eq!(store.integrity_check().await.unwrap(), Vec::<String>::new());
    }
}
