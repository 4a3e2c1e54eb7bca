//! Why there is no token, in the words and numbers of Entra ID.

use crate::clock::Moment;
use crate::graph::answer::{Answer, Delivery};
use crate::world::World;
use serde_json::{Value, json};

/// Why there is no token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    NoTenant,
    UnknownTenant,
    Missing(&'static str),
    Grant,
    Scope,
    UnknownResource,
    UnknownApp,
    /// The app's id and name.
    Disabled(uuid::Uuid, String),
    NoProof,
    Secret,
    SecretExpired,
    /// The assertion cannot be read, or is not what it must be.
    Assertion(&'static str),
    /// Its certificate is not registered, or did not sign it.
    Key(&'static str),
    CertificateExpired,
    Audience,
    Issuer,
    Time,
    /// Wanted by a test.
    Forced(u32),
    /// Wanted by a test: a status, and how long to wait.
    Status(u16, Option<String>),
    /// Wanted by a test: a page of a proxy.
    Html(u16),
}

impl Refusal {
    pub(crate) const fn code(&self) -> u32 {
        match self {
            Self::NoTenant => 50_059,
            Self::UnknownTenant => 90_002,
            Self::Missing(_) => 900_144,
            Self::Grant => 70_003,
            Self::Scope => 70_011,
            Self::UnknownResource => 500_011,
            Self::UnknownApp => 700_016,
            Self::Disabled(..) => 7_000_112,
            Self::NoProof => 7_000_218,
            Self::Secret => 7_000_215,
            Self::SecretExpired => 7_000_222,
            Self::Assertion(_) => 50_027,
            Self::Key(_) | Self::CertificateExpired => 700_027,
            Self::Audience => 700_023,
            Self::Issuer => 700_021,
            Self::Time => 700_024,
            Self::Forced(code) => *code,
            Self::Status(..) | Self::Html(_) => 90_033,
        }
    }

    /// The `error` of RFC 6749 §5.2.
    const fn error(&self) -> &'static str {
        match self.code() {
            7_000_215 | 7_000_218 | 7_000_222 | 50_027 | 700_021 | 700_023 | 700_024 | 700_027 => "invalid_client",
            700_016 | 7_000_112 => "unauthorized_client",
            70_011 => "invalid_scope",
            500_011 => "invalid_resource",
            65_001 | 90_094 => "invalid_grant",
            70_003 => "unsupported_grant_type",
            90_002 => "invalid_tenant",
            90_006 | 90_024 | 90_033 | 90_055 => "temporarily_unavailable",
            _ => "invalid_request",
        }
    }

    pub(crate) fn status(&self) -> u16 {
        match self {
            Self::Status(status, _) | Self::Html(status) => *status,
            _ if self.error() == "invalid_client" => 401,
            _ if self.error() == "temporarily_unavailable" => 503,
            _ => 400,
        }
    }

    fn text(&self) -> String {
        match self {
            Self::NoTenant => "No tenant-identifying information found in either the request or implied by any provided credentials.".to_owned(),
            Self::UnknownTenant => "Tenant was not found. Check to make sure you have the correct tenant and are signing into the correct cloud.".to_owned(),
            Self::Missing(name) => format!("The request body must contain the following parameter: '{name}'."),
            Self::Grant => "The app requested an unsupported grant type.".to_owned(),
            Self::Scope => "The provided request must include a 'scope' input parameter that names one resource and '/.default'.".to_owned(),
            Self::UnknownResource => "The resource principal was not found in the tenant.".to_owned(),
            Self::UnknownApp => "Application was not found in the directory. This can happen if the application has not been installed by the administrator of the tenant.".to_owned(),
            Self::Disabled(id, name) => format!("Application '{id}'({name}) is disabled."),
            Self::NoProof => "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.".to_owned(),
            Self::Secret => "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID.".to_owned(),
            Self::SecretExpired => "The provided client secret keys are expired.".to_owned(),
            Self::Assertion(why) => format!("JWT token is invalid or malformed: {why}."),
            Self::Key(why) => format!("The certificate with identifier used to sign the client assertion is not registered on application. [Reason - {why}]"),
            Self::CertificateExpired => "Client assertion failed signature validation. [Reason - The key used is expired.]".to_owned(),
            Self::Audience => "Client assertion audience claim does not match Realm issuer.".to_owned(),
            Self::Issuer => "Client assertion application identifier doesn't match 'client_id' parameter.".to_owned(),
            Self::Time => "Client assertion is not within its valid time range.".to_owned(),
            Self::Forced(_) | Self::Status(..) | Self::Html(_) => "A test wants this refused.".to_owned(),
        }
    }

    /// The refusal as an answer.
    pub(super) fn answer(&self, world: &World, now: Moment) -> Answer {
        let mut answer = Answer::new(self.status(), self.body(world, now));
        match self {
            Self::Status(_, Some(wait)) => answer.with("Retry-After", wait),
            Self::Html(_) => {
                answer.delivery = Delivery::Html;
                answer
            }
            _ => answer,
        }
    }

    /// The body: the description has lines, ends of them as in HTTP, and ids that are found in logs.
    pub(crate) fn body(&self, world: &World, now: Moment) -> Value {
        let (trace, correlation) = (world.guid("trace"), world.guid("correlation"));
        let timestamp = now.text().replace('T', " ");
        let code = self.code();
        let description = format!(
            "AADSTS{code}: {}\r\nTrace ID: {trace}\r\nCorrelation ID: {correlation}\r\nTimestamp: {timestamp}",
            self.text()
        );
        json!({
            "error": self.error(), "error_description": description, "error_codes": [code], "timestamp": timestamp,
            "trace_id": trace, "correlation_id": correlation, "error_uri": format!("{}/error?code={code}", world.url),
        })
    }
}
