//! An identity provider's side of SCIM: requests as they are on the wire, answers as they come.

use reqwest::Client;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};

/// The PatchOp URN.
pub const PATCH_OP: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
/// The enterprise extension.
pub const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/// A directory as its identity provider sees it.
#[derive(Clone, Debug)]
pub struct Scim {
    client: Client,
    /// The SCIM base URL.
    pub base: String,
    /// The directory key.
    pub token: String,
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// HTTP headers.
    pub headers: HeaderMap,
    /// The body as text.
    pub text: String,
    /// The body as JSON; null where it is none.
    pub body: Value,
}

impl Answer {
    /// Asserts the status and returns the body.
    #[track_caller]
    pub fn expect(&self, status: u16) -> &Value {
        assert_eq!(self.status, status, "{}", self.text);
        if !self.text.is_empty() {
            let media = self.header("content-type");
            assert!(
                media.starts_with("application/scim+json"),
                "answered as {media}: {}",
                self.text
            );
        }
        &self.body
    }

    /// Asserts a SCIM error with this status and `scimType` (empty for none) and returns its detail.
    #[track_caller]
    pub fn expect_error(&self, status: u16, scim_type: &str) -> &str {
        let body = self.expect(status);
        assert_eq!(
            body["schemas"],
            json!(["urn:ietf:params:scim:api:messages:2.0:Error"]),
            "{}",
            self.text
        );
        assert_eq!(body["status"], status.to_string(), "{}", self.text);
        assert_eq!(
            body["scimType"].as_str().unwrap_or_default(),
            scim_type,
            "{}",
            self.text
        );
        body["detail"]
            .as_str()
            .filter(|detail| !detail.is_empty())
            .expect("a detail")
    }

    /// The `id` of the answered resource.
    #[track_caller]
    #[must_use]
    pub fn id(&self) -> String {
        self.body["id"]
            .as_str()
            .unwrap_or_else(|| panic!("no id: {}", self.text))
            .to_owned()
    }

    /// A header as text; empty when absent.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }
}

impl Scim {
    /// With tenant URL and secret token.
    #[must_use]
    pub fn new(base: &str, token: &str) -> Self {
        Self {
            client: crate::client(),
            base: base.to_owned(),
            token: token.to_owned(),
        }
    }

    /// The same directory with another token.
    #[must_use]
    pub fn with_token(&self, token: &str) -> Self {
        Self {
            token: token.to_owned(),
            ..self.clone()
        }
    }

    /// Sends a JSON body, or none.
    pub async fn send(&self, method: &str, path: &str, body: Option<&Value>) -> Answer {
        self.try_send(method, path, body, &[]).await.unwrap()
    }

    /// The same with headers, and with the failures of the connection.
    ///
    /// # Errors
    /// When no answer came.
    pub async fn try_send(
        &self,
        method: &str,
        path: &str,
        body: Option<&Value>,
        headers: &[(&str, &str)],
    ) -> reqwest::Result<Answer> {
        let mut request = self
            .client
            .request(method.parse().unwrap(), format!("{}{path}", self.base))
            .bearer_auth(&self.token);
        if let Some(body) = body {
            request = request
                .header("content-type", "application/scim+json; charset=utf-8")
                .body(body.to_string());
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        answer(request).await
    }

    /// Sends a body of any bytes and any type, with any or no authorization.
    pub async fn send_raw(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Answer {
        let mut request = self
            .client
            .request(method.parse().unwrap(), format!("{}{path}", self.base));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        answer(request.body(body)).await.unwrap()
    }

    /// `GET`.
    pub async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, None).await
    }

    /// `GET` of a list by filter.
    pub async fn find(&self, kind: &str, filter: &str) -> Answer {
        let url = url::Url::parse_with_params("http://x/", [("filter", filter)]).unwrap();
        self.get(&format!("/{kind}?{}", url.query().unwrap())).await
    }

    /// `POST /Users` with the least that a user has.
    pub async fn create_user(&self, user_name: &str) -> Answer {
        self.send("POST", "/Users", Some(&user(user_name))).await
    }

    /// `PATCH` with these operations.
    pub async fn patch(&self, path: &str, operations: Value) -> Answer {
        self.send(
            "PATCH",
            path,
            Some(&json!({ "schemas": [PATCH_OP], "Operations": operations })),
        )
        .await
    }

    /// `DELETE`.
    pub async fn delete(&self, path: &str) -> Answer {
        self.send("DELETE", path, None).await
    }
}

async fn answer(request: reqwest::RequestBuilder) -> reqwest::Result<Answer> {
    let response = request.send().await?;
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let text = response.text().await?;
    let body = serde_json::from_str(&text).unwrap_or(Value::Null);
    Ok(Answer {
        status,
        headers,
        text,
        body,
    })
}

/// A small user as Entra would send it.
#[must_use]
pub fn user(user_name: &str) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", ENTERPRISE],
        "userName": user_name,
        "externalId": user_name.split('@').next(),
        "active": true,
        "displayName": user_name,
        "emails": [{ "primary": true, "type": "work", "value": user_name }],
        "name": { "givenName": "Given", "familyName": "Family" },
        "roles": [],
        "meta": { "resourceType": "User" },
    })
}

/// A group without members, as Entra creates it.
#[must_use]
pub fn group(display_name: &str) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group",
                    "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"],
        "displayName": display_name,
        "externalId": uuid::Uuid::new_v4(),
        "meta": { "resourceType": "Group" },
    })
}
