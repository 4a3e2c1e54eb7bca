//! `/organizations/{id}/domains/{domain}/verify`, asked of a real DNS server, and directories that take only people of verified
//! domains.

use crate::harness::{Api, BOTH, text};
use actix_web::http::{Method, StatusCode};
use hickory_resolver::proto::op::{Message, OpCode, ResponseCode};
use hickory_resolver::proto::rr::rdata::TXT;
use hickory_resolver::proto::rr::{RData, Record};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::net::UdpSocket;

/// TXT records by name, with a dot at the end.
type Zone = Arc<Mutex<HashMap<String, Vec<String>>>>;

/// A DNS server that knows these records.
async fn dns(zone: Zone) -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    tokio::spawn(async move {
        let mut buffer = [0; 4_096];
        loop {
            let (length, client) = socket.recv_from(&mut buffer).await.unwrap();
            let asked = Message::from_vec(&buffer[..length]).unwrap();
            let answer = answer(&asked, &zone.lock().unwrap());
            socket.send_to(&answer.to_vec().unwrap(), client).await.unwrap();
        }
    });
    address
}

fn answer(asked: &Message, zone: &HashMap<String, Vec<String>>) -> Message {
    let mut answer = Message::response(asked.metadata.id, OpCode::Query);
    let query = asked.queries[0].clone();
    let name = query.name().clone();
    answer.add_query(query);
    match zone.get(&name.to_string().to_lowercase()) {
        Some(values) => {
            for value in values {
                // Longer than one string of a record may be, in two.
                let (one, two) = value.split_at(value.len() / 2);
                let text = TXT::new(vec![one.to_owned(), two.to_owned()]);
                answer.add_answer(Record::from_rdata(name.clone(), 60, RData::TXT(text)));
            }
        }
        None => answer.metadata.response_code = ResponseCode::NXDomain,
    }
    answer
}

async fn verify(api: &Api, organization: &str, domain: &str) -> Value {
    let path = format!("/api/v1/organizations/{organization}/domains/{domain}/verify");
    api.call(Method::POST, &path).send().await.expect(StatusCode::OK)
}

#[actix_web::test]
async fn a_domain_is_verified_by_the_record_that_only_its_owner_can_publish() {
    for dialect in BOTH {
        let zone = Zone::default();
        let api = Api::with_dns(dialect, dns(Arc::clone(&zone)).await).await;
        let body = json!({"domains": ["contoso.com", "bücher.example"]});
        let made = api
            .post("/api/v1/organizations", &body)
            .await
            .expect(StatusCode::CREATED);
        assert_eq!(made["verified_domains"], json!([]));
        let organization = text(&made, "id");
        let check = verify(&api, organization, "Contoso.com").await;
        assert_eq!(
            (&check["domain"], &check["result"]),
            (&json!("contoso.com"), &json!("no_record"))
        );
        assert!(check["verified_at"].is_null());
        let record = &check["record"];
        assert_eq!(
            (&record["type"], &record["name"]),
            (&json!("TXT"), &json!("_rollcall.contoso.com"))
        );
        let value = text(record, "value").to_owned();
        assert!(text(&check, "detail").contains("_rollcall.contoso.com"));

        let set = |values: &[&str]| {
            let values = values.iter().map(|value| (*value).to_owned()).collect();
            zone.lock().unwrap().insert("_rollcall.contoso.com.".to_owned(), values);
        };
        set(&["something", "else"]);
        let check = verify(&api, organization, "contoso.com").await;
        assert_eq!(
            (&check["result"], &check["record"]["value"]),
            (&json!("other_value"), &json!(value))
        );
        assert!(text(&check, "detail").contains(&value));
        set(&["something", &value]);
        let check = verify(&api, organization, "contoso.com").await;
        assert_eq!(check["result"], "verified");
        let verified = json!([{"domain": "contoso.com", "verified_at": check["verified_at"]}]);
        let path = format!("/api/v1/organizations/{organization}");
        assert_eq!(
            api.get(&path).await.expect(StatusCode::OK)["verified_domains"],
            verified
        );
        let log = api.get("/api/v1/audit-log?action=organization.domain_verified").await;
        assert_eq!(log.expect(StatusCode::OK)["data"][0]["detail"], "contoso.com");

        // It stays so when the record goes, and among other domains; not when it is given up.
        zone.lock().unwrap().clear();
        let check = verify(&api, organization, "contoso.com").await;
        assert_eq!(check["result"], "no_record");
        assert_eq!(check["verified_at"], verified[0]["verified_at"]);
        let more = json!({"domains": ["new.example", "contoso.com"]});
        let changed = api.patch(&path, &more).await.expect(StatusCode::OK);
        assert_eq!(changed["domains"], json!(["new.example", "contoso.com"]));
        assert_eq!(changed["verified_domains"], verified);
        let fewer = api.patch(&path, &json!({"domains": ["new.example"]})).await;
        assert_eq!(fewer.expect(StatusCode::OK)["verified_domains"], json!([]));

        // Another organization needs another value.
        let body = json!({"domains": ["contoso.com"]});
        let other = api
            .post("/api/v1/organizations", &body)
            .await
            .expect(StatusCode::CREATED);
        set(&[&value]);
        let check = verify(&api, text(&other, "id"), "contoso.com").await;
        assert_eq!(check["result"], "other_value");
        for domain in ["contoso.com", "nobody.example", "192.0.2.7"] {
            let path = format!("/api/v1/organizations/{organization}/domains/{domain}/verify");
            api.call(Method::POST, &path).send().await.problem(404);
        }
        api.close().await;
    }
}

