//! Sample people: sent as an identity provider would send them, and removed again.

use crate::portal::{Visitor, key};
use reqwest::StatusCode;
use serde_json::{Value, json};
use std::time::Instant;
use system::process::{PATIENCE, pause};
use system::receiver::Receiver;
use system::{ADMIN_KEY, Shape, System};

crate::on_both_shapes! {
    samples_come_by_scim_with_a_key_of_their_own_and_go_again,
    samples_come_among_people_only_where_that_is_confirmed,
    samples_are_sent_and_removed_by_a_button,
    samples_of_an_address_that_nobody_answers_at_say_so,
}

async fn users(system: &System, directory: &str) -> Vec<Value> {
    let path = format!("/directories/{directory}/users?limit=100");
    system.api("GET", &path, None).await["data"].as_array().unwrap().clone()
}

async fn samples_come_by_scim_with_a_key_of_their_own_and_go_again(shape: Shape) {
    let system = System::start(shape).await;
    let tenant = system.tenant("contoso.example").await;
    let receiver = Receiver::start();
    let of_users = json!({ "event_types": ["user.*"], "directory_ids": [tenant.directory_id] });
    system.subscribe(&receiver, of_users).await;
    let path = format!("/directories/{}/sample-people", tenant.directory_id);
    let sent = system.api("POST", &path, None).await;
    assert_eq!(sent, json!({ "made": 20, "present": 0, "failed": 0, "detail": null }));
    let people = users(&system, &tenant.directory_id).await;
    assert_eq!(people.len(), 20);
    for person in &people {
        let text = |name: &str| person[name].as_str().unwrap();
        assert!(text("user_name").ends_with("@sample.invalid"), "{person}");
        assert!(text("external_id").starts_with("rollcall-sample-"), "{person}");
        assert!(text("display_name").starts_with("Sample "), "{person}");
    }
    let log = system.log(&tenant).await;
    let of = |kind: &str| log.iter().filter(|event| event["type"] == kind).count();
    assert_eq!((of("user.created"), of("directory.key_revoked")), (20, 1));
    assert!(
        log.iter()
            .filter(|event| event["type"] == "user.created")
            .all(|event| event["source"] == "scim")
    );
    let arrived = receiver.wait_for(20).await;
    assert!(
        arrived
            .iter()
            .all(|arrival| arrival.verified && arrival.kind() == "user.created")
    );
    let keys = system
        .api("GET", &format!("/directories/{}/keys", tenant.directory_id), None)
        .await;
    assert_eq!(
        keys["data"].as_array().unwrap().len(),
        1,
        "the key that they came with is gone"
    );
    // What is logged of requests is written within seconds.
    let started = Instant::now();
    loop {
        let requests = format!("/directories/{}/requests?method=POST&limit=100", tenant.directory_id);
        let requests = system.api("GET", &requests, None).await;
        if requests["data"].as_array().unwrap().len() == 20 {
            break;
        }
        assert!(started.elapsed() < PATIENCE, "{requests}");
        pause().await;
    }
    let again = system.api("POST", &path, Some(json!({ "count": 3 }))).await;
    assert_eq!(again, json!({ "made": 0, "present": 3, "failed": 0, "detail": null }));
    // Somebody with the id of a sample and another name is none.
    let own = json!([{ "op": "replace", "path": "userName", "value": "real@contoso.example" }]);
    let seventh = people
        .iter()
        .find(|person| person["external_id"] == "rollcall-sample-07")
        .unwrap();
    let seventh = format!("/Users/{}", seventh["id"].as_str().unwrap());
    tenant.scim.patch(&seventh, own).await.expect(200);
    let gone = system.api("DELETE", &path, None).await;
    assert_eq!(gone, json!({ "removed": 19, "failed": 0, "detail": null }));
    let left = users(&system, &tenant.directory_id).await;
    assert_eq!(left.len(), 1);
    assert_eq!(left[0]["user_name"], "real@contoso.example");
    let none = system.api("DELETE", &path, None).await;
    assert_eq!(none["removed"], 0);
    for action in ["directory.samples_sent", "directory.samples_removed"] {
        let noted = system.api("GET", &format!("/audit-log?action={action}"), None).await;
        assert_eq!(noted["data"].as_array().unwrap().len(), 2, "{action}");
    }
    system.verify().await;
    system.stop().await;
}

