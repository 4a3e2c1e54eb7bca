//! How a mail reads.

use crate::content::{Content, CredentialKind, Day, Digest, Incident, IncidentKind, OpenIncident, Reader};
use askama::Template;
use events::Timestamp;

/// The most characters of a name that people gave.
const MOST_OF_A_NAME: usize = 100;

/// A mail, ready to be put into an envelope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// What it is about, in a line.
    pub subject: String,
    /// What it says, as plain text.
    pub text: String,
    /// The same as HTML.
    pub html: String,
}

/// What both forms of a mail say.
#[derive(Debug, Default)]
struct Parts {
    headline: String,
    paragraphs: Vec<&'static str>,
    facts: Vec<(&'static str, String)>,
    lists: Vec<(&'static str, Vec<String>)>,
    link: String,
    link_text: &'static str,
    footer: String,
}

#[derive(Template)]
#[template(path = "letter.txt", escape = "none")]
struct Text<'a> {
    letter: &'a Parts,
}

#[derive(Template)]
#[template(path = "letter.html")]
struct Html<'a> {
    letter: &'a Parts,
}

impl Letter {
    /// What a mail says; links lead to the installation at this URL.
    ///
    /// # Errors
    /// None that can be met: the templates were checked when they were compiled.
    pub fn of(content: &Content, public_url: &str) -> Result<Self, askama::Error> {
        let parts = match content {
            Content::Incident(incident) => of_incident(incident, public_url),
            Content::Digest(digest) => of_digest(digest, public_url),
        };
        Ok(Self {
            subject: format!("[Rollcall] {}", parts.headline),
            text: Text { letter: &parts }.render()?,
            html: Html { letter: &parts }.render()?,
        })
    }
}

/// A name that people gave, in a line.
fn named(name: &str) -> String {
    let mut letters = name
        .chars()
        .map(|letter| if letter.is_control() { ' ' } else { letter });
    let shown: String = letters.by_ref().take(MOST_OF_A_NAME).collect();
    if letters.next().is_some() {
        format!("{shown}…")
    } else {
        shown
    }
}

/// A time as people read it, to the minute.
fn at(time: Timestamp) -> String {
    let text = time.to_string();
    match text.split_once('T') {
        Some((date, rest)) => format!("{date} {} UTC", rest.get(..5).unwrap_or(rest)),
        None => text,
    }
}

const fn credential(kind: CredentialKind) -> &'static str {
    match kind {
        CredentialKind::DirectoryKey => "directory key",
        CredentialKind::OauthClient => "secret of the OAuth client",
        CredentialKind::AdminKey => "admin key",
        CredentialKind::ClientCertificate => "client certificate for the endpoint",
        CredentialKind::PreviousSecret => "previous secret of the endpoint",
        CredentialKind::Connection => "secret or certificate of the connection",
        CredentialKind::GraphCertificate => "certificate for Microsoft Graph",
        CredentialKind::GraphSecret => "secret for Microsoft Graph",
    }
}

fn of_incident(incident: &Incident, public_url: &str) -> Parts {
    let name = named(&incident.name);
    let (headline, paragraphs, guide, link_text) = if incident.is_over {
        over(incident.kind, &name)
    } else {
        begun(incident, &name)
    };
    let is_credential = incident.kind == IncidentKind::CredentialEnding;
    let mut facts = vec![(if is_credential { "Ends" } else { "Since" }, at(incident.since))];
    if let Some(organization) = &incident.organization {
        facts.push(("Organization", named(organization)));
    }
    if let Some(id) = incident.directory_id {
        facts.push(("Directory", format!("{public_url}/api/v1/directories/{id}")));
    }
    if let Some(id) = incident.endpoint_id {
        facts.push(("Endpoint", format!("{public_url}/api/v1/endpoints/{id}")));
    }
    Parts {
        headline,
        paragraphs,
        facts,
        lists: Vec::new(),
        link: format!("{public_url}/docs/{guide}"),
        link_text,
        footer: footer(incident.reader, public_url),
    }
}

