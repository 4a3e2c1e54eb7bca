//! A tenant with an app, and a client of it.

use entra::{Entra, NewApp, NewCredential, NewTenant, Options, Tenant};
use reqwest::header::HeaderMap;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use uuid::Uuid;

pub(crate) const SECRET: &str = "p+w & =~%";
/// Enough for everything.
pub(crate) const ALL: &[&str] = &["Directory.Read.All"];

/// An answer that was read.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl Answer {
    /// The `code` of an error.
    pub(crate) fn code(&self) -> &str {
        self.body["error"]["code"].as_str().unwrap_or_default()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn items(&self) -> &[Value] {
        self.body["value"].as_array().unwrap()
    }
}

/// A simulator with one tenant and an app in it.
pub(crate) struct World {
    pub(crate) entra: Entra,
    pub(crate) tenant: Tenant,
    pub(crate) app: Uuid,
    pub(crate) client: reqwest::Client,
    pub(crate) token: String,
}

/// A round that was read to its end.
pub(crate) struct Round {
    /// Everything in order.
    pub(crate) told: Vec<Value>,
    pub(crate) pages: usize,
    /// The link to the next round.
    pub(crate) link: String,
}

impl Round {
    /// What was told of an object last.
    pub(crate) fn of(&self, id: Uuid) -> &Value {
        let mut told = self.told.iter().rev();
        told.find(|item| item["id"] == json!(id)).expect("it was told")
    }

    /// Members of each group, put together from all slices.
    pub(crate) fn members(&self) -> BTreeMap<Uuid, Vec<Uuid>> {
        let mut groups: BTreeMap<Uuid, Vec<Uuid>> = BTreeMap::new();
        for item in &self.told {
            let members = groups.entry(item["id"].as_str().unwrap().parse().unwrap()).or_default();
            for member in item["members@delta"].as_array().into_iter().flatten() {
                let id = member["id"].as_str().unwrap().parse().unwrap();
                members.retain(|known| *known != id);
                if member.get("@removed").is_none() {
                    members.push(id);
                }
            }
        }
        groups.values_mut().for_each(|members| members.sort());
        groups
    }
}

impl World {
    pub(crate) async fn start() -> Self {
        Self::with(ALL).await
    }

    pub(crate) async fn with(permissions: &[&str]) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let entra = Entra::start(Options::default()).unwrap();
        let domain = "fabrikam.example".to_owned();
        let tenant = entra.create_tenant(&NewTenant { id: None, domain }).unwrap();
        let app = tenant
            .app(NewApp::new("Pull", permissions).with(NewCredential::secret(SECRET)))
            .unwrap();
        // It speaks plain HTTP, and need not read what the system trusts.
        let client = reqwest::Client::builder()
            .tls_certs_only([])
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap();
        let mut world = Self {
            entra,
            tenant,
            app,
            client,
            token: String::new(),
        };
        world.token = world.token_of(world.tenant.id(), world.app).await;
        world
    }

    pub(crate) async fn token_of(&self, tenant: Uuid, app: Uuid) -> String {
        let (status, body) = self.ask_token(&tenant.to_string(), &self.form(app)).await;
        assert_eq!(status, 200, "{body}");
        body["access_token"].as_str().unwrap().to_owned()
    }

    /// What is sent for a token by a secret.
    pub(crate) fn form(&self, app: Uuid) -> Vec<(&'static str, String)> {
        vec![
            ("grant_type", "client_credentials".to_owned()),
            ("client_id", app.to_string()),
            ("client_secret", SECRET.to_owned()),
            ("scope", format!("{}/.default", self.entra.url())),
        ]
    }

    pub(crate) async fn ask_token(&self, tenant: &str, form: &[(&'static str, String)]) -> (u16, Value) {
        let url = format!("{}/{tenant}/oauth2/v2.0/token", self.entra.url());
        let body: String = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(form)
            .finish();
        let request = self
            .client
            .post(url)
            .header("content-type", "application/x-www-form-urlencoded");
        let answer = request.body(body).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    /// Asks with a token and headers.
    pub(crate) async fn ask(&self, token: &str, url: &str, headers: &[(&str, &str)]) -> Answer {
        let url = if url.starts_with("http") {
            url.to_owned()
        } else {
            format!("{}/v1.0{url}", self.entra.url())
        };
        let mut request = self
            .client
            .get(url)
            .bearer_auth(token)
            .header("client-request-id", Uuid::nil().to_string());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Self::read(request).await
    }

    pub(crate) async fn get(&self, url: &str) -> Answer {
        self.ask(&self.token, url, &[]).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        let url = format!("{}/v1.0{path}", self.entra.url());
        Self::read(self.client.post(url).bearer_auth(&self.token).json(body)).await
    }

    pub(crate) async fn read(request: reqwest::RequestBuilder) -> Answer {
        let answer = request.send().await.unwrap();
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let text = answer.text().await.unwrap();
        Answer {
            status,
            headers,
            body: serde_json::from_str(&text).unwrap_or(Value::String(text)),
        }
    }

    /// Reads a round to its end.
    pub(crate) async fn round(&self, url: &str) -> Round {
        self.round_with(url, &[]).await
    }

    pub(crate) async fn round_with(&self, url: &str, headers: &[(&str, &str)]) -> Round {
        let (mut told, mut pages, mut url) = (Vec::new(), 0, url.to_owned());
        loop {
            let page = self.ask(&self.token, &url, headers).await;
            assert_eq!(page.status, 200, "{}", page.body);
            told.extend(page.items().iter().cloned());
            pages += 1;
            let (next, last) = (page.body.get("@odata.nextLink"), page.body.get("@odata.deltaLink"));
            assert_ne!(next.is_some(), last.is_some(), "a page has one link");
            if let Some(link) = last {
                let link = link.as_str().unwrap().to_owned();
                return Round { told, pages, link };
            }
            next.and_then(Value::as_str).unwrap().clone_into(&mut url);
        }
    }

    pub(crate) fn user(&self, with: Value) -> Uuid {
        self.tenant.user(with).unwrap()
    }

    pub(crate) fn group(&self, members: &[Uuid]) -> Uuid {
        let group = self.tenant.group(json!({ "displayName": "Depot crew" })).unwrap();
        self.tenant.add_members(group, members).unwrap();
        group
    }

    pub(crate) fn broken(&self, rule: entra::Rule) -> u64 {
        self.entra.requests().broken.get(&rule).copied().unwrap_or_default()
    }
}
