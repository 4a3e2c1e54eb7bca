use super::Feed;
use crate::event_log::append::{EventDraft, append, lock_lane};
use crate::testing::TestDatabase;
use crate::{Dialect, Store, StoreError};
use db::sql::exec;
use events::{DirectoryId, Event, EventId, EventType, OrganizationId, Source, Timestamp};
use std::collections::HashMap;
use std::time::{Duration, Instant};

fn draft(organization_id: OrganizationId, directory_id: DirectoryId, kind: EventType) -> EventDraft {
    EventDraft {
        id: EventId::new(),
        kind,
        organization_id,
        directory_id,
        source: Source::Api,
        subject_id: None,
        timestamp: Timestamp::from_millis(1),
        traceparent: None,
        data: serde_json::json!({}),
    }
}

async fn open_log(store: &Store, directory: DirectoryId, lane: u16) {
    let sql = "INSERT INTO sequences (directory_id, lane) VALUES ($1, $2)";
    exec(store.write(), sql, [directory.uuid().into(), i32::from(lane).into()])
        .await
        .unwrap();
}

async fn write(store: &Store, lane: u16, drafts: Vec<EventDraft>) -> Vec<Event> {
    let tx = store.begin().await.unwrap();
    lock_lane(&tx, store.dialect(), lane).await.unwrap();
    let events = append(&tx, store.dialect(), lane, drafts).await.unwrap();
    tx.commit().await.unwrap();
    events
}

/// Reads the feed until it shows as much as is expected: on PostgreSQL any transaction of the whole server that is
/// still open, be it of another test, holds newer events back for as long as it lasts.
async fn feed(store: &Store, feed: &Feed<'_>, expected: &[EventId]) {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let events = store.events().feed(feed).await.unwrap().events;
        let ids: Vec<EventId> = events.iter().map(|event| event.id).collect();
        if ids.len() >= expected.len() || Instant::now() > deadline {
            assert_eq!(ids, expected, "{feed:?}");
            return;
        }
    }
}

#[tokio::test]
async fn the_feed_continues_after_any_event_and_can_be_narrowed() {
    for dialect in [Dialect::Postgres, Dialect::Sqlite] {
        let database = TestDatabase::of(dialect).await;
        let store = &database.store;
        let (ours, theirs) = (OrganizationId::new(), OrganizationId::new());
        let (first, second, foreign) = (DirectoryId::new(), DirectoryId::new(), DirectoryId::new());
        for directory in [first, second, foreign] {
            open_log(store, directory, 0).await;
        }
        let mut all = Vec::new();
        for (organization, directory, kind) in [
            (ours, first, EventType::UserCreated),
            (theirs, foreign, EventType::UserCreated),
            (ours, second, EventType::GroupCreated),
            (ours, first, EventType::UserUpdated),
            (ours, first, EventType::UserDeleted),
        ] {
            all.extend(write(store, 0, vec![draft(organization, directory, kind)]).await);
        }
        let every: Vec<EventId> = all.iter().map(|event| event.id).collect();
        let ten = Feed {
            limit: 10,
            ..Feed::default()
        };
        feed(store, &ten, &every).await;
        feed(
            store,
            &Feed {
                limit: 2,
                after: Some(every[1]),
                ..Feed::default()
            },
            &every[2..4],
        )
        .await;
        let of_ours = Feed {
            organization_id: Some(ours),
            after: Some(every[1]),
            ..ten.clone()
        };
        feed(store, &of_ours, &every[2..]).await;
        let of_first = Feed {
            directory_id: Some(first),
            ..ten.clone()
        };
        feed(store, &of_first, &[every[0], every[3], every[4]]).await;
        feed(
            store,
            &Feed {
                after: Some(every[3]),
                ..of_first.clone()
            },
            &every[4..],
        )
        .await;
        feed(
            store,
            &Feed {
                after: Some(every[2]),
                ..of_first.clone()
            },
            &every[3..],
        )
        .await;
        feed(
            store,
            &Feed {
                organization_id: Some(theirs),
                ..of_first.clone()
            },
            &[],
        )
        .await;
        let types = &[EventType::UserUpdated, EventType::GroupCreated];
        feed(store, &Feed { types, ..ten }, &every[2..4]).await;
        feed(store, &Feed { types, ..of_first }, &every[3..4]).await;
        let rare = Feed {
            types: &[EventType::GroupDeleted],
            ..ten
        };
        let page = store.events().feed(&rare).await.unwrap();
        assert!(page.events.is_empty() && page.next.is_none());
        assert_eq!(
            page.read_to,
            every.last().copied(),
            "who comes again looks at none of these twice"
        );
        assert_eq!(store.events().by_id(every[4]).await.unwrap().as_ref(), Some(&all[4]));
        let unknown = Feed {
            after: Some(EventId::new()),
            limit: 1,
            ..Feed::default()
        };
        assert!(matches!(
            store.events().feed(&unknown).await,
            Err(StoreError::BadParameter { parameter: "after", .. })
        ));
        database.close().await;
    }
}

