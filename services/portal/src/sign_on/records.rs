//! What is left of a login to the console: lines of the audit log, in the name of the person, and the end of the session at
//! single sign-on.

use crate::state::State;
use actix_web::HttpRequest;
use events::{AuditId, Timestamp};
use store::{AuditActor, AuditEntry, SessionEnd, SessionFilter, SsoSession, StoreError};

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Happened {
    /// Somebody came in.
    LoggedIn,
    /// Somebody was not let in.
    Refused,
    /// Somebody logged out.
    LoggedOut,
    /// Somebody may enter no more.
    Ended,
}

impl Happened {
    const fn action(self) -> &'static str {
        match self {
            Self::LoggedIn => "console.login",
            Self::Refused => "console.login_refused",
            Self::LoggedOut => "console.logout",
            Self::Ended => "console.session_ended",
        }
    }
}

/// Notes what happened to somebody.
pub(crate) async fn note(
    state: &State,
    request: &HttpRequest,
    session: &SsoSession,
    (name, happened, reason): (&str, Happened, Option<SessionEnd>),
) {
    let begun = &session.begun;
    let entry = AuditEntry {
        id: AuditId::new(),
        actor: AuditActor::Person {
            id: begun.user_id,
            name: name.to_owned(),
        },
        action: happened.action().to_owned(),
        object_kind: Some("connection".to_owned()),
        object_id: Some(begun.connection_id.to_string()),
        organization_id: Some(begun.organization_id),
        directory_id: Some(begun.directory_id),
        status: (happened == Happened::Refused).then_some(403),
        detail: reason.map(|reason| reason.as_str().to_owned()),
        operation: None,
        before: None,
        after: None,
        trace_id: telemetry::trace_id(&tracing::Span::current()),
        client: runtime::http::caller(request).map(|address| address.to_string()),
        count: 1,
        created_at: Timestamp::now(),
    };
    if let Err(error) = state.store().audit_log().note(&[entry]).await {
        tracing::warn!(error = %telemetry::chain(&error), "a line of the audit log is lost");
    }
}

/// Ends a session at single sign-on.
///
/// # Errors
/// As any write.
pub(crate) async fn end(state: &State, session: &SsoSession, reason: SessionEnd) -> Result<(), StoreError> {
    let begun = &session.begun;
    let lane = state.lane(begun.directory_id);
    let change = state.store().change(Some(lane)).await?;
    let of = SessionFilter::Id(begun.id);
    if change
        .end_sso_sessions(lane, of, reason, telemetry::traceparent().as_deref(), Timestamp::now())
        .await?
        .is_empty()
    {
        return Ok(());
    }
    change.commit().await
}
