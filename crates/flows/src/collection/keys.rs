//! Numbered keys: the first number of a series that no earlier command has used up. A key is never
//! used again once its command was done or given up (DESIGN.md section 2, "Keys").

use model::command::{CommandState, CommandView};
use model::key::Key;

use crate::common::Frame;

/// The first key of the series from `from` on that is neither done nor given up, nor taken.
pub fn first_free(frame: &Frame, parts: &[&str], from: u32, taken: impl Fn(&Key) -> bool) -> Key {
    let mut nth = from;
    loop {
        let number = nth.to_string();
        let mut all = parts.to_vec();
        all.push(&number);
        let key = Key::new(&all);
        if !frame.command(&key).is_some_and(is_used_up) && !taken(&key) {
            return key;
        }
        nth = nth.saturating_add(1);
    }
}

/// Done, or given up after it was sent: late effects of it may still be found under its key.
fn is_used_up(view: &CommandView) -> bool {
    match view.state {
        CommandState::Done => true,
        CommandState::Ended => view.sends > 0,
        CommandState::Intended
        | CommandState::InFlight
        | CommandState::Rejected
        | CommandState::Watched => false,
    }
}