#[actix_web::test]
async fn a_resolver_that_does_not_answer_proves_nothing() {
    let nobody = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let api = Api::with_dns(BOTH[1], nobody.local_addr().unwrap()).await;
    let body = json!({"domains": ["contoso.com"]});
    let made = api
        .post("/api/v1/organizations", &body)
        .await
        .expect(StatusCode::CREATED);
    let check = verify(&api, text(&made, "id"), "contoso.com").await;
    assert_eq!(check["result"], "unreachable");
    assert!(text(&check, "detail").contains("ROLLCALL_DNS_RESOLVER"), "{check}");
    assert!(check["verified_at"].is_null());
    api.close().await;
}

#[actix_web::test]
async fn a_directory_knows_the_domains_whose_people_it_takes() {
    for dialect in BOTH {
        let zone = Zone::default();
        let api = Api::with_dns(dialect, dns(Arc::clone(&zone)).await).await;
        let directory = api.directory("contoso.com").await;
        let organization = text(&directory, "organization_id");
        let path = format!("/api/v1/directories/{}", text(&directory, "id"));
        assert_eq!(api.get(&path).await.expect(StatusCode::OK)["people_of"], "any");
        let only = json!({"people_of": "verified_domains"});
        let changed = api.patch(&path, &only).await.expect(StatusCode::OK);
        assert_eq!(changed["people_of"], "verified_domains");
        assert!(changed.get("verified_domains").is_none());
        let known = async || {
            let id = text(&directory, "id").parse().unwrap();
            let found = api.db.store.directories().by_id(id).await.unwrap().unwrap();
            found.policy().unwrap().verified_domains
        };
        assert!(known().await.is_empty());
        let check = verify(&api, organization, "contoso.com").await;
        let value = text(&check["record"], "value").to_owned();
        zone.lock()
            .unwrap()
            .insert("_rollcall.contoso.com.".to_owned(), vec![value]);
        assert_eq!(verify(&api, organization, "contoso.com").await["result"], "verified");
        assert_eq!(known().await, ["contoso.com"]);
        api.patch(&path, &json!({"people_of": null}))
            .await
            .expect(StatusCode::OK);
        assert!(known().await.is_empty());
        api.patch(&path, &only).await.expect(StatusCode::OK);
        assert_eq!(known().await, ["contoso.com"]);
        let domains = json!({"domains": ["new.example"]});
        let other = format!("/api/v1/organizations/{organization}");
        api.patch(&other, &domains).await.expect(StatusCode::OK);
        assert!(known().await.is_empty());
        api.patch(&path, &json!({"people_of": "nobody"})).await.faults(422);
        api.close().await;
    }
}
