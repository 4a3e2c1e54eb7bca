//! `Idempotency-Key` of POSTs: a repeated request gets the first answer and changes nothing.
//!
//! The key is claimed inside the transaction of the change (see [`store::AdminTx::claim_key`]). The answer may hold a
//! token that is shown once, so it is kept encrypted. Only answers of changes are kept: a refused request changed
//! nothing and may be mended and sent again under the same key.

use crate::audit::Act;
use crate::context::AdminContext;
use crate::principal::Principal;
use crate::problem::{Problem, ProblemKind};
use crate::state::State;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use events::{CommandId, Timestamp};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use store::{AdminTx, Claim, SealedColumn};
use tokio::sync::Mutex;

const HEADER: &str = "idempotency-key";
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
const LONGEST_KEY: usize = 255;

/// Places where requests under one key wait for each other. Few keys meet in one.
static PLACES: [Mutex<()>; 1024] = [const { Mutex::const_new(()) }; 1024];

/// The key that a request brought, hashed together with who brought it: two callers cannot meet under one key.
#[derive(Clone, Debug)]
pub(crate) struct Idempotency(String);

/// How a POST goes on.
pub(crate) enum IdempotentStart {
    /// With this change.
    Open(OpenChange),
    /// It was answered before.
    Answered(HttpResponse),
}

/// The change of a request. It ends with what the audit log says of it, and of a POST with its answer.
pub(crate) struct OpenChange {
    change: AdminTx,
    claimed: Option<String>,
}

/// An answer as it is kept.
#[derive(Serialize, Deserialize)]
struct StoredAnswer {
    location: Option<String>,
    body: String,
}

impl Idempotency {
    /// Reads the header, if it is there.
    ///
    /// # Errors
    /// 400 for a key that is empty, too long or not visible ASCII.
    pub(crate) fn of(request: &HttpRequest, principal: &Principal) -> Result<Option<Self>, Problem> {
        let Some(value) = request.headers().get(HEADER) else {
            return Ok(None);
        };
        let key = value
            .to_str()
            .ok()
            // Of what HTTP allows beside these, proxies make something else.
            .filter(|key| (1..=LONGEST_KEY).contains(&key.trim().len()) && !key.contains('\t'));
        let Some(key) = key else {
            let detail = format!("The header Idempotency-Key must have 1 to {LONGEST_KEY} visible ASCII characters.");
            return Err(Problem::new(ProblemKind::InvalidParameter, detail));
        };
        Ok(Some(Self(hash(&[&principal.to_string(), key.trim()]))))
    }

    /// Where requests under this key wait for each other: two with the same command at a time would take each other's verdict.
    pub(crate) fn place(&self) -> &'static Mutex<()> {
        let sum = |sum: usize, byte: u8| sum.wrapping_mul(31).wrapping_add(byte.into());
        &PLACES[self.0.bytes().fold(0, sum) % PLACES.len()]
    }

    /// The id of the command of a request under this key.
    pub(crate) fn command(&self, operation: &str, body: &Bytes) -> CommandId {
        let digest = Sha256::digest(hash(&[self.0.as_str(), request_hash(operation, body).as_str()]));
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest[..16]);
        CommandId::from(uuid::Builder::from_random_bytes(bytes).into_uuid())
    }

    /// Claims the key for a request, or finds its answer.
    ///
    /// # Errors
    /// 422 when the key was used for another request; otherwise as the store.
    pub(crate) async fn begin(
        &self,
        state: &State,
        change: AdminTx,
        operation: &str,
        body: &Bytes,
        now: Timestamp,
    ) -> Result<IdempotentStart, Problem> {
        let request_hash = request_hash(operation, body);
        match change.claim_key(&self.0, &request_hash, now).await? {
            Claim::New => Ok(IdempotentStart::Open(OpenChange {
                change,
                claimed: Some(self.0.clone()),
            })),
            Claim::Answered { status, body } => Ok(IdempotentStart::Answered(replay(state, &self.0, status, &body)?)),
            Claim::Reused => Err(Problem::new(
                ProblemKind::IdempotencyKeyReused,
                "This Idempotency-Key was sent before with another method, path or body. Use a new one.",
            )),
        }
    }
}

/// What tells a request from others under the same key.
fn request_hash(operation: &str, body: &Bytes) -> String {
    hash(&[operation.as_bytes(), body])
}

impl OpenChange {
    /// A change of a request without the header.
    pub(crate) fn unmarked(change: AdminTx) -> Self {
        Self { change, claimed: None }
    }

    /// Commits together with the audit log's entry, and answers with a body.
    ///
    /// # Errors
    /// As the store.
    pub(crate) async fn finish(
        self,
        context: &AdminContext,
        act: Act,
        status: StatusCode,
        location: Option<String>,
        body: &impl Serialize,
    ) -> Result<HttpResponse, Problem> {
        let body = serde_json::to_string(body).map_err(|error| Problem::internal(&error))?;
        let kept = StoredAnswer { location, body };
        if let Some(key) = &self.claimed {
            let text = serde_json::to_vec(&kept).map_err(|error| Problem::internal(&error))?;
            let sealed = STANDARD.encode(context.master_keys().seal(&text, &context_of(key)));
            self.change.keep_answer(key, status.as_u16(), &sealed).await?;
        }
        self.commit(context, act).await?;
        Ok(answer(status, kept))
    }

    /// Commits together with the audit log's entry.
    ///
    /// # Errors
    /// As the store.
    pub(crate) async fn commit(self, context: &AdminContext, act: Act) -> Result<(), Problem> {
        self.change.audit(context.entry(act)).await?;
        self.change.commit().await?;
        Ok(())
    }
}

impl std::ops::Deref for OpenChange {
    type Target = AdminTx;

    fn deref(&self) -> &AdminTx {
        &self.change
    }
}

fn replay(state: &State, key: &str, status: u16, sealed: &str) -> Result<HttpResponse, Problem> {
    let sealed = STANDARD.decode(sealed).map_err(|error| Problem::internal(&error))?;
    let text = state
        .master_keys()
        .open_text(&sealed, &context_of(key))
        .map_err(|error| Problem::internal(&error))?;
    let kept: StoredAnswer = serde_json::from_str(text.expose_secret()).map_err(|error| Problem::internal(&error))?;
    let status = StatusCode::from_u16(status).map_err(|error| Problem::internal(&error))?;
    let mut answer = answer(status, kept);
    answer.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    Ok(answer)
}

fn answer(status: StatusCode, kept: StoredAnswer) -> HttpResponse {
    let mut answer = HttpResponse::build(status);
    if let Some(location) = kept.location {
        answer.insert_header((header::LOCATION, location));
    }
    answer.content_type("application/json").body(kept.body)
}

fn context_of(key: &str) -> String {
    SealedColumn::IdempotentAnswer.context(&key)
}

/// SHA-256 of parts that cannot run into each other.
fn hash<T: AsRef<[u8]>>(parts: &[T]) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.as_ref().len() as u64).to_be_bytes());
        hasher.update(part);
    }
    STANDARD.encode(hasher.finalize())
}
