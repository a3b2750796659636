//! One method per kind of request. It knows paths, long operations and where errors stand, and
//! nothing of what the records mean (acumatica sheet sections 6 to 8).

use std::time::Duration;

use http::{HeaderName, HeaderValue, Method};
use jiff::SignedDuration;
use jiff::civil::Date;
use serde_json::Value;

use model::key::Key;
use ports::PortError;

use super::query::{Ask, all_of, any_of};
use super::refusal::Refusal;
use super::wire::{Body, parse_list, parse_one};
use crate::http::classify::{unreadable_read, words};
use crate::http::urls::encode;
use crate::http::{Answer, Call, HttpClient};

/// A long operation is asked after at first this soon, then ever later (acumatica sheet section 8).
const POLL_FIRST: Duration = Duration::from_millis(500);
const POLL_LAST: Duration = Duration::from_secs(5);
/// A long operation is waited for this long; its document is read again later.
const POLL_WAIT_MAX: SignedDuration = SignedDuration::from_secs(60);

/// How a write ended, when it was answered.
#[derive(Debug)]
pub enum Outcome<T> {
    Done(T),
    Refused(Refusal),
}

/// How a started action ended.
#[derive(Debug)]
pub enum Ended {
    /// Finished, or said to be: the document is read again anyway.
    Done,
    Refused(Refusal),
    /// Not finished in our time, or its operation was forgotten.
    Open(String),
}

/// The requests that the connector makes.
pub struct Client {
    http: HttpClient,
    /// `/entity/Default/24.200.001`.
    base: String,
    /// The path of the site's virtual directory, which Location headers begin with.
    site_path: String,
}

impl Client {
    #[must_use]
    pub fn new(http: HttpClient, endpoint: &str) -> Client {
        let site_path = http.settings().base_url.path().trim_end_matches('/').to_owned();
        Client { http, base: format!("/entity/{endpoint}"), site_path }
    }

    /// A record by its keys; `None`: it does not exist.
    pub async fn get(
        &self,
        entity: &str,
        keys: &[&str],
        ask: &Ask,
    ) -> Result<Option<Body>, PortError> {
        match self.try_get(entity, keys, ask).await? {
            Ok(body) => Ok(Some(body)),
            Err(refusal) if refusal.is_missing() => Ok(None),
            Err(refusal) => Err(refusal.into_error()),
        }
    }

