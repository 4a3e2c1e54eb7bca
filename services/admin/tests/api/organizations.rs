//! `/organizations`.

use crate::harness::{Api, BOTH, text};
use actix_web::http::{Method, StatusCode};
use serde_json::json;

const PATH: &str = "/api/v1/organizations";

#[actix_web::test]
async fn an_organization_is_made_listed_and_found() {
    for dialect in BOTH {
        let api = Api::on(dialect).await;
        let body = json!({"name": " Contoso ", "domains": ["Contoso.COM", "bücher.example"]});
        let answer = api.post(PATH, &body).await;
        let location = answer.header("location").unwrap().to_owned();
        let made = answer.expect(StatusCode::CREATED);
        assert_eq!(made["name"], "Contoso");
        assert_eq!(made["domains"], json!(["contoso.com", "xn--bcher-kva.example"]));
        let id = text(&made, "id");
        assert_eq!(location, format!("https://rollcall.example/api/v1/organizations/{id}"));
        assert_eq!(api.get(&format!("{PATH}/{id}")).await.expect(StatusCode::OK), made);
        let unnamed = api
            .post(PATH, &json!({"domains": ["fabrikam.com"], "name": null}))
            .await;
        let unnamed = unnamed.expect(StatusCode::CREATED);
        assert_eq!(unnamed["name"], "fabrikam.com");
        let list = api.get(PATH).await.expect(StatusCode::OK);
        assert_eq!(list, json!({"data": [unnamed, made], "next_cursor": null}));
        api.close().await;
    }
}

#[actix_web::test]
async fn every_fault_of_a_body_is_reported_with_its_pointer() {
    let api = Api::on(BOTH[1]).await;
    for (body, pointers) in [
        (json!({}), vec!["#/domains"]),
        (json!({"domains": []}), vec!["#/domains"]),
        (json!({"domains": "contoso.com"}), vec!["#/domains"]),
        (
            json!({"domains": ["ok.example", "no dots", 7, "-x.example"]}),
            vec!["#/domains/1", "#/domains/2", "#/domains/3"],
        ),
        (json!({"domains": ["a.example", "A.example."]}), vec!["#/domains/1"]),
        (
            json!({"name": "", "domains": ["10.0.0.1"]}),
            vec!["#/name", "#/domains/0"],
        ),
        (json!({"name": 1, "domains": [null]}), vec!["#/name", "#/domains/0"]),
    ] {
        assert_eq!(api.post(PATH, &body).await.faults(422), pointers, "{body}");
    }
    assert!(api.db.store.organizations().is_empty().await.unwrap());
    api.close().await;
}

#[actix_web::test]
async fn a_domain_that_belongs_to_another_organization_is_a_conflict() {
    for dialect in BOTH {
        let api = Api::on(dialect).await;
        api.post(PATH, &json!({"domains": ["contoso.com"]}))
            .await
            .expect(StatusCode::CREATED);
        let body = json!({"domains": ["fabrikam.com", "CONTOSO.com"]});
        assert_eq!(api.post(PATH, &body).await.faults(409), ["#/domains/1"]);
        let list = api.get(PATH).await.expect(StatusCode::OK);
        assert_eq!(
            list["data"].as_array().unwrap().len(),
            1,
            "nothing of the refused one stays"
        );
        api.close().await;
    }
}

#[actix_web::test]
async fn a_list_is_read_in_parts_to_its_end() {
    for dialect in BOTH {
        let api = Api::on(dialect).await;
        let mut made = Vec::new();
        for n in 0..5 {
            let body = json!({"domains": [format!("c{n}.example")]});
            made.push(api.post(PATH, &body).await.expect(StatusCode::CREATED));
        }
        made.reverse();
        let (mut seen, mut path) = (Vec::new(), format!("{PATH}?limit=2"));
        loop {
            let part = api.get(&path).await.expect(StatusCode::OK);
            seen.extend(part["data"].as_array().unwrap().clone());
            let Some(cursor) = part["next_cursor"].as_str() else {
                break;
            };
            path = format!("{PATH}?limit=2&cursor={cursor}");
        }
        assert_eq!(seen, made);
        api.close().await;
    }
}

