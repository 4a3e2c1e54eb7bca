//! What is told of an event of the log, and how.

use super::*;
use crate::ParsedEvent;
use ::events::{DirectoryId, Event, EventId, OrganizationId, ResourceId, Source, SsfStreamId, SsoClientId, Timestamp};
use serde_json::{Value, json};

const ISSUER: &str = "https://rollcall.example/sso";

fn event(kind: EventType, person: ResourceId, data: &Value) -> Event {
    let (id, timestamp): (EventId, Timestamp) = (EventId::new(), "2026-11-20T12:00:00Z".parse().unwrap());
    let (organization_id, directory_id) = (OrganizationId::new(), DirectoryId::new());
    let body = json!({
        "type": kind, "timestamp": timestamp, "id": id, "sequence": 1, "organization_id": organization_id,
        "directory_id": directory_id, "source": Source::System, "data": data,
    });
    Event {
        id,
        kind,
        organization_id,
        directory_id,
        sequence: 1,
        subject_id: Some(person),
        traceparent: None,
        body: body.to_string(),
    }
}

fn wanted() -> Vec<String> {
    SIGNAL_URIS.iter().map(|uri| (*uri).to_owned()).collect()
}

fn told(event: &Event, scope: &str) -> Vec<(Signal, SignalClaims)> {
    let signals = Signal::all(&ParsedEvent::of(event), &wanted(), scope);
    let claims = |signal: Signal| {
        let claims = SignalClaims::of(&signal.body, ISSUER).unwrap();
        (signal, claims)
    };
    signals.into_iter().map(claims).collect()
}

#[test]
fn the_end_of_a_session_is_told_to_its_app_with_session_person_and_reason() {
    let (person, app) = (ResourceId::new(), SsoClientId::new());
    let session = json!({ "id": "s", "client_id": app, "user_id": person, "reason": "deactivated" });
    let ended = event(
        EventType::SessionEnded,
        person,
        &json!({ "session": session, "user": { "id": person } }),
    );
    let parsed = ParsedEvent::of(&ended);
    assert_eq!(Signal::subject(&parsed, app), Some(person));
    assert_eq!(
        Signal::subject(&parsed, SsoClientId::new()),
        None,
        "other apps hear nothing"
    );
    let told = told(&ended, "openid");
    let [(signal, claims)] = &told[..] else {
        panic!("{told:?}")
    };
    assert!(signal.is_first && signal.event_id == ended.id);
    assert_eq!(claims.txn, Some(ended.id.to_string()));
    assert_eq!(claims.iat, 1_795_176_000);
    assert_eq!(
        claims.sub_id,
        json!({
            "format": "complex", "session": { "format": "opaque", "id": "s" },
            "user": { "format": "iss_sub", "iss": ISSUER, "sub": person },
        })
    );
    assert_eq!(
        Value::Object(claims.events.clone()),
        json!({ SESSION_REVOKED: {
            "event_timestamp": 1_795_176_000, "initiating_entity": "admin",
            "reason_admin": { "en": "The person was deactivated in the directory." },
        } })
    );
}

fn updated(person: ResourceId) -> Value {
    let raw = json!({
        "id": person, "userName": "ada", "displayName": "Ada L.", "title": "Countess", "active": true,
        "meta": { "version": "W/\"2\"", "created": "2026-11-20T11:00:00Z", "lastModified": "2026-11-20T12:00:00Z" },
    });
    json!({
        "user": { "id": person, "user_name": "ada", "display_name": "Ada L.", "first_name": null, "last_name": null,
                  "email": null, "role": "Admin", "raw": raw },
        "changes": [
            { "path": "displayName", "before": "Ada", "after": "Ada L." },
            { "path": "title", "before": null, "after": "Countess" },
        ],
    })
}

#[test]
fn an_update_is_told_as_the_claims_that_an_app_knows_and_as_names_of_attributes() {
    let person = ResourceId::new();
    let update = event(EventType::UserUpdated, person, &updated(person));
    let both = told(&update, "openid profile");
    let [(first, change), (second, notice)] = &both[..] else {
        panic!("{both:?}")
    };
    assert_eq!(
        change.events[TOKEN_CLAIMS_CHANGE]["claims"],
        json!({ "name": "Ada L." })
    );
    assert_eq!(
        change.sub_id,
        json!({ "format": "iss_sub", "iss": ISSUER, "sub": person })
    );
    assert_eq!(
        notice.events[SCIM_PATCH_NOTICE],
        json!({ "attributes": ["displayName", "title"] })
    );
    assert_eq!(notice.sub_id["uri"], format!("/Users/{person}"));
    assert!(first.event_id == update.id && second.event_id != update.id && !second.is_first);
    let again = told(&update, "openid profile");
    assert_eq!(again, both, "it is told the same way each time");
    let little = told(&update, "openid email");
    assert_eq!(little.len(), 1, "of a claim that the app never saw it hears nothing");
    assert_eq!(little[0].0.uri, SCIM_PATCH_NOTICE);
}

