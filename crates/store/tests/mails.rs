//! What is told by mail: each incident once, no flood where something flaps, and no mail lost or sent by two.

#![allow(clippy::unwrap_used, reason = "a test that cannot do its part fails")]

use events::{DirectoryId, EndpointId, OrganizationId, Timestamp, lane_of};
use std::time::Duration;
use store::testing::TestDatabase;
use store::{
    Begun, ClaimedMail, Dialect, Endpoint, EndpointSelection, EndpointState, EndpointUrl, IncidentKind, MailOutcome,
    MailQueue, NewDirectory, NewMail, NewOrganization, Over,
};

const BOTH: [Dialect; 2] = [Dialect::Postgres, Dialect::Sqlite];
const HOUR: Duration = Duration::from_hours(1);

fn now() -> Timestamp {
    Timestamp::from_millis(1_800_000_000_000)
}

fn after_minutes(minutes: u64) -> Timestamp {
    now().plus(Duration::from_mins(minutes))
}

/// A database with an organization, a directory and an endpoint, all with contacts.
struct World {
    db: TestDatabase,
    organization_id: OrganizationId,
    directory_id: DirectoryId,
    endpoint_id: EndpointId,
}

impl World {
    async fn new(dialect: Dialect) -> Self {
        let db = TestDatabase::of(dialect).await;
        let organization = NewOrganization {
            id: OrganizationId::new(),
            name: "Contoso".into(),
            domains: vec![],
            at: now(),
        };
        let directory = NewDirectory {
            id: DirectoryId::new(),
            organization_id: organization.id,
            name: "Entra".into(),
            provider: "entra_id".into(),
            at: now(),
        };
        let endpoint = Endpoint {
            id: EndpointId::new(),
            url: EndpointUrl::sealed("https://app.example/hook", b"sealed".to_vec()),
            description: None,
            event_types: None,
            directory_ids: None,
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
            ordered: false,
            coalesce: false,
            rate_limit: None,
            format: store::EndpointFormat::Standard,
            audience: None,
            sso_client_id: None,
            signals: None,
            state: EndpointState::Enabled,
            disabled_reason: None,
            disabled_at: None,
            failing_since: None,
            contacts: vec!["app@x.example".to_owned()],
            created_at: now(),
            updated_at: now(),
        };
        let lane = lane_of(directory.id, 1);
        let change = db.store.change(Some(lane)).await.unwrap();
        let taken = change.create_organization(&organization).await.unwrap();
        assert!(taken.is_none());
        let contacts = ["it@contoso.example".to_owned()];
        change
            .set_contacts(organization.id, &contacts, &contacts, after_minutes(5))
            .await
            .unwrap();
        change.create_directory(&directory, lane).await.unwrap();
        change.create_endpoint(&endpoint).await.unwrap();
        change.commit().await.unwrap();
        Self {
            db,
            organization_id: organization.id,
            directory_id: directory.id,
            endpoint_id: endpoint.id,
        }
    }

    /// Sets the endpoint's health, as the dispatcher does.
    async fn endpoint(&self, failing_since: Option<Timestamp>) {
        let since = failing_since.map_or("NULL".to_owned(), |at| at.millis().to_string());
        self.db
            .execute(&format!("UPDATE endpoints SET failing_since = {since}"))
            .await;
    }

    /// Looks, as the timer does: closes what is over and opens what begins, each with a mail. What was told.
    async fn look(&self, kind: IncidentKind, at: Timestamp) -> (Vec<Over>, Vec<Begun>) {
        let incidents = self.db.store.incidents();
        let over = incidents.over(kind, at).await.unwrap();
        let closed = over.iter().map(|over| (over.subject_id, mail(over.about.is_some())));
        incidents.close(kind, closed.collect(), at).await.unwrap();
        let begun = incidents.begun(kind, at).await.unwrap();
        let opened = begun.iter().map(|begun| (begun.clone(), mail(true)));
        incidents.open(opened.collect(), at).await.unwrap();
        (over, begun)
    }

    async fn told(&self, kind: IncidentKind, at: Timestamp) -> (usize, usize) {
        let (over, begun) = self.look(kind, at).await;
        (over.iter().filter(|over| over.about.is_some()).count(), begun.len())
    }
}

fn mail(is_one: bool) -> Vec<NewMail> {
    let mail = NewMail {
        queue: MailQueue::Operators,
        recipient: "ops@x.example".to_owned(),
        content: "{}".to_owned(),
    };
    is_one.then_some(mail).into_iter().collect()
}

