//! Which windows of its lists a worker read to their end, as an onlooker keeps them: a mark may move
//! only over what one of them held.

use jiff::{SignedDuration, Timestamp};

/// What a first window reaches back at least, days: there is no mark yet that says from where on.
const FIRST_DAYS: i64 = 29;

/// Minutes by which the clocks of a worker and of the world differ at most, with what they jump
/// between the beginning of a window and its first request.
const CLOCKS_MINUTES: i64 = 60;

/// A window of a list, as a worker asked for its first page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    pub stream: &'static str,
    /// `None`: the list has everything.
    pub since: Option<Timestamp>,
    pub asked_at: Timestamp,
}

/// The windows of one worker.
#[derive(Debug, Default)]
pub struct Windows {
    /// With the page that comes next.
    open: Vec<(Window, String)>,
    /// Read to their end, and no mark moved over them since.
    read: Vec<Window>,
}

impl Windows {
    /// A page was read: the window's first, or the one that an earlier page named. Two looks may read
    /// a list at the same time.
    pub fn page(&mut self, asked: Window, page: Option<&str>, next: Option<&str>) {
        let window = match page {
            None => asked,
            Some(page) => {
                let goes_on = |(window, awaited): &(Window, String)| {
                    let same = window.stream == asked.stream && window.since == asked.since;
                    same && awaited == page
                };
                match self.open.iter().rposition(goes_on) {
                    Some(at) => self.open.remove(at).0,
                    None => return,
                }
            }
        };
        match next {
            Some(next) => self.open.push((window, next.to_owned())),
            None => self.read.push(window),
        }
    }

    /// Whether the stream's mark may move from one time to another: a window that reaches back to the
    /// former was read to its end, and had not begun before the latter.
    pub fn marks(&mut self, stream: &str, from: Option<Timestamp>, until: Timestamp) -> bool {
        let earliest = until - SignedDuration::from_mins(CLOCKS_MINUTES);
        let holds = |window: &Window| {
            let first = window.asked_at - SignedDuration::from_hours(24 * FIRST_DAYS);
            let reaches_back = window.since.is_none_or(|since| since <= from.unwrap_or(first));
            window.stream == stream && reaches_back && window.asked_at >= earliest
        };
        let held = self.read.iter().position(holds);
        if let Some(at) = held {
            self.read.remove(at);
        }
        self.read.retain(|window| window.stream != stream || window.asked_at >= earliest);
        held.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Minutes after a day.
    fn at(minutes: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH
            + SignedDuration::from_hours(24 * 365)
            + SignedDuration::from_mins(minutes)
    }

    fn window(since: i64, asked: i64) -> Window {
        Window { stream: "events", since: Some(at(since)), asked_at: at(asked) }
    }

    #[test]
    fn a_mark_moves_over_a_window_that_was_read_to_its_end_once() {
        let mut windows = Windows::default();
        windows.page(window(0, 100), None, Some("2"));
        assert!(!windows.marks("events", Some(at(10)), at(100)), "half of it was read");
        windows.page(window(0, 101), Some("2"), None);
        assert!(windows.marks("events", Some(at(10)), at(100)));
        assert!(!windows.marks("events", Some(at(100)), at(110)), "by the same window");
    }

    #[test]
    fn a_mark_does_not_move_over_what_a_window_leaves_out() {
        let mut windows = Windows::default();
        windows.page(window(20, 100), None, None);
        assert!(!windows.marks("payouts", Some(at(20)), at(100)), "another list");
        assert!(!windows.marks("events", Some(at(19)), at(100)), "it begins too late");
        assert!(!windows.marks("events", None, at(100)), "a first window reaches back for weeks");
        assert!(!windows.marks("events", Some(at(20)), at(161)), "it was read long before");
        assert!(!windows.marks("events", Some(at(20)), at(100)), "and is forgotten");
    }

    #[test]
    fn a_first_window_and_a_list_of_everything_reach_back() {
        let mut windows = Windows::default();
        windows.page(window(-30 * 24 * 60, 100), None, None);
        assert!(windows.marks("events", None, at(100)));
        windows.page(Window { since: None, ..window(0, 100) }, None, None);
        assert!(windows.marks("events", None, at(100)));
    }

    #[test]
    fn two_looks_read_a_list_at_the_same_time() {
        let mut windows = Windows::default();
        windows.page(window(0, 100), None, None);
        windows.page(window(1, 100), None, Some("2"));
        assert!(windows.marks("events", Some(at(10)), at(100)), "the other one is still reading");
        assert!(!windows.marks("events", Some(at(10)), at(100)));
        windows.page(window(1, 100), Some("2"), None);
        assert!(windows.marks("events", Some(at(10)), at(100)));
    }
}
