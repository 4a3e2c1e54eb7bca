//! The tab Setup: what to paste where, how far the connection is, and a link for whoever does it.

use super::{Tab, directory, status, tab};
use crate::api::query;
use crate::console::{PROVIDERS, id};
use crate::fault::Fault;
use crate::filters;
use crate::form::{Errors, Form};
use crate::session::Operator;
use crate::texts::{TextKey, text};
use actix_web::HttpResponse;
use actix_web::web::{self, Path, ServiceConfig};
use api::{Cycle, CycleKind, Directory, Key, List, PortalLink, SamplePeopleRemoved, SamplePeopleSent, Scope, User};
use askama::Template;
use events::{DirectoryId, Timestamp};
use serde_json::json;

/// The external id of the first sample: where it is, there are samples.
const FIRST_SAMPLE: &str = "rollcall-sample-01";

pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .service(web::resource("/directories/{id}/setup").get(show).post(invite))
        .service(web::resource("/directories/{id}/samples").post(send_samples))
        .service(web::resource("/directories/{id}/samples/remove").post(remove_samples));
}

#[derive(Template)]
#[template(path = "console/directory/setup.html")]
struct SetupPage<'a> {
    directory: &'a Directory,
    provider: String,
    fields: &'static Fields,
    steps: [Step; 4],
    /// A link that was just made, shown this once.
    made: Option<PortalLink>,
    /// How sending or removing samples went.
    told: String,
    /// Whether there are sample people, and whether anybody else.
    has_samples: bool,
    has_people: bool,
    errors: Errors,
    may_change: bool,
}

/// What a form on the page led to.
#[derive(Default)]
struct Outcome {
    made: Option<PortalLink>,
    told: String,
    errors: Errors,
}

/// A step of connecting an identity provider.
struct Step {
    what: TextKey,
    /// What to do while it is not done.
    hint: TextKey,
    is_done: bool,
    /// When, where that is known.
    at: Option<Timestamp>,
}

/// How an identity provider calls what is pasted, and where its fields are.
struct Fields {
    provider: &'static str,
    place: TextKey,
    address: TextKey,
    token: TextKey,
    /// What it is good to know beside.
    note: TextKey,
    guide: &'static str,
}

/// By provider; what the last one says holds for any.
const FIELDS: [Fields; 7] = [
    Fields {
        provider: "entra_id",
        place: TextKey("provider-entra-place"),
        address: TextKey("provider-entra-address"),
        token: TextKey("provider-entra-token"),
        note: TextKey("provider-entra-note"),
        guide: "/docs/connect-entra",
    },
    Fields {
        provider: "okta",
        place: TextKey("provider-okta-place"),
        address: TextKey("provider-okta-address"),
        token: TextKey("provider-okta-token"),
        note: TextKey("provider-okta-note"),
        guide: "/docs/directories",
    },
    Fields {
        provider: "onelogin",
        place: TextKey("provider-onelogin-place"),
        address: TextKey("provider-onelogin-address"),
        token: TextKey("provider-onelogin-token"),
        note: TextKey("provider-onelogin-note"),
        guide: "/docs/directories",
    },
    Fields {
        provider: "jumpcloud",
        place: TextKey("provider-jumpcloud-place"),
        address: TextKey("provider-jumpcloud-address"),
        token: TextKey("provider-jumpcloud-token"),
        note: TextKey("provider-jumpcloud-note"),
        guide: "/docs/directories",
    },
    Fields {
        provider: "ping",
        place: TextKey("provider-ping-place"),
        address: TextKey("provider-ping-address"),
        token: TextKey("provider-ping-token"),
        note: TextKey("provider-ping-note"),
        guide: "/docs/directories",
    },
    Fields {
        provider: "google",
        place: TextKey("provider-google-place"),
        address: TextKey("provider-google-address"),
        token: TextKey("provider-google-token"),
        note: TextKey("provider-google-note"),
        guide: "/docs/directories",
    },
    Fields {
        provider: "",
        place: TextKey("provider-any-place"),
        address: TextKey("provider-any-address"),
        token: TextKey("provider-any-token"),
        note: TextKey("provider-any-note"),
        guide: "/docs/directories",
    },
];

async fn show(operator: Operator, path: Path<String>) -> Result<HttpResponse, Fault> {
    let directory = directory(&operator, id(&path)?).await?;
    page(&operator, &directory, Outcome::default()).await
}

async fn page(operator: &Operator, directory: &Directory, outcome: Outcome) -> Result<HttpResponse, Fault> {
    let status = status(&outcome.errors);
    let filter = format!("externalId eq \"{FIRST_SAMPLE}\"");
    let parameters = [("filter", Some(filter.as_str())), ("limit", Some("1"))];
    let samples: List<User> = operator
        .api
        .get(&query(&format!("/directories/{}/users", directory.id), parameters))
        .await?;
    let provider = PROVIDERS.iter().find(|one| one.as_str() == directory.provider);
    let is_its = |fields: &&Fields| fields.provider == directory.provider || fields.provider.is_empty();
    let page = SetupPage {
        directory,
        provider: provider.map_or_else(
            || text("directory-setup-any-provider").into(),
            |one| one.title().to_owned(),
        ),
        fields: FIELDS.iter().find(is_its).unwrap_or(&FIELDS[FIELDS.len() - 1]),
        steps: steps(operator, directory).await?,
        made: outcome.made,
        told: outcome.told,
        has_samples: !samples.data.is_empty(),
        has_people: directory.counts.as_ref().is_some_and(|counts| counts.users > 0),
        errors: outcome.errors,
        may_change: operator.may(Scope::Directories),
    };
    tab(status, operator, directory, Tab::Setup, &page)
}

