//! A link's policy from what a person wrote: a file of TOML, and single values on the command line.
//! What can not be taken is named with its key, what was given, and an example of what can.

mod wanted;

use std::path::Path;

use model::policy::Policy;
use serde::Deserialize;

use crate::failure::{Failure, Result};
use wanted::{WANTED, wanted_by};

/// A policy of the file, or the default one, with these values changed.
pub fn read(file: Option<&Path>, settings: &[String]) -> Result<Policy> {
    let policy = match file {
        None => Policy::default(),
        Some(path) => {
            let text = std::fs::read_to_string(path)
                .map_err(Failure::file(format!("--policy {}", path.display())))?;
            toml::from_str(&text).map_err(|error| of_file(path, &text, &error))?
        }
    };
    changed(&policy, settings)
}

fn of_file(path: &Path, text: &str, error: &toml::de::Error) -> Failure {
    let start = error.span().map_or(0, |span| span.start.min(text.len()));
    let line = text.as_bytes()[..start].iter().filter(|byte| **byte == b'\n').count() + 1;
    let written = text.lines().nth(line - 1).unwrap_or_default().trim();
    Failure::usage(format!(
        "--policy {}, line {line}: {} (the line says: {written}); \"links show\" prints a policy with \
         every key",
        path.display(),
        error.message()
    ))
}

pub fn to_toml(policy: &Policy) -> Result<String> {
    toml::to_string_pretty(policy).map_err(|error| Failure::Failed(error.to_string()))
}

/// One `KEY=VALUE` as it was given.
struct Setting<'a> {
    whole: &'a str,
    key: Vec<String>,
    value: &'a str,
}

