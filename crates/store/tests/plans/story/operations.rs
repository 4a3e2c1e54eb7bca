//! Requests, audit log, dead letters, erasures and what timers do.

use super::*;

fn request(at: Timestamp, n: u64) -> NewRequest {
    NewRequest {
        id: id(Kind::Request, 5_000_000 + n),
        directory_id: big(),
        at,
        method: "POST".to_owned(),
        path: "/Users".to_owned(),
        query: None,
        status: 201,
        scim_type: None,
        detail: None,
        duration: Duration::from_millis(2),
        trace_id: None,
        user_agent: None,
        dialect: Some("entra"),
        leniencies: Vec::new(),
        left_out: Vec::new(),
        request: KeptBody::default(),
        response: KeptBody::default(),
        operation: directory::sync::Operation::CreateUser,
        caller: Caller::Proven,
    }
}

/// What identity providers ask: written, read, closed and forgotten.
pub(super) async fn requests(store: &Store) {
    let before = now().minus(Duration::from_secs(3_600));
    let strangers = [Strangers {
        directory_id: small(),
        count: 3,
        at: now(),
    }];
    let batch = RequestBatch {
        counted: Vec::new(),
        requests: (0..75).map(|n| request(before, n)).collect(),
        strangers: strangers.into(),
    };
    store.wait_for_writer(Duration::from_secs(1)).await;
    let written = store.write_requests(&batch).await.unwrap();
    assert_eq!(written.len(), 2);
    let again = RequestBatch {
        requests: vec![request(before, 100)],
        ..RequestBatch::default()
    };
    store.write_requests(&again).await.unwrap();
    store.sync_states(&[big(), small()]).await.unwrap();
    assert!(!store.close_cycles(now(), 1).await.unwrap());
    let later = now().plus(Duration::from_secs(1_000));
    assert!(store.announce_silences(later, 1).await.unwrap());
    let requests = store.requests(big());
    requests.by_id(id(Kind::Request, 7)).await.unwrap().unwrap();
    for filter in [
        RequestFilter::default(),
        RequestFilter {
            status_class: Some(4),
            method: Some("PATCH".to_owned()),
            since: Some(Timestamp::from_millis(1)),
            text: Some("nobody".to_owned()),
            cycle_id: None,
            trace_id: Some("4bf92f3577b34da6a3ce929d0e0e4736".to_owned()),
        },
        RequestFilter {
            cycle_id: Some(id(Kind::Cycle, 7)),
            ..RequestFilter::default()
        },
    ] {
        let (filter, requests) = (&filter, &requests);
        two_pages!(|page: ListPage| async move { requests.list(filter, &page).await });
    }
    two_pages!(|page: ListPage| async move { store.cycles(big()).list(&page).await });
    let kept = KeptRequests {
        age: Duration::from_secs(10 * 365 * 24 * 3_600),
        rows: 10,
        bytes: 1_000_000,
    };
    let full = RequestLogSize {
        directory_id: big(),
        rows: 40,
        bytes: 12_000,
    };
    store.trim_requests(kept, &[full]).await.unwrap();
    store.prune_requests(kept, now()).await.unwrap();
}

pub(super) async fn audit(store: &Store) {
    let entry = AuditEntry {
        id: AuditId::new(),
        actor: AuditActor::Stranger,
        action: "access.refused".to_owned(),
        object_kind: None,
        object_id: None,
        organization_id: None,
        directory_id: None,
        status: Some(401),
        detail: None,
        operation: None,
        before: None,
        after: None,
        trace_id: None,
        client: Some("192.0.2.7".to_owned()),
        count: 1,
        created_at: now(),
    };
    let log = store.audit_log();
    let change = store.change(None).await.unwrap();
    let again = AuditEntry {
        id: AuditId::new(),
        ..entry.clone()
    };
    change.audit(again).await.unwrap();
    change.commit().await.unwrap();
    for count in [1, 2] {
        let counted = AuditEntry { count, ..entry.clone() };
        log.note(&[counted]).await.unwrap();
    }
    let (directory_id, organization_id) = (Some(big()), Some(id(Kind::Organization, 0)));
    let key = Some(id(Kind::AdminKey, 3));
    let all = AuditFilter::default();
    let filters = [
        all.clone(),
        AuditFilter {
            directory_id,
            ..all.clone()
        },
        AuditFilter {
            organization_id,
            ..all.clone()
        },
        AuditFilter { key, ..all.clone() },
        AuditFilter {
            organization_id,
            key,
            ..all.clone()
        },
        AuditFilter {
            action: Some("none".to_owned()),
            ..all.clone()
        },
        AuditFilter {
            actor_kind: Some(AuditActorKind::Stranger),
            since: Some(Timestamp::from_millis(NOW - 1_000_000)),
            until: Some(now().plus(Duration::from_secs(3_600))),
            ..all
        },
    ];
    for filter in filters {
        let first = log.page(&filter, None, 20).await.unwrap();
        if first.next.is_some() {
            log.page(&filter, first.next, 20).await.unwrap();
        }
    }
    // Everything that is stored has ids of one moment.
    assert!(!log.prune(Timestamp::from_millis(1)).await.unwrap());
}

