//! Many changes in one request.

use serde_json::{Value, json};
use system::scim::{Answer, ENTERPRISE, PATCH_OP, Scim, group, user};
use system::{Shape, System, assert_gapless};

crate::on_both_shapes! {
    each_operation_is_a_change_of_its_own,
    references_lead_to_what_the_request_creates,
    circles_are_resolved_and_what_refers_to_a_failure_fails,
    fail_on_errors_stops_after_so_many_failures,
    limits_are_named_and_true,
    independent_operations_share_a_commit_and_keep_their_order,
    a_paused_directory_takes_no_bulk_request_and_does_nothing_of_it,
}

const REQUEST: &str = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";
const RESPONSE: &str = "urn:ietf:params:scim:api:messages:2.0:BulkResponse";

async fn bulk(scim: &Scim, operations: Value) -> Vec<Value> {
    let answer = send(scim, operations, Value::Null).await;
    let body = answer.expect(200);
    assert_eq!(body["schemas"], json!([RESPONSE]));
    body["Operations"].as_array().expect("results").clone()
}

async fn send(scim: &Scim, operations: Value, fail_on_errors: Value) -> Answer {
    let mut body = json!({ "schemas": [REQUEST], "failOnErrors": fail_on_errors });
    body["Operations"] = operations;
    scim.send("POST", "/Bulk", Some(&body)).await
}

fn post(path: &str, bulk_id: &str, data: Value) -> Value {
    let mut operation = json!({ "method": "POST", "path": path, "bulkId": bulk_id });
    operation["data"] = data;
    operation
}

fn patch(path: &str, operation: Value) -> Value {
    let mut data = json!({ "schemas": [PATCH_OP] });
    data["Operations"] = Value::Array(vec![operation]);
    json!({ "method": "PATCH", "path": path, "data": data })
}

fn new_user(name: &str) -> Value {
    post("/Users", name, user(&format!("{name}@contoso.example")))
}

fn new_group(name: &str, members: &[&str]) -> Value {
    let mut data = group(name);
    data["members"] = members
        .iter()
        .map(|member| json!({ "value": format!("bulkId:{member}") }))
        .collect();
    post("/Groups", name, data)
}

fn statuses(results: &[Value]) -> Vec<&str> {
    results
        .iter()
        .map(|result| result["status"].as_str().expect("status is text"))
        .collect()
}

/// The path of a resource below the base URL.
fn path(scim: &Scim, result: &Value) -> String {
    let location = result["location"]
        .as_str()
        .unwrap_or_else(|| panic!("no location: {result}"));
    location
        .strip_prefix(&scim.base)
        .expect("an address of this directory")
        .to_owned()
}

fn id(scim: &Scim, result: &Value) -> String {
    path(scim, result).rsplit('/').next().expect("an id").to_owned()
}

async fn members(scim: &Scim, result: &Value) -> Vec<String> {
    let group = scim.get(&path(scim, result)).await;
    let members = group.expect(200)["members"].as_array().cloned().unwrap_or_default();
    let mut ids: Vec<String> = members
        .iter()
        .map(|one| one["value"].as_str().unwrap().to_owned())
        .collect();
    ids.sort();
    ids
}

fn sorted<const N: usize>(mut ids: [String; N]) -> [String; N] {
    ids.sort();
    ids
}

