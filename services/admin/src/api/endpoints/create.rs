//! `POST /endpoints`.

use super::read::{
    BEGINNINGS, MOST_DIRECTORIES, MOST_NAMES, RATES, SIGNINGS, audience, check_coalesce, check_directories,
    check_filter, check_format, check_organizations, client_certificate, event_pattern, field, filter, format, headers,
    url,
};
use super::{View, seal_headers, seal_identity, seal_url, secret};
use crate::body::Body;
use crate::context::Context;
use crate::fields::{flag, id as read_id, integer, list, text, word};
use crate::idempotent::Begun;
use crate::problem::Problem;
use ::events::EndpointId;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use store::{CatchUpFrom, Endpoint, EndpointSelection, EndpointState};
use webhooks::Signing;

pub(in crate::api) async fn create(context: Context, body: Body) -> Result<HttpResponse, Problem> {
    let id = EndpointId::new();
    let (mut endpoint, signing, from) = read(&context, id, &body).await?;
    let secret = secret::mint(signing)?;
    endpoint.public_key = secret.public_key().map(|key| key.to_string());
    endpoint.sealed_secret = secret::seal(&context, id, &secret);
    let open = match context.begin(None, body.raw()).await? {
        Begun::Open(open) => open,
        Begun::Answered(answer) => return Ok(answer),
    };
    open.create_endpoint(&endpoint).await?;
    if let Some(from) = from {
        let (directories, organizations) = (&endpoint.directory_ids, &endpoint.selection.organization_ids);
        open.start_catch_up(id, from, directories.as_deref(), organizations.as_deref(), context.now)
            .await?;
        endpoint.catching_up = true;
    }
    let view = View {
        // A private key is nobody's business but ours.
        secret: (signing == Signing::V1).then(|| secret.expose().to_owned()),
        ..View::new(&context, endpoint)?
    };
    let location = context.location(&format!("/endpoints/{id}"));
    open.finish(&context, StatusCode::CREATED, Some(location), &view).await
}

/// Reads everything but the secret.
async fn read(
    context: &Context,
    id: EndpointId,
    body: &Body,
) -> Result<(Endpoint, Signing, Option<CatchUpFrom>), Problem> {
    let mut fields = body.fields(&[
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
        "from",
    ]);
    let url = fields.required("url", url(context.guard()));
    let description = fields.optional("description", text(0..=500));
    let event_types = fields.optional("event_types", list(1..=MOST_NAMES, event_pattern));
    let directory_ids = fields.optional("directory_ids", list(1..=MOST_DIRECTORIES, read_id));
    let headers = fields.optional("headers", headers).unwrap_or_default();
    let ordered = fields.optional("ordered", flag).unwrap_or(false);
    let coalesce = fields.optional("coalesce", flag).unwrap_or(false);
    check_coalesce(&mut fields, ordered, coalesce);
    let rate_limit = fields.optional("rate_limit", integer(RATES));
    let format = fields.optional("format", format).unwrap_or_default();
    let audience = fields.optional("audience", audience);
    check_format(&mut fields, format, audience.as_ref(), event_types.as_ref());
    let selection = EndpointSelection {
        organization_ids: fields.optional("organization_ids", list(1..=MOST_DIRECTORIES, read_id)),
        fields: fields.optional("fields", list(1..=MOST_NAMES, field)),
        filter: fields.optional("filter", filter),
    };
    check_filter(&mut fields, format, selection.filter.as_ref());
    let signing = fields.optional("signing", word(SIGNINGS)).unwrap_or_default();
    let identity = fields.optional("client_certificate", client_certificate(context.now));
    let from = fields.optional("from", word(BEGINNINGS)).flatten();
    check_directories(context, &mut fields, directory_ids.as_ref()).await?;
    check_organizations(context, &mut fields, selection.organization_ids.as_ref()).await?;
    fields.finish()?;
    let endpoint = Endpoint {
        selection,
        signing: signing.as_str().to_owned(),
        public_key: None,
        previous_public_key: None,
        client_identity: identity.map(|identity| seal_identity(context, id, &identity)),
        catching_up: false,
        id,
        url: seal_url(context, id, &url.unwrap_or_default()),
        description,
        event_types,
        directory_ids,
        sealed_headers: seal_headers(context, id, &headers)?,
        sealed_secret: Vec::new(),
        sealed_previous_secret: None,
        previous_secret_until: None,
        ordered,
        coalesce,
        rate_limit,
        format,
        audience,
        state: EndpointState::Enabled,
        disabled_reason: None,
        disabled_at: None,
        failing_since: None,
        created_at: context.now,
        updated_at: context.now,
    };
    Ok((endpoint, signing, from))
}
