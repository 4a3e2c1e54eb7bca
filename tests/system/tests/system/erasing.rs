//! Erasing persons.

use serde_json::{Value, json};
use system::receiver::Receiver;
use system::scim::{ENTERPRISE, Scim, group, user};
use system::{Shape, System, assert_gapless};

crate::on_both_shapes! {
    an_erased_person_is_nowhere_and_the_log_has_no_gap,
    a_user_deleted_before_can_be_erased_and_again,
}

const TRACES: [&str; 3] = ["lovelace", "Lovelace", "+44 1815"];

async fn ada(scim: &Scim) -> String {
    let mut body = user("ada.lovelace@contoso.example");
    body["displayName"] = "Ada Lovelace".into();
    body["phoneNumbers"] = json!([{ "type": "work", "value": "+44 1815" }]);
    scim.send("POST", "/Users", Some(&body)).await.id()
}

fn assert_untraced(what: &Value) {
    let text = what.to_string();
    for trace in TRACES {
        assert!(!text.contains(trace), "{trace} is in {text}");
    }
}

async fn an_erased_person_is_nowhere_and_the_log_has_no_gap(shape: Shape) {
    let system = System::start(shape).await;
    let tenant = system.tenant("contoso.example").await;
    let scim = &tenant.scim;
    // Deliveries that cannot be made stay pending, some with bodies of their own.
    let nobody = json!({ "url": nowhere(), "fields": ["display_name", "user_name", "raw", "phoneNumbers"] });
    let narrow = system.api("POST", "/endpoints", Some(nobody)).await;
    let plain = system
        .api("POST", "/endpoints", Some(json!({ "url": nowhere() })))
        .await;
    let id = ada(scim).await;
    let other = scim.create_user("charles@contoso.example").await.id();
    let manager = json!([{ "op": "add", "path": format!("{ENTERPRISE}:manager"),
                           "value": { "value": id, "displayName": "Ada Lovelace" } }]);
    scim.patch(&format!("/Users/{other}"), manager).await.expect(200);
    let team = scim.send("POST", "/Groups", Some(&group("Engines"))).await.id();
    let add = json!([{ "op": "add", "path": "members", "value": [{ "value": id }, { "value": other }] }]);
    scim.patch(&format!("/Groups/{team}"), add).await.expect(204);
    let before = system.log(&tenant).await;
    assert!(before.iter().any(|event| event.to_string().contains("Lovelace")));

    let path = format!("/directories/{}/users/{id}", tenant.directory_id);
    assert_eq!(
        system.try_api("DELETE", &format!("{path}?erase=maybe"), None).await.0,
        400
    );
    assert_eq!(
        system.try_api("DELETE", &format!("{path}?erase=true"), None).await.0,
        204
    );
    let log = system.log(&tenant).await;
    assert_gapless(&log);
    assert!(log.len() > before.len());
    assert_untraced(&json!(log));
    let tombstones: Vec<_> = log.iter().filter(|event| event["data"]["erased"] == true).collect();
    assert_eq!(tombstones.len(), 2, "created and deleted");
    for tombstone in tombstones {
        assert_eq!(
            (&tombstone["type"], &tombstone["data"]["user"]),
            (&json!("user.deleted"), &json!({ "id": id }))
        );
    }
    let kept = |log: &[Value]| log.iter().map(|event| event["id"].clone()).collect::<Vec<_>>();
    assert_eq!(kept(&log)[..before.len()], kept(&before)[..]);
    system.verify().await;
    scim.get(&format!("/Users/{id}")).await.expect_error(404, "");
    assert_eq!(system.try_api("DELETE", &path, None).await.0, 404);

    // What waits is sent without the person.
    let receiver = Receiver::start();
    for endpoint in [&narrow, &plain] {
        let path = format!("/endpoints/{}", endpoint["id"].as_str().unwrap());
        system.api("PATCH", &path, Some(json!({ "url": receiver.url }))).await;
        let deliveries = format!("/deliveries?endpoint_id={}&limit=100", endpoint["id"].as_str().unwrap());
        for delivery in system.api("GET", &deliveries, None).await["data"].as_array().unwrap() {
            let path = format!("/deliveries/{}/retry", delivery["id"].as_str().unwrap());
            system.try_api("POST", &path, None).await;
        }
    }
    for arrival in receiver.wait_for(before.len() - 2).await {
        assert_untraced(&arrival.body);
    }
    receiver.stop().await;
    system.stop().await;
}

async fn a_user_deleted_before_can_be_erased_and_again(shape: Shape) {
    let system = System::start(shape).await;
    let tenant = system.tenant("contoso.example").await;
    let id = ada(&tenant.scim).await;
    tenant.scim.delete(&format!("/Users/{id}")).await.expect(204);
    let path = format!("/directories/{}/users/{id}", tenant.directory_id);
    assert_eq!(system.try_api("DELETE", &path, None).await.0, 404);
    for _ in 0..2 {
        assert_eq!(
            system.try_api("DELETE", &format!("{path}?erase=true"), None).await.0,
            204
        );
        let log = system.log(&tenant).await;
        assert_gapless(&log);
        assert_eq!(log.len(), 4);
        assert_untraced(&json!(log));
    }
    let stranger = format!("/directories/{}/users/{}", tenant.directory_id, uuid::Uuid::now_v7());
    assert_eq!(
        system
            .try_api("DELETE", &format!("{stranger}?erase=true"), None)
            .await
            .0,
        404
    );
    // The name is free, and the person may come back as somebody new.
    assert_ne!(ada(&tenant.scim).await, id);
    system.verify().await;
    system.stop().await;
}

/// Where nobody listens.
fn nowhere() -> String {
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    format!("http://127.0.0.1:{port}/")
}
