//! Directories that are pulled from Microsoft Graph.

use super::*;
use events::{GraphCredentialId, GraphRoundId};
use store::{
    GraphCollection, GraphCredential, GraphCredentialKind, GraphCredentialState, GraphCursor, GraphDifference,
    GraphDrift, GraphEnd, GraphLease, GraphMembership, GraphObjectKind, GraphOutcome, GraphPage, GraphRemoval,
    GraphRound, GraphSubscription, KnownManager, LinkedObject, PendingOf, SealedGraphCredential, SeenManager,
    SeenMember, SeenObject,
};
use uuid::Uuid;

const LEASE: Duration = Duration::from_secs(60);

fn person(n: u64) -> Uuid {
    id(Kind::GraphObject, n)
}

fn group(n: u64) -> Uuid {
    id(Kind::GraphGroup, n)
}

fn seen(object_id: Uuid) -> SeenObject {
    SeenObject {
        object_id,
        kind: GraphObjectKind::User,
        resource_id: None,
        name: None,
        kept: Some("{}".to_owned()),
        skipped: None,
        removed: None,
        manager: SeenManager::Is(person(1)),
    }
}

fn membership(of: u64, member: u64) -> GraphMembership {
    GraphMembership {
        group_object_id: group(of),
        member_object_id: person(member),
    }
}

fn cursor(pages: i64) -> GraphCursor {
    GraphCursor {
        collection: GraphCollection::Users,
        generation: 1,
        round: 2,
        is_full: true,
        link: format!("https://graph.example/{pages}"),
        is_complete: false,
        pages,
        seen: 0,
        known: 0,
        began_at: now(),
        updated_at: now(),
    }
}

pub(super) async fn pulling(store: &Store) {
    let lease = working(store).await;
    pages(store, lease).await;
    asking(store).await;
    marks(store, lease).await;
    subscriptions(store, lease).await;
    drift(store, lease).await;
    credentials(store).await;
    ending(store, lease).await;
}

/// Somebody takes directories, the large one among them.
async fn working(store: &Store) -> GraphLease {
    let pulls = store.graph_pulls();
    let claimed = pulls.claim("plans", now(), LEASE, 20).await.unwrap();
    assert_eq!(claimed.len(), 20);
    let leases: Vec<GraphLease> = claimed.iter().map(|claim| claim.lease).collect();
    assert_eq!(
        pulls.renew("plans", &leases, now().plus(LEASE)).await.unwrap().len(),
        20
    );
    assert!(pulls.ask(big(), now()).await.unwrap());
    assert!(pulls.by_directory(big()).await.unwrap().is_some());
    for organization in [None, Some(id::<OrganizationId>(Kind::Organization, 1))] {
        for after in [None, Some(big())] {
            pulls.list(organization, after, 20).await.unwrap();
        }
    }
    leases.into_iter().find(|lease| lease.directory_id == big()).unwrap()
}

async fn pages(store: &Store, lease: GraphLease) {
    let writer = store.graph_writer(lease);
    let member = |n: u64, is_member: bool| SeenMember {
        group_object_id: group(1),
        member_object_id: person(n),
        member_kind: GraphObjectKind::User,
        is_member,
    };
    let gone = SeenObject {
        removed: Some(GraphRemoval::Deleted),
        ..seen(person(30))
    };
    for (before, after) in [(None, cursor(1)), (Some(cursor(1)), cursor(2))] {
        let page = GraphPage {
            before,
            after,
            objects: (10..210).map(|n| seen(person(n))).chain([gone.clone()]).collect(),
            members: (10..210).map(|n| member(n, n % 2 == 0)).collect(),
            progress: Some("{}".to_owned()),
        };
        writer.page(page, now()).await.unwrap();
    }
    assert_eq!(store.graph_cursors(big()).await.unwrap().len(), 1);
}

