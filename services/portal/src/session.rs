//! Who is logged in. A session is checked on every request, and so is the key or the link that opened it: what that one may
//! do no longer, the session may not do either.

use crate::WIDEST_SCOPES;
use crate::api::{Api, LocalApi};
use crate::door::Door;
use crate::fault::Fault;
use crate::sign_on::person::{Standing, is_live, standing};
use crate::sign_on::records::{self, Happened};
use crate::state::State;
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};
use api::{Caller, CallerIdentity, Scope};
use events::{PortalSessionId, SsoSessionId, Timestamp};
use futures_util::future::LocalBoxFuture;
use secrecy::SecretString;
use secrets::{Token, TokenKind};
use std::time::Duration;
use store::{AdminScope, NewPortalSession, PortalSession, SessionKind, SessionOpener};

/// How long one is logged in at the most.
const LASTS: Duration = Duration::from_hours(12);
/// How long one stays logged in without looking at a page.
const IDLE: Duration = Duration::from_hours(2);

/// Somebody who is logged in to the console.
pub(crate) struct Operator {
    pub(crate) api: Api,
    pub(crate) state: State,
    pub(crate) session: PortalSession,
    /// What the key is called.
    pub(crate) name: String,
    pub(crate) scopes: Vec<Scope>,
    /// Whether these are for all organizations.
    pub(crate) covers_all: bool,
}

impl Operator {
    /// Whether the key has a scope, or one that includes it; what it has not is not offered.
    pub(crate) fn may(&self, scope: Scope) -> bool {
        self.scopes.iter().any(|own| own.includes(scope))
    }
}

impl FromRequest for Operator {
    type Error = Fault;
    type Future = LocalBoxFuture<'static, Result<Self, Fault>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let (state, local) = parts(&request)?;
            let session = checked(&state, Door::Console, &request).await?;
            let caller = operator(&state, &local, &session, &request).await?;
            let (name, scopes) = (caller.name.clone(), caller.scopes.clone());
            let covers_all = caller.organization.is_none();
            Ok(Self {
                api: Api::new(local, caller, runtime::http::caller(&request)),
                state,
                session,
                name,
                scopes,
                covers_all,
            })
        })
    }
}

/// What every page has.
///
/// # Errors
/// Where the portal was mounted without it.
pub(crate) fn parts(request: &HttpRequest) -> Result<(State, LocalApi), Fault> {
    let state = request.app_data::<web::Data<State>>();
    let local = request.app_data::<LocalApi>();
    match (state, local) {
        (Some(state), Some(local)) => Ok((state.get_ref().clone(), local.clone())),
        _ => Err(Fault::Broken("the portal was mounted without its state".to_owned())),
    }
}

/// Whether a session goes on: it has an end, and ends before that when nobody uses it.
fn is_good(session: &PortalSession, now: Timestamp) -> bool {
    now < session.expires_at && now.since(session.last_seen_at) < IDLE
}

/// The session of the cookie, as long as it lasts.
///
/// # Errors
/// That nobody is logged in; otherwise as the store.
pub(crate) async fn checked(state: &State, door: Door, request: &HttpRequest) -> Result<PortalSession, Fault> {
    let out = || Fault::LoggedOut(door);
    let cookie = request.cookie(door.cookie(state.is_secure())).ok_or_else(out)?;
    let token = Token::parse(cookie.value())
        .filter(|token| token.kind() == TokenKind::PortalSession)
        .ok_or_else(out)?;
    let (sessions, now) = (state.store().portal_sessions(), Timestamp::now());
    let session = sessions
        .by_id(token.id().into())
        .await?
        .filter(|session| token.matches(&session.token_hash))
        .filter(|session| session.kind == door.kind() && is_good(session, now))
        .ok_or_else(out)?;
    if let Err(error) = sessions.note_use(&session, now).await {
        tracing::warn!(error = %telemetry::chain(&error), "the use of a session could not be noted");
    }
    Ok(session)
}