#[tokio::test]
async fn an_endpoint_that_fails_is_told_of_once_and_again_only_after_hours() {
    for dialect in BOTH {
        let w = World::new(dialect).await;
        let kind = IncidentKind::EndpointFailing;
        w.endpoint(Some(now())).await;
        assert_eq!(w.told(kind, now()).await, (0, 0), "it has only just begun");
        let (_, begun) = w.look(kind, after_minutes(1)).await;
        assert_eq!(begun[0].about.contacts, ["app@x.example"]);
        assert_eq!(
            (begun[0].about.name.as_str(), begun[0].since),
            ("https://app.example", now())
        );
        assert_eq!(begun[0].about.endpoint_id, Some(w.endpoint_id));
        assert_eq!(w.told(kind, after_minutes(2)).await, (0, 0), "it is told");
        // It takes something, and fails again before it has been well for long.
        w.endpoint(None).await;
        assert_eq!(w.told(kind, after_minutes(3)).await, (0, 0));
        w.endpoint(Some(after_minutes(4))).await;
        assert_eq!(w.told(kind, after_minutes(20)).await, (0, 0), "it was never well");
        w.endpoint(None).await;
        assert_eq!(w.told(kind, after_minutes(21)).await, (0, 0));
        assert_eq!(w.told(kind, after_minutes(30)).await, (0, 0));
        assert_eq!(
            w.told(kind, after_minutes(31)).await,
            (1, 0),
            "it has been well for ten minutes"
        );
        assert_eq!(w.told(kind, after_minutes(32)).await, (0, 0), "that is told once");
        w.endpoint(Some(after_minutes(40))).await;
        assert_eq!(
            w.told(kind, after_minutes(60)).await,
            (0, 0),
            "it was told within six hours"
        );
        assert_eq!(w.told(kind, after_minutes(6 * 60 + 1)).await, (0, 1), "it still fails");
        w.db.close().await;
    }
}

#[tokio::test]
async fn an_endpoint_that_is_switched_off_fails_no_more() {
    for dialect in BOTH {
        let w = World::new(dialect).await;
        w.endpoint(Some(now())).await;
        assert_eq!(w.told(IncidentKind::EndpointFailing, after_minutes(1)).await, (0, 1));
        let off = format!(
            "UPDATE endpoints SET state = 'disabled', disabled_at = {}",
            now().millis()
        );
        w.db.execute(&off).await;
        let (over, begun) = w.look(IncidentKind::EndpointFailing, after_minutes(2)).await;
        assert_eq!(
            (over.len(), over[0].about.as_ref(), begun.len()),
            (1, None, 0),
            "it ends in silence"
        );
        assert_eq!(w.told(IncidentKind::EndpointDisabled, after_minutes(2)).await, (0, 1));
        let change = w.db.store.change(None).await.unwrap();
        change
            .enable_endpoint(w.endpoint_id, false, after_minutes(3))
            .await
            .unwrap();
        change.commit().await.unwrap();
        assert_eq!(w.told(IncidentKind::EndpointDisabled, after_minutes(4)).await, (1, 0));
        w.db.close().await;
    }
}

#[tokio::test]
async fn directories_that_are_silent_held_or_near_a_quarantine_are_told_to_their_organization() {
    for dialect in BOTH {
        let w = World::new(dialect).await;
        let id = match dialect {
            Dialect::Postgres => format!("'{}'", w.directory_id),
            Dialect::Sqlite => format!("x'{}'", w.directory_id.uuid().simple()),
        };
        let at = now().millis();
        for sql in [
            format!("UPDATE directories SET held_at = {at}"),
            format!(
                "INSERT INTO directory_contacts (directory_id, cycle_id, last_at, silenced_at, strangers, log_rows, log_bytes) \
                 VALUES ({id}, {id}, {at}, {at}, 0, 0, 0)"
            ),
            format!(
                "INSERT INTO sync_cycles (id, directory_id, started_at, last_at, over_at, counts) \
                 VALUES ({id}, {id}, {at}, {at}, {at}, '{{\"requests\":1000,\"failures\":600}}')"
            ),
        ] {
            w.db.execute(&sql).await;
        }
        let kinds = [
            IncidentKind::DirectoryHeld,
            IncidentKind::DirectorySilent,
            IncidentKind::QuarantineNear,
        ];
        for kind in kinds {
            let (_, begun) = w.look(kind, after_minutes(1)).await;
            let [one] = begun.as_slice() else {
                panic!("{kind:?}: {begun:?}")
            };
            assert_eq!(one.about.contacts, ["it@contoso.example"], "{kind:?}");
            assert_eq!(
                (one.about.name.as_str(), one.about.directory_id),
                ("Entra", Some(w.directory_id))
            );
            assert_eq!(w.told(kind, after_minutes(2)).await, (0, 0), "{kind:?}");
        }
        let open = w.db.store.incidents().open_of(w.organization_id).await.unwrap();
        assert_eq!(open.len(), 3, "{open:?}");
        for sql in [
            "UPDATE directories SET held_at = NULL",
            "UPDATE directory_contacts SET silenced_at = NULL",
            "UPDATE sync_cycles SET counts = '{\"requests\":5000,\"failures\":600}'",
        ] {
            w.db.execute(sql).await;
        }
        for kind in kinds {
            assert_eq!(w.told(kind, after_minutes(3)).await, (1, 0), "{kind:?}");
            assert_eq!(w.told(kind, after_minutes(4)).await, (0, 0), "{kind:?}");
        }
        assert!(
            w.db.store
                .incidents()
                .open_of(w.organization_id)
                .await
                .unwrap()
                .is_empty()
        );
        w.db.close().await;
    }
}

