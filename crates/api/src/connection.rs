//! `/connections`: the identity providers that people prove themselves to.

mod console_access;
mod request;

pub use console_access::{ConsoleAccess, ConsoleAccessSet, ConsoleReach};
pub use request::{ConnectionCreate, ConnectionPatch, ConnectionSecretSet, ConnectionSwitch};

use crate::LoginChannel;
use events::{ConnectionId, DirectoryId, OrganizationId, ResourceId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// Whether people can log in by a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ConnectionState {
    /// It was never tested.
    Draft,
    /// A login of a test account succeeded; nobody else may log in yet.
    Tested,
    /// People log in.
    Active,
    /// People log in, as far as the identity provider lets them: it refused the last time.
    Failing,
    /// It was paused.
    Paused,
}

/// How this installation proves itself to an identity provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ConnectionCredential {
    /// Not at all.
    None,
    /// By a client secret.
    ClientSecret,
    /// By a key, whose certificate the identity provider has.
    PrivateKeyJwt,
}

/// What kind of app an identity provider takes a redirect URI for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RedirectPlatform {
    /// An app with a server, which keeps a secret.
    Web,
    /// An app on the device of a person, which keeps none.
    MobileAndDesktop,
}

/// A redirect URI that must be registered at the identity provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(examples(json!({
    "uri": "https://rollcall.example/sso/contoso-k3m9q2xa/oauth2/authresp",
    "platform": "web",
    "entra_name": "Web",
})))]
pub struct RedirectUri {
    /// The URI.
    pub uri: String,
    /// For which kind of app it is registered.
    pub platform: RedirectPlatform,
    /// What Microsoft Entra ID calls that kind of app.
    pub entra_name: String,
}

/// The certificate of a connection's key. It holds no secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(examples(json!({
    "thumbprint_sha1": "3B0C44298FC1C149AFBF4C8996FB92427AE41E46",
    "thumbprint_sha256": "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855",
    "not_after": "2028-11-20T12:00:00.000Z",
    "pem": "-----BEGIN CERTIFICATE-----\n…\n-----END CERTIFICATE-----\n",
})))]
pub struct ConnectionCertificate {
    /// SHA-1 of the certificate, 40 hexadecimal digits: as the Entra admin center shows it.
    pub thumbprint_sha1: String,
    /// SHA-256 of the certificate, 64 hexadecimal digits.
    pub thumbprint_sha256: String,
    /// When it ends.
    #[schema(value_type = String, format = DateTime)]
    pub not_after: Timestamp,
    /// The certificate as PEM.
    pub pem: String,
}

/// What came of a test login. It names nobody: the person sees the claims on the page that the test ends on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(examples(json!({
    "at": "2026-11-20T12:00:00.000Z",
    "decisions": [{"channel": "web", "code": null, "detail": null}],
})))]
pub struct ConnectionTest {
    /// When it was.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// What would have come of a login to each kind of app; one for all kinds, where it did not come that far.
    pub decisions: Vec<ConnectionTestDecision>,
}

/// What would have come of a login.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(examples(json!({
    "channel": null,
    "code": "user_not_provisioned",
    "detail": "Nobody in the directory has this user name. Assign the person to the provisioning application.",
})))]
pub struct ConnectionTestDecision {
    /// To which kind of app; `null` for any.
    #[schema(required = true)]
    pub channel: Option<LoginChannel>,
    /// Why the person does not get in, as the audit log names it; `null` where the person does.
    #[schema(required = true)]
    pub code: Option<String>,
    /// What that means, and how it is mended.
    #[schema(required = true)]
    pub detail: Option<String>,
}

