//! What clients and timers make the store do, once each, where much is stored: in the large directory what asks for
//! little, in the small one also what asks for everything.

use crate::fill::{FEW, Kind, NOW, SMALL, id, now};
use directory::{BrakeSettings, BrakeWrites, Images, Needs, Policy, Reach, User, Writes};
use events::{
    AdminKeyId, AttemptId, AuditId, CommandId, DeliveryId, DirectoryId, EndpointId, EventId, EventType, KeyId,
    OrganizationId, Outcome, PortalLinkId, ResourceId, ResourceKind, Source, Timestamp, Verdict,
};
use scim::filter::Filter;
use scim::path::AttributePath;
use scim::schema::ResourceType;
use serde_json::json;
use std::time::Duration;
use store::testing::TestDatabase;
use store::*;

fn big() -> DirectoryId {
    id(Kind::Directory, 0)
}

fn small() -> DirectoryId {
    id(Kind::Directory, 1)
}

fn user(n: u64) -> ResourceId {
    id(Kind::User, n)
}

fn group(n: u64) -> ResourceId {
    id(Kind::Group, n)
}

fn endpoint(n: u64) -> EndpointId {
    id(Kind::Endpoint, n)
}

/// The delivery of the `n`th event of the large directory to an endpoint.
fn delivery(endpoint: u64, n: u64) -> DeliveryId {
    id(Kind::Delivery, endpoint * 1_000_000 + n)
}

fn page() -> ListPage {
    ListPage {
        limit: 20,
        cursor: None,
    }
}

/// Two pages, so that the second one is asked for by its cursor.
macro_rules! two_pages {
    ($list:expr) => {{
        let list = $list;
        let first = list(page()).await.unwrap();
        let cursor = first.next_cursor;
        if cursor.is_some() {
            list(ListPage { limit: 20, cursor }).await.unwrap();
        }
    }};
}

/// Everything, over the sessions of `store`. `many` people, events and deliveries are stored.
pub(crate) async fn tell(database: &TestDatabase, store: &Store, many: u64) {
    resources(store, many).await;
    searches(store, many).await;
    log(store, many).await;
    projecting(store).await;
    tenants(store).await;
    requests(store).await;
    management(database, store).await;
    audit(store).await;
    dead_letters(store).await;
    credentials(store).await;
    endpoints(store).await;
    sending(store).await;
    switching(database, store).await;
    the_past(store).await;
    history(store).await;
    matches(store).await;
    everybody(store).await;
    copies(store).await;
    erasing(store, many).await;
    housekeeping(store).await;
    mails(database, store).await;
}

async fn resources(store: &Store, many: u64) {
    for references in [false, true] {
        assert!(store.users(big()).by_id(user(7), references).await.unwrap().is_some());
        assert!(store.groups(big()).by_id(group(7), references).await.unwrap().is_some());
        store.groups(big()).by_id(group(0), references).await.unwrap().unwrap();
        store
            .users(big())
            .by_ids(&[user(1), user(2)], references)
            .await
            .unwrap();
    }
    store.groups(big()).by_ids(&[group(1), group(2)]).await.unwrap();
    store.groups(big()).members(group(0), Some(user(5)), 20).await.unwrap();
    let (people, groups) = (u32::try_from(many).unwrap(), u32::try_from(FEW).unwrap());
    for total in [Total::Omitted, Total::Counted, Total::IfKnown] {
        for (references, offset) in [(true, 0), (false, 40), (true, people - 30)] {
            let query = Query {
                offset,
                limit: 20,
                total,
                references,
                ..Query::default()
            };
            assert_eq!(store.users(big()).list(&query).await.unwrap().rows.len(), 20);
        }
        let query = Query {
            offset: groups - 5,
            limit: 20,
            total,
            references: true,
            ..Query::default()
        };
        assert_eq!(store.groups(big()).list(&query).await.unwrap().rows.len(), 5);
    }
    let first = store
        .users(big())
        .list(&Query {
            limit: 20,
            ..Query::default()
        })
        .await
        .unwrap();
    let last = first.rows.last().unwrap();
    let after = Some(Position {
        created_at: last.created_at,
        id: last.id,
    });
    let query = Query {
        after,
        limit: 20,
        references: true,
        ..Query::default()
    };
    store.users(big()).list(&query).await.unwrap();
    store.groups(big()).list(&query).await.unwrap();
    store.users(big()).count(&Query::default()).await.unwrap();
    store.groups(big()).count(&Query::default()).await.unwrap();
}

