//! Odd requests that are right all the same, and texts that cannot be kept.

use serde_json::{Value, json};
use system::scim::user;
use system::{Shape, System};

// Rules: R1, R2, B23, B24
#[tokio::test(flavor = "multi_thread")]
async fn odd_headers_are_no_reason_to_refuse() {
    let system = System::start(Shape::AllInOne).await;
    let tenant = system.tenant("contoso.example").await;
    let scim = &tenant.scim;
    let bearer = format!("Bearer {}", scim.token);
    // reqwest sends no User-Agent by itself, as Entra ID does not.
    for accept in [
        "application/scim+json",
        "application/json",
        "*/*",
        "text/html",
        "nonsense",
        "",
    ] {
        let headers = [("authorization", bearer.as_str()), ("accept", accept)];
        scim.send_raw("GET", "/Users", &headers, Vec::new()).await.expect(200);
    }
    let types = [
        "application/scim+json",
        "application/json",
        "Application/SCIM+JSON; Charset=UTF-8",
        "application/json;charset=utf-8",
        "application/json ; charset=\"utf-8\"",
    ];
    for (n, content_type) in types.into_iter().enumerate() {
        let headers = [("authorization", bearer.as_str()), ("content-type", content_type)];
        let body = user(&format!("user{n}@contoso.example")).to_string().into_bytes();
        scim.send_raw("POST", "/Users", &headers, body).await.expect(201);
    }
    for content_type in ["text/html", "application/xml", "application/x-www-form-urlencoded"] {
        let headers = [("authorization", bearer.as_str()), ("content-type", content_type)];
        let body = user("refused@contoso.example").to_string().into_bytes();
        scim.send_raw("POST", "/Users", &headers, body)
            .await
            .expect_error(415, "");
    }
    system.stop().await;
}

// Rules: R3, R32
#[tokio::test(flavor = "multi_thread")]
async fn odd_urls_lead_where_they_mean_to() {
    let system = System::start(Shape::AllInOne).await;
    let tenant = system.tenant("contoso.example").await;
    let scim = &tenant.scim;
    let id = scim.create_user("ada+tag@contoso.example").await.id();
    for path in [
        format!("/Users/{id}"),
        format!("//Users//{id}/"),
        format!("/users/{id}?unknown=1&"),
        format!("/%55sers/{id}"),
        format!("/Users/{}", id.replace('-', "%2D")),
    ] {
        assert_eq!(scim.get(&path).await.expect(200)["id"], id.as_str(), "{path}");
    }
    for filter in [
        "userName+eq+%22ada%2Btag@contoso.example%22",
        "userName%20eq%20%22ADA%2Btag%40contoso.example%22",
        "emails%5Btype+eq+%22work%22%5D.value+eq+%22ada%2btag@contoso.example%22",
    ] {
        let found = scim.get(&format!("/Users?filter={filter}&")).await;
        assert_eq!(found.expect(200)["totalResults"], 1, "{filter}");
    }
    scim.get("/Users/%00").await.expect_error(404, "");
    scim.get("/Users/%ff%fe").await.expect_error(404, "");
    system.stop().await;
}

// Rules: B31
#[tokio::test(flavor = "multi_thread")]
async fn control_characters_are_refused_everywhere_and_change_nothing() {
    let system = System::start(Shape::AllInOne).await;
    let tenant = system.tenant("contoso.example").await;
    let scim = &tenant.scim;
    let path = format!("/Users/{}", scim.create_user("ada@contoso.example").await.id());
    let before: Value = scim.get(&path).await.expect(200).clone();
    for bad in ["a\0b", "\u{1}", "x\u{1b}[0m", "\u{7f}"] {
        let mut body = user("ada@contoso.example");
        body["title"] = json!(bad);
        scim.send("POST", "/Users", Some(&body))
            .await
            .expect_error(400, "invalidValue");
        let detail = scim.send("PUT", &path, Some(&body)).await;
        assert!(
            detail.expect_error(400, "invalidValue").contains("title"),
            "{}",
            detail.text
        );
        for operation in [
            json!({ "op": "replace", "path": "title", "value": bad }),
            json!({ "op": "add", "value": { "name.givenName": bad } }),
            json!({ "op": "add", "path": "emails[type eq \"work\"].value", "value": bad }),
            json!({ "op": "add", "path": "urn:acme:params:1.0:User:badge", "value": bad }),
        ] {
            scim.patch(&path, json!([operation]))
                .await
                .expect_error(400, "invalidValue");
        }
        // A filter may ask for anything; such a value is nowhere.
        let found = scim.find("Users", &format!("title eq {}", json!(bad))).await;
        assert!(
            found.status == 400 || found.expect(200)["totalResults"] == 0,
            "{}",
            found.text
        );
    }
    assert_eq!(*scim.get(&path).await.expect(200), before);
    system.stop().await;
}

// Rules: R15, B19
#[tokio::test(flavor = "multi_thread")]
async fn names_are_unique_and_found_in_every_normal_form_and_case_and_kept_as_sent() {
    let system = System::start(Shape::AllInOne).await;
    let tenant = system.tenant("contoso.example").await;
    let scim = &tenant.scim;
    // The same name composed, decomposed, and in capitals.
    let (composed, decomposed, capitals) = (
        "zo\u{e9}@contoso.example",
        "zoe\u{301}@contoso.example",
        "ZO\u{c9}@CONTOSO.EXAMPLE",
    );
    let created = scim.create_user(decomposed).await;
    assert_eq!(created.expect(201)["userName"], decomposed);
    for name in [composed, decomposed, capitals] {
        scim.create_user(name).await.expect_error(409, "uniqueness");
        let found = scim.find("Users", &format!("userName eq {}", json!(name))).await;
        assert_eq!(found.expect(200)["totalResults"], 1, "{name}");
        assert_eq!(found.body["Resources"][0]["id"], created.id().as_str());
    }
    system.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_limits_of_a_body_are_settings_and_discovery_shows_them() {
    let environment = [("ROLLCALL_MAX_BODY", "16384"), ("ROLLCALL_BODY_TIMEOUT", "1")];
    let system = System::start_with(Shape::AllInOne, &environment).await;
    let tenant = system.tenant("contoso.example").await;
    let scim = &tenant.scim;
    let config = scim.get("/ServiceProviderConfig").await;
    assert_eq!(config.expect(200)["bulk"]["maxPayloadSize"], 16384);
    let mut large = user("large@contoso.example");
    large["title"] = json!("x".repeat(16384));
    let detail = scim.send("POST", "/Users", Some(&large)).await;
    assert!(detail.expect_error(413, "").contains("16384"), "{}", detail.text);
    // A client that announces a body and sends only the start of it.
    let url: url::Url = scim.base.parse().unwrap();
    let address = format!("{}:{}", url.host_str().unwrap(), url.port().unwrap());
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let request = format!(
        "POST {}/Users HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\n\
         content-length: 100\r\n\r\n{{\"userName\":",
        url.path(),
        scim.token
    );
    tokio::io::AsyncWriteExt::write_all(&mut stream, request.as_bytes())
        .await
        .unwrap();
    let mut start = [0; 12];
    tokio::io::AsyncReadExt::read_exact(&mut stream, &mut start)
        .await
        .unwrap();
    assert_eq!(&start, b"HTTP/1.1 408");
    system.stop().await;
}
