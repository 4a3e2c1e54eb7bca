//! What mails tell of incidents, and to whom.

use super::Post;
use ::mail::{Content, CredentialKind, Incident, IncidentKind, Reader};
use store::{Begun, IncidentAbout, MailQueue, NewMail, Over};

/// The mails about the beginning of an incident.
pub(super) fn of_beginning(post: &Post, begun: &Begun) -> Vec<NewMail> {
    let incident = Incident {
        days: begun.level.and_then(|level| level.try_into().ok()),
        ..incident(begun.kind, begun.since, &begun.about)
    };
    to_all(post, &begun.about, &incident)
}

/// The mails about its end; none, where nobody is to know.
pub(super) fn of_end(post: &Post, kind: store::IncidentKind, over: &Over) -> Vec<NewMail> {
    let Some(about) = &over.about else {
        return Vec::new();
    };
    let incident = Incident {
        is_over: true,
        ..incident(kind, over.since, about)
    };
    to_all(post, about, &incident)
}

/// One mail for each address, with those of the operators apart: no customer sees theirs.
fn to_all(post: &Post, about: &IncidentAbout, incident: &Incident) -> Vec<NewMail> {
    let theirs = match (about.endpoint_id, about.organization_id) {
        (Some(id), _) => Some((MailQueue::Endpoint(id), Reader::Endpoint(id))),
        (_, Some(id)) => Some((MailQueue::Organization(id), Reader::Organization(id))),
        _ => None,
    };
    let contacts = theirs.into_iter().flat_map(|(queue, reader)| {
        let contacts = about.contacts.iter();
        contacts.map(move |contact| (queue, reader, contact))
    });
    let operators = post.operators.iter();
    let operators = operators
        .filter(|operator| !about.contacts.contains(operator))
        .map(|operator| (MailQueue::Operators, Reader::Operators, operator));
    let mails = contacts.chain(operators).filter_map(|(queue, reader, recipient)| {
        let content = Content::Incident(Incident {
            reader,
            ..incident.clone()
        });
        written(queue, recipient, &content)
    });
    mails.collect()
}

/// A mail to one address.
pub(super) fn written(queue: MailQueue, recipient: &str, content: &Content) -> Option<NewMail> {
    let content = serde_json::to_string(content).ok()?;
    Some(NewMail {
        queue,
        recipient: recipient.to_owned(),
        content,
    })
}

fn incident(kind: store::IncidentKind, since: events::Timestamp, about: &IncidentAbout) -> Incident {
    Incident {
        kind: kind_of(kind),
        is_over: false,
        name: about.name.clone(),
        organization: about.organization.clone(),
        since,
        directory_id: about.directory_id,
        endpoint_id: about.endpoint_id,
        credential: about.credential.map(|credential| credential_of(credential.kind)),
        days: None,
        reader: Reader::Operators,
    }
}

pub(super) const fn kind_of(kind: store::IncidentKind) -> IncidentKind {
    match kind {
        store::IncidentKind::EndpointFailing => IncidentKind::EndpointFailing,
        store::IncidentKind::EndpointDisabled => IncidentKind::EndpointDisabled,
        store::IncidentKind::DirectorySilent => IncidentKind::DirectorySilent,
        store::IncidentKind::DirectoryHeld => IncidentKind::DirectoryHeld,
        store::IncidentKind::QuarantineNear => IncidentKind::QuarantineNear,
        store::IncidentKind::CredentialEnding => IncidentKind::CredentialEnding,
    }
}

/// The name of a kind in logs and metrics.
pub(super) const fn kind_name(kind: store::IncidentKind) -> &'static str {
    match kind {
        store::IncidentKind::EndpointFailing => "endpoint_failing",
        store::IncidentKind::EndpointDisabled => "endpoint_disabled",
        store::IncidentKind::DirectorySilent => "directory_silent",
        store::IncidentKind::DirectoryHeld => "directory_held",
        store::IncidentKind::QuarantineNear => "quarantine_near",
        store::IncidentKind::CredentialEnding => "credential_ending",
    }
}

const fn credential_of(kind: store::CredentialKind) -> CredentialKind {
    match kind {
        store::CredentialKind::DirectoryKey => CredentialKind::DirectoryKey,
        store::CredentialKind::OauthClient => CredentialKind::OauthClient,
        store::CredentialKind::AdminKey => CredentialKind::AdminKey,
        store::CredentialKind::ClientCertificate => CredentialKind::ClientCertificate,
        store::CredentialKind::PreviousSecret => CredentialKind::PreviousSecret,
        store::CredentialKind::Connection => CredentialKind::Connection,
        store::CredentialKind::GraphCertificate => CredentialKind::GraphCertificate,
        store::CredentialKind::GraphSecret => CredentialKind::GraphSecret,
    }
}
