//! HTTP as clients and proxies speak it: methods, encodings, and URLs that nobody serves. No error is without a body that
//! says what to do.

use base64::Engine as _;
use reqwest::Method;
use serde_json::{Value, json};
use system::scim::{Answer, Scim, group, user};
use system::{ADMIN_KEY, Shape, System, client};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

crate::on_both_shapes! {
    every_path_lists_its_methods_and_answers_head_and_options,
    bodies_come_packed_or_with_a_byte_order_mark,
    a_request_to_an_unknown_path_is_answered_with_where_the_tenant_url_is_found,
    a_refusal_of_a_body_above_the_limit_names_the_setting,
    a_query_that_was_not_escaped_is_answered_as_if_it_were,
}

/// A request without a body, to any URL; what came is status, `Allow`, length, body.
async fn ask(method: Method, url: &str, token: &str) -> (u16, String, Option<u64>, String) {
    let answer = client().request(method, url).bearer_auth(token).send().await.unwrap();
    let header = |name: &str| {
        let value = answer.headers().get(name).and_then(|value| value.to_str().ok());
        value.map(str::to_owned)
    };
    let (allow, length) = (header("allow"), header("content-length"));
    let status = answer.status().as_u16();
    let body = answer.text().await.unwrap();
    (
        status,
        allow.unwrap_or_default(),
        length.and_then(|length| length.parse().ok()),
        body,
    )
}

// Rules: R3
async fn every_path_lists_its_methods_and_answers_head_and_options(shape: Shape) {
    let system = System::start(shape).await;
    let tenant = system.tenant("contoso.example").await;
    let scim = &tenant.scim;
    let id = scim.create_user("ada@contoso.example").await.id();
    let (admin, directory) = (system.admin_url(), &tenant.directory_id);
    let own = |path: &str| (format!("{}{path}", scim.base), scim.token.as_str());
    let api = |path: &str| (format!("{admin}{path}"), ADMIN_KEY);
    let (read, list) = ("GET, HEAD, OPTIONS", "GET, HEAD, POST, OPTIONS");
    let one = "GET, HEAD, PUT, PATCH, DELETE, OPTIONS";
    let paths = [
        (own(""), read),
        (own("/Users"), list),
        (own("/Groups"), list),
        (own(&format!("/Users/{id}")), one),
        (own("/ServiceProviderConfig"), read),
        (own("/Schemas"), read),
        (own("/ResourceTypes/User"), read),
        (own("/Users/.search"), "POST, OPTIONS"),
        (own("/.search"), "POST, OPTIONS"),
        (own("/Bulk"), "POST, OPTIONS"),
        (own("/oauth/token"), "POST, OPTIONS"),
        (api("/healthz"), read),
        (api("/readyz"), read),
        (api("/metrics"), read),
        (api("/.well-known/jwks.json"), read),
        (api("/api/v1/directories"), "POST, GET, HEAD, OPTIONS"),
        (
            api(&format!("/api/v1/directories/{directory}")),
            "GET, HEAD, PATCH, DELETE, OPTIONS",
        ),
        (api("/api/v1/event-types"), read),
    ];
    let methods = ["GET", "POST", "PUT", "PATCH", "DELETE", "BREW"];
    for ((url, token), allow) in paths {
        let (status, told, _, body) = ask(Method::OPTIONS, &url, token).await;
        assert_eq!(
            (status, told.as_str(), body.as_str()),
            (204, allow, ""),
            "OPTIONS {url}"
        );
        for method in methods
            .iter()
            .filter(|method| !allow.split(", ").any(|known| known == **method))
        {
            let (status, told, _, body) = ask(method.parse().unwrap(), &url, token).await;
            assert_eq!((status, told.as_str()), (405, allow), "{method} {url}");
            assert!(!body.is_empty(), "{method} {url}");
        }
        let (status, _, length, body) = ask(Method::HEAD, &url, token).await;
        assert_eq!(body, "", "HEAD {url}");
        if allow.contains("HEAD") {
            assert_eq!(status, 200, "HEAD {url}");
            // What measurements say changes from one request to the next.
            if !url.ends_with("/metrics") && !url.ends_with("/readyz") {
                assert_eq!(length, ask(Method::GET, &url, token).await.2, "HEAD {url}");
            }
        } else {
            assert_eq!(status, 405, "HEAD {url}");
        }
    }
    // A stream is not begun by asking about it, and the connection is good for the next request.
    let (status, _, _, body) = ask(Method::HEAD, &format!("{admin}/api/v1/events/stream"), ADMIN_KEY).await;
    assert_eq!((status, body.as_str()), (200, ""));
    let head = scim.send("HEAD", &format!("/Users/{id}"), None).await;
    assert!(head.header("etag").starts_with("W/"), "{:?}", head.headers);
    assert_eq!(scim.get(&format!("/Users/{id}")).await.expect(200)["id"], id);
    system.stop().await;
}

