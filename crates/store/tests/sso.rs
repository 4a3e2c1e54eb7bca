//! Sessions of single sign-on and the log, and the endpoint of an app.
#![expect(clippy::unwrap_used, reason = "a failed step fails the test")]

use events::{
    ConnectionId, DirectoryId, Event, EventType, OrganizationId, ResourceId, SsfStreamId, SsoClientId, SsoSessionId,
    Timestamp, lane_of,
};
use futures_util::future::join_all;
use std::collections::HashSet;
use std::time::Duration;
use store::testing::TestDatabase;
use store::{
    ActiveEndpoint, AppPerson, ApplicationType, ClientAuthentication, Connection, ConnectionCredential,
    ConnectionState, Dialect, EndpointFormat, EndpointUrl, Erasure, LiveWay, LoginChannel, LostWay, NewDirectory,
    NewOrganization, NewSsoSession, SESSIONS_AT_ONCE, SealedCredential, SessionEnd, SessionFilter, SsfStream,
    SsoClient, Store, StreamMethod,
};

const BOTH: [Dialect; 2] = [Dialect::Postgres, Dialect::Sqlite];
const LANES: u16 = 4;
/// The trace of a change in the directory.
const CAUSE: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
/// The trace of a login.
const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

fn now() -> Timestamp {
    Timestamp::from_millis(1_800_000_000_000)
}

/// A database with a directory, a connection to it and an app.
struct World {
    db: TestDatabase,
    organization_id: OrganizationId,
    directory_id: DirectoryId,
    connection_id: ConnectionId,
    client: SsoClient,
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
        let world = Self {
            db,
            organization_id: organization.id,
            directory_id: directory.id,
            connection_id: ConnectionId::new(),
            client: SsoClient {
                id: SsoClientId::new(),
                organization_id: None,
                name: "App".to_owned(),
                authentication: ClientAuthentication::None,
                application_type: ApplicationType::Web,
                secret_hash: None,
                secret_expires_at: None,
                jwks: None,
                redirect_uris: vec!["https://app.example/cb".to_owned()],
                post_logout_redirect_uris: Vec::new(),
                backchannel_logout_uri: Some("https://app.example/logout".to_owned()),
                initiate_login_uri: None,
                created_at: now(),
                updated_at: now(),
            },
        };
        let change = world.store().change(Some(world.lane())).await.unwrap();
        change.create_organization(&organization).await.unwrap();
        change.create_directory(&directory, world.lane()).await.unwrap();
        change
            .create_connection(&world.connection(), SealedCredential::default())
            .await
            .unwrap();
        change.create_sso_client(&world.client).await.unwrap();
        change.commit().await.unwrap();
        world
    }

    fn store(&self) -> &Store {
        &self.db.store
    }

    fn lane(&self) -> u16 {
        lane_of(self.directory_id, LANES)
    }

    fn connection(&self) -> Connection {
        Connection {
            id: self.connection_id,
            organization_id: self.organization_id,
            directory_id: self.directory_id,
            name: "Entra".to_owned(),
            state: ConnectionState::Active,
            slug: self.connection_id.to_string(),
            authority: "https://login.example/t".to_owned(),
            expected_issuer: None,
            metadata: None,
            metadata_at: None,
            client_id: "c".to_owned(),
            user_name_claim: "upn".to_owned(),
            credential: ConnectionCredential::None,
            credential_expires_at: None,
            certificate: None,
            assertion_form: "ps256".to_owned(),
            allows_guests: false,
            test_accounts: "[]".to_owned(),
            last_error: None,
            failing_since: None,
            tested_at: None,
            last_test: None,
            created_at: now(),
            updated_at: now(),
        }
    }

    async fn begin(&self, user_id: ResourceId) -> SsoSessionId {
        let begun = self.new_session(user_id);
        self.store().sso_sessions().begin(&begun).await.unwrap();
        begun.id
    }

    fn new_session(&self, user_id: ResourceId) -> NewSsoSession {
        NewSsoSession {
            id: SsoSessionId::new(),
            connection_id: self.connection_id,
            client_id: self.client.id,
            organization_id: self.organization_id,
            directory_id: self.directory_id,
            user_id,
            subject: "t.o".to_owned(),
            channel: LoginChannel::App,
            scope: "openid".to_owned(),
            upstream_sid: None,
            code_hash: [7; 32],
            redirect_uri: "https://app.example/cb".to_owned(),
            code_challenge: None,
            nonce: None,
            code_expires_at: now().plus(Duration::from_mins(1)),
            authenticated_at: None,
            created_at: now(),
            expires_at: now().plus(Duration::from_hours(1)),
            traceparent: Some(TRACE.to_owned()),
        }
    }

    async fn redeem(&self, id: SsoSessionId) -> bool {
        let sessions = self.store().sso_sessions();
        sessions.redeem(self.lane(), id, now()).await.unwrap().is_some()
    }

    async fn end(&self, lane: u16, of: SessionFilter) -> usize {
        let change = self.store().change(Some(lane)).await.unwrap();
        let ended = change
            .end_sso_sessions(lane, of, SessionEnd::Deactivated, Some(CAUSE), now())
            .await;
        change.commit().await.unwrap();
        ended.unwrap().len()
    }

    async fn end_ways(&self, lost: &[LostWay<'_>]) -> usize {
        let change = self.store().change(Some(self.lane())).await.unwrap();
        let ended = change
            .end_sso_ways(self.lane(), self.directory_id, lost, now())
            .await
            .unwrap();
        change.commit().await.unwrap();
        ended.len()
    }

    async fn log(&self) -> Vec<Event> {
        let store = self.store();
        store
            .events()
            .of_directory(self.directory_id, 0, &[], 100)
            .await
            .unwrap()
    }

    /// Writes the app as `edit` leaves it.
    async fn update(&self, edit: impl FnOnce(&mut SsoClient)) {
        let change = self.store().change(None).await.unwrap();
        let mut client = change.sso_client(self.client.id).await.unwrap().unwrap();
        edit(&mut client);
        change.update_sso_client(&client).await.unwrap();
        change.commit().await.unwrap();
    }

    async fn endpoints(&self) -> Vec<ActiveEndpoint> {
        self.store().endpoints().all().await.unwrap()
    }
}

