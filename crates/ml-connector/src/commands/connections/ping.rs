//! `connections ping`: whether a connection works, and everything that it is missing.

use std::process::ExitCode;

use model::ids::ConnectionId;
use ports::PortError;
use ports::health::{Environment, Health};
use store::rows::Connection;

use super::{account_of, check_account, unknown};
use crate::commands::mapping;
use crate::connect::{Port, authorisation, connected};
use crate::failure::{Failure, Result, code};
use crate::instance::Instance;
use crate::output;

pub async fn run(instance: &Instance, name: Option<&str>, json: bool) -> Result<ExitCode> {
    let mut chosen = instance.store.connections().await?;
    if chosen.iter().all(|one| name.is_some_and(|name| one.id.as_str() != name)) {
        return Err(unknown(name.unwrap_or_default(), &chosen));
    }
    chosen.retain(|connection| name.is_none_or(|name| connection.id.as_str() == name));
    let mut worst = 0;
    let mut answers = Vec::new();
    for connection in chosen {
        let (ended, answer) = ping_one(instance, connection, json).await?;
        worst = worst.max(ended);
        answers.push(answer);
    }
    if json {
        output::json(&answers);
    }
    Ok(ExitCode::from(worst))
}

/// Refuses a connection that lacks something: what is collected could not be booked then.
pub async fn check_whole(instance: &Instance, wanted: &[&ConnectionId]) -> Result<()> {
    let mut connections = instance.store.connections().await?;
    connections.retain(|one| wanted.contains(&&one.id));
    for connection in connections {
        let port = connected(&instance.wiring(), &connection).await?;
        let health = port.check_health_once().await?;
        let missing = health.checks.iter().filter(|check| !check.ok);
        let missing: Vec<&str> = missing.map(|check| check.name.as_str()).collect();
        if !missing.is_empty() {
            return Err(Failure::usage(format!(
                "connection {0} lacks what a live link may need: {1}. \"ml-connector connections ping \
                 {0}\" says how to mend it; --anyway goes live all the same, and what rests on it waits \
                 for people",
                connection.id,
                missing.join("; ")
            )));
        }
    }
    Ok(())
}

/// Gives the exit code of this one connection, and what to show of it.
async fn ping_one(
    instance: &Instance,
    mut connection: Connection,
    json: bool,
) -> Result<(u8, serde_json::Value)> {
    let began = instance.clock.lease_now();
    let checked = async {
        let port = connected(&instance.wiring(), &connection).await?;
        let mut health = port.check_health().await;
        if let (Ok(health), Port::Erp(erp)) = (&mut health, &port) {
            health.checks.extend(mapping::health_of_links(instance, &connection.id, erp).await?);
        }
        port.sign_off().await;
        Ok::<Health, Failure>(health?)
    };
    let checked = checked.await;
    let refused = checked.as_ref().err().and_then(Failure::port);
    if checked.is_ok() || refused.is_some() {
        instance.engine.heard(&connection.id, refused);
        instance.engine.publish_troubles().await?;
    }
    let took = instance.clock.lease_now().duration_since(began).as_millis();
    let health = match checked {
        Ok(health) => health,
        Err(error) => {
            let next = match &error {
                // Its usual next step is this command.
                Failure::Port(PortError::Unauthorised(_))
                    if by_browser(instance, &connection).await =>
                {
                    Some(format!(
                        "have a person allow it: ml-connector connections authorise {0}; or enter what \
                         is right: ml-connector connections add {1} {0} --set NAME=VALUE --secret NAME=-",
                        connection.id, connection.system
                    ))
                }
                Failure::Port(PortError::Unauthorised(_)) => Some(format!(
                    "enter what is right: ml-connector connections add {} {} --set NAME=VALUE --secret \
                     NAME=- (connections add --help)",
                    connection.system, connection.id
                )),
                Failure::Port(PortError::Unavailable(_)) => Some(format!(
                    "check the connection's address and settings (ml-connector connections add {} {} \
                     --set NAME=VALUE), the network and the system's status page, and ping again",
                    connection.system, connection.id
                )),
                other => other.next_step().map(str::to_owned),
            };
            if !json {
                println!(
                    "{}: {error}{}",
                    connection.id,
                    advice(next.as_deref().unwrap_or_default())
                );
            }
            let body = serde_json::json!({
                "connection": connection.id, "error": error.to_string(), "next_step": next,
            });
            return Ok((error.number(), body));
        }
    };
    remember(instance, &mut connection, &health).await?;
    if !json {
        show(&connection, &health, instance, took);
    }
    let body = serde_json::json!({
        "connection": connection.id, "health": health, "milliseconds": took as u64,
    });
    Ok((if health.ok() { 0 } else { code::FAILED }, body))
}

/// Whether a person allows the connection in a browser.
async fn by_browser(instance: &Instance, connection: &Connection) -> bool {
    matches!(authorisation(&instance.wiring(), connection).await, Ok(Some(_)))
}

/// The account is what cases are identified by: it is fixed by the first ping.
async fn remember(instance: &Instance, connection: &mut Connection, health: &Health) -> Result<()> {
    let account = account_of(connection, health);
    let production = health.environment == Environment::Production;
    check_account(connection, &account)?;
    if connection.account.is_none() || connection.production != Some(production) {
        connection.account = Some(account);
        connection.production = Some(production);
        let now = instance.clock.now();
        instance.store.put_connection(connection, &[], &instance.actor(), now).await?;
        instance.reconnect().await?;
    }
    Ok(())
}

fn show(connection: &Connection, health: &Health, instance: &Instance, took: i128) {
    let name = health.account_name.as_deref().unwrap_or(&health.account);
    let place = match health.environment {
        Environment::Production => "production",
        Environment::Sandbox => "sandbox",
    };
    println!("{}: {name} ({}, {place}), {took} ms", connection.id, health.account);
    if let Some(server) = health.server_time {
        let skew = instance.clock.now().duration_since(server).as_secs();
        println!("  clock       {skew} s apart");
    }
    for check in &health.checks {
        let mark = match (check.ok, check.checked) {
            (false, _) => "MISSING    ",
            (true, true) => "ok         ",
            (true, false) => "not checked",
        };
        println!("  {mark} {}{}", check.name, advice(&check.advice));
    }
}

fn advice(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("\n              {text}") }
}