/// Packed by a program that is not ours: what `printf '{"userName":"packed@x"}' | gzip -n` makes.
const PACKED: &str = "H4sIAAAAAAAAA6tWKi1OLfJLzE1VslIqSEzOTk1xqFCqBQCdHmcgFwAAAA==";

// Rules: R2
async fn bodies_come_packed_or_with_a_byte_order_mark(shape: Shape) {
    let system = System::start(shape).await;
    let tenant = system.tenant("contoso.example").await;
    let scim = &tenant.scim;
    let bearer = format!("Bearer {}", scim.token);
    let post = async |path: &str, encoding: &str, body: Vec<u8>| -> Answer {
        let headers = [
            ("authorization", bearer.as_str()),
            ("content-type", "application/scim+json"),
            ("content-encoding", encoding),
        ];
        scim.send_raw("POST", path, &headers, body).await
    };
    let packed = base64::engine::general_purpose::STANDARD.decode(PACKED).unwrap();
    let created = post("/Users", "gzip", packed.clone()).await;
    assert_eq!(created.expect(201)["userName"], "packed@x");
    let marked = |body: &Value| [b"\xef\xbb\xbf", body.to_string().as_bytes()].concat();
    let created = post("/Users", "identity", marked(&user("marked@x"))).await;
    assert_eq!(created.expect(201)["userName"], "marked@x");
    let message = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";
    let search = json!({ "schemas": [message], "filter": "userName eq \"marked@x\"" });
    let found = post("/Users/.search", "", marked(&search)).await;
    assert_eq!(found.expect(200)["totalResults"], 1);
    // A body of 20 KB that would be 20 MB.
    let bomb = tokio::process::Command::new("sh")
        .args(["-c", "head -c 20000000 /dev/zero | gzip -9"])
        .output()
        .await
        .unwrap()
        .stdout;
    assert!((1_000..1 << 20).contains(&bomb.len()), "{}", bomb.len());
    let refused = post("/Users", "gzip", bomb).await;
    assert!(
        refused.expect_error(413, "").contains("ROLLCALL_MAX_BODY"),
        "{}",
        refused.text
    );
    for encoding in ["br", "zstd", "deflate", "gzip, br"] {
        let refused = post("/Users", encoding, packed.clone()).await;
        assert!(refused.expect_error(415, "").contains(encoding), "{}", refused.text);
        assert_eq!(refused.header("accept-encoding"), "gzip, identity");
    }
    let refused = post("/Users", "gzip", user("plain@x").to_string().into_bytes()).await;
    assert!(
        refused.expect_error(400, "invalidSyntax").contains("gzip"),
        "{}",
        refused.text
    );
    // The management API reads bodies in the same way.
    let url = format!("{}/api/v1/directories", system.admin_url());
    let request = |encoding: &str, body: Vec<u8>| {
        client()
            .post(&url)
            .bearer_auth(ADMIN_KEY)
            .header("content-type", "application/json")
            .header("content-encoding", encoding)
            .body(body)
            .send()
    };
    let created = request("identity", marked(&json!({ "organization": "fabrikam.example" }))).await;
    assert_eq!(created.unwrap().status(), 201);
    let refused = request("br", packed).await.unwrap();
    assert_eq!(refused.status(), 415);
    assert!(refused.text().await.unwrap().contains("\\\"br\\\""));
    system.stop().await;
}

// Rules: R3
async fn a_request_to_an_unknown_path_is_answered_with_where_the_tenant_url_is_found(shape: Shape) {
    let system = System::start(shape).await;
    let tenant = system.tenant("contoso.example").await;
    let origin = tenant.scim.base.split("/directories/").next().unwrap().to_owned();
    let mut nowhere = Scim::new(&origin, &tenant.scim.token);
    for path in [
        "/scim/v2/Users",
        "/scim/v2/Users?filter=userName+eq+%22a%22",
        "/Users",
        "/",
        "/directories",
        "/org/scim/v2/Users",
        "/%7Btenant%7D/x",
        "/a/b/c",
    ] {
        for method in ["GET", "POST", "DELETE"] {
            let answer = nowhere.send(method, path, None).await;
            let detail = answer.expect_error(404, "");
            assert!(
                detail.contains(&format!("{origin}/directories/<id>/scim/v2")),
                "{detail}"
            );
            assert!(detail.contains("scim_url"), "{detail}");
        }
    }
    // Where no SCIM is served, it is a problem of the management API that says so.
    if shape == Shape::Separate {
        nowhere.base = system.admin_url();
        for path in ["/scim/v2/Users", "/nothing"] {
            let answer = nowhere.get(path).await;
            assert_eq!(answer.status, 404);
            assert_eq!(answer.header("content-type"), "application/problem+json");
            assert!(
                answer.body["detail"].as_str().unwrap().contains("scim_url"),
                "{}",
                answer.text
            );
        }
    }
    system.stop().await;
}