pub(super) async fn dead_letters(store: &Store) {
    let letters = store.dead_letters();
    for directory in [None, Some(small())] {
        two_pages!(|page: ListPage| {
            let letters = store.dead_letters();
            async move { letters.list(directory, &page).await }
        });
    }
    let found = letters.by_id(id(Kind::Letter, 7)).await.unwrap().unwrap();
    let fresh = |n: u64, message_id: &str| DeadLetter {
        id: id(Kind::Letter, n),
        message_id: message_id.to_owned(),
        ..found.clone()
    };
    let some = [fresh(9_000_000, "new"), fresh(9_000_001, "m9")];
    letters.keep(&some).await.unwrap();
    assert_eq!(letters.by_id(id(Kind::Letter, 9)).await.unwrap().unwrap().times, 2);
    assert!(letters.rename(some[0].id, "new", "newer").await.unwrap());
    letters.note(some[0].id, "refused", now()).await.unwrap();
    let change = store.change(None).await.unwrap();
    let held = change.dead_letter(some[0].id).await.unwrap().unwrap();
    assert!(change.delete_dead_letter(&held).await.unwrap());
    change.commit().await.unwrap();
    assert!(letters.prune(now()).await.unwrap());
}

pub(super) async fn erasing(store: &Store, many: u64) {
    let erasures = store.erasures();
    let erasure = Erasure {
        directory_id: small(),
        user_id: user(SMALL + 5),
    };
    let change = store.change(Some(0)).await.unwrap();
    let told = EventDraft {
        directory_id: small(),
        organization_id: id(Kind::Organization, 1),
        subject_id: Some(erasure.user_id),
        data: json!({ "user": { "id": erasure.user_id } }),
        ..draft(EventType::UserUpdated)
    };
    let events = change.append(0, vec![told]).await.unwrap();
    change.commit().await.unwrap();
    // An endpoint with a filter was sent a body of its own about the person.
    let event = events.last().unwrap();
    let own = NewDelivery {
        id: DeliveryId::new(),
        endpoint_id: endpoint(6),
        event_id: event.id,
        directory_id: small(),
        subject_id: event.subject_id,
        sequence: event.sequence,
        event_type: event.kind,
        after: None,
        claim: false,
        ordered: false,
    };
    let body = OwnBody {
        delivery_id: own.id,
        directory_id: small(),
        body: event.body.as_str().into(),
    };
    let batch = FannedOut {
        new: &[own],
        bodies: &[body],
        catching_up: &[],
    };
    let lease = Lease {
        owner: "a",
        until: now(),
    };
    store.deliveries().fan_out(batch, lease, now()).await.unwrap();
    erasures
        .knows(Erasure {
            directory_id: big(),
            user_id: user(many + 1),
        })
        .await
        .unwrap();
    erasures.announce(erasure, now()).await.unwrap();
    erasures.start(erasure, now()).await.unwrap();
    let somebody = [user(1), erasure.user_id];
    let erased = erasures.among(erasure.directory_id, somebody, 20).await.unwrap();
    assert_eq!(erased, [erasure.user_id]);
    erasures.due(now(), 20).await.unwrap();
    while !erasures.step(erasure, now()).await.unwrap() {}
    let again = now().plus(Duration::from_secs(2 * 3_600));
    while !erasures.step(erasure, again).await.unwrap() {}
}

pub(super) async fn housekeeping(store: &Store) {
    let years = Duration::from_secs(10 * 365 * 24 * 3_600);
    let retention = Retention {
        deliveries: years,
        attempts: years,
        responses: years,
    };
    store
        .deliveries()
        .prune(retention, &PruneReport::default(), now())
        .await
        .unwrap();
    store.inbox().prune(Timestamp::from_millis(1), 1_000).await.unwrap();
    store.inbox().settle(CommandId::new(), now()).await.unwrap();
    store.prune_removals(now()).await.unwrap();
    store.drop_old_answers(now()).await.unwrap();
    store.ping().await.unwrap();
    store.check_partitions(1).await.unwrap();
}

/// A change of the master key.
pub(super) async fn sealed(store: &Store) {
    let values = store.sealed_values();
    for column in SealedColumn::ALL {
        let first = values.heads(column, None, 100).await.unwrap();
        let next = values
            .heads(column, first.last().map(|head| &head.row), 100)
            .await
            .unwrap();
        let rows: Vec<SealedRow> = next.into_iter().map(|head| head.row).collect();
        let read = values.read(column, rows.clone()).await.unwrap();
        let mut some: Vec<Resealed> = read
            .into_iter()
            .map(|(row, old)| Resealed {
                row,
                new: old.clone(),
                old,
            })
            .collect();
        // Nothing is sealed in some of the tables.
        some.extend(rows.into_iter().take(1).map(|row| Resealed {
            row,
            old: vec![0],
            new: vec![0],
        }));
        values.replace(column, some).await.unwrap();
    }
}

pub(super) async fn activity(store: &Store) {
    let meter = store.meter();
    meter.requests(2, now());
    meter.events(3, now());
    meter.delivered(endpoint(0), Duration::from_millis(9), now());
    meter.failed(endpoint(1), now());
    store.keep_activity().await.unwrap();
    let activity = store.activity(now()).await.unwrap();
    let last = activity.minutes.last().unwrap();
    assert_eq!((last.requests, last.events, last.deliveries), (2, 3, 1));
    let of = [endpoint(0), endpoint(1)];
    assert_eq!(store.endpoint_activity(&of, now()).await.unwrap().len(), 2);
    store.lane_holders(PROJECTOR).await.unwrap();
    store.forget_activity(now()).await.unwrap();
}
