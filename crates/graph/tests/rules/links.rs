//! Links are followed only to where they came from.

use crate::edge::{Edge, Reply};
use crate::support::{identity, jumping, secret, session};
use graph::delta::{Begin, Collection};
use graph::{Cloud, DeltaLink, Endpoints, ForeignLink, Graph, GraphErrorKind, InvalidEndpoint};
use proptest::prelude::*;
use serde_json::json;

fn why(kind: &GraphErrorKind) -> Option<ForeignLink> {
    match kind {
        GraphErrorKind::ForeignLink(why) => Some(*why),
        _ => None,
    }
}

async fn followed(edge: &Edge, link: &str) -> Option<ForeignLink> {
    let (session, _) = session(edge);
    let page = session.users_page(&DeltaLink::from_stored(link.to_owned())).await;
    why(&page.unwrap_err().kind)
}

#[actix_web::test]
async fn a_stored_link_that_leads_elsewhere_is_refused_before_anything_is_sent() {
    let edge = Edge::start(|_| None).await;
    let port = edge.url.rsplit(':').next().unwrap();
    for (link, expected) in [
        ("no link at all".to_owned(), ForeignLink::Malformed),
        (
            edge.url.replace("http", "https") + "/v1.0/users/delta",
            ForeignLink::Scheme,
        ),
        (format!("http://localhost:{port}/v1.0/users/delta"), ForeignLink::Host),
        (
            format!("http://127.0.0.1.evil.example:{port}/v1.0/users/delta"),
            ForeignLink::Host,
        ),
        (
            format!("http://evil.example@127.0.0.1:{port}/v1.0/users/delta"),
            ForeignLink::Parts,
        ),
        ("http://127.0.0.1:9/v1.0/users/delta".to_owned(), ForeignLink::Port),
        (format!("{}/v1.0/users/delta#x", edge.url), ForeignLink::Parts),
        (
            format!("{}/v1.0/groups/delta?$deltatoken=x", edge.url),
            ForeignLink::Path,
        ),
        (
            format!("{}/beta/users/delta?$deltatoken=x", edge.url),
            ForeignLink::Path,
        ),
        (format!("{}/v1.0/users/delta/../../me", edge.url), ForeignLink::Path),
        (format!("{}/v1.0/users%2Fdelta", edge.url), ForeignLink::Path),
    ] {
        assert_eq!(followed(&edge, &link).await, Some(expected), "{link}");
    }
    assert!(edge.seen().is_empty() && edge.tokens().is_empty());
}

#[actix_web::test]
async fn a_page_whose_link_leads_elsewhere_is_not_taken() {
    for (name, link) in [
        ("@odata.nextLink", "http://evil.example/v1.0/users/delta?$skiptoken=x"),
        ("@odata.deltaLink", "http://evil.example/v1.0/users/delta?$deltatoken=x"),
    ] {
        let edge = Edge::answers(vec![Reply::json(200, &json!({ "value": [], name: link }))]).await;
        let (session, _) = session(&edge);
        let first = session
            .first_link(Collection::Users, &["mail".to_owned()], &Begin::All)
            .unwrap();
        let error = session.users_page(&first).await.unwrap_err();
        assert_eq!(why(&error.kind), Some(ForeignLink::Host));
        assert_eq!(edge.seen().len(), 1, "it is not asked for again");
    }
}

#[actix_web::test]
async fn a_redirect_is_not_followed_and_the_token_goes_nowhere_else() {
    let other = Edge::start(|_| Some(Reply::json(200, &json!({ "value": [] })))).await;
    let target = format!("{}/v1.0/users/delta", other.url);
    let edge = Edge::answers(vec![Reply::raw(302, "text/html", b"").with("location", &target)]).await;
    let (session, _) = session(&edge);
    let first = session
        .first_link(Collection::Users, &["mail".to_owned()], &Begin::All)
        .unwrap();
    let error = session.users_page(&first).await.unwrap_err();
    assert_eq!(error.code(), "unreadable");
    assert_eq!(edge.seen().len(), 1);
    assert!(other.seen().is_empty());
}

#[actix_web::test]
async fn a_link_is_followed_character_by_character() {
    let token = "q7Hf2-_~%2B%2f.a'b(c)!*;:@&x=$y,1";
    let edge = Edge::answers(vec![Reply::error(404, "x")]).await;
    let (session, _) = session(&edge);
    for path in ["users/delta", "users/delta()", "users/microsoft.graph.delta()"] {
        let link = format!("{}/v1.0/{path}?$skiptoken={token}", edge.url);
        session
            .users_page(&DeltaLink::from_stored(link.clone()))
            .await
            .unwrap_err();
        let asked = edge.seen().pop().unwrap().target;
        assert_eq!(format!("{}{asked}", edge.url).replace("%27", "'"), link);
    }
}

