//! What a test says to the simulator, and what it is told: the JSON of `/_sim`, and the arguments of [`crate::Tenant`].

use crate::attributes::Kind;
use crate::clock::Moment;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use uuid::Uuid;

/// A tenant to be made.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct NewTenant {
    /// By the seed if it is left out.
    pub id: Option<Uuid>,
    /// The verified domain, such as `fabrikam.example`.
    pub domain: String,
}

/// What an app proves itself with.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NewCredential {
    /// A certificate: PEM, or base64 of its DER. It ends when it says so itself.
    Certificate(String),
    /// The value of a secret.
    Secret {
        /// The value.
        value: String,
        /// RFC 3339; good from the beginning if left out.
        #[serde(default)]
        not_before: Option<String>,
        /// RFC 3339; good for two years if left out.
        #[serde(default)]
        not_after: Option<String>,
    },
}

impl NewCredential {
    /// A secret that is good for two years.
    pub fn secret(value: impl Into<String>) -> Self {
        Self::Secret {
            value: value.into(),
            not_before: None,
            not_after: None,
        }
    }
}

/// An app to be registered. Its home tenant consents to `roles`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct NewApp {
    /// By the seed if it is left out.
    pub client_id: Option<Uuid>,
    /// What it is called.
    pub name: String,
    /// What it proves itself with.
    pub credentials: Vec<NewCredential>,
    /// Application permissions that it asks for, such as `User.Read.All`; whoever gives admin consent gives these.
    pub permissions: Vec<String>,
    /// What the tenant has consented to; all that it asks for, if left out.
    pub consented: Option<Vec<String>>,
}

impl NewApp {
    /// An app with these permissions, all of them consented to.
    #[must_use]
    pub fn new(name: &str, permissions: &[&str]) -> Self {
        Self {
            name: name.to_owned(),
            permissions: permissions.iter().map(|name| (*name).to_owned()).collect(),
            ..Self::default()
        }
    }

    /// With this credential, too.
    #[must_use]
    pub fn with(mut self, credential: NewCredential) -> Self {
        self.credentials.push(credential);
        self
    }
}

/// A change of an app.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct AppChange {
    /// Instead of all credentials before.
    pub credentials: Option<Vec<NewCredential>>,
    /// Whether nobody may use it in this tenant.
    pub disabled: Option<bool>,
    /// What the tenant consents to from now on. New tokens have it.
    pub consented: Option<Vec<String>>,
}

/// A user, group, device or contact to be made.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct NewObject {
    /// By the seed if it is left out.
    #[serde(default)]
    pub id: Option<Uuid>,
    /// Properties by their names in Graph.
    #[serde(flatten)]
    pub properties: Map<String, Value>,
}

/// Members to be added and removed.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct MemberChange {
    /// Who comes in.
    pub add: Vec<Uuid>,
    /// Who goes.
    pub remove: Vec<Uuid>,
    /// This many of the users that were made by formula come in, too, from the first.
    pub add_first: u32,
}

/// Many users and groups by formula.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Bulk {
    /// How many users: `user0@domain` and so on. Of 20 one has no `mail`; of 50 one is disabled; of 3 one has no `jobTitle`.
    pub users: u32,
    /// How many groups.
    pub groups: u32,
    /// How many of these users are in each group.
    pub members: u32,
    /// Whether each user but the first reports to user `n / 10`.
    pub managers: bool,
}

/// What bulk creation made.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct BulkMade {
    /// The id of the first user.
    pub first_user: Option<Uuid>,
    /// The groups' ids, in order.
    pub groups: Vec<Uuid>,
}

/// A role that an app declares.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AppRole {
    /// By the seed if it is left out.
    #[serde(default)]
    pub id: Option<Uuid>,
    /// What tokens and SCIM have.
    pub value: String,
    /// What people read.
    #[serde(default)]
    pub display_name: String,
}

/// An app as the tenant has it: with roles that people are assigned.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct NewServicePrincipal {
    /// The app's id.
    pub app_id: Uuid,
    /// What it is called.
    pub display_name: String,
    /// Its roles.
    pub app_roles: Vec<AppRole>,
}

/// A service principal that was made.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ServicePrincipalInfo {
    /// Its object id.
    pub id: Uuid,
    /// Ids of its roles by value.
    pub roles: BTreeMap<String, Uuid>,
}

/// Somebody or a group that an app is assigned to.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct NewAssignment {
    /// A user, group or service principal.
    pub principal_id: Uuid,
    /// All zero is default access.
    #[serde(default)]
    pub app_role_id: Uuid,
}

