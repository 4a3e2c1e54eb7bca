//! Directories that are held by the mass-change brake, and their release.

use crate::harness::{Api, BOTH, text};
use actix_web::http::StatusCode;
use events::{DirectoryId, Timestamp};
use serde_json::json;

/// A directory and its path.
async fn directory(api: &Api) -> (DirectoryId, String) {
    let made = api.directory("contoso.com").await;
    let id = text(&made, "id");
    (id.parse().unwrap(), format!("/api/v1/directories/{id}"))
}

/// As the projector does it.
async fn hold(api: &Api, id: DirectoryId) {
    let held = [(
        id,
        ::directory::BrakeWrites {
            removed: 12,
            held: true,
        },
    )];
    let mut projection = api.db.store.project(store::Opening::default()).await.unwrap();
    projection.save_brakes(&held, Timestamp::now()).await.unwrap();
    projection.commit().await.unwrap();
}

#[actix_web::test]
async fn an_administrator_releases_a_directory_that_is_held_in_either_way() {
    for dialect in BOTH {
        for by_patch in [true, false] {
            let api = Api::on(dialect).await;
            let (id, path) = directory(&api).await;
            hold(&api, id).await;
            let held = api.get(&path).await.expect(StatusCode::OK);
            assert_eq!(
                (&held["state"], &held["health"]["state"]),
                (&json!("held"), &json!("held"))
            );
            assert!(
                held["held_at"].is_string() && held["released_until"].is_null(),
                "{held}"
            );
            let released = if by_patch {
                api.patch(&path, &json!({ "state": "active" })).await
            } else {
                api.post(&format!("{path}/release"), &json!({ "minutes": 90 })).await
            };
            let released = released.expect(StatusCode::OK);
            assert_eq!(
                (&released["state"], &released["held_at"]),
                (&json!("active"), &json!(null))
            );
            let now = Timestamp::now();
            let until: Timestamp = released["released_until"].as_str().unwrap().parse().unwrap();
            let minutes = until.since(now).as_secs().div_ceil(60);
            assert_eq!(minutes, if by_patch { 60 } else { 90 });
            let log = api.log(if by_patch { 4 } else { 3 }).await;
            let last = log.last().unwrap();
            assert_eq!(last["type"], "directory.released");
            assert_eq!(last["data"]["directory"]["state"], "active");
            assert_eq!(last["data"]["held_at"], held["held_at"]);
            let facts = facts(&api, id).await;
            assert_eq!((facts.held_at, facts.removed), (None, 0), "the counts start over");
            api.close().await;
        }
    }
}

async fn facts(api: &Api, id: DirectoryId) -> ::directory::BrakeFacts {
    let mut projection = api.db.store.project(store::Opening::default()).await.unwrap();
    let asked = [(id, ::directory::BrakeSettings::default(), 1)];
    let facts = projection.brakes(&asked, Timestamp::now()).await.unwrap()[&id];
    projection.rollback().await.unwrap();
    facts
}

#[actix_web::test]
async fn a_mass_change_that_is_meant_is_announced_before_and_a_pause_ends_no_hold() {
    let api = Api::on(BOTH[1]).await;
    let (id, path) = directory(&api).await;
    let opened = api
        .post(&format!("{path}/release"), &json!({}))
        .await
        .expect(StatusCode::OK);
    assert_eq!(opened["state"], "active");
    assert!(facts(&api, id).await.released_until.is_some());
    assert_eq!(api.log(3).await[2]["data"]["changes"][0]["path"], "released_until");

    hold(&api, id).await;
    let paused = api
        .patch(&path, &json!({ "state": "paused" }))
        .await
        .expect(StatusCode::OK);
    assert_eq!(paused["state"], "paused");
    api.post(&format!("{path}/release"), &json!({})).await.problem(409);
    let resumed = api
        .patch(&path, &json!({ "state": "active" }))
        .await
        .expect(StatusCode::OK);
    assert_eq!(resumed["state"], "held");

    let off = json!({ "mass_change_brake": { "enabled": false } });
    let off = api.patch(&path, &off).await.expect(StatusCode::OK);
    assert_eq!(
        (&off["state"], &off["mass_change_brake"]["percent"]),
        (&json!("active"), &json!(20))
    );
    api.close().await;
}

#[actix_web::test]
async fn a_release_of_nothing_or_for_no_time_is_refused() {
    let api = Api::on(BOTH[1]).await;
    let (_, path) = directory(&api).await;
    let pointers = api
        .post(&format!("{path}/release"), &json!({ "minutes": 0 }))
        .await
        .faults(422);
    assert_eq!(pointers, ["#/minutes"]);
    let unknown = format!("/api/v1/directories/{}/release", DirectoryId::new());
    api.post(&unknown, &json!({})).await.problem(404);
    api.close().await;
}
