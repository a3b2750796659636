//! Deliveries: the signature over the raw body, and the events in it (gocardless sheet section 19).
//! Pure. Nothing is refused for its content once the signature is right.

use aws_lc_rs::hmac;
use ports::processor::{BadSignature, Delivery};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use super::events;
use super::known_events::is_known;

/// Hex characters of an HMAC-SHA256.
const SIGNATURE_CHARS: usize = 64;

/// Checks the lower-case hex HMAC-SHA256 of the raw body against each secret that is valid now, in
/// constant time. The secret is used as shown, as UTF-8 bytes; there is no timestamp.
pub fn verify(
    secrets: &[SecretString],
    signature: Option<&str>,
    body: &[u8],
) -> Result<(), BadSignature> {
    let tag = signature.and_then(signature_bytes).ok_or(BadSignature)?;
    let fits = secrets
        .iter()
        .map(|secret| hmac::Key::new(hmac::HMAC_SHA256, secret.expose_secret().as_bytes()))
        // No short cut: the time taken says nothing of which secret fitted.
        .fold(false, |fits, key| hmac::verify(&key, body, &tag).is_ok() | fits);
    if fits { Ok(()) } else { Err(BadSignature) }
}

/// The headers with which GoCardless would deliver this body, for trying one's own endpoint.
pub fn sign(secret: &SecretString, body: &[u8]) -> Vec<(&'static str, String)> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose_secret().as_bytes());
    vec![("webhook-signature", hex::encode(hmac::sign(&key, body)))]
}

fn signature_bytes(text: &str) -> Option<Vec<u8>> {
    let plain = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if text.len() == SIGNATURE_CHARS && plain { hex::decode(text).ok() } else { None }
}

/// A sentence about an event that nobody documents; it is kept all the same.
fn unknown(event: &Value) -> Option<String> {
    let text = |name: &str| event.get(name).and_then(Value::as_str);
    let (resource, action) = (text("resource_type")?, text("action")?);
    let id = text("id").unwrap_or("an event");
    (!is_known(resource, action)).then(|| format!("{id}: {resource}.{action} is not known here"))
}

/// Reads a verified body, however many events it holds. What can not be read is named, and never
/// stops the rest.
pub fn read(body: &[u8]) -> Delivery {
    let mut delivery = Delivery { events: Vec::new(), odd: Vec::new() };
    let events = serde_json::from_slice::<Value>(body)
        .map_err(|error| format!("the body is not JSON: {error}"))
        .and_then(|mut body| match body.get_mut("events").map(Value::take) {
            Some(Value::Array(events)) => Ok(events),
            Some(_) | None => Err("the body has no list of events".to_owned()),
        });
    match events {
        Ok(events) => {
            for event in events {
                delivery.odd.extend(unknown(&event));
                match events::event(event) {
                    Ok(event) => delivery.events.push(event),
                    Err(odd) => delivery.odd.push(odd),
                }
            }
        }
        Err(odd) => delivery.odd.push(odd),
    }
    delivery
}
