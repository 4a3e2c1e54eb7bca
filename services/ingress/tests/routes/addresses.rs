//! Paths as administrators type them.

use crate::harness::{BOTH, DOMAIN, Ingress, PUBLIC_URL, filled};

// Rules: R4, R6
#[actix_web::test]
async fn a_resource_is_found_however_its_path_is_spelled() {
    for dialect in BOTH {
        let ingress = Ingress::on(dialect).await;
        let (directory, id) = (ingress.directory, ingress.user("ada@contoso.example").await);
        for (path, base) in [
            (format!("/directories/{directory}/scim/v2/Users/{id}"), ingress.base()),
            (
                format!("//directories//{directory}/scim//v2/Users//{id}//"),
                ingress.base(),
            ),
            (format!("/directories/{directory}/scim/Users/{id}"), ingress.base()),
            (format!("/directories/{directory}/SCIM/V2/USERS/{id}"), ingress.base()),
            (
                format!("/directories/{directory}/sc%69m/v2/%75sers/{id}"),
                ingress.base(),
            ),
            (
                format!("/org/{DOMAIN}/scim/v2/Users/{id}"),
                format!("/org/{DOMAIN}/scim/v2"),
            ),
            (
                format!("/org/Contoso%2eEXAMPLE/scim/users/{id}"),
                format!("/org/{DOMAIN}/scim/v2"),
            ),
        ] {
            let shown = ingress.get(&path).await.expect(200);
            assert_eq!(shown["userName"], "ada@contoso.example", "{path}");
            assert_eq!(
                shown["meta"]["location"],
                format!("{PUBLIC_URL}{base}/Users/{id}"),
                "{path}"
            );
        }
        ingress.close().await;
    }
}

// Rules: R6
#[actix_web::test]
async fn every_endpoint_is_understood_in_any_case_and_with_doubled_slashes() {
    let ingress = Ingress::on(BOTH[1]).await;
    for (method, path) in ingress::routes() {
        let spelled = filled(path).to_lowercase().replace('/', "//");
        let came = format!("{}{spelled}/", ingress.base());
        let answer = ingress.send(method.as_str(), &came, None).await;
        assert!(
            !answer.text.contains("there is no endpoint") && answer.status != 405,
            "{method} {came}: {}",
            answer.text
        );
    }
    ingress.close().await;
}

#[actix_web::test]
async fn what_names_no_endpoint_is_told_as_it_came() {
    let ingress = Ingress::on(BOTH[1]).await;
    let base = ingress.base();
    let detail = ingress.get(&format!("{base}//Printers/%41b%2Fc/")).await.detail(404);
    let types = format!("{PUBLIC_URL}{base}/ResourceTypes");
    assert_eq!(detail, format!("there is no endpoint /Printers/Ab/c; see {types}"));
    let detail = ingress.get(&format!("{base}/Users/a/b")).await.detail(404);
    assert!(detail.starts_with("there is no endpoint /Users/a/b;"), "{detail}");
    let detail = ingress.get(&format!("{base}/schemas/urn:x/Y")).await.detail(404);
    assert_eq!(detail, "there is nothing at /schemas/urn:x/Y");
    let detail = ingress.get(&format!("{base}/users/%54oken")).await.detail(404);
    assert!(detail.contains("Token"), "{detail}");
    ingress
        .get(&format!("{base}/users/{}", "%C3%A9".repeat(10_000)))
        .await
        .detail(404);
    ingress.close().await;
}

#[actix_web::test]
async fn a_mistyped_tenant_url_is_answered_with_the_right_one() {
    let ingress = Ingress::on(BOTH[1]).await;
    let directory = ingress.directory;
    let right = format!("{PUBLIC_URL}{}", ingress.base());
    for path in ["Users", "scimv2/Users", "x/scim/v2"] {
        let detail = ingress
            .get(&format!("/directories/{directory}/{path}"))
            .await
            .detail(404);
        let wanted =
            format!("this is not a SCIM base URL; the tenant URL to enter in the identity provider is {right}");
        assert_eq!(detail, wanted);
    }
    for version in ["v1", "V3.0"] {
        let path = format!("/directories/{directory}/scim/{version}/Users");
        let answer = ingress.get(&path).await;
        let wanted = format!("SCIM version \"{version}\" is not served here; use {right}");
        assert_eq!(answer.detail(400), wanted);
        assert_eq!(answer.expect(400)["scimType"], "invalidVers");
    }
    ingress.close().await;
}

#[actix_web::test]
async fn a_path_without_a_directory_is_told_where_it_goes_and_an_unknown_one_is_not_told_apart() {
    let ingress = Ingress::on(BOTH[1]).await;
    for path in [
        "/",
        "/scim/v2/Users",
        "/org",
        "/directories/",
        "/org/scim/v2",
        "/org/SCIM/scim/v2/Users",
    ] {
        let detail = ingress.get(path).await.detail(404);
        assert!(
            detail.contains("https://scim.example/directories/<id>/scim/v2"),
            "{path}: {detail}"
        );
    }
    for path in [
        "/directories/7/scim/v2/Users",
        "/directories/7/scim/v2/ServiceProviderConfig",
        "/directories/7",
        "/directories/0190f5a4-3b1e-7c3a-8d2f-000000000001/scim/v2/Users",
        "/org/nobody.example/scim/v2/Users",
    ] {
        ingress.get(path).await.detail(401);
    }
    ingress.close().await;
}
