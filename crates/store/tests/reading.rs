//! Reading users and groups: tenants, pages, references.

#![allow(clippy::unwrap_used, reason = "a test that cannot do its part fails")]

use events::{DirectoryId, GroupRef, MemberRef, OrganizationId, ResourceId, ResourceKind, StoredResource, Timestamp};
use scim::filter::Filter;
use scim::path::AttributePath;
use scim::schema::ResourceType;
use serde_json::{Value, json};
use store::testing::{TestDatabase, insert_groups, insert_users};
use store::{Dialect, NewDirectory, NewOrganization, Position, Query, Sort, Store, StoreOptions, Total};

const BOTH: [Dialect; 2] = [Dialect::Postgres, Dialect::Sqlite];

fn resource(attributes: Value, at: i64) -> StoredResource {
    let Value::Object(attributes) = attributes else {
        panic!("attributes are an object")
    };
    StoredResource {
        id: ResourceId::new(),
        version: 1,
        created_at: Timestamp::from_millis(at),
        updated_at: Timestamp::from_millis(at),
        attributes,
        groups: Vec::new(),
        members: None,
    }
}

fn user(name: &str) -> StoredResource {
    resource(json!({ "userName": name, "active": true }), 1_000)
}

fn group(name: &str, members: &[(&StoredResource, ResourceKind)]) -> StoredResource {
    let mut group = resource(json!({ "displayName": name }), 1_000);
    let member = |(member, kind): &(&StoredResource, ResourceKind)| MemberRef {
        id: member.id,
        kind: *kind,
        display: None,
    };
    group.members = Some(members.iter().map(member).collect());
    group
}

fn sorted(mut ids: Vec<ResourceId>) -> Vec<ResourceId> {
    ids.sort_unstable();
    ids
}

#[tokio::test]
async fn rows_of_another_directory_never_show() {
    for dialect in BOTH {
        let database = TestDatabase::of(dialect).await;
        let store = &database.store;
        let (mine, other) = (DirectoryId::new(), DirectoryId::new());
        let (ada, bob) = (user("ada"), user("bob"));
        let (ours, theirs) = (
            group("ours", &[(&ada, ResourceKind::User)]),
            group("theirs", &[(&bob, ResourceKind::User)]),
        );
        insert_users(store, mine, ResourceType::user(), std::slice::from_ref(&ada))
            .await
            .unwrap();
        insert_users(store, other, ResourceType::user(), std::slice::from_ref(&bob))
            .await
            .unwrap();
        insert_groups(store, mine, std::slice::from_ref(&ours)).await.unwrap();
        insert_groups(store, other, std::slice::from_ref(&theirs))
            .await
            .unwrap();

        assert!(store.users(mine).by_id(ada.id, false).await.unwrap().is_some());
        assert!(store.users(mine).by_id(bob.id, true).await.unwrap().is_none());
        assert!(store.groups(mine).by_id(theirs.id, true).await.unwrap().is_none());
        assert!(
            store
                .groups(mine)
                .members(theirs.id, None, 10)
                .await
                .unwrap()
                .is_empty()
        );
        let text = format!(
            "userName pr or id eq \"{}\" or groups.value eq \"{}\"",
            bob.id, theirs.id
        );
        let filter = Filter::parse(&text, ResourceType::user()).unwrap();
        for filter in [None, Some(&filter)] {
            let query = Query {
                filter,
                limit: 10,
                total: Total::Counted,
                references: true,
                ..Query::default()
            };
            let page = store.users(mine).list(&query).await.unwrap();
            assert_eq!(page.total, Some(1));
            assert_eq!(page.rows.iter().map(|row| row.id).collect::<Vec<_>>(), [ada.id]);
        }
        let text = format!("members.value eq \"{}\" or displayName pr", bob.id);
        let filter = Filter::parse(&text, ResourceType::group()).unwrap();
        let query = Query {
            filter: Some(&filter),
            limit: 10,
            ..Query::default()
        };
        let page = store.groups(mine).list(&query).await.unwrap();
        assert_eq!(page.rows.iter().map(|row| row.id).collect::<Vec<_>>(), [ours.id]);
        assert_eq!(
            store.users(DirectoryId::new()).count(&Query::default()).await.unwrap(),
            0
        );
        database.close().await;
    }
}

