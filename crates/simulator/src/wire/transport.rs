//! The wire between a connector and the emulators: slow, lossy, late, and cut wherever it hurts. The
//! worker may die or fall asleep at each end of it.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use jiff::{SignedDuration, Timestamp};
use model::ids::ConnectionId;
use ports::transport::{Transport, TransportError};
use sandbox::emulator::Outcome;

use super::assertions::intents;
use super::bursts::Bursts;
use super::outside::Outside;
use super::systems::{Strike, System};
use crate::faults::Fault;
use crate::interrupt::Interrupt;
use crate::world::World;

/// Milliseconds that a request or an answer is on its way.
const ON_ITS_WAY: (i64, i64) = (10, 300);

/// Minutes after which a late effect has come: the server's own cut-off, which the connectors name.
const LATE_MINUTES: (i64, i64) = (1, 14);

/// One worker's way to one connection's system.
pub struct Wire {
    pub connection: ConnectionId,
    pub outside: Arc<Outside>,
    pub world: Arc<World>,
    pub interrupt: Interrupt,
    /// The store without faults, to look for intents in.
    pub store: Arc<dyn ::store::Store>,
    /// Stretches in which a system refuses everything, shared by all workers.
    pub bursts: Arc<Bursts>,
    /// Records per page, where pages are made short.
    pub rows: Option<usize>,
}

fn lost(words: &str) -> TransportError {
    TransportError::NoAnswer(words.to_owned())
}

/// Method and path, for the story.
fn words_of(request: &Request<Bytes>) -> String {
    format!("{} {}", request.method(), request.uri().path())
}

#[async_trait]
impl Transport for Wire {
    async fn send(
        &self,
        request: Request<Bytes>,
        deadline: Duration,
    ) -> Result<Response<Bytes>, TransportError> {
        self.interrupt.may_die(Fault::CrashBeforeRequest).await;
        let deadline = SignedDuration::try_from(deadline).unwrap_or(SignedDuration::MAX);
        let end = self.outside.time.now() + deadline;
        self.interrupt.may_sleep().await;
        let nth = self.outside.serving(request.uri().host());
        let system = nth.and_then(|nth| Some((nth, self.outside.systems().get(nth)?)));
        let Some((nth, system)) = system else {
            return Err(TransportError::NotSent("nobody lives there".to_owned()));
        };
        let writes = system.writes(&request);
        let words = words_of(&request);
        if self.strikes(Fault::RequestLost) {
            self.tell(writes, &format!("  {words}: not sent"));
            self.on_its_way().await;
            return Err(TransportError::NotSent("no route".to_owned()));
        }
        self.on_its_way().await;
        // As the transport does: a process that was stopped for longer sends nothing any more.
        if self.outside.time.now() > end {
            return Err(lost("time-out"));
        }
        if self.strikes(Fault::TimedOut) {
            self.tell(writes, &format!("  {words}: lost on its way"));
            self.until(end).await;
            return Err(lost("time-out"));
        }
        if writes {
            let makes = system.makes(&request);
            let store = self.store.as_ref();
            intents::committed(&self.world, store, &self.connection, &request, makes).await;
        }
        let request = self.in_short_pages(system.as_ref(), request);
        let request = self.again(system.as_ref(), request);
        self.arm(nth, system.as_ref(), &request, writes);
        let (outcome, permit) = self.outside.call(nth, request);
        if writes {
            self.outside.wrote();
        }
        let answer = match outcome {
            Outcome::Respond(answer) => answer,
            Outcome::NoAnswer => {
                self.tell(writes, &format!("  {words}: no answer"));
                self.until(end).await;
                return Err(lost("time-out"));
            }
            Outcome::Reset => return Err(lost("connection reset")),
        };
        self.tell(writes, &format!("  {words}: {}", answer.status()));
        if writes {
            self.interrupt.may_die(Fault::CrashAfterAnswer).await;
            self.interrupt.may_sleep().await;
        }
        let answer = self.back(&words, writes, end, answer).await;
        drop(permit);
        answer
    }
}

impl Wire {
    fn strikes(&self, fault: Fault) -> bool {
        self.world.faults().strikes(fault)
    }

