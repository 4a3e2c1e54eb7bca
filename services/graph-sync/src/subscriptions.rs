//! Subscriptions of changes, which whoever works on a directory makes and renews. Without them the directory is pulled at its
//! interval all the same, so nothing that fails here holds a round up.

use crate::error::Stop;
use crate::notices::PATH;
use crate::work::Work;
use events::{GraphSubscriptionId, Timestamp};
use graph::GraphErrorKind;
use graph::delta::Collection;
use graph::subscription::{LONGEST_SUBSCRIPTION, NewSubscription, Subscription};
use secrets::{Token, TokenKind};
use std::time::Duration;
use store::{GraphCollection, GraphSubscription};
use url::Url;

/// How long Graph may take to ask whether a URL is ours.
const MADE_WITHIN: Duration = Duration::from_mins(2);
/// After what time one that could not be made or renewed is tried again. A service that Microsoft cannot reach tries so often.
const AGAIN_AFTER: Duration = Duration::from_hours(6);

/// Makes the subscriptions that a directory should have, and renews those that have lasted half their time.
pub(crate) async fn keep(work: &Work) -> Result<(), Stop> {
    let Some(base) = &work.inner.config.notified_at else {
        return Ok(());
    };
    let known = work.inner.deps.store.graph_subscriptions(work.directory_id()).await?;
    let wanted = [
        (GraphCollection::Users, Collection::Users, true),
        (GraphCollection::Groups, Collection::Groups, work.policy.groups_enabled),
    ];
    for (stored, collection, is_wanted) in wanted {
        let found = known.iter().find(|one| one.collection == stored);
        let now = work.now();
        match found {
            Some(one) if !is_wanted => end(work, one).await?,
            Some(one) if one.renew_at > now => {}
            Some(one) => renew(work, base, one, collection).await?,
            None if is_wanted => begin(work, base, stored, collection).await?,
            None => {}
        }
    }
    Ok(())
}

async fn begin(work: &Work, base: &Url, stored: GraphCollection, collection: Collection) -> Result<(), Stop> {
    let (id, now) = (GraphSubscriptionId::new(), work.now());
    let (client_state, hash) = Token::mint(TokenKind::GraphSubscription, id.uuid());
    let row = GraphSubscription {
        id,
        directory_id: work.directory_id(),
        collection: stored,
        subscription_id: None,
        state_hash: *hash.as_bytes(),
        expires_at: now.plus(MADE_WITHIN),
        renew_at: now.plus(AGAIN_AFTER),
    };
    // Graph asks whether the URL is ours before it answers.
    work.writer.subscription_begins(&row).await?;
    let new = NewSubscription {
        collection,
        notification_url: below(base, &format!("{PATH}/{id}")),
        lifecycle_url: below(base, &format!("{PATH}/{id}/lifecycle")),
        client_state,
        expires_at: now.plus(LONGEST_SUBSCRIPTION),
    };
    match work.ask(work.session.subscribe(&new)).await {
        Ok(made) => lasts(work, id, made).await,
        Err(Stop::Graph(error)) => {
            let id = work.directory_id();
            tracing::info!(directory = %id, error = %telemetry::chain(&error), "Microsoft Graph will not tell of changes");
            Ok(())
        }
        Err(stop) => Err(stop),
    }
}

/// A URL below the public one, which may have a path of its own.
fn below(base: &Url, path: &str) -> Url {
    let mut url = base.clone();
    url.set_path(&format!("{}{path}", base.path().trim_end_matches('/')));
    url
}

async fn renew(work: &Work, base: &Url, one: &GraphSubscription, collection: Collection) -> Result<(), Stop> {
    let now = work.now();
    let Some(graph_id) = one.subscription_id.filter(|_| one.expires_at > now) else {
        return begin(work, base, one.collection, collection).await;
    };
    let until = now.plus(LONGEST_SUBSCRIPTION);
    match work.ask(work.session.renew(graph_id, until)).await {
        Ok(renewed) => lasts(work, one.id, renewed).await,
        Err(Stop::Graph(error)) if matches!(*error.kind, GraphErrorKind::NotFound) => {
            begin(work, base, one.collection, collection).await
        }
        Err(Stop::Graph(error)) => {
            tracing::info!(directory = %one.directory_id, error = %telemetry::chain(&error), "a subscription is not renewed");
            let again = now.plus(AGAIN_AFTER);
            let writer = &work.writer;
            Ok(writer
                .subscription_lasts(one.id, graph_id, one.expires_at, again)
                .await?)
        }
        Err(stop) => Err(stop),
    }
}

async fn lasts(work: &Work, id: GraphSubscriptionId, lasting: Subscription) -> Result<(), Stop> {
    let renew_at = half_way(work.now(), lasting.expires_at);
    let writer = &work.writer;
    Ok(writer
        .subscription_lasts(id, lasting.id, lasting.expires_at, renew_at)
        .await?)
}

fn half_way(now: Timestamp, end: Timestamp) -> Timestamp {
    now.plus(end.since(now) / 2)
}

async fn end(work: &Work, one: &GraphSubscription) -> Result<(), Stop> {
    if let Some(id) = one.subscription_id {
        match work.ask(work.session.unsubscribe(id)).await {
            // One that stays finds nobody at its URL.
            Ok(()) | Err(Stop::Graph(_)) => {}
            Err(stop) => return Err(stop),
        }
    }
    Ok(work.writer.subscription_ends(one.id).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notifications_go_below_the_public_url_whatever_path_that_has() {
        for (base, expected) in [
            ("https://sync.example", "https://sync.example/graph/notifications/1"),
            (
                "https://example/rollcall/",
                "https://example/rollcall/graph/notifications/1",
            ),
        ] {
            let url = below(&base.parse().unwrap(), &format!("{PATH}/1"));
            assert_eq!(url.as_str(), expected);
        }
    }
}
