//! No route answers without an admin key.

use crate::harness::{Api, BOTH, CONFIGURED_KEY, text};
use actix_web::http::{Method, StatusCode};

#[actix_web::test]
async fn every_route_wants_an_admin_key() {
    for dialect in BOTH {
        let api = Api::on(dialect).await;
        let directory_key = text(&api.directory("contoso.com").await["key"], "token").to_owned();
        let foreign = Api::on(dialect).await;
        let wrong = [
            None,
            Some(String::new()),
            Some("Bearer".to_owned()),
            Some("Bearer wrong".to_owned()),
            Some(format!("Bearer {directory_key}")),
            Some(format!("Bearer {}", foreign.key)),
            Some(format!("Bearer {CONFIGURED_KEY}x")),
            Some(format!("Basic {}", api.key)),
            Some(api.key.clone()),
        ];
        let mut count = 0;
        for (method, path) in admin::routes() {
            let path = path
                .replace("{id}", "0190f5a4-3b1e-7c3a-8d2f-000000000001")
                .replace("{user_id}", "0190f5a4-3b1e-7c3a-8d2f-000000000002")
                .replace("{group_id}", "0190f5a4-3b1e-7c3a-8d2f-000000000003")
                .replace("{credential_id}", "0190f5a4-3b1e-7c3a-8d2f-000000000004")
                .replace("{key_id}", "x");
            for header in &wrong {
                let mut call = api.anonymous(method.clone(), &path);
                if let Some(header) = header {
                    call = call.header("authorization", header);
                }
                let answer = call.send().await;
                assert_eq!(answer.status, 401, "{method} {path} with {header:?}");
                assert!(answer.header("www-authenticate").unwrap().starts_with("Bearer realm="));
                answer.problem(401);
            }
            let status = api.call(method.clone(), &path).status().await;
            assert_ne!(status, 401, "{method} {path} with the key");
            assert_ne!(status, 405, "{method} {path}");
            count += 1;
        }
        assert!(count > 20);
        foreign.close().await;
        api.close().await;
    }
}

#[actix_web::test]
async fn without_a_key_a_path_that_does_not_exist_looks_like_any_other() {
    let api = Api::on(BOTH[1]).await;
    api.anonymous(Method::GET, "/api/v1/nothing").send().await.problem(401);
    api.anonymous(Method::PUT, "/api/v1/organizations")
        .send()
        .await
        .problem(401);
    api.close().await;
}

#[actix_web::test]
async fn the_key_of_the_configuration_works_and_the_scheme_is_case_insensitive() {
    for dialect in BOTH {
        let api = Api::on(dialect).await;
        for header in [format!("Bearer {CONFIGURED_KEY}"), format!("bearer {}", api.key)] {
            let call = api
                .anonymous(Method::GET, "/api/v1/organizations")
                .header("authorization", &header);
            call.send().await.expect(StatusCode::OK);
        }
        api.close().await;
    }
}
