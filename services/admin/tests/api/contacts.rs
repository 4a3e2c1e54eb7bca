//! The addresses of those who are written to.

use crate::harness::{Api, BOTH, text};
use actix_web::http::StatusCode;
use serde_json::{Value, json};

#[actix_web::test]
async fn contacts_of_organizations_and_endpoints_are_set_replaced_and_taken_away() {
    for dialect in BOTH {
        let api = Api::on(dialect).await;
        let body = json!({"domains": ["contoso.com"], "contacts": ["it@contoso.com"], "digest_contacts": ["boss@contoso.com"]});
        let made = api
            .post("/api/v1/organizations", &body)
            .await
            .expect(StatusCode::CREATED);
        assert_eq!(
            (&made["contacts"], &made["digest_contacts"]),
            (&body["contacts"], &body["digest_contacts"])
        );
        let path = format!("/api/v1/organizations/{}", text(&made, "id"));
        assert_eq!(api.get(&path).await.expect(StatusCode::OK), made);
        let changed = api.patch(&path, &json!({"contacts": []})).await.expect(StatusCode::OK);
        assert_eq!(
            (&changed["contacts"], &changed["digest_contacts"]),
            (&json!([]), &body["digest_contacts"])
        );
        assert_eq!(api.get(&path).await.expect(StatusCode::OK), changed);
        let plain = api
            .post("/api/v1/organizations", &json!({"domains": ["fabrikam.com"]}))
            .await;
        assert_eq!(plain.expect(StatusCode::CREATED)["contacts"], json!([]));

        let body = json!({"url": "https://app.example.com/hooks", "contacts": ["a@app.example", "b@app.example"]});
        let made = api.post("/api/v1/endpoints", &body).await.expect(StatusCode::CREATED);
        assert_eq!(made["contacts"], body["contacts"]);
        let path = format!("/api/v1/endpoints/{}", text(&made, "id"));
        let kept = api
            .patch(&path, &json!({"description": "x"}))
            .await
            .expect(StatusCode::OK);
        assert_eq!(kept["contacts"], body["contacts"]);
        let changed = api.patch(&path, &json!({"contacts": []})).await.expect(StatusCode::OK);
        assert_eq!(changed["contacts"], json!([]));
        assert_eq!(
            api.get("/api/v1/endpoints").await.expect(StatusCode::OK)["data"][0]["contacts"],
            json!([])
        );
        api.close().await;
    }
}

#[actix_web::test]
async fn bad_contacts_are_refused_each_with_its_pointer() {
    let api = Api::on(BOTH[1]).await;
    let organization = api
        .post("/api/v1/organizations", &json!({"domains": ["contoso.com"]}))
        .await;
    let organization = organization.expect(StatusCode::CREATED);
    let endpoint = api
        .post("/api/v1/endpoints", &json!({"url": "https://app.example.com/"}))
        .await;
    let endpoint = endpoint.expect(StatusCode::CREATED);
    let many: Vec<String> = (0..11).map(|n| format!("p{n}@contoso.com")).collect();
    let long = format!("{}@contoso.com", "a".repeat(260));
    for (contacts, pointers) in [
        (json!("it@contoso.com"), vec![""]),
        (json!(null), vec![""]),
        (json!(many), vec![""]),
        (json!([7, "it@contoso.com", "nobody"]), vec!["/0", "/2"]),
        (json!(["a@contoso.com", "A@Contoso.com"]), vec!["/1"]),
        (json!(["a@contoso.com\r\nBcc: b@contoso.com"]), vec!["/0"]),
        (
            json!([
                "IT <it@contoso.com>",
                "\"i t\"@contoso.com",
                "it@[10.0.0.1]",
                "bücher@contoso.com"
            ]),
            vec!["/0", "/1", "/2", "/3"],
        ),
        (json!([long, " it@contoso.com", ""]), vec!["/0", "/1", "/2"]),
    ] {
        for (path, name) in [
            (
                format!("/api/v1/organizations/{}", text(&organization, "id")),
                "contacts",
            ),
            (
                format!("/api/v1/organizations/{}", text(&organization, "id")),
                "digest_contacts",
            ),
            (format!("/api/v1/endpoints/{}", text(&endpoint, "id")), "contacts"),
        ] {
            let body = Value::Object([(name.to_owned(), contacts.clone())].into_iter().collect());
            let expected: Vec<String> = pointers.iter().map(|pointer| format!("#/{name}{pointer}")).collect();
            assert_eq!(api.patch(&path, &body).await.faults(422), expected, "{path} {body}");
        }
    }
    let body = json!({"domains": ["no"], "contacts": ["nobody"], "digest_contacts": ["x@y.example", "x@y.example"]});
    assert_eq!(
        api.post("/api/v1/organizations", &body).await.faults(422),
        ["#/domains/0", "#/contacts/0", "#/digest_contacts/1"]
    );
    let body = json!({"url": "https://app.example.com/", "contacts": ["@"]});
    let refused = api.post("/api/v1/endpoints", &body).await.problem(422);
    assert_eq!(refused["errors"][0]["pointer"], "#/contacts/0");
    let detail = refused["errors"][0]["detail"].as_str().unwrap();
    assert!(
        detail.contains("ops@example.com") && detail.contains("\"@\""),
        "{detail}"
    );
    api.close().await;
}
