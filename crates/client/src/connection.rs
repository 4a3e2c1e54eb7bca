//! The connection to a server: calls are sent, and tried again where that is right.

use crate::call::{Answer, Call, Method};
use crate::error::{ClientError, Refusal};
use crate::patience::{Patience, Pauses, retry_after};
use crate::transfer::key::fresh_key;
use api::{Directory, Group, GroupCreate, GroupPatch, List, PeopleParameters, Problem, User, UserCreate, UserPatch};
use reqwest::header::{AUTHORIZATION, HeaderValue};
use reqwest::{RequestBuilder, Response};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::time::{Duration, SystemTime};
use url::Url;

/// Where the operations are.
const PREFIX: [&str; 2] = ["api", "v1"];
/// How long a connection may take.
const CONNECT_TIME: Duration = Duration::from_secs(10);
/// How long an answer may take, as a whole. Streams have no such limit.
const ANSWER_TIME: Duration = Duration::from_secs(60);
/// The largest answer that is read; a page of the API has 2 MiB, or one item of some more.
const LARGEST_ANSWER: usize = 256 * 1024 * 1024;

/// A server and the key to its management API. Cheap to clone. `Debug` shows no key.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    url: Url,
    authorization: HeaderValue,
    patience: Patience,
}

impl Client {
    /// A client of the server at a URL: the public URL of the installation, with or without `/api/v1`.
    ///
    /// # Errors
    /// When URL or key are not such, and when the process cannot do TLS.
    pub fn new(url: &str, key: &SecretString, patience: Patience) -> Result<Self, ClientError> {
        let mut authorization = HeaderValue::from_str(&format!("Bearer {}", key.expose_secret().trim()))
            .map_err(|_| ClientError::BadKey)?;
        authorization.set_sensitive(true);
        let http = reqwest::Client::builder()
            .user_agent(concat!("rollcall/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_TIME)
            // A key goes to the server that was named, and to no other.
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(ClientError::Setup)?;
        Ok(Self {
            http,
            url: base(url)?,
            authorization,
            patience,
        })
    }

    /// The same client with another patience.
    #[must_use]
    pub const fn with_patience(mut self, patience: Patience) -> Self {
        self.patience = patience;
        self
    }

    /// The URL of the server.
    #[must_use]
    pub const fn url(&self) -> &Url {
        &self.url
    }

    /// Sends a call. A POST without an idempotency key gets one.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn send(&self, call: &Call) -> Result<Answer, ClientError> {
        let fresh = (call.method == Method::Post && call.idempotency_key.is_none()).then(fresh_key);
        let key = call.idempotency_key.as_deref().or(fresh.as_deref());
        let mut pauses = Pauses::of(self.patience);
        loop {
            let (error, asked) = match self.request(call, key).timeout(ANSWER_TIME).send().await {
                Ok(response) => {
                    let asked = retry_after(response.headers(), SystemTime::now());
                    match self.read(response).await {
                        Ok(answer) => return Ok(answer),
                        Err(error) => (error, asked),
                    }
                }
                Err(error) => (self.unreachable(error), None),
            };
            // DELETE has no idempotency key: sent again after it arrived, it would say that nothing is there.
            let may_repeat = call.method != Method::Delete || error.status().is_some();
            match pauses.next(asked).filter(|_| error.is_transient() && may_repeat) {
                Some(pause) => tokio::time::sleep(pause).await,
                None => return Err(error),
            }
        }
    }

    /// Sends a call and reads its answer as one of the types of `api`.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn call<T: DeserializeOwned>(&self, call: &Call) -> Result<T, ClientError> {
        let answer = self.send(call).await?;
        serde_json::from_value(answer.body).map_err(|error| self.unreadable(call, &error))
    }

