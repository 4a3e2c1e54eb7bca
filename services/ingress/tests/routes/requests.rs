//! The log of requests and the cycles that they form, with the sequences that Entra ID sends.

use crate::harness::{Answer, BOTH, Ingress, Logging};
use directory::sync::CycleKind;
use serde_json::{Value, json};
use std::time::Duration;
use store::{ListPage, LoggedRequest, RequestFilter};
use uuid::Uuid;

const PATCH: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const AD_GROUP: &str = "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group";

const fn page(limit: u16) -> ListPage {
    ListPage { limit, cursor: None }
}

/// What Entra ID sends, by the paths below the base URL.
struct Entra<'a>(&'a Ingress);

impl Entra<'_> {
    async fn send(&self, method: &str, path: &str, body: Option<&Value>) -> Answer {
        self.0.send(method, &format!("{}{path}", self.0.base()), body).await
    }

    /// "Test Connection", which also comes before every cycle.
    async fn probe(&self) {
        let filter = format!("/Users?filter=userName+eq+%22{}%22", Uuid::new_v4());
        self.send("GET", &filter, None).await.expect(200);
    }

    async fn create(&self, name: &str) -> String {
        let filter = format!("/Users?filter=userName+eq+%22{name}%22");
        self.send("GET", &filter, None).await.expect(200);
        let person = json!({ "schemas": [USER], "userName": name, "active": true, "meta": { "resourceType": "User" } });
        let made = self.send("POST", "/Users", Some(&person)).await.expect(201);
        made["id"].as_str().unwrap().to_owned()
    }

    async fn group(&self, name: &str) {
        let group = json!({ "schemas": [AD_GROUP], "displayName": name, "nickname": "x" });
        self.send("POST", "/Groups", Some(&group)).await.expect(201);
    }

    async fn disable(&self, user: &str) {
        let patch =
            json!({ "schemas": [PATCH], "Operations": [{ "op": "Replace", "path": "active", "value": "False" }] });
        let path = format!("/Users/{user}");
        self.send("PATCH", &path, Some(&patch)).await.expect(200);
    }
}

async fn logged(ingress: &Ingress, count: usize) -> Vec<LoggedRequest> {
    ingress
        .until("the requests are written", async || {
            let requests = ingress.store().requests(ingress.directory);
            let list = requests.list(&RequestFilter::default(), &page(100)).await.unwrap();
            (list.data.len() >= count).then_some(list.data)
        })
        .await
}

/// Kinds of cycles and how many requests each has, the oldest first.
async fn cycles(ingress: &Ingress) -> Vec<(Option<CycleKind>, u32)> {
    let list = ingress
        .store()
        .cycles(ingress.directory)
        .list(&page(100))
        .await
        .unwrap();
    let shown = list
        .data
        .iter()
        .rev()
        .map(|found| (found.kind, found.cycle.counts.requests));
    shown.collect()
}

#[actix_web::test]
async fn the_cycles_of_entra_are_told_apart_and_announced() {
    for dialect in BOTH {
        let ingress = Ingress::on(dialect).await;
        let logging = Logging::start(&ingress);
        let entra = Entra(&ingress);
        let wait = async |minutes: u64, count: usize| {
            logged(&ingress, count).await;
            ingress.clock.forward(Duration::from_mins(minutes));
            ingress.store().close_cycles(ingress.clock.now(), 1).await.unwrap();
        };
        entra.probe().await;
        wait(2, 1).await;
        entra.probe().await;
        let ada = entra.create("ada@contoso.example").await;
        entra.create("grace@contoso.example").await;
        entra.group("Engineers").await;
        wait(40, 7).await;
        entra.probe().await;
        entra.disable(&ada).await;
        wait(20, 9).await;
        entra.create("alan@contoso.example").await;
        wait(20, 11).await;
        assert_eq!(
            cycles(&ingress).await,
            [
                (Some(CycleKind::ConnectionTest), 1),
                (Some(CycleKind::Initial), 6),
                (Some(CycleKind::Incremental), 2),
                (Some(CycleKind::OnDemand), 2),
            ],
            "{dialect:?}"
        );
        let events = ingress
            .store()
            .events()
            .of_directory(ingress.directory, 0, &[], 100)
            .await
            .unwrap();
        let bodies: Vec<Value> = events
            .iter()
            .map(|event| serde_json::from_str(&event.body).unwrap())
            .collect();
        let kinds: Vec<&Value> = bodies.iter().map(|body| &body["data"]["cycle"]["kind"]).collect();
        assert_eq!(kinds, ["initial", "incremental", "on_demand"]);
        assert!(bodies.iter().all(|body| body["type"] == "directory.sync_completed"));
        let counts = &bodies[0]["data"]["cycle"]["counts"];
        assert_eq!(
            (&counts["users_created"], &counts["groups_created"]),
            (&json!(2), &json!(1))
        );
        logging.stop().await;
        ingress.close().await;
    }
}

