//! What is done when a login ends, one way or the other: an answer for the app, a line in the audit log, a count.

use crate::refusal::Refusal;
use crate::state::Inner;
use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, LOCATION, PRAGMA, REFERRER_POLICY};
use events::{AuditId, Timestamp};
use store::{AuditActor, AuditEntry, Connection, SsoClient, SsoLogin, StoreError};
use url::Url;
use uuid::Uuid;

/// Sends somebody back to the app with parameters in the query (RFC 6749 §4.1.2), and with the issuer (RFC 9207).
pub(crate) fn send_back(issuer: &str, redirect_uri: &str, parameters: &[(&str, &str)]) -> HttpResponse {
    let Ok(mut url) = Url::parse(redirect_uri) else {
        // It was compared with a registered one, which is a URL.
        return HttpResponse::BadRequest().finish();
    };
    {
        let mut query = url.query_pairs_mut();
        for (name, value) in parameters.iter().filter(|(_, value)| !value.is_empty()) {
            query.append_pair(name, value);
        }
        query.append_pair("iss", issuer);
    }
    redirect(url.as_str())
}

/// A redirect that no cache keeps, and after which nobody is told where it came from.
pub(crate) fn redirect(to: &str) -> HttpResponse {
    HttpResponse::SeeOther()
        .insert_header((LOCATION, to))
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((PRAGMA, "no-cache"))
        .insert_header((REFERRER_POLICY, "no-referrer"))
        .finish()
}

/// Notes a refusal and sends the person back to the app with an error. The description names what an administrator finds in
/// the audit log, by a reference.
pub(crate) async fn refuse(
    state: &Inner,
    connection: &Connection,
    login: &SsoLogin,
    refusal: &Refusal,
    trace_id: Option<String>,
) -> HttpResponse {
    let reference = AuditId::new();
    let code = refusal.code();
    metrics::counter!("rollcall_sso_logins_total", "outcome" => code.clone()).increment(1);
    tracing::info!(%reference, connection = %connection.id, reason = %code, "a login was refused");
    let entry = AuditEntry {
        id: reference,
        action: "login.refused".to_owned(),
        status: Some(403),
        detail: Some(format!("{code}: {}", refusal.detail())),
        ..entry(
            connection,
            login.client_id.map(|id| id.to_string()),
            trace_id,
            state.now(),
        )
    };
    note(state, entry).await;
    if refusal.is_of_connection() {
        note_connection(state, connection, Some(&refusal.detail())).await;
    }
    let description = format!("{} (reference {reference})", refusal.public_code());
    let parameters = [
        ("error", refusal.oauth()),
        ("error_description", description.as_str()),
        ("state", login.client_state.as_str()),
    ];
    send_back(&state.issuer, &login.redirect_uri, &parameters)
}

/// Notes that somebody logged in.
pub(crate) async fn accept(
    state: &Inner,
    connection: &Connection,
    client: &SsoClient,
    user: Uuid,
    is_first: bool,
    trace_id: Option<String>,
) {
    metrics::counter!("rollcall_sso_logins_total", "outcome" => "success").increment(1);
    note_connection(state, connection, None).await;
    if !is_first {
        return;
    }
    // Who is who from now on is a change; that somebody logs in again is none.
    let entry = AuditEntry {
        action: "binding.created".to_owned(),
        object_kind: Some("binding".to_owned()),
        object_id: Some(user.to_string()),
        ..entry(connection, Some(client.id.to_string()), trace_id, state.now())
    };
    note(state, entry).await;
}

/// Notes whether the identity provider of a connection takes what we send.
pub(crate) async fn note_connection(state: &Inner, connection: &Connection, error: Option<&str>) {
    use store::ConnectionState::{Active, Failing};
    let is_new = matches!((connection.state, error), (Active, Some(_)) | (Failing, None));
    if !is_new {
        return;
    }
    if let Err(error) = write_outcome(state, connection, error).await {
        tracing::warn!(connection = %connection.id, error = %telemetry::chain(&error), "the state of a connection is not noted");
    }
}

async fn write_outcome(state: &Inner, connection: &Connection, error: Option<&str>) -> Result<(), StoreError> {
    let lane = state.lane(connection.directory_id);
    let change = state.store.change(Some(lane)).await?;
    let is_new = change
        .note_connection_outcome(lane, connection, error, state.now())
        .await?;
    if is_new {
        change.commit().await?;
    }
    Ok(())
}

async fn note(state: &Inner, entry: AuditEntry) {
    if let Err(error) = state.store.audit_log().note(&[entry]).await {
        tracing::warn!(error = %telemetry::chain(&error), "a line of the audit log is lost");
    }
}

fn entry(connection: &Connection, client: Option<String>, trace_id: Option<String>, now: Timestamp) -> AuditEntry {
    AuditEntry {
        id: AuditId::new(),
        actor: AuditActor::System("single sign-on".to_owned()),
        action: String::new(),
        object_kind: Some("connection".to_owned()),
        object_id: Some(connection.id.to_string()),
        organization_id: Some(connection.organization_id),
        directory_id: Some(connection.directory_id),
        status: None,
        detail: None,
        operation: client.map(|client| format!("login to {client}")),
        before: None,
        after: None,
        trace_id,
        client: None,
        count: 1,
        created_at: now,
    }
}
