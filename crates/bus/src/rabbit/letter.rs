//! A command on its way from a requester to the task that publishes commands.

use super::bundle::BundlePart;
use events::{Command, CommandId, DirectoryId, Timestamp};
use lapin::types::ShortString;
use serde_json::value::RawValue;

/// A command to be sent.
#[derive(Debug)]
pub(crate) struct Letter {
    pub(crate) id: CommandId,
    pub(crate) lane: u16,
    pub(crate) name: &'static str,
    pub(crate) directory: DirectoryId,
    pub(crate) deadline: Timestamp,
    /// The queue that the verdict is sent to.
    pub(crate) reply_to: ShortString,
    pub(crate) part: BundlePart<Box<RawValue>>,
}

impl Letter {
    pub(crate) fn new(
        command: &Command,
        lane: u16,
        reply_to: ShortString,
        traceparent: Option<String>,
    ) -> Result<Self, serde_json::Error> {
        Ok(Self {
            id: command.id,
            lane,
            name: command.name(),
            directory: command.directory_id,
            deadline: command.deadline,
            reply_to,
            part: BundlePart {
                traceparent,
                message: serde_json::value::to_raw_value(command)?,
            },
        })
    }
}
