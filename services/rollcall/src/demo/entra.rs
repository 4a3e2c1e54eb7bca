//! An identity provider that speaks as Entra ID does: its request shapes, its order of steps, its dialect.

use anyhow::Context as _;
use reqwest::{Client, Method};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use uuid::Uuid;

const PATCH: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
/// A second URN that Entra puts on groups.
const AD_GROUP: &str = "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group";

/// The provisioning engine of one tenant.
#[derive(Clone)]
pub(crate) struct Entra {
    client: Client,
    base: String,
    token: String,
}

/// One request and its answer.
#[derive(Clone, Debug)]
pub(crate) struct Exchange {
    pub(crate) method: &'static str,
    /// Path and query, decoded, for people.
    pub(crate) shown: String,
    pub(crate) status: u16,
    pub(crate) body: Value,
    pub(crate) started: Instant,
    pub(crate) took: Duration,
    pub(crate) trace_id: String,
}

impl Exchange {
    /// The `id` of the answered resource.
    pub(crate) fn id(&self) -> anyhow::Result<String> {
        let id = self.body.get("id").and_then(Value::as_str);
        Ok(id
            .with_context(|| format!("{} {} was answered {}", self.method, self.shown, self.status))?
            .to_owned())
    }

    /// `totalResults` of an answered list.
    pub(crate) fn total(&self) -> u64 {
        self.body
            .get("totalResults")
            .and_then(Value::as_u64)
            .unwrap_or_default()
    }
}

/// A person as Entra maps it by default.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(crate) given: String,
    pub(crate) family: String,
    pub(crate) department: &'static str,
    pub(crate) number: u32,
}

impl Person {
    pub(crate) fn user_name(&self) -> String {
        format!(
            "{}.{}@contoso.example",
            self.given.to_lowercase(),
            self.family.to_lowercase()
        )
    }

    fn resource(&self) -> Value {
        let name = format!("{} {}", self.given, self.family);
        json!({
            "schemas": [USER, ENTERPRISE],
            "externalId": format!("{}.{}", self.given.to_lowercase(), self.family.to_lowercase()),
            "userName": self.user_name(),
            "active": true,
            "displayName": name,
            "title": "Planner",
            "preferredLanguage": "en-US",
            "emails": [{ "primary": true, "type": "work", "value": self.user_name() }],
            "phoneNumbers": [{ "type": "work", "value": format!("+1 555 {:04}", self.number % 10_000) }],
            "addresses": [{ "type": "work", "formatted": "B2/114", "locality": "Madrid", "region": null, "country": "Spain" }],
            "meta": { "resourceType": "User" },
            "name": { "formatted": name, "familyName": self.family, "givenName": self.given },
            "roles": [],
            ENTERPRISE: { "employeeNumber": self.number.to_string(), "department": self.department },
        })
    }
}

impl Entra {
    pub(crate) fn new(client: Client, tenant_url: &str, secret_token: &str) -> Self {
        Self {
            client,
            base: tenant_url.to_owned(),
            token: secret_token.to_owned(),
        }
    }

    /// "Test Connection": a filter that can match nobody must be answered with an empty list.
    pub(crate) async fn test_connection(&self) -> anyhow::Result<Exchange> {
        let nobody = Uuid::new_v4();
        self.get(&format!("/Users?filter=userName eq \"{nobody}\"")).await
    }

    pub(crate) async fn match_user(&self, user_name: &str) -> anyhow::Result<Exchange> {
        self.get(&format!("/Users?filter=userName eq \"{user_name}\"")).await
    }

    pub(crate) async fn create_user(&self, person: &Person) -> anyhow::Result<Exchange> {
        self.send("POST", "/Users", Some(person.resource())).await
    }

    pub(crate) async fn match_group(&self, name: &str) -> anyhow::Result<Exchange> {
        self.get(&format!(
            "/Groups?excludedAttributes=members&filter=displayName eq \"{name}\""
        ))
        .await
    }