// Rules: R46, R48
async fn each_operation_is_a_change_of_its_own(shape: Shape) {
    let system = System::start(shape).await;
    let tenant = system.tenant("contoso.example").await;
    let scim = &tenant.scim;
    let (old, gone) = (
        scim.create_user("old@contoso.example").await,
        scim.create_user("gone@contoso.example").await,
    );
    let (old, gone) = (format!("/Users/{}", old.id()), format!("/Users/{}", gone.id()));
    let title = json!({ "op": "replace", "path": "title", "value": "Boss" });
    let mut stale = patch(&old, title.clone());
    stale["version"] = json!("W/\"1\"");
    let mut fresh = stale.clone();
    fresh["version"] = json!("W/\"2\"");
    fresh["data"]["Operations"][0]["value"] = json!("Big Boss");
    let results = bulk(
        scim,
        json!([
            new_user("ada"),
            patch(&old, title),
            stale,
            fresh,
            { "method": "PUT", "path": old, "data": user("renamed@contoso.example") },
            { "method": "delete", "path": gone },
            { "method": "DELETE", "path": gone },
            post("/Users", "twin", user("ADA@contoso.example")),
            { "method": "GET", "path": old },
            post("/Bulk", "nested", json!({ "schemas": [REQUEST], "Operations": [] })),
            { "method": "DELETE", "path": "/Users/no-id" },
        ]),
    )
    .await;
    let expected = [
        "201", "200", "412", "200", "200", "204", "404", "409", "400", "400", "404",
    ];
    assert_eq!(statuses(&results), expected, "{results:?}");
    let read = scim.get(&path(scim, &results[0])).await;
    assert_eq!(read.expect(200)["userName"], "ada@contoso.example");
    assert_eq!(
        (&results[0]["bulkId"], &results[0]["version"]),
        (&json!("ada"), &read.body["meta"]["version"])
    );
    assert_eq!(scim.get(&old).await.expect(200)["userName"], "renamed@contoso.example");
    assert_eq!(results[4]["version"], "W/\"4\"");
    assert_eq!(results[5]["method"], "DELETE");
    for index in [2, 5, 6] {
        assert!(
            results[index]["location"]
                .as_str()
                .is_some_and(|location| location.contains("/Users/"))
        );
    }
    for (index, scim_type) in [
        (2, None),
        (6, None),
        (7, Some("uniqueness")),
        (8, Some("invalidSyntax")),
    ] {
        let response = &results[index]["response"];
        assert_eq!(response["status"], results[index]["status"]);
        assert_eq!(response["scimType"].as_str(), scim_type, "{response}");
    }
    assert_eq!((results[7].get("location"), results[0].get("response")), (None, None));
    // What was done is announced as if it had been asked for one by one; what failed is not.
    let log = system.log(&tenant).await;
    assert_gapless(&log);
    let kinds: Vec<&str> = log.iter().filter_map(|event| event["type"].as_str()).collect();
    let users: Vec<&str> = kinds.into_iter().filter(|kind| kind.starts_with("user.")).collect();
    let expected = [
        "created", "created", "created", "updated", "updated", "updated", "deleted",
    ];
    assert_eq!(users, expected.map(|what| format!("user.{what}")));
    system.verify().await;
    system.stop().await;
}

// Rules: R47
async fn references_lead_to_what_the_request_creates(shape: Shape) {
    let system = System::start(shape).await;
    let tenant = system.tenant("contoso.example").await;
    let scim = &tenant.scim;
    let mut ada = new_user("ada");
    ada["data"][ENTERPRISE] = json!({ "manager": { "value": "bulkId:boss" } });
    let by_filter = json!({ "op": "remove", "path": "members[value eq \"bulkId:ada\"]" });
    let by_value = json!({ "op": "add", "path": "members", "value": [{ "value": "bulkId:late" }] });
    let results = bulk(
        scim,
        json!([
            patch("/Groups/bulkId:outer", by_filter),
            new_group("outer", &["inner", "ada", "boss"]),
            ada,
            new_user("boss"),
            new_group("inner", &["ada"]),
            patch("/Groups/bulkId:inner", by_value),
            new_user("late"),
            { "method": "DELETE", "path": "/Users/bulkId:bob" },
            new_user("bob"),
        ]),
    )
    .await;
    let expected = ["200", "201", "201", "201", "201", "200", "201", "204", "201"];
    assert_eq!(statuses(&results), expected, "{results:?}");
    let id = |index: usize| id(scim, &results[index]);
    let ada = scim.get(&path(scim, &results[2])).await;
    assert_eq!(
        ada.expect(200)[ENTERPRISE].get("manager").map(|boss| &boss["value"]),
        Some(&json!(id(3)))
    );
    assert_eq!(members(scim, &results[1]).await, sorted([id(3), id(4)]));
    scim.get(&path(scim, &results[8])).await.expect_error(404, "");
    assert_eq!(members(scim, &results[4]).await, sorted([id(2), id(6)]));
    assert!(!ada.text.contains("bulkId"), "{}", ada.text);
    system.stop().await;
}

