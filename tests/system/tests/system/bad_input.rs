//! What is wrong is answered with a SCIM error that says what: never a 500, never HTML.

use serde_json::json;
use system::scim::user;
use system::{Shape, System};

crate::on_both_shapes! {
    bad_requests_are_answered_with_scim_errors,
    bad_urls_and_keys_are_answered_with_scim_errors,
    every_route_is_closed_without_a_key_of_the_directory,
    no_answer_about_people_or_secrets_may_be_kept_by_a_cache,
    whatever_is_taken_can_be_searched_by_and_sorted_by,
}

// Rules: P1, B31
async fn bad_requests_are_answered_with_scim_errors(shape: Shape) {
    let system = System::start(shape).await;
    let tenant = system.tenant("contoso.example").await;
    let scim = &tenant.scim;
    let bearer = format!("Bearer {}", scim.token);
    let json_type = [
        ("authorization", bearer.as_str()),
        ("content-type", "application/scim+json"),
    ];
    let raw =
        async |method: &str, path: &str, body: &[u8]| scim.send_raw(method, path, &json_type, body.to_vec()).await;
    for body in [
        &b"{"[..],
        b"",
        b"[]",
        b"null",
        b"\"text\"",
        b"{\"userName\": }",
        b"\xff\xfe",
    ] {
        raw("POST", "/Users", body).await.expect_error(400, "invalidSyntax");
    }
    let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    assert_eq!(raw("POST", "/Users", deep.as_bytes()).await.status, 400);
    let wrong = [
        (json!({ "displayName": "x" }), "userName"),
        (json!({ "userName": "" }), "userName"),
        (json!({ "userName": 7 }), "userName"),
        (json!({ "userName": "a", "active": "perhaps" }), "active"),
        (json!({ "userName": "a", "emails": 7 }), "emails"),
        (json!({ "userName": "a", "name": "Ada" }), "name"),
        (json!({ "userName": "a\u{0}b" }), "userName"),
    ];
    for (body, attribute) in wrong {
        let answer = scim.send("POST", "/Users", Some(&body)).await;
        let detail = answer.expect_error(400, "invalidValue");
        assert!(detail.contains(attribute), "{body}: {detail}");
    }
    scim.create_user("Ada@contoso.example").await.expect(201);
    let taken = scim.create_user("aDA@CONTOSO.example").await;
    assert!(taken.expect_error(409, "uniqueness").contains("userName"));
    let id = scim.create_user("bob@contoso.example").await.id();
    let path = format!("/Users/{id}");
    let patches = [
        (json!({}), "invalidSyntax"),
        (json!({ "Operations": [] }), "invalidSyntax"),
        (
            json!({ "Operations": [{ "op": "frobnicate", "path": "title", "value": "x" }] }),
            "invalidSyntax",
        ),
        (json!({ "Operations": [{ "op": "remove" }] }), "noTarget"),
        (
            json!({ "Operations": [{ "op": "replace", "path": "shoeSize", "value": 9 }] }),
            "invalidPath",
        ),
        (
            json!({ "Operations": [{ "op": "replace", "path": "id", "value": "x" }] }),
            "mutability",
        ),
        (
            json!({ "Operations": [{ "op": "remove", "path": "userName" }] }),
            "mutability",
        ),
        (
            json!({ "Operations": [{ "op": "replace", "path": "emails[type eq", "value": "x" }] }),
            "invalidFilter",
        ),
    ];
    for (body, scim_type) in patches {
        scim.send("PATCH", &path, Some(&body))
            .await
            .expect_error(400, scim_type);
    }
    let conflict = scim
        .patch(
            &path,
            json!([{ "op": "replace", "path": "userName", "value": "ADA@contoso.example" }]),
        )
        .await;
    conflict.expect_error(409, "uniqueness");
    // P1: the first of these could be done, so none may be.
    let half = json!([{ "op": "replace", "path": "title", "value": "x" }, { "op": "remove", "path": "userName" }]);
    scim.patch(&path, half).await.expect_error(400, "mutability");
    assert!(scim.get(&path).await.expect(200).get("title").is_none());
    let text = [("authorization", bearer.as_str()), ("content-type", "text/plain")];
    scim.send_raw("POST", "/Users", &text, user("x").to_string().into_bytes())
        .await
        .expect_error(415, "");
    let large = vec![b' '; (1 << 20) + 1];
    raw("POST", "/Users", &large).await.expect_error(413, "");
    for query in ["startIndex=x", "count=many", "attributes=a&excludedAttributes=b"] {
        scim.get(&format!("/Users?{query}"))
            .await
            .expect_error(400, "invalidValue");
    }
    let untyped = [("authorization", bearer.as_str())];
    scim.send_raw("POST", "/Users", &untyped, user("untyped@x").to_string().into_bytes())
        .await
        .expect(201);
    system.stop().await;
}

