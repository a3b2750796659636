//! `connections authorise`: a person allows a connection in a browser and brings back the address that
//! the browser ended at.

use std::io::Write;
use std::process::ExitCode;

use crate::connect::authorisation;
use crate::failure::{Failure, Result};
use crate::instance::Instance;
use crate::output;

pub async fn run(instance: &Instance, name: &str, json: bool) -> Result<ExitCode> {
    let connections = instance.store.connections().await?;
    let connection = connections.into_iter().find(|one| one.id.as_str() == name);
    let connection =
        connection.ok_or_else(|| Failure::usage(format!("there is no connection \"{name}\"")))?;
    let attempt = authorisation(&instance.wiring(), &connection).await?.ok_or_else(|| {
        Failure::usage(format!(
            "{name} signs in by itself: only connections with --set grant=authorization_code are \
             allowed in a browser"
        ))
    })?;
    // Standard output, so that it can be taken from there; it holds no secret.
    if json {
        output::json(&serde_json::json!({ "open": attempt.address() }));
    } else {
        println!("Open this address, sign in as the connector's user and allow it:\n");
        println!("{}\n", attempt.address());
        println!(
            "The browser ends at {}…, whether or not a page is shown there. Paste its address here \
             within a minute:",
            attempt.returns_to()
        );
    }
    std::io::stdout().flush().map_err(Failure::file("standard output".to_owned()))?;
    let mut pasted = String::new();
    std::io::stdin().read_line(&mut pasted).map_err(Failure::file("standard input".to_owned()))?;
    let secrets = attempt.finish(&pasted).await?;
    let (actor, now) = (instance.actor(), instance.clock.now());
    instance.store.put_connection(&connection, &secrets, &actor, now).await?;
    instance.reconnect().await?;
    if json {
        output::json(&serde_json::json!({ "connection": connection.id, "allowed": true }));
    } else {
        println!("\n{name} is allowed; its tokens are sealed and renewed from now on.");
        println!("\nNext: ml-connector connections ping {name}");
    }
    Ok(ExitCode::SUCCESS)
}
