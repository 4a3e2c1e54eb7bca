//! `PATCH`, `DELETE` and `POST …/enable` of an endpoint.

use super::read::{
    MOST_DIRECTORIES, MOST_NAMES, RATES, SIGNINGS, audience, check_coalesce, check_directories, check_filter,
    check_format, check_organizations, client_certificate, event_pattern, field, filter, format, headers, url,
};
use super::{View, seal_headers, seal_identity, seal_url, secret};
use crate::body::{Body, OptionalBody};
use crate::context::{Context, path_id};
use crate::fields::{flag, id as read_id, integer, list, text, word};
use crate::idempotent::Begun;
use crate::problem::Problem;
use ::events::EndpointId;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Json, Path};
use store::{CatchUpFrom, EndpointFormat};

const FIELDS: &[&str] = &[
    "url",
    "description",
    "event_types",
    "directory_ids",
    "headers",
    "ordered",
    "coalesce",
    "rate_limit",
    "format",
    "audience",
    "organization_ids",
    "fields",
    "filter",
    "signing",
    "client_certificate",
];

/// Another `signing` makes a new secret, with the overlap of a rotation.
///
/// Named fields are replaced; `null` takes away what may be missing. `headers` are replaced all together.
pub(in crate::api) async fn update(context: Context, path: Path<String>, body: Body) -> Result<Json<View>, Problem> {
    let id: EndpointId = path_id("endpoint", &path)?;
    let mut fields = body.fields(FIELDS);
    let url = fields.change("url", url(context.guard()));
    let description = fields.change_or_clear("description", text(0..=500));
    let event_types = fields.change_or_clear("event_types", list(1..=MOST_NAMES, event_pattern));
    let directory_ids = fields.change_or_clear("directory_ids", list(1..=MOST_DIRECTORIES, read_id));
    let headers = fields.change_or_clear("headers", headers);
    let ordered = fields.change("ordered", flag);
    let coalesce = fields.change("coalesce", flag);
    if let (Some(false), Some(coalesce)) = (ordered, coalesce) {
        check_coalesce(&mut fields, false, coalesce);
    }
    let rate_limit = fields.change_or_clear("rate_limit", integer(RATES));
    let format = fields.change("format", format);
    let audience = fields.change_or_clear("audience", audience);
    let organization_ids = fields.change_or_clear("organization_ids", list(1..=MOST_DIRECTORIES, read_id));
    let names = fields.change_or_clear("fields", list(1..=MOST_NAMES, field));
    let filter = fields.change_or_clear("filter", filter);
    let signing = fields.change("signing", word(SIGNINGS));
    let identity = fields.change_or_clear("client_certificate", client_certificate(context.now));
    let organizations = organization_ids.as_ref().and_then(Option::as_ref);
    check_organizations(&context, &mut fields, organizations).await?;
    check_directories(&context, &mut fields, directory_ids.as_ref().and_then(Option::as_ref)).await?;
    fields.finish()?;
    let headers = headers
        .map(|headers| seal_headers(&context, id, &headers.unwrap_or_default()))
        .transpose()?;

    let change = context.change(None).await?;
    let endpoint = change.endpoint(id).await?;
    let mut endpoint = endpoint.ok_or_else(|| Problem::not_found("endpoint", &path))?;
    if let Some(url) = url {
        endpoint.url = seal_url(&context, id, &url);
    }
    endpoint.description = description.unwrap_or(endpoint.description);
    endpoint.event_types = event_types.unwrap_or(endpoint.event_types);
    endpoint.directory_ids = directory_ids.unwrap_or(endpoint.directory_ids);
    endpoint.sealed_headers = headers.unwrap_or(endpoint.sealed_headers);
    endpoint.ordered = ordered.unwrap_or(endpoint.ordered);
    // Without order nothing waits, so there is nothing to supersede.
    endpoint.coalesce = endpoint.ordered && coalesce.unwrap_or(endpoint.coalesce);
    if coalesce == Some(true) && !endpoint.ordered {
        return Err(Problem::invalid_at(
            "#/coalesce",
            "Needs \"ordered\": true: only there events wait for one another.",
        ));
    }
    endpoint.rate_limit = rate_limit.unwrap_or(endpoint.rate_limit);
    let selection = &mut endpoint.selection;
    selection.organization_ids = organization_ids.unwrap_or(selection.organization_ids.take());
    selection.fields = names.unwrap_or(selection.fields.take());
    selection.filter = filter.unwrap_or(selection.filter.take());
    if let Some(identity) = identity {
        endpoint.client_identity = identity.map(|identity| seal_identity(&context, id, &identity));
    }
    endpoint.format = format.unwrap_or(endpoint.format);
    endpoint.audience = match audience {
        Some(audience) => audience,
        // It said who the tokens were for; there are none any more.
        None if endpoint.format == EndpointFormat::Standard => None,
        None => endpoint.audience,
    };
    let mut fields = body.fields(FIELDS);
    check_format(
        &mut fields,
        endpoint.format,
        endpoint.audience.as_ref(),
        endpoint.event_types.as_ref(),
    );
    check_filter(&mut fields, endpoint.format, endpoint.selection.filter.as_ref());
    fields.finish()?;
    endpoint.updated_at = context.now;
    change.save_endpoint(&endpoint).await?;
    if let Some(signing) = signing.filter(|signing| signing.as_str() != endpoint.signing) {
        // Both ways sign while receivers move from one to the other.
        secret::rotate(&context, &change, id, signing).await?;
        let changed = change.endpoint(id).await?;
        endpoint = changed.ok_or_else(|| Problem::not_found("endpoint", &path))?;
    }
    change.commit().await?;
    Ok(Json(View::new(&context, endpoint)?))
}

