//! SQLite stores as they are run: the conformance suite on each, and what only files can show (two
//! processes, kills, tampering, secrets at rest).

#![expect(clippy::unwrap_used, reason = "a test ends where something is not there")]

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use futures::future::join_all;
use jiff::Timestamp;
use model::case::{Actor, CaseKey, CaseKind};
use model::ids::{AccountId, ConnectionId, InvoiceId};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use store::rows::{ChainCheck, ClaimRequest, Connection, Hint, Side};
use store::sqlite::Place;
use store::{MasterKeySource, SqliteStore, Store, StoreError, Vault, conformance, open_or_create};
use tempfile::TempDir;
use zeroize::Zeroizing;

fn key(byte: u8) -> MasterKeySource {
    MasterKeySource::Bytes(Zeroizing::new([byte; 32]))
}

fn vault() -> Vault {
    Vault::open(&key(1)).unwrap()
}

fn opened(path: &Path) -> SqliteStore {
    SqliteStore::open(path, vault()).unwrap()
}

fn in_line(path: &Path) -> SqliteStore {
    SqliteStore::in_line(&Place::File(path.to_owned()), vault()).unwrap()
}

/// A time, in seconds of the tests' own calendar.
fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + seconds).unwrap()
}

fn hint(n: u32) -> Hint {
    let case = CaseKey::collection(&AccountId::new("erp:1"), &InvoiceId::new(n.to_string()));
    Hint { case, due_at: at(0), link: None }
}

fn request(worker: &str, limit: u32) -> ClaimRequest {
    ClaimRequest {
        worker: worker.to_owned(),
        now: at(1),
        lease_now: at(1),
        lease_seconds: 60,
        grace_seconds: 30,
        kind: CaseKind::Collection,
        limit,
    }
}

fn connection(id: &str) -> Connection {
    Connection {
        id: ConnectionId::new(id),
        side: Side::Erp,
        system: "system".to_owned(),
        account: None,
        production: None,
        url: None,
        allow_host: false,
        settings: Default::default(),
        created_at: at(0),
    }
}

/// Paths of fresh databases in one folder.
struct Files {
    folder: TempDir,
    used: AtomicU32,
}

impl Files {
    fn new() -> Files {
        Files { folder: tempfile::tempdir().unwrap(), used: AtomicU32::new(0) }
    }