// Rules: R47
async fn circles_are_resolved_and_what_refers_to_a_failure_fails(shape: Shape) {
    let system = System::start(shape).await;
    let tenant = system.tenant("contoso.example").await;
    let scim = &tenant.scim;
    let managed = |name: &str, boss: &str| {
        let mut user = new_user(name);
        user["data"][ENTERPRISE] = json!({ "manager": { "value": format!("bulkId:{boss}") } });
        user
    };
    let results = bulk(
        scim,
        json!([
            new_group("a", &["b"]),
            new_group("b", &["a", "ada"]),
            managed("ada", "bob"),
            managed("bob", "ada"),
        ]),
    )
    .await;
    assert_eq!(statuses(&results), ["201"; 4], "{results:?}");
    let ids: Vec<String> = results.iter().map(|result| id(scim, result)).collect();
    assert_eq!(members(scim, &results[0]).await, [ids[1].clone()]);
    assert_eq!(
        members(scim, &results[1]).await,
        sorted([ids[0].clone(), ids[2].clone()])
    );
    for (user, boss) in [(2, 3), (3, 2)] {
        let user = scim.get(&path(scim, &results[user])).await;
        assert_eq!(user.expect(200)[ENTERPRISE]["manager"]["value"], ids[boss].as_str());
    }
    for result in &results {
        let read = scim.get(&path(scim, result)).await;
        assert_eq!(
            read.expect(200)["meta"]["version"],
            result["version"],
            "the version after everything"
        );
    }
    // Now one of each pair cannot be created.
    let mut nameless = new_group("d", &["c"]);
    nameless["data"]["displayName"] = json!("");
    let results = bulk(
        scim,
        json!([
            nameless,
            new_group("c", &["d"]),
            new_user("ada"),
            new_group("with-ada", &["ada"]),
            { "method": "DELETE", "path": "/Groups/bulkId:d" },
            new_group("itself", &["itself"]),
            new_group("of-nobody", &["nobody"]),
            new_user("eve"),
        ]),
    )
    .await;
    let expected = ["400", "409", "409", "409", "409", "400", "400", "201"];
    assert_eq!(statuses(&results), expected, "{results:?}");
    let detail = |index: usize| results[index]["response"]["detail"].as_str().unwrap_or_default();
    assert!(
        detail(1).contains("was created, but without") && detail(1).contains("bulkId d"),
        "{}",
        detail(1)
    );
    assert_eq!(members(scim, &results[1]).await, Vec::<String>::new());
    assert!(detail(3).contains("bulkId ada"), "{}", detail(3));
    assert!(detail(5).contains("itself"), "{}", detail(5));
    assert!(detail(6).contains("bulkId:nobody"), "{}", detail(6));
    let found = scim
        .find("Groups", "displayName sw \"with\" or displayName eq \"itself\"")
        .await;
    assert_eq!(found.expect(200)["totalResults"], 0);
    system.stop().await;
}

// Rules: R48
async fn fail_on_errors_stops_after_so_many_failures(shape: Shape) {
    let system = System::start(shape).await;
    let tenant = system.tenant("contoso.example").await;
    let scim = &tenant.scim;
    let missing = json!({ "method": "DELETE", "path": format!("/Users/{}", uuid::Uuid::new_v4()) });
    let operations = |round: &str| {
        let user = |n: usize| new_user(&format!("{round}{n}"));
        json!([user(0), missing, user(1), missing, user(2), missing])
    };
    for (round, fail_on_errors, expected) in [
        ("a", json!(1), &["201", "404"][..]),
        ("b", json!(2), &["201", "404", "201", "404"]),
        ("c", json!(3), &["201", "404", "201", "404", "201", "404"]),
        ("d", json!(9), &["201", "404", "201", "404", "201", "404"]),
        ("e", Value::Null, &["201", "404", "201", "404", "201", "404"]),
    ] {
        let answer = send(scim, operations(round), fail_on_errors).await;
        let results = answer.expect(200)["Operations"].as_array().unwrap();
        assert_eq!(statuses(results), expected, "{}", answer.text);
        let made = scim.find("Users", &format!("userName sw \"{round}\"")).await;
        let created = expected.iter().filter(|status| **status == "201").count();
        assert_eq!(made.expect(200)["totalResults"], created);
    }
    send(scim, operations("f"), json!(0))
        .await
        .expect_error(400, "invalidValue");
    system.stop().await;
}

