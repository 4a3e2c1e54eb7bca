//! What only this service can say of the members of a connection.

use crate::body::Body;
use crate::context::AdminContext;
use crate::entered::fault_of_secret;
use crate::problem::Problem;
use ::events::{DirectoryId, OrganizationId, Timestamp};
use api::PlainSecret;
use oidc::{Authority, AuthorityKind};
use store::Organization;
use url::Url;
use uuid::Uuid;

/// The longest user name of a test account, in characters.
const LONGEST_USER_NAME: usize = 256;
/// Claims that anybody in a tenant may set for themselves, or that pass from one person to the next.
const UNSAFE_CLAIMS: [&str; 4] = ["email", "name", "preferred_username", "unique_name"];

/// Checks what `POST` and `PATCH` have in common, each member by itself; faults stay with the body.
pub(super) fn check<T: api::Body>(context: &AdminContext, body: &mut Body<T>) {
    authority(context, body);
    user_name_claim(body);
    expected_issuer(context, body);
    test_accounts(body);
}

/// Checks a client secret and its end.
pub(super) fn check_secret<T: api::Body>(context: &AdminContext, body: &mut Body<T>, end: &str) {
    let secret: Option<PlainSecret> = body.sound("client_secret");
    if let Some(detail) = secret.and_then(|secret| fault_of_secret(secret.expose())) {
        body.fault("/client_secret", detail);
    }
    let ends: Option<Timestamp> = body.sound(end);
    if ends.is_some_and(|at| at <= context.now) {
        body.fault(&format!("/{end}"), "Must lie in the future.");
    }
    if body.member(end).is_some() && body.member("client_secret").is_none() {
        body.fault(
            &format!("/{end}"),
            "Only together with a client_secret, of which it is the end.",
        );
    }
}

/// Checks whom a connection is for. Without faults there is such an organization.
///
/// # Errors
/// 404 for the organization or the directory of somebody else; otherwise as the store.
pub(super) async fn check_owner<T: api::Body>(
    context: &AdminContext,
    body: &mut Body<T>,
) -> Result<Option<Organization>, Problem> {
    let Some(id) = body.sound::<OrganizationId>("organization_id") else {
        return Ok(None);
    };
    if !context.principal.sees(Some(id)) {
        return Err(Problem::hidden("organization", &id.to_string()));
    }
    let organization = context.store().organizations().by_id(id).await?;
    if organization.is_none() {
        let detail = format!("There is no organization with the id \"{id}\".");
        body.fault("/organization_id", detail);
        return Ok(None);
    }
    let Some(directory_id) = body.sound::<DirectoryId>("directory_id") else {
        return Ok(None);
    };
    if context.principal.directory.is_some_and(|own| own != directory_id) {
        return Err(Problem::hidden("directory", &directory_id.to_string()));
    }
    let directory = context.store().directories().by_id(directory_id).await?;
    if directory.is_none_or(|directory| directory.organization_id != id) {
        let detail = format!("There is no directory with the id \"{directory_id}\" in this organization.");
        body.fault("/directory_id", detail);
    }
    Ok(organization)
}

fn authority<T: api::Body>(context: &AdminContext, body: &mut Body<T>) {
    let Some(text) = body.sound::<String>("authority") else {
        return;
    };
    if let Err(error) = context.discovery().parse(&text) {
        body.fault("/authority", format!("Not accepted: {error}."));
    }
}

/// What is wrong with the id of an application at this provider, if anything.
pub(super) fn fault_of_client_id(authority: &Authority, client_id: &str) -> Option<&'static str> {
    if authority.kind() == AuthorityKind::Other {
        return None;
    }
    match Uuid::parse_str(client_id) {
        Err(_) => Some(
            "Must be the Application (client) ID, a GUID such as c1b7e6f4-2f0a-4e7b-8d33-9a1e5c7d0b42: it is on the overview \
             page of the app registration.",
        ),
        Ok(id) if authority.tenant() == Some(id) => Some(
            "This is the Directory (tenant) ID, which authority has already. Enter the Application (client) ID: both are on the \
             overview page of the app registration.",
        ),
        Ok(_) => None,
    }
}

/// The id of an application in the one spelling that tokens have.
pub(super) fn normal_client_id(authority: &Authority, client_id: &str) -> String {
    let id = Uuid::parse_str(client_id)
        .ok()
        .filter(|_| authority.kind() != AuthorityKind::Other);
    id.map_or_else(|| client_id.to_owned(), |id| id.to_string())
}

fn user_name_claim<T: api::Body>(body: &mut Body<T>) {
    let Some(claim) = body.sound::<String>("user_name_claim") else {
        return;
    };
    if !claim.bytes().all(|byte| byte.is_ascii_graphic()) {
        let detail = "Must be the name of a claim, of visible ASCII characters, for example upn.";
        body.fault("/user_name_claim", detail);
    } else if UNSAFE_CLAIMS.contains(&claim.as_str()) {
        let detail = format!(
            "\"{claim}\" says nothing for sure: it can be changed, and two people can have the same. Use upn, the user name in \
             Microsoft Entra ID; it is an optional claim of ID tokens."
        );
        body.fault("/user_name_claim", detail);
    }
}

fn expected_issuer<T: api::Body>(context: &AdminContext, body: &mut Body<T>) {
    let Some(text) = body.sound::<String>("expected_issuer") else {
        return;
    };
    let is_issuer = Url::parse(&text).is_ok_and(|url| {
        let is_plain = url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
        is_plain && (url.scheme() == "https" || context.guard().check(&text).is_ok())
    });
    if !is_issuer {
        let detail = "Must be an https URL without query and fragment, exactly as \"issuer\" of the discovery document has it \
                      (OpenID Connect Discovery 1.0 §3).";
        body.fault("/expected_issuer", detail);
    }
}

/// Checks the names of test accounts.
pub(in crate::v1) fn test_accounts<T: api::Body>(body: &mut Body<T>) {
    let accounts: Vec<String> = body.sound("test_accounts").unwrap_or_default();
    for (index, account) in accounts.iter().enumerate() {
        let name = account.trim();
        let length = name.chars().count();
        let is_known = |other: &String| other.trim().eq_ignore_ascii_case(name);
        let detail = if !(1..=LONGEST_USER_NAME).contains(&length) || name.chars().any(char::is_control) {
            format!("Must be a user name of 1 to {LONGEST_USER_NAME} characters, for example ada@contoso.com.")
        } else if accounts.iter().take(index).any(is_known) {
            "Given twice.".to_owned()
        } else {
            continue;
        };
        body.fault(&format!("/test_accounts/{index}"), detail);
    }
}