/// Filters that an index serves, and in the small directory the others.
async fn searches(store: &Store, many: u64) {
    let (person, team) = (user(9), group(9));
    let near = NOW - 1_000_000 + i64::try_from(many).unwrap() - 10;
    let near = Timestamp::from_millis(near);
    let of_users = [
        "userName eq \"u9\"".to_owned(),
        "externalId eq \"u9\"".to_owned(),
        "displayName eq \"u9\"".to_owned(),
        format!("id eq \"{person}\""),
        "emails.value eq \"u9\"".to_owned(),
        "emails[value eq \"u9\"]".to_owned(),
        format!("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value eq \"{person}\""),
        format!("meta.lastModified gt \"{near}\""),
        format!("groups.value eq \"{team}\""),
        "active eq true".to_owned(),
        "active eq true and externalId eq \"u9\"".to_owned(),
        "userName pr".to_owned(),
    ];
    let of_groups = [
        "displayName eq \"g9\"".to_owned(),
        "externalId eq \"g9\"".to_owned(),
        format!("id eq \"{team}\""),
        format!("members.value eq \"{person}\""),
        format!("members[value eq \"{person}\"]"),
        format!("id eq \"{team}\" and members[value eq \"{person}\"]"),
    ];
    for text in of_users {
        let filter = Filter::parse(&text, ResourceType::user()).unwrap();
        for total in [Total::IfKnown, Total::Omitted] {
            let query = Query {
                filter: Some(&filter),
                limit: 20,
                total,
                references: true,
                ..Query::default()
            };
            assert!(
                !store.users(big()).list(&query).await.unwrap().rows.is_empty() || text.contains("manager"),
                "{text}"
            );
        }
    }
    for text in of_groups {
        let filter = Filter::parse(&text, ResourceType::group()).unwrap();
        let query = Query {
            filter: Some(&filter),
            limit: 20,
            total: Total::IfKnown,
            ..Query::default()
        };
        assert!(
            !store.groups(big()).list(&query).await.unwrap().rows.is_empty(),
            "{text}"
        );
    }
    let path = AttributePath::parse("name.familyName", ResourceType::user()).unwrap();
    let filter = Filter::parse("userName co \"9\"", ResourceType::user()).unwrap();
    let query = Query {
        filter: Some(&filter),
        sort: Some(Sort {
            path: &path,
            descending: true,
        }),
        limit: 20,
        total: Total::Counted,
        ..Query::default()
    };
    store.users(small()).list(&query).await.unwrap();
    store.users(small()).count(&query).await.unwrap();
}

