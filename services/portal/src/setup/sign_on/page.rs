//! The page of a step.

use super::steps::Step;
use crate::brand::way_back;
use crate::door::Door;
use crate::fault::Fault;
use crate::filters;
use crate::form::{Errors, Form};
use crate::frame;
use crate::guest::Guest;
use crate::texts::{Text, text};
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use api::{
    Connection, ConnectionCredential, ConnectionState, ConnectionTest, ConnectionTestDecision, Directory, LoginChannel,
    Organization,
};
use askama::Template;
use events::Timestamp;
use pages::Link;
use std::time::Duration;
use store::PortalFeature;
use url::Url;

/// How long before its end a credential is to be looked after.
const SOON: Duration = Duration::from_hours(30 * 24);
/// Where administrators of a tenant work, where the tenant says nothing else.
const ADMIN_CENTER: &str = "https://entra.microsoft.com";
/// Hosts that tokens of Microsoft Entra ID come from, and the admin center that belongs to each.
const CLOUDS: [(&str, &str); 3] = [
    ("login.microsoftonline.com", ADMIN_CENTER),
    ("login.microsoftonline.us", "https://entra.microsoft.us"),
    ("login.partner.microsoftonline.cn", "https://entra.microsoftonline.cn"),
];

#[derive(Template)]
#[template(path = "setup/sign_on.html")]
struct SignOnPage<'a> {
    organization: Organization,
    directory: Directory,
    /// `None` until the first step has made it.
    connection: Option<Connection>,
    steps: [Step; 7],
    step: Step,
    errors: &'a Errors,
    form: &'a Form,
    way_back: Option<Link>,
    may_sync: bool,
    now: Timestamp,
}

/// The page of a step, with what a form on it was refused for.
///
/// # Errors
/// As the management API.
pub(super) async fn page(
    guest: &Guest,
    directory: Directory,
    connection: Option<Connection>,
    step: Step,
    (errors, form): (&Errors, &Form),
) -> Result<HttpResponse, Fault> {
    let status = match errors.is_empty() {
        true => StatusCode::OK,
        false => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let organization = guest.link.organization_id;
    let page = SignOnPage {
        organization: guest.api.get(&format!("/organizations/{organization}")).await?,
        directory,
        connection,
        steps: Step::ALL,
        step,
        errors,
        form,
        way_back: way_back(&guest.link),
        may_sync: guest.may(PortalFeature::DirectorySync),
        now: Timestamp::now(),
    };
    frame::guest(Door::Setup, &guest.link, status, step.title().text(), &[], &page)
}

impl SignOnPage<'_> {
    /// What stands in a field: what was typed, or else what the connection has.
    fn value<'a>(&'a self, field: &str, own: &'a str) -> &'a str {
        match self.form.has(field) {
            true => self.form.text(field),
            false => own,
        }
    }

    /// Where a step is; before there is a connection, only the first one is anywhere.
    fn at(&self, step: &Step) -> Option<String> {
        let connection = self.connection.as_ref()?;
        Some(format!("/setup/connections/{}?step={}", connection.id, step.number()))
    }

    /// The application and the tenant that were entered before.
    fn entered(&self) -> (&str, &str) {
        let known = self.connection.as_ref();
        known.map_or(("", ""), |known| (&known.client_id, &known.authority))
    }

    /// Where the first form goes.
    fn register_at(&self) -> String {
        match &self.connection {
            Some(connection) => format!("/setup/connections/{}/provider", connection.id),
            None => format!("/setup/directories/{}/sign-on", self.directory.id),
        }
    }

    /// The admin center of the cloud that the tenant is in.
    fn admin_center(&self) -> &'static str {
        let host = self.issuer().and_then(|url| url.host_str().map(str::to_owned));
        let found = CLOUDS.iter().find(|(login, _)| host.as_deref() == Some(login));
        found.map_or(ADMIN_CENTER, |(_, center)| center)
    }

    fn issuer(&self) -> Option<Url> {
        self.connection.as_ref()?.issuer.as_deref()?.parse().ok()
    }

    /// The page of the app registration in the admin center that a step is about.
    fn registration(&self, connection: &Connection) -> String {
        let center = self.admin_center();
        let blade = self.step.blade();
        let id = &connection.client_id;
        format!("{center}/#view/Microsoft_AAD_RegisteredApps/ApplicationMenuBlade/~/{blade}/appId/{id}")
    }

    /// Where an administrator consents for the tenant; the answer comes back to the redirect URI of the web.
    fn consent(&self, connection: &Connection) -> Option<String> {
        let issuer = self.issuer()?;
        let tenant = connection.tenant_id?;
        let mut url = issuer.join(&format!("/{tenant}/adminconsent")).ok()?;
        let back = connection
            .redirect_uris
            .iter()
            .find(|redirect| redirect.uri.ends_with("/authresp"))?;
        url.query_pairs_mut()
            .append_pair("client_id", &connection.client_id)
            .append_pair("redirect_uri", &back.uri);
        Some(url.into())
    }

    /// Where somebody logs in as a test account.
    fn test_page(connection: &Connection) -> Option<String> {
        let is_ready = connection.issuer.is_some()
            && connection.credential != ConnectionCredential::None
            && connection.state != ConnectionState::Paused;
        is_ready.then(|| connection.test_url.clone())
    }

    /// Whether the person of a test would have got in anywhere.
    fn is_good(test: &ConnectionTest) -> bool {
        test.decisions.iter().any(|decision| decision.code.is_none())
    }

    /// What a decision of a test was about.
    fn channel(decision: &ConnectionTestDecision) -> Text {
        match decision.channel {
            Some(LoginChannel::App) => text("connection-channel-app"),
            Some(LoginChannel::Web) => text("connection-channel-web"),
            None => text("sign-on-test-any-channel"),
        }
    }

    /// Whether the credential has ended, or does so soon.
    fn has_ended(&self, connection: &Connection) -> bool {
        connection.credential_expires_at.is_some_and(|at| at <= self.now)
    }

    fn ends_soon(&self, connection: &Connection) -> bool {
        let ends = connection.credential_expires_at;
        ends.is_some_and(|at| at > self.now && at <= self.now.plus(SOON))
    }
}
