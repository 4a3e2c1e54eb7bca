//! How many requests a key may send.

use crate::harness::{Api, BOTH, CONFIGURED_KEY};
use actix_web::http::Method;
use serde_json::json;

const PATH: &str = "/api/v1/organizations";

#[actix_web::test]
async fn answers_say_what_is_left_of_the_rate_and_above_it_when_to_come_again() {
    let api = Api::with_rate(BOTH[1], 1).await;
    let first = api.get(PATH).await;
    assert_eq!(first.status, 200);
    assert_eq!(first.header("ratelimit-policy"), Some("\"key\";q=2;w=2"));
    assert_eq!(first.header("ratelimit"), Some("\"key\";r=1;t=1"));
    assert_eq!(first.header("cache-control"), Some("no-store"));
    // What is refused counts, too, and says what is left. A slow machine gets further before it is too fast.
    let mut refused = api.post(PATH, &json!({})).await;
    for _ in 0..100 {
        if refused.status == 429 {
            break;
        }
        assert_eq!(refused.status, 422);
        assert!(refused.header("ratelimit").unwrap().starts_with("\"key\";r="));
        refused = api.post(PATH, &json!({})).await;
    }
    assert_eq!(refused.header("retry-after"), Some("1"));
    assert_eq!(refused.header("ratelimit"), Some("\"key\";r=0;t=1"));
    let problem = refused.problem(429);
    assert_eq!(problem["type"], "urn:rollcall:problem:rate-exceeded");
    assert!(
        problem["detail"]
            .as_str()
            .unwrap()
            .contains("1 requests per second, and 2 at once"),
        "{problem}"
    );
    // Another key is not held up, and finds that nothing was done.
    let list = api.call_with(CONFIGURED_KEY, Method::GET, PATH).send().await;
    assert_eq!(list.expect(actix_web::http::StatusCode::OK)["data"], json!([]));
    api.close().await;
}

#[actix_web::test]
async fn strangers_and_open_paths_are_told_of_no_rate() {
    let api = Api::with_rate(BOTH[1], 1).await;
    for _ in 0..5 {
        let stranger = api.anonymous(Method::GET, PATH).send().await;
        assert_eq!(stranger.header("ratelimit"), None);
        stranger.problem(401);
        let document = api.call(Method::GET, "/api/v1/openapi.json").send().await;
        assert_eq!((document.status.as_u16(), document.header("ratelimit")), (200, None));
    }
    assert_eq!(api.get(PATH).await.header("ratelimit"), Some("\"key\";r=1;t=1"));
    api.close().await;
}
