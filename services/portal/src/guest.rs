//! Somebody who opened a link: no account, one organization, until the link ends.

use crate::api::Api;
use crate::door::Door;
use crate::fault::Fault;
use crate::session::{checked, parts};
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use api::{Caller, CallerIdentity, Scope};
use futures_util::future::LocalBoxFuture;
use store::{PortalCapability, PortalFeature, PortalLink, SessionOpener};

/// An IT administrator who opened a link.
pub(crate) struct Guest {
    pub(crate) api: Api,
    pub(crate) link: PortalLink,
}

impl Guest {
    /// Whether the link opens a part of the pages.
    pub(crate) fn may(&self, feature: PortalFeature) -> bool {
        self.link.features.contains(&feature)
    }

    /// Lets the guest of a link on that opens a part of the pages.
    ///
    /// # Errors
    /// That there is no such page.
    pub(crate) fn needs(&self, feature: PortalFeature) -> Result<(), Fault> {
        self.may(feature).then_some(()).ok_or(Fault::Missing)
    }
}

/// The team of an app that opened a link.
pub(crate) struct AppTeam {
    pub(crate) api: Api,
    pub(crate) link: PortalLink,
    pub(crate) scopes: Vec<Scope>,
}

impl FromRequest for Guest {
    type Error = Fault;
    type Future = LocalBoxFuture<'static, Result<Self, Fault>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let link = link_of(&request, Door::Setup).await?;
            let scopes = link.features.iter().filter_map(|feature| match feature {
                PortalFeature::DirectorySync => Some(Scope::Directories),
                PortalFeature::Sso => Some(Scope::Connections),
                PortalFeature::Webhooks => None,
            });
            let caller = caller(&link, [Scope::Read].into_iter().chain(scopes).collect());
            let (_, local) = parts(&request)?;
            let api = Api::new(local, caller, runtime::http::caller(&request));
            Ok(Self { api, link })
        })
    }
}

impl FromRequest for AppTeam {
    type Error = Fault;
    type Future = LocalBoxFuture<'static, Result<Self, Fault>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let link = link_of(&request, Door::Apps).await?;
            let scopes: Vec<_> = link.capabilities.iter().copied().map(scope).collect();
            let (_, local) = parts(&request)?;
            let api = Api::new(local, caller(&link, scopes.clone()), runtime::http::caller(&request));
            Ok(Self { api, link, scopes })
        })
    }
}

/// The link that opened the session of a request, which still opens the door.
///
/// # Errors
/// That nobody is logged in; otherwise as the store.
pub(crate) async fn link_of(request: &HttpRequest, door: Door) -> Result<PortalLink, Fault> {
    let (state, _) = parts(request)?;
    let session = checked(&state, door, request).await?;
    let SessionOpener::Link(id) = session.opener else {
        return Err(Fault::LoggedOut(door));
    };
    let link = state.store().portal_links().by_id(id).await?;
    link.filter(|link| door.is_opened_by(link))
        .ok_or(Fault::LoggedOut(door))
}

/// What a link lets its holder do.
fn caller(link: &PortalLink, scopes: Vec<Scope>) -> Caller {
    Caller {
        identity: CallerIdentity::PortalLink(link.id),
        name: "portal link".to_owned(),
        scopes,
        organization: Some(link.organization_id),
        directory: link.directory_id,
    }
}

const fn scope(capability: PortalCapability) -> Scope {
    match capability {
        PortalCapability::View => Scope::ViewEndpoints,
        PortalCapability::Reveal => Scope::RevealEndpoints,
        PortalCapability::Manage => Scope::ManageEndpoints,
        PortalCapability::Resend => Scope::ResendDeliveries,
    }
}
