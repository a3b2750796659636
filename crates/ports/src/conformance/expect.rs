//! What a case may expect of an answer, in one word each, with a panic that says what came instead.

use std::fmt::Debug;

use model::command::{RejectionCause, WriteAnswer};

use crate::{Page, PortError, Read};

/// The value, or the end of the case.
#[track_caller]
pub(super) fn ok<T>(result: Result<T, PortError>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => panic!("should have been answered: {error:?}"),
    }
}

/// The only element.
#[track_caller]
pub(super) fn only<T: Debug>(mut list: Vec<T>) -> T {
    assert_eq!(list.len(), 1, "{list:?}");
    match list.pop() {
        Some(one) => one,
        None => panic!("nothing was answered"),
    }
}

#[track_caller]
pub(super) fn found<T: Debug>(read: Read<T>) -> T {
    match read {
        Read::Found(value) => value,
        other => panic!("should have been found: {other:?}"),
    }
}

/// The id of a document made by this very send.
#[track_caller]
pub(super) fn made(result: Result<WriteAnswer, PortError>) -> String {
    let answer = ok(result);
    assert!(!answer.adopted, "made by an earlier send: {answer:?}");
    assert!(!answer.id.is_empty(), "no id: {answer:?}");
    answer.id
}

/// What stood already under the key was taken over: this document.
#[track_caller]
pub(super) fn adopted(result: Result<WriteAnswer, PortError>, id: &str) {
    let answer = ok(result);
    assert_eq!((answer.id.as_str(), answer.adopted), (id, true), "{answer:?}");
}

/// Refused for its content or for the state over there.
#[track_caller]
pub(super) fn rejected<T: Debug>(result: Result<T, PortError>) -> RejectionCause {
    match result {
        Err(PortError::Rejected(rejection)) => {
            assert!(!rejection.words.is_empty(), "refused without a word");
            rejection.cause
        }
        other => panic!("should have been refused: {other:?}"),
    }
}

#[track_caller]
pub(super) fn rejected_as<T: Debug>(result: Result<T, PortError>, cause: RejectionCause) {
    assert_eq!(rejected(result), cause);
}

/// What it was decided on has changed.
#[track_caller]
pub(super) fn stale<T: Debug>(result: Result<T, PortError>) {
    assert!(matches!(result, Err(PortError::Stale(_))), "should have been stale: {result:?}");
}

/// Not done, and certainly so: refused, or stale where the connector notices by itself.
#[track_caller]
pub(super) fn not_done<T: Debug>(result: Result<T, PortError>) {
    let certain = matches!(result, Err(PortError::Rejected(_) | PortError::Stale(_)));
    assert!(certain, "should not have been done: {result:?}");
}

#[track_caller]
pub(super) fn unknown<T: Debug>(result: Result<T, PortError>) {
    let unknown = matches!(result, Err(PortError::OutcomeUnknown(_)));
    assert!(unknown, "the outcome should be unknown: {result:?}");
}

#[track_caller]
pub(super) fn unavailable<T: Debug>(result: Result<T, PortError>) {
    let unavailable = matches!(result, Err(PortError::Unavailable(_)));
    assert!(unavailable, "should have been unavailable: {result:?}");
}

#[track_caller]
pub(super) fn throttled<T: Debug>(result: Result<T, PortError>) {
    let throttled = matches!(result, Err(PortError::Throttled { .. }));
    assert!(throttled, "should have been throttled: {result:?}");
}

#[track_caller]
pub(super) fn unauthorised<T: Debug>(result: Result<T, PortError>) {
    let refused = matches!(result, Err(PortError::Unauthorised(_)));
    assert!(refused, "should have been unauthorised: {result:?}");
}

/// This system can not do it at all, and says so.
#[track_caller]
pub(super) fn unsupported<T: Debug>(result: Result<T, PortError>) {
    match result {
        Err(PortError::Unsupported(_)) => {}
        other => panic!("should be unsupported: {other:?}"),
    }
}

/// The most pages a window of the suite has: beyond it the list does not end.
const PAGES_MAX: usize = 50;

/// Walks a window to its end; `between` is called after each page but the last, with its ordinal.
pub(super) async fn window<T, F>(
    mut ask: impl FnMut(Option<String>) -> F,
    mut between: impl FnMut(usize),
) -> Vec<T>
where
    F: Future<Output = Result<Page<T>, PortError>>,
{
    let mut records = Vec::new();
    let mut mark = None;
    for nth in 0..PAGES_MAX {
        let page = ok(ask(mark).await);
        records.extend(page.records);
        mark = page.next;
        if mark.is_none() {
            return records;
        }
        between(nth);
    }
    panic!("the list does not end after {PAGES_MAX} pages");
}
