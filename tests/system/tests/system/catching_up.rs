//! Endpoints that ask for the past, and streams.

use futures_util::StreamExt as _;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};
use system::process::{PATIENCE, pause};
use system::receiver::{Arrival, Receiver};
use system::scim::{Scim, group};
use system::trouble::Trouble;
use system::{ADMIN_KEY, Shape, System, Tenant, assert_gapless};

crate::on_both_shapes! {
    from_the_beginning_every_event_comes_once_while_more_happen,
    from_a_snapshot_state_and_stream_meet_without_gap_or_overlap,
    a_snapshot_goes_on_where_a_killed_dispatcher_left_it,
    a_stream_goes_on_after_the_last_event_id_and_gets_new_events_at_once,
    an_endpoint_that_was_disabled_may_start_over_with_a_snapshot,
}

async fn create(scim: &Scim, prefix: &str, count: usize) -> Vec<String> {
    let mut ids = Vec::with_capacity(count);
    for n in 0..count {
        ids.push(scim.create_user(&format!("{prefix}{n}@contoso.example")).await.id());
    }
    ids
}

/// What arrived from the log of this directory; tenants and tests beside it are left out.
fn sequences(arrivals: &[Arrival]) -> Vec<i64> {
    let of_log = arrivals.iter().filter(|a| !a.kind().starts_with("snapshot."));
    of_log
        .map(|arrival| arrival.body["sequence"].as_i64().unwrap())
        .collect()
}

/// Waits until the endpoint has taken everything up to this sequence.
async fn wait_for_sequence(receiver: &Receiver, last: usize) -> Vec<Arrival> {
    let started = Instant::now();
    loop {
        let distinct = receiver.distinct();
        if sequences(&distinct).contains(&i64::try_from(last).unwrap()) {
            return distinct;
        }
        assert!(started.elapsed() < PATIENCE * 2, "{} have arrived", distinct.len());
        pause().await;
    }
}

async fn caught_up(system: &System, endpoint: &str) {
    let started = Instant::now();
    while system.api("GET", &format!("/endpoints/{endpoint}"), None).await["catching_up"] == true {
        assert!(started.elapsed() < PATIENCE, "it does not catch up");
        pause().await;
    }
}

async fn from_the_beginning_every_event_comes_once_while_more_happen(shape: Shape) {
    let system = System::start(shape).await;
    let tenant = system.tenant("contoso.example").await;
    create(&tenant.scim, "early", 60).await;
    let receiver = Receiver::start();
    let more = json!({ "from": "beginning", "directory_ids": [tenant.directory_id], "ordered": true });
    let (endpoint, _) = tokio::join!(system.subscribe(&receiver, more), create(&tenant.scim, "during", 40));
    create(&tenant.scim, "late", 10).await;
    let log = system.log(&tenant).await;
    assert_gapless(&log);
    receiver.wait_for(log.len()).await;
    caught_up(&system, &endpoint).await;
    create(&tenant.scim, "live", 1).await;
    let arrivals = wait_for_sequence(&receiver, log.len() + 1).await;
    assert_eq!(arrivals.len(), receiver.arrivals().len(), "nothing came twice");
    assert!(arrivals.iter().all(|arrival| arrival.verified));
    let mut bodies: Vec<Value> = arrivals.iter().map(|arrival| arrival.body.clone()).collect();
    bodies.sort_by_key(|body| body["sequence"].as_i64());
    assert_eq!(bodies, system.log(&tenant).await);
    receiver.stop().await;
    system.stop().await;
}

/// People and memberships, as a consumer makes them up from what it is sent.
#[derive(Debug, Default, PartialEq)]
struct Mirror {
    users: BTreeMap<String, Value>,
    members: BTreeSet<(String, String)>,
}

