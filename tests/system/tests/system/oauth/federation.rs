//! Tokens for assertions of an identity provider, and for the token that Entra makes itself (E4).

use super::*;

crate::on_both_shapes! {
    a_workload_gets_a_token_for_its_assertion,
    every_other_assertion_is_refused_without_asking_for_keys,
    the_token_that_entra_makes_itself_is_taken_only_where_it_is_allowed,
}

pub(super) const SUBJECT: &str = "the-provisioning-service";

pub(super) async fn ask_with_assertion(tenant: &Tenant, assertion: &str) -> Answer {
    let form = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("grant_type", "client_credentials")
        .append_pair("client_id", "whatever-the-administrator-entered")
        .append_pair(
            "client_assertion_type",
            "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        )
        .append_pair("client_assertion", assertion)
        .append_pair("scope", "api://rollcall/.default")
        .finish();
    ask(tenant, &form, None).await
}

/// A system that trusts this identity provider, with a directory that takes its workload.
pub(super) async fn federated(shape: Shape, provider: &IdentityProvider) -> (System, Tenant) {
    let system = System::start_with(shape, &[("ROLLCALL_ENTRA_AUTHORITY", &provider.authority)]).await;
    let tenant = system.tenant("contoso.example").await;
    let path = format!("/directories/{}/federation", tenant.directory_id);
    let body = json!({ "tenant_id": provider.tenant, "audience": AUDIENCE, "subject": SUBJECT });
    system.api("PUT", &path, Some(body)).await;
    (system, tenant)
}

pub(super) fn claims(provider: &IdentityProvider) -> Value {
    let now = Timestamp::now().millis() / 1000;
    json!({
        "iss": provider.issuer(), "tid": provider.tenant, "aud": AUDIENCE, "sub": SUBJECT,
        "iat": now, "nbf": now, "exp": now + 3600, "ver": "2.0",
    })
}

// Rules: E4, V22
async fn a_workload_gets_a_token_for_its_assertion(shape: Shape) {
    let provider = IdentityProvider::start();
    let (system, tenant) = federated(shape, &provider).await;
    let claims = claims(&provider);
    let first = token(&ask_with_assertion(&tenant, &provider.sign(0, &claims)).await);
    let scim = tenant.scim.with_token(&first);
    scim.create_user("ada@contoso.example").await.expect(201);
    // Signed by a key that the tenant does not have: looked for once, not each time.
    for _ in 0..5 {
        let foreign = provider.sign(1, &claims);
        refused(&ask_with_assertion(&tenant, &foreign).await, 401, "invalid_client");
    }
    assert_eq!(provider.fetches(), 2);
    token(&ask_with_assertion(&tenant, &provider.sign(0, &claims)).await);
    assert_eq!(provider.fetches(), 2);
    // Tokens end with any change of what the assertions must say.
    let path = format!("/directories/{}/federation", tenant.directory_id);
    let body = json!({ "tenant_id": provider.tenant, "audience": AUDIENCE, "subject": "another" });
    system.api("PUT", &path, Some(body)).await;
    eventually("tokens of the federation before", async || {
        status_with(&tenant, &first).await == 401
    })
    .await;
    system.api("DELETE", &path, None).await;
    let assertion = provider.sign(0, &claims);
    eventually("a federation that ended", async || {
        ask_with_assertion(&tenant, &assertion).await.status == 401
    })
    .await;
    provider.stop().await;
    system.stop().await;
}

// Rules: E4
async fn every_other_assertion_is_refused_without_asking_for_keys(shape: Shape) {
    let provider = IdentityProvider::start();
    let (system, tenant) = federated(shape, &provider).await;
    let good = claims(&provider);
    let now = Timestamp::now().millis() / 1000;
    for (name, value) in [
        (
            "iss",
            json!(format!("{}/{}/v2.0", provider.authority, uuid::Uuid::new_v4())),
        ),
        ("tid", json!(uuid::Uuid::new_v4())),
        ("aud", json!("api://another")),
        ("aud", json!([AUDIENCE, "api://another"])),
        ("sub", json!("another")),
        ("exp", json!(now - 120)),
        ("nbf", json!(now + 600)),
    ] {
        let mut wrong = good.clone();
        wrong[name] = value;
        let answer = ask_with_assertion(&tenant, &provider.sign(0, &wrong)).await;
        refused(&answer, 401, "invalid_client");
    }
    for alg in ["none", "HS256", "PS256"] {
        let unsigned = unsigned(&json!({ "alg": alg, "kid": kid(0) }), &good);
        for signature in ["", "c2lnbmF0dXJl"] {
            let answer = ask_with_assertion(&tenant, &format!("{unsigned}.{signature}")).await;
            refused(&answer, 401, "invalid_client");
        }
    }
    assert_eq!(provider.fetches(), 0);
    // A good signature of other claims.
    let (signed, _) = provider
        .sign(0, &good)
        .rsplit_once('.')
        .map(|(a, b)| (a.to_owned(), b.to_owned()))
        .unwrap();
    let mut other = good.clone();
    other["jti"] = json!("1");
    let signature = provider.sign(0, &other).rsplit_once('.').unwrap().1.to_owned();
    refused(
        &ask_with_assertion(&tenant, &format!("{signed}.{signature}")).await,
        401,
        "invalid_client",
    );
    token(&ask_with_assertion(&tenant, &provider.sign(0, &good)).await);
    // The keys roll: the new one is found at once.
    provider.publish(&[0, 1]);
    token(&ask_with_assertion(&tenant, &provider.sign(1, &good)).await);
    assert_eq!(provider.fetches(), 2);
    provider.stop().await;
    system.stop().await;
}

// Rules: E5
async fn the_token_that_entra_makes_itself_is_taken_only_where_it_is_allowed(shape: Shape) {
    let provider = IdentityProvider::start();
    let (system, tenant) = federated(shape, &provider).await;
    let mut good = claims(&provider);
    good["aud"] = json!("8adf8e6e-67b2-4cf2-a259-e3dc5476c621");
    good["iss"] = json!(format!("https://sts.windows.net/{}/", provider.tenant));
    good["sub"] = json!("the service principal of the provisioning service");
    let token = provider.sign(0, &good);
    let path = format!("/directories/{}", tenant.directory_id);
    // By default it is not; the refusal says what to do, and the administrator sees it.
    let refused = tenant.scim.with_token(&token).get("/Users").await;
    let detail = refused.expect_error(401, "").to_owned();
    assert!(
        detail.contains("Secret Token") && detail.contains("entra_token"),
        "{detail}"
    );
    assert!(refused.header("www-authenticate").starts_with("Bearer"));
    assert_eq!(provider.fetches(), 0, "no keys are fetched for it");
    eventually("the refusal in the log of the directory", async || {
        let shown = system.api("GET", &path, None).await;
        assert_eq!(
            (&shown["last_error"], &shown["health"]["state"]),
            (&Value::Null, &json!("waiting"))
        );
        let reason = shown["last_refusal"]["reason"].as_str().unwrap_or_default();
        reason.contains("entra_token") && reason.contains("Secret Token")
    })
    .await;
    let allowed = json!(["bearer", "entra_token"]);
    let shown = system
        .api("PATCH", &path, Some(json!({ "authentication": allowed })))
        .await;
    assert_eq!(shown["authentication"], allowed);
    eventually("a directory that allows it", async || {
        status_with(&tenant, &token).await == 200
    })
    .await;
    tenant
        .scim
        .with_token(&token)
        .create_user("ada@contoso.example")
        .await
        .expect(201);
    // Whatever else it says, it is refused in the same words.
    let now = Timestamp::now().millis() / 1000;
    for (name, value) in [
        ("iss", json!(provider.issuer())),
        (
            "iss",
            json!(format!("https://sts.windows.net/{}/", uuid::Uuid::new_v4())),
        ),
        ("tid", json!(uuid::Uuid::new_v4())),
        ("exp", json!(now - 120)),
        ("nbf", json!(now + 600)),
    ] {
        let mut wrong = good.clone();
        wrong[name] = value;
        let answer = tenant.scim.with_token(&provider.sign(0, &wrong)).get("/Users").await;
        assert_eq!(answer.expect_error(401, ""), detail, "{name}");
    }
    let foreign_key = tenant.scim.with_token(&provider.sign(1, &good)).get("/Users").await;
    assert_eq!(foreign_key.expect_error(401, ""), detail);
    let unsigned = unsigned(&json!({ "alg": "none", "kid": kid(0) }), &good);
    assert_eq!(status_with(&tenant, &format!("{unsigned}.")).await, 401);
    // A directory that does not exist, one of another tenant, and one without a federation say no more than that.
    let other = system.tenant("fabrikam.example").await;
    system
        .api(
            "PATCH",
            &format!("/directories/{}", other.directory_id),
            Some(json!({ "authentication": allowed })),
        )
        .await;
    let nowhere = tenant
        .scim
        .base
        .replace(&tenant.directory_id, &uuid::Uuid::new_v4().to_string());
    for scim in [&other.scim, &system::scim::Scim::new(&nowhere, "")] {
        assert_eq!(
            scim.with_token(&token).get("/Users").await.expect_error(401, ""),
            detail
        );
    }
    provider.stop().await;
    system.stop().await;
}
