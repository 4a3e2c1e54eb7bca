//! Organizations, directories, keys, endpoints and idempotency marks, on both databases.
#![expect(clippy::unwrap_used, reason = "a failed step fails the test")]

use events::{
    AdminKeyId, AttemptId, DeliveryId, DirectoryId, EndpointId, EventId, EventType, KeyId, OrganizationId, Source,
    Timestamp, lane_of,
};
use std::time::Duration;
use store::testing::TestDatabase;
use store::{
    AdminKey, AdminScope, AdminTx, Claim, DeliveryVerdict, Dialect, DirectoryFilter, DirectoryState, Disabling, Domain,
    Endpoint, EndpointSelection, EndpointState, EventDraft, FinishedAttempt, KeyRecord, KeyUse, Lease, ListPage,
    NewDelivery, NewDirectory, NewEndpointSecret, NewKey, NewOrganization, Store, StoreError, TakenDomain,
};

const BOTH: [Dialect; 2] = [Dialect::Postgres, Dialect::Sqlite];

fn now() -> Timestamp {
    Timestamp::from_millis(1_800_000_000_000)
}

fn domain(text: &str) -> Domain {
    text.parse().unwrap()
}

fn organization(domains: &[&str]) -> NewOrganization {
    let domains = domains.iter().map(|text| domain(text)).collect();
    NewOrganization {
        id: OrganizationId::new(),
        name: "Contoso".to_owned(),
        domains,
        at: now(),
    }
}

fn first(limit: u16) -> ListPage {
    ListPage { limit, cursor: None }
}

async fn add_organization(store: &Store, domains: &[&str]) -> OrganizationId {
    let new = organization(domains);
    let change = store.change(None).await.unwrap();
    assert_eq!(change.create_organization(&new).await.unwrap(), None);
    change.commit().await.unwrap();
    new.id
}

async fn add_directory(store: &Store, organization_id: OrganizationId) -> DirectoryId {
    let new = NewDirectory {
        id: DirectoryId::new(),
        organization_id,
        name: "Entra".to_owned(),
        provider: "entra_id".to_owned(),
        at: now(),
    };
    let lane = lane_of(new.id, 4);
    let change = store.change(Some(lane)).await.unwrap();
    change.create_directory(&new, lane).await.unwrap();
    change.commit().await.unwrap();
    new.id
}

async fn add_key(change: &AdminTx, directory_id: DirectoryId) -> KeyRecord {
    let record = KeyRecord {
        id: KeyId::new(),
        directory_id,
        name: "SCIM".to_owned(),
        description: None,
        sealed_token: Some(vec![1, 2, 3]),
        expires_at: Some(now()),
        last_used_at: None,
        created_at: now(),
        replaces: None,
        replaced_by: None,
    };
    change
        .create_key(&NewKey {
            record: record.clone(),
            token_hash: [7; 32],
        })
        .await
        .unwrap();
    record
}

#[tokio::test]
async fn a_domain_belongs_to_one_organization() {
    for dialect in BOTH {
        let db = TestDatabase::of(dialect).await;
        let id = add_organization(&db.store, &["contoso.com", "contoso.net"]).await;
        let found = db
            .store
            .organizations()
            .by_domain(&domain("CONTOSO.net"))
            .await
            .unwrap()
            .unwrap();
        assert_eq!(
            (found.id, found.domains),
            (id, vec!["contoso.com".to_owned(), "contoso.net".to_owned()])
        );

        let change = db.store.change(None).await.unwrap();
        let taken = change
            .create_organization(&organization(&["fabrikam.com", "contoso.net"]))
            .await
            .unwrap();
        assert_eq!(taken, Some(TakenDomain(1)));
        drop(change);
        assert!(
            db.store
                .organizations()
                .by_domain(&domain("fabrikam.com"))
                .await
                .unwrap()
                .is_none()
        );

        let change = db.store.change(None).await.unwrap();
        let new = organization(&["fabrikam.com"]);
        assert_eq!(
            change
                .organization_of_domain(&new, &domain("fabrikam.com"))
                .await
                .unwrap(),
            new.id
        );
        let again = organization(&["fabrikam.com"]);
        assert_eq!(
            change
                .organization_of_domain(&again, &domain("fabrikam.com"))
                .await
                .unwrap(),
            new.id
        );
        change.commit().await.unwrap();
        db.close().await;
    }
}

#[tokio::test]
async fn two_requests_for_one_new_domain_get_the_same_organization() {
    for dialect in BOTH {
        let db = TestDatabase::of(dialect).await;
        let make = async || {
            let new = organization(&["contoso.com"]);
            let change = db.store.change(None).await.unwrap();
            let id = change
                .organization_of_domain(&new, &domain("contoso.com"))
                .await
                .unwrap();
            change.commit().await.unwrap();
            id
        };
        let (a, b, c) = tokio::join!(make(), make(), make());
        assert!(a == b && b == c);
        let list = db.store.organizations().list(&first(10)).await.unwrap();
        assert_eq!(list.data.len(), 1);
        assert!(!db.store.organizations().is_empty().await.unwrap());
        db.close().await;
    }
}

