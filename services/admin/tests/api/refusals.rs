//! Every operation of the document refuses those whom it is not for, changes nothing then, and the audit log has it.

use crate::harness::{Api, BOTH, text};
use crate::identity_provider::{APPLICATION, IdentityProvider, TENANT};
use actix_web::http::{Method, StatusCode};
use serde_json::{Value, json};

const SCOPES: [&str; 9] = [
    "read",
    "directories",
    "endpoints",
    "endpoints:view",
    "endpoints:reveal",
    "endpoints:manage",
    "endpoints:resend",
    "connections",
    "admin",
];
const NO_ONE: &str = "0190f5a4-3b1e-7c3a-8d2f-000000000001";

/// An organization with one object of each kind.
struct Tenant {
    organization: String,
    /// Path and id of each object.
    objects: Vec<(&'static str, String)>,
    /// What shows them.
    views: Vec<String>,
}

/// An operation as the document has it.
struct Operation {
    method: Method,
    path: String,
    scope: String,
}

fn operations() -> Vec<Operation> {
    let document = serde_json::to_value(admin::openapi()).unwrap();
    let mut operations = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let security = operation["security"].as_array().unwrap();
            let scopes = security[0]["admin_key"].as_array().unwrap();
            assert_eq!((security.len(), scopes.len()), (1, 1), "{method} {path}");
            operations.push(Operation {
                method: method.to_uppercase().parse().unwrap(),
                path: path.clone(),
                scope: scopes[0].as_str().unwrap().to_owned(),
            });
        }
    }
    operations
}

async fn tenant(api: &Api, domain: &str) -> Tenant {
    let directory = api.directory(domain).await;
    let organization = text(&directory, "organization_id").to_owned();
    let directory = format!("/api/v1/directories/{}", text(&directory, "id"));
    let make = async |path: &str, body: Value, id: &str| {
        let made = api.post(path, &body).await;
        assert!(made.status.is_success(), "{path}: {}", made.text);
        let made: Value = serde_json::from_str(&made.text).unwrap();
        text(&made, id).to_owned()
    };
    let key = make(
        &format!("{directory}/keys"),
        json!({"name": "a", "retrievable": true}),
        "id",
    )
    .await;
    let client = make(&format!("{directory}/oauth-clients"), json!({}), "client_id").await;
    let federation = json!({"tenant_id": NO_ONE, "audience": "a", "subject": "s"});
    let call = api.call(Method::PUT, &format!("{directory}/federation"));
    call.json(&federation).send().await.expect(StatusCode::OK);
    let graph = json!({
        "tenant_id": TENANT, "client_id": APPLICATION, "credential": {"secret": "s"},
        "test_accounts": ["ada@contoso.com"], "scope": "all",
    });
    make(&format!("{directory}/graph"), graph, "directory_id").await;
    let endpoint = json!({"url": format!("https://{domain}/"), "organization_ids": [organization]});
    let endpoint = make("/api/v1/endpoints", endpoint, "id").await;
    let test = format!("/api/v1/endpoints/{endpoint}/test");
    let delivery = make(&test, json!({}), "delivery_id").await;
    let admin_key = json!({"name": "other", "scopes": ["read"], "organization_id": organization});
    let admin_key = make("/api/v1/admin-keys", admin_key, "id").await;
    let provider = IdentityProvider::start().await;
    let connection = json!({
        "organization_id": organization, "directory_id": directory.rsplit('/').next(),
        "authority": provider.authority(TENANT), "client_id": APPLICATION,
    });
    let connection = make("/api/v1/connections", connection, "id").await;
    let app = json!({
        "name": "app", "organization_id": organization, "authentication": "none",
        "redirect_uris": ["https://app.example/callback"],
    });
    let app = make("/api/v1/sso-clients", app, "id").await;
    let link = make("/api/v1/portal-links", json!({"organization_id": organization}), "id").await;
    let views = vec![
        format!("/api/v1/organizations/{organization}"),
        directory.clone(),
        format!("{directory}/keys"),
        format!("{directory}/oauth-clients"),
        format!("{directory}/federation"),
        format!("{directory}/graph"),
        format!("/api/v1/endpoints/{endpoint}"),
        format!("/api/v1/deliveries/{delivery}"),
        format!("/api/v1/admin-keys/{admin_key}"),
        format!("/api/v1/connections/{connection}"),
        format!("/api/v1/sso-clients/{app}"),
        format!("/api/v1/portal-links?organization_id={organization}"),
    ];
    let directory = directory.rsplit('/').next().unwrap().to_owned();
    let objects = vec![
        ("/organizations/{id}", organization.clone()),
        ("/directories/{id}", directory),
        ("/endpoints/{id}", endpoint),
        ("/deliveries/{id}", delivery),
        ("/admin-keys/{id}", admin_key),
        ("/portal-links/{id}", link),
        ("/connections/{id}", connection),
        ("/sso-clients/{id}", app),
        // No tenant has one of these.
        ("/events/{id}", NO_ONE.to_owned()),
        ("/test-receivers/{id}", NO_ONE.to_owned()),
        ("/dead-letters/{id}", NO_ONE.to_owned()),
        ("/sso-sessions/{id}", NO_ONE.to_owned()),
        ("/keys/{key_id}", key),
        ("/oauth-clients/{client_id}", client),
    ];
    Tenant {
        organization,
        objects,
        views,
    }
}

