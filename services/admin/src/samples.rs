//! Sample people: they come as an identity provider would send them, over HTTP to the public address of the directory, with a
//! key that is made for it and revoked afterwards. So what is seen of them is what will be seen of real people.

mod key;
mod person;
mod scim;

use crate::context::AdminContext;
use crate::people::People;
use crate::problem::{Problem, ProblemKind};
use ::events::ResourceId;
use api::{SamplePeopleRemoved, SamplePeopleSent};
use key::with_key;
pub(crate) use person::MOST;
use person::Sample;
use scim::{Answered, ScimClient};
use serde_json::Value;
use std::time::{Duration, Instant};
use store::{Directory, DirectoryState};

/// How long the requests may take together; the time limit of the whole operation is longer.
const ALL_TIME: Duration = Duration::from_secs(20);

/// The samples that are in a directory. Whoever has the external id of one but another name is none.
///
/// # Errors
/// As the store.
pub(crate) async fn present(context: &AdminContext, people: &People) -> Result<Vec<ResourceId>, Problem> {
    let ids: Vec<String> = Sample::all().map(Sample::external_id).collect();
    let mut found = Vec::new();
    for row in context.store().users(people.directory.id).by_external_ids(&ids).await? {
        let user = row.into_stored()?;
        let text = |name: &str| user.attributes.get(name).and_then(Value::as_str).unwrap_or_default();
        let is_sample = Sample::all().any(|sample| {
            sample.external_id() == text("externalId")
                && ::scim::fold(&sample.user_name()) == ::scim::fold(text("userName"))
        });
        if is_sample {
            found.push(user.id);
        }
    }
    Ok(found)
}

/// Sends the first so many samples.
///
/// # Errors
/// 409 for a directory that is paused; 503 where nobody answers at its address; otherwise as the store.
pub(crate) async fn send(context: AdminContext, directory: Directory, count: u16) -> Result<SamplePeopleSent, Problem> {
    let work = async move |scim: ScimClient| {
        let (started, mut sent) = (
            Instant::now(),
            SamplePeopleSent {
                made: 0,
                present: 0,
                failed: 0,
                detail: None,
            },
        );
        for sample in Sample::all().take(count.into()) {
            let answered = if started.elapsed() > ALL_TIME {
                Answered::out_of_time()
            } else {
                scim.create(&sample.resource()).await
            };
            match answered {
                Answered::Done => sent.made += 1,
                Answered::Conflict => sent.present += 1,
                Answered::Refused(detail) => {
                    sent.failed += 1;
                    sent.detail.get_or_insert(detail);
                }
                Answered::Nobody(detail) if sent.made == 0 => return Err(nobody(&detail)),
                Answered::Nobody(detail) => {
                    sent.failed = u32::from(count) - sent.made - sent.present;
                    sent.detail = Some(detail);
                    break;
                }
            }
        }
        Ok(sent)
    };
    carry_out(context, directory, work).await
}

/// Removes these samples.
///
/// # Errors
/// As [`send`].
pub(crate) async fn remove(
    context: AdminContext,
    directory: Directory,
    samples: Vec<ResourceId>,
) -> Result<SamplePeopleRemoved, Problem> {
    let work = async move |scim: ScimClient| {
        let (started, mut gone) = (
            Instant::now(),
            SamplePeopleRemoved {
                removed: 0,
                failed: 0,
                detail: None,
            },
        );
        for id in samples {
            let answered = if started.elapsed() > ALL_TIME {
                Answered::out_of_time()
            } else {
                scim.delete(id).await
            };
            match answered {
                Answered::Done => gone.removed += 1,
                Answered::Nobody(detail) if gone.removed == 0 => return Err(nobody(&detail)),
                Answered::Conflict => gone.failed += 1,
                Answered::Refused(detail) | Answered::Nobody(detail) => {
                    gone.failed += 1;
                    gone.detail.get_or_insert(detail);
                }
            }
        }
        Ok(gone)
    };
    carry_out(context, directory, work).await
}

/// Does the work with a key that is made for it. It is carried to its end, so that the key is revoked, also where nobody waits
/// for the answer any more.
async fn carry_out<T: 'static>(
    context: AdminContext,
    directory: Directory,
    work: impl AsyncFnOnce(ScimClient) -> Result<T, Problem> + 'static,
) -> Result<T, Problem> {
    if directory.state == DirectoryState::Paused {
        return Err(Problem::new(
            ProblemKind::Conflict,
            "This directory is paused and takes no changes at all; set its state to \"active\" first.",
        ));
    }
    let carried = actix_web::rt::spawn(async move { with_key(&context, &directory, work).await });
    carried.await.map_err(|error| Problem::internal(&error))?
}

fn nobody(detail: &str) -> Problem {
    let detail = format!(
        "{detail} Samples go to the public address of this installation (ROLLCALL_PUBLIC_URL), which must be reachable from the \
         program of the management API."
    );
    Problem::new(ProblemKind::Unavailable, detail)
}
