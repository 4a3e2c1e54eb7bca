//! What was typed wrong, and how a command ends.

use crate::output::Mode;
use client::ClientError;
use std::process::ExitCode;

/// What was typed wrong; ends with exit code 2.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct UsageError(String);

impl UsageError {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

/// Tells of an error, and how the program ends: 1 for a failure, 2 for what was typed wrong. That nobody reads on is the end
/// and no error.
pub(crate) fn ended(result: anyhow::Result<ExitCode>, mode: Mode) -> ExitCode {
    let error = match result {
        Ok(code) => return code,
        Err(error) => error,
    };
    let mut causes = error.chain();
    if causes.any(is_broken_pipe) {
        return ExitCode::SUCCESS;
    }
    if let Some(error) = error.downcast_ref::<clap::Error>() {
        error.exit();
    }
    let problem = error
        .chain()
        .find_map(|cause| cause.downcast_ref::<ClientError>()?.problem());
    match (mode, problem.and_then(|problem| serde_json::to_string(problem).ok())) {
        (Mode::Json | Mode::Jsonl, Some(problem)) => eprintln!("{problem}"),
        _ => eprintln!("rollcall: {}", chain(&error)),
    }
    if error.is::<UsageError>() {
        ExitCode::from(2)
    } else {
        ExitCode::FAILURE
    }
}

fn is_broken_pipe(cause: &(dyn std::error::Error + 'static)) -> bool {
    let io = cause.downcast_ref::<std::io::Error>();
    io.is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
}

/// An error and its causes; what a cause only repeats is left out.
fn chain(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if text.is_empty() {
            text = cause;
        } else if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    text
}