#[tokio::test]
async fn a_credential_is_told_of_at_each_notice_and_its_end_to_nobody() {
    for dialect in BOTH {
        let w = World::new(dialect).await;
        let (organization, directory) = match dialect {
            Dialect::Postgres => (format!("'{}'", w.organization_id), format!("'{}'", w.directory_id)),
            Dialect::Sqlite => (
                format!("x'{}'", w.organization_id.uuid().simple()),
                format!("x'{}'", w.directory_id.uuid().simple()),
            ),
        };
        let day = |days: u64| now().plus(HOUR * 24 * u32::try_from(days).unwrap());
        w.db.execute(&format!(
            "INSERT INTO credentials (kind, id, organization_id, directory_id, ends_at) \
             VALUES ('directory_key', {directory}, {organization}, {directory}, {})",
            day(100).millis()
        ))
        .await;
        let kind = IncidentKind::CredentialEnding;
        let mut told = Vec::new();
        for days in 0..=101 {
            let (over, begun) = w.look(kind, day(days)).await;
            assert!(over.iter().all(|over| over.about.is_none()));
            told.extend(begun.iter().map(|begun| (days, begun.level)));
        }
        let expected = [60, 30, 14, 7, 1].map(|left| (100 - left, i32::try_from(left).ok()));
        assert_eq!(told, expected);
        // One that is prolonged is told of anew.
        let later = format!("UPDATE credentials SET ends_at = {}", day(110).millis());
        w.db.execute(&later).await;
        let (_, begun) = w.look(kind, day(101)).await;
        assert_eq!(begun.iter().map(|begun| begun.level).collect::<Vec<_>>(), [Some(14)]);
        w.db.execute("DELETE FROM credentials").await;
        assert_eq!(w.look(kind, day(102)).await.0.len(), 1);
        w.db.close().await;
    }
}

#[tokio::test]
async fn of_two_who_open_an_incident_one_writes_its_mails() {
    for dialect in BOTH {
        let w = World::new(dialect).await;
        w.endpoint(Some(now())).await;
        let incidents = w.db.store.incidents();
        let begun = incidents
            .begun(IncidentKind::EndpointFailing, after_minutes(1))
            .await
            .unwrap();
        let twice: Vec<_> = begun.iter().map(|begun| (begun.clone(), mail(true))).collect();
        for _ in 0..2 {
            incidents.open(twice.clone(), after_minutes(1)).await.unwrap();
        }
        assert_eq!(w.db.store.mails().waiting().await.unwrap(), 1);
        w.endpoint(None).await;
        let ids = begun.iter().map(|begun| (begun.subject_id, mail(true)));
        let ids: Vec<_> = ids.collect();
        for _ in 0..2 {
            incidents
                .close(IncidentKind::EndpointFailing, ids.clone(), after_minutes(30))
                .await
                .unwrap();
        }
        assert_eq!(w.db.store.mails().waiting().await.unwrap(), 2);
        assert!(!incidents.prune(after_minutes(30)).await.unwrap());
        assert!(!incidents.prune(after_minutes(31)).await.unwrap());
        w.db.close().await;
    }
}

#[tokio::test]
async fn a_mail_is_claimed_by_one_and_due_again_when_nothing_is_heard_of_it() {
    for dialect in BOTH {
        let w = World::new(dialect).await;
        w.endpoint(Some(now())).await;
        w.look(IncidentKind::EndpointFailing, after_minutes(1)).await;
        let mails = w.db.store.mails();
        let claim = async |at: Timestamp| mails.claim(at, at.plus(HOUR), 5).await.unwrap();
        let first = claim(after_minutes(1)).await;
        assert_eq!(
            (first.len(), first[0].tries(), first[0].recipient.as_str()),
            (1, 1, "ops@x.example")
        );
        assert!(claim(after_minutes(2)).await.is_empty(), "it is somebody's");
        let second = claim(after_minutes(62)).await;
        assert_eq!((second.len(), second[0].id(), second[0].tries()), (1, first[0].id(), 2));
        // The first one comes back late: it is not its own any more.
        finish(&w, &first, MailOutcome::Sent, after_minutes(63)).await;
        assert_eq!(mails.waiting().await.unwrap(), 1);
        let retry = MailOutcome::RetryAt(after_minutes(70), "the server is busy".to_owned());
        finish(&w, &second, retry, after_minutes(63)).await;
        assert!(claim(after_minutes(69)).await.is_empty());
        let third = claim(after_minutes(70)).await;
        finish(&w, &third, MailOutcome::Sent, after_minutes(70)).await;
        assert_eq!(mails.waiting().await.unwrap(), 0);
        assert!(claim(after_minutes(1_000)).await.is_empty());
        assert!(!mails.prune(after_minutes(1)).await.unwrap());
        assert!(!mails.prune(after_minutes(2)).await.unwrap());
        w.db.close().await;
    }
}

