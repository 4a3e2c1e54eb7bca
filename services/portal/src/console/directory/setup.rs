//! The tab Setup: what to paste where, how far the connection is, and a link for whoever does it.

use super::{Tab, directory, status, tab};
use crate::api::query;
use crate::console::{PROVIDERS, id};
use crate::fault::Fault;
use crate::filters;
use crate::form::{Errors, Form};
use crate::session::Operator;
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
    provider: &'static str,
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
    what: &'static str,
    /// What to do while it is not done.
    hint: &'static str,
    is_done: bool,
    /// When, where that is known.
    at: Option<Timestamp>,
}

/// How an identity provider calls what is pasted, and where its fields are.
struct Fields {
    provider: &'static str,
    place: &'static str,
    address: &'static str,
    token: &'static str,
    /// What it is good to know beside.
    note: &'static str,
    guide: &'static str,
}

/// By provider; what the last one says holds for any.
const FIELDS: [Fields; 7] = [
    Fields {
        provider: "entra_id",
        place: "Enterprise apps → your application → Provisioning → New configuration",
        address: "Tenant URL",
        token: "Secret token",
        note: "Press Test connection, and Create. Entra sends only who is assigned to the application.",
        guide: "/docs/connect-entra",
    },
    Fields {
        provider: "okta",
        place: "Applications → your application → Provisioning → Integration",
        address: "SCIM 2.0 Base Url",
        token: "OAuth Bearer Token",
        note: "Enable API integration, and below To App create, update and deactivate users.",
        guide: "/docs/directories",
    },
    Fields {
        provider: "onelogin",
        place: "Applications → your application → Configuration",
        address: "SCIM Base URL",
        token: "SCIM Bearer Token",
        note: "Enable the API connection, and provisioning on the page Provisioning.",
        guide: "/docs/directories",
    },
    Fields {
        provider: "jumpcloud",
        place: "SSO Applications → your application → Identity Management",
        address: "Base URL",
        token: "Token Key",
        note: "Choose SCIM 2.0, test the connection and activate it.",
        guide: "/docs/directories",
    },
    Fields {
        provider: "ping",
        place: "Integrations → Provisioning → your connection",
        address: "SCIM Base URL",
        token: "OAuth Access Token",
        note: "Choose OAuth 2 Bearer Token as the authentication method, and userName as the unique identifier.",
        guide: "/docs/directories",
    },
    Fields {
        provider: "google",
        place: "Apps → Web and mobile apps → your application → Autoprovisioning",
        address: "Endpoint URL",
        token: "Access token",
        note: "Google provisions only to applications of its own catalogue that support it.",
        guide: "/docs/directories",
    },
    Fields {
        provider: "",
        place: "your application with provisioning by SCIM 2.0",
        address: "Base URL or Tenant URL",
        token: "Bearer token",
        note: "The unique identifier is userName.",
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
        provider: provider.map_or("The identity provider", |provider| provider.title()),
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
            what: "A key is made",
            hint: "Make one on the tab Keys. Its token is shown once, to be pasted.",
            is_done: key.is_some(),
            at: key.map(|key| key.created_at),
        },
        Step {
            what: "The identity provider has come",
            hint: "Press Test connection there.",
            is_done: directory.last_request_at.is_some(),
            at: directory.last_request_at,
        },
        Step {
            what: "The first person is here",
            hint: "Assign one person there, and provision on demand.",
            is_done: directory.counts.as_ref().is_some_and(|counts| counts.users > 0),
            at: None,
        },
        Step {
            what: "A cycle is done",
            hint: "Switch provisioning on there. The first cycle sends everybody who is assigned.",
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
            let told = format!("{} sample people were made.", sent.made);
            let told = with_failures(told, sent.failed, sent.detail);
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
            let told = format!("{} sample people were removed.", gone.removed);
            let told = with_failures(told, gone.failed, gone.detail);
            let outcome = Outcome {
                told,
                ..Outcome::default()
            };
            page(&operator, &directory, outcome).await
        }
        Err(fault) => refused(&operator, &directory, fault).await,
    }
}

fn with_failures(told: String, failed: u32, detail: Option<String>) -> String {
    match failed {
        0 => told,
        failed => format!("{told} {failed} were not. {}", detail.unwrap_or_default()),
    }
}