async fn log(store: &Store, many: u64) {
    let log = store.events();
    let middle: EventId = id(Kind::Event, many / 2);
    log.by_id(middle).await.unwrap().unwrap();
    log.of_directory(big(), i64::try_from(many / 2).unwrap(), &[], 20)
        .await
        .unwrap();
    log.page_of(big(), 10, 20).await.unwrap();
    log.head().await.unwrap();
    assert!(store.checkup().await.unwrap().pending.is_empty());
    assert!(log.newest(None).await.unwrap().is_some());
    log.newest(Some(id(Kind::Organization, 1))).await.unwrap();
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

fn draft(kind: EventType) -> EventDraft {
    EventDraft {
        id: EventId::new(),
        kind,
        organization_id: id::<OrganizationId>(Kind::Organization, 0),
        directory_id: big(),
        source: Source::Scim,
        subject_id: Some(user(3)),
        timestamp: now(),
        traceparent: None,
        data: json!({ "user": {} }),
    }
}

/// A batch of commands of every kind.
async fn projecting(store: &Store) {
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

async fn tenants(store: &Store) {
    let (key, client, admin): (KeyId, KeyId, AdminKeyId) =
        (id(Kind::Key, 7), id(Kind::Client, 7), id(Kind::AdminKey, 7));
    assert!(store.find_directory_key(key).await.unwrap().is_some());
    assert!(store.find_oauth_client(client).await.unwrap().is_some());
    let admin = store.admin_keys().by_id(admin).await.unwrap().unwrap();
    store.admin_keys().note_use(&admin, now()).await.unwrap();
    let used = KeyUse {
        key_id: key,
        directory_id: big(),
        at: now(),
        error: None,
    };
    store.directories().note_use(&[used]).await.unwrap();
    let refusal = AuthenticationFailure {
        directory_id: big(),
        at: now(),
        reason: "test".to_owned(),
    };
    store.directories().note_refusals(&[refusal]).await.unwrap();
    store.directories().last_refusal(big()).await.unwrap().unwrap();
    let (organizations, directories) = (store.organizations(), store.directories());
    let domain: Domain = "d7.example".parse().unwrap();
    organizations.by_id(id(Kind::Organization, 7)).await.unwrap().unwrap();
    organizations.by_domain(&domain).await.unwrap().unwrap();
    organizations.missing(&[id(Kind::Organization, 7)]).await.unwrap();
    assert!(!organizations.is_empty().await.unwrap());
    directories.by_id(big()).await.unwrap().unwrap();
    directories.by_domain(&domain).await.unwrap().unwrap();
    directories.missing(&[big()]).await.unwrap();
    let owner = id(Kind::Organization, 0);
    directories.missing_in(owner, &[big()]).await.unwrap();
    directories.counts(&[big(), small()]).await.unwrap();
    store.count_rows(&[small()]).await.unwrap();
    store.federation(big()).await.unwrap();
    two_pages!(|page: ListPage| async move { store.organizations().list(&page).await });
    for organization_id in [None, Some(id(Kind::Organization, 7))] {
        let filter = DirectoryFilter { organization_id };
        two_pages!(|page: ListPage| async move { store.directories().list(filter, &page).await });
    }
    for owner in [None, Some(id(Kind::Organization, 7))] {
        two_pages!(|page: ListPage| async move { store.admin_keys().list(owner, &page).await });
        two_pages!(|page: ListPage| async move { store.portal_links().list(owner, &page).await });
    }
    two_pages!(|page: ListPage| async move { store.directory_keys(big()).list(&page).await });
    two_pages!(|page: ListPage| async move { store.oauth_clients(big()).list(&page).await });
    store
        .directory_keys(big())
        .by_id(id(Kind::Key, 0))
        .await
        .unwrap()
        .unwrap();
    store.indexing().await.unwrap();
}

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
async fn requests(store: &Store) {
    let before = now().minus(Duration::from_secs(3_600));
    let strangers = [Strangers {
        directory_id: small(),
        count: 3,
        at: now(),
    }];
    let batch = RequestBatch {
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

async fn management(database: &TestDatabase, store: &Store) {
    // One of the people has data of an extension.
    let with_data =
        r#"UPDATE users SET resource = '{"userName":"u1000005","urn:acme":{"a":1}}' WHERE user_name_key = 'u1000005'"#;
    database.execute(with_data).await;
    let change = store.change(Some(0)).await.unwrap();
    change.claim_key("new", "hash", now()).await.unwrap();
    change.keep_answer("new", 200, "{}").await.unwrap();
    change.claim_key("i7", "hash", now()).await.unwrap();
    let organization = NewOrganization {
        id: OrganizationId::new(),
        name: "New".to_owned(),
        domains: vec!["new.example".parse().unwrap()],
        at: now(),
    };
    assert_eq!(change.create_organization(&organization).await.unwrap(), None);
    let domain: Domain = "other.example".parse().unwrap();
    let other = NewOrganization {
        id: OrganizationId::new(),
        domains: Vec::new(),
        ..organization.clone()
    };
    change.organization_of_domain(&other, &domain).await.unwrap();
    change.organization(organization.id).await.unwrap().unwrap();
    let new = NewDirectory {
        id: DirectoryId::new(),
        organization_id: organization.id,
        name: "New".to_owned(),
        provider: "entra_id".to_owned(),
        at: now(),
    };
    change.create_directory(&new, 0).await.unwrap();
    let mut directory = change.directory(small()).await.unwrap().unwrap();
    change.reindex(&mut directory, &["urn:acme"]).await.unwrap();
    change.save_directory(&directory).await.unwrap();
    change.forget_removals(&directory).await.unwrap();
    change.people_in(small(), &[group(SMALL)], 5_000).await.unwrap();
    change
        .append(0, vec![draft(EventType::DirectoryUpdated)])
        .await
        .unwrap();
    let record = KeyRecord {
        id: KeyId::new(),
        directory_id: big(),
        name: "new".to_owned(),
        description: None,
        sealed_token: None,
        expires_at: None,
        last_used_at: None,
        created_at: now(),
        replaces: None,
        replaced_by: None,
    };
    let token_hash: TokenDigest = [0; 32];
    let new_key = NewKey {
        record: record.clone(),
        token_hash,
    };
    change.create_key(&new_key).await.unwrap();
    let newer = NewKey {
        record: KeyRecord {
            id: KeyId::new(),
            replaces: Some(record.id),
            expires_at: Some(now()),
            ..record.clone()
        },
        token_hash,
    };
    change.create_key(&newer).await.unwrap();
    change.revoke_key(&newer.record, now()).await.unwrap();
    change.key(big(), record.id).await.unwrap().unwrap();
    change.save_key(&record, now()).await.unwrap();
    change.revoke_key(&record, now()).await.unwrap();
    let client = OauthClient {
        id: KeyId::new(),
        directory_id: big(),
        name: "new".to_owned(),
        expires_at: None,
        last_used_at: None,
        created_at: now(),
    };
    change.create_oauth_client(&client, &token_hash).await.unwrap();
    change.oauth_client(big(), client.id).await.unwrap().unwrap();
    change.revoke_oauth_client(&client, now()).await.unwrap();
    let federation = Federation {
        directory_id: big(),
        tenant_id: uuid::Uuid::nil(),
        audience: "a".to_owned(),
        subject: "s".to_owned(),
        created_at: now(),
        updated_at: now(),
    };
    change.save_federation(&federation).await.unwrap();
    change.federation(big()).await.unwrap().unwrap();
    change.delete_federation(big()).await.unwrap();
    let admin = AdminKey {
        id: AdminKeyId::new(),
        name: "new".to_owned(),
        token_hash,
        scopes: AdminScope::ALL.to_vec(),
        organization_id: Some(organization.id),
        expires_at: None,
        created_at: now(),
        last_used_at: None,
    };
    change.create_admin_key(&admin).await.unwrap();
    change.admin_key(admin.id).await.unwrap().unwrap();
    change.delete_admin_key(admin.id).await.unwrap();
    change.commit().await.unwrap();
    // A directory with nothing in it: what goes with it is looked for in all tables.
    let change = store.change(Some(0)).await.unwrap();
    change.delete_directory(new.id).await.unwrap();
    change.commit().await.unwrap();
    let change = store.change(None).await.unwrap();
    let own = change.held_organization(organization.id).await.unwrap().unwrap().id;
    change.rename_organization(own, "Newer", now()).await.unwrap();
    let domains = ["newer.example".parse().unwrap()];
    assert_eq!(change.replace_domains(own, &domains).await.unwrap(), None);
    change.verify_domain(own, &domains[0], now()).await.unwrap();
    assert_eq!(change.verified_domains(own).await.unwrap(), ["newer.example"]);
    assert!(change.some_directories(own, 5).await.unwrap().is_empty());
    let link = PortalLink {
        id: PortalLinkId::new(),
        organization_id: own,
        directory_id: None,
        features: PortalFeature::ALL.to_vec(),
        token_hash,
        expires_at: now(),
        created_at: now(),
    };
    change.create_portal_link(&link).await.unwrap();
    change.portal_link(link.id).await.unwrap().unwrap();
    change.delete_portal_link(link.id).await.unwrap();
    change.delete_organization(own).await.unwrap();
    change.commit().await.unwrap();
    store.portal_links().by_id(id(Kind::Link, 7)).await.unwrap().unwrap();
}

async fn credentials(store: &Store) {
    let organization_id = Some(id(Kind::Organization, 1));
    for (organization_id, directory_id) in [
        (None, None),
        (organization_id, None),
        (None, Some(small())),
        (organization_id, Some(small())),
    ] {
        for (kinds, ends_before) in [
            (CredentialKind::ALL.to_vec(), None),
            (vec![CredentialKind::OauthClient], Some(now())),
        ] {
            let filter = CredentialFilter {
                organization_id,
                directory_id,
                kinds,
                ends_before,
            };
            let filter = &filter;
            two_pages!(|page: ListPage| async move { store.credential_ends().list(filter, &page).await });
        }
    }
    let some = [KeyRecord {
        id: id(Kind::Key, 7),
        directory_id: big(),
        name: "k".to_owned(),
        description: None,
        sealed_token: None,
        expires_at: None,
        last_used_at: None,
        created_at: now(),
        replaces: Some(id(Kind::Key, 8)),
        replaced_by: None,
    }];
    store.directory_keys(big()).others(&some).await.unwrap();
    store.forget_previous_secrets(now()).await.unwrap();
    assert!(
        !store
            .announce_endings(now().plus(Duration::from_millis(50)), 1)
            .await
            .unwrap()
    );
}

async fn dead_letters(store: &Store) {
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

async fn audit(store: &Store) {
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

async fn endpoints(store: &Store) {
    store.endpoints().by_id(endpoint(0)).await.unwrap().unwrap();
    for owner in [None, Some(id(Kind::Organization, 0))] {
        two_pages!(|page: ListPage| async move { store.endpoints().list(owner, &page).await });
    }
    store.endpoints().version().await.unwrap();
    store.endpoints().all().await.unwrap();
    store
        .endpoints()
        .seal_urls(None, |_, _, _| Some(vec![1]))
        .await
        .unwrap();
    store.endpoint_public_keys(now()).await.unwrap();
    let organization = id(Kind::Organization, 0);
    store
        .endpoints()
        .any_takes_tokens_of(big(), organization)
        .await
        .unwrap();
    let change = store.change(None).await.unwrap();
    let mut one = change.endpoint(endpoint(5)).await.unwrap().unwrap();
    change.save_endpoint(&one).await.unwrap();
    one.id = EndpointId::new();
    change.create_endpoint(&one).await.unwrap();
    let secret = NewEndpointSecret {
        sealed: vec![1],
        signing: "v1",
        public_key: None,
        previous_until: now(),
    };
    change.rotate_endpoint_secret(one.id, &secret, now()).await.unwrap();
    change.enable_endpoint(one.id, true, now()).await.unwrap();
    let test = TestDelivery {
        id: DeliveryId::new(),
        endpoint_id: one.id,
        event_id: EventId::new(),
        event_type: EventType::UserUpdated,
        directory_id: big(),
        body: "{}",
    };
    assert!(change.send_test(test, now()).await.unwrap());
    change.delete_endpoint(one.id).await.unwrap();
    change.commit().await.unwrap();
}

const LEASE: Duration = Duration::from_secs(30);

async fn sending(store: &Store) {
    let deliveries = store.deliveries();
    let lease = Lease {
        owner: "me",
        until: now().plus(LEASE),
    };
    let new = |endpoint_id, n: i64, ordered: bool| NewDelivery {
        id: DeliveryId::new(),
        endpoint_id,
        event_id: EventId::new(),
        directory_id: big(),
        subject_id: Some(user(3)),
        sequence: 100_000_000 + n,
        event_type: EventType::UserUpdated,
        claim: !ordered,
        after: None,
        ordered,
    };
    let live: Vec<_> = (0..5).map(|n| new(endpoint(5), n, false)).collect();
    deliveries.insert(&live, lease, now()).await.unwrap();
    let in_line: Vec<_> = (0..5).map(|n| new(endpoint(1), n, true)).collect();
    deliveries.insert(&in_line, lease, now()).await.unwrap();
    // Of events that are in the log.
    let in_log = |n: u64| NewDelivery {
        event_id: id(Kind::Event, n),
        ..new(endpoint(9), i64::try_from(n).unwrap(), true)
    };
    let line: Vec<_> = (0..9).map(in_log).collect();
    deliveries.insert(&line, lease, now()).await.unwrap();
    let filtered = [new(endpoint(6), 0, false), new(endpoint(3), 0, false)];
    let bodies = [OwnBody {
        delivery_id: filtered[0].id,
        directory_id: big(),
        body: "{}".into(),
    }];
    let batch = FannedOut {
        new: &filtered,
        bodies: &bodies,
        catching_up: &[endpoint(3)],
    };
    deliveries.fan_out(batch, lease, now()).await.unwrap();
    let room = |endpoint_id| Room {
        endpoint_id,
        firsts: 10,
        retries: 5,
    };
    let rooms = [1, 4, 5, 9].map(|n| room(endpoint(n)));
    let claimed = deliveries.claim(&rooms, lease, now()).await.unwrap();
    assert!(!claimed.is_empty());
    let held: Vec<DeliveryId> = claimed.iter().map(|claimed| claimed.id).collect();
    let heads = held.iter().map(|id| Head { id: *id, most: 5 });
    let followers = deliveries
        .follow(&heads.collect::<Vec<_>>(), lease, now())
        .await
        .unwrap();
    assert!(followers.values().any(|followers| followers.taken.len() == 5));
    deliveries.renew(&held, lease).await.unwrap();
    let finished = |claimed: &ClaimedDelivery, verdict, ordered| FinishedAttempt {
        id: AttemptId::new(),
        delivery_id: claimed.id,
        endpoint_id: claimed.endpoint_id,
        token: claimed.token,
        ordered,
        number: 1,
        started_at: now(),
        duration: Duration::from_millis(5),
        status: Some(200),
        error: None,
        response_head: None,
        trace_id: None,
        verdict,
        gone: false,
    };
    for (n, ordered) in [(0, true), (1, false)] {
        let some: Vec<_> = claimed.iter().skip(n).step_by(2).collect();
        let verdict = [DeliveryVerdict::Delivered, DeliveryVerdict::RetryAt(now().plus(LEASE))][n];
        let all: Vec<_> = some.iter().map(|claimed| finished(claimed, verdict, ordered)).collect();
        deliveries
            .record(&all, "me", Duration::from_secs(3_600), now())
            .await
            .unwrap();
    }
    deliveries.release(&held, "me", now()).await.unwrap();
    deliveries
        .release_in_order(&held, &[endpoint(1), endpoint(9)], "me", now())
        .await
        .unwrap();
    let fresh = deliveries.claim(&[room(endpoint(1))], lease, now()).await.unwrap();
    deliveries.release_of_others("somebody", now()).await.unwrap();
    drop(fresh);
    for state in [None].into_iter().chain(DeliveryState::ALL.map(Some)) {
        for endpoint_id in [None, Some(endpoint(0))] {
            let filter = DeliveryFilter { endpoint_id, state };
            two_pages!(|page: ListPage| async move { store.deliveries().list(filter, &page).await });
        }
    }
    deliveries.by_id(delivery(0, 7)).await.unwrap().unwrap();
    deliveries.attempts(delivery(0, 7)).await.unwrap();
    deliveries
        .stats(endpoint(0), Duration::from_secs(3_600), now())
        .await
        .unwrap();
    deliveries.backlog().await.unwrap();
    deliveries.retry(delivery(0, 8), now()).await.unwrap();
    deliveries.cancel(delivery(4, 9), now()).await.unwrap();
}

async fn switching(database: &TestDatabase, store: &Store) {
    let deliveries = store.deliveries();
    let last = Disabling {
        endpoint_id: endpoint(7),
        delivery_id: delivery(0, 3),
        started_at: now(),
        patience: None,
        reason: "test",
        origin: None,
        partitions: 1,
    };
    deliveries.disable(last, now()).await.unwrap();
    // More than are held at once.
    let another = Disabling {
        endpoint_id: endpoint(4),
        delivery_id: delivery(4, 3),
        ..last
    };
    assert!(deliveries.disable(another, now()).await.unwrap());
    assert!(deliveries.settle(now()).await.unwrap().held > 0);
    let change = store.change(None).await.unwrap();
    change.enable_endpoint(endpoint(4), false, now()).await.unwrap();
    change.commit().await.unwrap();
    assert!(deliveries.settle(now()).await.unwrap().released > 0);
    database
        .execute("UPDATE deliveries SET next_at = 9223372036854775807 WHERE sequence < 50 AND state = 'pending'")
        .await;
    let forgotten = deliveries
        .wake_forgotten(&ForgetReport::default(), now())
        .await
        .unwrap();
    assert!(forgotten.woken > 0 && forgotten.goes_on());
    let replay = ReplayRange {
        after: Some(now()),
        before: None,
        states: vec![DeliveryState::Exhausted],
        types: vec![EventType::UserUpdated],
    };
    deliveries.count_replay(endpoint(0), &replay).await.unwrap();
    deliveries.replay(endpoint(0), &replay, now()).await.unwrap();
    let change = store.change(None).await.unwrap();
    let mut one = change.endpoint(endpoint(8)).await.unwrap().unwrap();
    one.ordered = false;
    change.save_endpoint(&one).await.unwrap();
    change.commit().await.unwrap();
}

async fn the_past(store: &Store) {
    let catch_ups = store.catch_ups();
    let open = catch_ups.open(None, 20).await.unwrap();
    let row = *open.first().unwrap();
    catch_ups
        .open(Some((row.endpoint_id, row.directory_id)), 20)
        .await
        .unwrap();
    catch_ups.has_room(endpoint(1), 100).await.unwrap();
    catch_ups.is_settled(&row).await.unwrap();
    let step = catch_ups.begin(row).await.unwrap().unwrap();
    step.last_sequence().await.unwrap();
    step.events(20).await.unwrap();
    let next = CatchUp { sequence: 20, ..row };
    step.finish(&next, &[], &[], now()).await.unwrap();
    catch_ups.complete(now()).await.unwrap();
    let change = store.change(None).await.unwrap();
    let ids = [big(), small()];
    change
        .start_catch_up(endpoint(9), CatchUpFrom::Snapshot, Some(&ids), None, now())
        .await
        .unwrap();
    change
        .start_catch_up(endpoint(8), CatchUpFrom::Beginning, Some(&[]), None, now())
        .await
        .unwrap();
    change.commit().await.unwrap();
    assert_eq!(catch_ups.complete(now()).await.unwrap(), 1);
    let state = store.state_at(small(), 90);
    state.users(None, 20).await.unwrap();
    state.groups(Some(group(SMALL)), 20).await.unwrap();
    state.members(Some((group(SMALL), user(SMALL))), 20).await.unwrap();
    let state = store.state_at(big(), i64::MAX - 1);
    state.users(Some(user(5)), 20).await.unwrap();
    state.groups(None, 20).await.unwrap();
    state.members(Some((group(0), user(5))), 20).await.unwrap();
}

/// All people of a small directory, and that a large one has too many.
async fn everybody(store: &Store) {
    let change = store.change(None).await.unwrap();
    assert!(change.everybody(small(), 5_000).await.unwrap().is_some());
    assert!(change.everybody(big(), 10).await.unwrap().is_none());
}

/// The people and groups that a list may mean.
async fn matches(store: &Store) {
    let people = store.users(big());
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    people.by_external_ids(&texts(&["e7", "none"])).await.unwrap();
    people
        .by_names(&texts(&["user7@contoso.example", "none"]))
        .await
        .unwrap();
    people
        .by_addresses(&texts(&["user7@contoso.example", "none"]), 100)
        .await
        .unwrap();
    let groups = store.groups(big());
    groups.by_external_ids(&texts(&["g7", "none"])).await.unwrap();
    groups.by_names(&texts(&["group 7", "none"])).await.unwrap();
    groups.members_of(&[group(1), group(2)], 100).await.unwrap();
}

/// What became of one of many, in a long log.
async fn history(store: &Store) {
    let history = store.history(big());
    let (first, last) = history.span().await.unwrap().unwrap();
    let page = history.page(user(7), None, 20).await.unwrap();
    assert!(!page.events.is_empty());
    history.page(user(7), Some(last), 20).await.unwrap();
    let ids: Vec<EventId> = page.events.iter().map(|event| event.id).collect();
    assert!(!history.told(&ids).await.unwrap().is_empty());
    history.sequence_at((first, last), now()).await.unwrap();
    history.membership_changes(user(7)).await.unwrap();
    history.deletions(&[group(1), group(2)]).await.unwrap();
    let state = store.state_at(big(), first);
    state.user(user(7)).await.unwrap();
    state.group(group(7)).await.unwrap();
}

async fn copies(store: &Store) {
    let copies = store.log_copies(big());
    copies.sequence(CopyName::Base).await.unwrap();
    copies.base_users(Some(user(5)), 20).await.unwrap();
    copies.base_groups(None, 20).await.unwrap();
    copies.base_members(Some((group(0), user(5))), 20).await.unwrap();
    let cuttable = copies.cuttable(now(), 20).await.unwrap();
    // What waits in endpoint 1 holds the log of the large directory.
    assert_eq!(cuttable, 0);
    let copies = store.log_copies(small());
    copies.begin_fresh(now()).await.unwrap();
    copies.extend_fresh(&Images::after(1), now()).await.unwrap();
    copies.swap(0, true, now()).await.unwrap();
    copies.cut(0, &Images::after(1), now()).await.unwrap();
}

async fn erasing(store: &Store, many: u64) {
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
    erasures.start(erasure, now()).await.unwrap();
    erasures.due(now(), 20).await.unwrap();
    while !erasures.step(erasure, now()).await.unwrap() {}
}

async fn housekeeping(store: &Store) {
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

async fn mails(database: &TestDatabase, store: &Store) {
    const KINDS: [IncidentKind; 6] = [
        IncidentKind::EndpointFailing,
        IncidentKind::EndpointDisabled,
        IncidentKind::DirectorySilent,
        IncidentKind::DirectoryHeld,
        IncidentKind::QuarantineNear,
        IncidentKind::CredentialEnding,
    ];
    let (incidents, mails, digests) = (store.incidents(), store.mails(), store.digests());
    let mail = NewMail {
        queue: MailQueue::Organization(id(Kind::Organization, 0)),
        recipient: "a@b.example".to_owned(),
        content: "{}".to_owned(),
    };
    database.execute("UPDATE endpoints SET failing_since = 1").await;
    for kind in KINDS {
        let begun = incidents.begun(kind, now()).await.unwrap();
        let begun = begun.into_iter().map(|begun| (begun, vec![mail.clone()]));
        incidents.open(begun.collect(), now()).await.unwrap();
    }
    database.execute("UPDATE endpoints SET failing_since = NULL").await;
    for kind in KINDS {
        let over = incidents.over(kind, now()).await.unwrap();
        let over = over
            .into_iter()
            .map(|over| over.subject_id)
            .chain([id(Kind::Endpoint, 2)]);
        let over = over.map(|id| (id, vec![mail.clone()]));
        incidents.close(kind, over.collect(), now()).await.unwrap();
    }
    let organization = id(Kind::Organization, 0);
    assert_eq!(incidents.open_of(organization).await.unwrap().len(), 50);
    assert!(incidents.prune(now()).await.unwrap());
    let claimed = mails
        .claim(now(), now().plus(Duration::from_secs(60)), 5)
        .await
        .unwrap();
    assert_eq!(claimed.len(), 5);
    let outcomes: Vec<_> = claimed.into_iter().map(|mail| (mail, MailOutcome::Sent)).collect();
    mails.finish(&outcomes, now()).await.unwrap();
    assert!(mails.waiting().await.unwrap() > 20);
    assert!(mails.prune(now()).await.unwrap());
    let change = store.change(None).await.unwrap();
    let contacts = ["a@b.example".to_owned()];
    change
        .set_contacts(organization, &contacts, &contacts, now())
        .await
        .unwrap();
    change.commit().await.unwrap();
    let due = digests.due(now(), 20).await.unwrap();
    assert_eq!(due.len(), 1);
    digests
        .facts(organization, Timestamp::from_millis(1), now())
        .await
        .unwrap();
    let tomorrow = now().plus(Duration::from_hours(24));
    digests.finish(&due[0], tomorrow, vec![mail], now()).await.unwrap();
}
