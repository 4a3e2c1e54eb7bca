//! Who of the people of a connection may enter the console: what is shown of it, and the form.

use super::HERE;
use super::show::refused;
use crate::console::id;
use crate::fault::Fault;
use crate::form::Form;
use crate::frame::to;
use crate::session::Operator;
use actix_web::HttpResponse;
use actix_web::web::Path;
use api::{ConsoleAccess, ConsoleReach, Scope};
use events::ConnectionId;
use serde_json::json;

/// All scopes, in the order of the form.
const SCOPES: [Scope; 9] = [
    Scope::Read,
    Scope::Directories,
    Scope::Connections,
    Scope::Admin,
    Scope::Endpoints,
    Scope::ViewEndpoints,
    Scope::RevealEndpoints,
    Scope::ManageEndpoints,
    Scope::ResendDeliveries,
];

/// What the page of a connection shows to those who may say who enters.
pub(super) struct People {
    /// Who may enter now.
    pub(super) access: Option<ConsoleAccess>,
    /// What this operator may give.
    pub(super) scopes: Vec<Scope>,
    /// Whether for all organizations, too.
    pub(super) covers_all: bool,
}

impl People {
    /// Of a connection; `None` for an operator who has no say in it.
    ///
    /// # Errors
    /// As the management API.
    pub(super) async fn of(operator: &Operator, id: ConnectionId) -> Result<Option<Self>, Fault> {
        if !operator.may(Scope::Admin) {
            return Ok(None);
        }
        Ok(Some(Self {
            access: operator.api.find(&format!("/connections/{id}/console-access")).await?,
            scopes: SCOPES.into_iter().filter(|scope| operator.may(*scope)).collect(),
            covers_all: operator.covers_all,
        }))
    }

    /// What stands in the field of the roles.
    pub(super) fn roles(&self) -> String {
        self.access
            .as_ref()
            .map(|access| access.roles.join(", "))
            .unwrap_or_default()
    }

    /// What stands in the field of the users, one a line.
    pub(super) fn user_ids(&self) -> String {
        let ids = self.access.iter().flat_map(|access| &access.user_ids);
        ids.map(ToString::to_string).collect::<Vec<_>>().join("\n")
    }

    /// Whether a scope is ticked.
    pub(super) fn has(&self, form: &Form, scope: &Scope) -> bool {
        if form.has("roles") {
            return form.all("scopes").any(|ticked| ticked == scope.as_str());
        }
        self.access.as_ref().is_some_and(|access| access.scopes.contains(scope))
    }

    /// Whether it is for everything.
    pub(super) fn is_for_all(&self, form: &Form) -> bool {
        if form.has("roles") {
            return form.text("reach") == "installation";
        }
        let reach = self.access.as_ref().map(|access| access.reach);
        reach == Some(ConsoleReach::Installation)
    }
}

/// Says who may enter.
pub(super) async fn set(operator: Operator, path: Path<String>, form: Form) -> Result<HttpResponse, Fault> {
    let id: ConnectionId = id(&path)?;
    // A role may have a space in it.
    let roles = form.text("roles").split([',', '\n']).map(str::trim);
    let roles: Vec<&str> = roles.filter(|role| !role.is_empty()).collect();
    let scopes: Vec<&str> = form.all("scopes").collect();
    let mut body = json!({ "roles": roles, "user_ids": form.words("user_ids"), "scopes": scopes });
    if let Some(reach) = form.some("reach") {
        body["reach"] = json!(reach);
    }
    let path = format!("/connections/{id}/console-access");
    match operator.api.put::<ConsoleAccess>(&path, &body).await {
        Ok(_) => Ok(to(&format!("{HERE}/{id}"))),
        Err(fault) => refused(&operator, id, fault, form).await,
    }
}

/// Closes the console to them.
pub(super) async fn close(operator: Operator, path: Path<String>, form: Form) -> Result<HttpResponse, Fault> {
    let id: ConnectionId = id(&path)?;
    match operator.api.delete(&format!("/connections/{id}/console-access")).await {
        Ok(()) => Ok(to(&format!("{HERE}/{id}"))),
        Err(fault) => refused(&operator, id, fault, form).await,
    }
}
