//! No tenant sees another.

use futures_util::StreamExt as _;
use serde_json::json;
use std::collections::BTreeSet;
use system::receiver::Receiver;
use system::scim::group;
use system::{Shape, System, Tenant, assert_gapless};

crate::on_both_shapes! {
    two_directories_at_the_same_time_stay_apart,
    two_directories_filled_at_once_hold_their_own_people_only,
    four_clients_posting_the_same_people_create_each_once,
    a_paused_directory_reads_but_does_not_write,
}

async fn two_directories_at_the_same_time_stay_apart(shape: Shape) {
    let system = System::start(shape).await;
    let receiver = Receiver::start();
    let tenants = [
        system.tenant("contoso.example").await,
        system.tenant("fabrikam.example").await,
    ];
    system
        .subscribe(&receiver, json!({ "directory_ids": [tenants[0].directory_id] }))
        .await;
    // The same people in both, at the same time.
    let creates = (0..40).flat_map(|n| tenants.iter().map(move |tenant| (n, tenant)));
    let answers = futures_util::future::join_all(
        creates.map(|(n, tenant)| async move { tenant.scim.create_user(&format!("person{n}@x.example")).await }),
    )
    .await;
    assert!(answers.iter().all(|answer| answer.status == 201));
    let ids: Vec<String> = answers.iter().map(system::scim::Answer::id).collect();
    for (mine, other) in [(0, 1), (1, 0)] {
        let list = tenants[mine].scim.get("/Users?count=200&attributes=id").await;
        let listed: Vec<_> = list.expect(200)["Resources"]
            .as_array()
            .unwrap()
            .iter()
            .map(|r| r["id"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(listed.len(), 40);
        assert!(
            listed
                .iter()
                .all(|id| ids.iter().skip(mine).step_by(2).any(|own| own == id))
        );
        let foreign = &ids[other];
        for answer in [
            tenants[mine].scim.get(&format!("/Users/{foreign}")).await,
            tenants[mine]
                .scim
                .patch(
                    &format!("/Users/{foreign}"),
                    json!([{ "op": "replace", "path": "title", "value": "x" }]),
                )
                .await,
            tenants[mine].scim.delete(&format!("/Users/{foreign}")).await,
        ] {
            answer.expect_error(404, "");
        }
        let members = json!([{ "value": foreign }]);
        let mut body = group("Grafted");
        body["members"] = members;
        tenants[mine]
            .scim
            .send("POST", "/Groups", Some(&body))
            .await
            .expect_error(400, "invalidValue");
        let log = system.log(&tenants[mine]).await;
        assert_eq!(log.len(), 42);
        assert_gapless(&log);
    }
    let arrivals = receiver.wait_for(40).await;
    assert!(
        arrivals
            .iter()
            .all(|arrival| arrival.body["directory_id"] == json!(tenants[0].directory_id))
    );
    receiver.stop().await;
    system.stop().await;
}

/// The ids of everybody in a directory.
async fn everybody(tenant: &Tenant) -> BTreeSet<String> {
    let mut ids = BTreeSet::new();
    loop {
        let path = format!("/Users?startIndex={}&count=100&attributes=id", ids.len() + 1);
        let page = tenant.scim.get(&path).await;
        let page = page.expect(200);
        let found = page["Resources"].as_array().unwrap();
        ids.extend(found.iter().map(|user| user["id"].as_str().unwrap().to_owned()));
        if ids.len() >= usize::try_from(page["totalResults"].as_u64().unwrap()).unwrap() {
            return ids;
        }
    }
}

async fn two_directories_filled_at_once_hold_their_own_people_only(shape: Shape) {
    let system = System::start(shape).await;
    let tenants = [
        system.tenant("contoso.example").await,
        system.tenant("fabrikam.example").await,
    ];
    let fill = async |tenant: &Tenant| -> BTreeSet<String> {
        futures_util::stream::iter(0..400)
            .map(|n| async move {
                let answer = tenant.scim.create_user(&format!("person{n}@x.example")).await;
                assert_eq!(answer.status, 201);
                answer.id()
            })
            .buffer_unordered(32)
            .collect()
            .await
    };
    let (one, two) = tokio::join!(fill(&tenants[0]), fill(&tenants[1]));
    assert_eq!(everybody(&tenants[0]).await, one);
    assert_eq!(everybody(&tenants[1]).await, two);
    assert!(one.is_disjoint(&two));
    system.verify().await;
    system.stop().await;
}

async fn four_clients_posting_the_same_people_create_each_once(shape: Shape) {
    let system = System::start(shape).await;
    let tenant = system.tenant("contoso.example").await;
    let client = async || {
        let mut statuses = Vec::new();
        for n in 0..100 {
            statuses.push(tenant.scim.create_user(&format!("person{n}@x.example")).await.status);
        }
        statuses
    };
    let (a, b, c, d) = tokio::join!(client(), client(), client(), client());
    let statuses = [a, b, c, d].concat();
    let count = |status| statuses.iter().filter(|one| **one == status).count();
    assert_eq!((count(201), count(409)), (100, 300), "{statuses:?}");
    assert_eq!(everybody(&tenant).await.len(), 100);
    system.stop().await;
}

async fn a_paused_directory_reads_but_does_not_write(shape: Shape) {
    let system = System::start(shape).await;
    let tenant = system.tenant("contoso.example").await;
    let id = tenant.scim.create_user("ada@x.example").await.id();
    let path = format!("/directories/{}", tenant.directory_id);
    system.api("PATCH", &path, Some(json!({ "state": "paused" }))).await;
    let refused = async || {
        let started = std::time::Instant::now();
        // Keys and states are remembered for a moment.
        loop {
            let answer = tenant
                .scim
                .create_user(&format!("{}@x.example", uuid::Uuid::new_v4()))
                .await;
            if answer.status != 201 {
                return answer;
            }
            assert!(started.elapsed() < system::process::PATIENCE);
        }
    };
    let answer = refused().await;
    answer.expect_error(503, "");
    assert!(!answer.header("retry-after").is_empty());
    tenant.scim.get(&format!("/Users/{id}")).await.expect(200);
    system.stop().await;
}
