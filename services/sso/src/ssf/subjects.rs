//! An app takes people off a stream, and puts them back (SSF 1.0 §8.1.3). Everybody is on it by default. Nothing is looked up,
//! so that the answer is the same whoever exists.

use super::access::{Right, receiver};
use super::fault::SsfFault;
use super::limits::MOST_REMOVED;
use super::members::Members;
use crate::state::{Inner, State};
use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use events::ResourceId;
use serde_json::Value;
use store::SsfStream;

pub(super) async fn add(state: Data<State>, request: HttpRequest, body: Bytes) -> Result<HttpResponse, SsfFault> {
    let (stream, person) = read(&state, &request, &body).await?;
    if let Some(person) = person {
        state.store.ssf_streams().add_subject(&stream, person).await?;
    }
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).finish())
}

pub(super) async fn remove(state: Data<State>, request: HttpRequest, body: Bytes) -> Result<HttpResponse, SsfFault> {
    let (stream, person) = read(&state, &request, &body).await?;
    if let Some(person) = person {
        let streams = state.store.ssf_streams();
        if !streams
            .remove_subject(&stream, person, MOST_REMOVED, state.now())
            .await?
        {
            return Err(SsfFault::Removed(MOST_REMOVED));
        }
    }
    Ok(HttpResponse::NoContent()
        .insert_header((CACHE_CONTROL, "no-store"))
        .finish())
}

async fn read(state: &Inner, request: &HttpRequest, body: &[u8]) -> Result<(SsfStream, Option<ResourceId>), SsfFault> {
    let client = receiver(state, request, Right::Manage).await?;
    let members = Members::read(body)?;
    let id = members.stream()?;
    members.truth("verified")?;
    let subject = members.object("subject")?;
    let subject = subject.ok_or_else(|| SsfFault::request("subject is missing"))?;
    let person = person(&state.issuer, &subject)?;
    let stream = state.store.ssf_streams().by_id(client.id, id).await?;
    Ok((stream.ok_or(SsfFault::NoStream)?, person))
}

/// The person of a subject: `iss_sub` (RFC 9493 §3.2.5), by itself or as the `user` of a complex one. `None` for somebody who
/// cannot be one of ours.
fn person(issuer: &str, subject: &Members) -> Result<Option<ResourceId>, SsfFault> {
    const FORMS: &str = "subject.format must be iss_sub, or complex with a user in that format and nothing else";
    let format = subject.text("format", 100)?;
    match format.as_deref() {
        Some("iss_sub") => {
            let part = |name: &str| {
                let text = subject.text(name, 2_048)?;
                text.ok_or_else(|| SsfFault::request(format!("subject.{name} is missing")))
            };
            let (iss, sub) = (part("iss")?, part("sub")?);
            Ok(sub.parse().ok().filter(|_| iss == issuer))
        }
        Some("complex") => {
            let others = ["session", "device", "tenant", "org_unit", "group", "application"];
            let user = match subject.any("user") {
                Some(Value::Object(user)) if others.iter().all(|other| subject.get(other).is_none()) => user,
                _ => return Err(SsfFault::request(FORMS)),
            };
            let user = Members::of(user.clone());
            if user.any("format").and_then(Value::as_str) != Some("iss_sub") {
                return Err(SsfFault::request(FORMS));
            }
            person(issuer, &user)
        }
        _ => Err(SsfFault::request(FORMS)),
    }
}

#[cfg(test)]
mod tests {
    use super::{Members, person};
    use events::ResourceId;
    use serde_json::{Value, json};

    const ISSUER: &str = "https://rollcall.example/sso";

    fn found(subject: &Value) -> Result<Option<ResourceId>, String> {
        let members = Members::read(subject.to_string().as_bytes()).unwrap();
        person(ISSUER, &members).map_err(|fault| fault.to_string())
    }

    #[test]
    fn somebody_is_named_by_our_issuer_alone_and_by_complex_subjects_that_are_nothing_else() {
        let id = ResourceId::new();
        let own = json!({ "format": "iss_sub", "iss": ISSUER, "sub": id });
        assert_eq!(found(&own), Ok(Some(id)));
        assert_eq!(found(&json!({ "format": "complex", "user": own })), Ok(Some(id)));
        let others = json!({ "format": "iss_sub", "iss": "https://other.example", "sub": id });
        assert_eq!(found(&others), Ok(None));
        assert_eq!(
            found(&json!({ "format": "iss_sub", "iss": ISSUER, "sub": "x" })),
            Ok(None)
        );
        let session = json!({ "format": "opaque", "id": "s" });
        for bad in [
            json!({ "format": "complex", "user": own, "session": session }),
            json!({ "format": "complex", "user": { "format": "email", "email": "a@b.example" } }),
            json!({ "format": "email", "email": "a@b.example" }),
            json!({ "format": "iss_sub", "iss": ISSUER }),
            json!({}),
        ] {
            assert!(found(&bad).unwrap_err().contains("subject."), "{bad}");
        }
    }
}
