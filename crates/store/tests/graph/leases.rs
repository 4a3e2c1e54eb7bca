//! Who works on which directory.

use crate::world::{BOTH, MINUTE, World, now, page, person};
use events::DirectoryId;
use futures_util::future::join_all;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use store::{Dialect, GraphEnd, GraphLease, GraphOutcome, GraphPullState, GraphWriteError};

fn good(next_due: events::Timestamp) -> GraphOutcome {
    GraphOutcome {
        next_due,
        end: GraphEnd::Good,
    }
}

#[tokio::test]
async fn two_holders_never_hold_one_directory() {
    for dialect in BOTH {
        let world = World::new(dialect).await;
        for _ in 0..20 {
            world.directory(now()).await;
        }
        let pulls = world.pulls();
        let claims = (0..8).map(|n| {
            let pulls = pulls.clone();
            async move { pulls.claim(&format!("holder {n}"), now(), MINUTE, 5).await.unwrap() }
        });
        let claimed: Vec<DirectoryId> = join_all(claims)
            .await
            .into_iter()
            .flatten()
            .map(|claim| claim.lease.directory_id)
            .collect();
        let different: BTreeSet<DirectoryId> = claimed.iter().copied().collect();
        assert_eq!(claimed.len(), different.len(), "{dialect:?}");
        // One who comes while others lock may find less than there is; the next time it is there.
        let rest = pulls.claim("last", now(), MINUTE, 50).await.unwrap().len();
        assert_eq!(claimed.len() + rest, 20, "{dialect:?}");
        assert!(pulls.claim("nobody", now(), MINUTE, 50).await.unwrap().is_empty());
        world.db.close().await;
    }
}

#[tokio::test]
async fn a_lease_that_ended_is_somebody_elses_and_the_one_before_writes_nothing() {
    for dialect in BOTH {
        let world = World::new(dialect).await;
        let (directory, stale, lease) = world.worker().await;
        let later = now().plus(2 * MINUTE);
        let renewed = world
            .pulls()
            .renew("worker", &[lease], now().plus(MINUTE))
            .await
            .unwrap();
        assert_eq!(renewed, [lease]);
        assert!(world.pulls().renew("thief", &[lease], later).await.unwrap().is_empty());
        let claimed = world.pulls().claim("other", later, MINUTE, 9).await.unwrap();
        assert!(claimed[0].lease.epoch > lease.epoch);
        assert!(world.pulls().renew("worker", &[lease], later).await.unwrap().is_empty());
        let refused = stale.page(page(1, 1, vec![person(1)]), later).await;
        assert!(matches!(refused, Err(GraphWriteError::LeaseLost)), "{refused:?}");
        let refused = stale.progress("{}", later).await;
        assert!(matches!(refused, Err(GraphWriteError::LeaseLost)), "{refused:?}");
        let refused = world.pulls().release(lease, &good(later), later).await;
        assert!(matches!(refused, Err(GraphWriteError::LeaseLost)), "{refused:?}");
        assert!(world.store().graph_cursors(directory).await.unwrap().is_empty());
        let objects = world.store().graph_objects(directory);
        assert!(objects.by_ids(&[crate::world::id(1)]).await.unwrap().is_empty());
        world.db.close().await;
    }
}

#[tokio::test]
async fn whoever_gave_a_directory_back_or_was_overtaken_by_a_change_writes_nothing_more() {
    for dialect in BOTH {
        let world = World::new(dialect).await;
        let (directory, writer, lease) = world.worker().await;
        let released = world.pulls().release(lease, &good(now()), now()).await.unwrap();
        assert_eq!(released.after, GraphPullState::Active);
        assert!(matches!(
            writer.progress("{}", now()).await,
            Err(GraphWriteError::LeaseLost)
        ));
        for step in ["pause", "change"] {
            let claimed = world.pulls().claim("again", now(), MINUTE, 1).await.unwrap();
            let writer = world.store().graph_writer(claimed[0].lease);
            writer.progress("{}", now()).await.unwrap();
            let change = world.store().change(None).await.unwrap();
            if step == "pause" {
                assert!(change.pause_graph_pull(directory, now()).await.unwrap());
                assert!(!change.pause_graph_pull(directory, now()).await.unwrap());
            } else {
                let mut pull = change.graph_pull(directory).await.unwrap().unwrap();
                pull.settings = "{\"scope\":\"groups\"}".to_owned();
                assert_eq!(change.update_graph_pull(&pull, true, now()).await.unwrap(), 2);
                assert_eq!(change.update_graph_pull(&pull, false, now()).await.unwrap(), 2);
                pull.tenant_id = None;
                assert_eq!(change.update_graph_pull(&pull, false, now()).await.unwrap(), 3);
            }
            change.commit().await.unwrap();
            assert!(matches!(
                writer.progress("{}", now()).await,
                Err(GraphWriteError::LeaseLost)
            ));
            if step == "pause" {
                assert!(world.pulls().claim("again", now(), MINUTE, 1).await.unwrap().is_empty());
                let change = world.store().change(None).await.unwrap();
                assert!(change.resume_graph_pull(directory, now()).await.unwrap());
                change.commit().await.unwrap();
            }
        }
        world.db.close().await;
    }
}

