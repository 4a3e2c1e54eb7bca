//! Import: the lines of a file become users and memberships.

use super::Format;
use super::input::{Input, Line};
use super::key::{fresh_key, hash_of, key_for};
use super::memberships::{Groups, quoted};
use super::person::Person;
use super::state::{State, place};
use crate::connection::Client;
use crate::error::ClientError;
use api::PeopleParameters;
use events::ResourceId;
use futures_util::{StreamExt as _, stream};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Lines that are done before the state is written. A portion that was broken off is sent again, and changes nothing twice.
const PORTION: usize = 100;

/// What is imported, and how.
#[derive(Clone, Debug)]
pub struct ImportOptions {
    /// The id of the directory.
    pub directory: String,
    /// How the file is written.
    pub format: Format,
    /// Requests under way at a time, at least 1.
    pub concurrency: usize,
    /// Begin at the first line, even if an earlier import of the same file came further.
    pub again: bool,
}

/// The result of an import, together with the earlier parts of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImportReport {
    /// Users that were made.
    pub created: u64,
    /// Users that were there already, and now are as the file says.
    pub updated: u64,
    /// Memberships that the file asks for, in this run.
    pub memberships: u64,
    /// Lines that could not be read or were refused.
    pub refused: u64,
    /// Whether an earlier import of the same file had done all of it.
    pub was_done: bool,
}

/// What is told while an import runs.
#[derive(Debug)]
pub enum News<'a> {
    /// An earlier import came this far.
    Resumed {
        /// The last line that is done.
        line: u64,
    },
    /// Everything up to this line is done.
    Done {
        /// The line.
        line: u64,
        /// Lines of this portion.
        lines: u64,
    },
    /// A line that was not imported.
    Refused {
        /// Its number.
        line: u64,
        /// Why.
        reason: &'a str,
    },
    /// A group does not get its members.
    GroupRefused {
        /// Its name.
        group: &'a str,
        /// Why.
        reason: &'a str,
    },
}