#[tokio::test]
async fn pages_are_complete_and_in_one_order_when_all_were_created_at_once() {
    for dialect in BOTH {
        let database = TestDatabase::of(dialect).await;
        let directory = DirectoryId::new();
        let users: Vec<_> = (0..57).map(|n| user(&format!("user{n}"))).collect();
        insert_users(&database.store, directory, ResourceType::user(), &users)
            .await
            .unwrap();
        let all = sorted(users.iter().map(|user| user.id).collect());
        let users = database.store.users(directory);

        let mut by_index = Vec::new();
        for offset in (0..70).step_by(10) {
            let query = Query {
                offset,
                limit: 10,
                total: Total::Counted,
                ..Query::default()
            };
            let page = users.list(&query).await.unwrap();
            assert_eq!(page.total, Some(57));
            by_index.extend(page.rows.iter().map(|row| row.id));
        }
        assert_eq!(by_index, all);

        let mut by_cursor = Vec::new();
        let mut after = None;
        loop {
            let page = users
                .list(&Query {
                    after,
                    limit: 9,
                    ..Query::default()
                })
                .await
                .unwrap();
            let Some(last) = page.rows.last() else { break };
            after = Some(Position {
                created_at: last.created_at,
                id: last.id,
            });
            by_cursor.extend(page.rows.iter().map(|row| row.id));
        }
        assert_eq!(by_cursor, all);

        let only_total = users.list(&Query::default()).await.unwrap();
        assert_eq!((only_total.total, only_total.rows.len()), (Some(57), 0));
        database.close().await;
    }
}

/// Opens the database once more, with pages of so many bytes.
async fn with_pages_of(database: &TestDatabase, page_bytes: u64) -> Store {
    let options = StoreOptions {
        page_bytes,
        ..StoreOptions::new(database.url.clone())
    };
    Store::connect(&options).await.unwrap()
}

#[tokio::test]
async fn a_page_ends_before_it_has_too_many_bytes_but_always_has_a_first_row() {
    for dialect in BOTH {
        let database = TestDatabase::of(dialect).await;
        let store = with_pages_of(&database, 10_000).await;
        let directory = DirectoryId::new();
        let large = |n: i64, bytes: usize| {
            let attributes = json!({ "userName": format!("user{n}"), "title": "x".repeat(bytes), "active": true });
            resource(attributes, n)
        };
        // Of 3,000 bytes two and a half fit, and the fifth is too large for any page.
        let users: Vec<_> = (0..9).map(|n| large(n, if n == 4 { 20_000 } else { 3_000 })).collect();
        insert_users(&store, directory, ResourceType::user(), &users)
            .await
            .unwrap();
        let all: Vec<_> = users.iter().map(|user| user.id).collect();
        let filter = Filter::parse("title pr", ResourceType::user()).unwrap();
        for filter in [None, Some(&filter)] {
            let (mut seen, mut pages, mut offset) = (Vec::new(), Vec::new(), 0);
            while seen.len() < all.len() {
                let query = Query {
                    filter,
                    offset,
                    limit: 9,
                    total: Total::Counted,
                    references: true,
                    ..Query::default()
                };
                let page = store.users(directory).list(&query).await.unwrap();
                assert_eq!(page.total, Some(9), "the total is that of all, whatever the page has");
                assert!(page.bytes <= 10_000 || page.rows.len() == 1, "{} bytes", page.bytes);
                seen.extend(page.rows.iter().map(|row| row.id));
                assert_eq!(page.is_cut, seen.len() < all.len());
                pages.push(page.rows.len());
                offset = u32::try_from(seen.len()).unwrap();
            }
            assert_eq!((seen, pages), (all.clone(), vec![2, 2, 1, 2, 2]));
        }
        let used = Query {
            limit: 9,
            used: 10_000,
            total: Total::Counted,
            ..Query::default()
        };
        let page = store.users(directory).list(&used).await.unwrap();
        assert_eq!((page.rows.len(), page.is_cut, page.total), (0, true, Some(9)));
        store.close().await;
        database.close().await;
    }
}

