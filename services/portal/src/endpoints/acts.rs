//! What the forms on the page of an endpoint do.

use super::here;
use super::show::{Counted, Outcome, then};
use crate::console::id;
use crate::fault::Fault;
use crate::form::{Errors, Form};
use crate::frame::to;
use crate::texts::text;
use crate::viewer::Viewer;
use actix_web::HttpResponse;
use actix_web::web::Path;
use api::{Endpoint, EndpointSecret, ReplayQueued};
use events::EndpointId;
use serde_json::{Map, Value, json};

pub(super) async fn update<V: Viewer>(viewer: V, path: Path<String>, form: Form) -> Result<HttpResponse, Fault> {
    let id: EndpointId = id(&path)?;
    let or_null = |name: &str| form.some(name).map_or(Value::Null, Value::from);
    let types = form.words("event_types");
    let mut body = Map::new();
    body.insert("description".to_owned(), or_null("description"));
    body.insert("filter".to_owned(), or_null("filter"));
    body.insert(
        "event_types".to_owned(),
        if types.is_empty() { Value::Null } else { json!(types) },
    );
    body.insert("contacts".to_owned(), json!(form.words("contacts")));
    // The URL is a secret: it is not shown, and changed only where a new one is typed.
    if let Some(url) = form.some("url") {
        body.insert("url".to_owned(), json!(url));
    }
    match viewer.api().patch::<Endpoint>(&format!("/endpoints/{id}"), &body).await {
        Ok(_) => Ok(to(&format!("{}/{id}", here::<V>()))),
        Err(fault) => then(&viewer, id, Err(fault)).await,
    }
}

pub(super) async fn reveal<V: Viewer>(viewer: V, path: Path<String>) -> Result<HttpResponse, Fault> {
    let id: EndpointId = id(&path)?;
    let shown: Result<EndpointSecret, Fault> = viewer.api().get(&format!("/endpoints/{id}/secret")).await;
    let outcome = shown.map(|shown| Outcome {
        secret: Some(shown.secret.expose().to_owned()),
        ..Outcome::default()
    });
    then(&viewer, id, outcome).await
}

pub(super) async fn rotate<V: Viewer>(viewer: V, path: Path<String>) -> Result<HttpResponse, Fault> {
    let id: EndpointId = id(&path)?;
    let rotated = viewer
        .api()
        .post(&format!("/endpoints/{id}/rotate-secret"), &json!({}))
        .await;
    let outcome = rotated.map(|rotated| Outcome {
        rotated: Some(rotated),
        ..Outcome::default()
    });
    then(&viewer, id, outcome).await
}

pub(super) async fn test<V: Viewer>(viewer: V, path: Path<String>, form: Form) -> Result<HttpResponse, Fault> {
    let id: EndpointId = id(&path)?;
    let body = match form.some("type") {
        Some(kind) => json!({ "type": kind }),
        None => json!({}),
    };
    let tested = viewer.api().post(&format!("/endpoints/{id}/test"), &body).await;
    let outcome = tested.map(|tested| Outcome {
        tested: Some(tested),
        ..Outcome::default()
    });
    then(&viewer, id, outcome).await
}

/// Counts first what would be sent again; then does it.
pub(super) async fn replay<V: Viewer>(viewer: V, path: Path<String>, form: Form) -> Result<HttpResponse, Fault> {
    let id: EndpointId = id(&path)?;
    let is_dry = !form.has("sure");
    let mut body = json!({ "dry_run": is_dry, "only_failed": form.has("only_failed") });
    for name in ["after", "before"] {
        if let Some(time) = form.some(name) {
            body[name] = json!(time);
        }
    }
    let queued: Result<ReplayQueued, Fault> = viewer.api().post(&format!("/endpoints/{id}/replay"), &body).await;
    match queued {
        Ok(queued) if is_dry => {
            let outcome = Outcome {
                counted: Some(Counted {
                    number: queued.would_queue.unwrap_or_default(),
                    after: form.text("after").to_owned(),
                    before: form.text("before").to_owned(),
                    only_failed: form.has("only_failed"),
                }),
                ..Outcome::default()
            };
            then(&viewer, id, Ok(outcome)).await
        }
        Ok(_) => Ok(to(&format!("{}/{id}", here::<V>()))),
        Err(fault) => then(&viewer, id, Err(fault)).await,
    }
}

pub(super) async fn enable<V: Viewer>(viewer: V, path: Path<String>, form: Form) -> Result<HttpResponse, Fault> {
    let id: EndpointId = id(&path)?;
    let body = match form.some("held") {
        Some(held) => json!({ "held": held }),
        None => json!({}),
    };
    match viewer
        .api()
        .post::<Value>(&format!("/endpoints/{id}/enable"), &body)
        .await
    {
        Ok(_) => Ok(to(&format!("{}/{id}", here::<V>()))),
        Err(fault) => then(&viewer, id, Err(fault)).await,
    }
}

/// Deletes the endpoint after its origin was typed.
pub(super) async fn delete<V: Viewer>(viewer: V, path: Path<String>, form: Form) -> Result<HttpResponse, Fault> {
    let id: EndpointId = id(&path)?;
    let endpoint: Endpoint = viewer.api().get(&format!("/endpoints/{id}")).await?;
    if form.text("confirm") != endpoint.url_origin {
        let outcome = Outcome {
            errors: Errors::one("confirm", text("endpoint-confirm-error")),
            ..Outcome::default()
        };
        return then(&viewer, id, Ok(outcome)).await;
    }
    match viewer.api().delete(&format!("/endpoints/{id}")).await {
        Ok(()) => Ok(to(&here::<V>())),
        Err(fault) => then(&viewer, id, Err(fault)).await,
    }
}