#[actix_web::test]
async fn name_and_domains_of_an_organization_change() {
    for dialect in BOTH {
        let api = Api::on(dialect).await;
        let body = json!({"name": "Contoso", "domains": ["a.example", "b.example"]});
        let made = api.post(PATH, &body).await.expect(StatusCode::CREATED);
        let path = format!("{PATH}/{}", text(&made, "id"));
        let body = json!({"name": "Contoso Ltd", "domains": ["b.example", "c.example"]});
        let changed = api.patch(&path, &body).await.expect(StatusCode::OK);
        assert_eq!(changed["name"], "Contoso Ltd");
        assert_eq!(changed["domains"], json!(["b.example", "c.example"]));
        assert_eq!(api.get(&path).await.expect(StatusCode::OK), changed);
        assert_eq!(api.patch(&path, &json!({})).await.expect(StatusCode::OK), changed);
        // What was given up is free, and what others have is not.
        let other = api.post(PATH, &json!({"domains": ["a.example"]})).await;
        other.expect(StatusCode::CREATED);
        let taken = api.patch(&path, &json!({"domains": ["c.example", "a.example"]})).await;
        assert_eq!(taken.faults(409), ["#/domains/1"]);
        assert_eq!(api.get(&path).await.expect(StatusCode::OK), changed);
        let faults = api
            .patch(&path, &json!({"name": null, "domains": ["x"], "id": 1}))
            .await;
        assert_eq!(faults.faults(422), ["#/id", "#/name", "#/domains/0"]);
        let missing = format!("{PATH}/0190f5a4-3b1e-7c3a-8d2f-000000000001");
        api.patch(&missing, &json!({"name": "a"})).await.problem(404);
        let key = json!({"name": "own", "scopes": ["directories"], "organization_id": made["id"]});
        let key = api.admin_key(&key).await;
        let patch = async |body| api.call_with(&key, Method::PATCH, &path).json(&body).send().await;
        patch(json!({"name": "Mine"})).await.expect(StatusCode::OK);
        patch(json!({"domains": ["big.example"]})).await.problem(403);
        api.close().await;
    }
}

#[actix_web::test]
async fn an_organization_is_deleted_when_nothing_of_it_is_left() {
    for dialect in BOTH {
        let api = Api::on(dialect).await;
        let directory = api.directory("contoso.com").await;
        let organization = &directory["organization_id"];
        let path = format!("{PATH}/{}", organization.as_str().unwrap());
        let endpoint = json!({"url": "https://app.example/", "organization_ids": [organization]});
        let endpoint = api
            .post("/api/v1/endpoints", &endpoint)
            .await
            .expect(StatusCode::CREATED);
        let key = json!({"name": "own", "scopes": ["read"], "organization_id": organization});
        let key = api.admin_key(&key).await;
        let problem = api.delete(&path).await.problem(409);
        let detail = text(&problem, "detail");
        assert!(
            detail.contains(text(&directory, "id")) && detail.contains(text(&endpoint, "id")),
            "{detail}"
        );
        for path in [
            format!("/api/v1/directories/{}", text(&directory, "id")),
            format!("/api/v1/endpoints/{}", text(&endpoint, "id")),
            path.clone(),
        ] {
            assert_eq!(api.delete(&path).await.status, StatusCode::NO_CONTENT);
        }
        api.get(&path).await.problem(404);
        api.delete(&path).await.problem(404);
        api.call_with(&key, Method::GET, PATH).send().await.problem(401);
        let again = api.post(PATH, &json!({"domains": ["contoso.com"]})).await;
        again.expect(StatusCode::CREATED);
        api.close().await;
    }
}