/// What the opener of a session of the console may do now.
async fn operator(
    state: &State,
    local: &LocalApi,
    session: &PortalSession,
    request: &HttpRequest,
) -> Result<Caller, Fault> {
    let out = Fault::LoggedOut(Door::Console);
    match &session.opener {
        SessionOpener::Configured(hash) if state.is_configured_key(hash) => Ok(Caller {
            identity: CallerIdentity::Configured,
            name: "configured".to_owned(),
            scopes: WIDEST_SCOPES.to_vec(),
            organization: None,
            directory: None,
        }),
        SessionOpener::AdminKey(id) => {
            let key = state.store().admin_keys().by_id(*id).await?;
            let key = key.filter(|key| key.is_good(Timestamp::now())).ok_or(out)?;
            Ok(Caller {
                identity: CallerIdentity::AdminKey(key.id),
                name: key.name,
                scopes: key.scopes.into_iter().map(shown).collect(),
                organization: key.organization_id,
                directory: None,
            })
        }
        SessionOpener::Person(id) => person(state, local, session, *id, request).await?.ok_or(out),
        SessionOpener::Configured(_) | SessionOpener::Link(_) => Err(out),
    }
}

/// What a person may do now. Who may enter no more is out for good: whoever gets the role back logs in again.
async fn person(
    state: &State,
    local: &LocalApi,
    session: &PortalSession,
    id: SsoSessionId,
    request: &HttpRequest,
) -> Result<Option<Caller>, Fault> {
    let found = state.store().sso_sessions().by_id(id).await?;
    let Some(by) = found.filter(|by| is_live(by, Timestamp::now())) else {
        state.store().portal_sessions().end(session.id).await?;
        return Ok(None);
    };
    let Standing { name, caller } = standing(state, local, &by, runtime::http::caller(request)).await?;
    match caller {
        Ok(caller) => Ok(Some(caller)),
        Err(reason) => {
            // Of several requests at a time one notes it.
            if state.store().portal_sessions().end(session.id).await? {
                records::end(state, &by, reason).await?;
                records::note(state, request, &by, (&name, Happened::Ended, Some(reason))).await;
            }
            Ok(None)
        }
    }
}

pub(crate) const fn shown(scope: AdminScope) -> Scope {
    match scope {
        AdminScope::Read => Scope::Read,
        AdminScope::Directories => Scope::Directories,
        AdminScope::Endpoints => Scope::Endpoints,
        AdminScope::ViewEndpoints => Scope::ViewEndpoints,
        AdminScope::RevealEndpoints => Scope::RevealEndpoints,
        AdminScope::ManageEndpoints => Scope::ManageEndpoints,
        AdminScope::ResendDeliveries => Scope::ResendDeliveries,
        AdminScope::Connections => Scope::Connections,
        AdminScope::Admin => Scope::Admin,
    }
}

/// Opens a session and returns what its cookie holds.
///
/// # Errors
/// As any write.
pub(crate) async fn open(
    state: &State,
    kind: SessionKind,
    opener: SessionOpener,
    until: Option<Timestamp>,
) -> Result<SecretString, Fault> {
    let (id, now) = (PortalSessionId::new(), Timestamp::now());
    let (token_kind, lasts) = match kind {
        SessionKind::LoginCode => (TokenKind::LoginCode, crate::login::CODE_LASTS),
        SessionKind::Console | SessionKind::Setup | SessionKind::Apps => (TokenKind::PortalSession, LASTS),
    };
    let (token, hash) = Token::mint(token_kind, id.uuid());
    let end = now.plus(lasts);
    let session = NewPortalSession {
        id,
        kind,
        token_hash: *hash.as_bytes(),
        opener,
        created_at: now,
        expires_at: until.map_or(end, |until| until.min(end)),
    };
    state.store().portal_sessions().open(&session).await?;
    Ok(token)
}

#[cfg(test)]
mod tests {
    use super::{IDLE, LASTS, is_good};
    use events::{PortalSessionId, SsoSessionId, Timestamp};
    use std::time::Duration;
    use store::{PortalSession, SessionKind, SessionOpener};

    #[test]
    fn a_session_ends_when_nobody_uses_it_and_at_its_end() {
        let opened = Timestamp::now();
        let mut session = PortalSession {
            id: PortalSessionId::new(),
            kind: SessionKind::Console,
            token_hash: [0; 32],
            opener: SessionOpener::Person(SsoSessionId::new()),
            created_at: opened,
            last_seen_at: opened,
            expires_at: opened.plus(LASTS),
        };
        let second = Duration::from_secs(1);
        assert!(is_good(&session, opened.plus(IDLE - second)));
        assert!(!is_good(&session, opened.plus(IDLE)), "nobody used it");
        session.last_seen_at = opened.plus(LASTS - second);
        assert!(is_good(&session, opened.plus(LASTS - second)));
        assert!(!is_good(&session, opened.plus(LASTS)), "however often it is used");
    }
}
