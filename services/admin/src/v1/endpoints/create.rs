//! `POST /endpoints`.

use super::check::{self, CheckedMembers, NEEDS_ORDER, faults_of_format};
use super::seal::{mint_secret, seal_headers, seal_identity, seal_secret, seal_url};
use super::view::{for_caller, listed, owner};
use crate::audit::Act;
use crate::body::Body;
use crate::context::AdminContext;
use crate::idempotent::IdempotentStart;
use crate::problem::Problem;
use ::events::EndpointId;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use api::{Audience, Beginning, EndpointCreate, Scope};
use store::{CatchUpFrom, Endpoint, EndpointFormat, EndpointSelection, EndpointState};
use webhooks::Signing;

/// Creates an endpoint.
///
/// Its secret is in this answer, and can be asked for later; both only with the scope `endpoints:reveal`. A key of one
/// organization makes endpoints of that organization.
#[utoipa::path(
    post,
    path = "/endpoints",
    operation_id = "create_endpoint",
    tag = "Endpoints",
    request_body = api::EndpointCreate,
    responses((status = 201, description = "The new endpoint, with its secret.", body = api::Endpoint, headers(("location" = String, description = "Where it is.")))),
)]
pub(crate) async fn handler(context: AdminContext, mut body: Body<EndpointCreate>) -> Result<HttpResponse, Problem> {
    let checked = check::check(&context, &mut body).await?;
    check_together(&mut body);
    let raw = body.raw();
    let mut wanted = body.finish()?;
    if let Some(own) = context.principal.organization {
        wanted.organization_ids = Some(vec![own]);
    }
    let from = match wanted.from.unwrap_or_default() {
        Beginning::Now => None,
        Beginning::Beginning => Some(CatchUpFrom::Beginning),
        Beginning::Snapshot => Some(CatchUpFrom::Snapshot),
    };
    let signing = signing_of(wanted.signing.unwrap_or_default());
    let secret = mint_secret(signing)?;
    let id = EndpointId::new();
    let mut endpoint = Endpoint {
        signing: signing.as_str().to_owned(),
        public_key: secret.public_key().map(|key| key.to_string()),
        sealed_secret: seal_secret(&context, id, &secret),
        ..endpoint(&context, id, wanted, checked)?
    };
    let open = match context.begin(None, &raw).await? {
        IdempotentStart::Open(open) => open,
        IdempotentStart::Answered(answer) => return Ok(answer),
    };
    open.create_endpoint(&endpoint).await?;
    if let Some(from) = from {
        let (directories, organizations) = (&endpoint.directory_ids, &endpoint.selection.organization_ids);
        open.start_catch_up(id, from, directories.as_deref(), organizations.as_deref(), context.now)
            .await?;
        endpoint.catching_up = true;
    }
    let act = Act::created("endpoint", id, &listed(&context, endpoint.clone())?).of(owner(&endpoint));
    // A private key never leaves this service.
    let may_see = signing == Signing::V1 && context.principal.has(Scope::RevealEndpoints);
    let answer = api::Endpoint {
        secret: may_see.then(|| secret.expose().into()),
        ..for_caller(&context, endpoint)?
    };
    let location = context.location(&format!("/endpoints/{id}"));
    open.finish(&context, act, StatusCode::CREATED, Some(location), &answer)
        .await
}

/// What does not go together.
fn check_together(body: &mut Body<EndpointCreate>) {
    let is = |name| body.sound(name).unwrap_or(false);
    if is("coalesce") && !is("ordered") {
        body.fault("/coalesce", NEEDS_ORDER);
    }
    let audience: Option<Audience> = body.sound("audience");
    let faults = faults_of_format(
        format_of(body.sound("format").unwrap_or_default()),
        audience.map(|Audience(all)| all).as_ref(),
        body.sound("event_types").as_ref(),
        body.sound("filter").as_ref(),
    );
    for (place, detail) in faults {
        body.fault(&place, detail);
    }
}

/// The endpoint except for its secret.
pub(super) fn endpoint(
    context: &AdminContext,
    id: EndpointId,
    wanted: EndpointCreate,
    checked: CheckedMembers,
) -> Result<Endpoint, Problem> {
    Ok(Endpoint {
        id,
        url: seal_url(context, id, &checked.url.unwrap_or_default()),
        description: wanted.description,
        event_types: wanted.event_types,
        directory_ids: wanted.directory_ids,
        selection: EndpointSelection {
            organization_ids: wanted.organization_ids,
            fields: wanted.fields,
            filter: wanted.filter,
        },
        sealed_headers: seal_headers(context, id, &checked.headers)?,
        client_identity: checked.identity.map(|identity| seal_identity(context, id, &identity)),
        ordered: wanted.ordered.unwrap_or_default(),
        coalesce: wanted.coalesce.unwrap_or_default(),
        rate_limit: wanted.rate_limit,
        format: format_of(wanted.format.unwrap_or_default()),
        audience: wanted.audience.map(|Audience(all)| all),
        sso_client_id: None,
        signals: None,
        signing: String::new(),
        public_key: None,
        previous_public_key: None,
        sealed_secret: Vec::new(),
        sealed_previous_secret: None,
        previous_secret_until: None,
        catching_up: false,
        state: EndpointState::Enabled,
        disabled_reason: None,
        disabled_at: None,
        failing_since: None,
        contacts: wanted.contacts.unwrap_or_default(),
        created_at: context.now,
        updated_at: context.now,
    })
}

pub(super) const fn format_of(format: api::EndpointFormat) -> EndpointFormat {
    match format {
        api::EndpointFormat::Standard => EndpointFormat::Standard,
        api::EndpointFormat::Set => EndpointFormat::Set,
        api::EndpointFormat::LogoutToken => EndpointFormat::LogoutToken,
        api::EndpointFormat::Signals => EndpointFormat::Signals,
    }
}

pub(super) const fn signing_of(signing: api::Signing) -> Signing {
    match signing {
        api::Signing::V1 => Signing::V1,
        api::Signing::V1a => Signing::V1a,
    }
}
