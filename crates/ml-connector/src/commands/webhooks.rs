//! `webhooks`: registering the endpoint, and trying it.

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use bytes::Bytes;
use connectors::http::hosts::AllowedHosts;
use connectors::http::transport::ReqwestTransport;
use connectors::registry;
use model::ids::ConnectionId;
use ports::transport::Transport;
use store::rows::{Connection, Side};

use crate::cli::Webhooks;
use crate::commands::delivery;
use crate::failure::{Failure, Result, code};
use crate::instance::Instance;
use crate::output;

/// Seconds that a delivery may take.
const SEND_SECONDS: u64 = 10;

pub async fn run(instance: &Instance, command: Webhooks, json: bool) -> Result<ExitCode> {
    match command {
        Webhooks::Guide { connection } => guide(instance, &connection, json).await,
        Webhooks::List { limit } => list(instance, limit, json).await,
        Webhooks::Dismiss { number } => delivery::dismiss(instance, &number, json).await,
        Webhooks::Send { connection, file } => send(instance, &connection, &file, json).await,
    }
}

async fn find(instance: &Instance, name: &str) -> Result<Connection> {
    let connections = instance.store.connections().await?;
    let mut processors: Vec<Connection> =
        connections.into_iter().filter(|connection| connection.side == Side::Processor).collect();
    let names: Vec<&str> = processors.iter().map(|connection| connection.id.as_str()).collect();
    let known = match names.as_slice() {
        [] => "there is none yet: ml-connector connections add …".to_owned(),
        [_, ..] => format!("there are: {}", names.join(", ")),
    };
    let found = processors.iter().position(|connection| connection.id.as_str() == name);
    let missing =
        || Failure::usage(format!("there is no processor connection \"{name}\"; {known}"));
    found.map(|at| processors.swap_remove(at)).ok_or_else(missing)
}

async fn guide(instance: &Instance, name: &str, json: bool) -> Result<ExitCode> {
    let connection = find(instance, name).await?;
    let url = instance.config.webhook_url(name);
    let secrets = instance.store.secrets(&ConnectionId::new(name)).await?;
    let has_secret = secrets.iter().any(|(field, _)| field == "webhook_secret");
    let status = instance.store.status(instance.clock.now()).await?;
    let refused = status.bad_signatures.get(name).copied().unwrap_or(0);
    if json {
        output::json(&serde_json::json!({
            "connection": name, "url": url, "secret_stored": has_secret, "refused": refused,
        }));
        return Ok(ExitCode::SUCCESS);
    }
    println!("1. Register this address at the processor:  {url}");
    if instance.config.server.public_url.is_none() {
        println!("   (set [server] public_url if the outside reaches it under another name)");
    }
    println!("2. Store the endpoint's secret:");
    println!(
        "   ml-connector connections add {} {name} --secret webhook_secret=-",
        connection.system
    );
    println!("   It is {} now.", if has_secret { "stored" } else { "not stored" });
    println!("3. Try it with the server running:  ml-connector webhooks send {name} BODY.json");
    println!("\nDeliveries refused for their signature so far: {refused}");
    println!("Without deliveries nothing is lost: the event list is read at every poll.");
    Ok(ExitCode::SUCCESS)
}

async fn list(instance: &Instance, limit: u32, json: bool) -> Result<ExitCode> {
    let seen = instance.store.inbox_recent(limit).await?;
    if json {
        let rows: Vec<_> = seen
            .iter()
            .map(|one| {
                serde_json::json!({
                    "id": one.row.id, "connection": one.row.connection,
                    "received_at": one.row.received_at, "bytes": one.row.body.len(),
                    "processed": one.processed, "note": one.note,
                })
            })
            .collect();
        output::json(&rows);
        return Ok(ExitCode::SUCCESS);
    }
    let rows = seen
        .into_iter()
        .map(|one| {
            vec![
                one.row.id.to_string(),
                one.row.connection.to_string(),
                one.row.received_at.strftime("%F %T").to_string(),
                one.row.body.len().to_string(),
                if one.processed { "processed" } else { "waiting" }.to_owned(),
                one.note.unwrap_or_default(),
            ]
        })
        .collect();
    let head = ["#", "connection", "received", "bytes", "state", "what was odd"];
    output::table(&head, rows, "No deliveries yet.");
    Ok(ExitCode::SUCCESS)
}

async fn send(instance: &Instance, name: &str, file: &Path, json: bool) -> Result<ExitCode> {
    let connection = find(instance, name).await?;
    let body =
        std::fs::read(file).map_err(Failure::file(format!("the file {}", file.display())))?;
    let entry = registry::processors().iter().find(|entry| entry.slug == connection.system);
    let sign = entry.map(|entry| entry.sign).ok_or_else(|| {
        Failure::usage(format!("there is no connector \"{}\"", connection.system))
    })?;
    let secrets = instance.store.secrets(&connection.id).await?;
    let secret = secrets
        .into_iter()
        .find(|(field, _)| field == "webhook_secret")
        .map(|(_, secret)| secret)
        .ok_or_else(|| Failure::usage(format!("\"{name}\" has no webhook_secret yet")))?;
    let url = format!("http://{}/webhooks/{name}", instance.config.server.listen);
    let mut request = http::Request::post(&url).header("content-type", "application/json");
    for (header, value) in sign(&secret, &body) {
        request = request.header(header, value);
    }
    let request = request
        .body(Bytes::from(body))
        .map_err(|error| Failure::usage(format!("[server] listen: {error}")))?;
    let host = url::Url::parse(&url).ok().and_then(|url| url.host_str().map(str::to_owned));
    let transport = ReqwestTransport::try_new(AllowedHosts(host.into_iter().collect()))
        .map_err(|error| Failure::Failed(error.to_string()))?;
    let answer = transport
        .send(request, Duration::from_secs(SEND_SECONDS))
        .await
        .map_err(|error| Failure::Failed(format!("{url}: {error}; is the server running?")))?;
    let status = answer.status();
    if json {
        output::json(&serde_json::json!({ "url": url, "status": status.as_u16() }));
    } else {
        println!("{url} answered {status}");
    }
    Ok(if status.is_success() { ExitCode::SUCCESS } else { ExitCode::from(code::FAILED) })
}
