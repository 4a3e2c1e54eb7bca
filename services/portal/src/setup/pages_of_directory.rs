//! `/setup/directories/{id}`: the guide, one step a page, and afterwards status, requests and keys.

use super::guides::{Step, StepKind, guide};
use crate::brand::way_back;
use crate::console::id;
use crate::door::Door;
use crate::fault::Fault;
use crate::filters;
use crate::form::{Errors, Form};
use crate::frame;
use crate::guest::Guest;
use crate::texts::text;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{self, Path, Query, ServiceConfig};
use api::{Directory, HealthState, Key, List, Organization, Provider, Request};
use askama::Template;
use events::DirectoryId;
use pages::Link;
use serde_json::json;
use std::collections::HashMap;
use store::PortalFeature;

pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .service(web::resource("/directories/{id}").get(show))
        .service(web::resource("/directories/{id}/keys").post(create_key))
        .service(web::resource("/directories/{id}/status").get(status));
}

#[derive(Template)]
#[template(path = "setup/step.html")]
struct StepPage {
    organization: Organization,
    directory: Directory,
    steps: &'static [Step],
    /// The number of the step, from 1 on.
    number: usize,
    kind: StepKind,
    /// A token that was just made, shown this once.
    made: Option<Key>,
    /// Whether there is a key already.
    has_key: bool,
    /// Where the administrator goes after the last step.
    way_back: Option<Link>,
    errors: Errors,
}

/// The address and the token, on the step where they are pasted.
#[derive(Template)]
#[template(path = "setup/credentials.html")]
struct Credentials<'a> {
    page: &'a StepPage,
}

impl StepPage {
    fn credentials(&self) -> Credentials<'_> {
        Credentials { page: self }
    }

    fn title(&self) -> String {
        self.steps
            .get(self.number.saturating_sub(1))
            .map_or_else(String::new, |step| step.title.to_string())
    }
}

/// The step that comes next, where none is asked for: as far as what has arrived tells.
fn next_step(directory: &Directory, has_key: bool, steps: &[Step]) -> usize {
    let last = steps.len();
    match directory.health.state {
        HealthState::Waiting if !has_key => 1,
        HealthState::Waiting => 2,
        HealthState::Testing => 3.min(last),
        _ => last,
    }
}

async fn show(guest: Guest, path: Path<String>, wanted: Query<HashMap<String, String>>) -> Result<HttpResponse, Fault> {
    let number = wanted.get("step").and_then(|number| number.parse().ok());
    page(&guest, id(&path)?, number, None, Errors::default()).await
}

async fn page(
    guest: &Guest,
    id: DirectoryId,
    number: Option<usize>,
    made: Option<Key>,
    errors: Errors,
) -> Result<HttpResponse, Fault> {
    guest.needs(PortalFeature::DirectorySync)?;
    let directory: Directory = guest.api.get(&format!("/directories/{id}")).await?;
    // Nobody sends anything there.
    if directory.provider == Provider::EntraGraph.as_str() {
        return Ok(frame::to(&format!("/setup/directories/{id}/graph")));
    }
    let keys: List<Key> = guest.api.get(&format!("/directories/{id}/keys?limit=1")).await?;
    let (steps, has_key) = (guide(&directory), !keys.data.is_empty());
    let number = number
        .unwrap_or_else(|| next_step(&directory, has_key, steps))
        .clamp(1, steps.len());
    let kind = steps.get(number - 1).map_or(StepKind::Watch, |step| step.kind);
    let organization = guest.link.organization_id;
    let status = match errors.is_empty() {
        true => StatusCode::OK,
        false => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let page = StepPage {
        organization: guest.api.get(&format!("/organizations/{organization}")).await?,
        directory,
        steps,
        number,
        kind,
        made,
        has_key,
        way_back: way_back(&guest.link),
        errors,
    };
    frame::guest(Door::Setup, &guest.link, status, page.title(), &[], &page)
}

/// Makes a token and shows it on the step where it is pasted. Older ones go on working until they are revoked.
async fn create_key(guest: Guest, path: Path<String>, form: Form) -> Result<HttpResponse, Fault> {
    let id: DirectoryId = id(&path)?;
    guest.needs(PortalFeature::DirectorySync)?;
    let number = form.text("step").parse().ok();
    let made = guest
        .api
        .post::<Key>(
            &format!("/directories/{id}/keys"),
            &json!({ "name": text("guide-key-name").to_string() }),
        )
        .await;
    match made {
        Ok(key) => page(&guest, id, number, Some(key), Errors::default()).await,
        Err(fault) => page(&guest, id, number, None, Errors::of(fault.of_form()?)).await,
    }
}

#[derive(Template)]
#[template(path = "setup/status.html")]
struct StatusPage {
    directory: Directory,
    /// Whether this link sets up single sign-on, too.
    may_sign_on: bool,
    requests: List<Request>,
    keys: List<Key>,
}

/// For later visits: how it goes, what arrived, and the keys.
async fn status(guest: Guest, path: Path<String>) -> Result<HttpResponse, Fault> {
    let id: DirectoryId = id(&path)?;
    guest.needs(PortalFeature::DirectorySync)?;
    let page = StatusPage {
        may_sign_on: guest.may(PortalFeature::Sso),
        directory: guest.api.get(&format!("/directories/{id}")).await?,
        requests: guest.api.get(&format!("/directories/{id}/requests?limit=50")).await?,
        keys: guest.api.get(&format!("/directories/{id}/keys?limit=50")).await?,
    };
    frame::guest(
        Door::Setup,
        &guest.link,
        StatusCode::OK,
        text("guide-status-page-title"),
        &[],
        &page,
    )
}