    fn next(&self) -> std::path::PathBuf {
        self.folder.path().join(format!("{}.db", self.used.fetch_add(1, Ordering::Relaxed)))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_keeps_every_promise() {
    let files = Files::new();
    conformance::run(|| async { Arc::new(opened(&files.next())) as Arc<dyn Store> }).await;
}

#[tokio::test]
async fn a_file_in_line_keeps_every_promise() {
    let files = Files::new();
    conformance::run(|| async { Arc::new(in_line(&files.next())) as Arc<dyn Store> }).await;
}

#[tokio::test]
async fn memory_keeps_every_promise() {
    conformance::run(|| async {
        Arc::new(SqliteStore::in_line(&Place::Memory, vault()).unwrap()) as Arc<dyn Store>
    })
    .await;
}

#[cfg(feature = "memory")]
#[tokio::test]
async fn the_simulators_store_keeps_every_promise() {
    conformance::run(|| async { Arc::new(store::MemoryStore::new(vault())) as Arc<dyn Store> })
        .await;
}

#[tokio::test]
async fn two_stores_on_one_file_are_replicas() {
    let files = Files::new();
    let path = files.next();
    let (server, cli) = (opened(&path), in_line(&path));
    server.hint(&(0..30).map(hint).collect::<Vec<_>>()).await.unwrap();
    let mut cases = Vec::new();
    for _ in 0..5 {
        for (store, worker) in [(&server, "server"), (&cli, "cli")] {
            let claimed = store.claim(&request(worker, 3)).await.unwrap();
            assert_eq!(claimed.len(), 3);
            cases.extend(claimed.into_iter().map(|claimed| claimed.id));
        }
    }
    cases.sort_unstable();
    cases.dedup();
    assert_eq!(cases.len(), 30, "no case has two workers");

    for turn in 0..10 {
        let store: &dyn Store = if turn % 2 == 0 { &server } else { &cli };
        assert_eq!(store.next_seq().await.unwrap(), turn + 1);
        store.audit(&Actor::System, None, "turn", &json!(turn), at(turn)).await.unwrap();
    }
    let intact = cli.verify_chain().await.unwrap();
    assert!(matches!(intact, ChainCheck::Intact { rows: 10, .. }), "{intact:?}");
    assert_eq!(server.verify_chain().await.unwrap(), intact);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_servers_write_at_the_same_time() {
    let files = Files::new();
    let path = files.next();
    let stores = [opened(&path), opened(&path)];
    let writes = (0..400).map(|n| stores[n % 2].next_seq());
    let mut seqs: Vec<i64> = join_all(writes).await.into_iter().map(|seq| seq.unwrap()).collect();
    seqs.sort_unstable();
    assert_eq!(seqs, (1..=400).collect::<Vec<i64>>());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_file_may_be_opened_by_two_at_once() {
    let files = Files::new();
    for _ in 0..8 {
        let path = files.next();
        let other = path.clone();
        let (one, two) = tokio::join!(
            tokio::task::spawn_blocking(move || SqliteStore::open(&path, vault())),
            tokio::task::spawn_blocking(move || SqliteStore::open(&other, vault())),
        );
        let (one, two) = (one.unwrap().unwrap(), two.unwrap().unwrap());
        assert_eq!(one.next_seq().await.unwrap(), 1);
        assert_eq!(two.next_seq().await.unwrap(), 2);
    }
}

#[tokio::test]
async fn everything_answered_survives_a_reopening() {
    let files = Files::new();
    let path = files.next();
    let store = opened(&path);
    let token = [("token".to_owned(), SecretString::from("s3cret"))];
    store.put_connection(&connection("books"), &token, &Actor::System, at(1)).await.unwrap();
    store.hint(&[hint(1), hint(2)]).await.unwrap();
    let claimed = store.claim(&request("w", 1)).await.unwrap().remove(0);
    let delivery = store.inbox_put(&"books".into(), b"body", at(2)).await.unwrap();
    let seq = store.next_seq().await.unwrap();
    let head = store.verify_chain().await.unwrap();
    drop(store);

    let store = open_or_create(&path, &key(1)).unwrap();
    let secrets = store.secrets(&"books".into()).await.unwrap();
    assert_eq!(secrets[0].1.expose_secret(), "s3cret");
    assert_eq!(store.renew(&[(claimed.id, claimed.epoch)], at(99)).await.unwrap(), [claimed.id]);
    assert_eq!(store.claim(&request("v", 9)).await.unwrap().len(), 1);
    assert_eq!(store.inbox_take(9).await.unwrap()[0].id, delivery);
    assert_eq!(store.next_seq().await.unwrap(), seq + 1);
    assert_eq!(store.verify_chain().await.unwrap(), head);
    assert_eq!(opened(&path).integrity_check().await.unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn a_backup_is_a_whole_database_of_its_moment() {
    let files = Files::new();
    let store = opened(&files.next());
    for (turn, copy) in (1..).zip([files.next(), files.next()]) {
        store.audit(&Actor::System, None, "n", &json!(turn), at(turn)).await.unwrap();
        store.backup(&copy).await.unwrap();
        store.audit(&Actor::System, None, "later", &json!(turn), at(turn)).await.unwrap();
        let restored = in_line(&copy);
        let check = restored.verify_chain().await.unwrap();
        let ChainCheck::Intact { rows, .. } = check else { panic!("{check:?}") };
        assert_eq!(rows, 2 * turn - 1);
        assert_eq!(restored.integrity_check().await.unwrap(), Vec::<String>::new());
        let again = store.backup(&copy).await;
        assert!(matches!(again, Err(StoreError::Refused(_))), "{again:?}");
    }
}

#[tokio::test]
async fn a_database_opens_with_its_own_master_key_only() {
    let files = Files::new();
    let path = files.next();
    drop(opened(&path));
    let refused = open_or_create(&path, &key(2)).map(drop);
    let Err(StoreError::Broken(why)) = refused else { panic!("{refused:?}") };
    assert!(why.contains("master key"), "{why}");
    open_or_create(&path, &key(1)).map(drop).unwrap();
}

#[tokio::test]
async fn a_file_of_a_newer_version_is_left_alone() {
    let files = Files::new();
    let path = files.next();
    drop(opened(&path));
    let db = rusqlite::Connection::open(&path).unwrap();
    db.execute(
        "insert into refinery_schema_history
         select version + 100, 'later', applied_on, checksum from refinery_schema_history",
        [],
    )
    .unwrap();
    drop(db);
    let refused = SqliteStore::open(&path, vault()).map(drop);
    assert!(matches!(refused, Err(StoreError::Broken(_))), "{refused:?}");
}

#[cfg(unix)]
#[tokio::test]
async fn a_new_database_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let files = Files::new();
    let path = files.next();
    let store = opened(&path);
    store.next_seq().await.unwrap();
    for suffix in ["", "-wal", "-shm"] {
        let file = format!("{}{suffix}", path.display());
        let mode = std::fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{file}");
    }
}

#[tokio::test]
async fn many_waiting_writes_share_a_commit() {
    let files = Files::new();
    let store = opened(&files.next());
    store.next_seq().await.unwrap();
    let before = store.commits();
    // One task: all of them are queued before the first answer can be taken.
    let bank = ConnectionId::new("bank");
    let writes = (0..500).map(|n| store.inbox_put(&bank, b"delivery", at(n)));
    for id in join_all(writes).await {
        id.unwrap();
    }
    let commits = store.commits() - before;
    assert!((1..=100).contains(&commits), "{commits} commits for 500 writes");
    assert_eq!(store.inbox_take(1000).await.unwrap().len(), 500);
}

#[tokio::test]
async fn a_refused_write_takes_nothing_of_its_group_with_it() {
    let files = Files::new();
    let store = opened(&files.next());
    let (bank, unknown) = (ConnectionId::new("bank"), ConnectionId::new("unknown"));
    let writes = (0..60).map(|n| {
        let (store, bank, unknown) = (&store, &bank, &unknown);
        async move {
            if n % 3 == 0 {
                store.inbox_count_bad(unknown).await
            } else {
                store.inbox_put(bank, b"delivery", at(n)).await.map(drop)
            }
        }
    });
    let results = join_all(writes).await;
    for (n, result) in results.into_iter().enumerate() {
        let expected_refusal = n % 3 == 0;
        assert_eq!(matches!(result, Err(StoreError::Refused(_))), expected_refusal, "{n}");
        assert_eq!(result.is_ok(), !expected_refusal, "{n}");
    }
    assert_eq!(store.inbox_take(1000).await.unwrap().len(), 40);
}

#[tokio::test]
async fn another_writer_that_holds_on_is_busy_and_costs_nothing() {
    let files = Files::new();
    let path = files.next();
    let store = opened(&path);
    store.next_seq().await.unwrap();
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("begin immediate; update instance set sequence = 50").unwrap();
    assert_eq!(store.next_seq().await, Err(StoreError::Busy));
    assert_eq!(store.setting("stop").await, Ok(None), "reading goes on");
    other.execute_batch("rollback").unwrap();
    assert_eq!(store.next_seq().await, Ok(2));
}

/// A store with a short audit trail, changed behind its back.
async fn tampered(sql: &str) -> ChainCheck {
    let files = Files::new();
    let path = files.next();
    let store = opened(&path);
    for n in 0..5 {
        let case = hint(u32::try_from(n).unwrap()).case;
        store.audit(&Actor::System, Some(&case), "n", &json!({ "n": n }), at(n)).await.unwrap();
    }
    assert!(matches!(store.verify_chain().await, Ok(ChainCheck::Intact { rows: 5, .. })));
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch(sql).unwrap();
    store.verify_chain().await.unwrap()
}

#[tokio::test]
async fn every_change_of_the_trail_is_noticed() {
    let changes = [
        (3, "update audit set body = '{\"n\":9}' where seq = 3"),
        (3, "update audit set at = at + 1 where seq = 3"),
        (3, "update audit set what = 'm' where seq = 3"),
        (3, "update audit set nth = 2 where seq = 3"),
        (3, "update audit set case_key = 'collection/erp:1/77' where seq = 3"),
        (3, "update audit set case_key = null, nth = null where seq = 3"),
        (3, "update audit set actor = '{\"actor\":\"person\",\"name\":\"eve\"}' where seq = 3"),
        (4, "delete from audit where seq = 3"),
        (
            2,
            "update audit set seq = 99 where seq = 2; update audit set seq = 2 where seq = 3;
             update audit set seq = 3 where seq = 99",
        ),
        (5, "delete from audit where seq = 5"),
        (1, "delete from audit"),
        (
            5,
            "delete from audit where seq = 5;
             update audit_head set rows = 4, chain = (select chain from audit where seq = 4)",
        ),
        (6, "update audit_head set mac = ''"),
        (
            6,
            "insert into audit select 6, at, actor, case_key, 2, what, body, master_key, chain from audit
             where seq = 5",
        ),
    ];
    for (seq, sql) in changes {
        match tampered(sql).await {
            ChainCheck::Broken { seq: found, .. } => assert_eq!(found, seq, "{sql}"),
            intact => panic!("not noticed: {sql}: {intact:?}"),
        }
    }
}

#[tokio::test]
async fn no_secret_is_readable_anywhere() {
    const PLANTED: &str = "pl4nted-s3cret-0123456789";
    let files = Files::new();
    let path = files.next();
    let store = opened(&path);
    let planted = [("token".to_owned(), SecretString::from(PLANTED))];
    let mut said = format!("{planted:?} {:?}", vault());
    for id in ["books", "bank"] {
        store.put_connection(&connection(id), &planted, &Actor::System, at(1)).await.unwrap();
    }
    // Rows that change places can not be read, and the error says nothing of them.
    let other = rusqlite::Connection::open(&path).unwrap();
    other
        .execute_batch(
            "update secrets set sealed = (select sealed from secrets s where s.connection = 'bank'),
               wrapped_key = (select wrapped_key from secrets s where s.connection = 'bank')
             where connection = 'books'",
        )
        .unwrap();
    let moved = store.secrets(&"books".into()).await;
    let Err(StoreError::Broken(why)) = &moved else { panic!("a moved secret was read") };
    assert!(why.contains("books") && why.contains("token"), "{why}");
    said.push_str(&format!("{moved:?} {:?}", store.audit_rows(0, 100).await));
    said.push_str(&format!("{:?}", store.secrets(&"bank".into()).await));
    assert!(!said.contains(PLANTED), "{said}");
    drop(store);
    drop(other);
    for entry in std::fs::read_dir(files.folder.path()).unwrap() {
        let file = entry.unwrap().path();
        let bytes = std::fs::read(&file).unwrap();
        let found = bytes.windows(PLANTED.len()).any(|window| window == PLANTED.as_bytes());
        assert!(!found, "{}", file.display());
        let key = [1_u8; 32];
        assert!(!bytes.windows(32).any(|window| window == key), "{}", file.display());
    }
}
