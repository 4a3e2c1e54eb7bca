//! What Microsoft Graph tells of changes: a round is worth its while before its time. Nothing of it is believed beyond that.
//!
//! A URL names a subscription, and each notification proves by its `clientState` that it comes from where the subscription was
//! made. Graph asks for an answer within three seconds, so all that happens here is that the directory is due sooner.

use crate::{GraphSync, Inner};
use actix_web::http::header::ContentType;
use actix_web::web::{self, Bytes, Data, Path, PayloadConfig, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use events::GraphSubscriptionId;
use graph::subscription::{LONGEST_NOTIFICATION, Lifecycle, Notification, read_notifications, validation_token};
use secrecy::{ExposeSecret as _, SecretString};
use secrets::{Token, TokenKind};
use std::sync::Arc;
use store::{GraphSubscription, StoreError};

/// Where notifications go, below the public URL.
pub(crate) const PATH: &str = "/graph/notifications";

pub(crate) fn configure(sync: GraphSync) -> impl Fn(&mut ServiceConfig) + Clone + Send + 'static {
    move |config| {
        let scope = web::scope(PATH)
            .app_data(Data::new(sync.clone()))
            .app_data(PayloadConfig::new(LONGEST_NOTIFICATION))
            .service(web::resource(["/{id}", "/{id}/lifecycle"]).post(receive));
        config.service(scope);
    }
}

async fn receive(sync: Data<GraphSync>, request: HttpRequest, id: Path<String>, body: Bytes) -> HttpResponse {
    let inner = &sync.0;
    let (answer, outcome) = match of_url(inner, &id).await {
        Ok(Some(subscription)) if request.query_string().is_empty() => take(inner, &subscription, &body).await,
        Ok(Some(subscription)) => prove(inner, &subscription, request.query_string()),
        Ok(None) => (HttpResponse::NotFound().finish(), "unknown"),
        Err(error) => later(&error),
    };
    metrics::counter!("rollcall_graph_sync_notifications_total", "outcome" => outcome).increment(1);
    answer
}

async fn of_url(inner: &Inner, id: &str) -> Result<Option<GraphSubscription>, StoreError> {
    match id.parse::<GraphSubscriptionId>() {
        Ok(id) => inner.deps.store.graph_subscription(id).await,
        Err(_) => Ok(None),
    }
}

/// Graph comes again with what it could not leave.
fn later(error: &StoreError) -> (HttpResponse, &'static str) {
    tracing::warn!(error = %telemetry::chain(error), "a notification was not looked at");
    (HttpResponse::ServiceUnavailable().finish(), "failed")
}

/// Answers the question whether a URL is ours, while its subscription is being made.
fn prove(inner: &Inner, subscription: &GraphSubscription, query: &str) -> (HttpResponse, &'static str) {
    match validation_token(query) {
        Some(token) if subscription.is_pending(inner.deps.clock.now()) => {
            let mut answer = HttpResponse::Ok();
            answer.content_type(ContentType::plaintext());
            answer.insert_header(("x-content-type-options", "nosniff"));
            (answer.body(token), "validated")
        }
        _ => (HttpResponse::NotFound().finish(), "unknown"),
    }
}

async fn take(inner: &Inner, subscription: &GraphSubscription, body: &[u8]) -> (HttpResponse, &'static str) {
    let notifications = match read_notifications(body) {
        Ok(notifications) => notifications,
        Err(error) => return (HttpResponse::BadRequest().body(error.to_string()), "unreadable"),
    };
    match note(inner, subscription, &notifications).await {
        Ok(true) => (HttpResponse::Accepted().finish(), "taken"),
        Ok(false) => (HttpResponse::Forbidden().finish(), "not_genuine"),
        Err(error) => later(&error),
    }
}

/// Has the directory worked on soon, and the subscription seen to where Graph asks for that. Whether any of it is genuine.
async fn note(
    inner: &Inner,
    subscription: &GraphSubscription,
    notifications: &[Notification],
) -> Result<bool, StoreError> {
    let (store, now) = (&inner.deps.store, inner.deps.clock.now());
    let pull = store.graph_pulls().by_directory(subscription.directory_id).await?;
    let Some(tenant) = pull.and_then(|pull| pull.tenant_id) else {
        return Ok(false);
    };
    let is_ours = |one: &&Notification| {
        let is_its = subscription.subscription_id.is_none_or(|id| id == one.subscription);
        is_its && one.is_of(tenant, |state| knows(subscription, state))
    };
    let ours: Vec<&Notification> = notifications.iter().filter(is_ours).collect();
    if ours.is_empty() {
        return Ok(false);
    }
    let asks = |of: Lifecycle| ours.iter().any(|one| one.lifecycle == Some(of));
    let is_gone = asks(Lifecycle::SubscriptionRemoved);
    if is_gone || asks(Lifecycle::ReauthorizationRequired) {
        store.graph_subscription_wanted(subscription.id, is_gone, now).await?;
    }
    // What comes meanwhile is of the same round.
    let soon = now.plus(inner.config.debounce);
    store.graph_pulls().ask(subscription.directory_id, soon).await?;
    Ok(true)
}

/// Whether a state is that of the subscription, compared in constant time.
fn knows(subscription: &GraphSubscription, state: &SecretString) -> bool {
    let token = Token::parse(state.expose_secret());
    token.is_some_and(|token| {
        token.kind() == TokenKind::GraphSubscription
            && token.id() == subscription.id.uuid()
            && token.matches(&subscription.state_hash)
    })
}

impl GraphSync {
    /// The routes: where Microsoft Graph tells of changes.
    pub fn routes(&self) -> impl Fn(&mut ServiceConfig) + Clone + Send + 'static + use<> {
        configure(Self(Arc::clone(&self.0)))
    }
}
