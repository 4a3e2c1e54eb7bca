//! Commands on their way: many at a time, in the order in which they are pushed.

use crate::error::Stop;
use crate::work::Work;
use commands::{CommandError, Effect, SentCommand};
use events::{Command, CommandId, ResourceId, ResourceKind, Source, Timestamp, Verb};
use std::collections::VecDeque;
use std::sync::Arc;
use tracing::Instrument as _;

/// What the directory said of a command.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Said {
    /// It is so.
    Done(Effect),
    /// It refuses, with this status.
    Refused(u16),
}

/// Commands of one directory that are on their way.
#[derive(Debug)]
pub(crate) struct Sender<'w> {
    work: &'w Work,
    waiting: VecDeque<(usize, SentCommand)>,
    said: Vec<(usize, Said)>,
    /// Why nothing more is sent.
    failed: Option<CommandError>,
}

impl<'w> Sender<'w> {
    pub(crate) const fn new(work: &'w Work) -> Self {
        Self {
            work,
            waiting: VecDeque::new(),
            said: Vec::new(),
            failed: None,
        }
    }

    /// Sends a command, behind all those before it; `tag` says which one it was.
    pub(crate) async fn push(&mut self, tag: usize, kind: ResourceKind, resource_id: ResourceId, verb: Verb) {
        while self.waiting.len() >= self.work.inner.config.commands_of_one.max(1) {
            self.hear().await;
        }
        // The semaphore is never closed.
        let place = Arc::clone(&self.work.inner.commands).acquire_owned().await.ok();
        if self.failed.is_some() {
            return;
        }
        let issued_at = Timestamp::now();
        let command = Command {
            id: CommandId::new(),
            organization_id: self.work.pull.organization_id,
            directory_id: self.work.directory_id(),
            source: Source::Graph,
            issued_at,
            deadline: issued_at.plus(self.work.inner.config.deadline),
            kind,
            resource_id,
            if_match: Vec::new(),
            verb,
        };
        // Each change has a trace of its own, linked with the turn that it came of.
        let span = tracing::info_span!(
            parent: None,
            "change",
            otel.name = command.name(),
            command.name = command.name(),
            directory.id = %command.directory_id,
            resource.id = %command.resource_id,
        );
        if let Some(turn) = telemetry::traceparent_of(&self.work.span) {
            telemetry::link(&span, &turn);
        }
        let deps = &self.work.inner.deps;
        let sent = commands::send_holding(&deps.bus, &deps.store, command, place).instrument(span);
        self.waiting.push_back((tag, sent.await));
    }

    /// Waits for the verdict on the command that was sent first.
    async fn hear(&mut self) {
        let Some((tag, sent)) = self.waiting.pop_front() else {
            return;
        };
        let outcome = match sent.effect().await {
            Ok(effect) => {
                self.said.push((tag, Said::Done(effect)));
                "applied"
            }
            Err(CommandError::Refused { status, .. }) => {
                self.said.push((tag, Said::Refused(status)));
                "refused"
            }
            Err(error) => {
                self.failed.get_or_insert(error);
                "failed"
            }
        };
        metrics::counter!("rollcall_graph_sync_commands_total", "outcome" => outcome).increment(1);
    }

    /// Waits for all verdicts, and returns what was said of each.
    ///
    /// # Errors
    /// When it is not known of one, or one was not taken: then the page is read again.
    pub(crate) async fn finish(mut self) -> Result<Vec<(usize, Said)>, Stop> {
        while !self.waiting.is_empty() {
            self.hear().await;
        }
        match self.failed {
            Some(error) => Err(error.into()),
            None => Ok(self.said),
        }
    }
}
