//! A directory that searches as much as it can, beside others.

use serde_json::{Value, json};
use system::process::{PATIENCE, pause};
use system::scim::{Answer, Scim};
use system::{Shape, System, Tenant};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

crate::on_both_shapes! {
    searches_without_end_keep_nothing_from_other_directories,
    a_search_ends_when_its_client_leaves,
    a_query_that_costs_too_much_is_refused_and_says_what_counts,
}

/// So many that no machine searches all of them in the time that a search has.
const PEOPLE: usize = 30_000;
/// Searches of one directory at a time: three quarters of the five connections that the harness gives a process.
const SHARE: usize = 3;
/// Of the statements that a filter over undeclared data becomes, and of no other.
const IN_SQL: &str = "jsonb_array_elements";

/// A filter that finds nothing and has to look through all that an extension holds.
fn endless() -> String {
    let term = |n: usize| format!("urn:contoso:hr:User:tags co \"nowhere{n}\"");
    (0..10).map(term).collect::<Vec<_>>().join(" or ")
}

fn path(filter: &str) -> String {
    let url = url::Url::parse_with_params("http://x/Users", [("filter", filter)]).unwrap();
    format!("/Users?{}", url.query().unwrap())
}

/// People with an extension that no schema declares, straight into the tables.
async fn fill(system: &System, tenant: &Tenant) {
    // Short, so that they are stored soon, and many.
    let tags = (0..60).map(|n| format!("{n}")).collect::<Vec<_>>();
    let extension = json!({ "urn:contoso:hr:User": { "tags": tags } }).to_string();
    let hex = tenant.directory_id.replace('-', "");
    let (begin, directory, id, numbers, json) = match system.shape {
        Shape::AllInOne => (
            "BEGIN",
            format!("X'{hex}'"),
            "unhex(printf('018bcfe56800700080%014x', n))",
            format!(
                "(WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < {PEOPLE}) SELECT n FROM c) x"
            ),
            "",
        ),
        // On a busy machine this takes longer than a statement of the program may.
        Shape::Separate => (
            "BEGIN; SET LOCAL statement_timeout = 0",
            format!("'{}'::uuid", tenant.directory_id),
            "('018bcfe56800700080' || lpad(to_hex(n), 14, '0'))::uuid",
            format!("generate_series(1, {PEOPLE}) AS x(n)"),
            "::jsonb",
        ),
    };
    let name = "'filled' || n || '@x.example'";
    let document = format!("'{{\"userName\":\"' || {name} || '\",\"active\":true,' || substr('{extension}', 2)");
    system
        .database
        .execute(&format!(
            "{begin}; \
             INSERT INTO users (id, directory_id, user_name, user_name_key, active, resource, search, version, created_at, \
             updated_at) SELECT {id}, {directory}, {name}, {name}, true, {document}, ({document}){json}, 1, n, n \
             FROM {numbers}; \
             UPDATE directory_counts SET users = users + {PEOPLE}, active_users = active_users + {PEOPLE} \
             WHERE directory_id = {directory}; COMMIT"
        ))
        .await;
}

/// What another directory and the administrator do meanwhile.
async fn others_work(system: &System, neighbour: &Tenant, round: usize) {
    let name = format!("new{round}@x.example");
    let created = neighbour.scim.create_user(&name).await;
    created.expect(201);
    neighbour
        .scim
        .get(&format!("/Users/{}", created.id()))
        .await
        .expect(200);
    let found = neighbour.scim.find("Users", &format!("userName eq \"{name}\"")).await;
    assert_eq!(found.expect(200)["totalResults"], 1);
    // A search, too.
    let found = neighbour
        .scim
        .find("Users", &format!("userName co \"new{round}@\""))
        .await;
    assert_eq!(found.expect(200)["totalResults"], 1);
    // A key that nobody has seen before has to be looked up.
    let keys = format!("/directories/{}/keys", neighbour.directory_id);
    let key = system.api("POST", &keys, Some(json!({ "name": "another" }))).await;
    let other = neighbour.scim.with_token(key["token"].as_str().unwrap());
    other.get(&format!("/Users/{}", created.id())).await.expect(200);
    let listed = system.api("GET", "/directories?limit=10", None).await;
    assert!(listed["data"].as_array().is_some_and(|data| data.len() >= 2));
}

