//! `connections`: accounts of outside systems, their credentials, and the proof that they work.

mod allow;
mod ping;

use std::collections::BTreeMap;
use std::io::{IsTerminal, Read};
use std::process::ExitCode;

use connectors::registry::{self, Field, Prepare};
use jiff::Timestamp;
use model::ids::{AccountId, ConnectionId};
use ports::PortError;
use ports::health::Health;
use secrecy::{ExposeSecret, SecretString};
use store::rows::{Connection, Side};

use crate::cli::{AddConnection, Connections};
use crate::connect::{Port, authorisation};
use crate::failure::{Failure, Result};
use crate::instance::Instance;
use crate::output;

pub use ping::check_whole;

pub async fn run(instance: &Instance, command: Connections, json: bool) -> Result<ExitCode> {
    match command {
        Connections::Add(add) => add_connection(instance, &add, json).await,
        Connections::Authorise { name } => allow::run(instance, &name, json).await,
        Connections::List => list(instance, json).await,
        Connections::Ping { name } => ping::run(instance, name.as_deref(), json).await,
        Connections::Remove { name } => {
            remove(instance, &name).await?;
            if json {
                output::json(&serde_json::json!({ "connection": name, "state": "removed" }));
            } else {
                println!("Connection {name}: removed, with its secrets.");
            }
            Ok(ExitCode::SUCCESS)
        }
    }
}

async fn remove(instance: &Instance, name: &str) -> Result<()> {
    let id = ConnectionId::new(name);
    let known = instance.store.connections().await?;
    if known.iter().all(|one| one.id != id) {
        return Err(unknown(name, &known));
    }
    let links = instance.store.links().await?;
    let using: Vec<&str> = links
        .iter()
        .filter(|link| link.erp == id || link.processor == id)
        .map(|link| link.id.as_str())
        .collect();
    if !using.is_empty() {
        return Err(Failure::usage(format!(
            "connection {name} is used by the link {}: take the link away first (links off, links remove)",
            using.join(", ")
        )));
    }
    let now = instance.clock.now();
    instance.store.remove_connection(&id, &instance.actor(), now).await?;
    Ok(())
}

/// The sentence for a connection that is not there, with those that are.
fn unknown(name: &str, known: &[Connection]) -> Failure {
    let names: Vec<&str> = known.iter().map(|one| one.id.as_str()).collect();
    Failure::usage(match names.as_slice() {
        [] => "there are no connections yet: ml-connector connections add …".to_owned(),
        [_, ..] => format!("there is no connection \"{name}\"; there are: {}", names.join(", ")),
    })
}

/// A system of the registry, whichever side it is on.
struct System {
    side: Side,
    slug: &'static str,
    name: &'static str,
    credentials: &'static [Field],
    settings: &'static [Field],
    /// The setting that is the account's address.
    address: Option<&'static str>,
    guide: &'static str,
    prepare: Option<Prepare>,
}

fn system(slug: &str) -> Result<System> {
    let erp = registry::erps().iter().map(|entry| System {
        side: Side::Erp,
        slug: entry.slug,
        name: entry.name,
        credentials: entry.credentials,
        settings: entry.settings,
        address: entry.address,
        guide: entry.guide,
        prepare: entry.prepare,
    });
    let processors = registry::processors().iter().map(|entry| System {
        side: Side::Processor,
        slug: entry.slug,
        name: entry.name,
        credentials: entry.credentials,
        settings: entry.settings,
        address: None,
        guide: entry.guide,
        prepare: entry.prepare,
    });
    let all: Vec<System> = erp.chain(processors).collect();
    let known: Vec<&str> = all.iter().map(|system| system.slug).collect();
    let known = known.join(", ");
    all.into_iter()
        .find(|system| system.slug == slug)
        .ok_or_else(|| Failure::usage(format!("there is no system \"{slug}\"; there are: {known}")))
}

