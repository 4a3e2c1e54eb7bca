//! The pages: guides, reference, Swagger UI, and what they are made of.

use crate::harness::{Answer, Api, BOTH};
use actix_web::http::Method;
use serde_json::Value;
use std::collections::BTreeSet;

async fn page(api: &Api, path: &str) -> Answer {
    let answer = api.anonymous(Method::GET, path).send().await;
    assert_eq!(answer.status, 200, "{path}");
    assert_eq!(
        answer.header("content-type"),
        Some("text/html; charset=utf-8"),
        "{path}"
    );
    answer
}

/// The values of an attribute of a page.
fn values<'a>(html: &'a str, attribute: &str) -> Vec<&'a str> {
    let start = format!(" {attribute}=\"");
    html.split(&start)
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .collect()
}

#[actix_web::test]
async fn pages_need_no_key_and_keep_a_policy_without_exceptions() {
    let api = Api::on(BOTH[1]).await;
    for path in [
        "/docs",
        "/docs/webhooks",
        "/api/docs",
        "/api/docs/endpoints",
        "/api/docs/try",
    ] {
        let answer = page(&api, path).await;
        let policy = answer.header("content-security-policy").unwrap();
        assert!(
            policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self';"),
            "{policy}"
        );
        assert!(
            !policy.contains("unsafe") && policy.contains("frame-ancestors 'none'"),
            "{policy}"
        );
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
        // What the policy forbids is not there.
        for forbidden in [" style=\"", "<style", " onclick", "javascript:", "<script>"] {
            assert!(!answer.text.contains(forbidden), "{path}: {forbidden}");
        }
        for place in values(&answer.text, "src") {
            assert!(place.starts_with("/api/docs/try/"), "{path}: {place}");
        }
        assert_eq!(path == "/api/docs/try", answer.text.contains("<script"), "{path}");
    }
    api.close().await;
}

#[actix_web::test]
async fn every_operation_has_its_place_in_the_reference() {
    let api = Api::on(BOTH[1]).await;
    let document: Value = serde_json::to_value(admin::openapi()).unwrap();
    let overview = page(&api, "/api/docs").await.text;
    let mut count = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap();
            let href = values(&overview, "href")
                .into_iter()
                .find(|href| href.ends_with(&format!("#{id}")))
                .unwrap_or_else(|| panic!("{method} {path} is not in the overview"));
            let (of_tag, _) = href.split_once('#').unwrap();
            let shown = page(&api, of_tag).await.text;
            let (_, from_here) = shown.split_once(&format!("id=\"{id}\"")).unwrap();
            let article = from_here.split("</article>").next().unwrap();
            assert!(article.contains(&method.to_uppercase()), "{id}");
            let scope = operation["security"][0]["admin_key"][0].as_str().unwrap();
            assert!(article.contains(&format!("<code>{scope}</code>")), "{id}");
            assert!(article.contains("https://rollcall.example/api/v1/"), "{id}: curl");
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                let name = parameter["name"].as_str().unwrap();
                assert!(article.contains(&format!("<code>{name}</code>")), "{id}: {name}");
            }
            for status in operation["responses"].as_object().unwrap().keys() {
                assert!(article.contains(&format!(">{status}<")), "{id}: {status}");
            }
            count += 1;
        }
    }
    assert_eq!(count, admin::routes().count());
    api.close().await;
}

#[actix_web::test]
async fn the_members_of_bodies_and_answers_are_shown_down_to_the_last() {
    let api = Api::on(BOTH[1]).await;
    let shown = page(&api, "/api/docs/directories").await.text;
    // A list of objects of lists of words, and a member of an answer that another schema has.
    for member in [
        "mass_change_brake",
        "window_minutes",
        "sub_attributes",
        "active_users",
        "scim_url",
    ] {
        assert!(shown.contains(&format!("<code>{member}</code>")), "{member}");
    }
    assert!(shown.contains("one of <code>app</code>, <code>web</code>"));
    assert!(shown.contains("1 to 200 characters"));
    api.close().await;
}

