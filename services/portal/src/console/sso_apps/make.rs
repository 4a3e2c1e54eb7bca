//! How an app is made.

use super::show::{Outcome, page as app_page};
use super::{HERE, keys};
use crate::console::connections::crumb;
use crate::fault::Fault;
use crate::form::{Errors, Form};
use crate::frame::{Section, console_with, to};
use crate::session::Operator;
use crate::texts::{TextKey, text};
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use api::{List, Organization, Scope, SsoClient};
use askama::Template;
use serde_json::{Value, json};

#[derive(Template)]
#[template(path = "console/sso_app_new.html")]
struct NewPage {
    errors: Errors,
    form: Form,
    organizations: Vec<Organization>,
}

impl NewPage {
    /// How an app may prove itself: the name, what it is called, and for which apps it is.
    const AUTHENTICATIONS: [(&str, TextKey, TextKey); 3] = [
        (
            "client_secret",
            TextKey("sso-app-client-secret"),
            TextKey("sso-app-new-client-secret-hint"),
        ),
        (
            "private_key_jwt",
            TextKey("sso-app-private-key-jwt"),
            TextKey("sso-app-new-private-key-jwt-hint"),
        ),
        (
            "none",
            TextKey("sso-app-no-authentication"),
            TextKey("sso-app-new-no-authentication-hint"),
        ),
    ];

    fn is_chosen(&self, authentication: &str) -> bool {
        let chosen = self.form.some("authentication").unwrap_or("client_secret");
        chosen == authentication
    }

    fn is_type(&self, application_type: &str) -> bool {
        self.form.some("application_type").unwrap_or("web") == application_type
    }

    fn is_of(&self, organization: &Organization) -> bool {
        self.form.text("organization_id") == organization.id.to_string()
    }
}

pub(super) async fn new(operator: Operator) -> Result<HttpResponse, Fault> {
    if !operator.may(Scope::Connections) {
        return Err(Fault::NotAllowed);
    }
    page(&operator, Errors::default(), Form::default()).await
}

async fn page(operator: &Operator, errors: Errors, form: Form) -> Result<HttpResponse, Fault> {
    let status = match errors.is_empty() {
        true => StatusCode::OK,
        false => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let organizations: List<Organization> = operator.api.get("/organizations?limit=100").await?;
    let page = NewPage {
        errors,
        form,
        organizations: organizations.data,
    };
    let title = text("sso-app-new-title");
    console_with(status, operator, Section::SingleSignOn, title, &[crumb()], &page)
}

/// Makes an app. Its secret, where it has one, is in the answer, once.
pub(super) async fn create(operator: Operator, form: Form) -> Result<HttpResponse, Fault> {
    if !operator.may(Scope::Connections) {
        return Err(Fault::NotAllowed);
    }
    match operator.api.post::<SsoClient>("/sso-clients", &body(&form)).await {
        Ok(SsoClient {
            id,
            client_secret: Some(secret),
            ..
        }) => {
            let outcome = Outcome {
                secret: Some(secret),
                ..Outcome::default()
            };
            app_page(&operator, id, outcome).await
        }
        Ok(made) => Ok(to(&format!("{HERE}/{}", made.id))),
        Err(fault) => page(&operator, Errors::of(fault.of_form()?), form).await,
    }
}

fn body(form: &Form) -> Value {
    let mut body = json!({
        "name": form.text("name"),
        "application_type": form.some("application_type").unwrap_or("web"),
        "authentication": form.text("authentication"),
        "redirect_uris": form.lines("redirect_uris"),
        "post_logout_redirect_uris": form.lines("post_logout_redirect_uris"),
    });
    for name in ["organization_id", "backchannel_logout_uri", "initiate_login_uri"] {
        if let Some(text) = form.some(name) {
            body[name] = json!(text);
        }
    }
    if let Some(keys) = keys(form) {
        body["jwks"] = keys;
    }
    body
}