#[tokio::test]
async fn what_is_not_published_is_read_in_order_by_lane() {
    for dialect in [Dialect::Postgres, Dialect::Sqlite] {
        let database = TestDatabase::of(dialect).await;
        let store = &database.store;
        let organization = OrganizationId::new();
        let (here, elsewhere) = (DirectoryId::new(), DirectoryId::new());
        open_log(store, here, 0).await;
        open_log(store, elsewhere, 3).await;
        let three = (0..3)
            .map(|_| draft(organization, here, EventType::UserCreated))
            .collect();
        let mine = write(store, 0, three).await;
        let other = write(store, 3, vec![draft(organization, elsewhere, EventType::UserCreated)]).await;
        let events = store.events();
        assert_eq!(events.unpublished(&[0, 1], 10).await.unwrap().events, mine);
        assert_eq!(events.unpublished(&[3], 10).await.unwrap().events, other);
        assert_eq!(events.unpublished(&[0, 3], 10).await.unwrap().events.len(), 4);
        store.published().advance(&[(here, 2)]).await.unwrap();
        assert_eq!(events.unpublished(&[0], 10).await.unwrap().events, mine[2..]);
        store.published().advance(&[(here, 3)]).await.unwrap();
        assert!(events.unpublished(&[0], 10).await.unwrap().events.is_empty());
        database.close().await;
    }
}

/// Eight writers in lanes of their own, whose transactions overlap in every order, and one reader that follows.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_reader_of_the_feed_misses_nothing_while_eight_writers_commit() {
    const WRITERS: u16 = 8;
    const COMMITS: usize = 40;
    const PER_COMMIT: usize = 3;
    let database = TestDatabase::postgres().await;
    let organization = OrganizationId::new();
    let mut writers = Vec::new();
    for lane in 0..WRITERS {
        let store = database.store.clone();
        let directory = DirectoryId::new();
        open_log(&store, directory, lane).await;
        writers.push(tokio::spawn(async move {
            for _ in 0..COMMITS {
                let drafts = (0..PER_COMMIT)
                    .map(|_| draft(organization, directory, EventType::UserUpdated))
                    .collect();
                write(&store, lane, drafts).await;
            }
        }));
    }
    let expected = usize::from(WRITERS) * COMMITS * PER_COMMIT;
    let deadline = Instant::now() + Duration::from_secs(60);
    let mut seen: Vec<Event> = Vec::new();
    while seen.len() < expected {
        assert!(
            Instant::now() < deadline,
            "only {} of {expected} events arrived",
            seen.len()
        );
        let after = seen.last().map(|event| event.id);
        let page = database
            .store
            .events()
            .feed(&Feed {
                after,
                limit: 50,
                ..Feed::default()
            })
            .await
            .unwrap();
        seen.extend(page.events);
    }
    for writer in writers {
        writer.await.unwrap();
    }
    let mut next: HashMap<DirectoryId, i64> = HashMap::new();
    for event in &seen {
        let sequence = next.entry(event.directory_id).or_default();
        *sequence += 1;
        assert_eq!(event.sequence, *sequence);
    }
    assert_eq!(seen.len(), expected);
    database.close().await;
}
