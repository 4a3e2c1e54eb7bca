//! Groups of very many members: all of it is announced, and nobody else notices.

use serde_json::{Value, json};
use std::time::Instant;
use store::testing::insert_many_users;
use system::process::{PATIENCE, pause};
use system::receiver::Receiver;
use system::{Shape, System};

crate::on_both_shapes! { a_group_of_sixty_thousand_is_stored_announced_and_deleted_and_writes_go_on }

async fn a_group_of_sixty_thousand_is_stored_announced_and_deleted_and_writes_go_on(shape: Shape) {
    const MANY: usize = 60_000;
    const AT_ONCE: usize = 2_000;
    let mut system = System::start(shape).await;
    let (tenant, other) = (
        system.tenant("contoso.example").await,
        system.tenant("fabrikam.example").await,
    );
    let receiver = Receiver::start();
    let wanted = json!({ "event_types": ["user.created", "group.deleted"] });
    system.subscribe(&receiver, wanted).await;
    let directory = tenant.directory_id.parse().unwrap();
    let people = insert_many_users(&system.database.store, directory, MANY)
        .await
        .unwrap();
    let body = system::scim::group("Everybody");
    let group = format!(
        "/Groups/{}",
        tenant.scim.send("POST", "/Groups", Some(&body)).await.id()
    );
    for some in people.chunks(AT_ONCE) {
        let value: Vec<Value> = some.iter().map(|id| json!({ "value": id })).collect();
        let add = json!([{ "op": "add", "path": "members", "value": value }]);
        let started = Instant::now();
        // A slow machine may need longer than is waited for; a client that is told so comes again.
        while tenant.scim.patch(&group, add.clone()).await.status != 204 {
            assert!(started.elapsed() < PATIENCE, "{AT_ONCE} members are not stored");
        }
    }
    for tenant in [&tenant, &other] {
        tenant.scim.create_user("ada@x.example").await.expect(201);
    }
    receiver.wait_for(2).await;
    let mut last = 0;
    loop {
        let log = system.database.store.events();
        let page = log.of_directory(directory, last, &[], 5_000).await.unwrap();
        let Some(newest) = page.last() else { break };
        let sequences = page.iter().map(|event| event.sequence);
        assert!(sequences.eq(last + 1..=newest.sequence), "no gap");
        last = newest.sequence;
    }
    // The directory, its key, the group, its members, a person: at least.
    assert!(last >= i64::try_from(MANY).unwrap() + 4, "{last} events");
    let started = Instant::now();
    while dispatched(&mut system).await < last {
        assert!(
            started.elapsed() < PATIENCE,
            "not all of {last} events came to the dispatcher"
        );
        pause().await;
    }
    tenant.scim.delete(&group).await.expect(204);
    tenant.scim.create_user("bob@x.example").await.expect(201);
    let arrived = receiver.wait_for(4).await;
    let kinds: Vec<&str> = arrived.iter().map(|arrival| arrival.kind()).collect();
    assert!(kinds.contains(&"group.deleted"), "{kinds:?}");
    system.stop().await;
}

/// How many events the dispatcher has taken.
async fn dispatched(system: &mut System) -> i64 {
    let url = format!("{}/metrics", system.process("dispatcher").url());
    let text = system::client().get(url).send().await.unwrap().text().await.unwrap();
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("rollcall_dispatched_events_total "));
    line.and_then(|count| count.trim().parse().ok()).unwrap_or_default()
}
