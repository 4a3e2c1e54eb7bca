//! `POST /directories/{id}/sample-people`.

use crate::audit::Act;
use crate::body::OptionalBody;
use crate::context::AdminContext;
use crate::idempotent::IdempotentStart;
use crate::people::People;
use crate::problem::{Problem, ProblemKind};
use crate::samples;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Path;
use api::SamplePeopleSend;

/// Sends sample people, as an identity provider would.
///
/// They come over HTTP to the public address of the directory, with a key that is made for it and revoked afterwards: they are
/// in the log of requests, in the log of events, and apps are told of them. Each has a user name below `sample.invalid` and an
/// external id that begins with `rollcall-sample-`. Where there are other people, that must be confirmed.
#[utoipa::path(
    post,
    path = "/directories/{id}/sample-people",
    operation_id = "send_sample_people",
    tag = "Directories",
    request_body = Option<api::SamplePeopleSend>,
    responses((status = 200, description = "How it went.", body = api::SamplePeopleSent)),
)]
pub(crate) async fn handler(
    context: AdminContext,
    path: Path<String>,
    OptionalBody(body): OptionalBody<SamplePeopleSend>,
) -> Result<HttpResponse, Problem> {
    let raw = body.raw();
    let _alone = context.alone().await;
    if let Some(answer) = context.answered(&raw).await? {
        return Ok(answer);
    }
    let wanted = body.finish()?;
    let people = People::of(&context, &path).await?;
    let directory = people.directory.clone();
    if !wanted.among_people.unwrap_or_default() {
        let samples = samples::present(&context, &people).await?.len();
        let counts = context.store().directories().counts(&[directory.id]).await?;
        let users = counts.get(&directory.id).map_or(0, |counts| counts.users);
        let others = users - i64::try_from(samples).unwrap_or(i64::MAX);
        if others > 0 {
            let detail = format!(
                "There are {others} people here who are no samples. Samples come among them, and apps are told, only with \
                 \"among_people\": true."
            );
            return Err(Problem::new(ProblemKind::Conflict, detail));
        }
    }
    let count = wanted.count.unwrap_or(samples::MOST);
    let sent = samples::send(context.clone(), directory.clone(), count).await?;
    let act = Act::new("samples_sent", "directory", directory.id)
        .within(&directory)
        .saying(format!("{} made, {} failed", sent.made, sent.failed));
    match context.begin(None, &raw).await? {
        IdempotentStart::Open(open) => open.finish(&context, act, StatusCode::OK, None, &sent).await,
        IdempotentStart::Answered(answer) => Ok(answer),
    }
}