#[actix_web::test]
async fn a_request_is_logged_with_its_dialect_and_with_what_was_forgiven() {
    let ingress = Ingress::on(BOTH[1]).await;
    let logging = Logging::start(&ingress);
    let entra = Entra(&ingress);
    let ada = entra.create("ada@contoso.example").await;
    entra.group("Engineers").await;
    entra.disable(&ada).await;
    let wrong = json!({ "userName": "grace", "active": 7 });
    entra.send("POST", "/Users", Some(&wrong)).await.expect(400);
    let logged = logged(&ingress, 5).await;
    let [refused, disabled, group, created, found] = logged.as_slice() else {
        panic!("{logged:?}")
    };
    assert_eq!(
        (refused.status, refused.scim_type.as_deref()),
        (400, Some("invalidValue"))
    );
    assert!(refused.detail.as_deref().unwrap().contains("active"));
    assert_eq!(disabled.dialect.as_deref(), Some("entra"));
    assert_eq!(disabled.leniencies, ["boolean_as_text", "operation_case"]);
    assert_eq!(group.dialect.as_deref(), Some("entra"));
    assert_eq!(
        (&*group.leniencies, &*group.left_out),
        (&["unknown_schemas".to_owned()][..], &["nickname".to_owned()][..])
    );
    assert_eq!(
        (created.path.as_str(), created.leniencies.as_slice()),
        ("/Users", &["read_only_ignored".to_owned()][..])
    );
    assert!(created.request.text.as_deref().unwrap().contains("ada@contoso.example"));
    assert!(created.response.text.as_deref().unwrap().contains(&ada));
    assert_eq!(
        found.query.as_deref(),
        Some("filter=userName eq \"ada@contoso.example\"")
    );
    assert!(
        logged
            .windows(2)
            .all(|pair| pair[0].id > pair[1].id && pair[0].at >= pair[1].at)
    );
    logging.stop().await;
    ingress.close().await;
}

#[actix_web::test]
async fn passwords_and_tokens_are_nowhere_in_the_database() {
    for dialect in BOTH {
        let ingress = Ingress::on(dialect).await;
        let logging = Logging::start(&ingress);
        let entra = Entra(&ingress);
        let (password, token) = ("Pl4nted-pass", ingress.key.clone());
        let person = json!({ "userName": "ada@contoso.example", "password": password, "displayName": token });
        entra.send("POST", "/Users", Some(&person)).await.expect(201);
        let id = Uuid::new_v4();
        let patch =
            json!({ "schemas": [PATCH], "Operations": [{ "op": "add", "value": password, "path": "password" }] });
        entra.send("PATCH", &format!("/Users/{id}"), Some(&patch)).await;
        let path = format!("/Users?filter=password+eq+%22{password}%22&access_token={token}");
        entra.send("GET", &path, None).await;
        entra.send("GET", &format!("/Users/{token}"), None).await.expect(404);
        let logged = logged(&ingress, 4).await;
        let written = format!("{logged:?}");
        // The last characters of the token are of its secret.
        assert!(
            !written.contains("Pl4nted") && !written.contains(&token[40..]),
            "{written}"
        );
        assert!(written.contains("***"));
        assert!(!ingress.database_contains("Pl4nted").await);
        logging.stop().await;
        ingress.close().await;
    }
}

