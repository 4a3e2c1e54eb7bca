//! Clients that hold connections open: slow, silent, greedy, with a key or without. Others are served meanwhile.

use crate::on_both_shapes;
use futures_util::future::join_all;
use serde_json::json;
use std::time::{Duration, Instant};
use system::process::{PATIENCE, pause};
use system::raw::{Raw, limit_files};
use system::scim::user;
use system::{ADMIN_KEY, Shape, System, Tenant};

on_both_shapes! {
    with_two_thousand_slow_connections_others_are_answered,
    where_all_places_are_taken_those_who_wait_make_room,
    a_head_and_the_rest_of_a_body_are_timed_on_a_connection_in_use,
    an_answer_that_is_not_read_is_cut_off,
}

const HEAD: &str = "GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n";

/// The path of a directory's SCIM base URL.
fn path(tenant: &Tenant) -> String {
    let url: url::Url = tenant.scim.base.parse().unwrap();
    url.path().to_owned()
}

/// What a stranger can do with a connection.
#[derive(Clone, Copy, Debug)]
enum Stranger {
    Silent,
    HeadStops,
    LaterHeadStops,
    BodyStops,
    ReadsNothing,
}

const STRANGERS: [Stranger; 5] = [
    Stranger::Silent,
    Stranger::HeadStops,
    Stranger::LaterHeadStops,
    Stranger::BodyStops,
    Stranger::ReadsNothing,
];

impl Stranger {
    /// Connects to this URL and stays.
    async fn begin(self, url: &str, tenant: &Tenant) -> Raw {
        let mut raw = match self {
            Self::ReadsNothing => Raw::narrow(url).await,
            _ => Raw::connect(url).await,
        };
        let text = match self {
            Self::Silent => String::new(),
            Self::HeadStops => "GET /healthz HTTP/1.1\r\nhost: ".to_owned(),
            Self::LaterHeadStops => format!("{HEAD}GET /healthz HTTP/1.1\r\n"),
            Self::BodyStops => format!(
                "POST {}/oauth/token HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-www-form-urlencoded\r\n\
                 content-length: 1000\r\n\r\ngrant_",
                path(tenant)
            ),
            // As many requests as the server takes ahead, and no answer is read.
            Self::ReadsNothing => HEAD.repeat(100),
        };
        // It may have had to make room already.
        raw.try_send(&text).await;
        raw
    }

    /// Opens so many connections, some of each kind, side by side.
    async fn crowd(count: usize, url: &str, tenant: &Tenant) -> Vec<Raw> {
        let mut crowd = Vec::new();
        while crowd.len() < count {
            let some = (0..100).map(|n| STRANGERS[n % STRANGERS.len()].begin(url, tenant));
            crowd.extend(join_all(some).await);
        }
        crowd
    }
}

/// What others want meanwhile: probes, changes, searches and administration, each on a new connection.
async fn others_are_answered(system: &System, tenant: &Tenant, url: &str) {
    for n in 0..5 {
        let mut probe = Raw::connect(url).await;
        probe.send(HEAD).await;
        assert_eq!(probe.answer().await, 200);
        let scim = system::scim::Scim::new(&tenant.scim.base, &tenant.scim.token);
        let name = format!("user{n}-{}@contoso.example", uuid::Uuid::new_v4());
        scim.create_user(&name).await.expect(201);
        let found = scim.find("Users", &format!("userName eq {}", json!(name))).await;
        assert_eq!(found.expect(200)["totalResults"], 1);
        system.api("GET", "/directories", None).await;
    }
}

async fn with_two_thousand_slow_connections_others_are_answered(shape: Shape) {
    // As most systems start their services; it may be raised.
    limit_files(Some(1024));
    let mut system = System::start(shape).await;
    limit_files(None);
    let tenant = system.tenant("contoso.example").await;
    let url = system.process("ingress").url();
    let crowd = Stranger::crowd(2_000, &url, &tenant).await;
    others_are_answered(&system, &tenant, &url).await;
    drop(crowd);
    system.stop().await;
}

async fn where_all_places_are_taken_those_who_wait_make_room(shape: Shape) {
    const PLACES: usize = 100;
    let mut system = System::start_with(shape, &[("ROLLCALL_MAX_CONNECTIONS", "100")]).await;
    limit_files(None);
    let tenant = system.tenant("contoso.example").await;
    let url = system.process("ingress").url();
    // A client that has shown its key, and is between two requests.
    let mut known = Raw::connect(&url).await;
    let request = format!(
        "GET {}/Users?count=1 HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n\r\n",
        path(&tenant),
        tenant.scim.token
    );
    known.send(&request).await;
    assert_eq!(known.answer().await, 200);
    let crowd = Stranger::crowd(1_000, &url, &tenant).await;
    others_are_answered(&system, &tenant, &url).await;
    let files = std::fs::read_dir(format!("/proc/{}/fd", system.process("ingress").pid()));
    let files = files.unwrap().count();
    assert!(files < 3 * PLACES, "{files} files are open");
    assert!(known.is_open(), "strangers go first");
    known.send(&request).await;
    assert_eq!(known.answer().await, 200);
    drop(crowd);
    system.stop().await;
}

