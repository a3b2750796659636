//! `stop` and `resume`: the global stop holds everything, queued commands too.

use std::process::ExitCode;

use engine::engine::STOP_SETTING;

use crate::failure::Result;
use crate::instance::Instance;
use crate::output;

pub async fn run(instance: &Instance, stop: bool, json: bool) -> Result<ExitCode> {
    let value = if stop { "on" } else { "off" };
    let now = instance.clock.now();
    instance.store.put_setting(STOP_SETTING, value, &instance.actor(), now).await?;
    if !stop {
        // What was held goes on at once, not with the next sweep.
        instance.engine.hint_open().await?;
    }
    if json {
        output::json(&serde_json::json!({ "stopped": stop }));
    } else if stop {
        println!("Stopped: nothing is sent to any system until \"ml-connector resume\".");
    } else {
        println!("Resumed.");
    }
    Ok(ExitCode::SUCCESS)
}
