//! `/dead-letters`: messages that could not be processed.

pub(super) mod discard;
pub(super) mod list;
pub(super) mod redrive;

use api::{DeadLetter, DeadLetterKind};

/// A letter as the API shows it: never with its content.
fn shown(letter: store::DeadLetter) -> DeadLetter {
    DeadLetter {
        id: letter.id,
        kind: match letter.kind {
            store::DeadLetterKind::UserCommand | store::DeadLetterKind::GroupCommand => DeadLetterKind::Command,
            store::DeadLetterKind::Event => DeadLetterKind::Event,
            store::DeadLetterKind::Unreadable => DeadLetterKind::Unreadable,
        },
        name: letter.name,
        message_id: letter.message_id,
        queue: letter.queue,
        lane: letter.lane,
        organization_id: letter.organization_id,
        directory_id: letter.directory_id,
        resource_id: letter.resource_id,
        reason: letter.reason,
        tried: letter.tried,
        times_parked: letter.times,
        trace_id: letter.trace_id,
        parked_at: letter.parked_at,
        redriven_at: letter.redriven_at,
        last_outcome: letter.outcome,
    }
}