async fn a_head_and_the_rest_of_a_body_are_timed_on_a_connection_in_use(shape: Shape) {
    let mut system = System::start_with(shape, &[("ROLLCALL_BODY_TIMEOUT", "2")]).await;
    let tenant = system.tenant("contoso.example").await;
    let (url, admin) = (system.process("ingress").url(), system.admin_url());
    let path = path(&tenant);
    let first = async { Raw::connect(&url).await.drip("x").await };
    let later = async {
        let mut raw = Raw::connect(&url).await;
        raw.send(HEAD).await;
        raw.answer().await;
        raw.drip("x").await
    };
    let rest = async {
        let mut raw = Raw::connect(&url).await;
        raw.send("GET /healthz HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n")
            .await;
        assert_eq!(raw.answer().await, 200);
        raw.drip("1\r\nx\r\n").await
    };
    let api = async {
        let mut raw = Raw::connect(&admin).await;
        let head = format!(
            "POST /api/v1/endpoints HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {ADMIN_KEY}\r\n\
             content-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n"
        );
        raw.send(&head).await;
        raw.drip("1\r\n \r\n").await
    };
    let token = async {
        let mut raw = Raw::connect(&url).await;
        raw.send(&format!(
            "POST {path}/oauth/token HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-www-form-urlencoded\r\n\
             transfer-encoding: chunked\r\n\r\n"
        ))
        .await;
        raw.drip("1\r\n&\r\n").await
    };
    let large = async {
        let raw = Raw::connect(&url).await;
        raw.drip(HUGE_HEADER.get_or_init(|| format!("x: {}\r\n", "x".repeat(20_000)).leak()))
            .await
    };
    let (first, later, rest, api, token, large) = tokio::join!(first, later, rest, api, token, large);
    assert!(first.starts_with("HTTP/1.1 408 "), "{first}");
    assert!(later.starts_with("HTTP/1.1 408 "), "{later}");
    assert_eq!(rest, "", "it has its answer");
    assert!(
        api.starts_with("HTTP/1.1 408 ") && api.contains("ROLLCALL_BODY_TIMEOUT"),
        "{api}"
    );
    assert!(
        token.starts_with("HTTP/1.1 400 ") && token.contains("in time"),
        "{token}"
    );
    assert!(
        large.starts_with("HTTP/1.1 400 ") || large.starts_with("HTTP/1.1 431 "),
        "{large}"
    );
    system.stop().await;
}

static HUGE_HEADER: std::sync::OnceLock<&'static str> = std::sync::OnceLock::new();

/// How many connections a process has closed for this reason.
async fn closed(url: &str, reason: &str) -> f64 {
    let name = format!("rollcall_http_connections_closed_total{{reason=\"{reason}\"}}");
    let text = system::client().get(format!("{url}/metrics")).send().await.unwrap();
    let text = text.text().await.unwrap();
    text.lines()
        .find_map(|line| line.strip_prefix(&name)?.trim().parse().ok())
        .unwrap_or(0.0)
}

/// Creates people who fill a page with more than client, server and network have room for.
async fn fill(tenant: &Tenant) {
    for n in 0..40 {
        let mut body = user(&format!("user{n}@contoso.example"));
        body["title"] = json!("x".repeat(60_000));
        tenant.scim.send("POST", "/Users", Some(&body)).await.expect(201);
    }
}

/// Asks for a page of them, and has no room for it.
async fn narrow_list(url: &str, tenant: &Tenant) -> Raw {
    let mut list = Raw::narrow(url).await;
    let (path, token) = (path(tenant), &tenant.scim.token);
    let request = format!("GET {path}/Users HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\r\n");
    list.send(&request).await;
    list
}

#[tokio::test(flavor = "multi_thread")]
async fn unread_answers_hold_no_more_than_the_setting_says() {
    let mut system = System::start_with(Shape::AllInOne, &[("ROLLCALL_MAX_UNREAD", "1048576")]).await;
    let tenant = system.tenant("contoso.example").await;
    fill(&tenant).await;
    let url = system.process("ingress").url();
    let mut readers = Vec::new();
    for _ in 0..6 {
        let mut reader = narrow_list(&url, &tenant).await;
        assert_eq!(reader.head().await.0, 200);
        readers.push(reader);
    }
    // At most two megabytes of pages of two may stay.
    let started = Instant::now();
    while closed(&url, "memory").await < 5.0 {
        assert!(
            started.elapsed() < PATIENCE / 2,
            "{} are cut off",
            closed(&url, "memory").await
        );
        pause().await;
    }
    assert_eq!(closed(&url, "unread").await, 0.0, "they are cut off before their time");
    tenant.scim.create_user("other@contoso.example").await.expect(201);
    system.stop().await;
}

async fn an_answer_that_is_not_read_is_cut_off(shape: Shape) {
    let mut system = System::start(shape).await;
    let tenant = system.tenant("contoso.example").await;
    fill(&tenant).await;
    let (url, admin) = (system.process("ingress").url(), system.admin_url());
    let list = narrow_list(&url, &tenant).await;
    let mut stream = Raw::narrow(&admin).await;
    stream
        .send(&format!(
            "GET /api/v1/events/stream?after=0 HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {ADMIN_KEY}\r\n\r\n"
        ))
        .await;
    // Another one is slow, and takes what it was promised.
    let mut slow = narrow_list(&url, &tenant).await;
    let cut = async |url: &str| closed(url, "unread").await;
    let started = Instant::now();
    loop {
        let (of_lists, of_streams) = (cut(&url).await, cut(&admin).await);
        if (url == admin && of_lists >= 2.0) || (url != admin && of_lists >= 1.0 && of_streams >= 1.0) {
            break;
        }
        assert!(
            started.elapsed() < 2 * PATIENCE,
            "{of_lists} and {of_streams} are cut off"
        );
        slow.read(4_000).await;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    for unread in [list, stream] {
        let told = unread.until_closed().await;
        assert!(told.len() < 1 << 20, "{} bytes came", told.len());
    }
    slow.read(100_000).await;
    pause().await;
    system.stop().await;
}
