//! `/setup/start`: where the administrator begins, or goes on.

use crate::door::Door;
use crate::fault::Fault;
use crate::form::{Errors, Form};
use crate::frame::{self, to};
use crate::guest::Guest;
use crate::texts::text;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{self, ServiceConfig};
use api::{Directory, Key, List, Organization, Provider};
use askama::Template;
use serde_json::json;
use store::PortalFeature;

pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .service(web::resource("/start").get(start))
        .service(web::resource("/directories").post(create));
}

#[derive(Template)]
#[template(path = "setup/start.html")]
struct StartPage {
    organization: Organization,
    directories: Vec<Directory>,
    providers: [Provider; 8],
    errors: Errors,
    /// Whether this link may make a directory: one for a certain directory may not.
    may_create: bool,
    /// Whether it opens the guides of directories.
    may_sync: bool,
    /// Whether it sets up single sign-on.
    may_sign_on: bool,
}

async fn start(guest: Guest) -> Result<HttpResponse, Fault> {
    let directories = directories(&guest).await?;
    let opens = |feature| guest.may(feature);
    match (directories.as_slice(), guest.link.directory_id) {
        ([only], Some(_)) if !opens(PortalFeature::Sso) => Ok(to(&format!("/setup/directories/{}", only.id))),
        ([only], Some(_)) if !opens(PortalFeature::DirectorySync) => {
            Ok(to(&format!("/setup/directories/{}/sign-on", only.id)))
        }
        _ => page(&guest, directories, Errors::default()).await,
    }
}

async fn page(guest: &Guest, directories: Vec<Directory>, errors: Errors) -> Result<HttpResponse, Fault> {
    let status = match errors.is_empty() {
        true => StatusCode::OK,
        false => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let organization = guest.link.organization_id;
    let page = StartPage {
        organization: guest.api.get(&format!("/organizations/{organization}")).await?,
        directories,
        providers: crate::console::PROVIDERS,
        errors,
        may_create: guest.link.directory_id.is_none() && guest.may(PortalFeature::DirectorySync),
        may_sync: guest.may(PortalFeature::DirectorySync),
        may_sign_on: guest.may(PortalFeature::Sso),
    };
    frame::guest(
        Door::Setup,
        &guest.link,
        status,
        text("guide-start-page-title"),
        &[],
        &page,
    )
}

/// The directories that the link is about.
async fn directories(guest: &Guest) -> Result<Vec<Directory>, Fault> {
    match guest.link.directory_id {
        Some(id) => Ok(guest
            .api
            .find(&format!("/directories/{id}"))
            .await?
            .into_iter()
            .collect()),
        None => {
            let list: List<Directory> = guest.api.get("/directories?limit=100").await?;
            Ok(list.data)
        }
    }
}

/// Makes a directory for the identity provider that was chosen. The key that comes with it is taken away: the guide makes one
/// when it is time to paste it.
async fn create(guest: Guest, form: Form) -> Result<HttpResponse, Fault> {
    guest.needs(PortalFeature::DirectorySync)?;
    if guest.link.directory_id.is_some() {
        return Err(Fault::Missing);
    }
    let body = json!({ "organization": guest.link.organization_id, "provider": form.text("provider") });
    match guest.api.post::<Directory>("/directories", &body).await {
        Ok(directory) => {
            let here = format!("/directories/{}", directory.id);
            let keys: List<Key> = guest.api.get(&format!("{here}/keys")).await?;
            for key in keys.data {
                guest.api.delete(&format!("{here}/keys/{}?force=true", key.id)).await?;
            }
            Ok(to(&format!("/setup{here}")))
        }
        Err(fault) => {
            let errors = Errors::of(fault.of_form()?);
            let directories = directories(&guest).await?;
            page(&guest, directories, errors).await
        }
    }
}
