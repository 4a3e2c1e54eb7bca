//! Single sign-on.

use super::*;
use events::{ConnectionId, ResourceId, SsfStreamId, SsoClientId, SsoLoginId, SsoSessionId};
use std::collections::HashSet;
use std::time::Duration;
use store::{
    AdminScope, ApplicationType, ClientAuthentication, Connection, ConnectionCredential, ConnectionFilter,
    ConnectionState, ConnectionTest, ConsoleAccess, LiveWay, LoginChannel, LostWay, NewPortalSession, NewSsoSession,
    RefusedSignal, SealedCredential, SessionEnd, SessionFilter, SessionKind, SessionOpener, SsfStream, SsoClient,
    SsoKey, SsoLogin, StreamMethod, StreamStatus, TestDecision,
};

fn connection(id: ConnectionId) -> Connection {
    Connection {
        id,
        organization_id: super::id(Kind::Organization, 0),
        directory_id: big(),
        name: "Entra".to_owned(),
        state: ConnectionState::Active,
        slug: "large-one".to_owned(),
        authority: "https://login.example/t".to_owned(),
        expected_issuer: None,
        metadata: None,
        metadata_at: None,
        client_id: "c".to_owned(),
        user_name_claim: "upn".to_owned(),
        credential: ConnectionCredential::ClientSecret,
        credential_expires_at: Some(now().plus(Duration::from_secs(60))),
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

fn client(id: SsoClientId) -> SsoClient {
    SsoClient {
        id,
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
    }
}

fn session(connection_id: ConnectionId, client_id: SsoClientId) -> NewSsoSession {
    NewSsoSession {
        id: SsoSessionId::new(),
        connection_id,
        client_id,
        organization_id: super::id(Kind::Organization, 0),
        directory_id: big(),
        user_id: events::ResourceId::new(),
        subject: "t.o".to_owned(),
        channel: LoginChannel::App,
        scope: "openid".to_owned(),
        upstream_sid: None,
        code_hash: [7; 32],
        redirect_uri: "https://app.example/cb".to_owned(),
        code_challenge: None,
        nonce: None,
        code_expires_at: now().plus(Duration::from_secs(60)),
        authenticated_at: None,
        created_at: now(),
        expires_at: now().plus(Duration::from_secs(3_600)),
        traceparent: None,
    }
}

/// Connections and apps, and how they are found.
pub(super) async fn single_sign_on(store: &Store) {
    let (id, app) = (ConnectionId::new(), SsoClientId::new());
    let change = store.change(None).await.unwrap();
    change
        .create_connection(&connection(id), SealedCredential::default())
        .await
        .unwrap();
    change.create_sso_client(&client(app)).await.unwrap();
    let held = change.connection(id).await.unwrap().unwrap();
    change.update_connection(&held, None).await.unwrap();
    let held = change.sso_client(app).await.unwrap().unwrap();
    assert_eq!(held, client(app));
    change.update_sso_client(&held).await.unwrap();
    change.commit().await.unwrap();
    let connections = store.connections();
    assert_eq!(connections.by_id(id).await.unwrap(), Some(connection(id)));
    assert_eq!(connections.by_slug("large-one").await.unwrap().unwrap().id, id);
    assert!(connections.credential(id).await.unwrap().client_secret.is_none());
    let of_large = connections
        .of_organization(super::id(Kind::Organization, 0))
        .await
        .unwrap();
    assert!(of_large.iter().any(|one| one.id == id));
    for filter in [
        ConnectionFilter::default(),
        ConnectionFilter {
            organization_id: Some(super::id(Kind::Organization, 0)),
            ..ConnectionFilter::default()
        },
        ConnectionFilter {
            directory_id: Some(big()),
            ..ConnectionFilter::default()
        },
    ] {
        two_pages!(|page: ListPage| async move { store.connections().list(filter, &page).await });
    }
    let lane = events::lane_of(big(), 1);
    for (error, is_new) in [(Some("no"), true), (Some("no"), false), (None, true)] {
        let change = store.change(Some(lane)).await.unwrap();
        let noted = change
            .note_connection_outcome(lane, &connection(id), error, now())
            .await;
        assert_eq!(noted.unwrap(), is_new);
        change.commit().await.unwrap();
    }
    connections.keep_metadata(id, "{}", now()).await.unwrap();
    connections.keep_assertion_form(id, "rs256").await.unwrap();
    let decision = TestDecision {
        channel: None,
        code: None,
        detail: None,
    };
    let test = ConnectionTest {
        at: now(),
        decisions: vec![decision],
    };
    connections.note_test(id, &test).await.unwrap();
    for organization in [None, Some(super::id(Kind::Organization, 0))] {
        two_pages!(|page: ListPage| async move { store.sso_clients().list(organization, &page).await });
    }
    assert!(store.sso_clients().by_id(app).await.unwrap().is_some());
    logging_in(store, id, app).await;
    entering_the_console(store, id).await;
    let change = store.change(None).await.unwrap();
    change.delete_sso_client(app).await.unwrap();
    change.delete_connection(id).await.unwrap();
    change.commit().await.unwrap();
}

/// A login from its beginning to the end of its session.
async fn logging_in(store: &Store, id: ConnectionId, app: SsoClientId) {
    let login = SsoLogin {
        id: SsoLoginId::new(),
        state_hash: [1; 32],
        browser_hash: [2; 32],
        connection_id: id,
        client_id: Some(app),
        redirect_uri: "https://app.example/cb".to_owned(),
        client_state: "s".to_owned(),
        client_nonce: None,
        scope: "openid".to_owned(),
        code_challenge: None,
        channel: LoginChannel::App,
        max_age: None,
        created_at: now(),
        expires_at: now(),
        traceparent: None,
    };
    let logins = store.sso_logins();
    logins.begin(&login).await.unwrap();
    assert_eq!(logins.by_id(login.id).await.unwrap(), Some(login.clone()));
    assert!(logins.take(login.id).await.unwrap() && !logins.take(login.id).await.unwrap());
    assert!(!logins.prune(now()).await.unwrap());
    let bindings = store.sso_bindings(id);
    assert!(bindings.bind("t.o", user(3), now()).await.unwrap());
    assert!(!bindings.bind("t.o", user(4), now()).await.unwrap());
    assert!(!bindings.bind("t.p", user(3), now()).await.unwrap());
    let bound = bindings.of_subject("t.o").await.unwrap().unwrap();
    assert_eq!(bindings.of_user(user(3)).await.unwrap(), Some(bound.clone()));
    let later = now().plus(Duration::from_secs(120));
    bindings.note_login(&bound, later).await.unwrap();
    let change = store.change(None).await.unwrap();
    assert!(change.unbind_sso(id, user(3)).await.unwrap());
    drop(change);
    let change = store.change(None).await.unwrap();
    assert!(change.unbind_sso(id, user(3)).await.unwrap());
    drop(change);
    assert!(bindings.unbind(user(3)).await.unwrap());
    store.forget_sso_bindings(big(), user(3)).await.unwrap();
    let sessions = store.sso_sessions();
    let begun = session(id, app);
    sessions.begin(&begun).await.unwrap();
    let redeemed = sessions.redeem(0, begun.id, now()).await.unwrap();
    assert_eq!(redeemed.unwrap().redeemed_at, Some(now()));
    let again = sessions.redeem(0, begun.id, now()).await.unwrap();
    assert!(again.is_none(), "a code is good once");
    assert!(sessions.refresh(begun.id, 0, now()).await.unwrap());
    assert!(!sessions.refresh(begun.id, 0, now()).await.unwrap());
    assert!(sessions.by_id(begun.id).await.unwrap().unwrap().is_live(now()));
    let placed = sessions.placed(begun.id).await.unwrap().unwrap();
    assert_eq!((placed.connection.id, placed.directory.id), (id, big()));
    two_pages!(|page: ListPage| async move { store.sso_sessions().list(id, &page).await });
    let way = LiveWay {
        user_id: begun.user_id,
        connection_id: id,
        channel: begun.channel,
    };
    let people = [begun.user_id, events::ResourceId::new()];
    assert_eq!(sessions.ways(big(), &people, now()).await.unwrap(), [way]);
    let page = sessions.people(big(), None, now()).await.unwrap();
    let next = sessions.people(big(), page.last().copied(), now()).await.unwrap();
    assert!(next.iter().all(|user| page.iter().all(|before| before < user)));
    streams(store, app, begun.user_id).await;
    for of in [
        SessionFilter::Id(begun.id),
        SessionFilter::User(big(), begun.user_id),
        SessionFilter::Connection(id),
        SessionFilter::Client(app),
    ] {
        let change = store.change(Some(0)).await.unwrap();
        let ended = change
            .end_sso_sessions(0, of, SessionEnd::Deactivated, None, now())
            .await
            .unwrap();
        assert!(matches!(&ended[..], [one] if one.id == begun.id && one.was_redeemed));
        // Taken back, so that the next one finds it.
        drop(change);
    }
    let lost = LostWay {
        way,
        reason: SessionEnd::Deactivated,
        cause: None,
    };
    let change = store.change(Some(0)).await.unwrap();
    let ended = change.end_sso_ways(0, big(), &[lost], now()).await.unwrap();
    assert!(matches!(&ended[..], [one] if one.id == begun.id));
    drop(change);
    assert!(sessions.any_live(now()).await.unwrap());
    assert!(!sessions.prune(now()).await.unwrap());
    let key = SsoKey {
        id: uuid::Uuid::now_v7(),
        sealed_key: vec![7; 32],
        created_at: now(),
        signs_from: now(),
        published_until: None,
    };
    store.sso_keys().add(&key, now()).await.unwrap();
    assert!(store.sso_keys().published(now()).await.unwrap().contains(&key));
    let reader = store.log_reader("plans");
    assert_eq!(reader.position().await.unwrap(), None);
    reader.note(None, now()).await.unwrap();
    assert_eq!(reader.position().await.unwrap(), Some(None));
}

/// A stream from its beginning to its end.
async fn streams(store: &Store, app: SsoClientId, person: ResourceId) {
    let id = SsfStreamId::new();
    let url = || EndpointUrl::sealed("https://app.example/signals", vec![7; 40]);
    let mut new = SsfStream::new(
        (id, app),
        None,
        StreamMethod::Poll,
        url(),
        vec![EventType::SessionEnded],
        now(),
    );
    new.events_requested = vec!["a".to_owned(), "b".to_owned()];
    new.tell(&["a"]);
    let change = store.change(None).await.unwrap();
    assert!(change.sso_client(app).await.unwrap().is_some());
    assert!(change.create_stream(&new, 1).await.unwrap());
    assert!(!change.create_stream(&new, 1).await.unwrap(), "that is one too many");
    assert!(change.verify_stream(id, Duration::from_secs(60), now()).await.unwrap());
    assert!(!change.verify_stream(id, Duration::from_secs(60), now()).await.unwrap());
    let held = change.stream(app, id).await.unwrap().unwrap();
    assert_eq!(held.endpoint.signals, Some(vec!["a".to_owned()]));
    let mut told = Vec::new();
    for _ in 0..3 {
        told.push(
            change
                .tell_stream(&held, "stream.verification", "{}", now())
                .await
                .unwrap(),
        );
    }
    change.commit().await.unwrap();

    let streams = store.ssf_streams();
    let found = streams.by_id(app, id).await.unwrap().unwrap();
    assert!(streams.by_id(SsoClientId::new(), id).await.unwrap().is_none());
    assert_eq!(streams.of_client(app).await.unwrap().len(), 1);
    assert_eq!(streams.overfull(None, 2).await.unwrap().0, [(app, id)]);
    assert!(streams.overfull(None, 3).await.unwrap().0.is_empty());
    let waiting = streams.waiting(&found, 2, 1_000).await.unwrap();
    assert!(waiting.more && waiting.signals.iter().map(|one| one.id).eq(told[..2].iter().copied()));
    assert_eq!(
        streams.waiting(&found, 9, 3).await.unwrap().signals.len(),
        1,
        "bytes are bounded, too"
    );
    assert_eq!(streams.acknowledge(&found, &told[..1], now()).await.unwrap(), 1);
    assert_eq!(streams.acknowledge(&found, &told[..1], now()).await.unwrap(), 0);
    let refused = RefusedSignal {
        id: told[1],
        reason: "no".to_owned(),
    };
    assert_eq!(streams.refuse(&found, &[refused], now()).await.unwrap(), 1);
    assert!(streams.remove_subject(&found, person, 1, now()).await.unwrap());
    assert!(!streams.remove_subject(&found, user(4), 1, now()).await.unwrap());
    let (apps, people) = (HashSet::from([app]), HashSet::from([person, user(4)]));
    let known = store.people_of_apps(&apps, &people).await.unwrap();
    assert!(matches!(&known[..], [one] if one.user_id == person && one.scope == "openid"));
    let removed = store.removed_from_streams(&HashSet::from([id]), &people).await.unwrap();
    assert_eq!(removed, HashSet::from([(id, person)]));
    streams.add_subject(&found, person).await.unwrap();

    let change = store.change(None).await.unwrap();
    let before = change.stream(app, id).await.unwrap().unwrap();
    let mut changed = before.clone();
    (changed.status, changed.announcement_id) = (StreamStatus::Disabled, Some(told[2]));
    changed.tell(&["a"]);
    assert_eq!(changed.endpoint.signals, Some(Vec::new()));
    assert!(streams.announcement(&changed).await.unwrap().is_some());
    change.save_stream(&before, &changed, false).await.unwrap();
    let (before, mut changed) = (changed.clone(), changed);
    (changed.status, changed.method) = (StreamStatus::Enabled, StreamMethod::Push);
    changed.endpoint = change.stream(app, id).await.unwrap().unwrap().endpoint;
    change.save_stream(&before, &changed, true).await.unwrap();
    change.commit().await.unwrap();
    let found = streams.by_id(app, id).await.unwrap().unwrap();
    assert_eq!(found.standing(), (StreamStatus::Enabled, None));
    assert!(
        streams.waiting(&found, 9, 1_000).await.unwrap().signals.is_empty(),
        "nothing is left of what waited"
    );
    let change = store.change(None).await.unwrap();
    change.delete_stream(id).await.unwrap();
    change.commit().await.unwrap();
}

/// The console is opened to people of a connection, somebody comes in, and it is closed again.
async fn entering_the_console(store: &Store, id: ConnectionId) {
    let uri = "https://rollcall.example/console/sign-on/callback";
    for _ in 0..2 {
        let console = store.sso_clients().console(uri, now()).await.unwrap();
        assert_eq!(console, store::console_client());
    }
    let access = ConsoleAccess {
        connection_id: id,
        roles: vec!["EnterpriseAdmin".to_owned()],
        user_ids: vec![user(3)],
        scopes: vec![AdminScope::Read],
        covers_all: false,
        created_at: now(),
        updated_at: now(),
    };
    let change = store.change(None).await.unwrap();
    change.set_console_access(&access).await.unwrap();
    assert_eq!(change.console_access(id).await.unwrap(), Some(access.clone()));
    change.commit().await.unwrap();
    let opened = store.console_access();
    assert_eq!(opened.of(id).await.unwrap(), Some(access));
    assert!(opened.among(&[id]).await.unwrap().contains(&id) && opened.is_there_any().await.unwrap());
    let begun = session(id, store::console_client());
    store.sso_sessions().begin(&begun).await.unwrap();
    let inside = NewPortalSession {
        id: events::PortalSessionId::new(),
        kind: SessionKind::Console,
        token_hash: [7; 32],
        opener: SessionOpener::Person(begun.id),
        created_at: now(),
        expires_at: now().plus(Duration::from_secs(60)),
    };
    store.portal_sessions().open(&inside).await.unwrap();
    let found = store.portal_sessions().by_id(inside.id).await.unwrap().unwrap();
    assert_eq!(found.opener, SessionOpener::Person(begun.id));
    let change = store.change(None).await.unwrap();
    change.delete_console_access(id).await.unwrap();
    change.commit().await.unwrap();
    assert_eq!(opened.of(id).await.unwrap(), None);
}
