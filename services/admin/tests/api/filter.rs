//! `POST /endpoints/preview-filter`.

use crate::harness::{Api, BOTH, text};
use actix_web::http::{Method, StatusCode};
use serde_json::{Value, json};

const PATH: &str = "/api/v1/endpoints/preview-filter";

fn passing(preview: &Value) -> Vec<&str> {
    let data = preview["data"].as_array().unwrap().iter();
    data.filter(|event| event["passes"] == true)
        .map(|event| text(event, "type"))
        .collect()
}

#[actix_web::test]
async fn a_filter_is_tried_on_the_last_events_that_the_key_may_see() {
    for dialect in BOTH {
        let api = Api::on(dialect).await;
        let (own, other) = (api.directory("own.example").await, api.directory("other.example").await);
        api.log(4).await;
        let try_it = async |body: Value| api.post(PATH, &body).await.expect(StatusCode::OK);
        let all = try_it(json!({})).await;
        assert_eq!((all["data"].as_array().unwrap().len(), &all["passing"]), (4, &json!(4)));
        let created = try_it(json!({ "event_types": ["directory.created"] })).await;
        assert_eq!(passing(&created), ["directory.created", "directory.created"]);
        assert_eq!(created["data"][0]["type"], "directory.key_created", "the newest first");
        assert_eq!(created["data"][0]["reason"], "type");
        let here = try_it(json!({ "directory_ids": [own["id"]] })).await;
        assert_eq!(
            (&here["passing"], &here["data"][0]["reason"]),
            (&json!(2), &json!("directory"))
        );
        let key = json!({ "name": "own", "scopes": ["read"], "organization_id": own["organization_id"] });
        let key = api.admin_key(&key).await;
        let ask = async |body: &Value| api.call_with(&key, Method::POST, PATH).json(body).send().await;
        let seen = ask(&json!({})).await.expect(StatusCode::OK);
        assert_eq!(seen["passing"], 2);
        assert!(!seen.to_string().contains(text(&other, "id")));
        let foreign = json!({ "directory_ids": [other["id"]] });
        assert_eq!(ask(&foreign).await.faults(422), ["#/directory_ids/0"]);
        for (body, pointer) in [
            (json!({ "filter": "department eq" }), "#/filter"),
            (json!({ "event_types": ["nothing.*"] }), "#/event_types/0"),
            (json!({ "fields": ["shoe_size"] }), "#/fields/0"),
            (json!({ "format": "set", "filter": "active eq true" }), "#/filter"),
        ] {
            assert_eq!(api.post(PATH, &body).await.faults(422), [pointer], "{body}");
        }
        api.close().await;
    }
}
