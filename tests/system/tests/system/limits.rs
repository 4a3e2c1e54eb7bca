//! How much one resource may hold and one request ask for: refused by name over HTTP, in whatever way it comes.

use serde_json::{Value, json};
use system::scim::{group, user};
use system::{Shape, System};

crate::on_both_shapes! {
    what_is_beyond_a_limit_is_refused_by_name_in_every_kind_of_request,
    a_user_that_grows_by_patches_stays_within_the_limits,
}

fn emails(from: usize, count: usize) -> Value {
    let all = (from..from + count).map(|i| json!({ "type": "other", "value": format!("{i}@contoso.example") }));
    all.collect()
}

/// The detail of a refusal names the attribute, what was sent, the limit and the setting.
fn says(detail: &str, told: &[&str]) {
    for part in told {
        assert!(detail.contains(part), "{part} in {detail}");
    }
}

async fn what_is_beyond_a_limit_is_refused_by_name_in_every_kind_of_request(shape: Shape) {
    let system = System::start(shape).await;
    let tenant = system.tenant("contoso.example").await;
    let scim = &tenant.scim;
    let created = scim.create_user("ada@contoso.example").await;
    let path = format!("/Users/{}", created.id());
    let with = |attribute: &str, value: Value| {
        let mut body = user("ada@contoso.example");
        body[attribute] = value;
        body
    };
    let keys: Value = (0..1_001)
        .map(|i| (format!("k{i}"), json!(i)))
        .collect::<serde_json::Map<_, _>>()
        .into();
    let beyond = [
        (
            with("emails", emails(0, 1_001)),
            &["emails: 1001 elements", "at most 1000", "max_elements"][..],
        ),
        (
            with("urn:acme:2.0:User", keys),
            &["urn:acme:2.0:User: 1001 keys", "at most 1000", "max_keys"][..],
        ),
        (
            with("title", "x".repeat(262_144).into()),
            &["bytes", "at most 262144", "max_resource"][..],
        ),
    ];
    for (body, told) in &beyond {
        says(
            scim.send("POST", "/Users", Some(body))
                .await
                .expect_error(400, "invalidValue"),
            told,
        );
        says(
            scim.send("PUT", &path, Some(body))
                .await
                .expect_error(400, "invalidValue"),
            told,
        );
        let mut value = body.clone();
        value.as_object_mut().unwrap().shift_remove("schemas");
        let patched = scim.patch(&path, json!([{ "op": "replace", "value": value }])).await;
        says(patched.expect_error(400, "invalidValue"), told);
        let bulk = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
            "Operations": [
                { "method": "PUT", "path": path, "data": body },
                { "method": "POST", "path": "/Users", "bulkId": "bob", "data": user("bob@contoso.example") },
            ],
        });
        let answer = scim.send("POST", "/Bulk", Some(&bulk)).await;
        let results = &answer.expect(200)["Operations"];
        assert_eq!(results[0]["status"], "400", "{results}");
        says(results[0]["response"]["detail"].as_str().unwrap(), told);
        assert_eq!(
            results[1]["status"], "201",
            "the operation beside it is done: {results}"
        );
        let bob = results[1]["location"].as_str().unwrap();
        scim.delete(bob.strip_prefix(scim.base.as_str()).unwrap())
            .await
            .expect(204);
    }
    let title = json!({ "op": "replace", "path": "title", "value": "x" });
    let patched = scim.patch(&path, vec![title; 2_001].into()).await;
    says(
        patched.expect_error(413, ""),
        &["Operations: 2001", "at most 2000", "max_patch_operations"],
    );
    let unchanged = scim.get(&path).await;
    assert_eq!(
        unchanged.expect(200)["meta"]["version"],
        created.body["meta"]["version"]
    );
    members(&tenant.scim, &created.id()).await;
    system.stop().await;
}