    pub(crate) async fn create_group(&self, name: &str) -> anyhow::Result<Exchange> {
        let body = json!({
            "schemas": [GROUP, AD_GROUP],
            "externalId": Uuid::new_v4(),
            "displayName": name,
            "meta": { "resourceType": "Group" },
        });
        self.send("POST", "/Groups", Some(body)).await
    }

    pub(crate) async fn add_members(&self, group: &str, members: &[&str]) -> anyhow::Result<Exchange> {
        let members: Vec<_> = members.iter().map(|id| json!({ "$ref": null, "value": id })).collect();
        self.patch(
            "Groups",
            group,
            json!([{ "op": "Add", "path": "members", "value": members }]),
        )
        .await
    }

    pub(crate) async fn remove_member(&self, group: &str, member: &str) -> anyhow::Result<Exchange> {
        let value = json!([{ "$ref": null, "value": member }]);
        self.patch(
            "Groups",
            group,
            json!([{ "op": "Remove", "path": "members", "value": value }]),
        )
        .await
    }

    pub(crate) async fn rename_group(&self, group: &str, name: &str) -> anyhow::Result<Exchange> {
        self.patch(
            "Groups",
            group,
            json!([{ "op": "Replace", "path": "displayName", "value": name }]),
        )
        .await
    }

    pub(crate) async fn set_manager(&self, user: &str, manager: &str) -> anyhow::Result<Exchange> {
        let path = format!("{ENTERPRISE}:manager");
        self.patch("Users", user, json!([{ "op": "Add", "path": path, "value": manager }]))
            .await
    }

    /// Somebody marries: the matching attribute changes, and with it the rest.
    pub(crate) async fn rename_user(&self, user: &str, person: &Person) -> anyhow::Result<Exchange> {
        let operations = json!([
            { "op": "Replace", "path": "userName", "value": person.user_name() },
            { "op": "Replace", "path": "displayName", "value": format!("{} {}", person.given, person.family) },
            { "op": "Replace", "path": "name.familyName", "value": person.family },
            { "op": "Replace", "path": "emails[type eq \"work\"].value", "value": person.user_name() },
            { "op": "Add", "path": "phoneNumbers[type eq \"mobile\"].value", "value": "+1 555 0199" },
        ]);
        self.patch("Users", user, operations).await
    }

    /// Accounts are switched on and off with a string, as the default mapping yields it.
    pub(crate) async fn set_active(&self, user: &str, active: &str) -> anyhow::Result<Exchange> {
        self.patch(
            "Users",
            user,
            json!([{ "op": "Replace", "path": "active", "value": active }]),
        )
        .await
    }

    pub(crate) async fn delete(&self, kind: &str, id: &str) -> anyhow::Result<Exchange> {
        self.send("DELETE", &format!("/{kind}/{id}"), None).await
    }

    async fn get(&self, path: &str) -> anyhow::Result<Exchange> {
        self.send("GET", path, None).await
    }

    async fn patch(&self, kind: &str, id: &str, operations: Value) -> anyhow::Result<Exchange> {
        let body = json!({ "schemas": [PATCH], "Operations": operations });
        self.send("PATCH", &format!("/{kind}/{id}"), Some(body)).await
    }

    async fn send(&self, method: &'static str, path: &str, body: Option<Value>) -> anyhow::Result<Exchange> {
        let trace_id = Uuid::new_v4().simple().to_string();
        let span_id = &Uuid::new_v4().simple().to_string()[..16];
        let mut request = self
            .client
            .request(Method::from_bytes(method.as_bytes())?, format!("{}{path}", self.base))
            .bearer_auth(&self.token)
            .header("traceparent", format!("00-{trace_id}-{span_id}-01"));
        if let Some(body) = body {
            request = request
                .header("content-type", "application/scim+json; charset=utf-8")
                .body(body.to_string());
        }
        let started = Instant::now();
        let response = request.send().await.with_context(|| format!("{method} {path}"))?;
        let status = response.status().as_u16();
        let text = response.text().await?;
        let took = started.elapsed();
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        Ok(Exchange {
            method,
            shown: path.to_owned(),
            status,
            body,
            started,
            took,
            trace_id,
        })
    }
}
