//! Counts the requests that a system has in work, for systems that refuse more than a number of
//! concurrent ones. Shared by the sockets and by in-process callers.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The number of requests in work.
#[derive(Debug, Clone, Default)]
pub struct Admission {
    in_work: Arc<AtomicUsize>,
}

/// One request in work; it ends when this is dropped.
#[derive(Debug)]
pub struct Permit {
    in_work: Arc<AtomicUsize>,
}

impl Admission {
    /// Nothing in work.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets a request in unless `limit` are in work (`None`: no limit).
    #[must_use]
    pub fn enter(&self, limit: Option<usize>) -> Option<Permit> {
        let before = self.in_work.fetch_add(1, Ordering::AcqRel);
        let permit = Permit { in_work: Arc::clone(&self.in_work) };
        // Over the limit the permit is dropped here, which takes the count back.
        limit.is_none_or(|limit| before < limit).then_some(permit)
    }

    /// Requests in work.
    #[must_use]
    pub fn in_work(&self) -> usize {
        self.in_work.load(Ordering::Acquire)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.in_work.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_over_the_limit_are_refused_until_one_ends() {
        let admission = Admission::new();
        let first = admission.enter(Some(2));
        let second = admission.enter(Some(2));
        assert!(first.is_some() && second.is_some());
        assert!(admission.enter(Some(2)).is_none());
        assert_eq!(admission.in_work(), 2);
        drop(first);
        assert!(admission.enter(Some(2)).is_some());
        assert!(admission.enter(None).is_some());
        assert_eq!(admission.in_work(), 1);
    }
}
