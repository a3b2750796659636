//! One round of all workers: everybody who is awake goes on until it waits, and time passes while all wait.

use engine::EngineError;
use jiff::SignedDuration;
use store::StoreError;

use super::simulation::Simulation;
use super::worker::Worker;
use crate::at_once::at_once;
use crate::faults::Fault;
use crate::moves::Family;
use crate::turns::Done;
use crate::worker::Ended;
use crate::wrap::store::CONNECTION_LOST;

/// Moves within one round: where each makes more to do, it would have no end.
const BETWEEN_MAX: u32 = 40;

/// Moments at which workers go on in one step, at most: more is waiting for ever.
const MOMENTS_MAX: u32 = 200_000;

impl Simulation {
    /// Everybody who is awake has a turn; time passes while all of them wait.
    pub(super) fn turns(&mut self) {
        self.deliver();
        let now = self.now();
        for worker in &mut self.workers {
            worker.may_wake(now);
            if worker.sleeps_until.is_none() {
                worker.begin();
            }
        }
        let mut between = 0;
        for _ in 0..MOMENTS_MAX {
            if self.is_broken() || !self.workers.iter().any(Worker::works) {
                return;
            }
            let able: Vec<usize> =
                (0..self.workers.len()).filter(|nth| self.workers[*nth].can_go_on()).collect();
            match self.random.pick(&able).copied() {
                Some(nth) => self.go_on(nth),
                None => self.let_time_pass(&mut between),
            }
        }
        self.broken("the workers wait without end".to_owned());
    }

    /// `between`: moves that were made since this round began.
    fn let_time_pass(&mut self, between: &mut u32) {
        let Some(next) = self.site.outside.time.next() else {
            return self.broken("a worker waits for nothing".to_owned());
        };
        self.note_owed();
        if self.strikes(Fault::MovedBetween)
            && let Some(family) = self.random.pick(&self.profile.base.families).copied()
            && !matches!(family, Family::SecondWorker)
            && *between < BETWEEN_MAX
        {
            *between += 1;
            self.make_move(family);
        }
        self.site.outside.move_to(next);
        self.deliver();
    }

    fn go_on(&mut self, nth: usize) {
        let Some(ended) = self.workers[nth].go_on() else { return };
        let name = self.workers[nth].name.clone();
        match ended {
            Ended::Done(Done { looked, idle, .. }) => {
                self.looks += u64::from(looked);
                if !idle {
                    self.broken(format!("{name} does not come to rest"));
                }
            }
            Ended::Failed(EngineError::Store(error)) if is_weather(&error) => {
                self.tell(&format!("{name}: {error}"));
            }
            Ended::Failed(error) => self.broken(format!("{name} fails: {error}")),
            Ended::Asleep => {
                let minutes = self.random.between(1, 20);
                let until = self.now() + SignedDuration::from_mins(minutes);
                self.workers[nth].sleeps_until = Some(until);
                self.tell(&format!("{name} is stopped for {minutes} minutes"));
            }
            Ended::Dead => {
                self.tell(&format!("{name} dies"));
                self.workers.remove(nth);
                if self.random.chance(5_000) {
                    drop(at_once(self.site.store.expire_worker(&name)));
                }
                self.start_worker();
            }
            Ended::Stuck => self.broken(format!("{name} waits for nothing")),
        }
    }
}

fn is_weather(error: &StoreError) -> bool {
    match error {
        StoreError::Busy | StoreError::Full => true,
        StoreError::Broken(words) => words == CONNECTION_LOST,
        StoreError::Refused(_) => false,
    }
}
