//! Keeps what could not be processed: takes it from the bus, stores it, and only then acknowledges it.
//!
//! Every process of the management API does this. Each gets other letters, and one that comes twice is known by its message.
//! What the database refuses again and again stays on the bus, where nothing takes it from: it is not lost, and holds up no other.

use crate::state::State;
use bus::topology::DEAD_UNSTORED;
use bus::{DeadMessage, TakenLetters};
use events::{Command, DeadLetterId, ResourceKind, Timestamp};
use runtime::{Backoff, Shutdown};
use std::collections::HashMap;
use std::time::Duration;
use store::{DeadLetter, DeadLetterKind, SealedColumn, StoreError};

/// How often the bus is asked.
const INTERVAL: Duration = Duration::from_secs(2);
/// Messages taken at a time.
const AT_ONCE: usize = 100;
/// Tries of letters that the database refuses, whatever the reason.
const MOST_TRIES: u32 = 5;
/// Bytes of a text of the message that are kept.
const LONGEST_TEXT: usize = 1_000;

/// Binds the content of a letter to its row.
pub(crate) fn body_context(id: DeadLetterId) -> String {
    SealedColumn::DeadLetterBody.context(&id)
}

/// Runs until a soft stop.
pub(crate) async fn keep(state: &State, shutdown: &Shutdown) {
    let mut due = tokio::time::interval(INTERVAL);
    while shutdown.soft.run_until_cancelled(due.tick()).await.is_some() {
        // What is taken and not stored goes back, and a broker counts how often: so nothing is taken that cannot be stored.
        while !shutdown.soft.is_cancelled() && state.store().ping().await.is_ok() {
            match state.bus().take_dead(AT_ONCE).await {
                Ok(taken) if taken.letters().is_empty() => break,
                Ok(taken) => store(state, shutdown, taken).await,
                Err(error) => {
                    tracing::debug!(error = %telemetry::chain(&error), "the bus cannot be asked for dead letters");
                    break;
                }
            }
        }
    }
}

/// A letter as it is stored, and where it is among those that were taken: of each message there is one.
struct LetterRow {
    row: DeadLetter,
    places: Vec<usize>,
}

/// Stores letters: again and again while the database is away, and up to [`MOST_TRIES`] times what it refuses. That stays on
/// the bus.
async fn store(state: &State, shutdown: &Shutdown, taken: TakenLetters) {
    let mut rows = letters(state, &taken);
    let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(5));
    let (all, mut tries) = (rows.len(), 0);
    while let Err(error) = keep_all(state, &mut rows).await {
        tries += u32::from(!error.is_transient());
        if tries >= MOST_TRIES {
            for LetterRow { row, .. } in &rows {
                tracing::error!(
                    error = %telemetry::chain(&error),
                    message.id = row.message_id,
                    queue = row.queue,
                    reason = row.reason,
                    "a dead letter cannot be stored, after {MOST_TRIES} tries: it stays on the bus ({DEAD_UNSTORED})"
                );
            }
            break;
        }
        tracing::warn!(error = %telemetry::chain(&error), letters = rows.len(), "dead letters are not stored yet");
        let pause = tokio::time::sleep(backoff.pause());
        if shutdown.soft.run_until_cancelled(pause).await.is_none() {
            return;
        }
    }
    metrics::counter!("rollcall_dead_letters_total").increment((all - rows.len()) as u64);
    metrics::counter!("rollcall_dead_letters_unstored_total").increment(rows.len() as u64);
    let unstored: Vec<usize> = rows.into_iter().flat_map(|row| row.places).collect();
    if let Err(error) = taken.ack_except(&unstored).await {
        tracing::warn!(error = %telemetry::chain(&error), "dead letters are stored and may come again");
    }
}

/// All at once, and where one of them cannot be stored, each by itself, so that it holds up no other. What is stored is taken
/// from `rows`.
async fn keep_all(state: &State, rows: &mut Vec<LetterRow>) -> Result<(), StoreError> {
    let kept = state.store().dead_letters();
    let all: Vec<DeadLetter> = rows.iter().map(|row| row.row.clone()).collect();
    let mut outcome = kept.keep(&all).await;
    match &outcome {
        Ok(()) => rows.clear(),
        Err(error) if error.is_transient() => {}
        Err(_) => {
            outcome = Ok(());
            let mut left = Vec::new();
            for row in std::mem::take(rows) {
                if let Err(error) = kept.keep(std::slice::from_ref(&row.row)).await {
                    left.push(row);
                    // That the database is away says nothing about a letter.
                    if outcome.is_ok() || error.is_transient() {
                        outcome = Err(error);
                    }
                }
            }
            *rows = left;
        }
    }
    outcome
}