async fn asking(store: &Store) {
    let objects = store.graph_objects(big());
    let some: Vec<Uuid> = (0..100).map(person).collect();
    assert_eq!(objects.by_ids(&some).await.unwrap().len(), 100);
    let resources: Vec<ResourceId> = (0..100).map(user).collect();
    assert!(!objects.of_resources(&resources).await.unwrap().is_empty());
    for after in [None, Some((1, person(4_000)))] {
        let unseen = objects.unseen(GraphObjectKind::User, 2, after, 50).await.unwrap();
        assert_eq!(unseen.len(), 50);
    }
    for after in [None, Some((now(), person(30)))] {
        objects.restorable(after, 50).await.unwrap();
    }
    for after in [None, Some((1, group(0), person(50)))] {
        assert_eq!(objects.unseen_members(2, after, 50).await.unwrap().len(), 50);
    }
    for reason in [None, Some("guest")] {
        for after in [None, Some(("guest", person(1_000)))] {
            assert!(!objects.skipped(reason, after, 10).await.unwrap().is_empty());
        }
    }
    objects.skipped_counts().await.unwrap();
    assert!(objects.counts().await.unwrap().users > 1_000);
    for of in [
        PendingOf::All(None),
        PendingOf::All(Some((group(0), person(100)))),
        PendingOf::Group(group(0), None),
        PendingOf::Group(group(0), Some(person(100))),
        PendingOf::Arrived(&some),
        PendingOf::Groups(&[group(0), group(1)], None),
        PendingOf::Groups(&[group(0), group(1)], Some((group(0), person(100)))),
    ] {
        assert!(!objects.pending_members(of, 20).await.unwrap().is_empty(), "{of:?}");
    }
    for after in [None, Some(person(500))] {
        assert!(!objects.pending_managers(after, 20).await.unwrap().is_empty());
    }
    assert!(!objects.pending_managers_of(&some, 20).await.unwrap().is_empty());
    for after in [None, Some(person(100))] {
        assert_eq!(objects.members_of(group(0), after, 20).await.unwrap().len(), 20);
    }
    for after in [None, Some((person(50), group(0)))] {
        assert_eq!(objects.memberships_of(&some, after, 20).await.unwrap().len(), 20);
    }
}

async fn marks(store: &Store, lease: GraphLease) {
    let writer = store.graph_writer(lease);
    writer.objects(2, vec![seen(person(7))], now()).await.unwrap();
    let linked: Vec<LinkedObject> = (10..110)
        .map(|n| LinkedObject {
            object_id: person(n),
            resource_id: Some(user(n)),
        })
        .collect();
    writer.link(&linked).await.unwrap();
    let managers: Vec<KnownManager> = (10..110)
        .map(|n| KnownManager {
            object_id: person(n),
            manager_object_id: Some(person(1)),
        })
        .collect();
    writer.managers_applied(&managers).await.unwrap();
    let members: Vec<GraphMembership> = (10..110).map(|n| membership(1, n)).collect();
    for is_member in [true, false] {
        writer.members_applied(is_member, &members, now()).await.unwrap();
    }
    let gone: Vec<GraphMembership> = (100..200).map(|n| membership(0, n)).collect();
    writer.members_gone(2, &gone, now()).await.unwrap();
    for removal in [GraphRemoval::Changed, GraphRemoval::Deleted] {
        let gone: Vec<Uuid> = (300..320).map(person).collect();
        writer.removed(&gone, removal, now()).await.unwrap();
    }
    let anew: Vec<Uuid> = (400..420).map(person).collect();
    writer.anew(&anew, now()).await.unwrap();
    writer.progress("{}", now()).await.unwrap();
    assert!(!writer.forget_removed(now().plus(LEASE)).await.unwrap());
}

async fn drift(store: &Store, lease: GraphLease) {
    let writer = store.graph_writer(lease);
    two_pages!(|page: ListPage| async move { store.graph_drift(big(), &page).await });
    let found = GraphDrift {
        id: events::GraphDriftId::new(),
        kind: GraphObjectKind::User,
        difference: GraphDifference::Different,
        object_id: Some(person(1)),
        resource_id: None,
        fields: vec!["userName".to_owned()],
        found_at: Timestamp::from_millis(1),
    };
    writer.compared(std::slice::from_ref(&found)).await.unwrap();
    let page = ListPage { limit: 5, cursor: None };
    assert_eq!(store.graph_drift(big(), &page).await.unwrap().data, [found]);
}

