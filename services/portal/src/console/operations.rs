//! What operators look after beside directories and endpoints: events, credentials, dead letters, the audit log, admin keys.

use super::{PAGE, id};
use crate::api::query;
use crate::fault::Fault;
use crate::filters;
use crate::form::{Errors, Form};
use crate::frame::{Section, console, console_with, to};
use crate::session::Operator;
use crate::texts::{TextKey, text};
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{self, Path, Query, ServiceConfig};
use api::{
    AdminKey, AuditEntry, AuditOutcome, Credential, CredentialKind, DeadLetter, DeadLetterRedriven, Event, List,
    Problem,
};
use askama::Template;
use events::{AdminKeyId, DeadLetterId};
use serde_json::{Map, json};
use std::collections::HashMap;

type Wanted = Query<HashMap<String, String>>;

pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .service(web::resource("/events").get(events))
        .service(web::resource("/credentials").get(credentials))
        .service(web::resource("/dead-letters").get(dead_letters))
        .service(web::resource("/dead-letters/{id}/redrive").post(redrive))
        .service(web::resource("/dead-letters/{id}/discard").post(discard))
        .service(web::resource("/audit-log").get(audit_log))
        .service(web::resource("/admin-keys").get(admin_keys).post(create_key))
        .service(web::resource("/admin-keys/{id}/delete").post(delete_key));
}