// Rules: R46, R49
async fn limits_are_named_and_true(shape: Shape) {
    let system = System::start(shape).await;
    let tenant = system.tenant("contoso.example").await;
    let scim = &tenant.scim;
    let config = scim.get("/ServiceProviderConfig").await;
    let limits = &config.expect(200)["bulk"];
    assert_eq!(
        *limits,
        json!({ "supported": true, "maxOperations": 1000, "maxPayloadSize": 1_048_576 })
    );
    let gone = format!("/Users/{}", uuid::Uuid::new_v4());
    let delete = |_| json!({ "method": "DELETE", "path": gone });
    let many = send(scim, (0..1001).map(delete).collect(), Value::Null).await;
    let detail = many.expect_error(413, "");
    assert!(detail.contains("maxOperations") && detail.contains("1000"), "{detail}");
    let most = send(scim, (0..1000).map(delete).collect(), json!(2)).await;
    assert_eq!(most.expect(200)["Operations"].as_array().map(Vec::len), Some(2));
    let mut large = new_user("large");
    large["data"]["title"] = json!("x".repeat(1 << 20));
    let large = send(scim, json!([large]), Value::Null).await;
    let detail = large.expect_error(413, "");
    assert!(
        detail.contains("maxPayloadSize") && detail.contains("1048576"),
        "{detail}"
    );
    scim.send("POST", "/Bulk", Some(&json!({ "Operations": [] })))
        .await
        .expect_error(400, "invalidSyntax");
    scim.get("/Bulk").await.expect_error(405, "");
    scim.with_token("nonsense")
        .send("POST", "/Bulk", Some(&json!({})))
        .await
        .expect_error(401, "");
    system.stop().await;
}

/// How many batches the projector has committed, and of how many commands.
async fn committed(system: &mut System) -> (u64, u64) {
    let url = format!("{}/metrics", system.process("projector").url());
    let text = system::client().get(url).send().await.unwrap().text().await.unwrap();
    let of = |name: &str| {
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix(&format!("rollcall_projector_batch_size_{name} ")));
        let number: f64 = line.map_or(0.0, |line| line.trim().parse().unwrap());
        format!("{number:.0}").parse::<u64>().unwrap()
    };
    (of("count"), of("sum"))
}

// Rules: R48
async fn independent_operations_share_a_commit_and_keep_their_order(shape: Shape) {
    let mut system = System::start(shape).await;
    let tenant = system.tenant("contoso.example").await;
    let scim = &tenant.scim;
    let old = format!("/Users/{}", scim.create_user("old@contoso.example").await.id());
    let (batches, commands) = committed(&mut system).await;
    let title = |n: usize| {
        patch(
            &old,
            json!({ "op": "replace", "path": "title", "value": format!("{n}") }),
        )
    };
    let operations: Vec<Value> = (0..100)
        .map(|n| {
            if n % 10 == 9 {
                title(n)
            } else {
                new_user(&format!("p{n}"))
            }
        })
        .collect();
    let results = bulk(scim, operations.into()).await;
    let (batches_after, commands_after) = committed(&mut system).await;
    assert_eq!(commands_after - commands, 100);
    // One or two when nothing else keeps the machine busy; a hundred when each waits for the one before.
    assert!(batches_after - batches <= 20, "{}", batches_after - batches);
    for (n, result) in results.iter().enumerate() {
        let expected = if n % 10 == 9 { "200" } else { "201" };
        assert_eq!(result["status"], expected, "{result}");
    }
    // In order: each change of the one user made the next version, and the last one stays.
    let versions: Vec<_> = results
        .iter()
        .skip(9)
        .step_by(10)
        .map(|one| one["version"].clone())
        .collect();
    let expected: Vec<_> = (2..12).map(|version| json!(format!("W/\"{version}\""))).collect();
    assert_eq!(versions, expected);
    assert_eq!(scim.get(&old).await.expect(200)["title"], "99");
    let log = system.log(&tenant).await;
    assert_gapless(&log);
    let made = log.iter().filter(|event| event["type"] == "user.created").skip(1);
    let made: Vec<_> = made.map(|event| event["data"]["user"]["external_id"].clone()).collect();
    let expected: Vec<_> = (0..100)
        .filter(|n| n % 10 != 9)
        .map(|n| json!(format!("p{n}")))
        .collect();
    assert_eq!(made, expected);
    // Never more under way than may fail: the third failure ends it, wherever it stands among the others.
    let gone = json!({ "method": "DELETE", "path": format!("/Users/{}", uuid::Uuid::new_v4()) });
    let broken = json!({ "method": "GET", "path": old });
    let operations = json!([
        new_user("q0"),
        gone,
        new_user("q1"),
        broken,
        new_user("q2"),
        new_user("q3"),
        gone,
        new_user("q4")
    ]);
    let answer = send(scim, operations, json!(3)).await;
    let results = answer.expect(200)["Operations"].as_array().unwrap();
    assert_eq!(statuses(results), ["201", "404", "201", "400", "201", "201", "404"]);
    assert_eq!(
        scim.find("Users", "userName sw \"q\"").await.expect(200)["totalResults"],
        4
    );
    system.stop().await;
}

