//! Documents over HTTP.

use crate::server::Server;
use oidc::{Authority, AuthorityRules, DiscoveryError, EntraErrorKind, FetchError, Verifier};
use reqwest::Client;
use serde_json::json;
use url::Url;

const ID: &str = "5f2c9a0e-7d41-4c1b-9a55-0b6d3f7e2c10";

fn authority(server: &Server) -> Authority {
    let rules = AuthorityRules::new(vec![Url::parse(&server.url).unwrap()]);
    Authority::parse(&format!("{}/{ID}/v2.0", server.url), &rules).unwrap()
}

fn document(server: &Server) -> String {
    let url = &server.url;
    json!({
        "issuer": format!("{url}/{ID}/v2.0"), "authorization_endpoint": format!("{url}/a"),
        "token_endpoint": format!("{url}/t"), "jwks_uri": format!("{url}/k"),
    })
    .to_string()
}

async fn error(server: &Server, verifier: &Verifier) -> FetchError {
    match verifier.fetch_metadata(&authority(server)).await.unwrap_err() {
        DiscoveryError::Fetch { source, url } => {
            assert!(url.starts_with(&server.url));
            source
        }
        error => panic!("{error}"),
    }
}

#[tokio::test]
async fn the_document_is_asked_for_at_the_well_known_path() {
    let server = Server::start().await;
    server.answers("200 OK", "", &document(&server));
    let metadata = Verifier::default().fetch_metadata(&authority(&server)).await.unwrap();
    assert_eq!(metadata.token_endpoint, format!("{}/t", server.url));
    assert_eq!(
        server.requests(),
        [format!("/{ID}/v2.0/.well-known/openid-configuration")]
    );
}

#[tokio::test]
async fn a_redirect_is_not_followed_even_with_a_client_that_would() {
    let (server, elsewhere) = (Server::start().await, Server::start().await);
    elsewhere.answers("200 OK", "", &document(&server));
    server.answers("302 Found", &format!("location: {}/x\r\n", elsewhere.url), &"");
    assert!(matches!(
        error(&server, &Verifier::default()).await,
        FetchError::Redirected
    ));
    assert!(elsewhere.requests().is_empty());
    let follows = Verifier::with_client(Client::new());
    assert!(matches!(error(&server, &follows).await, FetchError::Redirected));
}

#[tokio::test]
async fn a_refusal_of_entra_id_is_understood() {
    let server = Server::start().await;
    server.answers(
        "400 Bad Request",
        "",
        &json!({ "error": "invalid_tenant", "error_codes": [90002] }),
    );
    let FetchError::Status {
        status: 400,
        entra: Some(entra),
    } = error(&server, &Verifier::default()).await
    else {
        panic!("the refusal was not understood");
    };
    assert_eq!(entra.kind, EntraErrorKind::TenantUnknown);
    server.answers("503 Service Unavailable", "", &"<html>");
    let down = error(&server, &Verifier::default()).await;
    assert!(matches!(
        down,
        FetchError::Status {
            status: 503,
            entra: None
        }
    ));
}

#[tokio::test]
async fn a_document_without_an_end_is_not_read_to_its_end() {
    let server = Server::start().await;
    server.answers("200 OK", "", &" ".repeat((1 << 20) + 1));
    assert!(matches!(
        error(&server, &Verifier::default()).await,
        FetchError::TooLarge
    ));
}

#[tokio::test]
async fn a_provider_that_is_not_there_is_said_to_be_unreachable() {
    let mut server = Server::start().await;
    // Nothing listens at port 1 of this machine.
    server.url = "http://127.0.0.1:1".to_owned();
    assert_eq!(error(&server, &Verifier::default()).await.code(), "unreachable");
}