#[actix_web::test]
async fn browsers_keep_what_has_not_changed() {
    let api = Api::on(BOTH[1]).await;
    let overview = page(&api, "/docs").await;
    let style = values(&overview.text, "href")
        .into_iter()
        .find(|href| href.contains(".css"))
        .unwrap()
        .to_owned();
    let assets: BTreeSet<_> = values(&overview.text, "href")
        .into_iter()
        .filter(|href| href.starts_with("/assets/"))
        .map(|href| href.split('#').next().unwrap().to_owned())
        .collect();
    assert_eq!(assets.len(), 3, "{assets:?}");
    for asset in &assets {
        let answer = api.anonymous(Method::GET, asset).send().await;
        assert_eq!(answer.status, 200, "{asset}");
        assert_eq!(
            answer.header("cache-control"),
            Some("public, max-age=31536000, immutable"),
            "{asset}"
        );
        let etag = answer.header("etag").unwrap().to_owned();
        let again = api
            .anonymous(Method::GET, asset)
            .header("if-none-match", &etag)
            .send()
            .await;
        assert_eq!((again.status.as_u16(), again.text.as_str()), (304, ""), "{asset}");
        assert_eq!(again.header("etag"), Some(etag.as_str()));
    }
    // What another release calls by another version is not kept under that name.
    let plain = style.split('?').next().unwrap();
    for other in [plain.to_owned(), format!("{plain}?v=0000000000000000")] {
        let answer = api.anonymous(Method::GET, &other).send().await;
        assert_eq!(
            (answer.status.as_u16(), answer.header("cache-control")),
            (200, Some("no-cache"))
        );
    }
    api.anonymous(Method::GET, "/assets/nothing.css")
        .send()
        .await
        .problem(404);
    for path in [
        "/docs",
        "/api/docs",
        "/api/v1/openapi.json",
        "/api/docs/try/swagger-ui-bundle.js",
    ] {
        let answer = api.anonymous(Method::GET, path).send().await;
        assert_eq!(answer.header("cache-control"), Some("no-cache"), "{path}");
        let etag = answer.header("etag").unwrap().to_owned();
        let again = api
            .anonymous(Method::GET, path)
            .header("if-none-match", &etag)
            .send()
            .await;
        assert_eq!(again.status, 304, "{path}");
    }
    api.close().await;
}

#[actix_web::test]
async fn swagger_ui_comes_from_here_and_as_the_browser_takes_it() {
    let api = Api::on(BOTH[1]).await;
    let shown = page(&api, "/api/docs/try").await.text;
    let files: Vec<_> = values(&shown, "src")
        .into_iter()
        .chain(values(&shown, "href"))
        .filter(|place| place.starts_with("/api/docs/try/"))
        .collect();
    assert_eq!(files.len(), 3, "{files:?}");
    for file in files {
        let answer = api.anonymous(Method::GET, file).send().await;
        assert_eq!(
            (answer.status.as_u16(), answer.header("content-encoding")),
            (200, None),
            "{file}"
        );
        assert!(answer.text.len() > 200, "{file}");
    }
    let bundle = "/api/docs/try/swagger-ui-bundle.js";
    let call = api.anonymous(Method::GET, bundle).header("accept-encoding", "gzip, br");
    let (status, headers) = call.status_and_headers().await;
    assert_eq!(status, 200);
    assert_eq!(headers.get("content-encoding").unwrap(), "gzip");
    assert_eq!(headers.get("vary").unwrap(), "accept-encoding");
    api.anonymous(Method::GET, "/api/docs/try/index.html")
        .send()
        .await
        .problem(404);
    api.close().await;
}

#[actix_web::test]
async fn a_page_that_there_is_not_says_so_and_a_slash_too_many_is_forgiven() {
    let api = Api::on(BOTH[1]).await;
    for path in ["/docs/nothing", "/api/docs/nothing", "/docs/a/b"] {
        let answer = api.anonymous(Method::GET, path).send().await;
        assert_eq!(answer.status, 404, "{path}");
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{path}");
        assert!(answer.text.contains("There is no such page") && answer.header("content-security-policy").is_some());
    }
    for (path, to) in [
        ("/docs/", "/docs"),
        ("/api/docs/", "/api/docs"),
        ("/docs/webhooks/", "/docs/webhooks"),
    ] {
        let answer = api.anonymous(Method::GET, path).send().await;
        assert_eq!((answer.status.as_u16(), answer.header("location")), (308, Some(to)));
    }
    let answer = api.anonymous(Method::POST, "/docs").send().await;
    assert_eq!(answer.header("allow"), Some("GET, HEAD, OPTIONS"));
    answer.problem(405);
    let guide = api.anonymous(Method::GET, "/docs/webhooks.md").send().await;
    assert_eq!(guide.header("content-type"), Some("text/markdown; charset=utf-8"));
    assert!(guide.text.starts_with("# Webhooks"));
    api.close().await;
}
