//! Properties of users and groups: which there are, which are returned without being selected, and what people made by formula
//! have.

use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Properties of users that come without `$select` (the `user` resource's default set).
const USER_DEFAULT: [&str; 10] = [
    "businessPhones",
    "displayName",
    "givenName",
    "jobTitle",
    "mail",
    "mobilePhone",
    "officeLocation",
    "preferredLanguage",
    "surname",
    "userPrincipalName",
];

/// Properties of users that must be selected.
const USER_SELECTED: [&str; 35] = [
    "accountEnabled",
    "ageGroup",
    "city",
    "companyName",
    "consentProvidedForMinor",
    "country",
    "createdDateTime",
    "creationType",
    "deletedDateTime",
    "department",
    "employeeHireDate",
    "employeeId",
    "employeeLeaveDateTime",
    "employeeOrgData",
    "employeeType",
    "externalUserState",
    "faxNumber",
    "imAddresses",
    "lastPasswordChangeDateTime",
    "mailNickname",
    "onPremisesDomainName",
    "onPremisesExtensionAttributes",
    "onPremisesImmutableId",
    "onPremisesSamAccountName",
    "onPremisesSyncEnabled",
    "onPremisesUserPrincipalName",
    "otherMails",
    "postalCode",
    "proxyAddresses",
    "securityIdentifier",
    "showInAddressList",
    "state",
    "streetAddress",
    "usageLocation",
    "userType",
];

/// Properties of users that are kept in other stores, which lists and delta queries cannot return.
pub(crate) const ELSEWHERE: [&str; 11] = [
    "aboutMe",
    "birthday",
    "hireDate",
    "interests",
    "mailboxSettings",
    "mySite",
    "pastProjects",
    "preferredName",
    "responsibilities",
    "schools",
    "skills",
];

/// Properties of groups; all come without `$select`.
const GROUP: [&str; 14] = [
    "classification",
    "createdDateTime",
    "deletedDateTime",
    "description",
    "displayName",
    "groupTypes",
    "isAssignableToRole",
    "mail",
    "mailEnabled",
    "mailNickname",
    "membershipRule",
    "proxyAddresses",
    "securityEnabled",
    "visibility",
];

/// Properties of devices and contacts.
const OTHER: [&str; 2] = ["displayName", "mail"];

/// What an object of the directory is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Kind {
    /// A person.
    User,
    /// A group.
    Group,
    /// A device: may be a member of groups.
    Device,
    /// A contact of the organization: may be a member of groups and a manager.
    OrgContact,
    /// An app as the tenant has it.
    ServicePrincipal,
}

impl Kind {
    /// `@odata.type`.
    #[must_use]
    pub const fn odata_type(self) -> &'static str {
        match self {
            Self::User => "#microsoft.graph.user",
            Self::Group => "#microsoft.graph.group",
            Self::Device => "#microsoft.graph.device",
            Self::OrgContact => "#microsoft.graph.orgContact",
            Self::ServicePrincipal => "#microsoft.graph.servicePrincipal",
        }
    }

    /// The collection's name in URLs.
    pub(crate) const fn collection(self) -> &'static str {
        match self {
            Self::User => "users",
            Self::Group => "groups",
            Self::Device => "devices",
            Self::OrgContact => "contacts",
            Self::ServicePrincipal => "servicePrincipals",
        }
    }

    /// The kind with this cast in a path, as `microsoft.graph.user` or `graph.user`.
    pub(crate) fn of_cast(cast: &str) -> Option<Self> {
        let name = cast.strip_prefix("microsoft.").unwrap_or(cast).strip_prefix("graph.")?;
        [
            Self::User,
            Self::Group,
            Self::Device,
            Self::OrgContact,
            Self::ServicePrincipal,
        ]
        .into_iter()
        .find(|kind| kind.odata_type().ends_with(&format!(".{name}")))
    }

    /// The one spelling of a property's name.
    pub(crate) fn property(self, name: &str) -> Option<&'static str> {
        let all: [&[&'static str]; 2] = match self {
            Self::User => [&USER_DEFAULT, &USER_SELECTED],
            Self::Group => [&GROUP, &[]],
            Self::Device | Self::OrgContact | Self::ServicePrincipal => [&OTHER, &[]],
        };
        all.into_iter().flatten().find(|known| **known == name).copied()
    }

    /// What comes without `$select`.
    pub(crate) fn default_set(self) -> Vec<&'static str> {
        match self {
            Self::User => USER_DEFAULT.to_vec(),
            Self::Group => GROUP.to_vec(),
            Self::Device | Self::OrgContact | Self::ServicePrincipal => OTHER.to_vec(),
        }
    }

    /// The relation that delta queries follow.
    pub(crate) const fn relation(self) -> &'static str {
        if matches!(self, Self::Group) {
            "members"
        } else {
            "manager"
        }
    }
}

