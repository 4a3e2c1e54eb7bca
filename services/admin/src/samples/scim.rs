//! The few SCIM requests that samples need, as any client sends them.

use ::events::ResourceId;
use reqwest::header::{ACCEPT, CONTENT_TYPE};
use reqwest::{Client, RequestBuilder, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use std::time::Duration;

const MEDIA_TYPE: &str = "application/scim+json";
const CONNECT_TIME: Duration = Duration::from_secs(3);
const ANSWER_TIME: Duration = Duration::from_secs(10);
/// Bytes of a refusal that are read.
const MOST_BYTES: usize = 64 * 1024;

/// A client of one directory.
pub(super) struct ScimClient {
    http: Client,
    base: String,
    token: SecretString,
}

/// How a request was answered.
pub(super) enum Answered {
    /// It was done.
    Done,
    /// Somebody has this name already.
    Conflict,
    /// It was refused; why.
    Refused(String),
    /// Nobody answered; why.
    Nobody(String),
}

impl Answered {
    /// Not asked any more.
    pub(super) fn out_of_time() -> Self {
        Self::Refused("The others took too long, so no more were sent.".to_owned())
    }
}

impl ScimClient {
    /// With the base URL of a directory and the token of a key.
    pub(super) fn new(base: String, token: SecretString) -> reqwest::Result<Self> {
        let http = Client::builder()
            .user_agent(concat!("Rollcall-Samples/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_TIME)
            .timeout(ANSWER_TIME)
            // The token goes to this installation, and to nobody else.
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        Ok(Self { http, base, token })
    }

    pub(super) async fn create(&self, user: &Value) -> Answered {
        let request = self.http.post(format!("{}/Users", self.base));
        let request = request.header(CONTENT_TYPE, MEDIA_TYPE).body(user.to_string());
        self.send(request, StatusCode::CREATED).await
    }

    pub(super) async fn delete(&self, id: ResourceId) -> Answered {
        let request = self.http.delete(format!("{}/Users/{id}", self.base));
        self.send(request, StatusCode::NO_CONTENT).await
    }

    async fn send(&self, request: RequestBuilder, wanted: StatusCode) -> Answered {
        let request = request
            .bearer_auth(self.token.expose_secret())
            .header(ACCEPT, MEDIA_TYPE);
        let response = match request.send().await {
            Ok(response) => response,
            Err(error) => {
                let reason = telemetry::chain(&error.without_url()).to_string();
                return Answered::Nobody(format!("Nobody answers at {}: {reason}.", self.base));
            }
        };
        match response.status() {
            status if status == wanted => Answered::Done,
            StatusCode::CONFLICT => Answered::Conflict,
            // Somebody else was faster.
            StatusCode::NOT_FOUND if wanted == StatusCode::NO_CONTENT => Answered::Done,
            status => Answered::Refused(refusal(status, response).await),
        }
    }
}

/// What a refusal says, as far as it is one of SCIM (RFC 7644 §3.12).
async fn refusal(status: StatusCode, mut response: reqwest::Response) -> String {
    let mut body = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        body.extend_from_slice(&chunk);
        if body.len() > MOST_BYTES {
            break;
        }
    }
    let error: Value = serde_json::from_slice(&body).unwrap_or_default();
    match error["detail"].as_str() {
        Some(detail) => format!("The directory answered {status}: {detail}."),
        None => format!("The address of the directory answered {status}, and not as SCIM."),
    }
}
