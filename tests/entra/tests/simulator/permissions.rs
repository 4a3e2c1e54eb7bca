//! Who may read what.

use crate::support::World;
use entra::{AppChange, NewServicePrincipal, Rule};
use serde_json::{Value, json};
use std::time::Duration;
use uuid::Uuid;

#[tokio::test]
async fn each_call_wants_its_permission() {
    let world = World::with(&["User.Read.All"]).await;
    let app_id = Uuid::from_u128(7);
    world
        .tenant
        .service_principal(NewServicePrincipal {
            app_id,
            ..NewServicePrincipal::default()
        })
        .unwrap();
    let assigned = format!("/servicePrincipals(appId='{app_id}')/appRoleAssignedTo");
    let of_groups = ["/groups/delta?$select=displayName", "/groups", assigned.as_str()];
    for path in of_groups {
        let answer = world.get(path).await;
        assert_eq!(
            (answer.status, answer.code()),
            (403, "Authorization_RequestDenied"),
            "{path}"
        );
    }
    for path in [
        "/users/delta?$select=displayName",
        "/users",
        "/directory/deletedItems/microsoft.graph.user",
    ] {
        assert_eq!(world.get(path).await.status, 200, "{path}");
    }
    let more = ["GroupMember.Read.All", "Application.Read.All"]
        .map(str::to_owned)
        .to_vec();
    world
        .tenant
        .change_app(
            world.app,
            AppChange {
                consented: Some(more),
                ..AppChange::default()
            },
        )
        .unwrap();
    assert_eq!(
        world.get("/groups").await.status,
        403,
        "the token is from before the consent"
    );
    let token = world.token_of(world.tenant.id(), world.app).await;
    for path in of_groups {
        assert_eq!(world.ask(&token, path, &[]).await.status, 200, "{path}");
    }
    assert_eq!(world.ask(&token, "/users", &[]).await.status, 403);
}

#[tokio::test]
async fn a_token_that_is_missing_broken_or_old_is_refused() {
    let world = World::start().await;
    let bare = World::read(world.client.get(format!("{}/v1.0/users", world.entra.url()))).await;
    assert_eq!((bare.status, bare.code()), (401, "InvalidAuthenticationToken"));
    assert_eq!(world.ask("eyJ.broken.token", "/users", &[]).await.status, 401);
    assert_eq!(world.broken(Rule::TokenExpired), 0);
    world.entra.advance(Duration::from_secs(91 * 60));
    assert_eq!(world.get("/users").await.status, 401);
    assert_eq!(world.broken(Rule::TokenExpired), 1);
}

#[tokio::test]
async fn members_whose_kind_the_app_may_not_read_have_nothing_but_an_id() {
    let world = World::with(&["GroupMember.Read.All"]).await;
    let dana = world.user(json!({ "displayName": "Dana" }));
    let group = world.group(&[dana]);
    let members = world.get(&format!("/groups/{group}/members")).await;
    assert_eq!(members.items()[0]["id"], json!(dana));
    assert_eq!(members.items()[0]["displayName"], Value::Null);
    assert_eq!(members.items()[0]["@odata.type"], "#microsoft.graph.user");
}