#[tokio::test]
async fn a_connection_that_begins_to_fail_is_told_once() {
    for dialect in BOTH {
        let world = World::new(dialect).await;
        let note = async |error: Option<&'static str>| {
            let change = world.store().change(Some(world.lane())).await.unwrap();
            let connection = world.connection();
            let noted = change.note_connection_outcome(world.lane(), &connection, error, now());
            let noted = noted.await.unwrap();
            change.commit().await.unwrap();
            noted
        };
        let state = async || {
            let found = world.store().connections().by_id(world.connection_id).await.unwrap();
            let found = found.unwrap();
            (found.state, found.last_error, found.failing_since)
        };
        assert!(!note(None).await, "nothing is new");
        assert!(note(Some("the secret has expired")).await);
        assert!(!note(Some("another error")).await);
        let failing = (
            ConnectionState::Failing,
            Some("the secret has expired".to_owned()),
            Some(now()),
        );
        assert_eq!(state().await, failing);
        let log = world.log().await;
        assert_eq!(log.len(), 1);
        assert_eq!((log[0].kind, log[0].subject_id), (EventType::ConnectionFailing, None));
        let body: serde_json::Value = serde_json::from_str(&log[0].body).unwrap();
        assert_eq!(body["data"]["connection"]["id"], serde_json::json!(world.connection_id));
        assert_eq!(body["data"]["connection"]["last_error"], "the secret has expired");

        assert!(note(None).await);
        assert_eq!(state().await, (ConnectionState::Active, None, None));
        assert!(note(Some("again")).await, "what begins again is told again");
        assert_eq!(world.log().await.len(), 2);
        world.db.close().await;
    }
}