async fn searches_without_end_keep_nothing_from_other_directories(shape: Shape) {
    const AT_ONCE: usize = 12;
    let system = System::start(shape).await;
    let hostile = system.tenant("contoso.example").await;
    let neighbour = system.tenant("fabrikam.example").await;
    fill(&system, &hostile).await;
    let searches: Vec<_> = (0..AT_ONCE)
        .map(|n| {
            let scim: Scim = hostile.scim.clone();
            tokio::spawn(async move {
                match n % 3 {
                    0 => scim.get(&path(&endless())).await,
                    1 => {
                        let body = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],
                                           "filter": endless(), "count": 0 });
                        scim.send("POST", "/Users/.search", Some(&body)).await
                    }
                    // At the root, all kinds.
                    _ => scim.get(&path(&endless()).replacen("/Users", "", 1)).await,
                }
            })
        })
        .collect();
    let mut rounds = 0;
    while !searches.iter().all(tokio::task::JoinHandle::is_finished) {
        others_work(&system, &neighbour, rounds).await;
        rounds += 1;
    }
    assert!(rounds > 0);
    let (mut too_slow, mut refused) = (0, 0);
    for search in searches {
        let answer: Answer = search.await.unwrap();
        if answer.status == 429 {
            let detail = answer.expect_error(429, "");
            assert!(
                detail.contains("3 searches running") && detail.contains("ROLLCALL_DIRECTORY_SEARCHES"),
                "{detail}"
            );
            assert_eq!(answer.header("retry-after"), "5");
            refused += 1;
        } else {
            let detail = answer.expect_error(400, "tooMany");
            assert!(detail.contains("narrow the filter"), "{detail}");
            too_slow += 1;
        }
    }
    assert!(
        too_slow >= 1 && refused >= 1,
        "{too_slow} took too long, {refused} were refused"
    );
    // Reads by id and by unique name are no searches, and the directory may search again.
    let found = hostile.scim.find("Users", "userName eq \"filled7@x.example\"").await;
    let id = found.expect(200)["Resources"][0]["id"].as_str().unwrap().to_owned();
    hostile.scim.get(&format!("/Users/{id}")).await.expect(200);
    let found = hostile.scim.find("Users", "userName co \"filled12@\"").await;
    assert_eq!(found.expect(200)["totalResults"], 1);
    assert_eq!(system.database.running(IN_SQL).await.unwrap_or(0), 0);
    system.stop().await;
}

/// Sends a search and does not wait for its answer.
async fn ask(scim: &Scim, path: &str) -> TcpStream {
    let url: url::Url = format!("{}{path}", scim.base).parse().unwrap();
    let address = (url.host_str().unwrap(), url.port().unwrap());
    let mut stream = TcpStream::connect(address).await.unwrap();
    let target = format!("{}?{}", url.path(), url.query().unwrap());
    let head = format!(
        "GET {target} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n\r\n",
        scim.token
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream
}

async fn a_search_ends_when_its_client_leaves(shape: Shape) {
    let system = System::start(shape).await;
    let tenant = system.tenant("contoso.example").await;
    fill(&system, &tenant).await;
    for _ in 0..6 {
        let mut clients = Vec::new();
        for _ in 0..SHARE {
            clients.push(ask(&tenant.scim, &path(&endless())).await);
        }
        let started = std::time::Instant::now();
        // Where nobody can be asked, a request that comes after them shows that they are there.
        while system.database.running(IN_SQL).await.is_some_and(|running| running < 3) {
            assert!(started.elapsed() < PATIENCE, "they do not begin");
            pause().await;
        }
        tenant
            .scim
            .find("Users", "userName eq \"filled1@x.example\"")
            .await
            .expect(200);
        for client in &mut clients {
            let mut byte = [0];
            assert!(client.try_read(&mut byte).is_err(), "none is answered yet");
        }
        drop(clients);
        // Did they go on, this would wait for its turn longer than one waits.
        let found = tenant.scim.find("Users", "userName co \"filled12@\"").await;
        assert_eq!(found.expect(200)["totalResults"], 1);
        let started = std::time::Instant::now();
        while system.database.running(IN_SQL).await.is_some_and(|running| running > 0) {
            assert!(started.elapsed() < PATIENCE, "they do not end");
            pause().await;
        }
    }
    system.stop().await;
}

// Rules: R34
async fn a_query_that_costs_too_much_is_refused_and_says_what_counts(shape: Shape) {
    let system = System::start(shape).await;
    let tenant = system.tenant("contoso.example").await;
    let undeclared = |terms: usize| vec!["urn:contoso:hr:User:badge eq \"x\""; terms].join(" or ");
    let list = |filter: String, sort: &'static str| {
        let scim = tenant.scim.clone();
        async move { scim.get(&format!("{}&sortBy={sort}", path(&filter))).await }
    };
    assert_eq!(list(undeclared(10), "userName").await.expect(200)["totalResults"], 0);
    for answer in [
        list(undeclared(11), "userName").await,
        list(undeclared(10), "title").await,
    ] {
        let detail = answer.expect_error(400, "invalidFilter");
        assert!(
            detail.contains("may count as 100") && detail.contains("declare the extension"),
            "{detail}"
        );
    }
    // A declared extension counts as any attribute.
    let schema: Value =
        json!([{ "id": "urn:contoso:hr:User", "name": "HR", "attributes": [{ "name": "badge", "type": "string" }] }]);
    let directory = format!("/directories/{}", tenant.directory_id);
    system
        .api("PATCH", &directory, Some(json!({ "schemas": schema })))
        .await;
    let started = std::time::Instant::now();
    while list(undeclared(11), "userName").await.status != 200 {
        assert!(started.elapsed() < PATIENCE, "the schema is not used");
        pause().await;
    }
    system.stop().await;
}