/// What an object has. `null` is what was there once.
#[derive(Clone, Debug)]
pub(crate) enum Attributes {
    /// Follows from the number.
    Formula(u32),
    /// Was given.
    Own(BTreeMap<&'static str, Value>),
}

impl Attributes {
    /// The value; `null` if it was taken away, nothing if there never was one.
    pub(crate) fn get(&self, name: &str, domain: &str) -> Option<Value> {
        match self {
            Self::Formula(number) => formula(*number, name, domain),
            Self::Own(values) => values.get(name).cloned(),
        }
    }

    /// The values to change; from now on they are its own.
    pub(crate) fn own(&mut self, domain: &str) -> &mut BTreeMap<&'static str, Value> {
        if let Self::Formula(number) = self {
            let names = USER_DEFAULT.iter().chain(&USER_SELECTED);
            let values = names.filter_map(|name| Some((*name, formula(*number, name, domain)?)));
            *self = Self::Own(values.collect());
        }
        match self {
            Self::Own(values) => values,
            Self::Formula(_) => unreachable!("they have just become its own"),
        }
    }

    /// Everything that is there now.
    pub(crate) fn all(&self, kind: Kind, domain: &str) -> Map<String, Value> {
        let names = [
            kind.default_set(),
            if kind == Kind::User {
                USER_SELECTED.to_vec()
            } else {
                Vec::new()
            },
        ];
        let value = |name: &str| self.get(name, domain).filter(|value| !value.is_null());
        names
            .concat()
            .into_iter()
            .filter_map(|name| Some((name.to_owned(), value(name)?)))
            .collect()
    }
}

const GIVEN: [&str; 16] = [
    "Ada", "Ben", "Chloé", "Dario", "Elif", "Femke", "Goran", "Hana", "Ines", "Jörg", "Kofi", "Lene", "Mei", "Noor",
    "Olga", "Pavel",
];
const FAMILY: [&str; 13] = [
    "Abel", "Brandt", "Costa", "Dubois", "Eriksen", "Fischer", "García", "Haddad", "Ito", "Jansen", "Kowalska",
    "Łuczak", "Møller",
];
const DEPARTMENT: [&str; 7] = ["Depot", "Finance", "Fleet", "Legal", "People", "Sales", "Workshop"];

/// A property of the person with this number.
fn formula(number: u32, name: &str, domain: &str) -> Option<Value> {
    let n = number as usize;
    let (given, family) = (GIVEN[n % GIVEN.len()], FAMILY[n / GIVEN.len() % FAMILY.len()]);
    let address = || format!("user{number}@{domain}");
    Some(match name {
        "userPrincipalName" => json!(address()),
        "mail" if !number.is_multiple_of(20) => json!(address()),
        "givenName" => json!(given),
        "surname" => json!(family),
        "displayName" => json!(format!("{given} {family} {number}")),
        "accountEnabled" => json!(!number.is_multiple_of(50) || number == 0),
        "jobTitle" if !number.is_multiple_of(3) => json!("Planner"),
        "department" => json!(DEPARTMENT[n % DEPARTMENT.len()]),
        "employeeId" => json!(format!("E{number}")),
        "mailNickname" => json!(format!("user{number}")),
        "businessPhones" if number.is_multiple_of(2) => json!([format!("+32 2 {number:07}")]),
        "businessPhones" | "otherMails" | "proxyAddresses" => json!([]),
        "preferredLanguage" if number.is_multiple_of(4) => json!("nl-BE"),
        "userType" => json!("Member"),
        _ => return None,
    })
}
