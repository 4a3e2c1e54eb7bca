//! How much an app may ask for. Each limit is named where it is met.

use std::time::Duration;

/// Streams of an app.
pub(super) const MOST_STREAMS: u64 = 5;
/// People off a stream.
pub(super) const MOST_REMOVED: u64 = 10_000;
/// Events that a stream asks for: more than there are, since those that nobody knows are kept and ignored.
pub(super) const MOST_EVENTS: usize = 100;
/// Characters of the name of an event.
pub(super) const LONGEST_EVENT: usize = 500;
/// Characters of the description of a stream.
pub(super) const LONGEST_DESCRIPTION: usize = 500;
/// Characters of the reason for a status.
pub(super) const LONGEST_REASON: usize = 500;
/// Characters of the state of a verification.
pub(super) const LONGEST_STATE: usize = 1_000;
/// Tokens in one answer to a poll, and those that are given without being asked for.
pub(super) const MOST_SETS: u64 = 100;
/// Bytes of what is stored of them.
pub(super) const MOST_SET_BYTES: usize = 1024 * 1024;
/// Tokens that one request acknowledges or refuses.
pub(super) const MOST_ACKNOWLEDGED: usize = 1_000;
/// Characters that are kept of why an app does not take a token.
pub(super) const LONGEST_ERROR: usize = 300;
/// Polls that wait at the same time in this process.
pub(super) const MOST_WAITING_POLLS: usize = 256;
/// How often a poll that waits looks.
pub(super) const LOOKS_EVERY: Duration = Duration::from_millis(500);
/// How long an app's token is good.
pub(super) const TOKEN_LASTS: Duration = Duration::from_mins(10);
