//! `status`: where everything stands.

use std::process::ExitCode;

use engine::engine::STOP_SETTING;

use crate::failure::{Result, code};
use crate::instance::Instance;
use crate::output;

pub async fn run(instance: &Instance, json: bool) -> Result<ExitCode> {
    let now = instance.clock.now();
    let status = instance.store.status(now).await?;
    let stopped = instance.store.setting(STOP_SETTING).await?.as_deref() == Some("on");
    if json {
        output::json(&serde_json::json!({ "now": now, "stopped": stopped, "status": status }));
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
        for (connection, count) in &status.bad_signatures {
            println!("{connection}: {count} deliveries refused for their signature");
        }
    }
    let waits = status.attention > 0;
    Ok(if waits { ExitCode::from(code::ATTENTION) } else { ExitCode::SUCCESS })
}
