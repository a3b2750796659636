//! Where a worker can die or fall asleep: every request and every transaction passes here. A worker
//! that died never gets an answer; the driver drops its future. One that sleeps is polled again
//! later, as a process that was stopped and goes on.

use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

use ports::Page;

use crate::faults::{Fault, Faults};
use crate::turns::Unread;
use crate::windows::{Window, Windows};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Life {
    Awake,
    Asleep,
    Dead,
}

/// One worker's life, shared by its ports and its store.
#[derive(Debug, Clone)]
pub struct Interrupt {
    life: Arc<Mutex<Life>>,
    /// Of the sleeping tasks: streams poll only what was woken.
    sleepers: Arc<Mutex<Vec<Waker>>>,
    faults: Arc<Mutex<Faults>>,
    windows: Arc<Mutex<Windows>>,
    /// What people edited of the links.
    pub unread: Arc<Unread>,
}

impl Interrupt {
    pub fn windows(&self) -> MutexGuard<'_, Windows> {
        self.windows.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// This worker read a page of a list.
    pub fn reads_page<T>(&self, asked: Window, page: Option<&str>, given: &Page<T>) {
        self.windows().page(asked, page, given.next.as_deref());
    }

    #[must_use]
    pub fn new(faults: Arc<Mutex<Faults>>) -> Interrupt {
        Interrupt {
            life: Arc::new(Mutex::new(Life::Awake)),
            sleepers: Arc::default(),
            faults,
            windows: Arc::default(),
            unread: Arc::default(),
        }
    }

    #[must_use]
    pub fn life(&self) -> Life {
        *self.life.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn wake(&self) {
        self.set(Life::Awake);
        let mut held = self.sleepers.lock().unwrap_or_else(PoisonError::into_inner);
        let sleepers = std::mem::take(&mut *held);
        drop(held);
        sleepers.into_iter().for_each(Waker::wake);
    }

    fn set(&self, life: Life) {
        *self.life.lock().unwrap_or_else(PoisonError::into_inner) = life;
    }

    pub fn faults(&self) -> MutexGuard<'_, Faults> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Dies here when the fault strikes.
    pub async fn may_die(&self, fault: Fault) {
        let struck = self.faults().strikes(fault);
        if struck {
            self.set(Life::Dead);
        }
        self.while_not_awake().await;
    }

    /// Falls asleep here when it strikes; goes on once the driver woke it.
    pub async fn may_sleep(&self) {
        let struck = self.faults().strikes(Fault::PauseOverLease);
        if struck {
            self.set(Life::Asleep);
        }
        self.while_not_awake().await;
    }

    async fn while_not_awake(&self) {
        poll_fn(|context| match self.life() {
            Life::Awake => Poll::Ready(()),
            Life::Asleep | Life::Dead => {
                let mut sleepers = self.sleepers.lock().unwrap_or_else(PoisonError::into_inner);
                sleepers.push(context.waker().clone());
                Poll::Pending
            }
        })
        .await;
    }
}