#[test]
fn a_role_that_goes_by_groups_changes_a_claim() {
    let person = ResourceId::new();
    let mut data = updated(person);
    data["changes"] = json!([{ "path": "role", "before": "User", "after": "Admin" }, { "path": "grants" }]);
    let update = event(EventType::UserUpdated, person, &data);
    let both = told(&update, "openid");
    assert_eq!(both.len(), 1, "and no attribute of the person");
    assert_eq!(
        both[0].1.events[TOKEN_CLAIMS_CHANGE]["claims"],
        json!({ "roles": ["Admin"] })
    );
    data["changes"] = json!([{ "path": "grants", "before": [], "after": ["web"] }]);
    assert!(told(&event(EventType::UserUpdated, person, &data), "openid profile email").is_empty());
}

#[test]
fn an_account_is_disabled_enabled_and_purged_and_each_of_these_is_one_event_of_a_token() {
    let person = ResourceId::new();
    for (kind, uris) in [
        (EventType::UserDeactivated, [ACCOUNT_DISABLED, SCIM_DEACTIVATE]),
        (EventType::UserReactivated, [ACCOUNT_ENABLED, SCIM_ACTIVATE]),
        (EventType::UserDeleted, [ACCOUNT_PURGED, SCIM_DELETE]),
    ] {
        let data = json!({ "user": { "id": person }, "changes": [{ "path": "active" }] });
        let event = event(kind, person, &data);
        let told = told(&event, "openid");
        assert_eq!(told.iter().map(|(signal, _)| signal.uri).collect::<Vec<_>>(), uris);
        for (signal, claims) in &told {
            assert_eq!(claims.events.len(), 1);
            assert_eq!(claims.events[signal.uri], json!({}));
        }
        let only = [uris[1].to_owned()];
        let asked = Signal::all(&ParsedEvent::of(&event), &only, "");
        assert!(matches!(&asked[..], [one] if one.uri == uris[1] && one.event_id == event.id));
        assert!(is_signalled(kind, &only) && !is_signalled(kind, &[]));
    }
    assert!(!carries_signals(EventType::UserCreated));
}

#[test]
fn of_somebody_who_was_erased_nothing_but_the_id_is_told() {
    let person = ResourceId::new();
    let update = event(EventType::UserUpdated, person, &updated(person));
    for signal in Signal::all(&ParsedEvent::of(&update), &wanted(), "profile") {
        let erased = crate::erase(&signal.body, person).unwrap().unwrap().body;
        assert!(!erased.contains("Ada"), "{erased}");
        assert!(matches!(SignalClaims::of(&erased, ISSUER), Err(NoSignal::Erased)));
    }
    let data = json!({ "user": { "id": person }, "changes": [] });
    for signal in Signal::all(
        &ParsedEvent::of(&event(EventType::UserDeleted, person, &data)),
        &wanted(),
        "",
    ) {
        let body = crate::erase(&signal.body, person)
            .unwrap()
            .map_or(signal.body, |erased| erased.body);
        assert_eq!(SignalClaims::of(&body, ISSUER).unwrap().events.len(), 1);
    }
}

#[test]
fn what_is_told_of_a_stream_is_about_the_stream() {
    let (id, now) = (SsfStreamId::new(), "2026-11-20T12:00:00Z".parse().unwrap());
    let body = StreamNews::Verification(Some("xyz")).body(id, now);
    let claims = SignalClaims::of(&body, ISSUER).unwrap();
    assert_eq!(claims.sub_id, json!({ "format": "opaque", "id": id }));
    assert_eq!(
        Value::Object(claims.events),
        json!({ VERIFICATION: { "state": "xyz" } })
    );
    assert_eq!(claims.txn, None);
    let bare = SignalClaims::of(&StreamNews::Verification(None).body(id, now), ISSUER).unwrap();
    assert_eq!(Value::Object(bare.events), json!({ VERIFICATION: {} }));
    let news = StreamNews::Updated {
        status: "paused",
        reason: "Full.",
    };
    let claims = SignalClaims::of(&news.body(id, now), ISSUER).unwrap();
    assert_eq!(
        Value::Object(claims.events),
        json!({ STREAM_UPDATED: { "status": "paused", "reason": "Full." } })
    );
    let unknown = json!({ "timestamp": "2026-11-20T12:00:00Z", "signal": "x", "data": {} }).to_string();
    assert!(matches!(SignalClaims::of(&unknown, ISSUER), Err(NoSignal::Unknown(_))));
}