/// A page of a list with what it is narrowed to, and the address of the next one.
async fn page_of<T: serde::de::DeserializeOwned>(
    operator: &Operator,
    path: &str,
    wanted: &Wanted,
    names: &[&'static str],
    position: &'static str,
) -> Result<(List<T>, Option<String>), Fault> {
    let value = |name: &str| wanted.get(name).map(String::as_str);
    let narrowed = || names.iter().map(|name| (*name, value(name)));
    let parameters = narrowed().chain([(position, value(position)), ("limit", Some(PAGE))]);
    let list: List<T> = operator.api.get(&query(path, parameters)).await?;
    let next = list.next_cursor.as_deref();
    let next = next.map(|next| query(&format!("/console{path}"), narrowed().chain([(position, Some(next))])));
    Ok((list, next))
}

#[derive(Template)]
#[template(path = "console/events.html")]
struct EventsPage {
    /// Where the page hears that there is more.
    live: String,
    events: List<Event>,
    types: String,
    directory: String,
    after: String,
    next: Option<String>,
    /// Why the log cannot be read like that.
    problem: Option<Problem>,
}

/// The newest events, where nobody asks for others; then the newest is first. Read on from an event, the log is in its order.
async fn events(operator: Operator, wanted: Wanted) -> Result<HttpResponse, Fault> {
    let value = |name: &str| wanted.get(name).cloned().unwrap_or_default();
    let after = value("after");
    let position = match after.is_empty() {
        true => ("last", Some(PAGE)),
        false => ("after", Some(after.as_str())),
    };
    let (types, directory) = (value("types"), value("directory_id"));
    let narrowed = [
        ("types", Some(types.as_str())),
        ("directory_id", Some(directory.as_str())),
    ];
    let asked = query("/events", narrowed.into_iter().chain([position, ("limit", Some(PAGE))]));
    let (mut events, problem) = match operator.api.get::<List<Event>>(&asked).await {
        Ok(found) => (found, None),
        Err(Fault::Api(problem)) if (400..500).contains(&problem.status) => (super::nothing(), Some(problem)),
        Err(fault) => return Err(fault),
    };
    let mut next = None;
    if after.is_empty() {
        events.data.reverse();
    } else if let Some(cursor) = events.next_cursor.as_deref() {
        next = Some(query(
            "/console/events",
            narrowed.into_iter().chain([("after", Some(cursor))]),
        ));
    }
    let page = EventsPage {
        live: query("/console/live", narrowed),
        events,
        types,
        directory,
        after,
        next,
        problem,
    };
    console(&operator, Section::Events, text("events-title"), &[], &page)
}

#[derive(Template)]
#[template(path = "console/credentials.html")]
struct CredentialsPage {
    credentials: List<Credential>,
    next: Option<String>,
}

async fn credentials(operator: Operator, wanted: Wanted) -> Result<HttpResponse, Fault> {
    let (credentials, next) = page_of(
        &operator,
        "/credentials",
        &wanted,
        &["organization_id", "directory_id"],
        "cursor",
    )
    .await?;
    console(
        &operator,
        Section::Credentials,
        text("credentials-title"),
        &[],
        &CredentialsPage { credentials, next },
    )
}

impl AdminKeysPage {
    /// The scopes that a key may have, and what each of them opens.
    const SCOPES: [(&str, TextKey); 9] = [
        ("read", TextKey("admin-keys-scope-read")),
        ("directories", TextKey("admin-keys-scope-directories")),
        ("endpoints", TextKey("admin-keys-scope-endpoints")),
        ("endpoints:view", TextKey("admin-keys-scope-endpoints-view")),
        ("endpoints:reveal", TextKey("admin-keys-scope-endpoints-reveal")),
        ("endpoints:manage", TextKey("admin-keys-scope-endpoints-manage")),
        ("endpoints:resend", TextKey("admin-keys-scope-endpoints-resend")),
        ("connections", TextKey("admin-keys-scope-connections")),
        ("admin", TextKey("admin-keys-scope-admin")),
    ];
}

impl CredentialsPage {
    /// Where a credential is looked after.
    fn place(credential: &Credential) -> String {
        match (credential.kind, credential.directory_id) {
            (CredentialKind::DirectoryKey, Some(id)) => format!("/console/directories/{id}/keys"),
            (CredentialKind::Connection, _) => format!("/console/connections/{}", credential.id),
            (_, Some(id)) => format!("/console/directories/{id}"),
            (CredentialKind::AdminKey, None) => "/console/admin-keys".to_owned(),
            (_, None) => format!("/console/endpoints/{}", credential.id),
        }
    }
}

#[derive(Template)]
#[template(path = "console/dead_letters.html")]
struct DeadLettersPage {
    letters: List<DeadLetter>,
    next: Option<String>,
    errors: Errors,
    /// How sending one again went.
    redriven: Option<DeadLetterRedriven>,
}

async fn dead_letters(operator: Operator, wanted: Wanted) -> Result<HttpResponse, Fault> {
    letters_page(&operator, &wanted, Errors::default(), None).await
}

async fn letters_page(
    operator: &Operator,
    wanted: &Wanted,
    errors: Errors,
    redriven: Option<DeadLetterRedriven>,
) -> Result<HttpResponse, Fault> {
    let (letters, next) = page_of(operator, "/dead-letters", wanted, &["directory_id"], "cursor").await?;
    let page = DeadLettersPage {
        letters,
        next,
        errors,
        redriven,
    };
    console(operator, Section::DeadLetters, text("dead-letters-title"), &[], &page)
}

async fn redrive(operator: Operator, path: Path<String>) -> Result<HttpResponse, Fault> {
    let id: DeadLetterId = id(&path)?;
    let all = Query(HashMap::new());
    match operator
        .api
        .post(&format!("/dead-letters/{id}/redrive"), &json!({}))
        .await
    {
        Ok(redriven) => letters_page(&operator, &all, Errors::default(), Some(redriven)).await,
        Err(fault) => letters_page(&operator, &all, Errors::of(fault.of_form()?), None).await,
    }
}

async fn discard(operator: Operator, path: Path<String>) -> Result<HttpResponse, Fault> {
    let id: DeadLetterId = id(&path)?;
    operator.api.delete(&format!("/dead-letters/{id}")).await?;
    Ok(to("/console/dead-letters"))
}

#[derive(Template)]
#[template(path = "console/audit_log.html")]
struct AuditLogPage {
    entries: List<AuditEntry>,
    action: String,
    actor: String,
    /// What it is narrowed to beside these: names and values that the form keeps.
    kept: Vec<(&'static str, String)>,
    next: Option<String>,
}

async fn audit_log(operator: Operator, wanted: Wanted) -> Result<HttpResponse, Fault> {
    let names = ["actor", "action", "organization_id", "directory_id"];
    let (entries, next) = page_of(&operator, "/audit-log", &wanted, &names, "cursor").await?;
    let value = |name: &str| wanted.get(name).cloned().unwrap_or_default();
    let page = AuditLogPage {
        entries,
        action: value("action"),
        actor: value("actor"),
        kept: ["organization_id", "directory_id"]
            .into_iter()
            .map(|name| (name, value(name)))
            .filter(|(_, value)| !value.is_empty())
            .collect(),
        next,
    };
    console(&operator, Section::AuditLog, text("audit-log-title"), &[], &page)
}

#[derive(Template)]
#[template(path = "console/admin_keys.html")]
struct AdminKeysPage {
    keys: List<AdminKey>,
    next: Option<String>,
    errors: Errors,
    /// A key that was just made, shown this once.
    made: Option<AdminKey>,
    name: String,
    organization: String,
}

async fn admin_keys(operator: Operator, wanted: Wanted) -> Result<HttpResponse, Fault> {
    keys_page(&operator, &wanted, Errors::default(), None, &Form::default()).await
}

async fn keys_page(
    operator: &Operator,
    wanted: &Wanted,
    errors: Errors,
    made: Option<AdminKey>,
    form: &Form,
) -> Result<HttpResponse, Fault> {
    let (keys, next) = page_of(operator, "/admin-keys", wanted, &["organization_id"], "cursor").await?;
    let status = match errors.is_empty() {
        true => StatusCode::OK,
        false => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let page = AdminKeysPage {
        keys,
        next,
        errors,
        made,
        name: form.text("name").to_owned(),
        organization: form.text("organization_id").to_owned(),
    };
    console_with(
        status,
        operator,
        Section::AdminKeys,
        text("admin-keys-title"),
        &[],
        &page,
    )
}

async fn create_key(operator: Operator, form: Form) -> Result<HttpResponse, Fault> {
    let scopes: Vec<&str> = form.all("scopes").collect();
    let mut body = Map::new();
    body.insert("name".to_owned(), json!(form.text("name")));
    body.insert("scopes".to_owned(), json!(scopes));
    for name in ["organization_id", "expires_at"] {
        if let Some(value) = form.some(name) {
            body.insert(name.to_owned(), json!(value));
        }
    }
    let all = Query(HashMap::new());
    match operator.api.post("/admin-keys", &body).await {
        Ok(made) => keys_page(&operator, &all, Errors::default(), Some(made), &Form::default()).await,
        Err(fault) => keys_page(&operator, &all, Errors::of(fault.of_form()?), None, &form).await,
    }
}

async fn delete_key(operator: Operator, path: Path<String>) -> Result<HttpResponse, Fault> {
    let id: AdminKeyId = id(&path)?;
    operator.api.delete(&format!("/admin-keys/{id}")).await?;
    Ok(to("/console/admin-keys"))
}
