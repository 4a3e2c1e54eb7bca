//! No route answers without a key of its directory, except those that say how to get one.

use crate::harness::{BOTH, Ingress, filled};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Headers that open no directory, or not this one.
fn wrong(ingress: &Ingress) -> [Option<String>; 7] {
    [
        None,
        Some(String::new()),
        Some("Bearer".to_owned()),
        Some("Bearer wrong".to_owned()),
        Some(format!("Bearer {}", ingress.foreign_key)),
        Some(format!("Digest {}", ingress.key)),
        Some(ingress.key.clone()),
    ]
}

// Rules: R62
#[actix_web::test]
async fn every_route_wants_a_key_of_its_directory() {
    for dialect in BOTH {
        let ingress = Ingress::on(dialect).await;
        let mut count = 0;
        for (method, path) in ingress::routes() {
            // The one asks for credentials of its own, the other says which there are.
            if path == "/oauth/token" || path.starts_with("/ServiceProviderConfig") {
                continue;
            }
            let path = format!("{}{}", ingress.base(), filled(path));
            for header in wrong(&ingress) {
                let answer = ingress.send_as(header.as_deref(), method.as_str(), &path, None).await;
                let detail = answer.detail(401);
                assert!(
                    detail.contains("a valid key of this directory"),
                    "{method} {path}: {detail}"
                );
                let challenges: Vec<_> = answer.headers.get_all("www-authenticate").collect();
                assert_eq!(challenges, ["Bearer realm=\"rollcall\"", "Basic realm=\"rollcall\""]);
            }
            let answer = ingress.send(method.as_str(), &path, None).await;
            assert!(
                answer.status != 401 && answer.status != 405,
                "{method} {path}: {answer:?}"
            );
            count += 1;
        }
        assert!(count > 20, "{count}");
        ingress.close().await;
    }
}

// Rules: R62
#[actix_web::test]
async fn what_there_is_not_is_not_told_from_others_without_a_key() {
    let ingress = Ingress::on(BOTH[1]).await;
    for (method, path) in [
        ("GET", "/Printers"),
        ("PUT", "/Users"),
        ("OPTIONS", "/Users"),
        ("OPTIONS", "/ServiceProviderConfig"),
        ("POST", "/ServiceProviderConfig"),
        ("GET", "/Me"),
        ("GET", "/Users/no-id"),
        ("POST", "/Users"),
    ] {
        let path = format!("{}{path}", ingress.base());
        for header in wrong(&ingress) {
            ingress
                .send_as(header.as_deref(), method, &path, None)
                .await
                .detail(401);
        }
    }
    ingress.close().await;
}

// Rules: R55
#[actix_web::test]
async fn how_to_authenticate_is_shown_without_a_key() {
    let ingress = Ingress::on(BOTH[1]).await;
    for path in ["ServiceProviderConfig", "serviceproviderconfigs"] {
        let path = format!("{}/{path}", ingress.base());
        for header in wrong(&ingress) {
            let told = ingress.send_as(header.as_deref(), "GET", &path, None).await.expect(200);
            assert!(told["authenticationSchemes"].is_array());
        }
    }
    ingress.close().await;
}

#[actix_web::test]
async fn a_key_is_a_bearer_token_or_the_password_of_basic_and_schemes_have_no_case() {
    let ingress = Ingress::on(BOTH[1]).await;
    let path = format!("{}/Users", ingress.base());
    let basic = STANDARD.encode(format!("anyone:{}", ingress.key));
    for header in [
        format!("Bearer {}", ingress.key),
        format!("bearer  {} ", ingress.key),
        format!("BASIC {basic}"),
    ] {
        ingress.send_as(Some(&header), "GET", &path, None).await.expect(200);
    }
    ingress.close().await;
}

/// A body is not looked at, whatever it is, before the key is checked.
#[actix_web::test]
async fn a_stranger_learns_nothing_from_what_is_wrong_with_the_body_or_the_query() {
    let ingress = Ingress::on(BOTH[1]).await;
    let body = serde_json::json!("no resource");
    for path in ["/Users?filter=((", "/Bulk", "/.search", "/Groups/.search"] {
        let path = format!("{}{path}", ingress.base());
        ingress.send_as(None, "POST", &path, Some(&body)).await.detail(401);
        assert_eq!(ingress.send("POST", &path, Some(&body)).await.status, 400, "{path}");
    }
    ingress.close().await;
}