#[tokio::test]
async fn members_count_for_the_bytes_of_a_page() {
    for dialect in BOTH {
        let database = TestDatabase::of(dialect).await;
        let store = with_pages_of(&database, 10_000).await;
        let directory = DirectoryId::new();
        let users: Vec<_> = (0..60).map(|n| user(&format!("user{n}"))).collect();
        insert_users(&store, directory, ResourceType::user(), &users)
            .await
            .unwrap();
        let members: Vec<_> = users.iter().map(|user| (user, ResourceKind::User)).collect();
        let groups: Vec<_> = (0..3)
            .map(|n| group(&format!("group{n}"), &members[..20 * n + 1]))
            .collect();
        insert_groups(&store, directory, &groups).await.unwrap();
        let query = |references| Query {
            limit: 9,
            references,
            ..Query::default()
        };
        let bare = store.groups(directory).list(&query(false)).await.unwrap();
        assert_eq!((bare.rows.len(), bare.is_cut), (3, false));
        let whole = store.groups(directory).list(&query(true)).await.unwrap();
        assert_eq!((whole.rows.len(), whole.is_cut), (2, true));
        assert_eq!(whole.rows[1].members.as_ref().unwrap().len(), 21);
        store.close().await;
        database.close().await;
    }
}

#[tokio::test]
async fn groups_of_users_and_members_of_groups_come_only_when_wanted() {
    for dialect in BOTH {
        let database = TestDatabase::of(dialect).await;
        let store = &database.store;
        let directory = DirectoryId::new();
        let ada = resource(json!({ "userName": "ada", "displayName": "Ada L", "active": true }), 1);
        let bob = user("bob");
        let inner = group("inner", &[(&ada, ResourceKind::User)]);
        let outer = group(
            "outer",
            &[
                (&ada, ResourceKind::User),
                (&bob, ResourceKind::User),
                (&inner, ResourceKind::Group),
            ],
        );
        insert_users(store, directory, ResourceType::user(), &[ada.clone(), bob.clone()])
            .await
            .unwrap();
        insert_groups(store, directory, &[inner.clone(), outer.clone()])
            .await
            .unwrap();

        let users = store.users(directory);
        assert_eq!(users.by_id(ada.id, false).await.unwrap().unwrap().groups, None);
        let query = Query {
            limit: 10,
            references: true,
            ..Query::default()
        };
        let page = users.list(&query).await.unwrap();
        let of = |id| {
            page.rows
                .iter()
                .find(|row| row.id == id)
                .unwrap()
                .groups
                .clone()
                .unwrap()
        };
        let reference = |group: &StoredResource, name: &str| GroupRef {
            id: group.id,
            display_name: name.to_owned(),
        };
        assert_eq!(of(ada.id), [reference(&inner, "inner"), reference(&outer, "outer")]);
        assert_eq!(of(bob.id), [reference(&outer, "outer")]);

        let groups = store.groups(directory);
        assert_eq!(groups.by_id(outer.id, false).await.unwrap().unwrap().members, None);
        let members = groups.by_id(outer.id, true).await.unwrap().unwrap().members.unwrap();
        let display = |id| members.iter().find(|member| member.id == id).unwrap().display.clone();
        assert_eq!(members.len(), 3);
        assert_eq!(
            (display(ada.id), display(bob.id), display(inner.id)),
            (Some("Ada L".into()), None, Some("inner".into()))
        );
        let mut paged = groups.members(outer.id, None, 2).await.unwrap();
        paged.extend(groups.members(outer.id, Some(paged[1].id), 2).await.unwrap());
        assert_eq!(paged, members);
        let stored = users.by_id(ada.id, true).await.unwrap().unwrap().into_stored().unwrap();
        assert_eq!(stored.attributes, ada.attributes);
        database.close().await;
    }
}

