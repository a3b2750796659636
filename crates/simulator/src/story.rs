//! What happened, line by line. Two runs of one seed tell the same story to the byte.

use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;

#[derive(Debug, Default)]
pub struct Story(Mutex<Vec<String>>);

impl Story {
    pub fn tell(&self, at: Timestamp, line: &str) {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines.push(format!("{} {line}", at.strftime("%m-%d %H:%M:%S")));
    }

    #[must_use]
    pub fn text(&self) -> String {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).join("\n")
    }
}