/// Why an import stops. What is done stays done, and it goes on there another time.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file cannot be read.
    #[error("{0}")]
    Input(String),
    /// The state cannot be read or written.
    #[error("{} cannot be used", .0.display())]
    State(PathBuf, #[source] std::io::Error),
    /// The server does not take it.
    #[error(transparent)]
    Client(#[from] ClientError),
}

/// What became of a line.
enum Outcome {
    Created(ResourceId),
    Updated(ResourceId),
    Refused(String),
}

/// Imports a file.
///
/// # Errors
/// See [`ImportError`].
pub async fn import(
    client: &Client,
    path: &Path,
    options: &ImportOptions,
    mut tell: impl FnMut(News<'_>),
) -> Result<ImportReport, ImportError> {
    let hash = hash_of(path).map_err(|error| ImportError::Input(format!("{}: {error}", path.display())))?;
    let mut input = Input::open(path, options.format).map_err(ImportError::Input)?;
    let place = place(path, &options.directory);
    let of_state = |error| ImportError::State(place.clone(), error);
    let mut state = match State::read(&place, &hash).map_err(of_state)? {
        Some(state) if state.finished && !options.again => {
            return Ok(ImportReport {
                was_done: true,
                ..report(&state, 0)
            });
        }
        Some(state) if !options.again => {
            tell(News::Resumed {
                line: state.last_line_done,
            });
            state
        }
        _ => State {
            file_sha256: hash.clone(),
            again: options.again.then(fresh_key),
            ..State::default()
        },
    };
    // Wrong ids and keys are told before the first line.
    client.directory(&options.directory).await?;
    let mut groups = Groups::default();
    let mut memberships = 0;
    loop {
        let lines = portion(&mut input, state.last_line_done).map_err(ImportError::Input)?;
        let Some(last) = lines.last().map(|line| line.number) else {
            state.finished = true;
            state.write(&place).map_err(of_state)?;
            return Ok(report(&state, memberships));
        };
        let count = lines.len() as u64;
        let wanted = people(client, options, &mut state, lines, &mut tell).await?;
        let keys = (hash.as_str(), state.again.as_deref());
        let (put, refused) = groups.put(client, &options.directory, keys, wanted).await?;
        memberships += put;
        for (group, reason) in &refused {
            state.refused += 1;
            tell(News::GroupRefused { group, reason });
        }
        state.last_line_done = last;
        state.write(&place).map_err(of_state)?;
        tell(News::Done {
            line: last,
            lines: count,
        });
    }
}

/// The next lines that are not done.
fn portion(input: &mut Input, done: u64) -> Result<Vec<Line>, String> {
    let mut lines = Vec::with_capacity(PORTION);
    while lines.len() < PORTION {
        match input.next()? {
            Some(line) if line.number > done => lines.push(line),
            Some(_) => {}
            None => break,
        }
    }
    Ok(lines)
}

/// Makes or changes the people of a portion; who belongs into which group comes back.
async fn people(
    client: &Client,
    options: &ImportOptions,
    state: &mut State,
    lines: Vec<Line>,
    tell: &mut impl FnMut(News<'_>),
) -> Result<BTreeMap<String, Vec<ResourceId>>, ImportError> {
    let (hash, again) = (state.file_sha256.clone(), state.again.clone());
    let work = lines.into_iter().map(|line| {
        let key = key_for(&hash, again.as_deref(), &format!("line {}", line.number));
        async move {
            let outcome = match &line.person {
                Ok(person) => one(client, &options.directory, person, &key).await?,
                Err(reason) => Outcome::Refused(reason.clone()),
            };
            Ok::<_, ClientError>((line, outcome))
        }
    });
    // In the order of the file, so that what is told of it is, too.
    let mut outcomes = stream::iter(work).buffered(options.concurrency.max(1));
    let mut wanted: BTreeMap<String, Vec<ResourceId>> = BTreeMap::new();
    while let Some(outcome) = outcomes.next().await {
        let (line, outcome) = outcome?;
        let id = match outcome {
            Outcome::Created(id) => {
                state.created += 1;
                id
            }
            Outcome::Updated(id) => {
                state.updated += 1;
                id
            }
            Outcome::Refused(reason) => {
                state.refused += 1;
                tell(News::Refused {
                    line: line.number,
                    reason: &reason,
                });
                continue;
            }
        };
        for group in line.person.into_iter().flat_map(|person| person.groups) {
            wanted.entry(group).or_default().push(id);
        }
    }
    Ok(wanted)
}

/// One person: made, or changed where there is one of that name.
async fn one(client: &Client, directory: &str, person: &Person, key: &str) -> Result<Outcome, ClientError> {
    let refusal = match client.create_user(directory, &person.user, key).await {
        Ok(user) => return Ok(Outcome::Created(user.id)),
        Err(error) if error.status() == Some(409) => error,
        Err(error) => return refused_or_stop(error),
    };
    let which = PeopleParameters {
        filter: Some(format!("userName eq {}", quoted(&person.user.user_name))),
        limit: Some(1),
        cursor: None,
    };
    let found = client.users(directory, &which).await?.data.into_iter().next();
    // The conflict is about something else, an address for example.
    let Some(found) = found else {
        return refused_or_stop(refusal);
    };
    match client
        .update_user(directory, &found.id.to_string(), &person.patch())
        .await
    {
        Ok(user) => Ok(Outcome::Updated(user.id)),
        Err(error) => refused_or_stop(error),
    }
}

fn refused_or_stop(error: ClientError) -> Result<Outcome, ClientError> {
    if is_of_one_line(&error) {
        Ok(Outcome::Refused(in_a_line(&error)))
    } else {
        Err(error)
    }
}

/// Whether a refusal is about what was sent, and others may be taken.
pub(super) fn is_of_one_line(error: &ClientError) -> bool {
    matches!(error.status(), Some(400 | 404 | 409 | 413 | 422))
}

/// A refusal on one line, by columns.
fn in_a_line(error: &ClientError) -> String {
    let Some(problem) = error.problem() else {
        return error.to_string();
    };
    if problem.errors.is_empty() {
        return problem.detail.clone();
    }
    let faults = problem.errors.iter().map(|fault| {
        let place = fault.pointer.as_deref().unwrap_or_default().trim_start_matches("#/");
        format!("{place}: {}", fault.detail)
    });
    faults.collect::<Vec<_>>().join("; ")
}

fn report(state: &State, memberships: u64) -> ImportReport {
    ImportReport {
        created: state.created,
        updated: state.updated,
        memberships,
        refused: state.refused,
        was_done: false,
    }
}