impl Mirror {
    fn take(&mut self, body: &Value) {
        let data = &body["data"];
        let text = |value: &Value| value["id"].as_str().unwrap_or_default().to_owned();
        let (user, group) = (text(&data["user"]), text(&data["group"]));
        match body["type"].as_str().unwrap() {
            "user.deleted" => {
                self.users.remove(&user);
                self.members.retain(|(_, member)| *member != user);
            }
            "group.deleted" => self.members.retain(|(of, _)| *of != group),
            "group.member_added" | "snapshot.member" => drop(self.members.insert((group, user))),
            "group.member_removed" => drop(self.members.remove(&(group, user))),
            kind if kind.starts_with("user.") || kind == "snapshot.user" => {
                self.users.insert(user, data["user"]["display_name"].clone());
            }
            _ => {}
        }
    }

    fn of(bodies: impl IntoIterator<Item = Value>) -> Self {
        let mut mirror = Self::default();
        bodies.into_iter().for_each(|body| mirror.take(&body));
        mirror
    }
}

/// Users, groups and memberships, to be read while they change.
async fn people(tenant: &Tenant) -> (Vec<String>, String) {
    let ids = create(&tenant.scim, "person", 30).await;
    let sales = tenant.scim.send("POST", "/Groups", Some(&group("Sales"))).await.id();
    let members: Vec<_> = ids.iter().take(20).map(|id| json!({ "value": id })).collect();
    let add = json!([{ "op": "add", "path": "members", "value": members }]);
    tenant.scim.patch(&format!("/Groups/{sales}"), add).await.expect(204);
    (ids, sales)
}

/// Every kind of change that a snapshot may meet.
async fn changes(tenant: &Tenant, ids: &[String], sales: &str) {
    let scim = &tenant.scim;
    for (n, id) in ids.iter().enumerate() {
        let path = format!("/Users/{id}");
        match n % 4 {
            0 => drop(scim.delete(&path).await.expect(204)),
            1 => {
                let rename = json!([{ "op": "replace", "path": "displayName", "value": format!("New {n}") }]);
                drop(scim.patch(&path, rename).await.expect(200).clone());
            }
            2 => {
                let leave = json!([{ "op": "remove", "path": format!("members[value eq \"{id}\"]") }]);
                scim.patch(&format!("/Groups/{sales}"), leave).await.expect(204);
            }
            _ => drop(scim.create_user(&format!("new{n}@contoso.example")).await.id()),
        }
    }
}

/// Asserts that a snapshot and what followed are what they promise, and returns the snapshot's sequence.
fn check_snapshot(arrivals: &[Arrival], log: &[Value]) -> i64 {
    let completed: Vec<_> = arrivals.iter().filter(|a| a.kind() == "snapshot.completed").collect();
    assert_eq!(completed.len(), 1);
    let at = completed[0].body["sequence"].as_i64().unwrap();
    let (snapshot, live): (Vec<_>, Vec<_>) = arrivals
        .iter()
        .partition(|arrival| arrival.kind().starts_with("snapshot."));
    assert!(snapshot.iter().all(|arrival| arrival.body["sequence"] == at));
    let mut followed: Vec<i64> = live
        .iter()
        .map(|arrival| arrival.body["sequence"].as_i64().unwrap())
        .collect();
    followed.sort_unstable();
    let expected: Vec<i64> = (at + 1..=i64::try_from(log.len()).unwrap()).collect();
    assert_eq!(followed, expected, "each event after {at}, once");
    let told = &completed[0].body["data"]["snapshot"];
    let count = |kind: &str| snapshot.iter().filter(|arrival| arrival.kind() == kind).count();
    assert_eq!(told["users"], count("snapshot.user"));
    assert_eq!(told["members"], count("snapshot.member"));
    // The state that the snapshot tells is the one that the log tells up to there.
    let before = usize::try_from(at).unwrap();
    let replayed = Mirror::of(log[..before].iter().cloned());
    assert_eq!(
        Mirror::of(snapshot.iter().map(|arrival| arrival.body.clone())),
        replayed
    );
    at
}