#[tokio::test]
async fn a_session_begins_and_ends_with_its_event_or_not_at_all() {
    for dialect in BOTH {
        let world = World::new(dialect).await;
        let person = ResourceId::new();
        let (session, never_redeemed) = (world.begin(person).await, world.begin(person).await);
        assert!(world.redeem(session).await);
        assert!(!world.redeem(session).await, "a code is good once");
        let of_person = SessionFilter::User(world.directory_id, person);

        let taken_back = world.store().change(Some(world.lane())).await.unwrap();
        let ended = taken_back.end_sso_sessions(world.lane(), of_person, SessionEnd::Logout, None, now());
        assert_eq!(ended.await.unwrap().len(), 2);
        drop(taken_back);
        assert_eq!(world.log().await.len(), 1, "what is taken back is not in the log");
        let other = (world.lane() + 1) % LANES;
        assert_eq!(world.end(other, of_person).await, 0, "in another lane nothing is ended");

        assert_eq!(world.end(world.lane(), of_person).await, 2);
        assert_eq!(world.end(world.lane(), of_person).await, 0);
        assert!(!world.redeem(never_redeemed).await, "what has ended cannot be redeemed");
        let log = world.log().await;
        let told: Vec<_> = log.iter().map(|event| (event.kind, event.subject_id)).collect();
        let expected = [EventType::SessionCreated, EventType::SessionEnded].map(|kind| (kind, Some(person)));
        assert_eq!(told, expected, "of a session that no app knows nothing is told");
        let traces: Vec<_> = log.iter().map(|event| event.traceparent.as_deref()).collect();
        assert_eq!(traces, [Some(TRACE), Some(CAUSE)], "each is found from what it came of");
        let body: serde_json::Value = serde_json::from_str(&log[1].body).unwrap();
        let expected = serde_json::json!({
            "session": { "id": session, "connection_id": world.connection_id, "client_id": world.client.id,
                         "user_id": person, "reason": "deactivated" },
            "user": { "id": person },
        });
        assert_eq!(body["data"], expected);
        world.db.close().await;
    }
}

#[tokio::test]
async fn the_sessions_of_a_directory_and_of_an_app_end_together() {
    for dialect in BOTH {
        let world = World::new(dialect).await;
        for of in [
            SessionFilter::Directory(world.directory_id),
            SessionFilter::Connection(world.connection_id),
            SessionFilter::Client(world.client.id),
        ] {
            world.begin(ResourceId::new()).await;
            world.begin(ResourceId::new()).await;
            assert_eq!(world.end(world.lane(), of).await, 2);
        }
        world.db.close().await;
    }
}

#[tokio::test]
async fn the_ways_of_somebody_with_a_thousand_sessions_are_few_and_end_as_a_whole() {
    for dialect in BOTH {
        let world = World::new(dialect).await;
        let (person, other) = (ResourceId::new(), ResourceId::new());
        let sessions = world.store().sso_sessions();
        let people = [person, other, ResourceId::new()];
        assert_eq!(sessions.ways(world.directory_id, &people, now()).await.unwrap(), []);
        for _ in 0..=SESSIONS_AT_ONCE {
            world.begin(person).await;
        }
        world.begin(other).await;
        let mut ways = sessions.ways(world.directory_id, &people, now()).await.unwrap();
        ways.sort_by_key(|way| way.user_id != person);
        let way = |user_id| LiveWay {
            user_id,
            connection_id: world.connection_id,
            channel: LoginChannel::App,
        };
        assert_eq!(ways, [way(person), way(other)]);
        let lost = [LostWay {
            way: way(person),
            reason: SessionEnd::AccessLost,
            cause: Some(CAUSE),
        }];
        assert_eq!(world.end_ways(&lost).await, SESSIONS_AT_ONCE);
        assert_eq!(world.end_ways(&lost).await, 1);
        let ways = sessions.ways(world.directory_id, &people, now()).await.unwrap();
        assert_eq!(ways, [way(other)]);
        world.db.close().await;
    }
}