#[tokio::test]
async fn a_thousand_directories_have_turns_by_how_long_they_are_due() {
    for dialect in BOTH {
        let world = World::new(dialect).await;
        let first = world.directory(now()).await;
        fill(&world, dialect, 999).await;
        let mut turns: BTreeMap<DirectoryId, u32> = BTreeMap::new();
        let mut at = now().plus(MINUTE);
        for _ in 0..30 {
            // Nobody gives back: what was taken is due again after a second, and later than all others.
            let second = Duration::from_secs(1);
            let claimed = world.pulls().claim("one", at, second, 100).await.unwrap();
            assert_eq!(claimed.len(), 100, "{dialect:?}");
            for claim in claimed {
                *turns.entry(claim.lease.directory_id).or_default() += 1;
            }
            at = at.plus(second);
        }
        assert_eq!(turns.len(), 1_000, "{dialect:?}");
        assert!(turns.values().all(|count| *count == 3), "{dialect:?}");
        assert!(turns.contains_key(&first));
        world.db.close().await;
    }
}

/// So many more directories that are pulled.
async fn fill(world: &World, dialect: Dialect, count: u32) {
    let numbers = format!(
        "(WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < {count}) SELECT n FROM c) g"
    );
    let (id, organization) = match dialect {
        Dialect::Postgres => (
            "('00000000-0000-7000-8000-' || lpad(to_hex(g.n), 12, '0'))::uuid".to_owned(),
            format!("'{}'::uuid", world.organization),
        ),
        Dialect::Sqlite => (
            "unhex('00000000000070008000' || printf('%012x', g.n))".to_owned(),
            format!("X'{}'", world.organization.uuid().simple()),
        ),
    };
    let at = now().millis();
    for statement in [
        format!(
            "INSERT INTO directories (id, organization_id, name, provider, created_at, updated_at) \
             SELECT {id}, {organization}, 'd', 'entra_id', 1, 1 FROM {numbers}"
        ),
        format!(
            "INSERT INTO graph_pulls (directory_id, organization_id, state, mode, cloud, settings, generation, due_at, epoch, \
             failures, created_at, updated_at) SELECT {id}, {organization}, 'active', 'pull', 'global', '{{}}', 1, {at} + g.n, 0, \
             0, 1, 1 FROM {numbers}"
        ),
    ] {
        world.db.execute(&statement).await;
    }
}

#[tokio::test]
async fn who_asks_while_somebody_works_is_heard_afterwards() {
    for dialect in BOTH {
        let world = World::new(dialect).await;
        let (directory, _, lease) = world.worker().await;
        let far = now().plus(60 * MINUTE);
        assert!(world.pulls().ask(directory, now().plus(5 * MINUTE)).await.unwrap());
        assert!(world.pulls().claim("other", now(), MINUTE, 1).await.unwrap().is_empty());
        let until = now().plus(2 * MINUTE);
        assert_eq!(world.pulls().renew("worker", &[lease], until).await.unwrap(), [lease]);
        world.pulls().release(lease, &good(far), now()).await.unwrap();
        let due = world.pulls().by_directory(directory).await.unwrap().unwrap().due_at;
        assert!(due < until, "{dialect:?}: {due}");
        let claimed = world.pulls().claim("other", until, MINUTE, 1).await.unwrap();
        world
            .pulls()
            .release(claimed[0].lease, &good(far), until)
            .await
            .unwrap();
        let due = world.pulls().by_directory(directory).await.unwrap().unwrap().due_at;
        assert_eq!(due, far, "{dialect:?}: once is enough");
        assert!(!world.pulls().ask(directory, far).await.unwrap());
        assert!(world.pulls().ask(directory, now()).await.unwrap());
        world.db.close().await;
    }
}

#[tokio::test]
async fn what_came_of_the_work_is_kept_with_its_directory() {
    for dialect in BOTH {
        let world = World::new(dialect).await;
        let (directory, _, mut lease) = world.worker().await;
        let failed = |is_failing| GraphEnd::Failed {
            error: "{\"why\":1}".to_owned(),
            is_failing,
        };
        let held = GraphEnd::Held {
            reason: "{\"users\":500}".to_owned(),
        };
        let steps = [
            (failed(false), GraphPullState::Active, 1),
            (failed(true), GraphPullState::Failing, 2),
            (GraphEnd::Unfinished, GraphPullState::Failing, 2),
            (GraphEnd::Good, GraphPullState::Active, 0),
            (held, GraphPullState::Held, 0),
        ];
        for (end, state, failures) in steps {
            let outcome = GraphOutcome { next_due: now(), end };
            let released = world.pulls().release(lease, &outcome, now()).await.unwrap();
            assert_eq!((released.after, released.failures), (state, failures), "{dialect:?}");
            let pull = world.pulls().by_directory(directory).await.unwrap().unwrap();
            assert_eq!((pull.state, pull.failures), (state, failures));
            assert_eq!(pull.failing_since.is_some(), failures > 0);
            let claimed = world.pulls().claim("worker", now(), MINUTE, 1).await.unwrap();
            if state == GraphPullState::Held {
                assert!(claimed.is_empty(), "{dialect:?}: nobody works on what is held");
            } else {
                lease = claimed[0].lease;
            }
        }
        let change = world.store().change(None).await.unwrap();
        let refused = change.hold_graph_lease(lease).await;
        assert!(matches!(refused, Err(GraphWriteError::LeaseLost)));
        assert!(change.release_graph_brake(directory, now()).await.unwrap());
        assert!(!change.release_graph_brake(directory, now()).await.unwrap());
        change.commit().await.unwrap();
        let claimed = world.pulls().claim("worker", now(), MINUTE, 1).await.unwrap();
        assert_eq!(claimed[0].pull.brake_released_at, Some(now()));
        let change = world.store().change(None).await.unwrap();
        let lease: GraphLease = claimed[0].lease;
        change.hold_graph_lease(lease).await.unwrap();
        change.release_graph_pull(lease, &good(now()), now()).await.unwrap();
        drop(change);
        world.pulls().release(lease, &good(now()), now()).await.unwrap();
        world.db.close().await;
    }
}
