//! Outgoing webhooks: signed batches of events, retried at growing intervals, and everything that
//! can go wrong with them (gocardless sheet section 19).

use aws_lc_rs::hmac;
use bytes::Bytes;
use jiff::Timestamp;
use rand::Rng;
use serde_json::json;

use super::records::event::{Webhook, WebhookState};
use super::time::minutes_after;
use super::world::World;
use crate::emulator::Delivery;

/// Minutes from a failed attempt to the next one: the sheet has "about 1, 2, 10", the rest is a
/// choice.
const RETRY_MINUTES: [i64; 7] = [1, 2, 10, 30, 120, 360, 1440];

/// Lower-case hex of HMAC-SHA256 over the raw body, keyed with the secret as it is.
pub fn sign(secret: &str, body: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    hex::encode(hmac::sign(&key, body).as_ref())
}

impl World {
    /// Hands out what is due: new batches first made, then every webhook whose attempt is due.
    pub fn webhooks_due(&mut self, now: Timestamp) -> Vec<Delivery> {
        self.make_webhooks(now);
        let due: Vec<String> = self
            .open_webhooks
            .values()
            .filter(|id| {
                self.webhooks.get(id).is_some_and(
                    |webhook| matches!(webhook.state, WebhookState::Waiting(at) if at <= now),
                )
            })
            .cloned()
            .collect();
        let mut deliveries = Vec::new();
        for id in due {
            self.webhooks.edit(now, &id, |webhook| {
                webhook.attempts += 1;
                webhook.state = WebhookState::InFlight;
            });
            let Some(webhook) = self.webhooks.get(&id) else { continue };
            deliveries.push(Delivery {
                id: format!("{id}#{}", webhook.attempts),
                url: webhook.url.clone(),
                headers: webhook.headers.clone(),
                body: Bytes::from(webhook.body.clone()),
            });
        }
        if self.faults.webhooks.shuffled {
            self.shuffle(&mut deliveries);
        }
        deliveries
    }

    fn shuffle<T>(&mut self, things: &mut [T]) {
        for place in (1..things.len()).rev() {
            let other = self.chance.random_range(0..=place);
            things.swap(place, other);
        }
    }

    /// Turns events that became visible into webhooks, per endpoint.
    fn make_webhooks(&mut self, now: Timestamp) {
        for place in 0..self.endpoints.len() {
            let Some(endpoint) = self.endpoints.get(place).cloned() else { continue };
            let known = self.events_by_organisation.get(&endpoint.organisation);
            let fresh: Vec<String> = known
                .map(|ids| ids.get(endpoint.position..).unwrap_or_default())
                .unwrap_or_default()
                .iter()
                .take_while(|id| self.events.get(id).is_some_and(|it| it.visible_at <= now))
                .cloned()
                .collect();
            if fresh.is_empty() {
                continue;
            }
            if let Some(endpoint) = self.endpoints.get_mut(place) {
                endpoint.position += fresh.len();
            }
            if self.faults.webhooks.off {
                for _ in &fresh {
                    self.stats.struck("webhook_off");
                }
                continue;
            }
            self.send_events(now, &endpoint.organisation, &endpoint.url, &endpoint.secret, fresh);
        }
    }

    fn send_events(
        &mut self,
        now: Timestamp,
        organisation: &str,
        url: &str,
        secret: &str,
        mut events: Vec<String>,
    ) {
        if self.faults.webhooks.shuffled {
            self.shuffle(&mut events);
            self.stats.struck("webhook_shuffled");
        }
        let copies = 1 + self.faults.webhooks.extra_copies;
        let size = self.config.webhook_batch_max.clamp(1, 250);
        for copy in 0..copies {
            if copy > 0 {
                self.stats.struck("webhook_doubled");
            }
            for batch in events.chunks(size) {
                self.add_webhook(now, organisation, url, secret, batch);
            }
        }
    }

    fn add_webhook(
        &mut self,
        now: Timestamp,
        organisation: &str,
        url: &str,
        secret: &str,
        events: &[String],
    ) {
        let id = self.ids.id("WB");
        let texts: Vec<&str> =
            events.iter().filter_map(|id| Some(self.events.get(id)?.text.as_str())).collect();
        // The events go out as they are in the list, byte by byte.
        let meta = json!({ "webhook_id": id });
        let body = format!(r#"{{"events":[{}],"meta":{meta}}}"#, texts.join(","));
        let wrong = self.faults.webhooks.take_wrong_signature();
        if wrong {
            self.stats.struck("webhook_wrongly_signed");
        }
        let signature = if wrong {
            sign(&format!("not {secret}"), body.as_bytes())
        } else {
            sign(secret, body.as_bytes())
        };
        let delay = self.faults.webhooks.delay_minutes;
        if delay > 0 {
            self.stats.struck("webhook_delayed");
        }
        let headers = [
            ("Webhook-Signature", signature),
            ("Content-Type", "application/json".to_owned()),
            ("User-Agent", "gocardless-webhook-service/1.1".to_owned()),
            ("Origin", "https://api-sandbox.gocardless.com".to_owned()),
            ("X-Request-Id", self.ids.request_id()),
        ];
        let webhook = Webhook {
            id: id.clone(),
            created_at: now,
            url: url.to_owned(),
            body,
            headers: headers.into_iter().map(|(name, text)| (name.to_owned(), text)).collect(),
            attempts: 0,
            attempts_max: self.config.webhook_attempts_max.max(1),
            state: WebhookState::Waiting(minutes_after(now, delay)),
            response_code: None,
            events: events.len(),
        };
        self.webhooks.insert(now, organisation, &id, &[], webhook);
        self.webhook_open(&id);
    }

    /// What came of an attempt; 2xx is success, everything else waits for the next one.
    pub fn webhook_delivered(&mut self, now: Timestamp, delivery: &str, status: Option<u16>) {
        let Some((id, attempt)) = delivery.rsplit_once('#') else { return };
        let retries = self.faults.webhooks.retries;
        let Some(webhook) = self.webhooks.get(id) else { return };
        if webhook.state != WebhookState::InFlight || attempt != webhook.attempts.to_string() {
            return;
        }
        let attempts = webhook.attempts;
        let state = if status.is_some_and(|status| (200..300).contains(&status)) {
            WebhookState::Succeeded
        } else if retries && attempts < webhook.attempts_max {
            let place = usize::try_from(attempts.saturating_sub(1)).unwrap_or(usize::MAX);
            let minutes = RETRY_MINUTES.get(place).copied().unwrap_or(1440);
            WebhookState::Waiting(minutes_after(now, minutes))
        } else {
            WebhookState::GivenUp
        };
        if matches!(state, WebhookState::Succeeded | WebhookState::GivenUp) {
            self.webhook_close(id);
        }
        self.webhooks.edit(now, id, |webhook| {
            webhook.state = state;
            webhook.response_code = status;
        });
    }

    /// Sends a webhook once more, at once (dashboard or API).
    pub fn webhook_retry(&mut self, now: Timestamp, id: &str) {
        self.webhooks.edit(now, id, |webhook| {
            webhook.attempts_max = webhook.attempts_max.max(webhook.attempts + 1);
            webhook.state = WebhookState::Waiting(now);
        });
        self.webhook_open(id);
    }

    fn webhook_open(&mut self, id: &str) {
        if let Some(sequence) = self.webhooks.sequence(id) {
            self.open_webhooks.insert(sequence, id.to_owned());
        }
    }

    fn webhook_close(&mut self, id: &str) {
        if let Some(sequence) = self.webhooks.sequence(id) {
            self.open_webhooks.remove(&sequence);
        }
    }
}
