//! P6: nothing is written outside before its intent is committed inside.

use bytes::Bytes;
use http::Request;
use model::command::{CommandState, ErpWrite, ProcessorWrite, Write};
use model::ids::ConnectionId;
use model::key::{Alphabet, Key};
use store::Store;

use crate::world::World;

/// Commands that may be in flight at once; beyond it the check would miss some.
const IN_FLIGHT_MAX: u32 = 10_000;

/// Lengths of stamps that the connectors declare.
const STAMPS: [(Alphabet, usize); 3] =
    [(Alphabet::PathSafe, 50), (Alphabet::PathSafe, 40), (Alphabet::Visible, 100)];

/// Called before a request that writes reaches the other side: a command of this connection is in
/// flight, and where the request `makes` a document that is found by its key, that very command.
pub async fn committed(
    world: &World,
    store: &dyn Store,
    connection: &ConnectionId,
    request: &Request<Bytes>,
    makes: bool,
) {
    let open = store.commands(&[CommandState::InFlight], IN_FLIGHT_MAX).await.unwrap_or_default();
    let mut ours = open.iter().filter(|row| row.connection == *connection);
    let found = ours.any(|row| {
        let keyed = makes && makes_document(&row.view.write);
        !keyed || names(request, &row.view.key)
    });
    if !found {
        let (method, path) = (request.method(), request.uri().path());
        world.broken(format!("P6: {method} {path} is sent, and no intent for it is committed"));
    }
}

fn makes_document(write: &Write) -> bool {
    match write {
        Write::Erp(write) => matches!(
            write,
            ErpWrite::RecordReceipt(_)
                | ErpWrite::RecordRefund(_)
                | ErpWrite::RecordDeposit(_)
                | ErpWrite::RecordJournal(_)
        ),
        Write::Processor(write) => matches!(write, ProcessorWrite::Collect(_)),
    }
}

/// A stamp of the key stands in the request.
fn names(request: &Request<Bytes>, key: &Key) -> bool {
    let body = String::from_utf8_lossy(request.body());
    STAMPS.iter().any(|(alphabet, length)| {
        let stamp = key.stamp(*alphabet, *length);
        let headers = request.headers().values();
        body.contains(&stamp)
            || request.uri().path().contains(&stamp)
            || headers.filter_map(|value| value.to_str().ok()).any(|value| value.contains(&stamp))
    })
}
