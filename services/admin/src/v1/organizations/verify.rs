//! `POST /organizations/{id}/domains/{domain}/verify`.

use crate::audit::Act;
use crate::body::NoBody;
use crate::context::{AdminContext, path_id};
use crate::dns::TxtLookup;
use crate::idempotent::IdempotentStart;
use crate::problem::Problem;
use ::events::OrganizationId;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Path;
use api::{DomainCheck, DomainCheckResult, DomainRecord};
use store::Domain;

/// What the names of records begin with.
const NAME: &str = "_rollcall";
/// What the values of records begin with.
const VALUE: &str = "rollcall-domain-verification=";
/// Bytes of the secret part of a value.
const SECRET_BYTES: usize = 16;

/// Looks in the DNS whether a domain is the organization's.
///
/// The answer tells which TXT record to publish, and what is found of it now. Publish it and call this again. A domain that is
/// verified stays so, also when the record goes, until the organization gives it up. `people_of` of a directory lets in only
/// people of verified domains.
#[utoipa::path(
    post,
    path = "/organizations/{id}/domains/{domain}/verify",
    operation_id = "verify_domain",
    tag = "Organizations",
    request_body(content = Option<api::Nothing>, description = "None, or an empty object."),
    responses((status = 200, description = "What is to be published, and what was found.", body = api::DomainCheck)),
)]
pub(crate) async fn handler(
    context: AdminContext,
    path: Path<(String, String)>,
    body: NoBody,
) -> Result<HttpResponse, Problem> {
    let id: OrganizationId = path_id("organization", &path.0)?;
    if let Some(answer) = context.answered(body.raw()).await? {
        return Ok(answer);
    }
    let found = context.store().organizations().by_id(id).await?;
    let found = found.ok_or_else(|| Problem::not_found("organization", &path.0))?;
    let missing = || Problem::not_found("domain of this organization", &path.1);
    let domain: Domain = path.1.parse().map_err(|_| missing())?;
    if !found.domains.iter().any(|own| own == domain.as_str()) {
        return Err(missing());
    }
    let (record, previous) = record(&context, id, &domain);
    let (result, detail) = judged(context.dns().txt(&record.name).await, &record, previous.as_deref());
    let known = found.verified.iter().find(|known| known.domain == domain.as_str());
    let mut check = DomainCheck {
        domain: domain.to_string(),
        verified_at: known.map(|known| known.verified_at),
        record,
        result,
        detail,
    };
    if check.result != DomainCheckResult::Verified {
        return Ok(answer(&check));
    }
    let open = match context.begin(None, body.raw()).await? {
        IdempotentStart::Open(open) => open,
        IdempotentStart::Answered(answer) => return Ok(answer),
    };
    // It may have been given up while the DNS was asked.
    let held = open.held_organization(id).await?;
    if !held.is_some_and(|held| held.domains.contains(&check.domain)) {
        return Err(missing());
    }
    open.verify_domain(id, &domain, context.now).await?;
    check.verified_at = Some(context.now);
    let act = Act::new("domain_verified", "organization", id)
        .of(Some(id))
        .saying(check.domain.clone());
    open.finish(&context, act, StatusCode::OK, None, &check).await
}

fn answer(check: &DomainCheck) -> HttpResponse {
    HttpResponse::Ok().json(check)
}

/// The record that only whoever the domain belongs to can publish. Its value follows from the organization, the domain and the
/// master key: nothing has to be stored, and nobody can work it out for another organization. While a master key takes the
/// place of another, the value that follows from that one is taken, too.
fn record(context: &AdminContext, id: OrganizationId, domain: &Domain) -> (DomainRecord, Option<String>) {
    let secrets = context
        .master_keys()
        .derive(&format!("organization/{id}/domain/{domain}"));
    let record = DomainRecord {
        kind: "TXT".to_owned(),
        name: format!("{NAME}.{domain}"),
        value: value(&secrets.current),
    };
    (record, secrets.previous.as_ref().map(value))
}

fn value(secret: &[u8; 32]) -> String {
    let digits: String = secret
        .iter()
        .take(SECRET_BYTES)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("{VALUE}{digits}")
}

/// What was found, for programs and for people.
fn judged(found: TxtLookup, record: &DomainRecord, previous: Option<&str>) -> (DomainCheckResult, String) {
    let name = &record.name;
    let is_good = |value: &str| value == record.value || previous == Some(value);
    match found {
        TxtLookup::Values(values) if values.iter().any(|value| is_good(value.trim())) => (
            DomainCheckResult::Verified,
            format!("The TXT record {name} has the value: the domain is verified."),
        ),
        TxtLookup::Values(values) => (
            DomainCheckResult::OtherValue,
            format!(
                "There is a TXT record {name}, but none of its {} values is the expected one. Add \"{}\"; a change may take \
                 some minutes to be seen everywhere.",
                values.len(),
                record.value
            ),
        ),
        TxtLookup::Nothing => (
            DomainCheckResult::NoRecord,
            format!("There is no TXT record {name} yet. A new record may take some minutes to be seen everywhere."),
        ),
        TxtLookup::Unreachable(reason) => (
            DomainCheckResult::Unreachable,
            format!(
                "The DNS could not be asked ({reason}), so nothing is known. Try again; if it stays so, set \
                 ROLLCALL_DNS_RESOLVER to a resolver that this server reaches."
            ),
        ),
    }
}
