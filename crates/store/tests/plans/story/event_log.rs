//! What the projector stores, and how the log is read.

use super::*;

pub(super) async fn log(store: &Store, many: u64) {
    let log = store.events();
    let middle: EventId = id(Kind::Event, many / 2);
    log.by_id(middle).await.unwrap().unwrap();
    log.of_directory(big(), i64::try_from(many / 2).unwrap(), &[], 20)
        .await
        .unwrap();
    log.page_of(big(), 10, 20).await.unwrap();
    let (newest, _) = log.head().await.unwrap();
    assert_eq!(log.types_behind(newest - 3, 20).await.unwrap().len(), 3);
    assert!(store.checkup().await.unwrap().pending.is_empty());
    assert!(log.newest(None).await.unwrap().is_some());
    log.newest(Some(id(Kind::Organization, 1))).await.unwrap();
    log.before_the_last(200, None, Some(big())).await.unwrap();
    log.before_the_last(200, Some(id(Kind::Organization, 0)), None)
        .await
        .unwrap();
    let rare = [EventType::UserDeleted];
    let never = [EventType::EndpointDisabled];
    let feed = |after, directory_id, organization_id, types| Feed {
        after,
        directory_id,
        organization_id,
        types,
        limit: 20,
        ..Feed::default()
    };
    for after in [None, Some(middle)] {
        for types in [&[][..], &rare, &never] {
            log.feed(&feed(after, None, None, types)).await.unwrap();
            log.feed(&feed(after, Some(big()), None, types)).await.unwrap();
            log.feed(&feed(after, Some(small()), None, types)).await.unwrap();
            log.feed(&feed(after, None, Some(id(Kind::Organization, 1)), types))
                .await
                .unwrap();
            log.feed(&feed(after, Some(small()), Some(id(Kind::Organization, 1)), types))
                .await
                .unwrap();
        }
    }
    assert!(log.feed(&feed(Some(EventId::new()), None, None, &[])).await.is_err());
    assert!(!log.unpublished(&[0], 20).await.unwrap().events.is_empty());
    store.published().positions(&[big(), small()]).await.unwrap();
    let last = i64::try_from(many).unwrap();
    store
        .published()
        .advance(&[(big(), last), (small(), i64::try_from(FEW).unwrap())])
        .await
        .unwrap();
    assert!(log.unpublished(&[0], 20).await.unwrap().events.is_empty());
}

/// A batch of commands of every kind.
pub(super) async fn projecting(store: &Store) {
    let epoch = store.lanes(PROJECTOR).take(0, "me", now()).await.unwrap();
    let commands: Vec<CommandId> = (0..2).map(|_| CommandId::new()).collect();
    store.verdicts(&commands).await.unwrap();
    let opening = Opening {
        held: &[(0, epoch)],
        directories: &[big()],
        commands: &commands,
        reaches: &[Reach::Members(big(), group(0)), Reach::Ties(big(), user(7))],
        apart: false,
    };
    let mut projection = store.project(opening).await.unwrap();
    let needs = Needs {
        users: [user(1), user(2)].into(),
        user_names: ["u3".to_owned(), "nobody".to_owned()].into(),
        emails: ["u4".to_owned()].into(),
        groups: [group(1)].into(),
        group_names: ["g2".to_owned()].into(),
        briefs: [user(5), group(3)].into(),
        pairs: [(group(0), user(6))].into(),
        all_members: [group(4)].into(),
        role_members: [group(5), group(0)].into(),
        memberships: [user(7)].into(),
        deleted: [user(8)].into(),
    };
    projection.load(vec![(big(), needs)]).await.unwrap();
    projection
        .brakes(&[(big(), BrakeSettings::default(), 500)], now())
        .await
        .unwrap();
    let removed = BrakeWrites { removed: 2, held: true };
    projection.save_brakes(&[(big(), removed)], now()).await.unwrap();
    projection.described(&[big()]).await.unwrap();
    let attributes = |name: &str| match json!({ "userName": name, "active": true, "emails": [{ "value": name }] }) {
        serde_json::Value::Object(attributes) => attributes,
        _ => unreachable!("an object"),
    };
    let row = |id, name: &str, version| User {
        id,
        attributes: attributes(name),
        version,
        created_at: now(),
        updated_at: now(),
    };
    let users = vec![row(ResourceId::new(), "new", 1), row(user(1), "renamed", 2)];
    let mut writes = Writes::of_rows(users, Vec::new(), &Policy::default());
    writes.renamed_users.push(user(1));
    writes.renamed_groups.push(group(1));
    writes.deleted_users.push(user(8));
    writes.deleted_groups.push(group(9));
    writes.members_added.push((group(1), user(2), ResourceKind::User));
    writes.members_removed.push((group(0), user(6)));
    writes.counts.users = 1;
    let verdicts: Vec<Verdict> = commands
        .iter()
        .map(|command_id| Verdict {
            command_id: *command_id,
            outcome: Outcome::Deleted,
        })
        .collect();
    let batch = Batch {
        writes: vec![(big(), writes)],
        events: vec![draft(EventType::UserUpdated)],
        verdicts: &verdicts,
    };
    assert!(matches!(
        projection.save(batch, now()).await.unwrap(),
        SaveOutcome::Written(_)
    ));
    projection.commit().await.unwrap();
    store.verdicts(&commands).await.unwrap();
    // More than goes into one statement.
    let many = Needs {
        briefs: (0..5_000).map(user).collect(),
        ..Needs::default()
    };
    let opening = Opening {
        held: &[(0, epoch)],
        directories: &[big()],
        commands: &[],
        reaches: &[],
        apart: true,
    };
    let mut projection = store.project(opening).await.unwrap();
    projection.load(vec![(big(), many)]).await.unwrap();
    projection.rollback().await.unwrap();
    let settled = store.inbox().settle(commands[0], now()).await.unwrap();
    assert!(matches!(settled, Settlement::Verdict(_)));
}
