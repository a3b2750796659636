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
    /// Nothing was found wrong.
    pub ok: bool,
    /// False: no harmless request can prove it, and the advice says how a person looks.
    pub checked: bool,
    /// What is wrong and what to do; may be empty when ok.
    pub advice: String,
}

impl HealthCheck {
    /// It was proved.
    #[must_use]
    pub fn passed(name: impl Into<String>) -> HealthCheck {
        HealthCheck::noted(name, "")
    }

    /// It was proved, and there is something to know besides.
    #[must_use]
    pub fn noted(name: impl Into<String>, advice: impl Into<String>) -> HealthCheck {
        HealthCheck { name: name.into(), ok: true, checked: true, advice: advice.into() }
    }

    /// It is missing or wrong; the advice says what to do.
    #[must_use]
    pub fn failed(name: impl Into<String>, advice: impl Into<String>) -> HealthCheck {
        HealthCheck { name: name.into(), ok: false, checked: true, advice: advice.into() }
    }

    /// It could not be looked at; the advice says how a person does.
    #[must_use]
    pub fn not_checked(name: impl Into<String>, how: impl Into<String>) -> HealthCheck {
        HealthCheck { name: name.into(), ok: true, checked: false, advice: how.into() }
    }
}

impl Health {
    #[must_use]
    pub fn ok(&self) -> bool {
        self.checks.iter().all(|check| check.ok)
    }
}
