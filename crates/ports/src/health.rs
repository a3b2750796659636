//! What `ping` proves of a connection (mission row C2).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// The account as the system names it, without our slug.
    pub account: String,
    pub account_name: Option<String>,
    pub environment: Environment,
    /// The other side's clock, when it tells.
    pub server_time: Option<Timestamp>,
    /// Each thing checked, in a fixed order.
    pub checks: Vec<HealthCheck>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Environment {
    Production,
    Sandbox,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HealthCheck {
    /// What was checked ("permission TRAN_CUSTPYMT", "field custbody_…").
    pub name: String,
    pub ok: bool,
    /// What is wrong and what to do; empty when ok.
    pub advice: String,
}

impl Health {
    #[must_use]
    pub fn ok(&self) -> bool {
        self.checks.iter().all(|check| check.ok)
    }
}