#[tokio::test]
async fn the_endpoint_of_an_app_comes_and_goes_with_its_address() {
    for dialect in BOTH {
        let world = World::new(dialect).await;
        let [endpoint] = &world.endpoints().await[..] else {
            panic!("the app has one endpoint");
        };
        assert_eq!(
            (endpoint.format, endpoint.sso_client_id, endpoint.url.origin.as_str()),
            (
                EndpointFormat::LogoutToken,
                Some(world.client.id),
                "https://app.example"
            )
        );
        assert_eq!(endpoint.event_types, Some(vec![EventType::SessionEnded.into()]));
        let id = endpoint.id;
        let version = world.store().endpoints().version().await.unwrap();

        world
            .update(|client| {
                client.backchannel_logout_uri = Some("https://other.example/out".to_owned());
                client.organization_id = Some(world.organization_id);
            })
            .await;
        let changed = world.store().endpoints().by_id(id).await.unwrap().unwrap();
        assert_eq!(changed.url.origin, "https://other.example");
        assert!(changed.belongs_to(world.organization_id));
        assert!(
            world.store().endpoints().version().await.unwrap() > version,
            "a dispatcher hears of it"
        );
        let nothing = world.store().endpoints().seal_urls(None, |_, _, _| Some(vec![1])).await;
        assert_eq!(nothing.unwrap(), None);
        assert!(
            matches!(
                world.store().endpoints().by_id(id).await.unwrap().unwrap().url.kept,
                store::KeptUrl::Plain(_)
            ),
            "an app's address is no secret"
        );

        world.update(|client| client.backchannel_logout_uri = None).await;
        assert!(world.endpoints().await.is_empty());
        world
            .update(|client| client.backchannel_logout_uri = Some("https://app.example/logout".to_owned()))
            .await;
        assert_eq!(world.endpoints().await.len(), 1);
        let change = world.store().change(None).await.unwrap();
        change.delete_sso_client(world.client.id).await.unwrap();
        change.commit().await.unwrap();
        assert!(world.endpoints().await.is_empty());
        world.db.close().await;
    }
}

#[tokio::test]
async fn apps_of_an_earlier_version_with_an_address_on_a_device_run_on_devices() {
    for dialect in BOTH {
        let world = World::new(dialect).await;
        let cases = [
            (&["https://app.example/cb"][..], ApplicationType::Web),
            (&["https://a.example/cb", "https://b.example/cb"], ApplicationType::Web),
            (&["com.example.app:/cb"], ApplicationType::Native),
            (
                &["https://a.example/cb", "http://127.0.0.1/cb"],
                ApplicationType::Native,
            ),
        ];
        for (uris, expected) in cases {
            let uris: Vec<_> = uris.iter().map(|uri| (*uri).to_owned()).collect();
            let web = |client: &mut SsoClient| {
                client.redirect_uris = uris.clone();
                client.application_type = ApplicationType::Web;
            };
            world.update(web).await;
            world.db.execute(&db::backfills::native_apps(dialect)).await;
            let client = world
                .store()
                .sso_clients()
                .by_id(world.client.id)
                .await
                .unwrap()
                .unwrap();
            assert_eq!(client.application_type, expected, "{dialect:?} {uris:?}");
        }
        world.db.close().await;
    }
}

#[tokio::test]
async fn the_streams_of_an_app_follow_its_organization_and_go_with_it() {
    for dialect in BOTH {
        let world = World::new(dialect).await;
        let change = world.store().change(None).await.unwrap();
        for method in [StreamMethod::Push, StreamMethod::Poll] {
            let id = SsfStreamId::new();
            let url = EndpointUrl::sealed("https://app.example/signals", vec![1; 40]);
            let types = vec![EventType::SessionEnded];
            let new = SsfStream::new((id, world.client.id), None, method, url, types, now());
            assert!(change.create_stream(&new, 2).await.unwrap());
        }
        change.commit().await.unwrap();
        let owners = async || {
            let endpoints = world.endpoints().await;
            let streams = endpoints.iter().filter(|one| one.format == EndpointFormat::Signals);
            streams
                .map(|one| one.selection.organization_ids.clone())
                .collect::<Vec<_>>()
        };
        assert_eq!(owners().await, [None, None]);
        assert_eq!(world.endpoints().await.len(), 3, "beside the one for logouts");
        let own = world.organization_id;
        world.update(|client| client.organization_id = Some(own)).await;
        assert_eq!(owners().await, [Some(vec![own]), Some(vec![own])]);
        let change = world.store().change(None).await.unwrap();
        change.delete_sso_client(world.client.id).await.unwrap();
        change.commit().await.unwrap();
        assert!(world.endpoints().await.is_empty());
        assert!(
            world
                .store()
                .ssf_streams()
                .of_client(world.client.id)
                .await
                .unwrap()
                .is_empty()
        );
        world.db.close().await;
    }
}