async fn from_a_snapshot_state_and_stream_meet_without_gap_or_overlap(shape: Shape) {
    let system = System::start(shape).await;
    let tenant = system.tenant("contoso.example").await;
    let (ids, sales) = people(&tenant).await;
    let receiver = Receiver::start();
    let more = json!({ "from": "snapshot", "directory_ids": [tenant.directory_id] });
    let (endpoint, ()) = tokio::join!(system.subscribe(&receiver, more), changes(&tenant, &ids, &sales));
    caught_up(&system, &endpoint).await;
    tenant.scim.create_user("after@contoso.example").await;
    let log = system.log(&tenant).await;
    let arrivals = wait_for_sequence(&receiver, log.len()).await;
    assert!(arrivals.iter().all(|arrival| arrival.verified));
    check_snapshot(&arrivals, &log);
    let kinds: Vec<_> = arrivals.iter().map(Arrival::kind).collect();
    let place = |kind: &str| kinds.iter().position(|found| *found == kind).unwrap();
    assert!(place("snapshot.user") < place("snapshot.group") && place("snapshot.group") < place("snapshot.member"));
    let live = kinds.iter().position(|kind| !kind.starts_with("snapshot."));
    assert!(live.is_none_or(|live| live > place("snapshot.completed")), "{kinds:?}");
    receiver.stop().await;
    system.stop().await;
}

async fn a_snapshot_goes_on_where_a_killed_dispatcher_left_it(shape: Shape) {
    let mut system = System::start(shape).await;
    let tenant = system.tenant("contoso.example").await;
    let (ids, sales) = people(&tenant).await;
    // More than one page.
    create(&tenant.scim, "many", 450).await;
    let receiver = Receiver::start();
    let more = json!({ "from": "snapshot", "directory_ids": [tenant.directory_id] });
    let endpoint = system.subscribe(&receiver, more).await;
    receiver.wait_for(50).await;
    system.process("dispatcher").kill().await;
    system.process("dispatcher").start().await;
    // The separate services went on meanwhile; in one process everything was away.
    let tenant_scim = if shape == Shape::AllInOne { None } else { Some(&tenant) };
    if let Some(tenant) = tenant_scim {
        changes(tenant, &ids, &sales).await;
    }
    caught_up(&system, &endpoint).await;
    let log = system.log(&tenant).await;
    let started = Instant::now();
    let arrivals = loop {
        let distinct = receiver.distinct();
        let open = system
            .api(
                "GET",
                &format!("/deliveries?endpoint_id={endpoint}&status=pending"),
                None,
            )
            .await;
        let leased = system
            .api(
                "GET",
                &format!("/deliveries?endpoint_id={endpoint}&status=leased"),
                None,
            )
            .await;
        if open["data"] == json!([]) && leased["data"] == json!([]) {
            break distinct;
        }
        assert!(started.elapsed() < PATIENCE * 2, "{} have arrived", distinct.len());
        pause().await;
    };
    check_snapshot(&arrivals, &log);
    receiver.stop().await;
    system.stop().await;
}