// Rules: R49
async fn a_refusal_of_a_body_above_the_limit_names_the_setting(shape: Shape) {
    let system = System::start_with(shape, &[("ROLLCALL_MAX_BODY", "16384")]).await;
    let tenant = system.tenant("contoso.example").await;
    let scim = &tenant.scim;
    let created = scim.send("POST", "/Groups", Some(&group("Everybody"))).await;
    let path = format!("/Groups/{}", created.id());
    let members: Vec<Value> = (0..500).map(|_| json!({ "value": uuid::Uuid::new_v4() })).collect();
    let mut whole = group("Everybody");
    whole["members"] = members.into();
    for (method, path) in [
        ("PUT", path.as_str()),
        ("POST", "/Groups"),
        ("PATCH", path.as_str()),
        ("POST", "/Bulk"),
    ] {
        let refused = scim.send(method, path, Some(&whole)).await;
        let detail = refused.expect_error(413, "");
        assert!(
            detail.contains("16384 bytes") && detail.contains("ROLLCALL_MAX_BODY"),
            "{detail}"
        );
    }
    system.stop().await;
}

/// One request on a connection that stays open, byte for byte as it is given; its status and its body.
async fn exchange(stream: &mut TcpStream, request: &[u8]) -> (u16, Value) {
    stream.write_all(request).await.unwrap();
    let mut answer = Vec::new();
    loop {
        assert_ne!(
            stream.read_buf(&mut answer).await.unwrap(),
            0,
            "the connection was closed"
        );
        let Some(head) = answer.windows(4).position(|four| four == b"\r\n\r\n") else {
            continue;
        };
        let text = String::from_utf8_lossy(&answer[..head]).to_lowercase();
        let length = text
            .lines()
            .find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
        let body = &answer[head + 4..];
        if body.len() >= length.unwrap_or_default() {
            let status = text.split(' ').nth(1).and_then(|status| status.parse().ok());
            return (status.unwrap(), serde_json::from_slice(body).unwrap_or_default());
        }
    }
}

// Rules: R32
async fn a_query_that_was_not_escaped_is_answered_as_if_it_were(shape: Shape) {
    let system = System::start(shape).await;
    let tenant = system.tenant("contoso.example").await;
    for name in ["žofie@x", "a_b.com#EXT#@x", "<{|}>@x"] {
        let mut body = user(name);
        body["userName"] = name.into();
        tenant.scim.send("POST", "/Users", Some(&body)).await.expect(201);
    }
    let base = url::Url::parse(&tenant.scim.base).unwrap();
    let address = format!("{}:{}", base.host_str().unwrap(), base.port().unwrap());
    let head = |method: &str, rest: &str| {
        let token = &tenant.scim.token;
        format!(
            "{method} {}{rest} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n",
            base.path()
        )
    };
    let mut stream = TcpStream::connect(&address).await.unwrap();
    // The connection is used again and again: each head counts, and no body is touched.
    for name in ["žofie@x", "a_b.com#EXT#@x", "<{|}>@x", "ŽOFIE@X"] {
        for filter in [format!("userName+eq+\"{name}\""), format!("userName%20eq%20\"{name}\"")] {
            let request = format!("{}\r\n", head("GET", &format!("/Users?filter={filter}")));
            let (status, body) = exchange(&mut stream, request.as_bytes()).await;
            assert_eq!((status, &body["totalResults"]), (200, &json!(1)), "{filter}: {body}");
        }
        let search = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],
            "filter": format!("userName eq \"{name}\""),
        })
        .to_string();
        let head = head("POST", "/Users/.search");
        let request = format!("{head}content-length: {}\r\n\r\n{search}", search.len());
        let (status, body) = exchange(&mut stream, request.as_bytes()).await;
        assert_eq!((status, &body["totalResults"]), (200, &json!(1)), "{search}: {body}");
    }
    // What is no text at all is told so.
    let mut latin = head("GET", "/Users?filter=userName+eq+\"").into_bytes();
    let place = latin.windows(6).position(|six| six == b" HTTP/").unwrap();
    latin.splice(place..place, b"\xe9\"".iter().copied());
    latin.extend(b"\r\n");
    let (status, body) = exchange(&mut stream, &latin).await;
    assert_eq!(status, 400, "{body}");
    assert!(
        body["detail"].as_str().is_some_and(|detail| !detail.is_empty()),
        "{body}"
    );
    system.stop().await;
}