// Rules: R3, R4, R62
async fn bad_urls_and_keys_are_answered_with_scim_errors(shape: Shape) {
    let system = System::start(shape).await;
    let tenant = system.tenant("contoso.example").await;
    let other = system.tenant("fabrikam.example").await;
    let scim = &tenant.scim;
    let origin = scim.base.split("/directories/").next().unwrap().to_owned();
    // R62: whatever is wrong with key or tenant, the answer is the same.
    let revoked = {
        let path = format!("/directories/{}/keys", tenant.directory_id);
        let key = system.api("POST", &path, Some(json!({ "name": "second" }))).await;
        system
            .api("DELETE", &format!("{path}/{}", key["id"].as_str().unwrap()), None)
            .await;
        key["token"].as_str().unwrap().to_owned()
    };
    let admin_key = "admin-key-of-the-system-tests";
    let mut details = Vec::new();
    for token in ["", "nonsense", &revoked, &other.scim.token, admin_key] {
        let answer = scim.with_token(token).get("/Users").await;
        assert!(answer.header("www-authenticate").starts_with("Bearer"));
        details.push(answer.expect_error(401, "").to_owned());
    }
    let mut elsewhere = scim.clone();
    elsewhere.base = format!("{origin}/directories/{}/scim/v2", uuid::Uuid::new_v4());
    details.push(elsewhere.get("/Users").await.expect_error(401, "").to_owned());
    elsewhere.base = format!("{origin}/directories/nonsense/scim/v2");
    details.push(elsewhere.get("/Users").await.expect_error(401, "").to_owned());
    elsewhere.base = format!("{origin}/org/nobody.example/scim/v2");
    details.push(elsewhere.get("/Users").await.expect_error(401, "").to_owned());
    assert!(details.iter().all(|detail| *detail == details[0]), "{details:?}");
    // Basic authentication, and the URL by domain, open the same directory.
    use base64::Engine as _;
    let basic = base64::engine::general_purpose::STANDARD.encode(format!("entra:{}", scim.token));
    let mut by_domain = scim.clone();
    by_domain.base = format!("{origin}/org/CONTOSO.example/scim/v2");
    let created = by_domain
        .send_raw(
            "POST",
            "/Users",
            &[("authorization", &format!("Basic {basic}"))],
            user("ada@x").to_string().into_bytes(),
        )
        .await;
    let location = created.expect(201)["meta"]["location"].as_str().unwrap().to_owned();
    assert!(
        location.starts_with(&format!("{origin}/org/contoso.example/scim/v2/Users/")),
        "{location}"
    );
    scim.get(&format!("/Users/{}", created.id())).await.expect(200);
    other
        .scim
        .get(&format!("/Users/{}", created.id()))
        .await
        .expect_error(404, "");
    // Slashes and leftovers of the tenant URL are forgiven; a mistyped one is answered with the right one.
    for path in ["/Users/", "//Users", "/Users?aadOptscim062020", "/users"] {
        assert_eq!(scim.get(path).await.expect(200)["totalResults"], 1, "{path}");
    }
    let mut mistyped = scim.clone();
    mistyped.base = format!("{origin}/directories/{}", tenant.directory_id);
    let answer = mistyped.get("/Users").await;
    assert!(answer.expect_error(404, "").contains(&scim.base), "{}", answer.text);
    mistyped.base = format!("{}1/Users", scim.base.trim_end_matches('2'));
    mistyped.get("").await.expect_error(400, "invalidVers");
    mistyped.base = format!("{origin}/directories/{}/scim", tenant.directory_id);
    let unversioned = mistyped.get("/Users").await;
    assert_eq!(
        unversioned.expect(200)["totalResults"],
        1,
        "the newest version is meant"
    );
    scim.get("/Printers").await.expect_error(404, "");
    scim.get("/Users/nonsense").await.expect_error(404, "");
    scim.get("/Users/a/b/c").await.expect_error(404, "");
    scim.send("PUT", "/Users", Some(&user("x"))).await.expect_error(405, "");
    system.stop().await;
}