#[tokio::test]
async fn lists_are_paged_newest_first_within_their_tenant() {
    for dialect in BOTH {
        let db = TestDatabase::of(dialect).await;
        let ours = add_organization(&db.store, &["contoso.com"]).await;
        let theirs = add_organization(&db.store, &["fabrikam.com"]).await;
        let mut made = Vec::new();
        for _ in 0..5 {
            made.push(add_directory(&db.store, ours).await);
            add_directory(&db.store, theirs).await;
        }
        made.reverse();
        let filter = DirectoryFilter {
            organization_id: Some(ours),
        };
        let directories = db.store.directories();
        let (mut seen, mut page) = (Vec::new(), first(2));
        loop {
            let part = directories.list(filter, &page).await.unwrap();
            seen.extend(part.data.into_iter().map(|directory| directory.id));
            let Some(cursor) = part.next_cursor else { break };
            page.cursor = Some(cursor);
        }
        assert_eq!(seen, made);
        let foreign = directories
            .list(
                DirectoryFilter {
                    organization_id: Some(theirs),
                },
                &page,
            )
            .await;
        assert!(matches!(
            foreign,
            Err(StoreError::BadParameter {
                parameter: "cursor",
                ..
            })
        ));
        assert_eq!(
            directories
                .list(DirectoryFilter::default(), &first(100))
                .await
                .unwrap()
                .data
                .len(),
            10
        );
        db.close().await;
    }
}

#[tokio::test]
async fn the_oldest_active_directory_answers_for_a_domain() {
    for dialect in BOTH {
        let db = TestDatabase::of(dialect).await;
        let organization = add_organization(&db.store, &["contoso.com"]).await;
        let (first, second) = (
            add_directory(&db.store, organization).await,
            add_directory(&db.store, organization).await,
        );
        let by_domain = async || {
            let found = db.store.directories().by_domain(&domain("contoso.com")).await.unwrap();
            found.map(|directory| directory.id)
        };
        assert_eq!(by_domain().await, Some(first));
        let change = db.store.change(None).await.unwrap();
        let mut paused = change.directory(first).await.unwrap().unwrap();
        paused.state = DirectoryState::Paused;
        change.save_directory(&paused).await.unwrap();
        change.commit().await.unwrap();
        assert_eq!(by_domain().await, Some(second));
        assert_eq!(db.store.directories().by_id(first).await.unwrap().unwrap(), paused);
        db.close().await;
    }
}

#[tokio::test]
async fn a_key_is_found_with_its_directory_and_its_use_is_noted() {
    for dialect in BOTH {
        let db = TestDatabase::of(dialect).await;
        let organization = add_organization(&db.store, &["contoso.com"]).await;
        let directory_id = add_directory(&db.store, organization).await;
        let other = add_directory(&db.store, organization).await;
        let change = db.store.change(None).await.unwrap();
        let key = add_key(&change, directory_id).await;
        change.commit().await.unwrap();

        let found = db.store.find_directory_key(key.id).await.unwrap().unwrap();
        assert_eq!(
            (found.id, found.directory.id, found.token_hash),
            (key.id, directory_id, [7; 32])
        );
        assert_eq!((found.expires_at, found.revoked_at), (Some(now()), None));
        assert!(db.store.find_directory_key(KeyId::new()).await.unwrap().is_none());
        assert!(db.store.directory_keys(other).by_id(key.id).await.unwrap().is_none());

        let used = KeyUse {
            key_id: key.id,
            directory_id,
            at: now(),
            error: Some("no".to_owned()),
        };
        let earlier = KeyUse {
            at: now().minus(Duration::from_secs(5)),
            error: None,
            ..used.clone()
        };
        db.store.directories().note_use(&[used, earlier]).await.unwrap();
        let directory = db.store.directories().by_id(directory_id).await.unwrap().unwrap();
        assert_eq!(
            (directory.last_request_at, directory.last_error.as_deref()),
            (Some(now()), Some("no"))
        );
        let keys = db.store.directory_keys(directory_id);
        assert_eq!(keys.by_id(key.id).await.unwrap().unwrap().last_used_at, Some(now()));

        let change = db.store.change(None).await.unwrap();
        change
            .revoke_key(&change.key(directory_id, key.id).await.unwrap().unwrap(), now())
            .await
            .unwrap();
        change.commit().await.unwrap();
        assert!(keys.list(&first(10)).await.unwrap().data.is_empty());
        let revoked = db.store.find_directory_key(key.id).await.unwrap().unwrap();
        assert_eq!(revoked.revoked_at, Some(now()));
        db.close().await;
    }
}

