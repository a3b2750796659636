//! Values of the configuration that are more than their type says: refused while the file is read, so
//! that the error names its line.

use std::net::ToSocketAddrs;

use serde::de::Error;
use serde::{Deserialize, Deserializer};
use tracing_subscriber::EnvFilter;

/// The shortest lease: longer than any request's deadline, with room for a late answer.
const LEASE_SECONDS_MIN: u32 = 120;

/// The longest lease: a killed worker's cases wait for it on other machines.
const LEASE_SECONDS_MAX: u32 = 3_600;

pub fn lease_seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    let seconds = u32::deserialize(deserializer)?;
    if (LEASE_SECONDS_MIN..=LEASE_SECONDS_MAX).contains(&seconds) {
        return Ok(seconds);
    }
    Err(D::Error::custom(format!(
        "lease_seconds is {seconds}: from {LEASE_SECONDS_MIN} to {LEASE_SECONDS_MAX}, longer than any \
         request takes"
    )))
}

pub fn batch<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    let cases = u32::deserialize(deserializer)?;
    if (1..=10_000).contains(&cases) {
        return Ok(cases);
    }
    Err(D::Error::custom(format!("batch is {cases}: from 1 to 10000 cases")))
}

pub fn concurrency<'de, D: Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
    let cases = usize::deserialize(deserializer)?;
    if (1..=1_000).contains(&cases) {
        return Ok(cases);
    }
    Err(D::Error::custom(format!("concurrency is {cases}: from 1 to 1000 cases")))
}

pub fn level<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let level = String::deserialize(deserializer)?;
    let words = ["off", "error", "warn", "info", "debug", "trace"];
    // A bare word that is no level would be taken for the name of a module.
    let bare = !level.contains(['=', ',']);
    let known = words.contains(&level.to_lowercase().as_str());
    if (!bare || known) && EnvFilter::try_new(&level).is_ok() {
        return Ok(level);
    }
    Err(D::Error::custom(format!(
        "level is \"{level}\": one of {}, or a filter like \"engine=debug,info\"",
        words.join(", ")
    )))
}

pub fn listen<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let listen = String::deserialize(deserializer)?;
    match listen.to_socket_addrs() {
        Ok(_) => Ok(listen),
        Err(_) => Err(D::Error::custom(format!(
            "listen is \"{listen}\": an address of this machine and a port, like \"127.0.0.1:8400\""
        ))),
    }
}

pub fn public_url<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let Some(text) = Option::<String>::deserialize(deserializer)? else { return Ok(None) };
    match url::Url::parse(&text) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Ok(Some(text)),
        Ok(_) | Err(_) => Err(D::Error::custom(format!(
            "public_url is \"{text}\": a whole address like \"https://connector.example.com\""
        ))),
    }
}