async fn every_route_is_closed_without_a_key_of_the_directory(shape: Shape) {
    let system = System::start(shape).await;
    let tenant = system.tenant("contoso.example").await;
    let other = system.tenant("fabrikam.example").await;
    let id = tenant.scim.create_user("ada@x").await.id();
    let (user_path, group_path) = (format!("/Users/{id}"), format!("/Groups/{id}"));
    let mut routes = vec![
        ("GET", "/Schemas"),
        ("GET", "/ResourceTypes"),
        ("GET", "/Me"),
        ("POST", "/Bulk"),
        ("GET", "/Nothing"),
    ];
    for (list, one) in [("/Users", user_path.as_str()), ("/Groups", group_path.as_str())] {
        routes.extend([
            ("GET", list),
            ("POST", list),
            ("GET", one),
            ("PUT", one),
            ("PATCH", one),
            ("DELETE", one),
        ]);
    }
    routes.extend([
        ("POST", "/Users/.search"),
        ("POST", "/Groups/.search"),
        ("POST", "/.search"),
    ]);
    for (method, path) in routes {
        for token in ["", "rcd_x", &other.scim.token] {
            let answer = tenant
                .scim
                .with_token(token)
                .send(method, path, Some(&user("eve@x")))
                .await;
            answer.expect_error(401, "");
        }
        let answer = tenant.scim.send_raw(method, path, &[], Vec::new()).await;
        answer.expect_error(401, "");
    }
    assert_eq!(tenant.scim.get("/Users").await.expect(200)["totalResults"], 1);
    system.stop().await;
}

async fn no_answer_about_people_or_secrets_may_be_kept_by_a_cache(shape: Shape) {
    let system = System::start(shape).await;
    let tenant = system.tenant("contoso.example").await;
    let scim = &tenant.scim;
    let made = scim.create_user("ada@contoso.example").await;
    let path = format!("/Users/{}", made.id());
    let etag = made.header("etag").to_owned();
    let mut answers = vec![made];
    for (method, path) in [
        ("GET", "/Users"),
        ("GET", "/Users?filter=nonsense"),
        ("GET", "/Users?cursor"),
        ("GET", "/Groups"),
        ("GET", path.as_str()),
        ("GET", "/Users/nobody"),
        ("GET", "/Schemas"),
        ("GET", "/ServiceProviderConfig"),
        ("GET", "/nowhere"),
        ("POST", "/Users"),
        ("POST", "/oauth/token"),
        ("GET", "/Me"),
        ("PUT", "/Users"),
    ] {
        answers.push(scim.send(method, path, None).await);
        answers.push(scim.with_token("no-key").send(method, path, None).await);
    }
    let bearer = format!("Bearer {}", scim.token);
    let unchanged = [("authorization", bearer.as_str()), ("if-none-match", etag.as_str())];
    answers.push(scim.send_raw("GET", &path, &unchanged, Vec::new()).await);
    answers.push(scim.send("DELETE", &path, None).await);
    for answer in answers {
        assert_eq!(
            answer.header("cache-control"),
            "no-store",
            "{} {}",
            answer.status,
            answer.text
        );
    }
    system.stop().await;
}

