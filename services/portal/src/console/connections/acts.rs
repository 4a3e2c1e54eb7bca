//! What the forms on the page of a connection do.

use super::HERE;
use super::make::end_of_secret;
use super::show::{Outcome, page, refused};
use crate::api::Api;
use crate::console::id;
use crate::fault::Fault;
use crate::form::{Errors, Form};
use crate::frame::to;
use crate::session::Operator;
use crate::texts::text;
use actix_web::HttpResponse;
use actix_web::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use actix_web::web::Path;
use api::Connection;
use events::{ConnectionId, SsoSessionId};
use serde_json::{Value, json};

/// The media type of a certificate (RFC 2585 §4.1).
const CERTIFICATE: &str = "application/pkix-cert";

pub(super) async fn update(operator: Operator, path: Path<String>, form: Form) -> Result<HttpResponse, Fault> {
    let body = json!({
        "name": form.text("name"),
        "user_name_claim": form.text("user_name_claim"),
        "allows_guests": form.has("allows_guests"),
        "test_accounts": form.lines("test_accounts"),
    });
    patch(&operator, id(&path)?, &body, form).await
}

pub(super) async fn provider(operator: Operator, path: Path<String>, form: Form) -> Result<HttpResponse, Fault> {
    let body = json!({
        "authority": form.text("authority"),
        "client_id": form.text("client_id"),
        "expected_issuer": form.some("expected_issuer"),
    });
    patch(&operator, id(&path)?, &body, form).await
}

/// Lets people log in, or nobody.
pub(super) async fn switch(operator: Operator, path: Path<String>, form: Form) -> Result<HttpResponse, Fault> {
    let mut body = json!({ "state": form.text("state") });
    if form.has("force") {
        body["force"] = json!(true);
    }
    patch(&operator, id(&path)?, &body, form).await
}

/// Reads the discovery document again: any change does, until it is known.
pub(super) async fn check(operator: Operator, path: Path<String>, form: Form) -> Result<HttpResponse, Fault> {
    patch(&operator, id(&path)?, &json!({}), form).await
}

async fn patch(operator: &Operator, id: ConnectionId, body: &Value, form: Form) -> Result<HttpResponse, Fault> {
    let path = format!("/connections/{id}");
    let changed: Result<Connection, Fault> = operator.api.patch(&path, body).await;
    then(operator, id, changed, form).await
}

async fn then(
    operator: &Operator,
    id: ConnectionId,
    changed: Result<Connection, Fault>,
    form: Form,
) -> Result<HttpResponse, Fault> {
    match changed {
        Ok(_) => Ok(to(&format!("{HERE}/{id}"))),
        Err(fault) => refused(operator, id, fault, form).await,
    }
}

/// Sets the client secret, in the place of what there was.
pub(super) async fn set_secret(operator: Operator, path: Path<String>, form: Form) -> Result<HttpResponse, Fault> {
    let id: ConnectionId = id(&path)?;
    let mut body = json!({ "client_secret": form.text("client_secret") });
    if let Some(end) = form.some("expires_at") {
        body["expires_at"] = json!(end_of_secret(end));
    }
    let changed = operator
        .api
        .put(&format!("/connections/{id}/client-secret"), &body)
        .await;
    then(&operator, id, changed, form).await
}

/// Makes a key, in the place of what there was.
pub(super) async fn make_key(operator: Operator, path: Path<String>, form: Form) -> Result<HttpResponse, Fault> {
    let id: ConnectionId = id(&path)?;
    let changed = operator.api.post(&format!("/connections/{id}/key"), &json!({})).await;
    then(&operator, id, changed, form).await
}

pub(super) async fn certificate(operator: Operator, path: Path<String>) -> Result<HttpResponse, Fault> {
    certificate_file(&operator.api, id(&path)?).await
}

/// The certificate of a connection as a file.
///
/// # Errors
/// As the management API: where there is none, too.
pub(crate) async fn certificate_file(api: &Api, id: ConnectionId) -> Result<HttpResponse, Fault> {
    let file = api.file(&format!("/connections/{id}/certificate")).await?;
    let name = format!("attachment; filename=\"rollcall-{id}.cer\"");
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, CERTIFICATE))
        .insert_header((CONTENT_DISPOSITION, name))
        .body(file))
}

pub(super) async fn end_session(
    operator: Operator,
    path: Path<(String, String)>,
    form: Form,
) -> Result<HttpResponse, Fault> {
    let (connection, session) = path.into_inner();
    let (id, session): (ConnectionId, SsoSessionId) = (id(&connection)?, id(&session)?);
    match operator.api.delete(&format!("/sso-sessions/{session}")).await {
        Ok(()) => Ok(to(&format!("{HERE}/{id}"))),
        Err(fault) => refused(&operator, id, fault, form).await,
    }
}

/// Deletes the connection after its name was typed.
pub(super) async fn delete(operator: Operator, path: Path<String>, form: Form) -> Result<HttpResponse, Fault> {
    let id: ConnectionId = id(&path)?;
    let connection: Connection = operator.api.get(&format!("/connections/{id}")).await?;
    if form.text("confirm") != connection.name {
        let errors = Errors::one("confirm", text("connection-confirm-error"));
        return page(&operator, id, None, Outcome { errors, form }).await;
    }
    match operator.api.delete(&format!("/connections/{id}")).await {
        Ok(()) => Ok(to(HERE)),
        Err(fault) => refused(&operator, id, fault, form).await,
    }
}
