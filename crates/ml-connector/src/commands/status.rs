//! `status`: where everything stands.

use std::process::ExitCode;

use engine::engine::STOP_SETTING;
use engine::trouble::{Trouble, stored_trouble};
use jiff::{Timestamp, ToSpan};
use model::command::CommandState;
use model::ids::ConnectionId;
use model::reason::ReasonCode;
use serde::Serialize;

use crate::failure::{Result, code};
use crate::instance::Instance;
use crate::output;

/// Foreign payments counted at most, per processor account.
const FOREIGN_MAX: u32 = 1_000;

/// Writes that are decided and not sent are counted up to here.
const QUEUED_MAX: u32 = 1_000;

/// Seconds after which a write that was decided waits, rather than being about to be sent.
const QUEUED_SECONDS: i64 = 5;

/// Writes that wait for their turn at a connection that takes one at a time.
#[derive(Debug, Serialize)]
struct Queue {
    connection: ConnectionId,
    writes: u32,
    since: Timestamp,
}

impl Queue {
    fn sentence(&self) -> String {
        format!(
            "{}: {} writes wait for their turn, the first since {}: this connection takes one write at a \
             time. They go on by themselves",
            self.connection,
            self.writes,
            self.since.strftime("%F %T")
        )
    }
}

/// A connection that fails, and what to do about it.
#[derive(Debug, Serialize)]
struct Failing {
    what: String,
    since: Timestamp,
    next_step: String,
}

impl Failing {
    fn of(connection: &ConnectionId, trouble: Trouble) -> Failing {
        let ping = format!("\"ml-connector connections ping {connection}\"");
        let next_step = if trouble.refused {
            format!("Nothing of it is read or written until that is mended: {ping} says how")
        } else {
            format!("It is tried again by itself; {ping} says more")
        };
        Failing { what: trouble.what, since: trouble.since, next_step }
    }

    fn sentence(&self) -> String {
        format!("fails since {}: {}. {}.", self.since.strftime("%F %T"), self.what, self.next_step)
    }
}

/// What waits for its turn, by connection. What a stop or a link that is off holds does not.
async fn queues(instance: &Instance) -> Result<Vec<Queue>> {
    let world = instance.engine.world();
    let before = instance.clock.now() - QUEUED_SECONDS.seconds();
    let mut queues: Vec<Queue> = Vec::new();
    let decided = [CommandState::Intended];
    for command in instance.store.commands(&decided, QUEUED_MAX).await? {
        let one_by_one =
            world.erps.get(&command.connection).is_some_and(|erp| erp.one_write_at_a_time());
        if !one_by_one || command.decided_at > before {
            continue;
        }
        let case = instance.store.case(&command.case_key).await?;
        let reason = case.and_then(|case| case.reason).map(|reason| reason.code);
        if reason != Some(ReasonCode::Acting) {
            continue;
        }
        match queues.iter_mut().find(|queue| queue.connection == command.connection) {
            Some(queue) => {
                queue.writes = queue.writes.saturating_add(1);
                queue.since = queue.since.min(command.decided_at);
            }
            None => queues.push(Queue {
                connection: command.connection,
                writes: 1,
                since: command.decided_at,
            }),
        }
    }
    Ok(queues)
}

pub async fn run(instance: &Instance, json: bool) -> Result<ExitCode> {
    let now = instance.clock.now();
    let status = instance.store.status(now).await?;
    let mut troubles = std::collections::BTreeMap::new();
    for connection in instance.store.connections().await? {
        if let Some(trouble) = stored_trouble(instance.store.as_ref(), &connection.id).await? {
            let failing = Failing::of(&connection.id, trouble);
            troubles.insert(connection.id.to_string(), failing);
        }
    }
    let foreign = instance.engine.foreign(FOREIGN_MAX).await?.len();
    let reversals = instance.engine.waiting_reversals(None).await?;
    let stopped = instance.store.setting(STOP_SETTING).await?.as_deref() == Some("on");
    let queues = if stopped { Vec::new() } else { queues(instance).await? };
    if json {
        output::json(&serde_json::json!({
            "now": now, "stopped": stopped, "troubles": troubles, "status": status,
            "foreign_payments": foreign, "reversals_waiting": reversals, "writes_waiting": queues,
        }));
    } else {
        if stopped {
            println!("STOPPED by a person: ml-connector resume lifts it.\n");
        }
        let rows = status
            .cases
            .iter()
            .map(|(kind, stage, reason, count)| {
                vec![count.to_string(), kind.clone(), stage.clone(), reason.clone()]
            })
            .collect();
        output::table(&["cases", "kind", "stage", "reason"], rows, "No cases yet.");
        println!(
            "\n{} due now, {} in work, {} commands open, {} deliveries waiting, {} for a person",
            status.due_now,
            status.leased,
            status.commands_open,
            status.inbox_waiting,
            status.attention
        );
        if foreign > 0 {
            println!(
                "{foreign} payments name no invoice that a link collects: ml-connector foreign list"
            );
        }
        for waiting in &reversals {
            println!("{}", waiting.sentence());
        }
        for queue in &queues {
            println!("{}", queue.sentence());
        }
        for (connection, trouble) in &troubles {
            println!("{connection} {}", trouble.sentence());
        }
        for (connection, count) in &status.bad_signatures {
            println!("{connection}: {count} deliveries refused for their signature");
        }
    }
    let waits = status.attention > 0 || !troubles.is_empty();
    Ok(if waits { ExitCode::from(code::ATTENTION) } else { ExitCode::SUCCESS })
}
