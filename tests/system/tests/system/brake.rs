//! The mass-change brake, a directory's rate limit, and a lane that is too deep, as identity provider, administrator and
//! app see them.

use serde_json::{Value, json};
use std::time::{Duration, Instant};
use system::receiver::Receiver;
use system::scim::Answer;
use system::{Shape, System, Tenant, assert_gapless};
use tokio::task::JoinSet;

crate::on_both_shapes! {
    a_mass_deactivation_holds_the_directory_until_it_is_released,
    a_person_who_tries_the_product_may_delete_all_that_was_just_made,
    a_directory_above_its_rate_is_asked_to_retry_later,
}

async fn people(tenant: &Tenant, count: usize) -> Vec<String> {
    let created = (0..count).map(|n| async move { tenant.scim.create_user(&format!("user{n}@x.example")).await });
    let created = futures_util::future::join_all(created).await;
    created.iter().map(Answer::id).collect()
}

async fn deactivate(tenant: &Tenant, id: &str) -> Answer {
    let off = json!([{ "op": "Replace", "path": "active", "value": "False" }]);
    tenant.scim.patch(&format!("/Users/{id}"), off).await
}

async fn a_mass_deactivation_holds_the_directory_until_it_is_released(shape: Shape) {
    let system = System::start(shape).await;
    let receiver = Receiver::start();
    system
        .subscribe(
            &receiver,
            json!({ "event_types": ["directory.held", "directory.released"] }),
        )
        .await;
    let tenant = system.tenant("contoso.example").await;
    let path = format!("/directories/{}", tenant.directory_id);
    // People of long standing, to the brake.
    let strict = json!({ "mass_change_brake": { "new_user_hours": 0 } });
    system.api("PATCH", &path, Some(strict)).await;
    let ids = people(&tenant, 30).await;
    // Ten may always go; the eleventh is too many.
    for id in &ids[..10] {
        deactivate(&tenant, id).await.expect(200);
    }
    let refused = deactivate(&tenant, &ids[10]).await;
    let detail = refused.expect_error(503, "");
    let release = format!("POST /api/v1{path}/release");
    for part in [
        "held",
        "10 of its 30 active users",
        "no more than 10",
        &release,
        "portal",
    ] {
        assert!(detail.contains(part), "{part}: {detail}");
    }
    assert!(refused.header("retry-after").parse::<u64>().unwrap() >= 60);
    tenant
        .scim
        .delete(&format!("/Users/{}", ids[11]))
        .await
        .expect_error(503, "");
    tenant
        .scim
        .delete(&format!("/Users/{}", ids[0]))
        .await
        .expect_error(503, "");
    // Everything else goes on.
    tenant.scim.create_user("new@x.example").await.expect(201);
    let rename = json!([{ "op": "Replace", "path": "displayName", "value": "Ada" }]);
    tenant
        .scim
        .patch(&format!("/Users/{}", ids[12]), rename)
        .await
        .expect(200);
    let bulk = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
        "Operations": [
            { "method": "DELETE", "path": format!("/Users/{}", ids[13]) },
            { "method": "POST", "path": "/Users", "bulkId": "b", "data": system::scim::user("bulk@x.example") },
        ],
    });
    let bulk = tenant.scim.send("POST", "/Bulk", Some(&bulk)).await;
    let statuses: Vec<&Value> = bulk.expect(200)["Operations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|operation| &operation["status"])
        .collect();
    assert_eq!(statuses, ["503", "201"], "{}", bulk.text);
    let held = system.api("GET", &path, None).await;
    assert_eq!(
        (&held["state"], &held["health"]["state"]),
        (&json!("held"), &json!("held"))
    );
    assert_eq!(held["counts"]["active_users"], 22);

    let released = system.api("POST", &format!("{path}/release"), None).await;
    assert_eq!(
        (&released["state"], &released["held_at"]),
        (&json!("active"), &json!(null))
    );
    for id in &ids[10..25] {
        deactivate(&tenant, id).await.expect(200);
    }
    let kinds: Vec<String> = receiver.wait_for(2).await.iter().map(|a| a.kind().to_owned()).collect();
    assert_eq!(kinds, ["directory.held", "directory.released"]);
    let about = &receiver.arrivals()[0].body["data"];
    assert_eq!(about["directory"]["state"], "held");
    assert_eq!(
        about["held"],
        json!({ "removed": 10, "allowed": 10, "active_users": 30, "window_minutes": 10 })
    );
    assert_gapless(&system.log(&tenant).await);

    // Off for those who want it off.
    let other = system.tenant("fabrikam.example").await;
    let off = json!({ "mass_change_brake": { "enabled": false, "new_user_hours": 0 } });
    system
        .api("PATCH", &format!("/directories/{}", other.directory_id), Some(off))
        .await;
    for id in people(&other, 15).await {
        deactivate(&other, &id).await.expect(200);
    }
    system.verify().await;
    receiver.stop().await;
    system.stop().await;
}

