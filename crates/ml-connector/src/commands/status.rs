//! `status`: where everything stands.

use std::process::ExitCode;

use engine::engine::{STOP_SETTING, trouble_setting};

use crate::failure::{Result, code};
use crate::instance::Instance;
use crate::output;

/// Foreign payments counted at most, per processor account.
const FOREIGN_MAX: u32 = 1_000;

pub async fn run(instance: &Instance, json: bool) -> Result<ExitCode> {
    let now = instance.clock.now();
    let status = instance.store.status(now).await?;
    let mut troubles = std::collections::BTreeMap::new();
    for connection in instance.store.connections().await? {
        let trouble = instance.store.setting(&trouble_setting(&connection.id)).await?;
        if let Some(trouble) = trouble.filter(|trouble| !trouble.is_empty()) {
            troubles.insert(connection.id.to_string(), trouble);
        }
    }
    let foreign = instance.engine.foreign(FOREIGN_MAX).await?.len();
    let stopped = instance.store.setting(STOP_SETTING).await?.as_deref() == Some("on");
    if json {
        output::json(&serde_json::json!({
            "now": now, "stopped": stopped, "troubles": troubles, "status": status,
            "foreign_payments": foreign,
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
        for (connection, trouble) in &troubles {
            println!("{connection} fails: {trouble}");
        }
        for (connection, count) in &status.bad_signatures {
            println!("{connection}: {count} deliveries refused for their signature");
        }
    }
    let waits = status.attention > 0 || !troubles.is_empty();
    Ok(if waits { ExitCode::from(code::ATTENTION) } else { ExitCode::SUCCESS })
}