pub(in crate::api) async fn delete(context: Context, path: Path<String>) -> Result<HttpResponse, Problem> {
    let id: EndpointId = path_id("endpoint", &path)?;
    let change = context.change(None).await?;
    if !change.delete_endpoint(id).await? {
        return Err(Problem::not_found("endpoint", &path));
    }
    change.commit().await?;
    Ok(HttpResponse::NoContent().finish())
}

/// What becomes of the events that were held while the endpoint was switched off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Held {
    Drain,
    Skip,
    Snapshot,
}

const HELD: &[(&str, Held)] = &[
    ("drain", Held::Drain),
    ("skip", Held::Skip),
    ("snapshot", Held::Snapshot),
];

/// Switches an endpoint on. `{"held": "drain"}`, which is what happens without a body, sends what was held meanwhile;
/// `"skip"` cancels it; `"snapshot"` does so too, and sends each directory as it is now before what happens then.
pub(in crate::api) async fn enable(
    context: Context,
    path: Path<String>,
    body: OptionalBody,
) -> Result<HttpResponse, Problem> {
    let id: EndpointId = path_id("endpoint", &path)?;
    let mut fields = body.fields(&["held"]);
    let held = fields.optional("held", word(HELD)).unwrap_or(Held::Drain);
    fields.finish()?;
    let open = match context.begin(None, body.raw()).await? {
        Begun::Open(open) => open,
        Begun::Answered(answer) => return Ok(answer),
    };
    open.enable_endpoint(id, held != Held::Drain, context.now).await?;
    let mut endpoint = open
        .endpoint(id)
        .await?
        .ok_or_else(|| Problem::not_found("endpoint", &path))?;
    if held == Held::Snapshot {
        let (directories, organizations) = (&endpoint.directory_ids, &endpoint.selection.organization_ids);
        let from = CatchUpFrom::Snapshot;
        open.start_catch_up(id, from, directories.as_deref(), organizations.as_deref(), context.now)
            .await?;
        endpoint.catching_up = true;
    }
    let view = View::new(&context, endpoint)?;
    open.finish(&context, StatusCode::OK, None, &view).await
}