#[tokio::test]
async fn a_deleted_directory_leaves_its_log() {
    for dialect in BOTH {
        let db = TestDatabase::of(dialect).await;
        let organization_id = add_organization(&db.store, &["contoso.com"]).await;
        let directory_id = add_directory(&db.store, organization_id).await;
        let lane = lane_of(directory_id, 4);
        let change = db.store.change(Some(lane)).await.unwrap();
        let key = add_key(&change, directory_id).await;
        change.commit().await.unwrap();

        let change = db.store.change(Some(lane)).await.unwrap();
        let draft = EventDraft {
            id: EventId::new(),
            kind: EventType::DirectoryDeleted,
            organization_id,
            directory_id,
            source: Source::Api,
            subject_id: None,
            timestamp: now(),
            traceparent: None,
            data: serde_json::json!({}),
        };
        assert_eq!(change.append(lane, vec![draft]).await.unwrap()[0].sequence, 1);
        change.delete_directory(directory_id).await.unwrap();
        change.commit().await.unwrap();
        assert!(db.store.directories().by_id(directory_id).await.unwrap().is_none());
        assert!(db.store.find_directory_key(key.id).await.unwrap().is_none());
        assert!(db.store.directories().counts(&[directory_id]).await.unwrap().is_empty());
        assert_eq!(
            db.store.directories().missing(&[directory_id]).await.unwrap(),
            [directory_id]
        );
        db.close().await;
    }
}

#[tokio::test]
async fn an_admin_keys_use_is_noted_once_a_minute() {
    for dialect in BOTH {
        let db = TestDatabase::of(dialect).await;
        let id = AdminKeyId::new();
        let key = AdminKey {
            id,
            name: "ci".to_owned(),
            token_hash: [9; 32],
            scopes: vec![AdminScope::Read, AdminScope::Admin],
            organization_id: None,
            expires_at: None,
            created_at: now(),
            last_used_at: None,
        };
        let change = db.store.change(None).await.unwrap();
        change.create_admin_key(&key).await.unwrap();
        change.commit().await.unwrap();
        let keys = db.store.admin_keys();
        for (seconds, noted) in [(0, 0), (59, 0), (60, 60)] {
            let key = keys.by_id(id).await.unwrap().unwrap();
            keys.note_use(&key, now().plus(Duration::from_secs(seconds)))
                .await
                .unwrap();
            let key = keys.by_id(id).await.unwrap().unwrap();
            assert_eq!(key.last_used_at, Some(now().plus(Duration::from_secs(noted))));
        }
        assert!(keys.by_id(AdminKeyId::new()).await.unwrap().is_none());
        db.close().await;
    }
}

fn new_endpoint() -> Endpoint {
    Endpoint {
        id: EndpointId::new(),
        url: store::EndpointUrl::sealed("https://example.com/hook", b"sealed".to_vec()),
        description: None,
        event_types: Some(vec![EventType::UserCreated.into()]),
        directory_ids: Some(vec![DirectoryId::new()]),
        selection: EndpointSelection::default(),
        signing: "v1".to_owned(),
        public_key: None,
        previous_public_key: None,
        client_identity: None,
        catching_up: false,
        sealed_headers: None,
        sealed_secret: vec![1],
        sealed_previous_secret: None,
        previous_secret_until: None,
        ordered: true,
        coalesce: false,
        rate_limit: Some(10),
        format: store::EndpointFormat::Set,
        audience: Some(vec!["https://app.example.com/feed".to_owned()]),
        sso_client_id: None,
        signals: None,
        state: EndpointState::Enabled,
        disabled_reason: None,
        disabled_at: None,
        failing_since: None,
        contacts: Vec::new(),
        created_at: now(),
        updated_at: now(),
    }
}

/// The way in which the dispatcher does it: the receiver answers 410.
async fn switch_off(store: &Store, endpoint_id: EndpointId, at: Timestamp) {
    let delivery = NewDelivery {
        id: DeliveryId::new(),
        endpoint_id,
        event_id: EventId::new(),
        directory_id: DirectoryId::new(),
        subject_id: None,
        sequence: 1,
        event_type: EventType::UserCreated,
        claim: true,
        after: None,
        ordered: true,
    };
    let lease = Lease {
        owner: "a",
        until: at.plus(Duration::from_secs(60)),
    };
    store.deliveries().insert(&[delivery], lease, at).await.unwrap();
    let attempt = FinishedAttempt {
        id: AttemptId::new(),
        delivery_id: delivery.id,
        endpoint_id,
        token: 1,
        ordered: true,
        number: 1,
        started_at: at,
        duration: Duration::ZERO,
        status: Some(410),
        error: None,
        response_head: None,
        trace_id: None,
        verdict: DeliveryVerdict::Exhausted,
        gone: true,
    };
    let deliveries = store.deliveries();
    deliveries
        .record(&[attempt], "a", Duration::from_secs(3_600), at)
        .await
        .unwrap();
    let disabling = Disabling {
        endpoint_id,
        delivery_id: delivery.id,
        started_at: at,
        patience: None,
        reason: "the receiver answered 410 Gone",
        origin: None,
        partitions: 1,
    };
    assert!(deliveries.disable(disabling, at).await.unwrap());
    assert!(!deliveries.disable(disabling, at).await.unwrap(), "once");
}

