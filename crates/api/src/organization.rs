//! `/organizations`: the customer companies.

use events::{OrganizationId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A new organization.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({"name": "Contoso", "domains": ["contoso.com"]})))]
pub struct OrganizationCreate {
    /// What people call it; its first domain, where nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 200)]
    pub name: Option<String>,
    /// Its domains, each of which belongs to one organization only.
    #[schema(value_type = Vec<String>, min_items = 1, max_items = 100, format = "hostname")]
    pub domains: Vec<String>,
    /// The e-mail addresses of those who are told when something is the matter with its directories or credentials.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<String>>, min_items = 0, max_items = 10, format = "email")]
    pub contacts: Option<Vec<String>>,
    /// The e-mail addresses of those who get a daily digest of what happened.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<String>>, min_items = 0, max_items = 10, format = "email")]
    pub digest_contacts: Option<Vec<String>>,
}

/// Changes of an organization. What is not named stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({"name": "Contoso Ltd", "domains": ["contoso.com", "contoso.example"]})))]
pub struct OrganizationPatch {
    /// What people call it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, min_length = 1, max_length = 200)]
    pub name: Option<String>,
    /// Its domains, instead of those that it has.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<String>>, nullable = false, min_items = 1, max_items = 100, format = "hostname")]
    pub domains: Option<Vec<String>>,
    /// The e-mail addresses of those who are told when something is the matter with its directories or credentials, instead of those who
    /// are.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<String>>, nullable = false, min_items = 0, max_items = 10, format = "email")]
    pub contacts: Option<Vec<String>>,
    /// The e-mail addresses of those who get a daily digest of what happened, instead of those who do.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<String>>, nullable = false, min_items = 0, max_items = 10, format = "email")]
    pub digest_contacts: Option<Vec<String>>,
}

/// A customer company whose people are synced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(examples(json!({
    "id": "0193b2f0-8f6e-7c3a-8d2f-0a1b2c3d4e5f",
    "name": "Contoso",
    "domains": ["contoso.com"],
    "verified_domains": [{"domain": "contoso.com", "verified_at": "2026-11-20T12:00:00.000Z"}],
    "contacts": ["it@contoso.com"],
    "digest_contacts": [],
    "created_at": "2026-11-20T12:00:00.000Z",
    "updated_at": "2026-11-20T12:00:00.000Z",
})))]
pub struct Organization {
    /// Its id.
    #[schema(value_type = Uuid)]
    pub id: OrganizationId,
    /// What people call it.
    pub name: String,
    /// Its domains, in lower case and ASCII.
    pub domains: Vec<String>,
    /// Those of them that it has proved to be its own.
    pub verified_domains: Vec<VerifiedDomain>,
    /// The e-mail addresses of those who are told when something is the matter with its directories or credentials.
    pub contacts: Vec<String>,
    /// The e-mail addresses of those who get a daily digest of what happened.
    pub digest_contacts: Vec<String>,
    /// When it was created.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When it last changed.
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
}

/// A domain that an organization has proved to be its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(examples(json!({"domain": "contoso.com", "verified_at": "2026-11-20T12:00:00.000Z"})))]
pub struct VerifiedDomain {
    /// The domain, in lower case and ASCII.
    pub domain: String,
    /// When it was last proved.
    #[schema(value_type = String, format = DateTime)]
    pub verified_at: Timestamp,
}

/// What a look at the DNS found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DomainCheckResult {
    /// The record is there: the domain is the organization's.
    Verified,
    /// There is no TXT record of this name.
    NoRecord,
    /// There are TXT records of this name, with other values.
    OtherValue,
    /// The DNS could not be asked. Nothing is known.
    Unreachable,
}

/// The record that proves that a domain is an organization's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(examples(json!({
    "type": "TXT", "name": "_rollcall.contoso.com", "value": "rollcall-domain-verification=4f1c0b2e9a7d4c6f8e3b5a1d2c9f7e60",
})))]
pub struct DomainRecord {
    /// Its type: `TXT`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Its value. It is of this domain and this organization only, and stays the same.
    pub value: String,
}

/// How the verification of a domain stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(examples(json!({
    "domain": "contoso.com",
    "verified_at": null,
    "record": {"type": "TXT", "name": "_rollcall.contoso.com",
               "value": "rollcall-domain-verification=4f1c0b2e9a7d4c6f8e3b5a1d2c9f7e60"},
    "result": "no_record",
    "detail": "There is no TXT record _rollcall.contoso.com yet. A new record may take some minutes to be seen everywhere.",
})))]
pub struct DomainCheck {
    /// The domain.
    pub domain: String,
    /// When it was last proved to be the organization's; `null` for never.
    #[schema(required = true, value_type = Option<String>, format = DateTime)]
    pub verified_at: Option<Timestamp>,
    /// The record to be published.
    pub record: DomainRecord,
    /// What this look at the DNS found.
    pub result: DomainCheckResult,
    /// The same in a sentence, with what to do.
    pub detail: String,
}
