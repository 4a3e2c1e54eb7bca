//! Requests that make work beyond proportion where something is gone through once for each part of the request. In such
//! numbers that is minutes to hours; in proportion it is a second or two, also without optimization.

mod inputs;

use events::Outcome;
use inputs::{ALL, Hostile};
use std::sync::mpsc;
use std::time::Duration;

/// Parts of each request.
const MANY: usize = 20_000;
/// Work that takes longer is not in proportion to its input.
const HANGS: Duration = Duration::from_mins(4);

/// Works on a request of `n` parts; `None` when it does not come to an end.
fn worked(hostile: &'static Hostile, n: usize) -> Option<(Outcome, usize, usize)> {
    let (done, result) = mpsc::channel();
    // A thread that hangs ends with the process of the test.
    std::thread::spawn(move || {
        let request = (hostile.make)(n);
        let sent = request.body.len();
        let (outcome, told) = request.ready().work();
        let _ = done.send((outcome, sent, told));
    });
    result.recv_timeout(HANGS).ok()
}

fn hostile(part: usize, of: usize) {
    for hostile in ALL.iter().skip(part).step_by(of) {
        let Some((outcome, sent, told)) = worked(hostile, MANY) else {
            panic!("{}: still at work after {HANGS:?}", hostile.name);
        };
        assert!(
            matches!(outcome, Outcome::Stored { .. }),
            "{}: {outcome:?}",
            hostile.name
        );
        // The event tells the resource twice, and each change with its path.
        assert!(
            told < 40 * sent + 100_000,
            "{}: {sent} bytes sent and {told} told",
            hostile.name
        );
    }
}

#[test]
fn requests_of_many_parts_take_time_in_proportion_first_third() {
    hostile(0, 3);
}

#[test]
fn requests_of_many_parts_take_time_in_proportion_second_third() {
    hostile(1, 3);
}

#[test]
fn requests_of_many_parts_take_time_in_proportion_last_third() {
    hostile(2, 3);
}
