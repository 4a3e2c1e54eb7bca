//! What is kept of a request until it is written, and what is written of it.

use super::{LogConfig, dialect, redact};
use crate::auth::EndedKeyUse;
use crate::path::Parts;
use actix_web::web::Bytes;
use directory::sync::{EndedKey, Operation};
use events::{DirectoryId, RequestId, Timestamp};
use scim::leniency::{Leniency, Observed};
use serde_json::Value;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use store::{Caller, KeptBody, NewRequest};
use uuid::Uuid;

/// The longest path, query and detail that are kept, in bytes.
const LONGEST_TEXT: usize = 2_000;

/// Who sent it.
#[derive(Clone, Copy, Debug)]
pub(super) enum From {
    /// Somebody with a key of this directory.
    IdentityProvider(DirectoryId),
    /// Somebody with a key that has ended.
    EndedKey(EndedKeyUse),
    /// Anybody.
    Stranger,
}

/// A request that was answered.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) caller: From,
    pub(super) at: Timestamp,
    pub(super) method: String,
    /// As it came.
    pub(super) path: String,
    pub(super) query: String,
    pub(super) agent: Option<String>,
    /// Whether it has the header that only Entra ID sends.
    pub(super) is_entra: bool,
    pub(super) trace_id: Option<String>,
    pub(super) forgiven: Observed,
    pub(super) sent: Option<Bytes>,
    pub(super) answer: Answer,
}

/// The answer to it.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// `None` where it was too long to be in one piece.
    pub(super) body: Option<Bytes>,
    pub(super) duration: Duration,
}

impl Record {
    /// Bytes of its bodies.
    pub(super) fn body_bytes(&self) -> usize {
        self.sent.as_ref().map_or(0, Bytes::len) + self.answer.body.as_ref().map_or(0, Bytes::len)
    }

    /// Lets go of the bodies, but for that of a refusal, which says why.
    pub(super) fn drop_bodies(&mut self) {
        self.sent = None;
        if self.answer.status < 400 {
            self.answer.body = None;
        }
    }

    /// As it is written into the log of a directory; `has_bodies` says whether its bodies go with it.
    pub(super) fn written(&self, directory_id: DirectoryId, has_bodies: bool, config: &LogConfig) -> NewRequest {
        let (path, query) = decoded(&self.path, &self.query);
        let operation = Operation::of(&self.method, &path, &query);
        // Forms with client secrets, and answers with access tokens.
        let is_secret = operation == Operation::Token;
        let parse = |bytes: &Option<Bytes>| bytes.as_ref().and_then(|bytes| serde_json::from_slice(bytes).ok());
        let has_bodies = (has_bodies || self.answer.status >= 400) && !is_secret;
        let sent: Option<Value> = if has_bodies { parse(&self.sent) } else { None };
        let answered: Option<Value> = if has_bodies { parse(&self.answer.body) } else { None };
        let refusal = answered.as_ref().filter(|_| self.answer.status >= 400);
        let member = |name: &str| refusal.and_then(|body| body.get(name)).and_then(Value::as_str);
        NewRequest {
            id: id_at(self.at),
            directory_id,
            at: self.at,
            method: self.method.chars().take(20).collect(),
            path: bounded(&redact::text(&path)),
            query: (!query.is_empty()).then(|| bounded(&redact::query(&query))),
            status: self.answer.status,
            scim_type: member("scimType").map(str::to_owned),
            detail: member("detail").map(|detail| bounded(&redact::text(detail))),
            duration: self.answer.duration,
            trace_id: self.trace_id.clone(),
            user_agent: self.agent.as_deref().map(|agent| redact::text(agent).into_owned()),
            dialect: dialect::of(self, sent.as_ref()),
            leniencies: self.forgiven.leniencies.iter().map(Leniency::as_str).collect(),
            left_out: self
                .forgiven
                .left_out
                .iter()
                .map(|name| redact::text(name).into_owned())
                .collect(),
            request: kept(self.sent.as_ref(), sent, config.body),
            response: kept(self.answer.body.as_ref(), answered, config.body),
            operation,
            caller: match self.caller {
                From::IdentityProvider(_) => Caller::Proven,
                From::EndedKey(used) => Caller::WithEndedKey(EndedKey {
                    ended_at: used.ended_at,
                    seen_at: self.at,
                }),
                From::Stranger => Caller::Stranger,
            },
        }
    }
}

/// What a request asks for.
pub(super) fn operation(method: &str, path: &str, query: &str) -> Operation {
    let (path, query) = decoded(path, query);
    Operation::of(method, &path, &query)
}

/// What follows the base URL, or the whole path where it has none, and the parameters of the query.
fn decoded(path: &str, query: &str) -> (String, Vec<(String, String)>) {
    let parts = Parts::of(path);
    let below = if parts.is_base() {
        format!("/{}", parts.below())
    } else {
        crate::path::decoded(path).into_owned()
    };
    let parameters = url::form_urlencoded::parse(query.as_bytes()).into_owned();
    (below, parameters.collect())
}

/// What is kept of a body: nothing of one that is no JSON, since nobody can tell what is secret in it.
fn kept(came: Option<&Bytes>, body: Option<Value>, most: usize) -> KeptBody {
    let size = came.map(|bytes| u32::try_from(bytes.len()).unwrap_or(u32::MAX));
    let Some(mut body) = body else {
        return KeptBody {
            size: size.filter(|size| *size > 0),
            ..KeptBody::default()
        };
    };
    redact::json(&mut body);
    let text = body.to_string();
    let cut = cut(&text, most);
    KeptBody {
        is_cut: cut.len() < text.len(),
        text: Some(cut.to_owned()),
        size,
    }
}

fn bounded(text: &str) -> String {
    cut(text, LONGEST_TEXT).to_owned()
}

/// The beginning of a text, of at most so many bytes.
fn cut(text: &str, most: usize) -> &str {
    let mut end = most.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

/// The id of a request of this time: later ones of the same process have greater ids, also within a millisecond.
fn id_at(at: Timestamp) -> RequestId {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    /// Version 7 and variant (RFC 9562 §5.7), around a count of 12 bits and 62 random bits.
    const VERSION: u64 = 7 << 12;
    const VARIANT: u64 = 1 << 63;
    let millis = u64::try_from(at.millis()).unwrap_or_default();
    let count = COUNT.fetch_add(1, Ordering::Relaxed) & 0xfff;
    let (_, random) = Uuid::new_v4().as_u64_pair();
    Uuid::from_u64_pair(millis << 16 | VERSION | count, VARIANT | (random >> 2)).into()
}

#[cfg(test)]
mod tests {
    use super::{cut, id_at};
    use events::Timestamp;

    #[test]
    fn ids_are_in_the_order_of_time_and_then_of_writing() {
        let at = Timestamp::from_millis(1_800_000_000_000);
        let (first, second, later) = (id_at(at), id_at(at), id_at(Timestamp::from_millis(at.millis() + 1)));
        assert!(first < later && second < later && first != second);
        assert_eq!(first.uuid().get_version_num(), 7);
    }

    #[test]
    fn a_text_is_cut_between_characters() {
        assert_eq!((cut("añb", 2), cut("añb", 3), cut("añb", 9)), ("a", "añ", "añb"));
    }
}
