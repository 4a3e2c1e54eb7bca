//! The one extractor of every handler: the shared state, the caller, the time, and the idempotency key.

use crate::audit::{Act, Origin};
use crate::idempotent::{Idempotency, IdempotentStart, OpenChange};
use crate::principal::Principal;
use crate::problem::{Problem, ProblemKind};
use crate::setup;
use crate::state::State;
use actix_web::dev::Payload;
use actix_web::web::{Bytes, Data};
use actix_web::{FromRequest, HttpMessage, HttpRequest, HttpResponse};
use events::{CommandId, DirectoryId, EventType, Source, Timestamp};
use serde_json::Value;
use std::future::{Ready, ready};
use std::ops::Deref;
use std::str::FromStr;
use store::{AuditEntry, Directory, EventDraft};
use tokio::sync::MutexGuard;

/// What a handler starts with. A handler that has one runs for an authenticated caller.
#[derive(Clone, Debug)]
pub(crate) struct AdminContext {
    state: Data<State>,
    /// The caller.
    pub(crate) principal: Principal,
    /// The time of the request.
    pub(crate) now: Timestamp,
    /// Method and path.
    operation: String,
    origin: Origin,
    idempotency: Option<Idempotency>,
}

impl Deref for AdminContext {
    type Target = State;

    fn deref(&self) -> &State {
        &self.state
    }
}

impl AdminContext {
    /// The directory that a path names.
    ///
    /// # Errors
    /// 404 without such a directory; otherwise as the store.
    pub(crate) async fn directory(&self, id: &str) -> Result<Directory, Problem> {
        let directory_id: DirectoryId = path_id("directory", id)?;
        let found = self.store().directories().by_id(directory_id).await?;
        found.ok_or_else(|| Problem::not_found("directory", id))
    }

    /// Opens a change for a POST. When the request was answered before, its answer is returned instead.
    ///
    /// # Errors
    /// 422 when the idempotency key was used for another request; otherwise as the store.
    pub(crate) async fn begin(&self, lane: Option<u16>, body: &Bytes) -> Result<IdempotentStart, Problem> {
        let change = self.store().change(lane).await?;
        let Some(idempotency) = &self.idempotency else {
            return Ok(IdempotentStart::Open(OpenChange::unmarked(change)));
        };
        idempotency.begin(self, change, &self.operation, body, self.now).await
    }

    /// Waits until no other request of this process is under way under the same idempotency key; nothing without a key. The
    /// place is held as long as the guard.
    pub(crate) async fn alone(&self) -> Option<MutexGuard<'static, ()>> {
        let idempotency = self.idempotency.as_ref()?;
        Some(idempotency.place().lock().await)
    }

    /// The answer that a POST got before, whose change is not made in a transaction of this API.
    ///
    /// # Errors
    /// As [`Self::begin`].
    pub(crate) async fn answered(&self, body: &Bytes) -> Result<Option<HttpResponse>, Problem> {
        if self.idempotency.is_none() {
            return Ok(None);
        }
        match self.begin(None, body).await? {
            IdempotentStart::Answered(answer) => Ok(Some(answer)),
            // Let go of: the key is claimed once the change is made.
            IdempotentStart::Open(_) => Ok(None),
        }
    }

    /// The id of the command that a POST with an idempotency key sends, the same whenever it is repeated; `None` without
    /// a key.
    pub(crate) fn repeatable_command(&self, body: &Bytes) -> Option<CommandId> {
        let idempotency = self.idempotency.as_ref()?;
        Some(idempotency.command(&self.operation, body))
    }

    /// Opens a change for a request that is no POST: those are repeatable as they are.
    ///
    /// # Errors
    /// As the store.
    pub(crate) async fn change(&self, lane: Option<u16>) -> Result<OpenChange, Problem> {
        Ok(OpenChange::unmarked(self.store().change(lane).await?))
    }

    /// What the audit log says of an act of this request.
    pub(crate) fn entry(&self, act: Act) -> AuditEntry {
        act.entry(self.principal.actor(), Some(&self.origin), self.now)
    }

    /// Notes an act that is no change of this database by itself: a secret that was read back, or a change that travels
    /// the bus.
    ///
    /// # Errors
    /// As the store.
    pub(crate) async fn note(&self, act: Act) -> Result<(), Problem> {
        Ok(self.store().audit_log().note(&[self.entry(act)]).await?)
    }

    /// An event about a directory, changed through this API.
    pub(crate) fn draft(&self, kind: EventType, directory: &Directory, data: Value) -> EventDraft {
        setup::draft(kind, directory, Source::Api, self.now, data)
    }
}

impl FromRequest for AdminContext {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        let principal = request.extensions().get::<Principal>().cloned();
        let (Some(state), Some(principal)) = (request.app_data::<Data<State>>(), principal) else {
            tracing::error!("a handler of the management API runs outside its scope");
            return ready(Err(Problem::new(
                ProblemKind::Internal,
                "This server is not set up completely.",
            )));
        };
        ready(Idempotency::of(request, &principal).map(|idempotency| Self {
            state: state.clone(),
            principal,
            now: Timestamp::now(),
            operation: format!("{} {}", request.method(), request.path()),
            origin: Origin::of(request),
            idempotency,
        }))
    }
}

/// Reads an id of the path. Text that is no id names nothing, so the answer is 404 and not 400.
///
/// # Errors
/// 404.
pub(crate) fn path_id<T: FromStr>(what: &str, text: &str) -> Result<T, Problem> {
    text.parse().map_err(|_| Problem::not_found(what, text))
}