async fn subscriptions(store: &Store, lease: GraphLease) {
    let writer = store.graph_writer(lease);
    let new = GraphSubscription {
        id: events::GraphSubscriptionId::new(),
        directory_id: big(),
        collection: GraphCollection::Users,
        subscription_id: None,
        state_hash: [7; 32],
        expires_at: now().plus(LEASE),
        renew_at: now().plus(LEASE),
    };
    writer.subscription_begins(&new).await.unwrap();
    let found = store.graph_subscription(new.id).await.unwrap().unwrap();
    assert!(found == new && found.is_pending(now()) && !found.is_pending(new.expires_at));
    let lasts = writer.subscription_lasts(new.id, person(1), now(), now());
    lasts.await.unwrap();
    store.graph_subscription_wanted(new.id, true, now()).await.unwrap();
    assert_eq!(store.graph_subscriptions(big()).await.unwrap().len(), 2);
    writer.subscription_ends(new.id).await.unwrap();
}

async fn credentials(store: &Store) {
    let new = |n: u64| GraphCredential {
        id: id::<GraphCredentialId>(Kind::GraphCredential, 5_000_000 + n),
        directory_id: big(),
        kind: GraphCredentialKind::Secret,
        state: GraphCredentialState::Pending,
        certificate: None,
        hint: "h".to_owned(),
        assertion_form: "ps256".to_owned(),
        expires_at: Some(now().plus(LEASE)),
        created_at: now(),
        proved_at: None,
        retires_at: None,
    };
    let change = store.change(None).await.unwrap();
    for n in 0..2 {
        let sealed = SealedGraphCredential {
            secret: Some(vec![7; 40]),
            private_key: None,
        };
        change.add_graph_credential(&new(n), sealed).await.unwrap();
        let activated = change.activate_graph_credential(big(), new(n).id, now(), now()).await;
        assert!(activated.unwrap());
    }
    change.commit().await.unwrap();
    let credentials = store.graph_credentials(big());
    assert_eq!(credentials.active().await.unwrap().unwrap().0.id, new(1).id);
    assert!(credentials.by_id(new(0).id).await.unwrap().is_some());
    assert!(!credentials.all().await.unwrap().is_empty());
    credentials.keep_assertion_form(new(1).id, "rs256").await.unwrap();
    let end = CredentialFilter {
        organization_id: None,
        directory_id: Some(big()),
        kinds: vec![CredentialKind::GraphSecret],
        ends_before: None,
    };
    assert_eq!(store.credential_ends().list(&end, &page()).await.unwrap().data.len(), 1);
    assert_eq!(store.forget_retired_graph_credentials(now()).await.unwrap(), 1);
    let change = store.change(None).await.unwrap();
    assert!(change.remove_graph_credential(big(), new(1).id).await.unwrap());
    change.commit().await.unwrap();
}

async fn ending(store: &Store, lease: GraphLease) {
    let ended = GraphRound {
        id: GraphRoundId::new(),
        is_full: true,
        began_at: now(),
        ended_at: now(),
        outcome: "good".to_owned(),
        counts: "{}".to_owned(),
        error: None,
    };
    let rounds = store.graph_rounds(big());
    rounds.add(lease, &ended, 500).await.unwrap();
    two_pages!(|page: ListPage| async move { store.graph_rounds(big()).list(&page).await });
    assert!(!store.prune_graph_rounds(Timestamp::from_millis(1)).await.unwrap());
    let change = store.change(None).await.unwrap();
    change.hold_graph_lease(lease).await.unwrap();
    assert!(!change.ask_graph_pull(big(), now()).await.unwrap());
    change.commit().await.unwrap();
    let outcome = GraphOutcome {
        next_due: now(),
        end: GraphEnd::Held {
            reason: "{}".to_owned(),
        },
    };
    store.graph_pulls().release(lease, &outcome, now()).await.unwrap();
    let change = store.change(None).await.unwrap();
    assert!(change.release_graph_brake(big(), now()).await.unwrap());
    assert!(change.pause_graph_pull(big(), now()).await.unwrap());
    assert!(change.resume_graph_pull(big(), now()).await.unwrap());
    let pull = change.graph_pull(small()).await.unwrap().unwrap();
    change.commit().await.unwrap();
    for _ in 0..3 {
        assert!(store.forget_graph_portion(big(), 10).await.unwrap());
    }
    while store.forget_graph_portion(small(), 10).await.unwrap() {}
    let change = store.change(None).await.unwrap();
    change.update_graph_pull(&pull, true, now()).await.unwrap();
    change.delete_graph_pull(small()).await.unwrap();
    change.create_graph_pull(&pull).await.unwrap();
    change.commit().await.unwrap();
}
