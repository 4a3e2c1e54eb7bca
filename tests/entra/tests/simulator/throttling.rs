//! Resource units, and who asks too early.

use crate::support::World;
use entra::{Action, Fault, RetryAfter, Rule};
use std::time::{Duration, SystemTime};

#[tokio::test]
async fn each_answer_has_its_cost() {
    let world = World::start().await;
    for (path, units) in [
        ("/users", "2"),
        ("/users?$select=id", "1"),
        ("/users?$select=id&$expand=manager", "2"),
        ("/users/delta?$select=id", "1"),
        ("/groups/00000000-0000-4000-8000-000000000000/transitiveMembers", "5"),
        ("/groups/00000000-0000-4000-8000-000000000000/members?$top=5", "2"),
    ] {
        assert_eq!(world.get(path).await.header("x-ms-resource-unit"), units, "{path}");
    }
}

#[tokio::test]
async fn an_app_that_has_used_its_units_up_waits_and_then_goes_on() {
    let world = World::start().await;
    world.tenant.behave(|tenant| tenant.budget = Some(10)).unwrap();
    let mut shares = Vec::new();
    let refused = loop {
        let answer = world.get("/users").await;
        shares.push(answer.header("x-ms-throttle-limit-percentage").to_owned());
        if answer.status == 429 {
            break answer;
        }
    };
    assert!(shares.len() > 4 && shares[0].is_empty(), "{shares:?}");
    let scope = format!("Tenant_Application/ReadWrite/{}/{}", world.app, world.tenant.id());
    assert_eq!(refused.header("x-ms-throttle-scope"), scope);
    assert_eq!(refused.header("x-ms-throttle-information"), "ResourceUnitLimitExceeded");
    let wait: u64 = refused.header("retry-after").parse().unwrap();
    assert_eq!(world.broken(Rule::AskedTooEarly), 0);
    world.get("/users?$select=id").await;
    assert_eq!(world.broken(Rule::AskedTooEarly), 1);
    world.entra.advance(Duration::from_secs(wait + 10));
    assert_eq!(world.get("/users").await.status, 200);
    assert_eq!(world.broken(Rule::AskedTooEarly), 1);
}

#[tokio::test]
async fn a_forced_429_says_seconds_a_date_much_or_nothing() {
    let world = World::start().await;
    let told = async |retry_after| {
        world
            .tenant
            .fault(Fault::new(Action::Throttle { retry_after }).at("/users").next(1))
            .unwrap();
        let answer = world.get("/users?$select=id").await;
        assert_eq!((answer.status, answer.code()), (429, "TooManyRequests"));
        answer.header("retry-after").to_owned()
    };
    assert_eq!(told(RetryAfter::None).await, "");
    assert_eq!(told(RetryAfter::Seconds(7)).await, "7");
    assert_eq!(told(RetryAfter::Seconds(31_536_000)).await, "31536000");
    let date = httpdate::parse_http_date(&told(RetryAfter::Date(60)).await).unwrap();
    let away = date.duration_since(SystemTime::now()).unwrap();
    assert!((50..=61).contains(&away.as_secs()), "{away:?}");
}

#[tokio::test]
async fn waiting_is_for_one_app_in_one_tenant_and_one_part_of_graph() {
    let world = World::start().await;
    let busy = Action::Throttle {
        retry_after: RetryAfter::Seconds(30),
    };
    world.tenant.fault(Fault::new(busy).at("/users/delta").next(1)).unwrap();
    assert_eq!(world.get("/users/delta?$select=id").await.status, 429);
    assert_eq!(world.get("/groups?$select=id").await.status, 200);
    assert_eq!(world.broken(Rule::AskedTooEarly), 0);
    world.get("/users?$select=id").await;
    assert_eq!(world.broken(Rule::AskedTooEarly), 1);
    world.entra.advance(Duration::from_secs(31));
    world.get("/users?$select=id").await;
    assert_eq!(world.broken(Rule::AskedTooEarly), 1);
}
