//! `POST /directories`: one call sets up everything that an identity provider needs.

use super::PROVIDERS;
use super::view::View;
use crate::api::keys::FirstKey;
use crate::api::organizations;
use crate::body::Body;
use crate::context::Context;
use crate::fields::{Wrong, text};
use crate::idempotent::{Begun, OpenChange};
use crate::problem::Problem;
use crate::setup::{SetUp, set_up};
use ::events::{DirectoryId, OrganizationId, Source, Timestamp};
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use serde_json::Value;
use store::{Domain, NewDirectory, NewOrganization};

/// The organization as the caller names it.
#[derive(Clone, Debug)]
enum Owner {
    Id(OrganizationId),
    Domain(Domain),
}

struct Request {
    owner: Owner,
    provider: &'static str,
    name: String,
}

pub(in crate::api) async fn create(context: Context, body: Body) -> Result<HttpResponse, Problem> {
    let request = read(&body)?;
    let id = DirectoryId::new();
    let lane = context.lane(id);
    let open = match context.begin(Some(lane), body.raw()).await? {
        Begun::Open(open) => open,
        Begun::Answered(answer) => return Ok(answer),
    };
    let organization_id = owner(&open, &request.owner, context.now).await?;
    let new = NewDirectory {
        id,
        organization_id,
        name: request.name,
        provider: request.provider.to_owned(),
        at: context.now,
    };
    let SetUp { directory, key, token } = set_up(&open, new, lane, Source::Api).await?;
    let view = View::new(&context, directory).with_key(FirstKey::new(&key, &token));
    let location = context.location(&format!("/directories/{id}"));
    open.finish(&context, StatusCode::CREATED, Some(location), &view).await
}

fn read(body: &Body) -> Result<Request, Problem> {
    let mut fields = body.fields(&["organization", "provider", "name"]);
    let owner = fields.required("organization", read_owner);
    let provider = fields.optional("provider", read_provider);
    let name = fields.optional("name", text(1..=200));
    fields.finish()?;
    let (provider, label) = provider.unwrap_or(("entra_id", "Microsoft Entra ID"));
    // Without faults the owner was read; the alternative cannot happen and is no panic.
    let owner = owner.ok_or_else(|| Problem::invalid_at("#/organization", "Is required."))?;
    Ok(Request {
        owner,
        provider,
        name: name.unwrap_or_else(|| label.to_owned()),
    })
}

fn read_owner(value: &Value) -> Result<Owner, Wrong> {
    if let Some(id) = value.as_str().and_then(|text| text.trim().parse().ok()) {
        return Ok(Owner::Id(id));
    }
    let wrong = || Wrong::from("Must be the id of an organization, or a domain name such as \"example.com\".");
    organizations::domain(value).map(Owner::Domain).map_err(|_| wrong())
}

fn read_provider(value: &Value) -> Result<(&'static str, &'static str), Wrong> {
    let found = value
        .as_str()
        .and_then(|text| PROVIDERS.iter().find(|(name, _)| *name == text));
    found.copied().ok_or_else(|| {
        let known: Vec<_> = PROVIDERS.iter().map(|(name, _)| *name).collect();
        format!("Must be one of: {}.", known.join(", ")).into()
    })
}

/// The organization of the new directory; a domain that nobody has yet makes one.
async fn owner(change: &OpenChange, owner: &Owner, now: Timestamp) -> Result<OrganizationId, Problem> {
    match owner {
        Owner::Id(id) => {
            let found = change.organization(*id).await?;
            found.map(|found| found.id).ok_or_else(|| {
                Problem::invalid_at(
                    "#/organization",
                    format!("There is no organization with the id \"{id}\"."),
                )
            })
        }
        Owner::Domain(domain) => {
            let new = NewOrganization {
                id: OrganizationId::new(),
                name: domain.to_string(),
                domains: vec![domain.clone()],
                at: now,
            };
            Ok(change.organization_of_domain(&new, domain).await?)
        }
    }
}