/// The messages of a stream until so many events have come: id, type and body of each.
async fn messages(response: reqwest::Response, count: usize) -> Vec<(String, String, Value)> {
    let mut chunks = response.bytes_stream();
    let mut text = String::new();
    let reading = async {
        loop {
            let whole: Vec<_> = text
                .split_inclusive("\n\n")
                .filter(|part| part.starts_with("id: "))
                .collect();
            if whole.iter().filter(|part| part.ends_with("\n\n")).count() >= count {
                return whole.into_iter().map(message).collect();
            }
            let chunk = chunks.next().await.expect("the stream goes on").unwrap();
            text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    };
    tokio::time::timeout(PATIENCE, reading).await.expect("the events come")
}

fn message(part: &str) -> (String, String, Value) {
    let field = |name: &str| {
        part.lines()
            .find_map(|line| line.strip_prefix(name))
            .unwrap()
            .to_owned()
    };
    let body: Value = serde_json::from_str(&field("data: ")).unwrap();
    assert_eq!(body["id"], field("id: "));
    (field("id: "), field("event: "), body)
}

async fn a_stream_goes_on_after_the_last_event_id_and_gets_new_events_at_once(shape: Shape) {
    let system = System::start(shape).await;
    let tenant = system.tenant("contoso.example").await;
    create(&tenant.scim, "early", 150).await;
    let log = system.log(&tenant).await;
    let url = format!(
        "{}/api/v1/events/stream?directory_id={}",
        system.admin_url(),
        tenant.directory_id
    );
    let client = system::client();
    let open = async |query: &str, last: Option<&str>| {
        let mut request = client
            .get(format!("{url}{query}"))
            .bearer_auth(ADMIN_KEY)
            .timeout(PATIENCE * 2);
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        request.send().await.unwrap()
    };
    let stream = open("", None).await;
    assert_eq!(
        (
            stream.status().as_u16(),
            stream.headers()["content-type"].to_str().unwrap()
        ),
        (200, "text/event-stream")
    );
    let all: Vec<Value> = messages(stream, log.len())
        .await
        .into_iter()
        .map(|(_, _, body)| body)
        .collect();
    assert_eq!(all, log);
    let last = log[log.len() - 1]["id"].as_str().unwrap();
    let stream = open("&types=user.*", Some(last)).await;
    let told = tokio::spawn(async move {
        let came = messages(stream, 1).await;
        (came, Instant::now())
    });
    let late = tenant.scim.create_user("late@contoso.example").await.id();
    let made = Instant::now();
    let (came, at) = told.await.unwrap();
    assert_eq!(
        (came[0].1.as_str(), &came[0].2["data"]["user"]["id"]),
        ("user.created", &json!(late))
    );
    assert!(at.saturating_duration_since(made) < Duration::from_secs(2), "prompt");
    let refused = open("&after=0190f5a4-3b1e-7c3a-8d2f-000000000001", None).await;
    assert_eq!(refused.status().as_u16(), 400);
    // A reader that stays must not keep the program from stopping.
    let _stays = open("", None).await;
    system.stop().await;
}

async fn an_endpoint_that_was_disabled_may_start_over_with_a_snapshot(shape: Shape) {
    let system = System::start(shape).await;
    let tenant = system.tenant("contoso.example").await;
    // Says that it is gone, and is switched off.
    let body = json!({ "url": Trouble::Gone.start().await, "directory_ids": [tenant.directory_id] });
    let endpoint = system.api("POST", "/endpoints", Some(body)).await["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let path = format!("/endpoints/{endpoint}");
    let ids = create(&tenant.scim, "person", 20).await;
    let started = Instant::now();
    while system.api("GET", &path, None).await["state"] != "disabled" {
        assert!(started.elapsed() < PATIENCE);
        pause().await;
    }
    tenant.scim.delete(&format!("/Users/{}", ids[0])).await.expect(204);
    let receiver = Receiver::start();
    let secret = system.api("GET", &format!("{path}/secret"), None).await;
    receiver.trust(secret["secret"].as_str().unwrap());
    system.api("PATCH", &path, Some(json!({ "url": receiver.url }))).await;
    let enabled = system
        .api("POST", &format!("{path}/enable"), Some(json!({ "held": "snapshot" })))
        .await;
    assert_eq!(
        (&enabled["state"], &enabled["catching_up"]),
        (&json!("enabled"), &json!(true))
    );
    caught_up(&system, &endpoint).await;
    tenant.scim.create_user("after@contoso.example").await;
    let log = system.log(&tenant).await;
    let arrivals = wait_for_sequence(&receiver, log.len()).await;
    assert!(arrivals.iter().all(|arrival| arrival.verified));
    check_snapshot(&arrivals, &log);
    receiver.stop().await;
    system.stop().await;
}
