//! Sends change notifications, and asks URLs whether they want any.

use crate::manners::Rule;
use crate::world::{World, lock};
use serde_json::Value;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::sync::mpsc::Receiver;

/// So many notifications wait to be sent; what is more is lost.
pub(crate) const WAITING: usize = 10_000;
/// A receiver has this long for a notification.
const ANSWERED_WITHIN: Duration = Duration::from_secs(3);
/// And this long to prove that it wants them.
const VALIDATED_WITHIN: Duration = Duration::from_secs(10);
/// A notification is sent at most so often.
const ATTEMPTS: u32 = 3;

/// A notification on its way.
#[derive(Clone, Debug)]
pub(crate) struct Notice {
    url: String,
    body: Value,
}

impl Notice {
    pub(crate) fn new(url: &str, body: Value) -> Self {
        Self {
            url: url.to_owned(),
            body,
        }
    }
}

/// A client that trusts what the system trusts. It is made when it is first needed: most tests need none.
#[derive(Clone, Debug, Default)]
pub(crate) struct Client(Arc<OnceLock<reqwest::Client>>);

impl Client {
    fn get(&self) -> Option<&reqwest::Client> {
        if self.0.get().is_none() {
            let _ = rustls::crypto::ring::default_provider().install_default();
            let made = reqwest::Client::builder()
                .redirect(reqwest::redirect::Policy::none())
                .build();
            let _ = self.0.set(made.ok()?);
        }
        self.0.get()
    }
}

/// Sends one notification after the other, until nobody can make any more.
pub(crate) async fn run(mut notices: Receiver<Notice>, client: Client, world: Arc<World>) {
    while let Some(notice) = notices.recv().await {
        let Some(client) = client.get() else { return };
        for attempt in 1..=ATTEMPTS {
            let body = notice.body.to_string();
            let request = client.post(&notice.url).header("content-type", "application/json");
            let sent = request.timeout(ANSWERED_WITHIN).body(body).send().await;
            if sent.is_ok_and(|answer| answer.status().is_success()) {
                break;
            }
            lock(&world.manners).broke(Rule::NotificationUnanswered);
            if attempt < ATTEMPTS {
                tokio::time::sleep(Duration::from_millis(200) * attempt).await;
            }
        }
    }
}

/// Whether all URLs answer with the token that they are sent.
pub(crate) async fn are_valid(client: &Client, urls: &[String], token: &str) -> bool {
    let Some(client) = client.get() else { return false };
    for url in urls {
        let Ok(mut url) = url.parse::<url::Url>() else {
            return false;
        };
        url.query_pairs_mut().append_pair("validationToken", token);
        let request = client.post(url).header("content-type", "text/plain; charset=utf-8");
        let Ok(answer) = request.timeout(VALIDATED_WITHIN).send().await else {
            return false;
        };
        let is_text = answer
            .headers()
            .get("content-type")
            .and_then(|kind| kind.to_str().ok())
            .is_some_and(|kind| kind.starts_with("text/plain"));
        let is_ok = answer.status().as_u16() == 200;
        if !is_ok || !is_text || answer.text().await.ok().as_deref() != Some(token) {
            return false;
        }
    }
    true
}