#[actix_web::test]
async fn strangers_are_counted_and_few_of_their_requests_are_written() {
    for dialect in BOTH {
        let ingress = Ingress::on(dialect).await;
        let foreign = format!("Bearer {}", ingress.foreign_key);
        let path = format!("{}/Users", ingress.base());
        for _ in 0..20 {
            ingress.send_as(Some(&foreign), "GET", &path, None).await.detail(401);
        }
        let nowhere = format!("/directories/{}/scim/v2/Users", Uuid::now_v7());
        ingress.send_as(Some(&foreign), "GET", &nowhere, None).await.detail(401);
        let logging = Logging::start(&ingress);
        let logged = logged(&ingress, 1).await;
        assert!(logged.len() <= 2, "{logged:?}");
        assert!(
            logged
                .iter()
                .all(|request| request.status == 401 && request.cycle_id.is_none())
        );
        let state = ingress.store().sync_states(&[ingress.directory]).await.unwrap();
        assert_eq!(state[&ingress.directory].contact.strangers, 20);
        assert!(state[&ingress.directory].cycle.is_none());
        logging.stop().await;
        ingress.close().await;
    }
}

#[actix_web::test]
async fn a_key_that_has_ended_is_told_apart_from_a_wrong_one() {
    let ingress = Ingress::on(BOTH[1]).await;
    let logging = Logging::start(&ingress);
    ingress.revoke_key().await;
    let path = format!("{}/Users", ingress.base());
    let authorization = format!("Bearer {}", ingress.key);
    ingress
        .send_as(Some(&authorization), "GET", &path, None)
        .await
        .detail(401);
    logged(&ingress, 1).await;
    let state = ingress.store().sync_states(&[ingress.directory]).await.unwrap();
    let contact = &state[&ingress.directory].contact;
    assert!(contact.ended_key.is_some() && contact.strangers == 0 && contact.last_at.is_none());
    logging.stop().await;
    ingress.close().await;
}

#[actix_web::test]
async fn a_long_body_is_cut_and_says_so() {
    let ingress = Ingress::on(BOTH[1]).await;
    let logging = Logging::start(&ingress);
    let person =
        json!({ "userName": "ada@contoso.example", "displayName": "x".repeat(900), "title": "é".repeat(20_000) });
    Entra(&ingress).send("POST", "/Users", Some(&person)).await.expect(201);
    let logged = logged(&ingress, 1).await;
    let body = &logged[0].request;
    assert!(body.is_cut && body.text.as_ref().unwrap().len() <= 16 << 10);
    assert!(body.size.unwrap() > 40_000);
    logging.stop().await;
    ingress.close().await;
}

#[actix_web::test]
async fn lists_show_what_is_asked_for_page_by_page() {
    for dialect in BOTH {
        let ingress = Ingress::on(dialect).await;
        let logging = Logging::start(&ingress);
        let entra = Entra(&ingress);
        for name in ["a@contoso.example", "b@contoso.example", "c@contoso.example"] {
            entra.create(name).await;
        }
        entra.send("GET", "/Nothing", None).await.expect(404);
        let all = logged(&ingress, 7).await;
        let requests = ingress.store().requests(ingress.directory);
        let count = async |filter: RequestFilter| requests.list(&filter, &page(100)).await.unwrap().data.len();
        let of = RequestFilter::default;
        assert_eq!(
            count(RequestFilter {
                status_class: Some(4),
                ..of()
            })
            .await,
            1
        );
        assert_eq!(
            count(RequestFilter {
                method: Some("post".to_owned()),
                ..of()
            })
            .await,
            3
        );
        assert_eq!(
            count(RequestFilter {
                text: Some("B@CONTOSO".to_owned()),
                ..of()
            })
            .await,
            1
        );
        assert_eq!(
            count(RequestFilter {
                text: Some("_".to_owned()),
                ..of()
            })
            .await,
            0
        );
        assert_eq!(
            count(RequestFilter {
                since: Some(all[0].at.plus(Duration::from_millis(1))),
                ..of()
            })
            .await,
            0
        );
        assert_eq!(
            count(RequestFilter {
                cycle_id: all[0].cycle_id,
                ..of()
            })
            .await,
            7
        );
        let (mut cursor, mut seen) = (None, Vec::new());
        loop {
            let part = requests.list(&of(), &ListPage { limit: 3, cursor }).await.unwrap();
            seen.extend(part.data);
            cursor = part.next_cursor;
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!(seen, all);
        let foreign = ListPage {
            limit: 3,
            cursor: Some("AAAA".to_owned()),
        };
        assert!(requests.list(&of(), &foreign).await.is_err());
        logging.stop().await;
        ingress.close().await;
    }
}
