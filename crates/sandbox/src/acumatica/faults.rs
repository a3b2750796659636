//! Injected faults: which requests they strike, how often, and what was struck so far.

use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// How a struck request ends.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum FaultKind {
    /// An error answer without any effect.
    Status { status: u16 },
    /// An HTML page with this status (a gateway, the custom error module).
    Html { status: u16 },
    /// 400 with this error code, as the token endpoint refuses (`invalid_grant` …).
    OauthError { error: String },
    /// 302 to the login page, as for a site that lost the sign-in.
    Redirect,
    /// 500 with the database's words for a deadlock.
    Deadlock,
    /// No answer, no effect.
    TimeoutBefore,
    /// The effect happens, the answer is lost.
    TimeoutAfterWrite,
    /// The connection breaks before the effect.
    ResetBefore,
    /// The connection breaks after the effect.
    ResetAfter,
    /// No answer; the effect happens `minutes` later.
    LateCommit { minutes: i64 },
    /// 200, and nothing was saved (acumatica sheet section 16, row 1).
    SilentLoss,
    /// A long operation ends in failure with this text.
    FailOperation { text: String },
    /// A customization refuses the save of an entity with this text.
    Reject { entity: String, text: String },
    /// "Another process has updated …" on a write.
    Collision,
}

impl FaultKind {
    /// The name under which strikes are counted.
    fn name(&self) -> String {
        match self {
            FaultKind::Status { status } => format!("status_{status}"),
            FaultKind::Html { status } => format!("html_{status}"),
            FaultKind::OauthError { .. } => "oauth_error".to_owned(),
            FaultKind::Redirect => "redirect".to_owned(),
            FaultKind::Deadlock => "deadlock".to_owned(),
            FaultKind::TimeoutBefore => "timeout_before".to_owned(),
            FaultKind::TimeoutAfterWrite => "timeout_after_write".to_owned(),
            FaultKind::ResetBefore => "reset_before".to_owned(),
            FaultKind::ResetAfter => "reset_after".to_owned(),
            FaultKind::LateCommit { .. } => "late_commit".to_owned(),
            FaultKind::SilentLoss => "silent_loss".to_owned(),
            FaultKind::FailOperation { .. } => "fail_operation".to_owned(),
            FaultKind::Reject { .. } => "reject".to_owned(),
            FaultKind::Collision => "collision".to_owned(),
        }
    }

    /// Whether it strikes a request as it comes in, and not something within its work.
    fn on_the_wire(&self) -> bool {
        use FaultKind::{Collision, FailOperation, Reject, SilentLoss};
        !matches!(self, SilentLoss | FailOperation { .. } | Reject { .. } | Collision)
    }
}

/// One rule: it skips `after` matching requests, then strikes `times` of them (once unless told).
#[derive(Debug, Clone, Deserialize)]
pub struct Fault {
    #[serde(flatten)]
    pub kind: FaultKind,
    /// HTTP method it strikes, or `write` for any that changes records; absent: any.
    #[serde(default)]
    pub method: Option<String>,
    /// Text that the path contains, whatever the letter case; absent: any.
    #[serde(default)]
    pub path: Option<String>,
    #[serde(default)]
    pub after: u32,
    #[serde(default)]
    pub times: Option<u32>,
}

/// All rules, and what they did.
#[derive(Debug, Default)]
pub struct Faults {
    rules: Vec<Fault>,
    struck: BTreeMap<String, u64>,
    /// Lists show the site as it was this many minutes ago.
    pub stale_minutes: i64,
}

impl Faults {
    /// Adds a rule.
    pub fn add(&mut self, mut fault: Fault) {
        if fault.times.is_none() && !matches!(fault.kind, FaultKind::Reject { .. }) {
            fault.times = Some(1);
        }
        self.rules.push(fault);
    }

    /// Drops all rules and the staleness; the counts stay.
    pub fn clear(&mut self) {
        self.rules.clear();
        self.stale_minutes = 0;
    }

    /// Counts a strike that no rule stands for.
    pub fn count(&mut self, name: &str) {
        *self.struck.entry(name.to_owned()).or_default() += 1;
    }

    fn strike(&mut self, wanted: impl Fn(&Fault) -> bool) -> Option<FaultKind> {
        for index in 0..self.rules.len() {
            let rule = &mut self.rules[index];
            if !wanted(rule) {
                continue;
            }
            if rule.after > 0 {
                rule.after -= 1;
                continue;
            }
            let kind = rule.kind.clone();
            if let Some(times) = &mut rule.times {
                *times = times.saturating_sub(1);
                if *times == 0 {
                    self.rules.remove(index);
                }
            }
            self.count(&kind.name());
            return Some(kind);
        }
        None
    }

    /// The fault that strikes this request on the wire, if any.
    pub fn on_request(&mut self, method: &str, path: &str) -> Option<FaultKind> {
        self.strike(|rule| rule.kind.on_the_wire() && fits(rule, method, path))
    }

    /// A fault within the work of a request: loss or collision of a write or an action.
    pub fn on_write(&mut self, method: &str, path: &str) -> Option<FaultKind> {
        self.strike(|rule| {
            matches!(rule.kind, FaultKind::SilentLoss | FaultKind::Collision)
                && fits(rule, method, path)
        })
    }

    /// The text with which a customization refuses to save this entity.
    pub fn on_save(&mut self, entity: &str) -> Option<String> {
        let struck = self.strike(|rule| {
            matches!(&rule.kind, FaultKind::Reject { entity: wanted, .. } if wanted == entity)
        });
        match struck {
            Some(FaultKind::Reject { text, .. }) => Some(text),
            _ => None,
        }
    }

    /// The text with which a long operation of this path fails.
    pub fn on_operation(&mut self, path: &str) -> Option<String> {
        let struck = self.strike(|rule| {
            matches!(rule.kind, FaultKind::FailOperation { .. }) && fits(rule, "POST", path)
        });
        match struck {
            Some(FaultKind::FailOperation { text }) => Some(text),
            _ => None,
        }
    }

    /// What was struck, and what still waits.
    pub fn report(&self) -> Value {
        let waiting: Vec<String> = self.rules.iter().map(|rule| rule.kind.name()).collect();
        json!({ "struck": self.struck, "waiting": waiting, "stale_minutes": self.stale_minutes })
    }
}

fn fits(rule: &Fault, method: &str, path: &str) -> bool {
    let path = path.to_lowercase();
    let signs_in = path.contains("/identity/") || path.contains("/entity/auth/");
    let of_method = |wanted: &String| {
        let write = wanted == "write" && method != "GET" && !signs_in;
        write || wanted.eq_ignore_ascii_case(method)
    };
    rule.method.as_ref().is_none_or(of_method)
        && rule.path.as_ref().is_none_or(|wanted| path.contains(&wanted.to_lowercase()))
}
