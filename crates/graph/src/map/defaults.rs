//! The map that a connection begins with.
//!
//! Source: the mapping tables of
//! <https://learn.microsoft.com/entra/identity/app-provisioning/use-scim-to-provision-users-and-groups>, and the properties of
//! <https://learn.microsoft.com/graph/api/resources/user>.

use super::row::{Row, Transform};

/// Where raw copies of attributes stand that SCIM has no place for.
pub const GRAPH_EXTENSION: &str = "urn:rollcall:params:scim:schemas:extension:graph:2.0:User";
/// The manager, by the id that the directory gives.
pub(super) const MANAGER_PATH: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value";
const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/// People.
#[must_use]
pub fn default_users() -> Vec<Row> {
    let mut rows = vec![
        Row::copy("id", "externalId"),
        Row::copy("userPrincipalName", "userName"),
        Row::copy("accountEnabled", "active"),
        Row::copy("givenName", "name.givenName"),
        Row::copy("surname", "name.familyName"),
        Row::copy("", "name.formatted")
            .of(&["givenName", "surname"])
            .with(Transform::Join),
        Row::copy("displayName", "displayName"),
        Row::copy("mailNickname", "nickName"),
        Row::copy("jobTitle", "title"),
        // What somebody is employed as says more than whether they are a guest.
        Row::copy("", "userType")
            .of(&["employeeType", "userType"])
            .with(Transform::FirstOf),
        Row::copy("preferredLanguage", "preferredLanguage"),
    ];
    rows.extend(contact());
    rows.extend(enterprise());
    rows
}

fn contact() -> Vec<Row> {
    let mail = Row::copy("mail", "emails[type eq \"work\"].value");
    let address = |graph: &str, part: &str| Row::copy(graph, &format!("addresses[type eq \"work\"].{part}"));
    vec![
        Row { primary: true, ..mail },
        Row::copy("otherMails", "emails[type eq \"other\"].value").with(Transform::Addresses),
        Row::copy("businessPhones", "phoneNumbers[type eq \"work\"].value").with(Transform::First),
        Row::copy("mobilePhone", "phoneNumbers[type eq \"mobile\"].value"),
        Row::copy("faxNumber", "phoneNumbers[type eq \"fax\"].value"),
        address("officeLocation", "formatted"),
        address("streetAddress", "streetAddress"),
        address("city", "locality"),
        address("state", "region"),
        address("postalCode", "postalCode"),
        address("country", "country"),
    ]
}

fn enterprise() -> Vec<Row> {
    let row = |graph: &str, name: &str| Row::copy(graph, &format!("{ENTERPRISE}:{name}"));
    vec![
        row("employeeId", "employeeNumber"),
        row("department", "department"),
        row("companyName", "organization"),
        row("employeeOrgData.division", "division"),
        row("employeeOrgData.costCenter", "costCenter"),
        row("manager", "manager.value"),
    ]
}

/// Rows to add for those who want them: copies of attributes that SCIM has no place for. They say more of people than most
/// apps need.
#[must_use]
pub fn raw_copies() -> Vec<Row> {
    let plain = [
        "usageLocation",
        "employeeHireDate",
        "onPremisesImmutableId",
        "onPremisesSamAccountName",
        "onPremisesDistinguishedName",
        "onPremisesUserPrincipalName",
        "onPremisesSecurityIdentifier",
        "onPremisesSyncEnabled",
    ];
    let row = |name: &str| Row::copy(name, &format!("{GRAPH_EXTENSION}:{name}"));
    let numbered = (1..=15).map(|number| {
        let name = format!("extensionAttribute{number}");
        Row::copy(
            &format!("onPremisesExtensionAttributes.{name}"),
            &format!("{GRAPH_EXTENSION}:{name}"),
        )
    });
    plain.into_iter().map(row).chain(numbered).collect()
}

/// Groups. Who is in them is no matter of the map.
#[must_use]
pub fn default_groups() -> Vec<Row> {
    vec![Row::copy("id", "externalId"), Row::copy("displayName", "displayName")]
}
