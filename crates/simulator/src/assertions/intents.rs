//! P6: nothing is written outside before its intent is committed inside.

use model::command::{CommandState, Write};
use model::key::Key;
use store::Store;

use crate::world::World;

/// Commands that may be in flight at once; beyond it the check would miss some.
const IN_FLIGHT_MAX: u32 = 10_000;

/// Called before the effect of every write.
pub async fn committed(world: &World, store: &dyn Store, key: &Key, write: &Write) {
    let states = [CommandState::InFlight];
    let open = store.commands(&states, IN_FLIGHT_MAX).await;
    let found = open.iter().flatten().any(|row| row.view.key == *key && row.view.write == *write);
    let documents = write.documents();
    let crossing = open.iter().flatten().find(|row| {
        let other = row.view.write.documents();
        row.view.key != *key && !write.is_cancel() && !documents.is_disjoint(&other)
    });
    if let Some(crossing) = crossing {
        let other = &crossing.view.key;
        world.broken(format!("P6: {key} is sent while {other} is under way for the same document"));
    }
    let blind = world.state().watched.sent_blindly(key);
    if let Some(broken) = blind {
        world.broken(broken);
    }
    if !found {
        world.broken(format!("P6: {key} is sent, and no intent for it is committed"));
    }
}
