//! Waiting until the connector has seen and done everything: no fixed times, but its own database
//! says when nothing is due. While it waits, the server may be killed at random moments.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use engine::poll;
use jiff::{SignedDuration, Timestamp};
use model::ids::ConnectionId;
use store::Store;
use store::rows::StatusCounts;

use super::child::Server;
use super::folder::trouble;
use super::ground::Ground;
use super::lots::Lots;
use super::setup::{ERP, PROCESSOR};
use super::view::View;
use crate::failure::{Failure, Result};

/// Host milliseconds between looks at the database.
const LOOK_MILLISECONDS: u64 = 40;
/// Looks between those at whether the disk still takes something: a server that can not save tries
/// again for ever.
const SPACE_LOOKS: u32 = 25;
/// Cases due within this many virtual seconds are waited for.
const SOON_SECONDS: i64 = 120;
/// What happens is in the processor's event list after some seconds.
const EVENTS_SECONDS: i64 = 5;
/// Host seconds after which the connector is taken to be stuck; a kill begins it anew.
const STUCK_SECONDS: u64 = 300;
/// Chance of a kill at a look while there is work.
const KILL_PERCENT: i64 = 15;

/// Virtual minutes after which every stream is due again.
const SLOW_POLL_MINUTES: i64 = 11;

/// Streams that must have been read after a change. The daily scan of open invoices is not one.
const STREAMS: [(&str, &str); 6] = [
    (PROCESSOR, poll::EVENTS),
    (PROCESSOR, poll::PAYOUTS),
    (PROCESSOR, poll::COLLECTIONS),
    (PROCESSOR, poll::DIRECTORY),
    (ERP, poll::INVOICES),
    (ERP, poll::CUSTOMERS),
];

/// Rows of the audit trail read at a time.
const AUDIT_PAGE: u32 = 5_000;

/// Looks into the connector's database beside it.
pub struct Watch {
    store: Arc<dyn Store>,
    lots: Lots,
    folder: PathBuf,
}

/// Why it is not quiet.
#[derive(Debug)]
enum Busy {
    No,
    Cases { status: Box<StatusCounts> },
    Unread(&'static str),
}

impl Watch {
    #[must_use]
    pub fn new(store: Arc<dyn Store>, seed: u64, folder: &Path) -> Watch {
        Watch { store, lots: Lots::new(seed, "kills"), folder: folder.to_owned() }
    }

    /// Waits until the connector has seen everything up to now and has nothing left to do. Up to
    /// `kills` times the server is killed at random moments while it has work.
    pub async fn until_quiet(
        &mut self,
        ground: &Ground,
        server: &mut Server,
        view: &View,
        kills: u32,
    ) -> Result<()> {
        let seen_from = ground.now() + SignedDuration::from_secs(EVENTS_SECONDS);
        let began = instant();
        let mut left = kills;
        let mut quiet_before = false;
        let mut hurried = false;
        for look in 1_u32.. {
            server.check()?;
            view.check()?;
            if look.is_multiple_of(SPACE_LOOKS) {
                trouble(&self.folder).map_or(Ok(()), Err)?;
            }
            let busy = self.busy(ground.now(), seen_from).await?;
            match &busy {
                Busy::No if quiet_before => return Ok(()),
                Busy::No => {}
                Busy::Cases { status } => {
                    view.busy(status.due_now + status.leased);
                    if left > 0 && self.lots.chance(KILL_PERCENT) {
                        left -= 1;
                        self.kill(server).await?;
                    }
                }
                // Nothing else is left to do: the slow streams need not be waited for.
                Busy::Unread(stream) => {
                    view.unread(stream);
                    if !std::mem::replace(&mut hurried, true) {
                        ground.skip(SLOW_POLL_MINUTES);
                    }
                }
            }
            quiet_before = matches!(busy, Busy::No);
            if instant().duration_since(began) > Duration::from_secs(STUCK_SECONDS) {
                return Err(Failure::Failed(format!(
                    "the connector is not quiet after {STUCK_SECONDS} s: {busy:?}"
                )));
            }
            pause(LOOK_MILLISECONDS).await;
        }
        Ok(())
    }

    /// A kill at a moment between two looks.
    pub async fn kill(&mut self, server: &mut Server) -> Result<()> {
        let delay = self.lots.between(0, i64::try_from(LOOK_MILLISECONDS).unwrap_or(0));
        pause(u64::try_from(delay).unwrap_or(0)).await;
        server.kill_and_restart().await
    }

    async fn busy(&self, now: Timestamp, seen_from: Timestamp) -> Result<Busy> {
        let status = self.store.status(now).await?;
        let soon = now + SignedDuration::from_secs(SOON_SECONDS);
        let busy = status.due_now > 0
            || status.leased > 0
            || status.inbox_waiting > 0
            || status.next_due_at.is_some_and(|at| at <= soon);
        if busy {
            return Ok(Busy::Cases { status: Box::new(status) });
        }
        for (connection, stream) in STREAMS {
            let mark = self.store.mark(&ConnectionId::new(connection), stream).await?;
            if mark.until.is_none_or(|until| until < seen_from) {
                return Ok(Busy::Unread(stream));
            }
        }
        Ok(Busy::No)
    }

    /// Writes that were sent and not answered, and those of them that were then found to have had
    /// their effect: what kills struck, by the connector's own trail.
    pub async fn cut_off(&self) -> Result<(usize, usize)> {
        let (mut sent, mut answered, mut settled) = (0_usize, 0, 0);
        let mut after = 0;
        loop {
            let rows = self.store.audit_rows(after, AUDIT_PAGE).await?;
            let Some(last) = rows.last() else {
                return Ok((sent.saturating_sub(answered), settled));
            };
            after = last.seq;
            for row in &rows {
                match row.what.as_str() {
                    "sent" => sent += 1,
                    "answered" => answered += 1,
                    "settled" => settled += 1,
                    _ => {}
                }
            }
        }
    }

    /// What the database says now.
    pub async fn status(&self, now: Timestamp) -> Result<StatusCounts> {
        Ok(self.store.status(now).await?)
    }
}

/// The host's time, for what the demo took and for giving up.
#[expect(
    clippy::disallowed_methods,
    reason = "the demo measures host time; stories use virtual time"
)]
pub fn instant() -> Instant {
    Instant::now()
}

/// Rests on the host's clock.
#[expect(clippy::disallowed_methods, reason = "the shell is where waiting happens")]
pub async fn pause(milliseconds: u64) {
    tokio::time::sleep(Duration::from_millis(milliseconds)).await;
}
