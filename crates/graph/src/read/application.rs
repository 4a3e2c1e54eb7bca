//! The application in its tenant, its roles, and who is assigned to it.

use super::lists::List;
use crate::error::{GraphError, GraphErrorKind};
use crate::exchange::{Answer, Ask};
use crate::object_id::{ObjectId, ObjectKind};
use crate::permission::READ_APPLICATIONS;
use crate::session::Session;
use events::Timestamp;
use futures_util::stream::Stream;
use serde::Deserialize;
use serde_json::{Map, Value};
use uuid::Uuid;

/// An application as it is in a tenant ("Enterprise application").
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ServicePrincipal {
    /// Its id in the tenant, which is not that of the application.
    pub id: ObjectId,
    /// The application (client) id.
    pub app_id: Uuid,
    /// Its name.
    pub display_name: Option<String>,
    /// Whether people can log in to it.
    #[serde(default)]
    pub account_enabled: Option<bool>,
    /// The roles that people can be given.
    #[serde(default)]
    pub app_roles: Vec<AppRole>,
}

/// A role of an application.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AppRole {
    /// What assignments name it by.
    pub id: Uuid,
    /// What tokens and SCIM call it.
    pub value: Option<String>,
    /// What people call it.
    pub display_name: Option<String>,
    /// Whether it can be given.
    #[serde(default)]
    pub is_enabled: bool,
}

/// Somebody is assigned to an application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// Its own id.
    pub id: String,
    /// The role; `None` is access without one.
    pub role: Option<Uuid>,
    /// Who is assigned.
    pub principal: ObjectId,
    /// A person, a group, or an application. Of a group, direct members alone are assigned, as Entra ID has it.
    pub kind: ObjectKind,
    /// Since when.
    pub created: Option<Timestamp>,
}

/// Pages of assignments.
pub type Assignments = Vec<Assignment>;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Raw {
    id: String,
    app_role_id: Option<Uuid>,
    principal_id: ObjectId,
    principal_type: String,
    created_date_time: Option<Timestamp>,
}

impl Session {
    /// The application of this id in the tenant, with its roles; `None` where it is not there.
    ///
    /// # Errors
    /// [`GraphError`].
    pub async fn service_principal(&self, app_id: Uuid) -> Result<Option<ServicePrincipal>, GraphError> {
        let path = format!("/servicePrincipals(appId='{app_id}')?$select=id,appId,displayName,accountEnabled,appRoles");
        let ask = Ask::get(self.identity.endpoints.url(&path), 1, READ_APPLICATIONS);
        match self.ask(&ask, |answer: Answer| answer.read()).await {
            Ok(found) => Ok(Some(found)),
            Err(error) if matches!(*error.kind, GraphErrorKind::NotFound) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Who is assigned to an application. Delta queries do not tell it, so the list is read whole each time.
    pub fn assignments(
        &self,
        service_principal: ObjectId,
    ) -> impl Stream<Item = Result<Assignments, GraphError>> + Send + use<> {
        self.pages(Self::assignments_list(service_principal), Assignment::read)
    }

    pub(super) fn assignments_list(service_principal: ObjectId) -> List {
        List {
            path: format!("/servicePrincipals/{service_principal}/appRoleAssignedTo"),
            query: "?$top=999".to_owned(),
            cost: 1,
            any_of: READ_APPLICATIONS,
            eventual: false,
        }
    }
}

impl Assignment {
    pub(super) fn read(members: Map<String, Value>) -> Result<Self, &'static str> {
        let raw: Raw = serde_json::from_value(members.into()).map_err(|_| "id, role and principal of an assignment")?;
        let kind = match raw.principal_type.as_str() {
            "User" => ObjectKind::User,
            "Group" => ObjectKind::Group,
            "ServicePrincipal" => ObjectKind::ServicePrincipal,
            _ => ObjectKind::Other,
        };
        Ok(Self {
            id: raw.id,
            role: raw.app_role_id.filter(|role| !role.is_nil()),
            principal: raw.principal_id,
            kind,
            created: raw.created_date_time,
        })
    }
}