/// What each system asks for, for the help.
#[must_use]
pub fn systems() -> String {
    let erps = registry::erps().iter();
    let erps = erps.map(|one| (one.slug, one.name, [one.settings, one.credentials].concat()));
    let processors = registry::processors().iter();
    let processors =
        processors.map(|one| (one.slug, one.name, [one.settings, one.credentials].concat()));
    let mut text = "What each system takes:".to_owned();
    for (slug, name, fields) in erps.chain(processors) {
        text.push_str(&format!("\n\n{slug} ({name})"));
        for field in fields {
            let option = if field.secret { "--secret" } else { "--set" };
            let need = if field.required { "" } else { " (optional)" };
            text.push_str(&format!("\n  {option} {}=…{need}\n", field.name));
            text.push_str(&output::paragraph("      ", field.help));
        }
    }
    text
}

async fn add_connection(instance: &Instance, add: &AddConnection, json: bool) -> Result<ExitCode> {
    let system = system(&add.system)?;
    check_name(&add.name)?;
    let id = ConnectionId::new(add.name.as_str());
    let stored = instance.store.connections().await?;
    let before = stored.into_iter().find(|connection| connection.id == id);
    if let Some(before) = &before
        && before.system != system.slug
    {
        return Err(Failure::usage(format!(
            "\"{id}\" is a connection to {} already",
            before.system
        )));
    }
    let mut settings =
        before.as_ref().map_or_else(BTreeMap::new, |connection| connection.settings.clone());
    for (name, value) in pairs(&add.settings, "--set")? {
        known(&system, &name, false)?;
        // Nothing after the sign takes the setting away, so that its default holds again.
        match value.trim() {
            "" => settings.remove(&name),
            _ => settings.insert(name, value),
        };
    }
    let mut secrets = Vec::new();
    for (name, source) in pairs(&add.secrets, "--secret")? {
        known(&system, &name, true)?;
        let secret = read_secret(&name, &source)?;
        if secret.expose_secret().trim().is_empty() {
            return Err(Failure::usage(format!(
                "--secret {name}={source}: nothing is in it; what is stored stays as it was"
            )));
        }
        secrets.push((name, secret));
    }
    for name in settings.keys() {
        known(&system, name, false)?;
    }
    let now = instance.clock.now();
    let mut made = None;
    let has_secrets = match &before {
        Some(_) => !instance.store.secrets(&id).await?.is_empty(),
        None => !secrets.is_empty(),
    };
    if let Some(prepare) = system.prepare.filter(|_| !has_secrets) {
        let prepared = prepare(&add.name, now)
            .map_err(|why| Failure::Failed(format!("keys could not be made: {why}")))?;
        secrets.extend(prepared.secrets);
        made = Some(prepared.show);
    }
    let connection = merged(add, &system, before.as_ref(), settings, now);
    one_address(add, &system, &connection)?;
    check(instance, &connection, before.as_ref(), &secrets).await?;
    instance.store.put_connection(&connection, &secrets, &instance.actor(), now).await?;
    instance.reconnect().await?;
    say_added(instance, &system, &connection, made, json).await
}

/// What was entered over what was known.
fn merged(
    add: &AddConnection,
    system: &System,
    before: Option<&Connection>,
    settings: BTreeMap<String, String>,
    now: Timestamp,
) -> Connection {
    // A host that was allowed says nothing of another one.
    let moved = add.url.is_some() && add.url.as_ref() != before.and_then(|one| one.url.as_ref());
    let allowed_before = before.is_some_and(|one| one.allow_host) && !moved;
    Connection {
        id: ConnectionId::new(add.name.as_str()),
        side: system.side,
        system: system.slug.to_owned(),
        account: before.and_then(|connection| connection.account.clone()),
        production: before.and_then(|connection| connection.production),
        url: add.url.clone().or(before.and_then(|connection| connection.url.clone())),
        allow_host: add.allow_host || allowed_before,
        settings,
        created_at: before.map_or(now, |connection| connection.created_at),
    }
}