async fn finish(w: &World, mails: &[ClaimedMail], outcome: MailOutcome, at: Timestamp) {
    let outcomes: Vec<_> = mails.iter().map(|mail| (mail.clone(), outcome.clone())).collect();
    w.db.store.mails().finish(&outcomes, at).await.unwrap();
}

#[tokio::test]
async fn no_more_than_a_hundred_mails_wait_for_the_same_people() {
    for dialect in BOTH {
        let w = World::new(dialect).await;
        w.endpoint(Some(now())).await;
        let begun =
            w.db.store
                .incidents()
                .begun(IncidentKind::EndpointFailing, after_minutes(1))
                .await
                .unwrap();
        let many: Vec<NewMail> = (0..130).flat_map(|_| mail(true)).collect();
        let other = NewMail {
            queue: MailQueue::Organization(w.organization_id),
            ..many[0].clone()
        };
        let mails = many.into_iter().chain([other]).collect();
        let dropped =
            w.db.store
                .incidents()
                .open(vec![(begun[0].clone(), mails)], after_minutes(1))
                .await;
        assert_eq!(dropped.unwrap(), 30);
        assert_eq!(w.db.store.mails().waiting().await.unwrap(), 101);
        w.db.close().await;
    }
}

#[tokio::test]
async fn a_digest_adds_up_the_day_and_is_written_once() {
    for dialect in BOTH {
        let w = World::new(dialect).await;
        let digests = w.db.store.digests();
        assert!(digests.due(now(), 10).await.unwrap().is_empty());
        let due = digests.due(after_minutes(5), 10).await.unwrap();
        assert_eq!(
            (due.len(), due[0].name.as_str(), due[0].contacts.len()),
            (1, "Contoso", 1)
        );
        let id = |n: u8| {
            let millis = u64::try_from(now().millis()).unwrap() << 16;
            let id = uuid::Uuid::from_u64_pair(millis | 0x7000, 0x8000_0000_0000_0000 | u64::from(n));
            match dialect {
                Dialect::Postgres => format!("'{id}'"),
                Dialect::Sqlite => format!("x'{}'", id.simple()),
            }
        };
        let directory = match dialect {
            Dialect::Postgres => format!("'{}'", w.directory_id),
            Dialect::Sqlite => format!("x'{}'", w.directory_id.uuid().simple()),
        };
        let at = now().millis();
        for (n, kind, counts) in [
            (
                1,
                "incremental",
                r#"{"users_created":2,"groups_updated":1,"failures":1}"#,
            ),
            (2, "initial", r#"{"users_created":3,"users_deleted":1}"#),
            (3, "connection_test", r#"{"users_created":9}"#),
        ] {
            let sql = format!(
                "INSERT INTO sync_cycles (id, directory_id, kind, started_at, last_at, over_at, counts, closed_at) \
                 VALUES ({}, {directory}, '{kind}', {at}, {at}, {at}, '{counts}', {at})",
                id(n)
            );
            w.db.execute(&sql).await;
        }
        let facts = digests.facts(w.organization_id, now(), after_minutes(5)).await.unwrap();
        let [day] = facts.directories.as_slice() else {
            panic!("{facts:?}")
        };
        assert_eq!((day.name.as_str(), day.syncs, day.users_created), ("Entra", 2, 5));
        assert_eq!((day.users_deleted, day.groups_changed, day.failures), (1, 1, 1));
        let tomorrow = after_minutes(24 * 60);
        for _ in 0..2 {
            digests
                .finish(&due[0], tomorrow, mail(true), after_minutes(5))
                .await
                .unwrap();
        }
        assert_eq!(
            w.db.store.mails().waiting().await.unwrap(),
            1,
            "of two who write it one does"
        );
        assert!(digests.due(after_minutes(6), 10).await.unwrap().is_empty());
        assert_eq!(digests.due(tomorrow, 10).await.unwrap().len(), 1);
        w.db.close().await;
    }
}