#[tokio::test]
async fn who_has_logged_in_to_an_app_is_known_until_an_erasure_ends() {
    for dialect in BOTH {
        let world = World::new(dialect).await;
        let (person, other) = (ResourceId::new(), ResourceId::new());
        let session = world.begin(person).await;
        world.begin(other).await;
        assert!(world.redeem(session).await);
        let known = async || {
            let (apps, people) = (HashSet::from([world.client.id]), HashSet::from([person, other]));
            world.store().people_of_apps(&apps, &people).await.unwrap()
        };
        let expected = [AppPerson {
            user_id: person,
            client_id: world.client.id,
            scope: "openid".to_owned(),
        }];
        assert_eq!(known().await, expected, "a code that nobody redeemed is no login");
        // As after a migration of an earlier version, which did not note it.
        world.db.execute("DELETE FROM sso_client_people").await;
        assert!(known().await.is_empty());
        world.db.execute(db::backfills::app_people()).await;
        assert_eq!(known().await, expected);
        let erasure = Erasure {
            directory_id: world.directory_id,
            user_id: person,
        };
        let erasures = world.store().erasures();
        erasures.start(erasure, now()).await.unwrap();
        while !erasures.step(erasure, now()).await.unwrap() {}
        assert_eq!(known().await, expected, "the app may have to be told still");
        let later = now().plus(Duration::from_hours(2));
        while !erasures.step(erasure, later).await.unwrap() {}
        assert!(known().await.is_empty());
        world.db.close().await;
    }
}

/// Logins that come at the same time are written together.
#[tokio::test]
async fn of_many_who_redeem_at_once_each_code_is_redeemed_once_and_a_session_that_cannot_begin_fails_alone() {
    for dialect in BOTH {
        let world = World::new(dialect).await;
        let sessions = world.store().sso_sessions();
        let mut wanted: Vec<_> = (0..100).map(|_| world.new_session(ResourceId::new())).collect();
        // Of an app that was deleted a moment ago.
        wanted[50].client_id = SsoClientId::new();
        let begun = join_all(wanted.iter().map(|new| sessions.begin(new))).await;
        let failed: Vec<_> = begun.iter().enumerate().filter(|(_, begun)| begun.is_err()).collect();
        assert!(matches!(failed[..], [(50, _)]), "{failed:?}");

        // Each code comes twice.
        let lane = world.lane();
        let ids = wanted.iter().chain(&wanted).map(|new| new.id);
        let redeemed = join_all(ids.map(|id| sessions.redeem(lane, id, now()))).await;
        let redeemed: Vec<_> = redeemed.into_iter().filter_map(|found| found.unwrap()).collect();
        let once: HashSet<_> = redeemed.iter().map(|session| session.begun.id).collect();
        assert_eq!((redeemed.len(), once.len()), (99, 99), "{dialect:?}");
        let log = world.log().await;
        let created: HashSet<_> = log.iter().map(|event| (event.kind, event.sequence)).collect();
        let each: HashSet<_> = (1..=99).map(|sequence| (EventType::SessionCreated, sequence)).collect();
        assert_eq!(created, each, "{dialect:?}");
    }
}

#[tokio::test]
async fn people_who_lose_their_ways_together_are_told_apart_by_reason_and_by_cause() {
    for dialect in BOTH {
        let world = World::new(dialect).await;
        let people = [ResourceId::new(), ResourceId::new(), ResourceId::new()];
        for person in people {
            let id = world.begin(person).await;
            assert!(world.redeem(id).await);
        }
        let lost = |user_id, reason, cause| LostWay {
            way: LiveWay {
                user_id,
                connection_id: world.connection_id,
                channel: LoginChannel::App,
            },
            reason,
            cause,
        };
        let lost = [
            lost(people[0], SessionEnd::Deactivated, Some(CAUSE)),
            lost(people[1], SessionEnd::AccessLost, None),
        ];
        assert_eq!(world.end_ways(&lost).await, 2);
        let log = world.log().await;
        let ended = log.iter().filter(|event| event.kind == EventType::SessionEnded);
        let told: HashSet<_> = ended
            .map(|event| {
                let body: serde_json::Value = serde_json::from_str(&event.body).unwrap();
                let reason = body["data"]["session"]["reason"].as_str().unwrap().to_owned();
                (event.subject_id, reason, event.traceparent.clone())
            })
            .collect();
        let expected = [
            (Some(people[0]), "deactivated".to_owned(), Some(CAUSE.to_owned())),
            (Some(people[1]), "access_lost".to_owned(), None),
        ];
        assert_eq!(told, HashSet::from(expected), "{dialect:?}");
        world.db.close().await;
    }
}