/// Values at the ends of their types, as JSON text: some are refused, and none makes a later search fail.
// Rules: R8
async fn whatever_is_taken_can_be_searched_by_and_sorted_by(shape: Shape) {
    const URN: &str = "urn:acme:params:scim:schemas:ends:2.0:User";
    let system = System::start(shape).await;
    let tenant = system.tenant("contoso.example").await;
    let path = format!("/directories/{}", tenant.directory_id);
    let attributes = [
        ("at", "dateTime"),
        ("count", "integer"),
        ("weight", "decimal"),
        ("word", "string"),
    ];
    let attributes = attributes.map(|(name, kind)| json!({ "name": name, "type": kind }));
    let schemas = json!([{ "id": URN, "name": "Ends", "attributes": attributes }]);
    system.api("PATCH", &path, Some(json!({ "schemas": schemas }))).await;
    let bearer = format!("Bearer {}", tenant.scim.token);
    let headers = [
        ("authorization", bearer.as_str()),
        ("content-type", "application/scim+json"),
    ];
    let values = [
        ("at", r#""2026-01-01T00:00:00+23:59""#, true),
        ("at", r#""2026-01-01T00:00:00-15:59""#, true),
        ("at", r#""2016-12-31T23:59:60Z""#, true),
        ("at", r#""0000-01-01T00:00:00Z""#, true),
        ("at", r#""9999-12-31T23:59:59.999999999Z""#, true),
        ("at", r#""9999-12-31T23:59:59-23:59""#, false),
        ("at", r#""0000-01-01T00:00:00+00:01""#, false),
        ("at", r#""2026-02-30T00:00:00Z""#, false),
        ("at", "7", false),
        ("count", "9223372036854775807", true),
        ("count", "-9223372036854775808", true),
        ("count", "9223372036854775808", false),
        ("count", "1e400", false),
        ("weight", "18446744073709551616", true),
        ("weight", "1.7976931348623157e308", true),
        ("weight", "5e-324", true),
        ("weight", "1e400", false),
        ("weight", r#""NaN""#, false),
        ("word", r#""\ud83d\ude00""#, true),
        ("word", r#""\uffff""#, true),
        ("word", r#""\ud800""#, false),
        ("word", r#""a\u0000b""#, false),
    ];
    // The same in an extension that nobody declares, where only the JSON itself counts.
    let other = "urn:acme:params:scim:schemas:other:2.0:User";
    for (n, (name, value, is_taken)) in values.iter().enumerate() {
        for (urn, must_be) in [(URN, Some(*is_taken)), (other, None)] {
            let word = urn.len();
            let body = format!(r#"{{"userName": "p{n}-{word}@x.example", "{urn}": {{"{name}": {value}}}}}"#);
            let answer = tenant
                .scim
                .send_raw("POST", "/Users", &headers, body.into_bytes())
                .await;
            assert!(matches!(answer.status, 201 | 400), "{name} {value}: {}", answer.text);
            assert!(
                must_be.is_none_or(|taken| taken == (answer.status == 201)),
                "{name} {value}: {}",
                answer.text
            );
            if answer.status == 201 {
                let found = tenant.scim.find("Users", &format!("{urn}:{name} eq {value}")).await;
                // Beyond 64 bits numbers are doubles, of which neighbours may be one.
                let total = found.expect(200)["totalResults"].as_u64().unwrap();
                assert!((1..=2).contains(&total), "{urn} {name} {value}: {total}");
            }
        }
    }
    for name in ["at", "count", "weight", "word"] {
        for urn in [URN, other] {
            let sorted = tenant
                .scim
                .get(&format!("/Users?sortBy={urn}:{name}&sortOrder=descending"))
                .await;
            sorted.expect(200);
        }
        for op in ["gt", "le", "ne"] {
            let literal = if name == "at" { "\"2026-01-01T00:00:00Z\"" } else { "1" };
            for urn in [URN, other] {
                tenant
                    .scim
                    .find("Users", &format!("{urn}:{name} {op} {literal}"))
                    .await
                    .expect(200);
            }
        }
    }
    system.stop().await;
}