/// The address given with `--url` is the one that is used: a setting that names another would be stored
/// and change nothing.
fn one_address(add: &AddConnection, system: &System, connection: &Connection) -> Result<()> {
    let (Some(name), Some(used)) = (system.address, &connection.url) else { return Ok(()) };
    let entered = pairs(&add.settings, "--set")?.into_iter().rfind(|(one, _)| one == name);
    let Some((_, value)) = entered.filter(|(_, value)| !value.trim().is_empty()) else {
        return Ok(());
    };
    if same_address(used, &value) {
        return Ok(());
    }
    let id = &connection.id;
    Err(Failure::usage(format!(
        "--set {name}={value} would change nothing: connection {id} uses the address given with --url, \
         {used}. To move it, give that address with --url (and --allow-host where it is none of the \
         vendor's hosts); to go by {name}, remove the connection and add it without --url"
    )))
}

/// Both lead to one place. The address apart may leave the path to the setting.
fn same_address(used: &str, named: &str) -> bool {
    let parse = |text: &str| url::Url::parse(text.trim()).ok();
    let (Some(used), Some(named)) = (parse(used), parse(named)) else { return false };
    let path = |url: &url::Url| url.path().trim_end_matches('/').to_owned();
    used.origin() == named.origin() && (path(&used).is_empty() || path(&used) == path(&named))
}

/// What was stored, what to upload, what is missing, and the next step.
async fn say_added(
    instance: &Instance,
    system: &System,
    connection: &Connection,
    made: Option<String>,
    json: bool,
) -> Result<ExitCode> {
    let id = &connection.id;
    let missing = missing_fields(instance, system, connection).await?;
    let webhook = instance.config.webhook_url(id.as_str());
    if json {
        output::json(&serde_json::json!({
            "connection": id, "system": system.slug, "upload": made, "missing": missing,
            "webhook_url": (system.side == Side::Processor).then_some(&webhook),
        }));
        return Ok(ExitCode::SUCCESS);
    }
    println!("{} connection \"{id}\" is stored; its secrets are sealed.", system.name);
    if let Some(show) = made {
        println!("\n{show}");
    }
    if system.side == Side::Processor {
        println!("\nDeliveries of this account go to {webhook}");
    }
    println!("\n{}", system.guide);
    if !missing.is_empty() {
        println!("\nStill missing: {}. Give them with the same command.", missing.join(", "));
    }
    let allow = missing.is_empty()
        && !instance.store.secrets(id).await?.iter().any(|(name, _)| name == "tokens")
        && matches!(authorisation(&instance.wiring(), connection).await, Ok(Some(_)));
    let next = if allow { "authorise" } else { "ping" };
    println!("\nNext: ml-connector connections {next} {id}");
    Ok(ExitCode::SUCCESS)
}

/// Refuses what can not be connected as entered, before anything is stored.
async fn check(
    instance: &Instance,
    connection: &Connection,
    before: Option<&Connection>,
    entered: &[(String, SecretString)],
) -> Result<()> {
    let stored = match before {
        Some(_) => instance.store.secrets(&connection.id).await?,
        None => Vec::new(),
    };
    let secrets = stored.into_iter().chain(entered.iter().cloned()).collect();
    let port = crate::connect::entered(&instance.wiring(), connection, secrets)?;
    match (port, before) {
        (Some(port), Some(before)) if before.account.is_some() => {
            same_account(&port, connection, before).await
        }
        (Some(_) | None, Some(_) | None) => Ok(()),
    }
}

