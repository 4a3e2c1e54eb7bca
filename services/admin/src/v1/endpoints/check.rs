//! What only this service can say of the members of an endpoint: which addresses may be reached, which ids exist, what
//! goes together.

use super::seal::Headers;
use crate::body::Body;
use crate::context::AdminContext;
use crate::problem::{Problem, ProblemKind};
use crate::v1::contacts;
use ::events::{DirectoryId, EventPattern, OrganizationId};
use api::{ClientCertificate, pointer};
use serde_json::Value;
use store::{Endpoint, EndpointFormat};
use webhooks::{ClientIdentity, CustomHeaders};

/// Places in the body and what is wrong there.
pub(super) type Faults = Vec<(String, String)>;

/// Members in the form in which they are used.
#[derive(Debug, Default)]
pub(super) struct CheckedMembers {
    /// The URL in its normal form.
    pub(super) url: Option<String>,
    /// The client certificate with its key.
    pub(super) identity: Option<ClientIdentity>,
    /// The headers that each request carries.
    pub(super) headers: Headers,
}

/// Checks what `POST` and `PATCH` have in common; faults stay with the body.
///
/// # Errors
/// As the store.
pub(super) async fn check<T: api::Body>(context: &AdminContext, body: &mut Body<T>) -> Result<CheckedMembers, Problem> {
    let checked = CheckedMembers {
        url: url(context, body),
        headers: headers(body),
        identity: identity(context, body),
    };
    contacts::check(body, "contacts");
    let store = context.store();
    if let Some(ids) = body.sound::<Vec<DirectoryId>>("directory_ids") {
        let missing = match context.principal.organization {
            None => store.directories().missing(&ids).await?,
            Some(own) => store.directories().missing_in(own, &ids).await?,
        };
        fault_missing(
            body,
            "directory_ids",
            &ids,
            &missing,
            "There is no directory with this id.",
        );
    }
    if let Some(ids) = body.sound::<Vec<OrganizationId>>("organization_ids") {
        let missing = match context.principal.organization {
            None => store.organizations().missing(&ids).await?,
            Some(own) => ids.iter().copied().filter(|id| *id != own).collect(),
        };
        let detail = "There is no organization with this id.";
        fault_missing(body, "organization_ids", &ids, &missing, detail);
    }
    Ok(checked)
}

/// Such an endpoint would silently get nothing.
fn fault_missing<T: api::Body, I: PartialEq>(body: &mut Body<T>, name: &str, ids: &[I], missing: &[I], detail: &str) {
    for missing in missing {
        let index = ids.iter().position(|id| id == missing).unwrap_or_default();
        body.fault(&format!("/{name}/{index}"), detail);
    }
}

fn url<T: api::Body>(context: &AdminContext, body: &mut Body<T>) -> Option<String> {
    let text: String = body.sound("url")?;
    match context.guard().check(text.trim()) {
        Ok(url) => Some(url.into()),
        Err(error) => {
            body.fault("/url", format!("Not accepted: {error}."));
            None
        }
    }
}

/// Faults name the header, never its value.
fn headers<T: api::Body>(body: &mut Body<T>) -> Headers {
    let members = body.member("headers").and_then(Value::as_object);
    let texts = members.into_iter().flatten();
    let headers: Headers = texts
        .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
        .collect();
    for (name, value) in &headers {
        if let Err(error) = CustomHeaders::new([(name.as_str(), value.as_str())]) {
            body.fault(&format!("/headers{}", pointer(name)), format!("Not accepted: {error}."));
        }
    }
    if !body.is_faulty("headers") {
        // Together they may still be too many, or one name in two spellings.
        let all = headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        if let Err(error) = CustomHeaders::new(all) {
            body.fault("/headers", format!("Not accepted: {error}."));
        }
    }
    headers
}

fn identity<T: api::Body>(context: &AdminContext, body: &mut Body<T>) -> Option<ClientIdentity> {
    let given: ClientCertificate = body.sound("client_certificate")?;
    let parsed = ClientIdentity::parse(
        &given.certificate,
        given.private_key.expose(),
        context.now.millis() / 1000,
    );
    match parsed {
        Ok(identity) => Some(identity),
        Err(error) => {
            let name = if error.is_of_key() {
                "private_key"
            } else {
                "certificate"
            };
            body.fault(
                &format!("/client_certificate/{name}"),
                format!("Not accepted: this {error}."),
            );
            None
        }
    }
}

/// Refuses what would change an endpoint that is an app's.
///
/// # Errors
/// 409.
pub(super) fn is_no_apps(endpoint: &Endpoint) -> Result<(), Problem> {
    let Some(app) = endpoint.sso_client_id else {
        return Ok(());
    };
    if endpoint.format == EndpointFormat::Signals {
        let detail = format!(
            "This endpoint is a stream of the app {app}, which sets it up by itself: the app changes it, and \
             DELETE /sso-clients/{app}/streams/{} deletes it.",
            endpoint.id
        );
        return Err(Problem::new(ProblemKind::Conflict, detail));
    }
    Err(Problem::new(
        ProblemKind::Conflict,
        format!(
            "This endpoint is where the app {app} is told of logouts, and its settings are those of the app: change the \
             app's backchannel_logout_uri."
        ),
    ))
}

/// What a format cannot give.
pub(super) fn faults_of_format(
    format: EndpointFormat,
    audience: Option<&Vec<String>>,
    event_types: Option<&Vec<EventPattern>>,
    filter: Option<&String>,
) -> Faults {
    let mut faults = Faults::new();
    if format == EndpointFormat::LogoutToken {
        let detail =
            "Such an endpoint comes and goes with an app of single sign-on: give the app a backchannel_logout_uri.";
        faults.push(("/format".to_owned(), detail.to_owned()));
        return faults;
    }
    if format == EndpointFormat::Signals {
        let detail = "Such an endpoint is a stream, which an app of single sign-on makes at /sso/ssf/streams.";
        faults.push(("/format".to_owned(), detail.to_owned()));
        return faults;
    }
    if format == EndpointFormat::Standard {
        if audience.is_some() {
            let detail = "Only endpoints with format \"set\" have one.";
            faults.push(("/audience".to_owned(), detail.to_owned()));
        }
        return faults;
    }
    let strange = event_types.into_iter().flatten().enumerate();
    for (index, kind) in strange.filter(|(_, pattern)| !pattern.types().any(webhooks::set::carries)) {
        let detail = format!("{kind} has no form as a SCIM event, so it cannot be sent with format \"set\".");
        faults.push((format!("/event_types/{index}"), detail));
    }
    if filter.is_some() {
        // A Security Event Token cannot say that a user enters a scope or leaves it, so a filter would leave receivers with
        // people who are none of theirs any more.
        let detail = "Not with format \"set\": there is no SCIM event for who enters or leaves.";
        faults.push(("/filter".to_owned(), detail.to_owned()));
    }
    faults
}

/// Only what waits for an earlier event can be superseded, and only at ordered endpoints anything does.
pub(super) const NEEDS_ORDER: &str = "Needs \"ordered\": true: only there events wait for one another.";