    /// A record by its keys, or the refusal.
    pub async fn try_get(
        &self,
        entity: &str,
        keys: &[&str],
        ask: &Ask,
    ) -> Result<Result<Body, Refusal>, PortError> {
        let path = match self.path_of(entity, keys).await? {
            Ok(path) => path,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let answer = self.http.send(Call::get(format!("{path}{}", ask.query()))).await?;
        if !answer.status.is_success() {
            return Ok(Err(refused(&answer)));
        }
        parse_one(&answer.body).map(Ok).map_err(|why| unreadable_read(&answer, why))
    }

    /// The path of a record: by its keys; one with a slash, which can not stand in a path, by the id
    /// that a list of it shows (acumatica sheet section 6).
    async fn path_of(
        &self,
        entity: &str,
        keys: &[&str],
    ) -> Result<Result<String, Refusal>, PortError> {
        let at = format!("{}/{entity}", self.base);
        let Some(names) = key_names(entity).filter(|_| keys.iter().any(|key| key.contains('/')))
        else {
            let keys: String = keys.iter().map(|key| format!("/{}", encode(key))).collect();
            return Ok(Ok(format!("{at}{keys}")));
        };
        let wanted: Vec<String> =
            names.iter().zip(keys).map(|(name, key)| any_of(name, &[*key])).collect();
        let wanted: Vec<&str> = wanted.iter().map(String::as_str).collect();
        let select = names.last().copied().unwrap_or_default();
        let ask = Ask { select, ..Ask::default() }.filter(all_of(&wanted));
        let rows = match self.try_list(entity, &ask).await? {
            Ok(rows) => rows,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let id = rows.first().and_then(|row| row.get("id")).and_then(Value::as_str);
        Ok(id.map(|id| format!("{at}/{}", encode(id))).ok_or_else(Refusal::missing))
    }

    /// The records that fit, in no promised order.
    pub async fn list(&self, entity: &str, ask: &Ask) -> Result<Vec<Body>, PortError> {
        self.try_list(entity, ask).await?.map_err(Refusal::into_error)
    }

    /// The records that fit, or the refusal: what `ping` proves rights with.
    pub async fn try_list(
        &self,
        entity: &str,
        ask: &Ask,
    ) -> Result<Result<Vec<Body>, Refusal>, PortError> {
        let path = format!("{}/{entity}{}", self.base, ask.query());
        let answer = self.http.send(Call::get(path)).await?;
        if !answer.status.is_success() {
            return Ok(Err(refused(&answer)));
        }
        parse_list(&answer.body).map(Ok).map_err(|why| unreadable_read(&answer, why))
    }

    /// What the site serves; no sign-in is needed, so it also tells a wrong address.
    pub async fn site(&self) -> Result<Result<Value, Refusal>, PortError> {
        let answer = self.http.send(Call::get("/entity")).await?;
        if !answer.status.is_success() {
            return Ok(Err(refused(&answer)));
        }
        serde_json::from_slice(&answer.body).map(Ok).map_err(|why| unreadable_read(&answer, why))
    }

    /// Changes a record that must be there: a PUT would insert it otherwise (acumatica sheet
    /// section 6). The answer holds what was saved.
    pub async fn change(
        &self,
        entity: &str,
        ask: &Ask,
        body: &Value,
        key: &Key,
    ) -> Result<Outcome<Body>, PortError> {
        self.save(entity, ask, body, key, true).await
    }

    /// Inserts a record. The answer holds what was saved.
    pub async fn insert(
        &self,
        entity: &str,
        ask: &Ask,
        body: &Value,
        key: &Key,
    ) -> Result<Outcome<Body>, PortError> {
        self.save(entity, ask, body, key, false).await
    }

    async fn save(
        &self,
        entity: &str,
        ask: &Ask,
        body: &Value,
        key: &Key,
        must_exist: bool,
    ) -> Result<Outcome<Body>, PortError> {
        let path = format!("{}/{entity}{}", self.base, ask.query());
        let mut call = Call::write(Method::PUT, path, body).command(key.as_str());
        if must_exist {
            call = call.header(http::header::IF_MATCH, HeaderValue::from_static("*"));
        }
        let answer = self.http.send(call).await?;
        if answer.status.is_success() {
            // It was saved; only what it became can not be read.
            let unknown = |why: String| PortError::OutcomeUnknown(why);
            return parse_one(&answer.body).map(Outcome::Done).map_err(unknown);
        }
        not_redirected(&answer)?;
        Ok(Outcome::Refused(refused(&answer)))
    }

    /// Deletes a record that was never released.
    pub async fn delete(
        &self,
        entity: &str,
        keys: &[&str],
        key: &Key,
    ) -> Result<Outcome<()>, PortError> {
        let path = match self.path_of(entity, keys).await? {
            Ok(path) => path,
            Err(refusal) => return Ok(Outcome::Refused(refusal)),
        };
        let mut call = Call::get(path).command(key.as_str());
        call.method = Method::DELETE;
        call.effect = crate::http::Effect::Write;
        let answer = self.http.send(call).await?;
        if answer.status.is_success() {
            return Ok(Outcome::Done(()));
        }
        not_redirected(&answer)?;
        Ok(Outcome::Refused(refused(&answer)))
    }

    /// Starts an action and follows it to its end (acumatica sheet section 8). `on`: the business
    /// date of the request.
    pub async fn act(
        &self,
        entity: &str,
        action: &str,
        body: &Value,
        on: Option<Date>,
        key: &Key,
    ) -> Result<Ended, PortError> {
        let path = format!("{}/{entity}/{action}", self.base);
        let mut call = Call::write(Method::POST, path, body).command(key.as_str());
        if let Some(value) = on.and_then(|on| HeaderValue::from_str(&on.to_string()).ok()) {
            call = call.header(HeaderName::from_static("px-cbapibusinessdate"), value);
        }
        let answer = self.http.send(call).await?;
        match answer.status.as_u16() {
            // A Location beside 204 leads nowhere (acumatica sheet section 8).
            202 => match answer.header("location").and_then(|text| self.status_path(text)) {
                Some(path) => self.follow(&path).await,
                None => Ok(Ended::Open("the operation was started without its address".to_owned())),
            },
            200..=299 => Ok(Ended::Done),
            _ => {
                not_redirected(&answer)?;
                Ok(Ended::Refused(refused(&answer)))
            }
        }
    }

    /// Location is relative to the host and begins with the virtual directory, or is absolute.
    fn status_path(&self, location: &str) -> Option<String> {
        let path = match location.split_once("://") {
            Some((_, rest)) => {
                let (host, _) = rest.split_once('/').unwrap_or((rest, ""));
                &rest[host.len()..]
            }
            None => location,
        };
        let path = path.strip_prefix(self.site_path.as_str())?;
        if path.starts_with("/entity/") && !path.contains("..") {
            Some(path.to_owned())
        } else {
            None
        }
    }

    async fn follow(&self, path: &str) -> Result<Ended, PortError> {
        let clock = self.http.clock();
        let until = clock.now().checked_add(POLL_WAIT_MAX).unwrap_or(clock.now());
        let mut wait = POLL_FIRST;
        while clock.now() < until {
            clock.wait(wait).await;
            wait = (wait * 2).min(POLL_LAST);
            let answer = match self.http.send(Call::get(path)).await {
                Ok(answer) => answer,
                Err(error) => return Ok(Ended::Open(error.to_string())),
            };
            match answer.status.as_u16() {
                202 => {}
                200..=299 => return Ok(Ended::Done),
                404 => return Ok(Ended::Open("the operation was forgotten".to_owned())),
                _ => return Ok(Ended::Refused(refused(&answer))),
            }
        }
        Ok(Ended::Open("the operation takes longer than we wait".to_owned()))
    }
}

/// Key fields of the entities whose numbers a site chooses, in the order of a path (acumatica sheet
/// section 9).
fn key_names(entity: &str) -> Option<&'static [&'static str]> {
    match entity {
        "Customer" => Some(&["CustomerID"]),
        "Invoice" | "Payment" => Some(&["Type", "ReferenceNbr"]),
        "JournalTransaction" => Some(&["Module", "BatchNbr"]),
        "PaymentMethod" => Some(&["PaymentMethodID"]),
        _ => None,
    }
}

fn refused(answer: &Answer) -> Refusal {
    Refusal::read(answer.status.as_u16(), &answer.body)
}

/// A redirect leads to the sign-in page or an error page: nothing is known of the write.
fn not_redirected(answer: &Answer) -> Result<(), PortError> {
    if answer.status.is_redirection() || answer.status.is_informational() {
        let words = format!("a write was answered with {}", answer.status);
        return Err(PortError::OutcomeUnknown(words));
    }
    Ok(())
}

/// Acumatica's own words of an error, for errors that the shared stack makes.
#[must_use]
pub fn error_words(answer: &Answer) -> Option<String> {
    Some(words(&refused(answer).detail))
}
