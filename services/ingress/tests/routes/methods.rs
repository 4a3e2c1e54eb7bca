//! Methods: what every path takes, and what it says of those that it does not take.

use crate::harness::{BOTH, Ingress, filled};
use std::collections::BTreeMap;

const METHODS: [&str; 6] = ["GET", "POST", "PUT", "PATCH", "DELETE", "BREW"];

/// Methods by path.
fn paths() -> BTreeMap<String, Vec<String>> {
    let mut paths = BTreeMap::<_, Vec<_>>::new();
    for (method, path) in ingress::routes() {
        paths.entry(filled(path)).or_default().push(method.to_string());
    }
    paths
}

// Rules: R3
#[actix_web::test]
async fn every_path_lists_its_methods_when_asked_and_when_it_refuses() {
    let ingress = Ingress::on(BOTH[1]).await;
    let paths = paths();
    assert!(paths.len() > 15);
    for (path, methods) in paths {
        let path = format!("{}{path}", ingress.base());
        let with_head = methods.iter().flat_map(|method| match method.as_str() {
            "GET" => vec!["GET", "HEAD"],
            other => vec![other],
        });
        let allow = with_head.chain(["OPTIONS"]).collect::<Vec<_>>().join(", ");
        let answer = ingress.send("OPTIONS", &path, None).await;
        assert_eq!(
            (answer.status.as_u16(), answer.header("allow"), answer.text.as_str()),
            (204, allow.as_str(), ""),
            "{path}"
        );
        for method in METHODS
            .iter()
            .filter(|method| !methods.iter().any(|taken| taken == *method))
        {
            let answer = ingress.send(method, &path, None).await;
            assert_eq!(
                (answer.status.as_u16(), answer.header("allow")),
                (405, allow.as_str()),
                "{method} {path}"
            );
            if path.ends_with("/token") {
                assert_eq!(answer.expect(405)["error"], "invalid_request");
            } else {
                let wanted = format!("{method} is not supported at {path}, which takes {allow}");
                assert_eq!(answer.detail(405), wanted);
            }
        }
    }
    ingress.close().await;
}

// Rules: R3
#[actix_web::test]
async fn a_refusal_names_the_path_as_it_came() {
    let ingress = Ingress::on(BOTH[1]).await;
    let path = format!("/{}//users/", ingress.base());
    let detail = ingress.send("DELETE", &path, None).await.detail(405);
    assert_eq!(
        detail,
        format!("DELETE is not supported at {path}, which takes GET, HEAD, POST, OPTIONS")
    );
    ingress.close().await;
}

// Rules: R45
#[actix_web::test]
async fn me_is_not_supported_whatever_the_method() {
    let ingress = Ingress::on(BOTH[1]).await;
    for method in METHODS.into_iter().chain(["OPTIONS"]) {
        for path in ["Me", "me/x", "ME/x/y"] {
            let path = format!("{}/{path}", ingress.base());
            let detail = ingress.send(method, &path, None).await.detail(501);
            assert_eq!(detail, "/Me is not supported: a directory key stands for no user");
        }
    }
    ingress.close().await;
}