type Told = (String, Vec<&'static str>, &'static str, &'static str);

fn begun(incident: &Incident, name: &str) -> Told {
    match incident.kind {
        IncidentKind::EndpointFailing => (
            format!("Webhooks to {name} fail"),
            vec![
                "Every webhook to this endpoint fails. Nothing is lost: events wait and are sent again, for days.",
                "An endpoint that fails for five days is switched off. There is no further mail about this until it is well again or switched off.",
            ],
            "failed-deliveries",
            "What to do",
        ),
        IncidentKind::EndpointDisabled => (
            format!("The endpoint {name} was switched off"),
            vec![
                "This endpoint has failed for too long, or its receiver asked for no more. No webhooks are sent to it.",
                "Its events are held. They are sent, or skipped, when the endpoint is switched on again.",
            ],
            "failed-deliveries",
            "How to switch it on again",
        ),
        IncidentKind::DirectorySilent => (
            format!("Nothing comes from the identity provider of {name}"),
            vec![
                "The identity provider of this directory has missed several cycles. People who join or leave are not synced meanwhile.",
                "Look whether provisioning is on at the identity provider, and whether its credential is still good.",
            ],
            "connect-entra",
            "How the connection is set up",
        ),
        IncidentKind::DirectoryHeld => (
            format!("The directory {name} is held"),
            vec![
                "Too many users would have been deactivated or deleted at once, so no more are. Everything else is synced.",
                "Look whether the identity provider is right, and then release the directory.",
            ],
            "protection",
            "How to release it",
        ),
        IncidentKind::QuarantineNear => (
            format!("Entra ID may put the job of {name} into quarantine"),
            vec![
                "So many requests of the identity provider fail that Entra ID is about to put the job into quarantine, where it comes only once a day.",
                "The log of requests of the directory says what fails.",
            ],
            "connect-entra",
            "How the connection is set up",
        ),
        IncidentKind::CredentialEnding => {
            let what = incident.credential.map_or("credential", credential);
            let days = match incident.days {
                Some(1) => "within a day".to_owned(),
                Some(days) => format!("within {days} days"),
                None => "soon".to_owned(),
            };
            (
                format!("The {what} {name} ends {days}"),
                vec![
                    "What uses it stops working then. Make a new one, enter it where the old one is used, and revoke the old one.",
                ],
                "credentials",
                "How to rotate it in time",
            )
        }
    }
}

fn over(kind: IncidentKind, name: &str) -> Told {
    match kind {
        IncidentKind::EndpointFailing => (
            format!("Webhooks to {name} are taken again"),
            vec!["This endpoint is well again. What waited is on its way."],
            "failed-deliveries",
            "How events are sent again",
        ),
        IncidentKind::EndpointDisabled => (
            format!("The endpoint {name} is switched on again"),
            vec!["Webhooks are sent to this endpoint again."],
            "failed-deliveries",
            "What becomes of events that were held",
        ),
        IncidentKind::DirectorySilent => (
            format!("The identity provider of {name} is back"),
            vec!["The identity provider of this directory has come again."],
            "connect-entra",
            "How the connection is set up",
        ),
        IncidentKind::DirectoryHeld => (
            format!("The directory {name} is released"),
            vec![
                "Deactivations and deletions are let through again. The identity provider sends what was refused with its next cycle.",
            ],
            "protection",
            "What holds a directory",
        ),
        IncidentKind::QuarantineNear => (
            format!("No quarantine of {name} is in sight any more"),
            vec!["The latest cycle of the identity provider fares better."],
            "connect-entra",
            "How the connection is set up",
        ),
        IncidentKind::CredentialEnding => (
            format!("The credential {name} does not end soon any more"),
            vec!["It was prolonged or replaced."],
            "credentials",
            "What ends when",
        ),
    }
}

/// Why somebody gets this, and who can change that.
fn footer(reader: Reader, public_url: &str) -> String {
    match reader {
        Reader::Organization(id) => format!(
            "You get this because your address is one of the contacts of an organization at {public_url}. Whoever manages Rollcall there can \
             change that: PATCH /api/v1/organizations/{id}"
        ),
        Reader::Endpoint(id) => format!(
            "You get this because your address is one of the contacts of an endpoint at {public_url}. Whoever manages Rollcall there can \
             change that: PATCH /api/v1/endpoints/{id}"
        ),
        Reader::Operators => format!(
            "You get this because your address is one of the operators' of {public_url}. Whoever runs it can change that: the setting \
             ROLLCALL_MAIL_OPERATORS"
        ),
    }
}

fn of_digest(digest: &Digest, public_url: &str) -> Parts {
    let organization = named(&digest.organization);
    let mut lists = Vec::new();
    if !digest.directories.is_empty() {
        lists.push(("Synced", digest.directories.iter().map(day).collect()));
    }
    let (endings, open): (Vec<_>, Vec<_>) = digest
        .open
        .iter()
        .partition(|open| open.kind == IncidentKind::CredentialEnding);
    if !open.is_empty() {
        lists.push(("To look at", open.into_iter().map(state).collect()));
    }
    if !endings.is_empty() {
        lists.push(("Ends soon", endings.into_iter().map(state).collect()));
    }
    Parts {
        headline: format!("{organization}: the day until {}", at(digest.to)),
        paragraphs: Vec::new(),
        facts: vec![("From", at(digest.from)), ("To", at(digest.to))],
        lists,
        link: format!("{public_url}/docs/mail"),
        link_text: "What is told by mail",
        footer: footer(Reader::Organization(digest.organization_id), public_url),
    }
}

fn day(day: &Day) -> String {
    let counted = [
        (day.syncs, "syncs"),
        (day.users_created, "users created"),
        (day.users_updated, "changes of users"),
        (day.users_deleted, "users deleted"),
        (day.groups_changed, "changes of groups"),
        (day.failures, "requests failed"),
    ];
    let counted = counted.into_iter().filter(|(count, _)| *count > 0);
    let counted: Vec<String> = counted.map(|(count, what)| format!("{what} {count}")).collect();
    format!("{}: {}", named(&day.name), counted.join(", "))
}

fn state(open: &OpenIncident) -> String {
    let (name, time) = (named(&open.name), at(open.since));
    match open.kind {
        IncidentKind::EndpointFailing => format!("webhooks to {name} fail, since {time}"),
        IncidentKind::EndpointDisabled => format!("the endpoint {name} is switched off, since {time}"),
        IncidentKind::DirectorySilent => format!("nothing comes from the identity provider of {name}, since {time}"),
        IncidentKind::DirectoryHeld => format!("the directory {name} is held, since {time}"),
        IncidentKind::QuarantineNear => format!("Entra ID may put the job of {name} into quarantine"),
        IncidentKind::CredentialEnding => format!("{name} ends at {time}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use events::{EndpointId, OrganizationId};

    fn incident(kind: IncidentKind, name: &str) -> Incident {
        Incident {
            kind,
            is_over: false,
            name: name.to_owned(),
            organization: Some("Contoso & Söhne".to_owned()),
            since: Timestamp::from_millis(1_800_000_000_000),
            directory_id: None,
            endpoint_id: None,
            credential: None,
            days: None,
            reader: Reader::Operators,
        }
    }

    #[test]
    fn both_parts_say_the_same_and_names_are_only_text() {
        let id = EndpointId::new();
        let content = Content::Incident(Incident {
            endpoint_id: Some(id),
            reader: Reader::Endpoint(id),
            ..incident(IncidentKind::EndpointFailing, "https://<b>app</b>\r\nBcc: x@y.example")
        });
        let letter = Letter::of(&content, "https://rollcall.example").unwrap();
        assert!(!letter.subject.contains(['\r', '\n']), "{}", letter.subject);
        assert!(
            letter.html.contains("Contoso &#38; Söhne") && !letter.html.contains("<b>app"),
            "{}",
            letter.html
        );
        for part in [
            "2027-01-15 08:00 UTC",
            "https://rollcall.example/docs/failed-deliveries",
            &format!("PATCH /api/v1/endpoints/{id}"),
            &format!("https://rollcall.example/api/v1/endpoints/{id}"),
        ] {
            assert!(
                letter.text.contains(part) && letter.html.contains(part),
                "{part}\n{}",
                letter.text
            );
        }
        assert!(letter.text.contains("Contoso & Söhne"));
    }

    #[test]
    fn every_incident_has_words_for_its_beginning_and_its_end() {
        let kinds = [
            IncidentKind::EndpointFailing,
            IncidentKind::EndpointDisabled,
            IncidentKind::DirectorySilent,
            IncidentKind::DirectoryHeld,
            IncidentKind::QuarantineNear,
            IncidentKind::CredentialEnding,
        ];
        let mut subjects = std::collections::BTreeSet::new();
        for kind in kinds {
            for is_over in [false, true] {
                let content = Content::Incident(Incident {
                    is_over,
                    ..incident(kind, "the thing")
                });
                let letter = Letter::of(&content, "https://r.example").unwrap();
                assert!(letter.subject.contains("the thing"));
                subjects.insert(letter.subject);
            }
        }
        assert_eq!(subjects.len(), 12);
    }

    #[test]
    fn a_digest_tells_numbers_and_what_is_the_matter() {
        let day = Day {
            name: "Entra".to_owned(),
            syncs: 36,
            users_created: 3,
            users_updated: 0,
            users_deleted: 1,
            groups_changed: 0,
            failures: 2,
        };
        let open = |kind, name: &str| OpenIncident {
            kind,
            name: name.to_owned(),
            since: Timestamp::from_millis(1_800_000_000_000),
        };
        let content = Content::Digest(Digest {
            organization_id: OrganizationId::new(),
            organization: "Contoso".to_owned(),
            from: Timestamp::from_millis(1_799_900_000_000),
            to: Timestamp::from_millis(1_800_000_000_000),
            directories: vec![day],
            open: vec![
                open(IncidentKind::DirectoryHeld, "Entra"),
                open(IncidentKind::CredentialEnding, "the old key"),
            ],
        });
        let stored = serde_json::to_string(&content).unwrap();
        let letter = Letter::of(&serde_json::from_str(&stored).unwrap(), "https://r.example").unwrap();
        for part in [
            "Entra: syncs 36, users created 3, users deleted 1, requests failed 2",
            "the directory Entra is held",
            "the old key ends at 2027-01-15 08:00 UTC",
        ] {
            assert!(
                letter.text.contains(part) && letter.html.contains(part),
                "{part}\n{}",
                letter.text
            );
        }
    }
}