/// As Microsoft's SCIM validator does, and a person who tries the product.
async fn a_person_who_tries_the_product_may_delete_all_that_was_just_made(shape: Shape) {
    let system = System::start(shape).await;
    let tenant = system.tenant("contoso.example").await;
    let ids = people(&tenant, 24).await;
    for (n, id) in ids.iter().enumerate() {
        if n % 2 == 0 {
            deactivate(&tenant, id).await.expect(200);
        }
        tenant.scim.delete(&format!("/Users/{id}")).await.expect(204);
    }
    let directory = system
        .api("GET", &format!("/directories/{}", tenant.directory_id), None)
        .await;
    assert_eq!(
        (&directory["state"], &directory["counts"]["users"]),
        (&json!("active"), &json!(0))
    );
    assert_gapless(&system.log(&tenant).await);
    system.verify().await;
    system.stop().await;
}

async fn a_directory_above_its_rate_is_asked_to_retry_later(shape: Shape) {
    let system = System::start(shape).await;
    let (limited, free) = (
        system.tenant("contoso.example").await,
        system.tenant("fabrikam.example").await,
    );
    let path = format!("/directories/{}", limited.directory_id);
    let (status, problem) = system.try_api("PATCH", &path, Some(json!({ "rate_limit": 24 }))).await;
    assert!(status == 422 && problem.to_string().contains("quarantine"), "{problem}");
    system.api("PATCH", &path, Some(json!({ "rate_limit": 25 }))).await;
    let flood = |tenant: &Tenant| {
        let scim = tenant.scim.clone();
        async move {
            let requests = (0..200).map(|_| scim.get("/Users?count=0"));
            futures_util::future::join_all(requests).await
        }
    };
    // A key's settings are remembered for a second.
    let started = Instant::now();
    let throttled = loop {
        let answers = flood(&limited).await;
        if let Some(throttled) = answers.into_iter().find(|answer| answer.status == 429) {
            break throttled;
        }
        assert!(started.elapsed() < system::process::PATIENCE, "nobody was throttled");
    };
    assert!(throttled.expect_error(429, "").contains("25 requests per second"));
    let wait: u64 = throttled.header("retry-after").parse().unwrap();
    assert!((1..=8).contains(&wait), "{wait}");
    assert!(
        flood(&free).await.iter().all(|answer| answer.status == 200),
        "only that directory"
    );
    tokio::time::sleep(Duration::from_secs(wait)).await;
    limited.scim.create_user("ada@x.example").await.expect(201);
    system.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lane_that_is_too_deep_sheds_at_once_and_takes_nothing_of_what_it_shed() {
    let mut system = System::start(Shape::Separate).await;
    let tenant = system.tenant("contoso.example").await;
    system.process("projector").kill().await;
    system
        .vhost()
        .expect("a broker")
        .set_policy("shallow", r"^rollcall\.commands\.", &json!({ "max-length": 3 }))
        .await;
    let shed = |answer: &Answer| answer.status == 503 && answer.text.contains("too many changes are waiting");
    // The broker applies a policy in its own time. What fits into the lane waits there for the projector.
    let (mut asked, mut refused) = (0, Vec::new());
    let mut waiting: JoinSet<(String, Answer)> = JoinSet::new();
    let began = Instant::now();
    while !refused.iter().any(|(_, answer)| shed(answer)) {
        assert!(began.elapsed() < system::process::PATIENCE, "nothing was shed");
        for _ in 0..10 {
            asked += 1;
            let (scim, name) = (tenant.scim.clone(), format!("user{asked}@x.example"));
            waiting.spawn(async move {
                let answer = scim.create_user(&name).await;
                (name, answer)
            });
        }
        let soon = Instant::now() + Duration::from_millis(500);
        while let Ok(Some(answered)) = tokio::time::timeout_at(soon.into(), waiting.join_next()).await {
            refused.push(answered.unwrap());
        }
    }
    // From now on nobody waits to be told.
    let again = Instant::now();
    let answer = tenant.scim.create_user("late@x.example").await;
    assert!(
        shed(&answer) && again.elapsed() < Duration::from_secs(2),
        "{}",
        answer.text
    );
    answer.expect_error(503, "");
    assert_eq!(answer.header("retry-after"), "10");
    refused.push(("late@x.example".to_owned(), answer));
    system.process("projector").start().await;
    while let Some(answered) = waiting.join_next().await {
        refused.push(answered.unwrap());
    }
    let mut stored = 0;
    for (name, answer) in refused {
        let found = tenant.scim.find("Users", &format!("userName eq \"{name}\"")).await;
        let expected = u64::from(answer.status == 201);
        assert!(matches!(answer.status, 201 | 503), "{}", answer.text);
        assert_eq!(found.expect(200)["totalResults"], expected, "{name}: {}", answer.text);
        stored += expected;
    }
    assert_gapless(&system.log(&tenant).await);
    assert_eq!(
        tenant.scim.get("/Users?count=0").await.expect(200)["totalResults"],
        stored
    );
    system.verify().await;
    system.clean().await;
}