#[tokio::test]
async fn a_disabled_endpoint_is_not_active_and_enabling_starts_afresh() {
    for dialect in BOTH {
        let db = TestDatabase::of(dialect).await;
        let endpoints = db.store.endpoints();
        let new = new_endpoint();
        let change = db.store.change(None).await.unwrap();
        change.create_endpoint(&new).await.unwrap();
        let secret = NewEndpointSecret {
            sealed: vec![2],
            signing: "v1",
            public_key: None,
            previous_until: now().plus(Duration::from_secs(1)),
        };
        change.rotate_endpoint_secret(new.id, &secret, now()).await.unwrap();
        change.commit().await.unwrap();

        let active = endpoints.all().await.unwrap();
        assert_eq!(
            (active[0].id, active[0].ordered, active[0].rate_limit, active[0].enabled),
            (new.id, true, Some(10), true)
        );
        assert_eq!(
            (&active[0].event_types, &active[0].directory_ids),
            (&new.event_types, &new.directory_ids)
        );
        assert_eq!(
            (&active[0].sealed_secret, &active[0].sealed_previous_secret),
            (&vec![2], &Some(vec![1]))
        );

        let later = now().plus(Duration::from_secs(60));
        switch_off(&db.store, new.id, later).await;
        assert!(endpoints.all().await.unwrap().iter().all(|endpoint| !endpoint.enabled));
        let off = endpoints.by_id(new.id).await.unwrap().unwrap();
        assert_eq!(
            (off.state, off.failing_since, off.disabled_at),
            (EndpointState::Disabled, Some(later), Some(later))
        );
        assert!(off.disabled_reason.is_some());

        let change = db.store.change(None).await.unwrap();
        change.enable_endpoint(new.id, false, later).await.unwrap();
        let mut edited = change.endpoint(new.id).await.unwrap().unwrap();
        (edited.event_types, edited.rate_limit) = (None, None);
        change.save_endpoint(&edited).await.unwrap();
        change.commit().await.unwrap();
        let active = endpoints.all().await.unwrap();
        assert_eq!((&active[0].event_types, active[0].rate_limit), (&None, None));
        let on = endpoints.by_id(new.id).await.unwrap().unwrap();
        assert_eq!((on.failing_since, on.disabled_reason), (None, None));

        let change = db.store.change(None).await.unwrap();
        assert!(change.delete_endpoint(new.id).await.unwrap());
        assert!(!change.delete_endpoint(new.id).await.unwrap());
        change.commit().await.unwrap();
        assert!(endpoints.list(None, &first(10)).await.unwrap().data.is_empty());
        db.close().await;
    }
}

#[tokio::test]
async fn an_answer_is_kept_for_a_day_and_only_with_its_change() {
    for dialect in BOTH {
        let db = TestDatabase::of(dialect).await;
        let change = db.store.change(None).await.unwrap();
        assert_eq!(change.claim_key("k", "request", now()).await.unwrap(), Claim::New);
        drop(change);

        let change = db.store.change(None).await.unwrap();
        assert_eq!(change.claim_key("k", "request", now()).await.unwrap(), Claim::New);
        change.keep_answer("k", 201, "body").await.unwrap();
        change.commit().await.unwrap();

        let claim = async |request: &str, at: Timestamp| {
            let change = db.store.change(None).await.unwrap();
            change.claim_key("k", request, at).await.unwrap()
        };
        let answered = Claim::Answered {
            status: 201,
            body: "body".to_owned(),
        };
        let day = Duration::from_secs(24 * 60 * 60);
        assert_eq!(claim("request", now().plus(day)).await, answered);
        assert_eq!(claim("other", now()).await, Claim::Reused);
        let later = now().plus(day + Duration::from_millis(1));
        assert_eq!(claim("other", later).await, Claim::New);
        assert_eq!(db.store.drop_old_answers(now()).await.unwrap(), 0);
        assert_eq!(db.store.drop_old_answers(later).await.unwrap(), 1);
        db.close().await;
    }
}