async fn steps(operator: &Operator, directory: &Directory) -> Result<[Step; 4], Fault> {
    let here = format!("/directories/{}", directory.id);
    let keys: List<Key> = operator
        .api
        .get(&query(&format!("{here}/keys"), [("limit", Some("1"))]))
        .await?;
    let cycles: List<Cycle> = operator
        .api
        .get(&query(&format!("{here}/cycles"), [("limit", Some("10"))]))
        .await?;
    let is_over = |cycle: &&Cycle| !cycle.open && matches!(cycle.kind, CycleKind::Initial | CycleKind::Incremental);
    let cycle = cycles.data.iter().find(is_over);
    let key = keys.data.first();
    Ok([
        Step {
            what: TextKey("directory-setup-step-key"),
            hint: TextKey("directory-setup-step-key-hint"),
            is_done: key.is_some(),
            at: key.map(|key| key.created_at),
        },
        Step {
            what: TextKey("directory-setup-step-contact"),
            hint: TextKey("directory-setup-step-contact-hint"),
            is_done: directory.last_request_at.is_some(),
            at: directory.last_request_at,
        },
        Step {
            what: TextKey("directory-setup-step-person"),
            hint: TextKey("directory-setup-step-person-hint"),
            is_done: directory.counts.as_ref().is_some_and(|counts| counts.users > 0),
            at: None,
        },
        Step {
            what: TextKey("directory-setup-step-cycle"),
            hint: TextKey("directory-setup-step-cycle-hint"),
            is_done: cycle.is_some(),
            at: cycle.map(|cycle| cycle.last_at),
        },
    ])
}

/// Makes a link for this directory; it is shown in this answer only.
async fn invite(operator: Operator, path: Path<String>, form: Form) -> Result<HttpResponse, Fault> {
    let directory = directory(&operator, id(&path)?).await?;
    let mut body = json!({
        "organization_id": directory.organization_id,
        "directory_id": directory.id,
        "features": ["directory_sync"],
    });
    if let Some(days) = form.some("days").and_then(|days| days.parse::<u32>().ok()) {
        body["expires_in"] = json!(days.saturating_mul(24 * 60 * 60));
    }
    match operator.api.post::<PortalLink>("/portal-links", &body).await {
        Ok(made) => {
            let outcome = Outcome {
                made: Some(made),
                ..Outcome::default()
            };
            page(&operator, &directory, outcome).await
        }
        Err(fault) => refused(&operator, &directory, fault).await,
    }
}

async fn refused(operator: &Operator, directory: &Directory, fault: Fault) -> Result<HttpResponse, Fault> {
    let errors = match fault {
        // That nobody answers at the public address is something to mend, and no fault of this page.
        Fault::Api(problem) if problem.status == 503 => Errors::of(problem),
        fault => Errors::of(fault.of_form()?),
    };
    let outcome = Outcome {
        errors,
        ..Outcome::default()
    };
    page(operator, directory, outcome).await
}

/// Sends sample people; among others only where that was ticked.
async fn send_samples(operator: Operator, path: Path<String>, form: Form) -> Result<HttpResponse, Fault> {
    let id: DirectoryId = id(&path)?;
    let body = json!({ "among_people": form.has("among_people") });
    let sent = operator
        .api
        .post::<SamplePeopleSent>(&format!("/directories/{id}/sample-people"), &body)
        .await;
    let directory = directory(&operator, id).await?;
    match sent {
        Ok(sent) => {
            let told = match sent.failed {
                0 => text("directory-setup-samples-made").count("made", sent.made),
                failed => text("directory-setup-samples-made-some")
                    .count("made", sent.made)
                    .count("failed", failed)
                    .with("detail", sent.detail.unwrap_or_default()),
            };
            let told = told.into();
            let outcome = Outcome {
                told,
                ..Outcome::default()
            };
            page(&operator, &directory, outcome).await
        }
        Err(fault) => refused(&operator, &directory, fault).await,
    }
}

async fn remove_samples(operator: Operator, path: Path<String>) -> Result<HttpResponse, Fault> {
    let id: DirectoryId = id(&path)?;
    let gone = operator
        .api
        .remove::<SamplePeopleRemoved>(&format!("/directories/{id}/sample-people"))
        .await;
    let directory = directory(&operator, id).await?;
    match gone {
        Ok(gone) => {
            let told = match gone.failed {
                0 => text("directory-setup-samples-removed").count("removed", gone.removed),
                failed => text("directory-setup-samples-removed-some")
                    .count("removed", gone.removed)
                    .count("failed", failed)
                    .with("detail", gone.detail.unwrap_or_default()),
            };
            let told = told.into();
            let outcome = Outcome {
                told,
                ..Outcome::default()
            };
            page(&operator, &directory, outcome).await
        }
        Err(fault) => refused(&operator, &directory, fault).await,
    }
}