    fn tell(&self, writes: bool, line: &str) {
        if writes {
            self.world.tell(line);
        }
    }

    async fn on_its_way(&self) {
        let milliseconds = self.world.faults().between(ON_ITS_WAY.0, ON_ITS_WAY.1);
        self.outside.time.sleep(SignedDuration::from_millis(milliseconds)).await;
    }

    async fn until(&self, end: Timestamp) {
        let left = end.duration_since(self.outside.time.now()).max(SignedDuration::ZERO);
        self.outside.time.sleep(left).await;
    }

    /// What may happen to an answer whose effect has happened.
    async fn back(
        &self,
        words: &str,
        writes: bool,
        end: Timestamp,
        answer: Response<Bytes>,
    ) -> Result<Response<Bytes>, TransportError> {
        if self.strikes(Fault::AnswerLost) {
            self.tell(writes, &format!("  {words}: the answer is lost"));
            self.until(end).await;
            return Err(lost("time-out"));
        }
        self.on_its_way().await;
        if self.strikes(Fault::BrokenOff) {
            self.tell(writes, &format!("  {words}: broken off"));
            return Err(lost("connection reset"));
        }
        let bytes = answer.body().len();
        if bytes > 1 && self.strikes(Fault::BodyCut) {
            self.tell(writes, &format!("  {words}: the answer is cut"));
            let cut = usize::try_from(self.world.faults().between(1, 99)).unwrap_or(50);
            // As when a server that tells no length goes away.
            return Ok(answer.map(|body| body.slice(..(bytes * cut / 100).max(1))));
        }
        Ok(answer)
    }

    fn in_short_pages(&self, system: &dyn System, request: Request<Bytes>) -> Request<Bytes> {
        // At the end of a story nothing is found in short pages that was not found before, slowly.
        let Some(rows) = self.rows.filter(|_| self.world.faults().is_on()) else { return request };
        let Some(uri) = system.for_pages_of(rows, request.uri()) else { return request };
        self.world.faults().note(Fault::ShortPage);
        let (mut head, body) = request.into_parts();
        head.uri = uri;
        Request::from_parts(head, body)
    }

    /// The list shows a page again that was read before.
    fn again(&self, system: &dyn System, request: Request<Bytes>) -> Request<Bytes> {
        let Some(uri) = system.for_page_again(request.uri()) else { return request };
        if !self.world.faults().strikes_first(Fault::RepeatedPage) {
            return request;
        }
        let (mut head, body) = request.into_parts();
        head.uri = uri;
        Request::from_parts(head, body)
    }

    /// Lets the system itself refuse the request, or act late on it.
    fn arm(&self, nth: usize, system: &dyn System, request: &Request<Bytes>, writes: bool) {
        if self.strikes(Fault::TokenExpired) {
            match system.expire_tokens() {
                Some(body) => self.control(system, &body),
                None => self.world.faults().missed(Fault::TokenExpired),
            }
        }
        let now = self.outside.time.now();
        let (strike, fault) = match self.bursts.at(nth, now, &self.world) {
            Some(strike) => (strike, None),
            None if self.strikes(Fault::Throttled) => (Strike::TooMany, Some(Fault::Throttled)),
            None if self.strikes(Fault::Unavailable) => {
                (Strike::ServerError, Some(Fault::Unavailable))
            }
            None if writes && self.strikes(Fault::Conflict) => {
                (Strike::Conflict, Some(Fault::Conflict))
            }
            None if writes && self.strikes(Fault::EffectLate) => {
                let minutes = self.world.faults().between(LATE_MINUTES.0, LATE_MINUTES.1);
                (Strike::Late(minutes), Some(Fault::EffectLate))
            }
            None => return,
        };
        match (system.strike(strike, request), fault) {
            (Some(body), _) => self.control(system, &body),
            // This system has no such answer to this request.
            (None, Some(fault)) => self.world.faults().missed(fault),
            (None, None) => {}
        }
    }

    fn control(&self, system: &dyn System, body: &serde_json::Value) {
        if let Err(refused) = self.outside.control(system, "/faults", body) {
            self.world.broken(format!("the simulation itself: a fault is refused: {refused}"));
        }
    }
}