#[tokio::test]
async fn lists_are_sorted_by_any_attribute_with_the_unassigned_at_the_end() {
    for dialect in BOTH {
        let database = TestDatabase::of(dialect).await;
        let directory = DirectoryId::new();
        let with = |name: &str, rest: Value| {
            let mut user = user(name);
            let Value::Object(rest) = rest else {
                panic!("attributes are an object")
            };
            user.attributes.extend(rest);
            user
        };
        let users = [
            with(
                "b",
                json!({ "name": { "familyName": "Zorn" }, "emails": [{ "value": "z@x" }, { "value": "a@x", "primary": true }] }),
            ),
            with("A", json!({ "title": "boss", "emails": [{ "value": "m@x" }] })),
            with("c", json!({ "name": { "familyName": "adler" }, "active": false })),
            with("é", json!({ "title": "Boss" })),
        ];
        insert_users(&database.store, directory, ResourceType::user(), &users)
            .await
            .unwrap();
        for (by, descending, expected) in [
            ("userName", false, ["A", "b", "c", "é"]),
            ("userName", true, ["é", "c", "b", "A"]),
            ("name.familyName", false, ["c", "b", "A", "é"]),
            ("name.familyName", true, ["A", "é", "b", "c"]),
            ("emails", false, ["b", "A", "c", "é"]),
            ("emails.value", true, ["c", "é", "A", "b"]),
            ("title", false, ["A", "é", "b", "c"]),
            ("active", false, ["c", "b", "A", "é"]),
            ("meta.created", true, ["b", "A", "c", "é"]),
            ("id", true, ["é", "c", "A", "b"]),
            ("groups", false, ["b", "A", "c", "é"]),
            ("schemas", false, ["b", "A", "c", "é"]),
            ("nothing", false, ["b", "A", "c", "é"]),
        ] {
            let path = AttributePath::parse(by, ResourceType::user()).unwrap_or_else(|_| AttributePath::name(by));
            let sort = Some(Sort {
                path: &path,
                descending,
            });
            let page = database
                .store
                .users(directory)
                .list(&Query {
                    sort,
                    limit: 9,
                    ..Query::default()
                })
                .await
                .unwrap();
            let name = |id| {
                users.iter().find(|user| user.id == id).unwrap().attributes["userName"]
                    .as_str()
                    .unwrap()
            };
            let names: Vec<_> = page.rows.iter().map(|row| name(row.id)).collect();
            assert_eq!(names, expected, "by {by}, descending {descending}, {dialect:?}");
        }
        database.close().await;
    }
}

#[tokio::test]
async fn totals_that_are_kept_are_those_that_are_counted() {
    for dialect in BOTH {
        let database = TestDatabase::of(dialect).await;
        let store = &database.store;
        let directory = directory(store).await;
        let mut users: Vec<_> = (0..7).map(|n| user(&format!("user{n}"))).collect();
        for user in &mut users[..3] {
            user.attributes.insert("active".to_owned(), false.into());
        }
        insert_users(store, directory, ResourceType::user(), &users)
            .await
            .unwrap();
        insert_groups(store, directory, &[group("a", &[]), group("b", &[])])
            .await
            .unwrap();
        let kept = store.kept_counts(&[directory]).await.unwrap();
        assert_eq!(kept, store.count_rows(&[directory]).await.unwrap());
        assert_eq!(kept, store.directories().counts(&[directory]).await.unwrap());
        for (text, cheap, counted) in [
            ("", Some(7), 7),
            ("active eq true", Some(4), 4),
            ("active eq \"False\"", Some(3), 3),
            ("active ne true", None, 3),
            ("userName pr", None, 7),
        ] {
            let filter = (!text.is_empty()).then(|| Filter::parse(text, ResourceType::user()).unwrap());
            for (total, expected) in [
                (Total::Omitted, None),
                (Total::IfKnown, cheap),
                (Total::Counted, Some(counted)),
            ] {
                let query = Query {
                    filter: filter.as_ref(),
                    limit: 2,
                    total,
                    ..Query::default()
                };
                let page = store.users(directory).list(&query).await.unwrap();
                assert_eq!(
                    (page.total, page.rows.len()),
                    (expected, 2),
                    "{text} {total:?} {dialect:?}"
                );
            }
        }
        let groups = store.groups(directory).count(&Query::default()).await.unwrap();
        assert_eq!(groups, 2);
        database.close().await;
    }
}