/// A connection in use never turns to another account: what is open for the first would be done in
/// the second. Credentials that are refused can do no harm and may be stored.
async fn same_account(port: &Port, connection: &Connection, before: &Connection) -> Result<()> {
    match port.check_health_once().await {
        Ok(health) => check_account(before, &account_of(connection, &health)),
        Err(PortError::Unauthorised(_)) => Ok(()),
        Err(_) if connection.url == before.url && connection.settings == before.settings => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn account_of(connection: &Connection, health: &Health) -> AccountId {
    AccountId::new(format!("{}:{}", connection.system, health.account))
}

fn check_account(connection: &Connection, account: &AccountId) -> Result<()> {
    match &connection.account {
        Some(before) if before != account => Err(Failure::usage(format!(
            "connection {} was {before} and answers as {account} now; add the other account under a \
             name of its own",
            connection.id,
        ))),
        Some(_) | None => Ok(()),
    }
}

/// Names stand in paths and in the ERP's fields.
pub fn check_name(name: &str) -> Result<()> {
    let fits = !name.is_empty()
        && name.len() <= 40
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    if fits {
        Ok(())
    } else {
        Err(Failure::usage(format!(
            "\"{name}\" can not be a name: use up to 40 letters, digits, - and _"
        )))
    }
}

fn pairs(list: &[String], option: &str) -> Result<Vec<(String, String)>> {
    list.iter()
        .map(|pair| {
            pair.split_once('=')
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .ok_or_else(|| Failure::usage(format!("{option} \"{pair}\": write NAME=VALUE")))
        })
        .collect()
}

/// All fields of the system that are secret, or all that are not.
fn fields(system: &System, secret: bool) -> impl Iterator<Item = &'static Field> {
    let all = system.credentials.iter().chain(system.settings);
    all.filter(move |field| field.secret == secret)
}

fn known(system: &System, name: &str, secret: bool) -> Result<()> {
    if fields(system, secret).any(|field| field.name == name) {
        return Ok(());
    }
    let what = if secret { "secret" } else { "setting" };
    let names: Vec<String> = fields(system, secret)
        .map(|field| format!("  {:<26} {}", field.name, field.help))
        .collect();
    Err(Failure::usage(format!("there is no {what} \"{name}\"; there are:\n{}", names.join("\n"))))
}

/// Secrets come from the environment, a file or standard input, never from the command line.
fn read_secret(name: &str, source: &str) -> Result<SecretString> {
    let trimmed = |text: String| SecretString::from(text.trim_end_matches(['\r', '\n']).to_owned());
    if let Some(variable) = source.strip_prefix("env:") {
        return std::env::var(variable).map(trimmed).map_err(|_| {
            Failure::usage(format!(
                "--secret {name}: the environment variable {variable} is not set"
            ))
        });
    }
    if let Some(path) = source.strip_prefix("file:") {
        return std::fs::read_to_string(path)
            .map(trimmed)
            .map_err(Failure::file(format!("--secret {name}: the file {path}")));
    }
    if source == "-" {
        let mut text = String::new();
        let mut input = std::io::stdin();
        let read = if input.is_terminal() {
            eprintln!("{name}, then Enter:");
            input.read_line(&mut text)
        } else {
            input.read_to_string(&mut text)
        };
        read.map_err(Failure::file(format!("--secret {name}: standard input")))?;
        return Ok(trimmed(text));
    }
    Err(Failure::usage(format!(
        "--secret {name}: write {name}=env:VARIABLE, {name}=file:PATH or {name}=- , not the secret"
    )))
}

async fn missing_fields(
    instance: &Instance,
    system: &System,
    connection: &Connection,
) -> Result<Vec<String>> {
    let secrets = instance.store.secrets(&connection.id).await?;
    let without_secret = fields(system, true)
        .filter(|field| field.required)
        .filter(|field| !secrets.iter().any(|(name, _)| name == field.name))
        .map(|field| format!("--secret {}=…", field.name));
    let without_setting = fields(system, false)
        .filter(|field| field.required && !connection.settings.contains_key(field.name))
        .map(|field| format!("--set {}=…", field.name));
    Ok(without_setting.chain(without_secret).collect())
}

async fn list(instance: &Instance, json: bool) -> Result<ExitCode> {
    let connections = instance.store.connections().await?;
    if json {
        output::json(&connections);
        return Ok(ExitCode::SUCCESS);
    }
    let rows = connections
        .into_iter()
        .map(|connection| {
            let account = connection.account.map_or("not pinged yet".to_owned(), |a| a.to_string());
            let place = match connection.production {
                Some(true) => "production",
                Some(false) => "sandbox",
                None => "",
            };
            let url = connection.url.unwrap_or_default();
            vec![connection.id.to_string(), connection.system, account, place.to_owned(), url]
        })
        .collect();
    output::table(
        &["name", "system", "account", "environment", "url"],
        rows,
        "No connections yet: ml-connector connections add …",
    );
    Ok(ExitCode::SUCCESS)
}
