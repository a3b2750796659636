//! Injected faults: which requests they strike, how often, and what was struck so far.

use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// How a struck request ends.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum FaultKind {
    /// An error answer without any effect: 401, 403, 409, 429, 500 or 503.
    Status { status: u16 },
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
    /// A user-event script refuses the save of `record` with this text.
    Reject { record: String, text: String },
    /// A form makes a field of `record` mandatory.
    MandatoryField { record: String, field: String },
    /// `RCRD_HAS_BEEN_CHANGED` on a PATCH.
    RecordChanged,
}

impl FaultKind {
    /// The name under which strikes are counted.
    fn name(&self) -> String {
        match self {
            FaultKind::Status { status } => format!("status_{status}"),
            FaultKind::TimeoutBefore => "timeout_before".to_owned(),
            FaultKind::TimeoutAfterWrite => "timeout_after_write".to_owned(),
            FaultKind::ResetBefore => "reset_before".to_owned(),
            FaultKind::ResetAfter => "reset_after".to_owned(),
            FaultKind::LateCommit { .. } => "late_commit".to_owned(),
            FaultKind::Reject { .. } => "reject".to_owned(),
            FaultKind::MandatoryField { .. } => "mandatory_field".to_owned(),
            FaultKind::RecordChanged => "record_changed".to_owned(),
        }
    }
}

/// One rule: it skips `after` matching requests, then strikes `times` of them.
#[derive(Debug, Clone, Deserialize)]
pub struct Fault {
    #[serde(flatten)]
    pub kind: FaultKind,
    /// HTTP method it strikes; absent: any.
    #[serde(default)]
    pub method: Option<String>,
    /// Text that the path contains, whatever the letter case; absent: any.
    #[serde(default)]
    pub path: Option<String>,
    #[serde(default)]
    pub after: u32,
    /// Absent: strikes until cleared (for `reject`, `mandatory_field`) or once (for the others).
    #[serde(default)]
    pub times: Option<u32>,
}

/// All faults of the account.
#[derive(Debug, Default)]
pub struct Faults {
    rules: Vec<Fault>,
    pub struck: BTreeMap<String, u64>,
    /// Minutes by which SuiteQL lags behind the records.
    pub stale_minutes: i64,
}

impl Faults {
    /// Adds a rule.
    pub fn add(&mut self, mut fault: Fault) {
        let standing =
            matches!(fault.kind, FaultKind::Reject { .. } | FaultKind::MandatoryField { .. });
        if fault.times.is_none() && !standing {
            fault.times = Some(1);
        }
        self.rules.push(fault);
    }

    /// Drops all rules and the lag; the counts stay.
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

    /// The transport fault that strikes this request, if any.
    pub fn on_request(&mut self, method: &str, path: &str) -> Option<FaultKind> {
        let path = path.to_lowercase();
        self.strike(|rule| {
            !matches!(
                rule.kind,
                FaultKind::Reject { .. }
                    | FaultKind::MandatoryField { .. }
                    | FaultKind::RecordChanged
            ) && rule.method.as_ref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(method))
                && rule.path.as_ref().is_none_or(|wanted| path.contains(&wanted.to_lowercase()))
        })
    }

    /// The text with which a user-event script refuses to save this record type.
    pub fn on_save(&mut self, record: &str) -> Option<String> {
        let struck = self.strike(|rule| {
            matches!(&rule.kind, FaultKind::Reject { record: wanted, .. }
                if wanted.eq_ignore_ascii_case(record))
        });
        match struck {
            Some(FaultKind::Reject { text, .. }) => Some(text),
            _ => None,
        }
    }

    /// Whether a save of this record type collides with another one.
    pub fn on_change(&mut self, path: &str) -> bool {
        let path = path.to_lowercase();
        self.strike(|rule| {
            rule.kind == FaultKind::RecordChanged
                && rule.path.as_ref().is_none_or(|wanted| path.contains(&wanted.to_lowercase()))
        })
        .is_some()
    }

    /// Names of the fields that forms made mandatory on a record type.
    pub fn mandatory(&self, record: &str) -> Vec<String> {
        let field_of = |rule: &Fault| match &rule.kind {
            FaultKind::MandatoryField { record: wanted, field }
                if wanted.eq_ignore_ascii_case(record) =>
            {
                Some(field.clone())
            }
            _ => None,
        };
        self.rules.iter().filter_map(field_of).collect()
    }

    /// What was struck, and what still waits.
    pub fn report(&self) -> Value {
        let waiting: Vec<String> = self.rules.iter().map(|rule| rule.kind.name()).collect();
        json!({ "struck": self.struck, "waiting": waiting, "stale_minutes": self.stale_minutes })
    }
}