impl<'a> Setting<'a> {
    fn parse(whole: &'a str) -> Result<Setting<'a>> {
        let refused = |why: &str| Failure::usage(format!("\"{whole}\": {why}"));
        let (key, value) = whole
            .split_once('=')
            .ok_or_else(|| refused("write KEY=VALUE, for example post_on=paid_out"))?;
        let (key, value) = (key.trim(), value.trim());
        let path = toml::from_str::<toml::Table>(&format!("{key} = 0")).ok();
        let path = path.as_ref().and_then(only_path).ok_or_else(|| {
            refused(&format!(
                "\"{key}\" can not be a key; parts of a key are joined by dots, as in accounts.fees"
            ))
        })?;
        Ok(Setting { whole, key: path, value })
    }

    /// What the value may mean, the likeliest first: TOML, plain text, a list of words.
    fn meanings(&self) -> Vec<toml::Value> {
        let document = toml::from_str::<toml::Table>(&format!("v = {}", self.value)).ok();
        // More than one value would be more than this key.
        let toml = document.filter(|all| all.len() == 1).and_then(|mut all| all.remove("v"));
        let text = || toml::Value::String(self.value.to_owned());
        let listed = self.key == ["currencies"];
        match toml {
            Some(toml::Value::Table(table)) => vec![toml::Value::Table(table)],
            // It would be taken for the members of a table, in their order.
            Some(toml::Value::Array(_)) if !listed => Vec::new(),
            toml if listed => {
                let words = self.value.trim_start_matches('[').trim_end_matches(']').split(',');
                let words = words.map(|word| toml::Value::String(word.trim().to_owned())).collect();
                toml.into_iter().chain([toml::Value::Array(words)]).collect()
            }
            toml => toml.into_iter().chain([text()]).collect(),
        }
    }

    /// The value under its key, as a document of its own.
    fn placed(&self, value: toml::Value) -> toml::Table {
        let mut value = value;
        for part in self.key.iter().skip(1).rev() {
            value = toml::Value::Table([(part.clone(), value)].into_iter().collect());
        }
        self.key.first().map(|first| (first.clone(), value)).into_iter().collect()
    }

    /// The sentence for a value that no meaning of can be taken.
    fn refusal(&self, message: &str) -> Failure {
        let key = self.key.join(".");
        if let Some(rest) = message.strip_prefix("unknown field ") {
            return Failure::usage(format!(
                "\"{}\": no policy has a key \"{key}\"; {}",
                self.whole,
                rest.split_once(", ").map_or(rest, |(_, expected)| expected)
            ));
        }
        let known = ["invalid type", "invalid value", "unknown variant", "missing field", "wanted"];
        let more = if known.iter().any(|start| message.starts_with(start)) {
            String::new()
        } else {
            format!(" ({message})")
        };
        Failure::usage(match wanted_by(&self.key) {
            Some(one) => format!(
                "{key} can not be \"{}\"{more}: it wants {}; for example: {}",
                self.value, one.what, one.example
            ),
            None => format!("{key} can not be \"{}\": {message}", self.value),
        })
    }
}

/// The one chain of keys of a document with a single value.
fn only_path(document: &toml::Table) -> Option<Vec<String>> {
    let mut path = Vec::new();
    let mut table = document;
    loop {
        let mut entries = table.iter();
        let (Some((key, value)), None) = (entries.next(), entries.next()) else { return None };
        path.push(key.clone());
        match value {
            toml::Value::Table(inner) => table = inner,
            _ => return Some(path),
        }
    }
}

/// Sets `a.b=VALUE`; the value is TOML, or plain text where the key wants text or a day. Nothing after
/// the `=` takes the value away, so that the default holds again.
pub fn changed(policy: &Policy, settings: &[String]) -> Result<Policy> {
    let mut document: toml::Table =
        toml::from_str(&to_toml(policy)?).map_err(|error| Failure::Failed(error.to_string()))?;
    // The newest value that asks for another key beside it, which may come yet.
    let mut incomplete: Option<(Setting<'_>, String)> = None;
    for whole in settings {
        let setting = Setting::parse(whole)?;
        if setting.value.is_empty() {
            let path = setting.placed(toml::Value::Integer(0));
            if let Some(why) = unknown(&document, &path) {
                return Err(setting.refusal(&why));
            }
            unset(&mut document, &path);
            continue;
        }
        match taken(&document, &setting)? {
            (merged, None) => document = merged,
            (merged, Some(missing)) => {
                document = merged;
                incomplete = Some((setting, missing));
            }
        }
    }
    match (Policy::deserialize(toml::Value::Table(document)), incomplete) {
        (Ok(policy), _) => Ok(policy),
        (Err(_), Some((setting, missing))) => Err(Failure::usage(format!(
            "\"{}\": {missing} beside it; set both by one command{}",
            setting.whole,
            wanted_by(&setting.key).map_or_else(String::new, |one| {
                let parent = setting.key.first().map(String::as_str).unwrap_or_default();
                let whole = WANTED.iter().find(|other| other.key == parent).unwrap_or(one);
                format!("; for example: {}", whole.example)
            })
        ))),
        (Err(error), None) => {
            Err(Failure::usage(format!("{}: {}", settings.join(" "), error.message())))
        }
    }
}

/// The document with the setting in it, by the first meaning that can be taken; also what is still
/// missing beside it.
fn taken(document: &toml::Table, setting: &Setting<'_>) -> Result<(toml::Table, Option<String>)> {
    let mut why = None;
    for value in setting.meanings() {
        let mut tried = document.clone();
        merge(&mut tried, setting.placed(value));
        match Policy::deserialize(toml::Value::Table(tried.clone())) {
            Ok(_) => return Ok((tried, None)),
            Err(error) if error.message().starts_with("missing field") => {
                return Ok((tried, Some(error.message().to_owned())));
            }
            Err(error) => {
                let message = error.message().to_owned();
                // A meaning of the right type says more of what is wrong than one of another.
                if why.as_ref().is_none_or(|known: &String| known.starts_with("invalid type")) {
                    why = Some(message);
                }
            }
        }
    }
    Err(setting.refusal(&why.unwrap_or_else(|| "wanted otherwise".to_owned())))
}

/// A key that no policy has is told by the policy itself.
fn unknown(document: &toml::Table, path: &toml::Table) -> Option<String> {
    let mut tried = document.clone();
    merge(&mut tried, path.clone());
    let error = Policy::deserialize(toml::Value::Table(tried)).err()?;
    error.message().starts_with("unknown field").then(|| error.message().to_owned())
}

/// Takes away what the path leads to, and the tables that are empty then.
fn unset(from: &mut toml::Table, path: &toml::Table) {
    for (key, rest) in path {
        if let (Some(toml::Value::Table(inner)), toml::Value::Table(rest)) =
            (from.get_mut(key), rest)
        {
            unset(inner, rest);
            if !inner.is_empty() {
                continue;
            }
        } else if rest.is_table() {
            continue;
        }
        from.remove(key);
    }
}

/// Tables are merged member by member; anything else replaces what was there.
fn merge(into: &mut toml::Table, from: toml::Table) {
    for (key, value) in from {
        match (into.get_mut(&key), value) {
            (Some(toml::Value::Table(inner)), toml::Value::Table(more)) => merge(inner, more),
            (_, value) => {
                into.insert(key, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(settings: &[&str], expected: std::result::Result<fn(&Policy) -> bool, &str>) {
        let settings: Vec<String> = settings.iter().map(|one| (*one).to_owned()).collect();
        match (changed(&Policy::default(), &settings), expected) {
            (Ok(policy), Ok(holds)) => assert!(holds(&policy), "{settings:?}: {policy:?}"),
            (Err(error), Err(part)) => {
                assert!(error.to_string().contains(part), "{settings:?}: {error}");
            }
            (got, _) => panic!("{settings:?}: {got:?}"),
        }
    }

    fn fees(policy: &Policy) -> &str {
        policy.accounts.fees.as_ref().map_or("", |account| account.as_str())
    }

    #[test]
    fn policy_values_are_set_by_key() {
        check(&["post_on=confirmed"], Ok(|p| p.post_on == model::policy::PostOn::Confirmed));
        check(&["accounts.fees=\"640\""], Ok(|p| fees(p) == "640"));
        check(
            &["accounts.banks.GBP.account=\"210\""],
            Ok(|p| p.accounts.banks.contains_key("GBP")),
        );
        check(&["currencies=[\"GBP\", \"EUR\"]"], Ok(|p| p.currencies.len() == 2));
        check(&["retries.count=1"], Ok(|p| p.retries.count == 1));
        let rates = ["exchange.fixed.base=GBP", "exchange.fixed.rates.EUR.\"2026-03\"=\"0.85\""];
        check(&rates, Ok(|p| p.exchange != model::policy::Exchange::ErpRate));
    }

    #[test]
    fn text_and_days_need_no_quotes() {
        check(
            &["cut_over_on=2026-04-01"],
            Ok(|p| p.cut_over_on == Some(jiff::civil::date(2026, 4, 1))),
        );
        check(&["cut_over_on=\"2026-04-01\""], Ok(|p| p.cut_over_on.is_some()));
        check(&["accounts.fees=640"], Ok(|p| fees(p) == "640"));
        check(&["accounts.fees=0640"], Ok(|p| fees(p) == "0640"));
        check(&["accounts.fees=1e3"], Ok(|p| fees(p) == "1e3"));
        check(&["accounts.fees=true"], Ok(|p| fees(p) == "true"));
        check(&["poll_cron=0 9 * * 1-5"], Ok(|p| p.poll_cron.as_deref() == Some("0 9 * * 1-5")));
        let rates = ["exchange.fixed.rates.EUR.2026-03=0.85", "exchange.fixed.base=GBP"];
        check(
            &rates,
            Ok(|p| {
                p.exchange
                    .rate(model::money::Currency::EUR, jiff::civil::date(2026, 3, 9))
                    .is_ok_and(|rate| rate.is_some())
            }),
        );
        let bank = ["accounts.banks.GBP.subsidiary=2", "accounts.banks.GBP.account=210"];
        check(&bank, Ok(|p| p.accounts.banks.contains_key("GBP")));
        // A shell takes the quotes of a list away.
        check(&["currencies=[GBP, EUR]"], Ok(|p| p.currencies.len() == 2));
        check(&["currencies=GBP"], Ok(|p| p.currencies.len() == 1));
    }

    /// A wrong value for each key, and what the sentence says beside key, value and example.
    const WRONG: [(&str, &str); 36] = [
        ("mode=running", "off"),
        ("cut_over_on=2026-13-01", "a day, YYYY-MM-DD"),
        ("cut_over_on=soon", "a day, YYYY-MM-DD"),
        ("cut_over_on=20260401T1", "a day, YYYY-MM-DD"),
        ("collect=some", "flagged, overdue, all_open"),
        ("collect.due_within_days=-1", "whole number of days"),
        ("post_on=paid", "confirmed or paid_out"),
        ("closed_period=open", "hold or next_open"),
        ("accounts=640", "internal id"),
        ("accounts.fees=[1]", "internal id"),
        ("accounts.banks=210", "accounts.banks.GBP.account"),
        ("accounts.banks.GBP=210", "accounts.banks.GBP.account"),
        ("currencies=\"XXX\"", "list of currency codes"),
        ("currencies=[\"XXX\"]", "XXX"),
        ("currencies=pounds", "pounds"),
        ("amount_changed=ignore", "recreate_while_cancellable or alert"),
        ("foreign_payments=drop", "suspense or hold"),
        ("deposits=yes", "made or left_to_people"),
        ("reversals=bank", "from_bank or in_deposit"),
        ("after_chargeback=again", "leave_open"),
        ("after_chargeback.collect_after_days=ten", "whole number of days"),
        ("bounced=wait", "hold or reverse"),
        ("approval_pending=maybe", "collect or wait"),
        ("retries=3", "retries.count"),
        ("retries.count=three", "from 0 to 3"),
        ("retries.by_processor=yes", "true or false"),
        ("mandate_request=mail", "off or link"),
        ("bank_details_not_allowed=no", "link or hold"),
        ("limits.invoice_max=500", "limits.invoice_max.GBP"),
        ("limits.invoice_max.GBP=500.00", "minor units"),
        ("limits.run_count_max=99999999999", "whole number"),
        ("exchange=daily", "erp_rate"),
        ("exchange.fixed.base=POUND", "base currency"),
        ("exchange.fixed.rates=0.85", "by currency and month"),
        ("payment_reference=maybe", "true or false"),
        ("poll_seconds=1m", "whole number of seconds"),
    ];

    #[test]
    fn a_wrong_value_is_answered_with_key_value_and_example() {
        for (setting, part) in WRONG {
            let (key, value) = setting.split_once('=').unwrap();
            let error = changed(&Policy::default(), &[setting.to_owned()]).unwrap_err().to_string();
            for expected in [key, value, "for example: ", part] {
                assert!(error.contains(expected), "{setting}: {error:?} lacks {expected:?}");
            }
        }
    }

    #[test]
    fn every_key_has_its_sentence() {
        let policy = serde_json::to_value(Policy::default()).unwrap();
        for key in policy.as_object().unwrap().keys() {
            let one = wanted_by(std::slice::from_ref(key));
            assert!(one.is_some_and(|one| one.example.contains(key)), "{key}");
        }
        for one in &WANTED {
            let refused = Setting { whole: "", key: vec!["x".to_owned()], value: "" };
            assert!(!refused.refusal("wanted otherwise").to_string().is_empty());
            let last = one.key.rsplit('.').next().unwrap();
            assert!(one.example.contains(last) || one.key == "limits", "{}", one.key);
        }
    }

    #[test]
    fn what_is_no_key_is_named() {
        check(&["nonsense=1"], Err("no policy has a key \"nonsense\"; expected one of `mode`"));
        check(&["accounts.nonsense=1"], Err("expected one of `undeposited`"));
        check(&["post_on"], Err("KEY=VALUE"));
        check(&["=1"], Err("can not be a key"));
        check(&["post on=1"], Err("can not be a key"));
        check(&["ä=1"], Err("can not be a key"));
        check(&["exchange.fixed.rates.EUR.2026-03=0.85"], Err("missing field `base`"));
        check(&["accounts.banks.GBP.subsidiary=2"], Err("missing field `account`"));
        // One setting sets one key.
        check(&["poll_seconds=5\nmode=\"on\""], Err("poll_seconds can not be"));
    }

    #[test]
    fn policy_values_are_taken_away_by_key() {
        check(&["post_on=confirmed", "post_on="], Ok(|p| *p == Policy::default()));
        let limit = "limits.invoice_max.GBP=500";
        check(&[limit, "limits.invoice_max.GBP="], Ok(|p| *p == Policy::default()));
        check(&[limit, "limits.invoice_max="], Ok(|p| *p == Policy::default()));
        check(
            &[limit, "limits.invoice_max.EUR=700", "limits.invoice_max.GBP="],
            Ok(|p| p.limits.invoice_max.len() == 1),
        );
        let bank = "accounts.banks.GBP.account=\"210\"";
        check(&[bank, "accounts.banks.GBP="], Ok(|p| *p == Policy::default()));
        check(&[bank, "accounts.banks.GBP.account="], Ok(|p| *p == Policy::default()));
        check(&["accounts.fees="], Ok(|p| *p == Policy::default()));
        check(&["poll_cron="], Ok(|p| *p == Policy::default()));
        check(&["nonsense="], Err("nonsense"));
        check(&["limits.nonsense="], Err("nonsense"));
    }

    #[test]
    fn a_file_that_can_not_be_read_names_its_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("policy.toml");
        for (text, parts) in [
            ("post_on = \"confirmed\"\npoll_seconds = \"often\"\n", ["line 2", "poll_seconds"]),
            ("\n\nnonsense = 1\n", ["line 3", "nonsense"]),
            ("post_on = \n", ["line 1", "post_on"]),
            ("ä\n", ["line 1", "ä"]),
        ] {
            std::fs::write(&path, text).unwrap();
            let error = read(Some(&path), &[]).unwrap_err().to_string();
            for part in parts {
                assert!(error.contains(part), "{text:?}: {error:?} lacks {part:?}");
            }
        }
        let missing = folder.path().join("missing.toml");
        assert!(read(Some(&missing), &[]).unwrap_err().to_string().contains("missing.toml"));
    }
}