/// A connection to an identity provider. What it proves itself with is never shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(examples(json!({
    "id": "0193b2f0-8f6e-7c3a-8d2f-0a1b2c3d4e71",
    "organization_id": "0193b2f0-8f6e-7c3a-8d2f-0a1b2c3d4e5f",
    "directory_id": "0193b2f0-8f6e-7c3a-8d2f-0a1b2c3d4e5e",
    "name": "Contoso",
    "state": "tested",
    "authority": "5f2c9a0e-7d41-4c1b-9a55-0b6d3f7e2c10",
    "issuer": "https://login.microsoftonline.com/5f2c9a0e-7d41-4c1b-9a55-0b6d3f7e2c10/v2.0",
    "expected_issuer": null,
    "tenant_id": "5f2c9a0e-7d41-4c1b-9a55-0b6d3f7e2c10",
    "client_id": "c1b7e6f4-2f0a-4e7b-8d33-9a1e5c7d0b42",
    "user_name_claim": "upn",
    "credential": "client_secret",
    "has_client_secret": true,
    "credential_expires_at": "2028-11-20T12:00:00.000Z",
    "certificate": null,
    "redirect_uris": [],
    "test_url": "https://rollcall.example/sso/8d2f0a1b/test",
    "start_url": "https://rollcall.example/sso/8d2f0a1b/start",
    "allows_guests": false,
    "test_accounts": ["ada@contoso.com"],
    "last_error": null,
    "failing_since": null,
    "tested_at": "2026-11-20T12:00:00.000Z",
    "last_test": {"at": "2026-11-20T12:00:00.000Z", "decisions": [{"channel": "web", "code": null, "detail": null}]},
    "created_at": "2026-11-20T12:00:00.000Z",
    "updated_at": "2026-11-20T12:00:00.000Z",
})))]
pub struct Connection {
    /// Its id.
    #[schema(value_type = Uuid)]
    pub id: ConnectionId,
    /// The organization whose people log in by it.
    #[schema(value_type = Uuid)]
    pub organization_id: OrganizationId,
    /// The directory that they must be in.
    #[schema(value_type = Uuid)]
    pub directory_id: DirectoryId,
    /// What people call it.
    pub name: String,
    /// Whether people can log in by it.
    pub state: ConnectionState,
    /// The identity provider, as it was entered.
    pub authority: String,
    /// The `iss` of its tokens; `null` before its discovery document was read.
    #[schema(required = true)]
    pub issuer: Option<String>,
    /// The issuer that was entered; `null` where it follows from the authority.
    #[schema(required = true)]
    pub expected_issuer: Option<String>,
    /// The tenant of Microsoft Entra ID; `null` where there is none, or it is not known yet.
    #[schema(required = true)]
    pub tenant_id: Option<Uuid>,
    /// The application at the identity provider.
    pub client_id: String,
    /// The claim that is compared with `userName` of the directory at the first login of a person.
    pub user_name_claim: String,
    /// How this installation proves itself.
    pub credential: ConnectionCredential,
    /// Whether there is a client secret.
    pub has_client_secret: bool,
    /// When the client secret or the certificate ends; `null` where that is not known.
    #[schema(required = true, value_type = Option<String>, format = DateTime)]
    pub credential_expires_at: Option<Timestamp>,
    /// The certificate of its key; `null` without a key.
    #[schema(required = true)]
    pub certificate: Option<ConnectionCertificate>,
    /// What must be registered at the identity provider.
    pub redirect_uris: Vec<RedirectUri>,
    /// Where one of the test accounts logs in to test it. What comes of it is noted where the test begins at the address that
    /// the connection by itself is shown with, to whoever may change it.
    pub test_url: String,
    /// Where a login begins at the identity provider, as by a tile of My Apps: with the `client_id` of the app as its query.
    pub start_url: String,
    /// Whether guests of the tenant may log in.
    pub allows_guests: bool,
    /// The user names of those who may log in to test it, before it is active.
    pub test_accounts: Vec<String>,
    /// What went wrong the last time, and how to mend it.
    #[schema(required = true)]
    pub last_error: Option<String>,
    /// Since when the identity provider refuses.
    #[schema(required = true, value_type = Option<String>, format = DateTime)]
    pub failing_since: Option<Timestamp>,
    /// When a test last succeeded.
    #[schema(required = true, value_type = Option<String>, format = DateTime)]
    pub tested_at: Option<Timestamp>,
    /// What came of the last test.
    #[schema(required = true)]
    pub last_test: Option<ConnectionTest>,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When it was last changed.
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
}

/// Who somebody of a directory is at the identity provider. It is noted at the first login, and every later one goes by it: not
/// by a name, which may change or pass to somebody else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(examples(json!({
    "user_id": "0193b2f0-8f6e-7c3a-8d2f-0a1b2c3d4e61",
    "subject": "5f2c9a0e-7d41-4c1b-9a55-0b6d3f7e2c10.8d2f0a1b-2c3d-4e5f-8a6b-7c8d9e0f1a2b",
    "created_at": "2026-11-20T12:00:00.000Z",
    "last_login_at": "2026-11-20T12:00:00.000Z",
})))]
pub struct ConnectionBinding {
    /// The user of the directory.
    #[schema(value_type = Uuid)]
    pub user_id: ResourceId,
    /// Who it is at the identity provider.
    pub subject: String,
    /// When the first login was.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When the last login was, to within a minute.
    #[schema(value_type = String, format = DateTime)]
    pub last_login_at: Timestamp,
}