/// Whether an object is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Presence {
    /// It is.
    Live,
    /// Soft-deleted: it can be restored for 30 days.
    Deleted,
    /// For good.
    Purged,
}

/// How a delta token that is too old is answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Expired {
    /// 410 with a `Location` to begin again at.
    #[default]
    Location,
    /// 410 `SyncStateNotFound`.
    NoLocation,
    /// 400: the sync must reach a steady state.
    SteadyState,
    /// 404.
    NotFound,
}

/// How a tenant behaves, all the time. Chances are from 0 to 1, and what happens follows from the seed.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Behaviour {
    /// Objects on a page of a delta query. Lists have 100, or `$top`.
    pub page_size: u32,
    /// Members on a page of a delta query; a group with more goes on on the next page.
    pub member_page_size: u32,
    /// The chance that a page is empty and there is more.
    pub empty_pages: f64,
    /// The chance that an object comes twice in a round.
    pub duplicates: f64,
    /// The chance that an object comes again in the next round, though nothing has changed.
    pub replays: f64,
    /// Whether objects come in an order that tells nothing.
    pub shuffled: bool,
    /// How long a change takes until delta queries and lists of assignments show it, in seconds of the simulator's clock.
    pub lag_seconds: u64,
    /// The chance that a user who is new in a round comes with `id` and `displayName` only.
    pub half_filled: f64,
    /// Whether the first round tells what was removed before.
    pub removed_in_first_round: bool,
    /// Whether groups never mention that a member was purged.
    pub purge_unmentioned: bool,
    /// Whether `$top` and `$expand` are ignored in delta queries, and not refused.
    pub unsupported_ignored: bool,
    /// How long the tokens of delta links are good.
    pub token_days: u64,
    /// What is answered to one that is not.
    pub expired: Expired,
    /// Resource units for each app in 10 seconds; by the number of users if it is left out.
    pub budget: Option<u32>,
    /// Whether an assertion's `jti` is taken only once. Reuse is counted in any case.
    pub used_assertions_refused: bool,
    /// Whether notifications are lost.
    pub notifications_lost: bool,
    /// Whether notifications come twice.
    pub notifications_twice: bool,
    /// Whether notifications have a wrong `clientState`.
    pub notifications_forged: bool,
}

impl Default for Behaviour {
    fn default() -> Self {
        Self {
            page_size: 200,
            member_page_size: 2_000,
            empty_pages: 0.0,
            duplicates: 0.0,
            replays: 0.0,
            shuffled: false,
            lag_seconds: 0,
            half_filled: 0.0,
            removed_in_first_round: false,
            purge_unmentioned: false,
            unsupported_ignored: false,
            token_days: 7,
            expired: Expired::Location,
            budget: None,
            used_assertions_refused: false,
            notifications_lost: false,
            notifications_twice: false,
            notifications_forged: false,
        }
    }
}

/// What is true of a tenant, whatever its answers say.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Truth {
    /// All that there are or were, purged ones too.
    pub users: Vec<TrueUser>,
    /// Likewise.
    pub groups: Vec<TrueGroup>,
    /// Of all service principals.
    pub assignments: Vec<TrueAssignment>,
}

/// A user as they are.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TrueUser {
    /// The object id.
    pub id: Uuid,
    /// Whether they are there.
    pub presence: Presence,
    /// Whether they may log in.
    pub enabled: bool,
    /// Everything they have, by the names of Graph; nothing is `null`.
    pub properties: Map<String, Value>,
    /// Whom they report to.
    pub manager: Option<Uuid>,
}

/// A group as it is.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TrueGroup {
    /// The object id.
    pub id: Uuid,
    /// Whether it is there.
    pub presence: Presence,
    /// Everything it has.
    pub properties: Map<String, Value>,
    /// Direct members of all kinds. A soft-deleted user still is one.
    pub members: Vec<Uuid>,
}

/// An assignment as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrueAssignment {
    /// The service principal.
    pub service_principal: Uuid,
    /// Who is assigned.
    pub principal_id: Uuid,
    /// What they are.
    pub principal_kind: Kind,
    /// The role; all zero is default access.
    pub app_role_id: Uuid,
}

/// A subscription to change notifications.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SubscriptionInfo {
    /// Its id.
    pub id: Uuid,
    /// `users` or `groups`.
    pub resource: String,
    /// Where notifications go.
    pub notification_url: String,
    /// When it ends.
    pub expires: Moment,
}
