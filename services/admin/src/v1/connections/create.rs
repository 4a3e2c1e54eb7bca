//! `POST /connections`.

use super::check::{check, check_owner, check_secret, fault_of_client_id};
use super::provider::{Discovered, Entered};
use super::slug::slug;
use super::view::shown;
use super::{about, secret_context};
use crate::audit::Act;
use crate::body::Body;
use crate::context::AdminContext;
use crate::idempotent::IdempotentStart;
use crate::problem::Problem;
use ::events::ConnectionId;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use api::ConnectionCreate;
use oidc::AssertionForm;
use store::{Connection, ConnectionCredential, ConnectionState, Organization, SealedCredential};

/// The claim that is compared where nothing is said.
const USER_NAME_CLAIM: &str = "upn";

/// Creates a connection.
///
/// It is a `draft`: nobody logs in by it before it was tested. The answer has the redirect URIs that must be registered at the
/// identity provider. Its discovery document is read at once; where that fails, the connection is made all the same, and
/// `last_error` says why.
#[utoipa::path(
    post,
    path = "/connections",
    operation_id = "create_connection",
    tag = "Connections",
    request_body = api::ConnectionCreate,
    responses((status = 201, description = "The new connection.", body = api::Connection, headers(("location" = String, description = "Where it is.")))),
)]
pub(crate) async fn handler(context: AdminContext, mut body: Body<ConnectionCreate>) -> Result<HttpResponse, Problem> {
    check(&context, &mut body);
    check_secret(&context, &mut body, "secret_expires_at");
    check_client_id(&context, &mut body);
    let organization = check_owner(&context, &mut body).await?;
    let raw = body.raw();
    let wanted = body.finish()?;
    // Without faults there is one.
    let organization = organization.ok_or_else(|| Problem::invalid_at("#/organization_id", "Is required."))?;
    if let Some(answer) = context.answered(&raw).await? {
        return Ok(answer);
    }
    let entered = Entered {
        authority: wanted.authority.clone(),
        client_id: wanted.client_id.clone(),
        expected_issuer: wanted.expected_issuer.clone(),
    };
    let (entered, authority) = entered.read(&context)?;
    let discovered = entered.discover(&context, &authority).await?;
    let id = ConnectionId::new();
    let credential = SealedCredential {
        client_secret: wanted.client_secret.as_ref().map(|secret| {
            let keys = context.master_keys();
            keys.seal(secret.expose().as_bytes(), &secret_context(id))
        }),
        private_key: None,
    };
    let connection = connection(&context, id, &organization, entered, wanted, discovered)?;
    let open = match context.begin(None, &raw).await? {
        IdempotentStart::Open(open) => open,
        IdempotentStart::Answered(answer) => return Ok(answer),
    };
    open.create_connection(&connection, credential).await?;
    let answer = shown(&context, connection)?;
    let act = about(Act::created("connection", id, &answer), &answer);
    let location = context.location(&format!("/connections/{id}"));
    open.finish(&context, act, StatusCode::CREATED, Some(location), &answer)
        .await
}

/// Together with the provider, so that it is told at once with all other faults.
fn check_client_id(context: &AdminContext, body: &mut Body<ConnectionCreate>) {
    let (Some(authority), Some(client_id)) = (body.sound::<String>("authority"), body.sound::<String>("client_id"))
    else {
        return;
    };
    let authority = context.discovery().parse(&authority).ok();
    if let Some(detail) = authority.and_then(|authority| fault_of_client_id(&authority, &client_id)) {
        body.fault("/client_id", detail);
    }
}

fn connection(
    context: &AdminContext,
    id: ConnectionId,
    organization: &Organization,
    entered: Entered,
    wanted: ConnectionCreate,
    discovered: Discovered,
) -> Result<Connection, Problem> {
    let accounts = wanted.test_accounts.unwrap_or_default();
    Ok(Connection {
        id,
        organization_id: organization.id,
        directory_id: wanted.directory_id,
        name: wanted.name.unwrap_or_else(|| organization.name.clone()),
        state: ConnectionState::Draft,
        slug: slug(organization),
        authority: entered.authority,
        expected_issuer: entered.expected_issuer,
        metadata_at: discovered.is_ok().then_some(context.now),
        last_error: discovered.as_ref().err().cloned(),
        metadata: discovered.ok(),
        client_id: entered.client_id,
        user_name_claim: wanted.user_name_claim.unwrap_or_else(|| USER_NAME_CLAIM.to_owned()),
        credential: match wanted.client_secret {
            Some(_) => ConnectionCredential::ClientSecret,
            None => ConnectionCredential::None,
        },
        credential_expires_at: wanted.secret_expires_at,
        certificate: None,
        assertion_form: AssertionForm::default().as_str().to_owned(),
        allows_guests: wanted.allows_guests.unwrap_or_default(),
        test_accounts: accounts_stored(&accounts)?,
        failing_since: None,
        tested_at: None,
        last_test: None,
        created_at: context.now,
        updated_at: context.now,
    })
}

/// Test accounts as they are stored.
pub(super) fn accounts_stored(accounts: &[String]) -> Result<String, Problem> {
    let accounts: Vec<&str> = accounts.iter().map(|account| account.trim()).collect();
    serde_json::to_string(&accounts).map_err(|error| Problem::internal(&error))
}