    /// One directory.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn directory(&self, id: &str) -> Result<Directory, ClientError> {
        self.call(&Call::new(Method::Get, ["directories", id])).await
    }

    /// A page of the users of a directory.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn users(&self, directory: &str, which: &PeopleParameters) -> Result<List<User>, ClientError> {
        self.call(&Call::new(Method::Get, ["directories", directory, "users"]).with_all(which))
            .await
    }

    /// Makes a user.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn create_user(&self, directory: &str, user: &UserCreate, key: &str) -> Result<User, ClientError> {
        let call = Call::new(Method::Post, ["directories", directory, "users"]).under(key);
        self.call(&self.carrying(call, user)?).await
    }

    /// Changes a user.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn update_user(&self, directory: &str, id: &str, patch: &UserPatch) -> Result<User, ClientError> {
        let call = Call::new(Method::Patch, ["directories", directory, "users", id]);
        self.call(&self.carrying(call, patch)?).await
    }

    /// A page of the groups of a directory.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn groups(&self, directory: &str, which: &PeopleParameters) -> Result<List<Group>, ClientError> {
        self.call(&Call::new(Method::Get, ["directories", directory, "groups"]).with_all(which))
            .await
    }

    /// Makes a group.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn create_group(&self, directory: &str, group: &GroupCreate, key: &str) -> Result<Group, ClientError> {
        let call = Call::new(Method::Post, ["directories", directory, "groups"]).under(key);
        self.call(&self.carrying(call, group)?).await
    }

    /// Changes a group.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn update_group(&self, directory: &str, id: &str, patch: &GroupPatch) -> Result<Group, ClientError> {
        let call = Call::new(Method::Patch, ["directories", directory, "groups", id]);
        self.call(&self.carrying(call, patch)?).await
    }

    fn carrying(&self, call: Call, body: &impl Serialize) -> Result<Call, ClientError> {
        match serde_json::to_value(body) {
            Ok(body) => Ok(call.sending(body)),
            Err(error) => Err(self.unreadable(&call, &error)),
        }
    }

    /// A request that is not sent yet and has no time limit.
    pub(crate) fn request(&self, call: &Call, idempotency_key: Option<&str>) -> RequestBuilder {
        let url = self.url_of(call);
        let request = match call.method {
            Method::Get => self.http.get(url),
            Method::Post => self.http.post(url),
            Method::Put => self.http.put(url),
            Method::Patch => self.http.patch(url),
            Method::Delete => self.http.delete(url),
        };
        let request = request.header(AUTHORIZATION, self.authorization.clone());
        let request = match idempotency_key {
            Some(key) => request.header("idempotency-key", key),
            None => request,
        };
        match &call.body {
            Some(body) => request.json(body),
            None => request,
        }
    }

    fn url_of(&self, call: &Call) -> Url {
        let mut url = self.url.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(PREFIX).extend(&call.segments);
        }
        if !call.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&call.query);
        }
        url
    }

    /// Reads an answer to its end.
    pub(crate) async fn read(&self, mut response: Response) -> Result<Answer, ClientError> {
        let status = response.status();
        let url = response.url().to_string();
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.unreachable(error))? {
            if body.len() + chunk.len() > LARGEST_ANSWER {
                let reason = format!("it has more than {LARGEST_ANSWER} bytes");
                return Err(ClientError::Unreadable { url, reason });
            }
            body.extend_from_slice(&chunk);
        }
        if !status.is_success() {
            return Err(refused(status.as_u16(), &body));
        }
        let body = if body.is_empty() {
            Value::Null
        } else {
            serde_json::from_slice(&body).map_err(|error| ClientError::Unreadable {
                url,
                reason: error.to_string(),
            })?
        };
        Ok(Answer {
            status: status.as_u16(),
            body,
        })
    }

    pub(crate) fn unreachable(&self, source: reqwest::Error) -> ClientError {
        ClientError::Unreachable {
            url: self.url.to_string(),
            source: source.without_url(),
        }
    }

    pub(crate) fn unreadable(&self, call: &Call, reason: &impl ToString) -> ClientError {
        ClientError::Unreadable {
            url: self.url_of(call).to_string(),
            reason: reason.to_string(),
        }
    }
}

pub(crate) fn refused(status: u16, body: &[u8]) -> ClientError {
    ClientError::Refused(Box::new(Refusal {
        status,
        problem: serde_json::from_slice::<Problem>(body).ok(),
    }))
}

/// The URL of a server, without what belongs to the API.
fn base(text: &str) -> Result<Url, ClientError> {
    let bad = || ClientError::BadUrl(text.to_owned());
    let trimmed = text.trim().trim_end_matches('/');
    let trimmed = trimmed.strip_suffix("/api/v1").unwrap_or(trimmed);
    let url: Url = trimmed.parse().map_err(|_| bad())?;
    let is_plain = url.has_host() && url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    if matches!(url.scheme(), "http" | "https") && is_plain && url.password().is_none() {
        Ok(url)
    } else {
        Err(bad())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_url_of_a_server_may_have_a_path_and_the_prefix_of_the_api() {
        for (given, expected) in [
            ("https://a.example", "https://a.example/"),
            ("https://a.example/api/v1/", "https://a.example/"),
            ("http://127.0.0.1:8080/below", "http://127.0.0.1:8080/below"),
        ] {
            assert_eq!(base(given).unwrap().as_str(), expected);
        }
        for given in [
            "a.example",
            "ftp://a.example",
            "https://u:p@a.example",
            "https://a.example?x=1",
            "",
        ] {
            assert!(base(given).is_err(), "{given}");
        }
    }

    #[test]
    fn a_refusal_tells_title_detail_and_each_fault() {
        let body = br##"{"type":"urn:rollcall:problem:validation-failed","title":"The request is not valid","status":422,
            "detail":"The body has faults; see errors.","errors":[{"pointer":"#/name","detail":"\"name\" is required."}]}"##;
        let text = refused(422, body).to_string();
        assert_eq!(
            text,
            "The request is not valid (422): The body has faults; see errors.\n  #/name: \"name\" is required."
        );
        assert_eq!(refused(502, b"<html>").to_string(), "the server answered 502");
    }
}