/// As they are stored.
fn letters(state: &State, taken: &TakenLetters) -> Vec<LetterRow> {
    let mut rows: HashMap<String, LetterRow> = HashMap::new();
    for (place, letter) in taken.letters().iter().enumerate() {
        let row = row(state, letter);
        let known = rows.remove(&row.message_id);
        let mut places = known.map(|known| known.places).unwrap_or_default();
        places.push(place);
        let times = i64::try_from(places.len()).unwrap_or(i64::MAX);
        let row = DeadLetter { times, ..row };
        rows.insert(row.message_id.clone(), LetterRow { row, places });
    }
    rows.into_values().collect()
}

fn row(state: &State, letter: &bus::DeadLetter) -> DeadLetter {
    let id = DeadLetterId::new();
    let mut row = DeadLetter {
        id,
        kind: DeadLetterKind::Unreadable,
        message_id: id.to_string(),
        queue: text(&letter.queue),
        lane: letter.lane,
        name: None,
        organization_id: None,
        directory_id: None,
        resource_id: None,
        reason: text(&letter.reason),
        tried: letter.tried,
        times: 1,
        trace_id: letter.traceparent.as_deref().and_then(trace_id),
        body: None,
        parked_at: letter.parked_at.unwrap_or_else(Timestamp::now),
        redriven_at: None,
        outcome: None,
    };
    match &letter.message {
        DeadMessage::Command(command) => {
            row.kind = kind_of(command);
            row.message_id = command.id.to_string();
            row.name = Some(command.name().to_owned());
            row.organization_id = Some(command.organization_id);
            row.directory_id = Some(command.directory_id);
            row.resource_id = Some(command.resource_id);
            let body = serde_json::to_vec(command).ok();
            row.body = body.map(|body| state.master_keys().seal(&body, &body_context(id)));
        }
        DeadMessage::Event(event) => {
            row.kind = DeadLetterKind::Event;
            row.message_id = event.id.to_string();
            row.name = Some(event.kind.as_str().to_owned());
            row.organization_id = Some(event.organization_id);
            row.directory_id = Some(event.directory_id);
            row.resource_id = event.subject_id;
        }
        DeadMessage::Unreadable { id, name, .. } => {
            if let Some(id) = id.as_deref().map(text).filter(|id| !id.is_empty()) {
                row.message_id = id;
            }
            row.name = name.as_deref().map(text);
        }
    }
    row
}

const fn kind_of(command: &Command) -> DeadLetterKind {
    match command.kind {
        ResourceKind::User => DeadLetterKind::UserCommand,
        ResourceKind::Group => DeadLetterKind::GroupCommand,
    }
}

/// A text from outside as every database takes it.
fn text(text: &str) -> String {
    let end = (0..=text.len().min(LONGEST_TEXT))
        .rev()
        .find(|end| text.is_char_boundary(*end));
    let cut = text.get(..end.unwrap_or_default()).unwrap_or_default();
    cut.chars().filter(|c| !c.is_control()).collect()
}

/// The trace of a `traceparent`: `00-<trace id>-<span id>-<flags>`.
fn trace_id(traceparent: &str) -> Option<String> {
    let id = traceparent.split('-').nth(1)?;
    let is_one = id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_one.then(|| id.to_owned())
}

#[cfg(test)]
mod tests {
    use super::{LONGEST_TEXT, text, trace_id};

    #[test]
    fn texts_from_outside_are_cut_and_have_no_control_characters() {
        assert_eq!(text("a\0b\nc"), "abc");
        assert_eq!(text(&"é".repeat(LONGEST_TEXT)).len(), LONGEST_TEXT);
    }

    #[test]
    fn a_trace_is_taken_from_its_traceparent() {
        let id = "0af7651916cd43dd8448eb211c80319c";
        assert_eq!(trace_id(&format!("00-{id}-b7ad6b7169203331-01")).as_deref(), Some(id));
        assert_eq!(trace_id("00-short-b7ad6b7169203331-01"), None);
        assert_eq!(trace_id(""), None);
    }
}