/// Those of a group are bounded by the body only.
async fn members(scim: &system::scim::Scim, ada: &str) {
    let created = scim.send("POST", "/Groups", Some(&group("all"))).await;
    let path = format!("/Groups/{}", created.id());
    let add = json!({ "op": "add", "path": "members", "value": [{ "value": ada }] });
    let remove = |i: usize| json!({ "op": "remove", "path": format!("members[value eq \"{i}\"]") });
    let operations: Vec<Value> = std::iter::once(add).chain((0..3_000).map(remove)).collect();
    scim.patch(&path, operations.into()).await.expect(204);
    let named: Vec<Value> = (0..3_000).map(|_| json!({ "value": ada })).collect();
    let whole = json!({ "displayName": "all", "members": named });
    scim.send("PUT", &path, Some(&whole)).await.expect(200);
    let members = scim.get(&format!("{path}?attributes=members")).await;
    assert_eq!(members.expect(200)["members"].as_array().unwrap().len(), 1);
}

async fn a_user_that_grows_by_patches_stays_within_the_limits(shape: Shape) {
    let system = System::start(shape).await;
    let tenant = system.tenant("contoso.example").await;
    let scim = &tenant.scim;
    let created = scim.create_user("ada@contoso.example").await;
    let path = format!("/Users/{}", created.id());
    let add = |from: usize, count: usize| json!([{ "op": "add", "path": "emails", "value": emails(from, count) }]);
    scim.patch(&path, add(0, 900)).await.expect(200);
    let refused = scim.patch(&path, add(900, 200)).await;
    let detail = refused.expect_error(400, "invalidValue");
    assert!(
        detail.contains("emails: 1") && detail.contains("max_elements"),
        "{detail}"
    );
    let note = |i: usize| {
        let path = format!("urn:acme:2.0:User:note{i}");
        json!([{ "op": "add", "path": path, "value": "x".repeat(150_000) }])
    };
    scim.patch(&path, note(1)).await.expect(200);
    let refused = scim.patch(&path, note(2)).await;
    let detail = refused.expect_error(400, "invalidValue");
    assert!(
        detail.contains("at most 262144") && detail.contains("max_resource"),
        "{detail}"
    );
    let off = json!([{ "op": "replace", "path": "active", "value": "False" }]);
    assert_eq!(scim.patch(&path, off).await.expect(200)["active"], false);
    system.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_limits_are_settings_of_every_service_and_discovery_shows_them() {
    let environment = [
        ("ROLLCALL_MAX_ELEMENTS", "10"),
        ("ROLLCALL_MAX_PATCH_OPERATIONS", "100"),
        ("ROLLCALL_MAX_KEYS", "100"),
        ("ROLLCALL_MAX_RESOURCE", "16384"),
    ];
    let system = System::start_with(Shape::Separate, &environment).await;
    let tenant = system.tenant("contoso.example").await;
    let scim = &tenant.scim;
    let config = scim.get("/ServiceProviderConfig").await;
    assert!(
        config.expect(200).get("limits").is_none(),
        "strict clients refuse what they do not know"
    );
    let page = config.body["documentationUri"].as_str().unwrap();
    let told = scim.get(page.strip_prefix(scim.base.as_str()).unwrap()).await;
    let limits = json!({ "maxElements": 10, "maxPatchOperations": 100, "maxKeys": 100, "maxResourceSize": 16384 });
    assert_eq!(told.expect(200)["limits"], limits);
    let created = scim.create_user("ada@contoso.example").await;
    let path = format!("/Users/{}", created.id());
    let add =
        |from: usize, count: usize| json!([{ "op": "add", "path": "phoneNumbers", "value": emails(from, count) }]);
    let detail = scim.patch(&path, add(0, 11)).await;
    says(
        detail.expect_error(400, "invalidValue"),
        &["phoneNumbers: 11 elements", "at most 10"],
    );
    // The ingress lets it through, and the projector knows what it adds to.
    scim.patch(&path, add(0, 8)).await.expect(200);
    let detail = scim.patch(&path, add(8, 8)).await;
    says(
        detail.expect_error(400, "invalidValue"),
        &["phoneNumbers: 16 elements", "at most 10"],
    );
    system.stop().await;
}
