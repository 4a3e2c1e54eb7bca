//! `/organizations`.

use crate::harness::{Api, BOTH, text};
use actix_web::http::StatusCode;
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
