//! What a test has go wrong.

use crate::support::World;
use entra::{Action, Bulk, Fault, RetryAfter, Rule};
use flate2::read::GzDecoder;
use std::io::Read as _;
use std::time::Instant;

async fn strike(action: Action) -> World {
    let world = World::start().await;
    world
        .tenant
        .bulk(Bulk {
            users: 50,
            ..Bulk::default()
        })
        .unwrap();
    world.tenant.fault(Fault::new(action).at("/users").next(1)).unwrap();
    world
}

async fn raw(world: &World) -> Result<(u16, reqwest::header::HeaderMap, Vec<u8>), reqwest::Error> {
    let url = format!("{}/v1.0/users", world.entra.url());
    let answer = world.client.get(url).bearer_auth(&world.token).send().await?;
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    Ok((status, headers, answer.bytes().await?.to_vec()))
}

#[tokio::test]
async fn an_answer_is_cut_by_a_reset_connection() {
    let world = strike(Action::Reset).await;
    assert!(raw(&world).await.is_err());
    assert_eq!(raw(&world).await.unwrap().0, 200, "it happens once");
}

#[tokio::test]
async fn half_of_an_answer_comes_as_if_it_were_all() {
    let world = strike(Action::Truncate).await;
    let (status, _, body) = raw(&world).await.unwrap();
    assert_eq!(status, 200);
    assert!(serde_json::from_slice::<serde_json::Value>(&body).is_err());
}

#[tokio::test]
async fn a_proxy_answers_with_html() {
    let world = strike(Action::Html { status: 502 }).await;
    let (status, headers, body) = raw(&world).await.unwrap();
    assert_eq!(status, 502);
    assert!(headers["content-type"].to_str().unwrap().starts_with("text/html") && body.starts_with(b"<!DOCTYPE"));
}

#[tokio::test]
async fn an_answer_is_packed() {
    let world = strike(Action::Gzip).await;
    let (_, headers, body) = raw(&world).await.unwrap();
    assert_eq!(headers["content-encoding"], "gzip");
    let mut text = String::new();
    GzDecoder::new(&body[..]).read_to_string(&mut text).unwrap();
    assert!(text.starts_with("{\"@odata.context\""));
}

#[tokio::test]
async fn an_answer_comes_slowly_and_whole() {
    let world = strike(Action::Slow {
        bytes: 2_000,
        pause: 20,
    })
    .await;
    let started = Instant::now();
    let (_, _, body) = raw(&world).await.unwrap();
    let pieces = u128::try_from(body.len() / 2_000).unwrap();
    assert!(started.elapsed().as_millis() >= pieces * 20);
    assert!(serde_json::from_slice::<serde_json::Value>(&body).is_ok());
}

#[tokio::test]
async fn a_redirect_leads_to_another_host_which_notes_tokens() {
    let world = strike(Action::Redirect { location: None }).await;
    let answer = world.get("/users").await;
    assert_eq!(answer.status, 302);
    let location = answer.header("location").to_owned();
    assert!(location.starts_with(world.entra.elsewhere()), "{location}");
    World::read(world.client.get(&location)).await;
    assert_eq!(world.broken(Rule::BearerAtForeignHost), 0);
    World::read(world.client.get(&location).bearer_auth(&world.token)).await;
    assert_eq!(world.broken(Rule::BearerAtForeignHost), 1);
}

#[tokio::test]
async fn links_and_places_to_begin_again_lead_to_another_host() {
    let world = strike(Action::LinkElsewhere).await;
    let page = world.get("/users/delta?$select=id").await;
    let link = page.body["@odata.deltaLink"].as_str().unwrap();
    assert!(link.starts_with(world.entra.elsewhere()), "{link}");
    world
        .tenant
        .fault(Fault::new(Action::GoneElsewhere).at("/users/delta").next(1))
        .unwrap();
    let gone = world.get("/users/delta?$select=id").await;
    assert_eq!(gone.status, 410);
    assert!(gone.header("location").starts_with(world.entra.elsewhere()));
}

#[tokio::test]
async fn statuses_are_forced_on_paths_and_queries() {
    let world = World::start().await;
    let retry_after = RetryAfter::Seconds(3);
    world
        .tenant
        .fault(
            Fault::new(Action::Status {
                status: 503,
                retry_after,
            })
            .at("/groups")
            .next(1),
        )
        .unwrap();
    world
        .tenant
        .fault(Fault::new(Action::Gone { location: false }).asking("deltatoken"))
        .unwrap();
    let link = world.round("/users/delta?$select=id").await.link;
    let answer = world.get(&link).await;
    assert_eq!((answer.status, answer.code()), (410, "SyncStateNotFound"));
    let answer = world.get("/groups").await;
    assert_eq!((answer.status, answer.header("retry-after")), (503, "3"));
    assert_eq!(world.tenant.faults().unwrap().len(), 1, "one is used up");
    world.tenant.clear_faults().unwrap();
    assert_eq!(world.get(&link).await.status, 200);
    for (action, status) in [
        (Action::SteadyState, 400),
        (Action::NotFound, 404),
        (Action::Unauthorized, 401),
        (Action::Forbidden, 403),
    ] {
        world.tenant.fault(Fault::new(action).next(1)).unwrap();
        assert_eq!(world.get(&link).await.status, status);
    }
}

#[tokio::test]
async fn a_chance_goes_by_the_seed() {
    let refused = async || {
        let world = World::start().await;
        let status = Action::Status {
            status: 504,
            retry_after: RetryAfter::None,
        };
        world.tenant.fault(Fault::new(status).chance(0.3)).unwrap();
        let mut refused = Vec::new();
        for _ in 0..60 {
            refused.push(world.get("/users?$select=id").await.status == 504);
        }
        refused
    };
    let (one, other) = (refused().await, refused().await);
    assert_eq!(one, other);
    let count = one.iter().filter(|is| **is).count();
    assert!((5..40).contains(&count), "{count} of 60");
}