impl Tenant {
    /// A path with the ids of this tenant, and the id of the object that it begins with.
    fn path(&self, template: &str) -> (String, Option<&str>) {
        let (mut path, mut first) = (template.to_owned(), None);
        for (part, id) in &self.objects {
            if path.contains(part) {
                first = first.or(Some(id.as_str()));
                let filled = format!("{}{id}", &part[..part.find('{').unwrap()]);
                path = path.replacen(part, &filled, 1);
            }
        }
        while let Some((before, rest)) = path.split_once('{') {
            let (_, after) = rest.split_once('}').unwrap();
            path = format!("{before}{NO_ONE}{after}");
        }
        assert!(!template.contains("{id}") || first.is_some(), "whose is {template}?");
        (path, first)
    }

    /// Everything that there is to see.
    async fn seen(&self, api: &Api) -> Vec<Value> {
        let mut seen = Vec::new();
        for view in &self.views {
            seen.push(api.get(view).await.expect(StatusCode::OK));
        }
        seen
    }
}

/// The entries of the audit log that a query finds.
async fn audited(api: &Api, query: &str) -> Vec<Value> {
    let export = api.get(&format!("/api/v1/audit-log?format=jsonl&{query}")).await;
    let lines = export.text.lines();
    lines.map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn changes(log: &[Value]) -> usize {
    log.iter().filter(|entry| entry["outcome"] == "done").count()
}

#[actix_web::test]
async fn every_operation_refuses_whom_it_is_not_for_and_says_so_in_the_audit_log() {
    for dialect in BOTH {
        // It knows the tenant that is pulled, too.
        let provider = IdentityProvider::start().await;
        let api = Api::with_graph(dialect, &provider.url).await;
        let own = tenant(&api, "own.example").await;
        let other = tenant(&api, "other.example").await;
        let body = json!({"name": "own", "scopes": SCOPES, "organization_id": own.organization});
        let foreign = api.admin_key(&body).await;
        let mut lacking = Vec::new();
        for scope in SCOPES {
            let includes = |other: &str| match (other, scope) {
                ("read", "endpoints:view") => true,
                _ => other == scope || scope.starts_with(&format!("{other}:")),
            };
            let others: Vec<_> = SCOPES.into_iter().filter(|other| !includes(other)).collect();
            let key = api
                .admin_key(&json!({"name": format!("no {scope}"), "scopes": others}))
                .await;
            lacking.push((scope, key));
        }
        let before = other.seen(&api).await;
        let changes_before = changes(&audited(&api, "").await);

        let operations = operations();
        assert!(operations.len() > 40);
        for Operation { method, path, scope } in &operations {
            let (filled, id) = other.path(path);
            let what = format!("{method} {path}");
            let anonymous = api.anonymous(method.clone(), &filled).send().await;
            anonymous.problem(401);
            let (_, key) = lacking.iter().find(|(name, _)| name == scope).unwrap();
            let refused = api.call_with(key, method.clone(), &filled).send().await;
            assert!(
                refused
                    .header("www-authenticate")
                    .unwrap()
                    .contains(&format!("scope=\"{scope}\""))
            );
            refused.problem(403);
            let call = api.call_with(&foreign, method.clone(), &filled);
            if id.is_some() {
                call.send().await.problem(404);
            } else if path.ends_with("/stream") {
                assert_eq!(call.status().await, 200);
            } else if *method == Method::GET {
                let answer = call.send().await;
                let status = answer.status.as_u16();
                assert!([200, 400, 403].contains(&status), "{what}: {}", answer.text);
                assert!(!answer.text.contains(&other.organization), "{what}: {}", answer.text);
            } else {
                // Nothing at all is enough for a test receiver, which would be the caller's own.
                let body = if path.ends_with("/test-receivers") {
                    json!({"description": 7})
                } else {
                    json!({})
                };
                let answer = call.json(&body).send().await;
                // One that only reads may show what is the caller's own.
                let is_own = answer.status == 200 && path.ends_with("/preview-filter");
                assert!(
                    is_own || answer.status == 403 || answer.status == 422,
                    "{what}: {}",
                    answer.text
                );
                let is_told = |(_, id): &(&str, String)| id != NO_ONE && answer.text.contains(id.as_str());
                assert!(!other.objects.iter().any(is_told), "{what}: {}", answer.text);
            }
        }

        assert_eq!(other.seen(&api).await, before);
        let log = audited(&api, "").await;
        assert_eq!(changes(&log), changes_before);
        let refused = audited(&api, "action=access.refused").await;
        let strangers = refused.iter().filter(|entry| entry["status"] == 401);
        let counts: Vec<_> = strangers.map(|entry| entry["count"].as_u64().unwrap()).collect();
        assert_eq!(counts.iter().sum::<u64>(), operations.len() as u64);
        for Operation { method, path, scope } in &operations {
            let operation = format!("{method} {path}");
            let is_noted = |status: u16, actor: &str, id: Option<&str>| {
                refused.iter().any(|entry| {
                    entry["status"] == status
                        && entry["operation"] == operation
                        && entry["actor"]["name"] == actor
                        && id.is_none_or(|id| entry["object"]["id"] == id)
                })
            };
            let (_, id) = other.path(path);
            assert!(is_noted(403, &format!("no {scope}"), id), "{operation}");
            assert!(id.is_none() || is_noted(404, "own", id), "{operation}");
        }
        api.close().await;
    }
}
