//! Whether the apps that get webhooks can be reached from here. Nothing is sent to them.

use super::findings::Findings;
use futures_util::future::join_all;
use secrecy::ExposeSecret as _;
use secrets::MasterKeys;
use std::collections::BTreeSet;
use std::time::Duration;
use store::{Endpoint, EndpointState, KeptUrl, ListPage, Store, StoreError};
use tokio::net::TcpStream;
use url::Url;

/// Endpoints that are looked at, the newest.
const PAGE: u16 = 100;
/// Addresses that are tried.
const MOST_ADDRESSES: usize = 10;
/// For one connection.
const PATIENCE: Duration = Duration::from_secs(3);

/// Opens a connection to each of some addresses that webhooks go to.
pub(super) async fn look(keys: &MasterKeys, store: &Store, findings: &mut Findings) -> Result<(), StoreError> {
    let page = ListPage {
        limit: PAGE,
        cursor: None,
    };
    let endpoints = store.endpoints().list(None, &page).await?.data;
    let enabled: Vec<&Endpoint> = endpoints
        .iter()
        .filter(|one| one.state == EndpointState::Enabled)
        .collect();
    let addresses: BTreeSet<(String, u16)> = enabled.iter().filter_map(|one| address(keys, one)).collect();
    if addresses.is_empty() {
        if enabled.is_empty() {
            findings.ok("webhooks", "no app is subscribed");
        } else {
            findings.fail(
                "webhooks",
                "the URLs of the endpoints cannot be read with this master key",
                "give this command the same ROLLCALL_MASTER_KEY or data dir as the services",
            );
        }
        return Ok(());
    }
    let tried = addresses.iter().take(MOST_ADDRESSES).map(|(host, port)| async move {
        let connected = tokio::time::timeout(PATIENCE, TcpStream::connect((host.as_str(), *port))).await;
        (format!("{host}:{port}"), matches!(connected, Ok(Ok(_))))
    });
    let tried = join_all(tried).await;
    let away: Vec<&str> = tried
        .iter()
        .filter(|(_, reached)| !reached)
        .map(|(name, _)| name.as_str())
        .collect();
    if away.is_empty() {
        findings.ok(
            "webhooks",
            format!("{} addresses of apps are reached from here", tried.len()),
        );
    } else {
        findings.warn(
            "webhooks",
            format!(
                "{} of {} addresses of apps are not reached from here: {}",
                away.len(),
                tried.len(),
                away.join(", ")
            ),
            "see that the apps run, and that firewalls let this machine out",
        );
    }
    let failing = enabled.iter().filter(|one| one.failing_since.is_some()).count();
    if failing > 0 {
        findings.warn(
            "webhooks",
            format!("every attempt fails at {failing} endpoints"),
            "`rollcall deliveries list --status scheduled` shows what they answered",
        );
    }
    Ok(())
}

fn address(keys: &MasterKeys, endpoint: &Endpoint) -> Option<(String, u16)> {
    let url = match &endpoint.url.kept {
        KeptUrl::Plain(url) => url.clone(),
        KeptUrl::Sealed(sealed) => {
            let opened = keys.open_text(sealed, &Endpoint::url_context(endpoint.id)).ok()?;
            opened.expose_secret().to_owned()
        }
    };
    let url: Url = url.parse().ok()?;
    Some((
        url.host_str()?.trim_matches(['[', ']']).to_owned(),
        url.port_or_known_default()?,
    ))
}