async fn samples_come_among_people_only_where_that_is_confirmed(shape: Shape) {
    let system = System::start(shape).await;
    let tenant = system.tenant("contoso.example").await;
    tenant.scim.create_user("ada@contoso.example").await.expect(201);
    let path = format!("/directories/{}/sample-people", tenant.directory_id);
    let (status, problem) = system.try_api("POST", &path, Some(json!({}))).await;
    assert_eq!(status, 409);
    assert!(
        problem["detail"].as_str().unwrap().contains("among_people"),
        "{problem}"
    );
    for count in [0, 21] {
        let (status, _) = system.try_api("POST", &path, Some(json!({ "count": count }))).await;
        assert_eq!(status, 422);
    }
    assert_eq!(users(&system, &tenant.directory_id).await.len(), 1);
    let wanted = json!({ "among_people": true, "count": 2 });
    let sent = system.api("POST", &path, Some(wanted)).await;
    assert_eq!(sent["made"], 2);
    // What the directory asks for holds for samples, too.
    let directory = format!("/directories/{}", tenant.directory_id);
    let strict = json!({ "required_attributes": ["nickName"] });
    system.api("PATCH", &directory, Some(strict)).await;
    let sent = system.api("POST", &path, Some(json!({ "among_people": true }))).await;
    assert_eq!((&sent["made"], &sent["failed"]), (&json!(0), &json!(20)), "{sent}");
    assert!(sent["detail"].as_str().unwrap().contains("nickName"), "{sent}");
    system
        .api("PATCH", &directory, Some(json!({ "state": "paused" })))
        .await;
    assert_eq!(system.try_api("DELETE", &path, None).await.0, 409);
    system
        .api("PATCH", &directory, Some(json!({ "state": "active" })))
        .await;
    assert_eq!(system.api("DELETE", &path, None).await["removed"], 2);
    let left = users(&system, &tenant.directory_id).await;
    assert_eq!((left.len(), &left[0]["user_name"]), (1, &json!("ada@contoso.example")));
    system.stop().await;
}

async fn samples_are_sent_and_removed_by_a_button(shape: Shape) {
    let system = System::start(shape).await;
    let tenant = system.tenant("contoso.example").await;
    let mut dana = Visitor::log_in(&system, ADMIN_KEY).await;
    assert!(
        dana.read("/console").await.contains("Send 20 sample people"),
        "nobody is here yet"
    );
    let here = format!("/console/directories/{}", tenant.directory_id);
    let (_, reader) = key(&system, json!({ "name": "Ray", "scopes": ["read"] })).await;
    let mut ray = Visitor::log_in(&system, &reader).await;
    assert!(
        !ray.read("/console").await.contains("Send 20 sample people"),
        "it is not offered"
    );
    let answer = ray.post(&format!("{here}/samples"), &[]).await;
    assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let page = dana.post(&format!("{here}/samples"), &[]).await.text().await.unwrap();
    assert!(
        page.contains("20 sample people were made") && page.contains("Remove the samples"),
        "{page}"
    );
    assert_eq!(users(&system, &tenant.directory_id).await.len(), 20);
    assert!(!dana.read("/console").await.contains("Send 20 sample people"));
    tenant.scim.create_user("ada@contoso.example").await.expect(201);
    let answer = dana.post(&format!("{here}/samples"), &[]).await;
    assert_eq!(
        answer.status(),
        StatusCode::UNPROCESSABLE_ENTITY,
        "there is somebody now"
    );
    let page = dana
        .post(&format!("{here}/samples/remove"), &[])
        .await
        .text()
        .await
        .unwrap();
    assert!(
        page.contains("20 sample people were removed") && page.contains("Although there are people"),
        "{page}"
    );
    assert_eq!(users(&system, &tenant.directory_id).await.len(), 1);
    system.stop().await;
}

async fn samples_of_an_address_that_nobody_answers_at_say_so(shape: Shape) {
    let nobody = system::nobody();
    let system = match shape {
        Shape::AllInOne => System::start_with(shape, &[("ROLLCALL_PUBLIC_URL", &nobody)]).await,
        // The public address of this shape is that of the ingress, which is stopped.
        Shape::Separate => {
            let mut system = System::start(shape).await;
            system.process("ingress").terminate().await;
            system
        }
    };
    let tenant = system.tenant("contoso.example").await;
    let path = format!("/directories/{}/sample-people", tenant.directory_id);
    let (status, problem) = system.try_api("POST", &path, Some(json!({}))).await;
    assert_eq!(status, 503, "{problem}");
    assert!(
        problem["detail"].as_str().unwrap().contains("ROLLCALL_PUBLIC_URL"),
        "{problem}"
    );
    let keys = system
        .api("GET", &format!("/directories/{}/keys", tenant.directory_id), None)
        .await;
    assert_eq!(
        keys["data"].as_array().unwrap().len(),
        1,
        "the key is revoked all the same"
    );
    system.clean().await;
}