/// A directory as an administrator makes it.
async fn directory(store: &Store) -> DirectoryId {
    let (id, organization_id, at) = (DirectoryId::new(), OrganizationId::new(), Timestamp::now());
    let change = store.change(None).await.unwrap();
    let organization = NewOrganization {
        id: organization_id,
        name: "Test".into(),
        domains: vec![],
        at,
    };
    change.create_organization(&organization).await.unwrap();
    let directory = NewDirectory {
        id,
        organization_id,
        name: "Directory".into(),
        provider: "entra_id".into(),
        at,
    };
    change.create_directory(&directory, 0).await.unwrap();
    change.commit().await.unwrap();
    id
}

/// Page after page of something, each from where the one before ended.
macro_rules! all_pages {
    ($reader:expr, $method:ident) => {{
        let (mut rows, mut after) = (Vec::new(), None);
        loop {
            let page = $reader.$method(after, 2).await.unwrap();
            rows.extend(page.rows);
            after = page.next;
            if after.is_none() {
                break rows;
            }
        }
    }};
}

#[tokio::test]
async fn a_moment_of_a_directory_is_read_in_pages_with_each_of_its_rows_once_and_nobody_elses() {
    for dialect in BOTH {
        let database = TestDatabase::of(dialect).await;
        let store = &database.store;
        let directories = [DirectoryId::new(), DirectoryId::new()];
        let mut expected = Vec::new();
        for directory in directories {
            let users: Vec<_> = (0..5).map(|n| user(&format!("user{n}"))).collect();
            let all: Vec<_> = users.iter().map(|user| (user, ResourceKind::User)).collect();
            let everybody = group("everybody", &all);
            let some = group("some", &all[..2]);
            let nested = group("nested", &[(&some, ResourceKind::Group), all[4]]);
            let groups = [everybody, some, nested, group("nobody", &[])];
            insert_users(store, directory, ResourceType::user(), &users)
                .await
                .unwrap();
            insert_groups(store, directory, &groups).await.unwrap();
            expected.push((users, groups));
        }
        for (directory, (users, groups)) in directories.into_iter().zip(&expected) {
            let moment = store.state_at(directory, i64::MAX - 1);
            let ids: Vec<ResourceId> = all_pages!(moment, users).into_iter().map(|user| user.id).collect();
            assert_eq!(ids, sorted(users.iter().map(|user| user.id).collect()), "{dialect:?}");
            let ids: Vec<ResourceId> = all_pages!(moment, groups).into_iter().map(|group| group.id).collect();
            assert_eq!(
                ids,
                sorted(groups.iter().map(|group| group.id).collect()),
                "{dialect:?}"
            );
            let members = all_pages!(moment, members);
            let mut wanted: Vec<(ResourceId, ResourceId, bool)> = groups
                .iter()
                .flat_map(|group| group.members.iter().flatten().map(|member| (group.id, member)))
                .map(|(group, member)| (group, member.id, member.kind == ResourceKind::Group))
                .collect();
            wanted.sort_unstable();
            let found: Vec<_> = members
                .into_iter()
                .map(|member| (member.group_id, member.member_id, member.is_group))
                .collect();
            assert_eq!(found, wanted, "{dialect:?}");
        }
        database.close().await;
    }
}
