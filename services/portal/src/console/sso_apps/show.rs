//! One app: what its developers enter, and what the forms on its page do.

use super::{HERE, keys};
use crate::console::connections::{self, crumb};
use crate::console::id;
use crate::console::names::names;
use crate::fault::Fault;
use crate::form::{Errors, Form};
use crate::frame::{Section, console_with, to};
use crate::session::Operator;
use crate::texts::text;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Path;
use api::{ApplicationType, ClientAuthentication, PlainSecret, Scope, SsoClient};
use askama::Template;
use events::SsoClientId;
use serde_json::{Value, json};

#[derive(Template)]
#[template(path = "console/sso_app.html")]
struct AppPage {
    app: SsoClient,
    /// What its organization is called, where it is for one.
    organization: Option<String>,
    /// Who issues the tokens that it gets.
    issuer: String,
    outcome: Outcome,
    may_change: bool,
}

/// What a form on the page led to.
#[derive(Default)]
pub(super) struct Outcome {
    pub(super) errors: Errors,
    /// What was typed, where it was not taken.
    pub(super) form: Form,
    /// A secret that was just made, shown this once.
    pub(super) secret: Option<PlainSecret>,
}

impl AppPage {
    /// Its public keys, for people.
    fn keys(&self) -> String {
        let keys = self.app.jwks.as_ref();
        keys.and_then(|keys| serde_json::to_string_pretty(keys).ok())
            .unwrap_or_default()
    }

    /// Whether a kind of app is chosen.
    fn is_type(&self, application_type: &str) -> bool {
        let own = match self.app.application_type {
            ApplicationType::Web => "web",
            ApplicationType::Native => "native",
        };
        self.value("application_type", own) == application_type
    }

    /// What stands in a field: what was typed, or else what the app has.
    fn value<'a>(&'a self, field: &str, own: &'a str) -> &'a str {
        match self.outcome.form.has(field) {
            true => self.outcome.form.text(field),
            false => own,
        }
    }
}

pub(super) async fn show(operator: Operator, path: Path<String>) -> Result<HttpResponse, Fault> {
    page(&operator, id(&path)?, Outcome::default()).await
}

/// The page of an app, with what a form led to.
///
/// # Errors
/// As any page.
pub(super) async fn page(operator: &Operator, id: SsoClientId, outcome: Outcome) -> Result<HttpResponse, Fault> {
    let status = match outcome.errors.is_empty() {
        true => StatusCode::OK,
        false => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let app: SsoClient = operator.api.get(&format!("/sso-clients/{id}")).await?;
    let organizations = names(operator, "/organizations", app.organization_id).await?;
    let title = app.name.clone();
    let page = AppPage {
        app,
        organization: organizations.into_values().next(),
        issuer: format!("{}/sso", operator.state.public_url()),
        outcome,
        may_change: operator.may(Scope::Connections),
    };
    console_with(status, operator, Section::SingleSignOn, title, &[crumb()], &page)
}

async fn refused(operator: &Operator, id: SsoClientId, fault: Fault, form: Form) -> Result<HttpResponse, Fault> {
    let outcome = Outcome {
        errors: Errors::of(fault.of_form()?),
        form,
        secret: None,
    };
    page(operator, id, outcome).await
}

pub(super) async fn update(operator: Operator, path: Path<String>, form: Form) -> Result<HttpResponse, Fault> {
    let id: SsoClientId = id(&path)?;
    let mut body = json!({
        "name": form.text("name"),
        "redirect_uris": form.lines("redirect_uris"),
        "post_logout_redirect_uris": form.lines("post_logout_redirect_uris"),
        "backchannel_logout_uri": form.some("backchannel_logout_uri"),
        "initiate_login_uri": form.some("initiate_login_uri"),
    });
    if let Some(application_type) = form.some("application_type") {
        body["application_type"] = json!(application_type);
    }
    if let Some(keys) = keys(&form) {
        body["jwks"] = keys;
    }
    match operator.api.patch::<Value>(&format!("/sso-clients/{id}"), &body).await {
        Ok(_) => Ok(to(&format!("{HERE}/{id}"))),
        Err(fault) => refused(&operator, id, fault, form).await,
    }
}

/// Makes another secret; it is shown in this answer only.
pub(super) async fn rotate(operator: Operator, path: Path<String>, form: Form) -> Result<HttpResponse, Fault> {
    let id: SsoClientId = id(&path)?;
    let path = format!("/sso-clients/{id}/rotate-secret");
    match operator.api.post::<SsoClient>(&path, &json!({})).await {
        Ok(rotated) => {
            let outcome = Outcome {
                secret: rotated.client_secret,
                ..Outcome::default()
            };
            page(&operator, id, outcome).await
        }
        Err(fault) => refused(&operator, id, fault, form).await,
    }
}

/// Deletes the app after its name was typed.
pub(super) async fn delete(operator: Operator, path: Path<String>, form: Form) -> Result<HttpResponse, Fault> {
    let id: SsoClientId = id(&path)?;
    let app: SsoClient = operator.api.get(&format!("/sso-clients/{id}")).await?;
    if form.text("confirm") != app.name {
        let outcome = Outcome {
            errors: Errors::one("confirm", text("sso-app-confirm-error")),
            form,
            secret: None,
        };
        return page(&operator, id, outcome).await;
    }
    match operator.api.delete(&format!("/sso-clients/{id}")).await {
        Ok(()) => Ok(to(connections::HERE)),
        Err(fault) => refused(&operator, id, fault, form).await,
    }
}
