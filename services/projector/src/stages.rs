//! Where a command's time goes: `rollcall_projector_stage_seconds`, by stage. Whatever a batch waits for, each of its
//! commands waits for, so each is counted: the means of the stages add up to what a command takes.

use std::time::Instant;

/// What a batch goes through, one after the other.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Stage {
    /// From the broker's hand until the batch is begun: waiting for the one before, and for company.
    Wait,
    /// Opening the transaction, taking its locks, looking at lanes and directories.
    Begin,
    /// Loading rows.
    Load,
    /// Applying the commands in memory.
    Apply,
    /// Writing rows, events and verdicts.
    Save,
    /// Making it durable.
    Commit,
    /// Handing over the verdicts.
    Reply,
    /// From the commit until the broker has the events.
    Publish,
}

impl Stage {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Wait => "wait",
            Self::Begin => "begin",
            Self::Load => "load",
            Self::Apply => "apply",
            Self::Save => "save",
            Self::Commit => "commit",
            Self::Reply => "reply",
            Self::Publish => "publish",
        }
    }

    /// Notes that so many commands were in this stage since `start`.
    pub(crate) fn record(self, start: Instant, commands: usize) {
        self.histogram().record_many(start.elapsed(), commands);
    }

    /// Notes for each command by itself since when it was in this stage.
    pub(crate) fn record_each(self, starts: impl Iterator<Item = Instant>) {
        let (histogram, now) = (self.histogram(), Instant::now());
        starts.for_each(|start| histogram.record(now.saturating_duration_since(start)));
    }

    fn histogram(self) -> metrics::Histogram {
        metrics::histogram!("rollcall_projector_stage_seconds", "stage" => self.as_str())
    }
}

/// A clock that is read at the end of each stage.
#[derive(Debug)]
pub(crate) struct Lap {
    began: Instant,
    commands: usize,
}

impl Lap {
    /// For a batch of so many commands.
    pub(crate) fn start(commands: usize) -> Self {
        Self {
            began: Instant::now(),
            commands,
        }
    }

    /// The stage ends here and the next begins.
    pub(crate) fn end(&mut self, stage: Stage) {
        stage.record(self.began, self.commands);
        self.began = Instant::now();
    }
}
