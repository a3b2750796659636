//! Every open case is looked at once a day anyway (DESIGN.md section 2, Sweeps).

use jiff::{Timestamp, ToSpan};

use store::rows::Hint;

use crate::engine::Engine;
use crate::error::Result;

/// Hours after which an open case is looked at again without any news.
const SWEEP_HOURS: i64 = 24;

/// Cases hinted at a time.
const SWEEP_BATCH: u32 = 1_000;

/// Open cases hinted at most when links or connections change.
const CHANGE_BATCH: u32 = 100_000;

impl Engine {
    /// Hints every open case: what people changed on a link applies at the next decision.
    pub async fn hint_open(&self) -> Result<u32> {
        self.hint_stale(self.now(), CHANGE_BATCH).await
    }

    /// Hints open cases that nobody looked at for a day. Gives how many.
    pub async fn sweep(&self) -> Result<u32> {
        self.hint_stale(self.now() - SWEEP_HOURS.hours(), SWEEP_BATCH).await
    }

    async fn hint_stale(&self, looked_before: Timestamp, limit: u32) -> Result<u32> {
        let now = self.now();
        let stale = self.store.stale_cases(looked_before, limit).await?;
        let hints: Vec<Hint> = stale
            .into_iter()
            .map(|case| Hint { case: case.key, due_at: now, link: case.link })
            .collect();
        self.store.hint(&hints).await?;
        Ok(u32::try_from(hints.len()).unwrap_or(u32::MAX))
    }
}