// Rules: R48
async fn a_paused_directory_takes_no_bulk_request_and_does_nothing_of_it(shape: Shape) {
    let system = System::start(shape).await;
    let tenant = system.tenant("contoso.example").await;
    let path = format!("/directories/{}", tenant.directory_id);
    system.api("PATCH", &path, Some(json!({ "state": "paused" }))).await;
    let started = std::time::Instant::now();
    let mut n = 0;
    // States are remembered for a moment.
    let refused = loop {
        n += 1;
        let answer = send(&tenant.scim, json!([new_user(&format!("p{n}"))]), Value::Null).await;
        if answer.status != 200 {
            break answer;
        }
        assert!(started.elapsed() < system::process::PATIENCE);
    };
    assert!(refused.expect_error(503, "").contains("paused"), "{}", refused.text);
    assert!(!refused.header("retry-after").is_empty());
    let total = tenant.scim.get("/Users?count=0").await.expect(200)["totalResults"].clone();
    assert_eq!(total, json!(n - 1));
    system.stop().await;
}

/// Without the broker the whole request is refused, as long as nothing of it was done: then it may be sent again as it is.
/// With a projector that stands still, every operation is given up, which is the same.
// Rules: R48
#[tokio::test(flavor = "multi_thread")]
async fn a_bulk_request_that_meets_an_outage_is_refused_whole_while_nothing_is_done() {
    let url =
        std::env::var("ROLLCALL_TEST_BUS_URL").unwrap_or_else(|_| "amqp://guest:guest@127.0.0.1:5672/%2f".to_owned());
    let proxy = bus::testing::TcpProxy::to_broker(&url).await;
    let detour = system::Detour {
        broker: Some(proxy.address()),
        ..system::Detour::default()
    };
    let mut system = System::start_through(detour).await;
    let tenant = system.tenant("contoso.example").await;
    let scim = &tenant.scim;
    let old = format!("/Users/{}", scim.create_user("old@contoso.example").await.id());
    let operations = || {
        let gone = json!({ "method": "DELETE", "path": format!("/Users/{}", uuid::Uuid::new_v4()) });
        let title = patch(&old, json!({ "op": "replace", "path": "title", "value": "Dr" }));
        json!([
            gone,
            new_user("ada"),
            title,
            new_user("bob"),
            new_group("staff", &["ada"])
        ])
    };
    proxy.block();
    let started = std::time::Instant::now();
    let refused = send(scim, operations(), Value::Null).await;
    refused.expect_error(503, "");
    assert!(!refused.header("retry-after").is_empty());
    assert!(
        started.elapsed() < std::time::Duration::from_secs(20),
        "once for all of them, not for each"
    );
    proxy.restore();
    // The way to the broker is mended when a change is taken again. Asking with the operations themselves would not do:
    // a connection that comes back between two of them takes some and refuses others.
    loop {
        let probe = scim
            .patch(&old, json!([{ "op": "replace", "path": "nickName", "value": "Mel" }]))
            .await;
        if probe.status == 200 {
            break;
        }
        probe.expect_error(503, "");
        assert!(started.elapsed() < system::process::PATIENCE);
        system::process::pause().await;
    }
    // Nothing was done, and nothing will be.
    let answer = send(scim, operations(), Value::Null).await;
    answer.expect(200);
    let results = answer.body["Operations"].as_array().unwrap();
    assert_eq!(
        statuses(results),
        ["404", "201", "200", "201", "201"],
        "{}",
        answer.text
    );
    system.process("projector").signal(nix::sys::signal::Signal::SIGSTOP);
    send(scim, json!([new_user("during")]), Value::Null)
        .await
        .expect_error(503, "");
    system.process("projector").signal(nix::sys::signal::Signal::SIGCONT);
    let results = bulk(scim, json!([new_user("during"), new_user("after")])).await;
    assert_eq!(statuses(&results), ["201", "201"]);
    assert_gapless(&system.log(&tenant).await);
    system.verify().await;
    system.stop().await;
}
