//! `connections authorise`: a person allows a connection in a browser and brings back the address that
//! the browser ended at.

use std::io::Write;
use std::process::ExitCode;

use ports::PortError;

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
            "{name} signs in by itself, and nobody has to allow it in a browser: that is for connections \
             whose grant is authorization_code (connections add --help)"
        ))
    })?;
    // Standard output, so that it can be taken from there; it holds no secret.
    if json {
        output::json(&serde_json::json!({ "open": attempt.address() }));
    } else {
        println!("Open this address in a browser, sign in as the connector's user and allow it:\n");
        println!("{}\n", attempt.address());
        println!(
            "The browser then goes to an address that begins with {}?code=\nIt does not matter whether a \
             page shows there. Copy the whole address from the\nbrowser's address bar, paste it here within \
             a minute, and press Enter:",
            attempt.returns_to()
        );
    }
    std::io::stdout().flush().map_err(Failure::file("standard output".to_owned()))?;
    let mut pasted = String::new();
    std::io::stdin().read_line(&mut pasted).map_err(Failure::file("standard input".to_owned()))?;
    let secrets = attempt.finish(&pasted).await.map_err(|error| match error {
        PortError::Unauthorised(why) => Failure::NotAllowed { connection: name.to_owned(), why },
        other => Failure::Port(other),
    })?;
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