#[test]
fn a_link_does_not_show_its_token() {
    let link = DeltaLink::from_stored("https://graph.example/v1.0/users/delta?$deltatoken=Secret".to_owned());
    assert!(!format!("{link:?}").contains("Secret"));
    assert!(link.expose().ends_with("Secret"));
}

#[test]
fn each_cloud_has_its_own_addresses_and_a_name_to_be_stored_by() {
    for cloud in Cloud::ALL {
        assert_eq!(Cloud::parse(cloud.as_str()), Some(cloud));
        let endpoints = Endpoints::from(cloud);
        assert_eq!(endpoints.scope(), format!("{}/.default", cloud.graph_root()));
        assert_eq!(Endpoints::new(cloud.authority(), cloud.graph_root()), Ok(endpoints));
        assert!(Cloud::of_authority(cloud.authority()).any(|one| one == cloud));
    }
    assert_eq!(Cloud::of_authority("https://login.microsoftonline.us/").count(), 2);
    assert_eq!(Cloud::of_authority("https://login.example").count(), 0);
}

#[test]
fn addresses_that_could_hide_something_are_none() {
    for bad in ["", "graph.example", "ftp://graph.example", "mailto:x", "https://"] {
        assert_eq!(Endpoints::new(bad, bad), Err(InvalidEndpoint::Url(bad.to_owned())));
    }
    for bad in [
        "https://a@graph.example",
        "https://graph.example/?x",
        "https://graph.example/#x",
    ] {
        assert_eq!(Endpoints::new(bad, bad), Err(InvalidEndpoint::Parts(bad.to_owned())));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn whatever_a_link_is_the_token_goes_to_graph_or_nowhere(
        scheme in "(http|https|HTTP|ftp|javascript)",
        user in "(|a@|graph.example@|127.0.0.1:1@)",
        host in "(graph.example|GRAPH.example|graph.example.|evil.example|graph.example.evil.example|%67raph.example|graph\\.example|127.1)",
        port in "(|:443|:80|:8443)",
        path in "(/v1.0/users/delta|/v1.0/users/delta\\(\\)|/v1.0/./users/delta|//v1.0/users/delta|/v1.0/groups/delta|/v1.0/users/delta/x|\\\\v1.0)",
        rest in "(|\\?\\$deltatoken=a|#a|\\?x=http://graph.example)",
    ) {
        let text = format!("{scheme}://{user}{host}{port}{path}{rest}");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let _ = rustls::crypto::ring::default_provider().install_default();
        // Nothing is sent: what may be followed is told by an address that this installation does not go to.
        let strict = webhooks::Guard::new(webhooks::Rules::new(false, Vec::new(), vec![1..=1]));
        let graph = Graph::with_clock(strict, jumping()).unwrap();
        let edge = Endpoints::new("https://login.example", "https://graph.example").unwrap();
        let session = graph.session(graph::Identity { endpoints: edge, ..plain_identity() });
        let result = runtime.block_on(session.users_page(&DeltaLink::from_stored(text.clone())));
        let error = result.unwrap_err();
        if why(&error.kind).is_none() {
            let url = url::Url::parse(&text).unwrap();
            prop_assert_eq!(url.origin().ascii_serialization(), "https://graph.example", "{}", text);
            prop_assert!(url.path().starts_with("/v1.0/users/delta") && !url.path().ends_with('x'), "{}", text);
            prop_assert!(url.username().is_empty() && url.fragment().is_none(), "{}", text);
        }
    }
}

fn plain_identity() -> graph::Identity {
    graph::Identity {
        connection: events::ConnectionId::new(),
        tenant: crate::support::TENANT,
        client_id: crate::support::CLIENT,
        endpoints: Endpoints::from(Cloud::Global),
        credential: secret("s"),
        size: graph::TenantSize::default(),
    }
}

#[actix_web::test]
async fn an_identity_of_one_cloud_asks_no_other() {
    let edge = Edge::start(|_| None).await;
    let (session, _) = session(&edge);
    let link = DeltaLink::from_stored("https://graph.microsoft.us/v1.0/users/delta?$deltatoken=x".to_owned());
    let error = session.users_page(&link).await.unwrap_err();
    assert!(why(&error.kind).is_some());
    assert_eq!(identity(&edge, secret("s")).endpoints.root(), edge.url);
}
