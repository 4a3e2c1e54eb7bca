//! Batches.

use crate::support::World;
use entra::{Action, Fault, RetryAfter, Rule};
use serde_json::{Value, json};

fn statuses(answer: &Value) -> Vec<(String, u64)> {
    let responses = answer["responses"].as_array().unwrap().iter();
    let mut statuses: Vec<_> = responses
        .map(|one| (one["id"].as_str().unwrap().to_owned(), one["status"].as_u64().unwrap()))
        .collect();
    statuses.sort();
    statuses
}

fn requests(count: usize) -> Value {
    let request = |id: usize| json!({ "id": id.to_string(), "method": "GET", "url": "/users?$select=id" });
    json!({ "requests": (0..count).map(request).collect::<Vec<_>>() })
}

#[tokio::test]
async fn each_request_is_answered_by_itself_and_in_any_order() {
    let world = World::start().await;
    let busy = Action::Throttle {
        retry_after: RetryAfter::Seconds(9),
    };
    world.tenant.fault(Fault::new(busy).at("/groups").next(1)).unwrap();
    let batch = json!({ "requests": [
        { "id": "a", "method": "GET", "url": "/users/nobody" },
        { "id": "b", "method": "GET", "url": "/groups" },
        { "id": "c", "method": "GET", "url": "/users?$select=id" },
        { "id": "d", "method": "GET", "url": "/users", "dependsOn": ["a"] },
    ] });
    let answer = world.post("/$batch", &batch).await;
    assert_eq!(answer.status, 200);
    let expected = [("a", 404), ("b", 429), ("c", 200), ("d", 424)].map(|(id, status)| (id.to_owned(), status));
    assert_eq!(statuses(&answer.body), expected);
    let responses = answer.body["responses"].as_array().unwrap();
    let throttled = responses.iter().find(|one| one["id"] == "b").unwrap();
    assert_eq!(throttled["headers"]["Retry-After"], "9");
    let full = world.post("/$batch", &requests(20)).await;
    let order: Vec<&str> = full.body["responses"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|one| one["id"].as_str())
        .collect();
    assert_ne!(order, (0..20).map(|id| id.to_string()).collect::<Vec<_>>());
    assert_eq!(world.broken(Rule::AskedTooEarly), 0);
}

#[tokio::test]
async fn more_than_twenty_and_what_is_not_named_well_is_refused_as_a_whole() {
    let world = World::start().await;
    assert_eq!(world.post("/$batch", &requests(21)).await.status, 400);
    assert_eq!(world.broken(Rule::BatchTooLarge), 1);
    let twice = json!({ "id": "1", "method": "GET", "url": "/users" });
    assert_eq!(
        world
            .post("/$batch", &json!({ "requests": [twice, twice] }))
            .await
            .status,
        400
    );
    let bodied = json!({ "id": "1", "method": "POST", "url": "/directoryObjects/getByIds", "body": { "ids": [] } });
    assert_eq!(
        world.post("/$batch", &json!({ "requests": [bodied] })).await.status,
        400
    );
    let mut with_headers = bodied;
    with_headers["headers"] = json!({ "content-type": "application/json" });
    assert_eq!(
        world
            .post("/$batch", &json!({ "requests": [with_headers] }))
            .await
            .status,
        200
    );
}
