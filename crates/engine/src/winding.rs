//! Winding down: a shell whose time is over has nothing new sent, and waits for what is under way. How
//! far the work came, and what last kept looks from being made, is told here too.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use ports::PortError;

use crate::engine::Engine;
use crate::error::EngineError;

/// Whether anything new may be sent, and how much is under way.
#[derive(Default)]
pub(crate) struct Winding {
    down: AtomicBool,
    under_way: AtomicU32,
    looked: AtomicU32,
    sent: AtomicU32,
    hindrance: Mutex<Option<PortError>>,
}

/// One send; it is over when dropped.
pub(crate) struct UnderWay<'a>(&'a AtomicU32);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Winding {
    /// `None`: nothing new is sent any more.
    pub(crate) fn begin(&self) -> Option<UnderWay<'_>> {
        // Counted before it asks: whoever winds down sees it, or it sees the winding down.
        self.under_way.fetch_add(1, Ordering::SeqCst);
        let one = UnderWay(&self.under_way);
        (!self.down.load(Ordering::SeqCst)).then_some(one)
    }

    pub(crate) fn count_look(&self) {
        self.looked.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn count_send(&self) {
        self.sent.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn hinder(&self, error: &EngineError) {
        if let (EngineError::Port(error), Ok(mut held)) = (error, self.hindrance.lock()) {
            *held = Some(error.clone());
        }
    }

    pub(crate) fn unhinder(&self) {
        if let Ok(mut held) = self.hindrance.lock() {
            *held = None;
        }
    }
}

impl Engine {
    /// From now on nothing new is sent; commands that are decided wait for the next worker.
    pub fn wind_down(&self) {
        self.winding.down.store(true, Ordering::SeqCst);
    }

    /// Writes whose request may be under way. After winding down and at 0, dropping a pass leaves
    /// nothing whose outcome is unknown.
    #[must_use]
    pub fn sends_under_way(&self) -> u32 {
        self.winding.under_way.load(Ordering::SeqCst)
    }

    /// Cases looked at and commands sent since this engine began, also by passes that were given up.
    #[must_use]
    pub fn done_so_far(&self) -> (u32, u32) {
        let count = |of: &AtomicU32| of.load(Ordering::Relaxed);
        (count(&self.winding.looked), count(&self.winding.sent))
    }

    /// What put looks off last, until a pass went through without.
    #[must_use]
    pub fn hindrance(&self) -> Option<PortError> {
        self.winding.hindrance.lock().ok().and_then(|held| held.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_begins_after_winding_down_and_what_began_is_counted() {
        let winding = Winding::default();
        let first = winding.begin().expect("not winding down yet");
        assert_eq!(winding.under_way.load(Ordering::SeqCst), 1);
        winding.down.store(true, Ordering::SeqCst);
        assert!(winding.begin().is_none());
        assert_eq!(winding.under_way.load(Ordering::SeqCst), 1, "the refused one is not counted");
        drop(first);
        assert_eq!(winding.under_way.load(Ordering::SeqCst), 0);
    }

    #[test]
    fn the_last_hindrance_is_kept_until_a_pass_goes_through() {
        let winding = Winding::default();
        winding.hinder(&EngineError::Setup("no connection".to_owned()));
        assert_eq!(*winding.hindrance.lock().unwrap(), None, "only what the other side says");
        let slow = PortError::Throttled { retry_after: None };
        winding.hinder(&EngineError::Port(slow.clone()));
        assert_eq!(*winding.hindrance.lock().unwrap(), Some(slow));
        winding.unhinder();
        assert_eq!(*winding.hindrance.lock().unwrap(), None);
    }
}
